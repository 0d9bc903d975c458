"""Credentials: what a request shows of itself, read without asking the database.

``Authorization: Bearer`` carries the access token of a login or an API key; a browser sends the
cookie of its login. Source: spec/erp-modules.md, módulo 9; OWASP ASVS 5.0, 3.3, 9.1, 9.2.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from kernel.errors import NotAuthenticated

if TYPE_CHECKING:
    from kernel.tokens import TokenSigner

COOKIE = "__Host-sid"
KEY_PREFIX = "sk_"
_COOKIE = re.compile(rb"(?:^|; ?)__Host-sid=([A-Za-z0-9_-]{32,64})(?:;|$)")


class Credential(NamedTuple):
    """How a caller says who they are; ``value`` is what the database is asked for."""

    kind: Literal["token", "cookie", "key"]
    value: str


def read(headers: Mapping[bytes, bytes], signer: TokenSigner) -> Credential:
    """Return the credential of a request; a header counts before a cookie.

    Raises:
        NotAuthenticated: there is none, or the token is not good.
    """
    scheme, _, shown = headers.get(b"authorization", b"").partition(b" ")
    if not scheme:
        cookie = _COOKIE.search(headers.get(b"cookie", b""))
        if cookie is not None:
            return Credential("cookie", digest(cookie[1].decode("ascii")))
    text = shown.decode("ascii", "replace").strip()
    if scheme.lower() != b"bearer" or not text:
        raise NotAuthenticated("Inicie sesión y envíe «Authorization: Bearer …».")
    if text.startswith(KEY_PREFIX):
        return Credential("key", digest(text))
    return Credential("token", signer.read(text, "access").jti)


def digest(secret: str) -> str:
    """Return what is stored of a random secret: its SHA-256, hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()
