"""Redaction: no secret in a log line, whoever writes it and however it got in."""

from __future__ import annotations

import base64
import io
import json
import logging as stdlib
import time
from collections.abc import Iterator

import bcrypt
import jwt
import pytest
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from kernel import logging, redaction
from kernel.redaction import clean
from tests import logscan

TOKEN = jwt.encode({"sub": "7", "jti": "abc"}, "k" * 40, algorithm="HS256")
HASH = bcrypt.hashpw(b"una clave", bcrypt.gensalt(4)).decode()
KEY = "sk_" + "Ab9-_" * 9
PEM = (
    ed25519.Ed25519PrivateKey.generate()
    .private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    .decode()
)
BODY = PEM.splitlines()[1]
BASIC = base64.b64encode(b"admin:hunter2hunter2").decode()
OTP = "otpauth://totp/Andes:ana@tienda.pe?secret=JBSWY3DPEHPK3PXP&issuer=Andes"

CASES = {
    "token": (f"refused {TOKEN} of 10.0.0.1", TOKEN),
    "token in a header": (f"Authorization: Bearer {TOKEN}", TOKEN),
    "token cut off": (f"x={TOKEN.rpartition('.')[0]}", TOKEN.split(".")[1]),
    "API key": (f"key {KEY} unknown", KEY[3:]),
    "opaque bearer": ("bearer abcdef0123456789", "abcdef0123456789"),
    "basic": (f"{{'authorization': 'Basic {BASIC}'}}", BASIC),
    "raw header pair": (f"[(b'authorization', b'Basic {BASIC}')]", BASIC),
    "authorization of another kind": ("authorization: Digest aBc123xyz", "aBc123xyz"),
    "cookie": ("Cookie: theme=dark; __Host-sid=s3cr3ts3cr3ts3cr3t; a=b", "s3cr3ts3cr3ts3cr3t"),
    "set-cookie": ("set-cookie: sid=abcdef0123; HttpOnly", "abcdef0123"),
    "cookie pair": ("(b'cookie', b'sid=abcdef0123')", "abcdef0123"),
    "session cookie alone": ("__Host-sid=abcdef0123456789; Path=/", "abcdef0123456789"),
    "PEM": (f"cannot load {PEM} here", BODY),
    "PEM in JSON": (json.dumps({"error": PEM}), BODY),
    "PEM cut off": (PEM[:80], BODY[:20]),
    "hash": (f"row {HASH} is odd", HASH[7:]),
    "second factor": (f"uri {OTP} made", "JBSWY3DPEHPK3PXP"),
    "address with a password": ("cannot reach postgresql://andes:Qw3rty%21zz@db/andes", "Qw3rty"),
    "named in a query": ("POST /x?password=hunter2hunter2&a=1", "hunter2hunter2"),
    "named in a dictionary": ("{'new_password': 'hunter2 y más'}", "hunter2"),
    "named in JSON": ('{"refresh_token": "abcdefghijkl"}', "abcdefghijkl"),
    "named in JSON inside JSON": (json.dumps('{"client_secret": "abcdefghijkl"}'), "abcdefghijkl"),
    "named in Spanish": ("contraseña='hunter2hunter2'", "hunter2"),
    "named in SQL parameters": ("[parameters: {'api_key': 'abcdefghijkl'}]", "abcdefghijkl"),
}

INNOCENT = [
    "",
    '{"event": "request", "path": "/api/ventas/", "status": 200}',
    '{"event": "token_invalid", "reason": "expired"}',
    '{"tokens": 5, "secret_count": null, "api": "x"}',
    "the basic idea of a bearer is simple",
    "task_runner disk_usage sk_ eyJ $2 -----BEGIN",
    "https://tienda.pe/a:b ana@tienda.pe",
    "El token no es válido o ya venció.",
]


