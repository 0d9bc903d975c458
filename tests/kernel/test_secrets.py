"""Sealed values: what opens, what is refused, and rotation."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ConfigurationError
from kernel.secrets import SecretUnreadable, Vault, generate_key, key_version

OLD, NEW = (bytes(range(start, start + 32)) for start in (1, 101))
ROW = b"usuarios:2fa_secret:7"


def one_key() -> Vault:
    return Vault({1: OLD}, 1)


def two_keys() -> Vault:
    return Vault({1: OLD, 2: NEW}, 2)


@given(plain=st.binary(max_size=300), row=st.binary(max_size=60))
def test_open_any_value_gives_it_back(plain: bytes, row: bytes) -> None:
    vault = one_key()
    assert vault.open(vault.seal(plain, row), row) == plain


def test_seal_same_value_twice_differs_and_hides_it() -> None:
    vault = one_key()
    first, second = vault.seal(b"JBSWY3DPEHPK3PXP", ROW), vault.seal(b"JBSWY3DPEHPK3PXP", ROW)
    assert first != second
    assert b"JBSWY3DPEHPK3PXP" not in first + second


def test_open_blob_of_another_row_is_refused() -> None:
    vault = one_key()
    with pytest.raises(SecretUnreadable, match="another row") as refusal:
        vault.open(vault.seal(b"clave", ROW), b"usuarios:2fa_secret:8")
    assert refusal.value.cause == "altered"


def test_open_any_flipped_bit_is_refused() -> None:
    vault = two_keys()
    blob = vault.seal(b"clave", ROW)
    for place in range(len(blob) * 8):
        altered = bytearray(blob)
        altered[place // 8] ^= 1 << place % 8
        with pytest.raises(SecretUnreadable):
            vault.open(bytes(altered), ROW)


def test_open_any_truncated_blob_is_refused() -> None:
    vault = one_key()
    blob = vault.seal(b"clave", ROW)
    for length in range(len(blob)):
        with pytest.raises(SecretUnreadable):
            vault.open(blob[:length], ROW)


def test_open_data_key_of_another_blob_is_refused() -> None:
    vault = one_key()
    first, second = vault.seal(b"una", ROW), vault.seal(b"dos", ROW)
    with pytest.raises(SecretUnreadable):
        vault.open(first[:65] + second[65:], ROW)


def test_open_retired_key_names_its_version() -> None:
    blob = one_key().seal(b"clave", ROW)
    with pytest.raises(SecretUnreadable, match="version 1") as refusal:
        Vault({2: NEW}, 2).open(blob, ROW)
    assert refusal.value.cause == "unknown_key"


def test_open_other_key_of_same_version_is_refused() -> None:
    blob = one_key().seal(b"clave", ROW)
    with pytest.raises(SecretUnreadable) as refusal:
        Vault({1: NEW}, 1).open(blob, ROW)
    assert refusal.value.cause == "altered"


def test_rewrap_then_retired_old_key_still_opens() -> None:
    old = one_key().seal(b"clave", ROW)
    new = two_keys().rewrap(old)
    assert (key_version(old), key_version(new)) == (1, 2)
    assert new[65:] == old[65:]
    assert Vault({2: NEW}, 2).open(new, ROW) == b"clave"


def test_rewrap_current_key_changes_nothing() -> None:
    vault = two_keys()
    blob = vault.seal(b"clave", ROW)
    assert vault.rewrap(blob) == blob


def test_rewrap_retired_key_is_refused() -> None:
    with pytest.raises(SecretUnreadable):
        Vault({2: NEW}, 2).rewrap(one_key().seal(b"clave", ROW))


def test_key_version_plain_text_is_refused() -> None:
    with pytest.raises(SecretUnreadable) as refusal:
        key_version(b"plain text that somebody left in the column")
    assert refusal.value.cause == "not_sealed"


def test_from_settings_pairs_seal_with_the_highest() -> None:
    first, second = generate_key(), generate_key()
    vault = Vault.from_settings(f"2:{second}, 1:{first}")
    assert key_version(vault.seal(b"", ROW)) == 2
    assert sorted(vault.fingerprints()) == [1, 2]


def test_from_settings_bare_key_is_version_1() -> None:
    key = generate_key()
    blob = Vault.from_settings(key).seal(b"clave", ROW)
    assert key_version(blob) == 1
    assert Vault.from_settings(f"1:{key}").open(blob, ROW) == b"clave"


def test_fingerprints_show_no_key() -> None:
    key = generate_key()
    shown = repr(Vault.from_settings(key)) + str(Vault.from_settings(key).fingerprints())
    assert key not in shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "change-me",
        "1:",
        "x:" + base64.b64encode(OLD).decode(),
        "0:" + base64.b64encode(OLD).decode(),
        "4294967296:" + base64.b64encode(OLD).decode(),
        "1:" + base64.b64encode(OLD[:16]).decode(),
        "1:" + base64.b64encode(bytes(32)).decode(),
        "1:" + base64.b64encode(b"change-me" * 4).decode(),
        "1:ñandú",
        ",".join(["1:" + base64.b64encode(key).decode() for key in (OLD, NEW)]),
    ],
)
def test_from_settings_bad_text_names_the_setting_and_not_the_key(text: str) -> None:
    with pytest.raises(ConfigurationError, match="MASTER_KEY") as refusal:
        Vault.from_settings(text)
    assert base64.b64encode(OLD).decode() not in str(refusal.value)


def test_vault_current_without_key_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        Vault({1: OLD}, 2)
