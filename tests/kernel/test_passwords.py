"""Passwords: storing, checking, equal time, policy."""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
import unicodedata
from collections.abc import Callable

import pytest

from kernel import passwords
from kernel.errors import Unavailable, ValidationFailed
from kernel.passwords import (
    check_policy,
    hash_password,
    needs_rehash,
    verify_dummy,
    verify_password,
)

CHEAP = 4
GOOD = "trombón-lápiz-nube"
STORED = hash_password(GOOD, cost=CHEAP)


def test_hash_password_carries_scheme_and_cost() -> None:
    assert STORED.startswith("bcrypt-sha384$$2b$04$")
    assert GOOD not in STORED


def test_hash_password_default_cost_is_twelve() -> None:
    assert hash_password(GOOD).startswith("bcrypt-sha384$$2b$12$")


def test_hash_password_twice_differs() -> None:
    assert hash_password(GOOD, cost=CHEAP) != STORED


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "",
        "a" * 100,
        "a" * 256,
        "antes\0después",
        "🦙" * 64,
        "ñ\ud800",
    ],
)
def test_verify_password_right_one_is_true(text: str) -> None:
    assert verify_password(text, hash_password(text, cost=CHEAP), cost=CHEAP)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (GOOD, GOOD + " "),
        (GOOD, GOOD.upper()),
        (GOOD, ""),
        ("a" * 100, "a" * 99),
        ("a" * 100, "a" * 72),
        ("antes\0después", "antes"),
        ("antes\0después", "antes\0despues"),
        ("a" * 256, "a" * 257),
    ],
)
def test_verify_password_wrong_one_is_false(right: str, wrong: str) -> None:
    assert not verify_password(wrong, hash_password(right, cost=CHEAP), cost=CHEAP)


def test_verify_password_other_unicode_form_is_true() -> None:
    typed = unicodedata.normalize("NFD", GOOD)
    assert typed != GOOD
    assert verify_password(typed, STORED, cost=CHEAP)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "!",
        GOOD,
        STORED + "x",
        STORED[:-1],
        STORED.replace("$04$", "$99$"),
        "bcrypt-sha384$$2b$04$" + "z" * 53,
        STORED.removeprefix("bcrypt-sha384$"),
        "argon2id$" + STORED,
    ],
    ids=range(9),  # the stored form has a random salt, and workers compare names
)
def test_verify_password_stored_form_not_ours_is_false(stored: str) -> None:
    assert not verify_password(GOOD, stored, cost=CHEAP)
    assert needs_rehash(stored, cost=CHEAP)


def test_needs_rehash_tells_another_cost() -> None:
    assert not needs_rehash(STORED, cost=CHEAP)
    assert needs_rehash(STORED, cost=CHEAP + 1)


def test_hash_password_too_long_names_the_field() -> None:
    with pytest.raises(ValidationFailed) as refusal:
        hash_password("a" * 257, cost=CHEAP)
    assert refusal.value.errors[0].field == "password"


def test_verify_dummy_takes_the_time_of_a_wrong_password() -> None:
    stored = hash_password(GOOD, cost=9)
    known, unknown = [], []
    for _ in range(7):
        known.append(_seconds(lambda: verify_password("otra cosa", stored, cost=9)))
        unknown.append(_seconds(lambda: verify_dummy("otra cosa", cost=9)))
    ratio = statistics.median(unknown) / statistics.median(known)
    assert 0.5 < ratio < 2


def test_verify_password_beyond_two_at_once_waits_then_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "_PATIENCE", 0.01)
    with passwords._hashing, passwords._hashing, pytest.raises(Unavailable) as refusal:
        verify_password(GOOD, STORED, cost=CHEAP)
    assert refusal.value.retry_after
    assert verify_password(GOOD, STORED, cost=CHEAP)


def test_verify_password_from_many_threads_answers_all() -> None:
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda: answers.append(verify_password(GOOD, STORED, cost=CHEAP)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 8


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "correct horse battery",
        "perro azul empresa",
        "Zk7!pQ2#mX9v",
        "Kiwicha.Tarwi.9",
        "mi amor por lima",
        "unicornio real de papel",
        "martina come chirimoyas",
        "x1Qa9zW3e!b7",
        "密码很难猜对不对呢真的吗",
        "la llama que baila en Puno " * 9,
    ],
)
def test_check_policy_good_password_is_accepted(text: str) -> None:
    check_policy(text, personal=["rosa.quispe@demo.pe", "Rosa Quispe"])


@pytest.mark.parametrize(
    "text",
    [
        "jamesbond007",
        "peanutbutter",
        "playstation3",
        "justinbieber",
        "Ghbdtnghbdtn",
        "minecraft123",
    ],
)
def test_check_policy_leaked_password_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        check_policy(text)
    assert refusal.value.code == "clave_comun"


def test_check_policy_of_every_length_takes_no_time_to_speak_of() -> None:
    started = time.process_time()
    for text in ("ab1" * 85, "aB3$" * 64, "perro azul " * 23):
        with contextlib.suppress(ValidationFailed):
            check_policy(text)
    longest = time.process_time() - started
    assert longest < 100 * _seconds(lambda: verify_dummy("x", cost=9))


@pytest.mark.parametrize(
    "text",
    [
        "123456789012",
        "987654321098",
        "abcabcabcabc",
        "aaaaaaaaaaaa",
        "perroperroperro",
        "qwertyuiop12",
        "lkjhgfdsa987",
        "Password1234",
        "P@ssw0rd12345",
        "contraseña123",
        "CONTRASEÑA2024!",
        "Bienvenido2024",
        "Administrador1",
        "Empresa2024!!",
        "98413562073415",
        "rosa.quispe1990",
        "QUISPE-rosa-77",
        "1qaz2wsx3edc",
        "zaq12wsxcde3",
        "1q2w3e4r5t6y",
        "q1w2e3r4t5y6",
        "1a2b3c4d5e6f",
        "!QAZ2wsx#EDC",
        "qazwsxedcrfv",
        "alejandro1234",
        "CristianoRonaldo7",
        "Barcelona.2025",
        "universitario",
        "tequieromucho",
        "iloveyouforever",
        "L3tMe1nL3tMe1n",
        "trustno1trustno1",
        "correcthorsebatterystaple",
        "............",
        "            ",
    ],
)
def test_check_policy_guessable_password_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        check_policy(text, personal=["rosa.quispe@demo.pe", "Rosa Quispe"], field="clave")
    assert refusal.value.code == "clave_comun"
    assert refusal.value.errors[0].field == "clave"


@pytest.mark.parametrize("text", ["", "corta", "Zk7!pQ2#mX9", "x7Q" * 90])
def test_check_policy_bad_length_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        check_policy(text)
    assert refusal.value.code == "clave_longitud"


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start
