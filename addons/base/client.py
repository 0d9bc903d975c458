"""Google, or another OpenID provider: where to send a browser, and who came back.

The provider's addresses come from its discovery document; its keys from its JWKS, asked again when
it signs with a new one. An id_token counts if it is signed with RS256 or ES256 by one of those
keys, is of this provider, for this client, fresh, not expired, and answers the nonce of this very
sign-in. What its header says of keys is never looked at. Nothing of the e-mail decides who someone
is: ``sub`` does.
Source: OpenID Connect Core 1.0, 3.1.3.7; Discovery 1.0, 4.3; RFC 7636 (PKCE); RFC 9700.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import jwt
from pydantic import BaseModel, ValidationError

from addons.base.errors import SsoNoDisponible, SsoRechazado
from kernel import logging
from kernel.errors import CredentialsRefused, Permanent, Transient
from kernel.outbound import Limits, Outbound, Reply

log = logging.get(__name__)

LIMITS = Limits(connect=3, read=5, total=8, size=256 * 1024)
KNOWN_SECONDS = 3600.0
REST_SECONDS = 2.0
SKEW_SECONDS = 60
FRESH_SECONDS = 600
LONGEST_TOKEN = 16 * 1024

SUFFIX = "/.well-known/openid-configuration"
GOOGLE = "https://accounts.google.com"
SCOPE = "openid email"
ALGORITHMS = {"RS256": "RSA", "ES256": "EC"}
HEADERS = frozenset({"alg", "kid", "typ"})

_decoder = jwt.PyJWT(
    {
        "require": ["iss", "aud", "exp", "iat", "sub", "nonce"],
        "enforce_minimum_key_length": True,
        # These are checked below: times against the injected clock, aud together with azp.
        "verify_aud": False,
        "verify_iss": False,
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
    }
)


@dataclass(frozen=True, slots=True)
class Registration:
    """How the provider knows us."""

    discovery_url: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back from the provider for one sign-in, and what it must answer."""

    code: str
    verifier: str
    redirect_uri: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who the provider says it is; ``domain`` only where the provider hosts it itself."""

    provider: str
    sub: str
    email: str
    email_verified: bool
    domain: str


class Discovery(BaseModel):
    """What we need of a provider's discovery document."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


@dataclass(frozen=True, slots=True)
class Provider:
    """What the provider says of itself, good until so many seconds of the monotonic clock."""

    until: float
    facts: Discovery
    keys: Mapping[str, jwt.PyJWK]