@pytest.mark.parametrize("name", CASES)
def test_clean_secret_of_each_shape_is_cut_out(name: str) -> None:
    text, secret = CASES[name]
    assert secret in text
    assert secret not in clean(text)
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize("text", INNOCENT)
def test_clean_innocent_line_is_left_as_it_is(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize("name", CASES)
def test_clean_line_of_json_stays_json(name: str) -> None:
    text, secret = CASES[name]
    for line in ({"event": text}, {"event": "x", "inner": {"a": [text, 'y"z\\']}, "n": 5}):
        written = clean(json.dumps(line, ensure_ascii=False))
        assert secret not in written
        assert json.loads(written).keys() == line.keys()


@given(st.text(max_size=300), st.sampled_from(sorted(CASES)), st.text(max_size=40))
def test_clean_of_any_text_around_never_fails_and_stays_json(
    before: str, name: str, after: str
) -> None:
    line = json.dumps({"event": f"{before} {CASES[name][0]} {after}", "n": 1})
    assert json.loads(clean(line))["n"] == 1


@pytest.fixture
def hidden() -> Iterator[None]:
    """Secrets of a process, forgotten afterwards."""
    before = set(redaction._values)
    yield
    redaction._values.clear()
    redaction.hide([])
    redaction.hide(before)


@pytest.mark.usefixtures("hidden")
def test_hide_values_of_the_settings_are_cut_out_wherever_they_stand() -> None:
    redaction.hide(
        [
            "postgresql://andes:s3guridad%2Bya@db/andes",
            "una-llave-larga-de-firmar,otra-llave-mas-vieja",
            "1:QUFBQUFBQUFBQUFBQUFB=,2:QkJCQkJCQkJCQkJCQkJC=",
            "corta",
            "",
        ]
    )
    text = (
        "FATAL: password s3guridad+ya, s3guridad%2Bya; una-llave-larga-de-firmar and "
        "otra-llave-mas-vieja; QUFBQUFBQUFBQUFBQUFB= QkJCQkJCQkJCQkJCQkJC= corta"
    )
    assert clean(text) == f"FATAL: password …, …; … and …; {'… … '}corta"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What goes to a handler like the one of production."""
    target = io.StringIO()
    handler = stdlib.StreamHandler(target)
    handler.setFormatter(logging.formatter("json"))
    loggers = [stdlib.getLogger(name) for name in ("redaction_test", "some.library")]
    for one in loggers:
        one.addHandler(handler)
        one.setLevel("INFO")
        one.propagate = False
    yield target
    for one in loggers:
        one.removeHandler(handler)


def test_line_of_ours_and_of_a_library_is_cleaned_with_its_traceback(written: io.StringIO) -> None:
    log: structlog.stdlib.BoundLogger = logging.get("redaction_test")
    log.info("signed_in", password="hunter2", note=f"with {TOKEN}", nested={"deep": [KEY]})
    try:
        raise RuntimeError(f"cannot parse {PEM} with {HASH}")
    except RuntimeError:
        log.exception("broken")
        stdlib.getLogger("some.library").exception("it failed: %s", OTP)
    stdlib.getLogger("some.library").info("GET https://user:hunter2x@host/ %s", f"Bearer {TOKEN}")
    lines = written.getvalue().splitlines()
    assert len(lines) == 4
    for line in lines:
        json.loads(line)
        for secret in ("hunter2", TOKEN, KEY[3:], BODY, HASH[7:], "JBSWY3DPEHPK3PXP"):
            assert secret not in line
    assert "RuntimeError" in lines[1]
    assert "Traceback" in lines[2]


def test_access_line_shows_no_secret_of_the_path(
    admin: TestClient, capfd: pytest.CaptureFixture[str]
) -> None:
    admin.get(f"/api/nada/{TOKEN}/{KEY}/", headers={"X-Request-Id": "linea-555"})
    (line,) = [one for one in capfd.readouterr().err.splitlines() if "linea-555" in one]
    assert json.loads(line)["path"] == "/api/nada/…/sk_…/"


def test_clean_of_a_common_line_costs_little_beside_writing_it() -> None:
    line = json.dumps({"event": "request", "path": "/api/ventas/", "request_id": "ab" * 8, "ms": 1})

    def best(work: object) -> float:
        times = []
        for _ in range(20):
            started = time.perf_counter()
            for _ in range(200):
                work(line)  # type: ignore[operator]
            times.append(time.perf_counter() - started)
        return min(times)

    assert best(clean) < best(lambda text: json.dumps(json.loads(text)))


SLOW = ["token", "eyJaaaaaaaaa", "-----BEGIN A-----!", "cookie: a", "://a:", "authorization: "]


@pytest.mark.parametrize("piece", SLOW)
def test_clean_of_a_hostile_text_takes_no_longer_than_its_length(piece: str) -> None:
    def once(count: int) -> float:
        text = f"token {piece * count}"
        started = time.perf_counter()
        clean(text)
        return time.perf_counter() - started

    few, many = min(once(500) for _ in range(5)), min(once(8000) for _ in range(2))
    assert many < 200 * few, "16 times the text, and 256 times the work if it were quadratic"


@pytest.mark.parametrize("name", ["token", "API key", "hash", "second factor", "PEM in JSON"])
def test_scan_of_the_run_finds_what_is_not_cleaned(name: str) -> None:
    text, _ = CASES[name]
    assert logscan.leaks(text)
    assert not logscan.leaks(clean(text))


def test_scan_of_the_run_knows_its_own_secrets() -> None:
    for value in logscan.KNOWN.values():
        assert logscan.leaks(f"algo {value} más")
    assert not logscan.leaks("\n".join(INNOCENT))
