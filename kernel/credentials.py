"""Credentials: what a request shows of itself, read without asking the database.

``Authorization: Bearer`` carries the access token of a login or an API key; a browser sends the
cookie of its login. A browser also sends that cookie when a page of somebody else makes it, so what
is written with a cookie must come from our own pages (``is_own_page``).
Source: spec/erp-modules.md, módulo 9; OWASP ASVS 5.0, 3.3, 3.5.1, 4.4.2, 9.1, 9.2.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from kernel.cors import origin
from kernel.errors import Forbidden, NotAuthenticated

if TYPE_CHECKING:
    from kernel.tokens import TokenSigner

COOKIE = "__Host-sid"
KEY_PREFIX = "sk_"
KEY_BYTES = 30
KEY_SHOWN = 8
"""Random characters of an API key that are kept readable, to recognise it."""
_COOKIE = re.compile(rb"(?:^|; ?)__Host-sid=([A-Za-z0-9_-]{32,64})(?:;|$)")
_KEY = re.compile(r"(sk_[A-Za-z0-9_-]{40})([A-Za-z0-9_-]{6})")


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
        if not is_key(text):
            raise NotAuthenticated("La clave API está incompleta o mal copiada.")
        return Credential("key", digest(text))
    return Credential("token", signer.read(text, "access").jti)


def digest(secret: str) -> str:
    """Return what is stored of a random secret: its SHA-256, hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_key() -> str:
    """Return a new API key: ``sk_``, 240 random bits, and a checksum that a typing error breaks."""
    bare = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    return bare + _checksum(bare)


def is_key(text: str) -> bool:
    """Return whether a text has the form of an API key and its checksum is right."""
    found = _KEY.fullmatch(text)
    return found is not None and _checksum(found[1]) == found[2]


def recognisable(key: str) -> str:
    """Return the beginning of an API key, by which a person recognises it."""
    return key[: len(KEY_PREFIX) + KEY_SHOWN]


def _checksum(bare: str) -> str:
    crc = zlib.crc32(bare.encode()).to_bytes(4, "big")
    return base64.urlsafe_b64encode(crc).decode().rstrip("=")


def new_cookie() -> str:
    """Return the value of the cookie of a new login; only its digest is stored."""
    return secrets.token_urlsafe(32)


def cookie_header(value: str, seconds: int) -> str:
    """Return the ``Set-Cookie`` of a login; an empty value takes the cookie back.

    The prefix makes browsers insist on Secure, on the path ``/``, and that no other host set it.
    """
    return f"{COOKIE}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"


def is_own_page(headers: Mapping[bytes, bytes], *, secure: bool) -> bool:
    """Return whether one of our own pages, or the person directly, makes the browser ask.

    ``Sec-Fetch-Site`` cannot be set by a page and decides where it is sent; an older browser says
    ``Origin``, which must be the host that it asks. Who sends neither has not shown it.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site in (b"same-origin", b"none")
    scheme = "https" if secure else "http"
    host = headers.get(b"host", b"").decode("latin-1")
    try:
        given = origin(headers.get(b"origin", b"").decode("latin-1"))
        return given == origin(f"{scheme}://{host}")
    except ValueError:
        return False


def require_own_page(shown: Credential, headers: Mapping[bytes, bytes], *, secure: bool) -> None:
    """Refuse a cookie that the page of somebody else makes a browser send.

    Raises:
        Forbidden: the credential is a cookie and the request is not known to be of our pages.
    """
    if shown.kind == "cookie" and not is_own_page(headers, secure=secure):
        raise ForeignPage


class ForeignPage(Forbidden):
    """403: a browser's cookie came with the request of a page that is not ours."""

    code = "origen_ajeno"

    def __init__(self) -> None:
        super().__init__("Esta solicitud no viene de las páginas de este sitio.")