class OpenIdClient:
    """One provider; used by all threads of a process."""

    def __init__(self, http: Outbound, registration: Registration) -> None:
        self._http = http
        self._registration = registration
        self._known: Provider | None = None
        self._rest_until = 0.0

    def authorization_url(
        self, redirect_uri: str, *, state: str, nonce: str, challenge: str
    ) -> str:
        """Return where to send the browser.

        Raises:
            SsoNoDisponible: the provider doesn't answer.
        """
        query = {
            "response_type": "code",
            "client_id": self._registration.client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._provider().facts.authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def issuer(self) -> str:
        """Return the provider's name of itself."""
        return self._provider().facts.issuer

    def identify(self, answered: Answered, now: float) -> Person:
        """Return who signed in; ``now`` in seconds since 1970.

        Raises:
            SsoRechazado: the code or the token is not good; the reason is in the log only.
            SsoNoDisponible: the provider doesn't answer, or refuses our credentials.
        """
        claims = self._claims(self._token(answered))
        self._check(claims, answered.nonce, now)
        email = claims.get("email")
        domain = claims.get("hd")
        issuer = self.issuer()
        return Person(
            provider="google" if issuer == GOOGLE else issuer,
            sub=claims["sub"],
            email=email.lower() if isinstance(email, str) else "",
            email_verified=claims.get("email_verified") is True,
            domain=domain.lower() if isinstance(domain, str) else "",
        )

    def _token(self, answered: Answered) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": answered.code,
            "redirect_uri": answered.redirect_uri,
            "code_verifier": answered.verifier,
            "client_id": self._registration.client_id,
            "client_secret": self._registration.client_secret,
        }
        with _available():
            reply = self._http.post(self._provider().facts.token_endpoint, form=form, limits=LIMITS)
            if reply.status == 400:
                raise _refused("code")
            answer = reply.require_ok().json()
        token = answer.get("id_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
            raise _refused("no_token")
        return token

    def _claims(self, token: str) -> dict[str, Any]:
        """Return what a token says, its signature verified."""
        try:
            header = jwt.get_unverified_header(token)
            algorithm, kid = header.get("alg"), header.get("kid")
            if algorithm not in ALGORITHMS or not set(header) <= HEADERS:
                raise _refused("algorithm")
            key = self._key(kid)
            if key is None or key.key_type != ALGORITHMS[algorithm]:
                raise _refused("unknown_key")
            return _decoder.decode(token, key, [algorithm])
        except jwt.PyJWTError as error:
            raise _refused(type(error).__name__) from None

    def _check(self, claims: Mapping[str, Any], nonce: str, now: float) -> None:
        """Refuse a token that is not of this provider, for us, for this sign-in, of now."""
        issuer = self.issuer()
        issuers = {issuer, "accounts.google.com"} if issuer == GOOGLE else {issuer}
        ours = self._registration.client_id
        audience, party = claims["aud"], claims.get("azp")
        listed = audience if isinstance(audience, list) else [audience]
        alone = len(listed) == 1 and party is None
        times = [claims["iat"], claims["exp"]]
        if claims["iss"] not in issuers:
            raise _refused("issuer")
        if ours not in listed or not (alone or party == ours):
            raise _refused("audience")
        if any(type(one) is not int for one in times):
            raise _refused("times")
        if not now - FRESH_SECONDS < times[0] < now + SKEW_SECONDS or times[1] <= now:
            raise _refused("expired")
        if claims["nonce"] != nonce:
            raise _refused("nonce")
        sub = claims["sub"]
        if not isinstance(sub, str) or not 0 < len(sub) <= 255 or not sub.isprintable():
            raise _refused("subject")

    def _key(self, kid: object) -> jwt.PyJWK | None:
        """Return a key of the provider; one that is not known yet is looked for once more."""
        keys = self._provider().keys
        if kid not in keys:
            keys = self._provider(again=True).keys
        return keys.get(kid) if isinstance(kid, str) else None

    def _provider(self, *, again: bool = False) -> Provider:
        """Return what is known of the provider; one that just failed is left alone a moment."""
        now = time.monotonic()
        known = self._known
        if known is not None and now < known.until and not again:
            return known
        if now < self._rest_until:
            raise SsoNoDisponible
        try:
            with _available():
                facts = self._discover()
                keys = _keys(self._get(facts.jwks_uri).json())
        except SsoNoDisponible:
            self._rest_until = time.monotonic() + REST_SECONDS
            raise
        self._known = Provider(now + KNOWN_SECONDS, facts, keys)
        return self._known

    def _discover(self) -> Discovery:
        """Return the provider's addresses.

        Raises:
            Permanent: the document is wrong, of somebody else, or leads away from TLS.
        """
        url = self._registration.discovery_url
        try:
            found = Discovery.model_validate(self._get(url).json())
        except ValidationError:
            raise Permanent("the discovery document lacks something") from None
        if found.issuer.rstrip("/") + SUFFIX != url:
            raise Permanent("the discovery document is of another issuer")
        for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
            if not address.startswith("https://") and url.startswith("https://"):
                raise Permanent("the discovery document leads away from TLS")
        return found

    def _get(self, url: str) -> Reply:
        return self._http.get(url, limits=LIMITS).require_ok()


def challenge_of(verifier: str) -> str:
    """Return the S256 code challenge of a verifier."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _keys(document: Any) -> dict[str, jwt.PyJWK]:
    """Return a provider's keys for signatures, by id; whatever else it lists is passed over."""
    found: dict[str, jwt.PyJWK] = {}
    listed = document.get("keys", []) if isinstance(document, dict) else []
    for one in listed if isinstance(listed, list) else []:
        kid = one.get("kid") if isinstance(one, dict) else None
        if not isinstance(kid, str) or one.get("use", "sig") != "sig":
            continue
        algorithm = next((it for it, kty in ALGORITHMS.items() if kty == one.get("kty")), None)
        if algorithm is None or one.get("alg", algorithm) != algorithm:
            continue
        try:
            found[kid] = jwt.PyJWK(one, algorithm)
        except jwt.PyJWTError:
            log.warning("sso_key_unreadable", kid=kid[:80])
    return found


def _refused(reason: str) -> SsoRechazado:
    log.warning("sso_refused", reason=reason)
    return SsoRechazado()


@contextmanager
def _available() -> Iterator[None]:
    """Tell a failure of the provider apart from one of the person."""
    try:
        yield
    except (Transient, Permanent, CredentialsRefused) as error:
        log.warning("sso_unavailable", reason=str(error))
        raise SsoNoDisponible from error
