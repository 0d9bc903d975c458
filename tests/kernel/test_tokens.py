"""Tokens: what is issued is read, and the hostile table is refused line by line."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ConfigurationError
from kernel.tokens import Claims, TokenInvalid, TokenSigner

OLD, NEW, STRANGER = os.urandom(32), os.urandom(32), os.urandom(32)
NOW = 1_800_000_000


def signer(now: float = NOW, **changed: Any) -> TokenSigner:
    facts: dict[str, Any] = {"issuer": "andes", "audience": "andes-api"} | changed
    return TokenSigner({"old": OLD, "new": NEW}, "new", clock=lambda: now, **facts)


def good(**changed: Any) -> dict[str, Any]:
    """Return the claims of a good access token, with some changed; None takes one away."""
    claims = {
        "iss": "andes",
        "aud": "andes-api",
        "exp": NOW + 900,
        "iat": NOW,
        "jti": "b7Qe",
        "typ": "access",
        "sub": "7",
    } | changed
    return {name: value for name, value in claims.items() if value is not None}


def signed(
    claims: dict[str, Any], key: bytes = NEW, algorithm: str = "HS256", **header: Any
) -> str:
    return jwt.encode(claims, key, algorithm, headers={"kid": "new"} | header)


def by_hand(header: Any, claims: Any, key: bytes = NEW) -> str:
    """Return a token with a correct HS256 signature over any header and claims at all."""
    body = f"{_encode(header)}.{_encode(claims)}"
    return body + "." + _base64(hmac.digest(key, body.encode(), hashlib.sha256))


def _encode(value: Any) -> str:
    return _base64(json.dumps(value, separators=(",", ":"), sort_keys=True).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _respelt(token: str) -> str:
    """Return the token with the two bits set that its last sign has to spare."""
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + signs[signs.index(token[-1]) + 1]


HEADER = {"alg": "HS256", "kid": "new", "typ": "JWT"}


def test_issue_then_read_gives_the_claims() -> None:
    token = signer().issue("access", 7, "b7Qe", 900, sesion=12)
    assert signer().read(token, "access") == Claims(
        "access", 7, "b7Qe", NOW, NOW + 900, {"sesion": 12}
    )


def test_read_token_made_by_hand_like_ours_is_good() -> None:
    assert signer().read(by_hand(HEADER, good()), "access").subject == 7


def test_read_token_of_older_key_is_good() -> None:
    old = TokenSigner({"old": OLD}, "old", issuer="andes", audience="andes-api", clock=lambda: NOW)
    assert signer().read(old.issue("refresh", 7, "j", 60), "refresh").subject == 7


def test_read_retired_key_is_refused() -> None:
    old = TokenSigner({"old": OLD}, "old", issuer="andes", audience="andes-api", clock=lambda: NOW)
    token = signer().issue("access", 7, "j", 60)
    with pytest.raises(TokenInvalid) as refusal:
        old.read(token, "access")
    assert refusal.value.reason == "unknown_key"


def test_read_good_until_its_last_second_and_not_after() -> None:
    token = signer().issue("access", 7, "j", 900)
    assert signer(NOW + 899.9).read(token, "access")
    with pytest.raises(TokenInvalid) as refusal:
        signer(NOW + 900).read(token, "access")
    assert refusal.value.reason == "expired"


def test_read_of_host_whose_clock_is_a_little_behind_is_good() -> None:
    token = signer().issue("access", 7, "j", 900)
    assert signer(NOW - 3).read(token, "access")


HOSTILE: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "one dot": lambda: ".",
    "two dots": lambda: "..",
    "no signature": lambda: signed(good()).rpartition(".")[0],
    "empty signature": lambda: signed(good()).rpartition(".")[0] + ".",
    "four parts": lambda: signed(good()) + ".x",
    "padded signature": lambda: signed(good()) + "=",
    "same signature in another spelling": lambda: _respelt(signed(good())),
    "line end": lambda: signed(good()) + "\n",
    "not ascii": lambda: signed(good()) + "ñ",
    "lone surrogate": lambda: signed(good()) + "\ud800",
    "leading space": lambda: " " + signed(good()),
    "huge": lambda: signed(good(relleno="x" * 100_000)),
    "huge with a known header": lambda: signed(good()).partition(".")[0] + "." + "A" * 10_000_000,
    "alg none": lambda: jwt.encode(good(), "", "none", headers={"kid": "new"}),
    "alg none, empty signature": lambda: f"{_encode(HEADER | {'alg': 'none'})}.{_encode(good())}.",
    "alg None in capitals": lambda: by_hand(HEADER | {"alg": "NONE"}, good()),
    "alg HS512 with our key": lambda: jwt.encode(
        good(), NEW + NEW, "HS512", headers={"kid": "new"}
    ),
    "alg list": lambda: by_hand(HEADER | {"alg": ["HS256"]}, good()),
    "no alg": lambda: by_hand({"kid": "new", "typ": "JWT"}, good()),
    "other key": lambda: signed(good(), STRANGER),
    "key of another kid": lambda: signed(good(), OLD),
    "empty key": lambda: by_hand(HEADER, good(), b""),
    "no kid": lambda: jwt.encode(good(), NEW, "HS256"),
    "kid unknown": lambda: signed(good(), kid="otra"),
    "kid path": lambda: signed(good(), STRANGER, kid="../../dev/null"),
    "kid SQL": lambda: signed(good(), STRANGER, kid="new' OR '1'='1"),
    "kid null byte": lambda: signed(good(), kid="new\0"),
    "kid number": lambda: by_hand(HEADER | {"kid": 1}, good()),
    "kid list": lambda: by_hand(HEADER | {"kid": ["new"]}, good()),
    "jwk in the header": lambda: signed(
        good(), STRANGER, jwk={"kty": "oct", "k": _base64(STRANGER)}
    ),
    "jku in the header": lambda: signed(good(), STRANGER, jku="https://evil.test/jwks.json"),
    "x5c in the header": lambda: signed(good(), x5c=["MIIB"]),
    "crit unknown": lambda: by_hand(HEADER | {"crit": ["exp"], "exp": 1}, good()),
    "crit empty": lambda: by_hand(HEADER | {"crit": []}, good()),
    "b64 false": lambda: by_hand(HEADER | {"b64": False, "crit": ["b64"]}, good()),
    "b64 false without crit": lambda: by_hand(HEADER | {"b64": False}, good()),
    "zip": lambda: by_hand(HEADER | {"zip": "DEF"}, good()),
    "header in other order": lambda: (
        _base64(b'{"typ":"JWT","alg":"HS256","kid":"new"}')
        + "."
        + ".".join(signed(good()).split(".")[1:])
    ),
    "padded header": lambda: signed(good()).replace(".", "=.", 1),
    "header not an object": lambda: by_hand([], good()),
    "claims not an object": lambda: by_hand(HEADER, [good()]),
    "claims not JSON": lambda: by_hand(HEADER, good())[:-4],
    "deep claims": lambda: by_hand(HEADER, good()).split(".")[0] + "." + _base64(b"[" * 2000) + ".",
    "altered claims": lambda: ".".join(
        [
            signed(good()).split(".")[0],
            _encode(good(sub="1")),
            signed(good()).split(".")[2],
        ]
    ),
    "altered signature": lambda: signed(good())[:-6] + "AAAAAA",
    "no exp": lambda: signed(good(exp=None)),
    "exp null": lambda: by_hand(HEADER, good() | {"exp": None}),
    "exp text": lambda: signed(good(exp=str(NOW + 900))),
    "exp float": lambda: signed(good(exp=NOW + 900.5)),
    "exp infinite": lambda: by_hand(HEADER, good(exp=float("inf"))),
    "exp true": lambda: signed(good(exp=True)),
    "exp list": lambda: signed(good(exp=[NOW + 900])),
    "expired": lambda: signed(good(exp=NOW)),
    "no iat": lambda: signed(good(iat=None)),
    "iat in the future": lambda: signed(good(iat=NOW + 60)),
    "nbf in the future": lambda: signed(good(nbf=NOW + 60)),
    "nbf text": lambda: signed(good(nbf="ayer")),
    "nbf null": lambda: by_hand(HEADER, good() | {"nbf": None}),
    "no iss": lambda: signed(good(iss=None)),
    "wrong iss": lambda: signed(good(iss="otra")),
    "iss list": lambda: by_hand(HEADER, good(iss=["andes"])),
    "no aud": lambda: signed(good(aud=None)),
    "wrong aud": lambda: signed(good(aud="otra")),
    "aud list with ours": lambda: signed(good(aud=["andes-api", "otra"])),
    "no jti": lambda: signed(good(jti=None)),
    "jti empty": lambda: signed(good(jti="")),
    "jti number": lambda: by_hand(HEADER, good(jti=7)),
    "no typ": lambda: signed(good(typ=None)),
    "refresh as access": lambda: signer().issue("refresh", 7, "j", 900),
    "second factor as access": lambda: signer().issue("second_factor", 7, "j", 900),
    "typ list": lambda: signed(good(typ=["access"])),
    "no sub": lambda: signed(good(sub=None)),
    "sub number": lambda: by_hand(HEADER, good(sub=7)),
    "sub empty": lambda: signed(good(sub="")),
    "sub zero": lambda: signed(good(sub="0")),
    "sub negative": lambda: signed(good(sub="-7")),
    "sub name": lambda: signed(good(sub="admin")),
    "sub with sign and spaces": lambda: signed(good(sub=" +7\n")),
    "sub other digits": lambda: signed(good(sub="٧")),
    "sub beyond a bigint": lambda: signed(good(sub="9" * 30)),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_read_hostile_token_is_refused(make: Callable[[], str]) -> None:
    with pytest.raises(TokenInvalid) as refusal:
        signer().read(make(), "access")
    assert (refusal.value.status, refusal.value.code) == (401, "token_invalido")
    assert refusal.value.message == "El token no es válido o ya venció."


@given(text=st.text(max_size=400))
def test_read_any_text_is_refused(text: str) -> None:
    with pytest.raises(TokenInvalid):
        signer().read(text, "access")


@given(tail=st.text(alphabet="ABab01-_=.", max_size=200))
def test_read_any_text_after_our_header_is_refused(tail: str) -> None:
    with pytest.raises(TokenInvalid):
        signer().read(signed(good()).partition(".")[0] + "." + tail, "access")


def test_read_access_as_refresh_is_refused() -> None:
    with pytest.raises(TokenInvalid) as refusal:
        signer().read(signer().issue("access", 7, "j", 900), "refresh")
    assert refusal.value.reason == "kind"


def test_issue_registered_claim_is_refused() -> None:
    with pytest.raises(ValueError, match="exp"):
        signer().issue("access", 7, "j", 900, exp=NOW + 10**9)


@pytest.mark.parametrize("key", [b"", b"short", bytes(range(31))])
def test_signer_short_key_is_refused(key: bytes) -> None:
    with pytest.raises(ConfigurationError, match="SECRET_KEY"):
        TokenSigner({"1": key}, "1", issuer="andes", audience="andes-api")


def test_signer_without_its_current_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="SECRET_KEY"):
        TokenSigner({"1": NEW}, "2", issuer="andes", audience="andes-api")


def test_from_secrets_first_signs_and_the_older_still_verifies() -> None:
    before = TokenSigner.from_secrets(["viejo" * 8], issuer="andes", audience="andes-api")
    after = TokenSigner.from_secrets(
        ["nuevo" * 8, "viejo" * 8], issuer="andes", audience="andes-api"
    )
    assert after.read(before.issue("access", 7, "j", 60), "access").subject == 7
    with pytest.raises(TokenInvalid):
        before.read(after.issue("access", 7, "j", 60), "access")


@pytest.mark.parametrize("secrets", [[], ["corta"], ["larga" * 8, "corta"]])
def test_from_secrets_weak_secret_is_refused(secrets: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="SECRET_KEY"):
        TokenSigner.from_secrets(secrets, issuer="andes", audience="andes-api")
