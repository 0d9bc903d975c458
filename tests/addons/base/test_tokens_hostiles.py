"""Tokens made to deceive, shown to every door of the real API: all refused, none heard twice.

``tests/kernel/test_tokens.py`` tries many more on the reader itself.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.testclient import TestClient

from kernel import processes
from kernel.runtime import Runtime
from kernel.tokens import TokenSigner
from tests.addons.base.signed_in import bearer, read, tokens_of

REFRESH = "/api/auth/refresh/"
YO = "/api/auth/yo/"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Forge:
    """Makes tokens out of a good one, with our key and without."""

    def __init__(self, signer: TokenSigner, tokens: dict[str, Any]) -> None:
        self.signer = signer
        self.tokens = tokens
        self.good = tokens["access"]
        self.header: dict[str, Any] = jwt.get_unverified_header(self.good)
        self.claims: dict[str, Any] = jwt.decode(self.good, options={"verify_signature": False})
        self.key = signer._keys[self.header["kid"]]

    def signed(self, **claims: Any) -> str:
        """Return a token signed with our key, some claims changed; None takes one away."""
        return self.by_hand(self.header, self.claims | claims)

    def headed(self, **header: Any) -> str:
        """Return a token signed with our key, under another header."""
        return self.by_hand(self.header | header, self.claims)

    def by_hand(self, header: Any, claims: Any, key: bytes | None = None) -> str:
        """Return a token with a correct HS256 signature."""
        if isinstance(claims, dict):
            claims = {name: value for name, value in claims.items() if value is not None}
        body = f"{_encode(header)}.{_encode(claims)}"
        signature = hmac.digest(self.key if key is None else key, body.encode(), "sha256")
        return f"{body}.{_base64(signature)}"


def _encode(value: Any) -> str:
    return _base64(json.dumps(value, separators=(",", ":"), sort_keys=True).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _now(forge: Forge) -> int:
    return int(forge.claims["iat"])


HOSTILE: dict[str, Callable[[Forge], str]] = {
    "nothing": lambda f: "",
    "none": lambda f: jwt.encode(f.claims, "", "none", headers={"kid": f.header["kid"]}),
    "none, our signature": lambda f: f.headed(alg="none"),
    "none, signature cut": lambda f: f.good.rpartition(".")[0] + ".",
    "None in capitals": lambda f: f.headed(alg="NONE"),
    "HS512, our key": lambda f: jwt.encode(
        f.claims, f.key + f.key, "HS512", headers={"kid": f.header["kid"]}
    ),
    "RS256, a key of its own": lambda f: jwt.encode(f.claims, RSA, "RS256"),
    "RS256, our kid": lambda f: jwt.encode(
        f.claims, RSA, "RS256", headers={"kid": f.header["kid"]}
    ),
    "other key": lambda f: f.by_hand(f.header, f.claims, b"k" * 32),
    "empty key": lambda f: f.by_hand(f.header, f.claims, b""),
    "SECRET_KEY itself": lambda f: f.by_hand(f.header, f.claims, b"test-only-" + b"k" * 40),
    "expired": lambda f: f.signed(exp=_now(f) - 1),
    "no exp": lambda f: f.signed(exp=None),
    "exp as text": lambda f: f.signed(exp=str(_now(f) + 900)),
    "exp as list": lambda f: f.signed(exp=[_now(f) + 900]),
    "from the future": lambda f: f.signed(iat=_now(f) + 3600, exp=_now(f) + 7200),
    "not before tomorrow": lambda f: f.signed(nbf=_now(f) + 86400),
    "wrong aud": lambda f: f.signed(aud="otra"),
    "aud list": lambda f: f.signed(aud=["andes", "otra"]),
    "no aud": lambda f: f.signed(aud=None),
    "wrong iss": lambda f: f.signed(iss="otra"),
    "no jti": lambda f: f.signed(jti=None),
    "jti of nobody": lambda f: f.signed(jti="x" * 32),
    "jti as SQL": lambda f: f.signed(jti="' OR 1=1 --"),
    "jti as list": lambda f: f.signed(jti=[f.claims["jti"]]),
    "wrong typ": lambda f: f.signed(typ="link"),
    "no typ": lambda f: f.signed(typ=None),
    "second factor": lambda f: f.signer.issue("second_factor", 1, f.claims["jti"], 60),
    "sub altered": lambda f: ".".join(
        [f.good.split(".")[0], _encode(f.claims | {"sub": "1"}), f.good.split(".")[2]]
    ),
    "sub zero": lambda f: f.signed(sub="0"),
    "kid unknown": lambda f: f.headed(kid="otra"),
    "kid path": lambda f: f.by_hand(f.header | {"kid": "../../../dev/null"}, f.claims, b""),
    "kid SQL": lambda f: f.headed(kid=f"{f.header['kid']}' OR '1'='1"),
    "kid list": lambda f: f.headed(kid=[f.header["kid"]]),
    "kid missing": lambda f: f.by_hand({"alg": "HS256", "typ": "JWT"}, f.claims),
    "jwk": lambda f: f.by_hand(
        f.header | {"jwk": {"kty": "oct", "k": _base64(b"k" * 32)}}, f.claims, b"k" * 32
    ),
    "jku": lambda f: f.headed(jku="https://evil.test/jwks.json"),
    "x5u": lambda f: f.headed(x5u="https://evil.test/cert.pem"),
    "x5c": lambda f: f.headed(x5c=["MIIB"]),
    "crit": lambda f: f.headed(crit=["exp"]),
    "b64 false": lambda f: f.headed(b64=False, crit=["b64"]),
    "zip": lambda f: f.headed(zip="DEF"),
    "header reordered": lambda f: ".".join(
        [_base64(json.dumps(f.header).encode() + b" "), *f.good.split(".")[1:]]
    ),
    "space inside": lambda f: f.good.replace(".", ". ", 1),
    "tab inside": lambda f: f.good.replace(".", ".\t", 1),
    "two tokens": lambda f: f"{f.good} {f.good}",
    "two tokens, comma": lambda f: f"{f.good},{f.good}",
    "quoted": lambda f: f'"{f.good}"',
    "padded": lambda f: f"{f.good}=",
    "line end": lambda f: f"{f.good}\n.x",
    "four parts": lambda f: f"{f.good}.x",
    "five parts": lambda f: f"{f.good}.x.y",
    "huge": lambda f: f.signed(relleno="x" * 20_000),
    "huge claims": lambda f: f"{f.good.partition('.')[0]}.{'A' * 30_000}.x",
    "not ASCII": lambda f: f"{f.good}\xe9",
    "API key of nobody": lambda f: "sk_" + "A" * 48,
    "its digest": lambda f: f.claims["jti"],
}


@pytest.fixture(scope="module")
def api(shared_runtime: Runtime) -> Iterator[TestClient]:
    app = processes.web_app(shared_runtime)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def forge(api: TestClient, shared_runtime: Runtime) -> Forge:
    return Forge(shared_runtime.signer, tokens_of(api))


def test_forged_by_the_same_hand_without_a_lie_is_good(api: TestClient, forge: Forge) -> None:
    assert api.get(YO, headers=bearer(forge.signed())).status_code == 200
    assert api.get(YO, headers=bearer(forge.headed())).status_code == 200


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_hostile_token_is_a_401(
    api: TestClient, forge: Forge, shared_runtime: Runtime, make: Callable[[Forge], str]
) -> None:
    token = make(forge)
    shown = b"Bearer " + token.encode("latin-1")
    for method, path in (("GET", YO), ("DELETE", "/api/auth/sesiones/"), ("GET", "/api/docs")):
        answer = api.request(method, path, headers={b"Authorization": shown})
        assert answer.status_code == 401, (method, path, answer.text[:200])
    as_refresh = api.post(REFRESH, json={"refresh": token})
    longest_or_empty = token == "" or len(token) > 4096
    assert as_refresh.status_code == (400 if longest_or_empty else 401), as_refresh.text
    assert read(shared_runtime, "SELECT DISTINCT activo FROM sesiones") == [(True,)]


def test_refresh_token_as_access_and_access_as_refresh_are_401s(
    api: TestClient, forge: Forge
) -> None:
    assert api.get(YO, headers=bearer(forge.tokens["refresh"])).status_code == 401
    assert api.post(REFRESH, json={"refresh": forge.good}).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "{token}",
        "Token {token}",
        "Basic {token}",
        "Bearer",
        "Bearer,{token}",
        "Bearer\xa0{token}",
        "BearerBearer {token}",
        "Bearer Bearer {token}",
    ],
)
def test_token_under_another_header_is_a_401(api: TestClient, forge: Forge, header: str) -> None:
    shown = header.format(token=forge.good).encode("latin-1")
    assert api.get(YO, headers={b"Authorization": shown}).status_code == 401


def test_token_anywhere_else_is_a_401(api: TestClient, forge: Forge) -> None:
    for headers in (
        {"Cookie": f"__Host-sid={forge.good}"},
        {"Cookie": f"access={forge.good}; token={forge.good}"},
        {"X-Authorization": f"Bearer {forge.good}"},
        {"Sec-WebSocket-Protocol": forge.good},
    ):
        assert api.get(YO, headers=headers).status_code == 401, headers
    assert api.get(f"{YO}?access_token={forge.good}").status_code == 401
