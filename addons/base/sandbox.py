"""An OpenID provider on loopback, faithful to Google's: for tests and for trying things out.

It has discovery, authorization by code with PKCE, single-use codes, a token endpoint that checks
client, redirect and verifier, and a JWKS whose keys rotate. It can also misbehave in each way that
a client must refuse (``Fault``). Whoever is set as ``person`` has signed in there already.
Source: OpenID Connect Core 1.0, 3.1; RFC 6749, 4.1 and 5.2; RFC 7636; RFC 9207.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from addons.base.client import SUFFIX, challenge_of

Fault = Literal[
    "",
    "down",
    "garbage",
    "no_id_token",
    "refuses_client",
    "other_issuer",
    "foreign_discovery",
    "wrong_issuer",
    "wrong_audience",
    "two_audiences",
    "wrong_party",
    "wrong_nonce",
    "no_nonce",
    "no_sub",
    "empty_sub",
    "no_exp",
    "expired",
    "issued_long_ago",
    "issued_tomorrow",
    "text_times",
    "algorithm_none",
    "hs256_public_key",
    "rs512",
    "foreign_key",
    "unknown_kid",
    "no_kid",
    "embedded_key",
    "critical_header",
    "altered",
    "encryption_key",
]
"""What the provider does wrong."""

Algorithm = Literal["RS256", "ES256"]
CODE_SECONDS = 60
TOKEN_SECONDS = 3600


@dataclass
class Key:
    """A key that signs."""

    algorithm: Algorithm
    kid: str = field(default_factory=lambda: secrets.token_hex(8))
    private: Any = None

    def __post_init__(self) -> None:
        if self.private is None and self.algorithm == "ES256":
            self.private = ec.generate_private_key(ec.SECP256R1())
        elif self.private is None:
            self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def public(self) -> dict[str, Any]:
        """Return the public half, as a JWKS lists it."""
        algorithm = ECAlgorithm if self.algorithm == "ES256" else RSAAlgorithm
        document = json.loads(algorithm.to_jwk(self.private.public_key()))
        return {**document, "kid": self.kid, "alg": self.algorithm, "use": "sig"}


@dataclass(frozen=True)
class Grant:
    """A code that was given out, and what it is bound to."""

    redirect_uri: str
    nonce: str
    challenge: str
    claims: Mapping[str, Any]
    expires: float


class OpenIdSandbox:
    """The provider; ``with sandbox.serving():`` makes it answer."""

    def __init__(
        self,
        *,
        redirect_uris: tuple[str, ...],
        algorithm: Algorithm = "RS256",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.client_id = "andes.apps.example"
        self.client_secret = secrets.token_urlsafe(24)
        self.redirect_uris = redirect_uris
        self.clock = clock
        self.person: dict[str, Any] = {}
        self.fault: Fault = ""
        self.keys = [Key(algorithm)]
        self.asked: list[str] = []
        self._grants: dict[str, Grant] = {}
        self._lock = threading.Lock()
        self._server = _Server(self)
        self.place = f"127.0.0.1:{self._server.server_port}"
        self.issuer = f"http://{self.place}"
        self.discovery_url = self.issuer + SUFFIX

    @contextmanager
    def serving(self) -> Iterator[OpenIdSandbox]:
        """Answer for the length of the block."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def rotate(self) -> None:
        """Sign with a new key from now on; the old one is listed no more."""
        self.keys = [Key(self.keys[0].algorithm)]

    # The endpoints: each returns status, headers and a document ---------------------------------

    def discovery(self) -> dict[str, Any]:
        """Return where everything is."""
        issuer = "http://otro.example" if self.fault == "foreign_discovery" else self.issuer
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.keys[0].algorithm],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def jwks(self) -> dict[str, Any]:
        """Return the keys that count."""
        listed = [key.public() for key in self.keys]
        if self.fault == "encryption_key":
            listed = [{**one, "use": "enc"} for one in listed]
        return {"keys": listed}

    def authorize(self, query: Mapping[str, str]) -> str:
        """Return where the browser is sent back to.

        Raises:
            LookupError: client or redirect are not known; nobody is sent anywhere.
        """
        redirect = query.get("redirect_uri", "")
        if query.get("client_id") != self.client_id or redirect not in self.redirect_uris:
            raise LookupError
        answer = {"state": query.get("state", ""), "iss": self.issuer}
        wanted = (query.get("response_type"), query.get("code_challenge_method"))
        if wanted != ("code", "S256") or "openid" not in query.get("scope", "").split():
            return f"{redirect}?{urlencode({**answer, 'error': 'invalid_request'})}"
        if not self.person:
            return f"{redirect}?{urlencode({**answer, 'error': 'access_denied'})}"
        code = secrets.token_urlsafe(24)
        grant = Grant(
            redirect,
            query.get("nonce", ""),
            query.get("code_challenge", ""),
            dict(self.person),
            self.clock() + CODE_SECONDS,
        )
        self._grants[code] = grant
        if self.fault == "other_issuer":
            answer["iss"] = "https://otro.example"
        return f"{redirect}?{urlencode({**answer, 'code': code, 'scope': 'openid email'})}"

    def token(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Return the tokens of a code, which is good once."""
        client = (form.get("client_id"), form.get("client_secret"))
        if client != (self.client_id, self.client_secret) or self.fault == "refuses_client":
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") != "authorization_code":
            return 400, {"error": "unsupported_grant_type"}
        with self._lock:
            grant = self._grants.pop(form.get("code", ""), None)
        if grant is None or grant.expires < self.clock():
            return 400, {"error": "invalid_grant"}
        proof = challenge_of(form.get("code_verifier", ""))
        if (form.get("redirect_uri"), proof) != (grant.redirect_uri, grant.challenge):
            return 400, {"error": "invalid_grant"}
        tokens = {"access_token": secrets.token_urlsafe(24), "token_type": "Bearer"}
        if self.fault == "no_id_token":
            return 200, tokens
        return 200, {**tokens, "expires_in": TOKEN_SECONDS, "id_token": self._id_token(grant)}

    # What it signs ------------------------------------------------------------------------------

    def _id_token(self, grant: Grant) -> str:
        now = int(self.clock())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "azp": self.client_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "nonce": grant.nonce,
            **grant.claims,
        }
        return self._signed(self._spoilt(claims, now))

    def _spoilt(self, claims: dict[str, Any], now: int) -> dict[str, Any]:
        changes: Mapping[str, Mapping[str, Any]] = {
            "wrong_issuer": {"iss": "https://otro.example"},
            "wrong_audience": {"aud": "otra.apps.example"},
            "two_audiences": {"aud": [self.client_id, "otra.apps.example"], "azp": None},
            "wrong_party": {"azp": "otra.apps.example"},
            "wrong_nonce": {"nonce": "otro"},
            "no_nonce": {"nonce": None},
            "no_sub": {"sub": None},
            "empty_sub": {"sub": ""},
            "no_exp": {"exp": None},
            "expired": {"exp": now - 1},
            "issued_long_ago": {"iat": now - 3600},
            "issued_tomorrow": {"iat": now + 86400},
            "text_times": {"iat": str(now), "exp": str(now + TOKEN_SECONDS)},
        }
        spoilt = {**claims, **changes.get(self.fault, {})}
        return {name: value for name, value in spoilt.items() if value is not None}

    def _signed(self, claims: dict[str, Any]) -> str:
        key = self.keys[0]
        headers: dict[str, Any] = {"kid": key.kid}
        sign: Any = key.private
        algorithm: str = key.algorithm
        if self.fault == "algorithm_none":
            return f"{_part({'alg': 'none', 'typ': 'JWT', 'kid': key.kid})}.{_part(claims)}."
        if self.fault == "hs256_public_key":
            return self._signed_with_the_public_key(claims)
        if self.fault == "rs512":
            sign, algorithm = Key("RS256").private, "RS512"
        elif self.fault in ("foreign_key", "embedded_key"):
            foreign = Key(key.algorithm, kid=key.kid)
            sign = foreign.private
            headers |= {"jwk": foreign.public()} if self.fault == "embedded_key" else {}
        elif self.fault == "unknown_kid":
            headers["kid"] = "nadie"
        elif self.fault == "no_kid":
            headers = {}
        elif self.fault == "critical_header":
            headers |= {"crit": ["exp"], "exp": claims["exp"]}
        token = jwt.encode(claims, sign, algorithm, headers=headers)
        return token.replace(".", ".A", 1) if self.fault == "altered" else token

    def _signed_with_the_public_key(self, claims: dict[str, Any]) -> str:
        """Return a token whose secret is what everybody knows: the attack on mixed algorithms."""
        public = self.keys[0].private.public_key()
        secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        header = _part({"alg": "HS256", "typ": "JWT", "kid": self.keys[0].kid})
        signed = f"{header}.{_part(claims)}"
        return f"{signed}.{_base64(hmac.digest(secret, signed.encode(), 'sha256'))}"


def _part(document: Mapping[str, Any]) -> str:
    return _base64(json.dumps(document).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


class _Server(ThreadingHTTPServer):
    """The server of one provider."""

    daemon_threads = True

    def __init__(self, provider: OpenIdSandbox) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.provider = provider


class _Handler(BaseHTTPRequestHandler):
    """One request to a provider."""

    server: _Server

    def do_GET(self) -> None:
        """Answer discovery, keys and the browser."""
        provider = self.server.provider
        url = urlsplit(self.path)
        provider.asked.append(url.path)
        if provider.fault in ("down", "garbage"):
            self._broken()
        elif url.path == SUFFIX:
            self._send(200, provider.discovery())
        elif url.path == "/jwks":
            self._send(200, provider.jwks())
        elif url.path == "/authorize":
            self._authorize(dict(parse_qsl(url.query)))
        else:
            self._send(404, {"error": "not_found"})

    def do_POST(self) -> None:
        """Answer the token endpoint."""
        provider = self.server.provider
        provider.asked.append(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if provider.fault in ("down", "garbage"):
            self._broken()
        elif self.path == "/token":
            self._send(*provider.token(dict(parse_qsl(body.decode()))))
        else:
            self._send(404, {"error": "not_found"})

    def _authorize(self, query: dict[str, str]) -> None:
        try:
            location = self.server.provider.authorize(query)
        except LookupError:
            self._send(400, {"error": "invalid_request"})
            return
        self.send_response(302)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _broken(self) -> None:
        if self.server.provider.fault == "down":
            self._send(503, {"error": "temporarily_unavailable"})
            return
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"<html>")

    def _send(self, status: int, document: Mapping[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: a query holds codes."""
