"""CORS: which other sites' pages may call the API from a browser.

Only the exact origins of ``CORS_ORIGINS``. They send a token; cookies are never accepted across
origins, so ``Access-Control-Allow-Credentials`` is never sent, and neither is ``*``. An origin that
is not listed gets the answer without these headers, and the browser withholds it from the page.
Source: Fetch Standard, "CORS protocol"; OWASP ASVS 5.0, 3.4.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from kernel.headers import Header

METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
REQUEST_HEADERS = b"Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-Id"
ANSWER_HEADERS = (
    b"Content-Disposition, ETag, Idempotent-Replayed, Retry-After, X-Generation, X-Request-Id"
)
PREFLIGHT_SECONDS = b"600"
VARY: Header = (b"vary", b"Origin")

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]")


class Cors:
    """The origins whose pages may call."""

    def __init__(self, origins: Iterable[str]) -> None:
        self.origins = frozenset(one.encode() for one in origins)

    def headers(self, origin: bytes | None) -> tuple[Header, ...]:
        """Return what an answer to a page of this origin says; nothing where no site is listed."""
        if not self.origins:
            return ()
        if origin not in self.origins:
            return (VARY,)
        return (
            VARY,
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", ANSWER_HEADERS),
        )

    def preflight(self, method: str, headers: Mapping[bytes, bytes]) -> tuple[Header, ...] | None:
        """Return the headers that answer a browser's question, or None where it is none of ours."""
        asks = method == "OPTIONS" and b"access-control-request-method" in headers
        if not asks or headers.get(b"origin") not in self.origins:
            return None
        return (
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", REQUEST_HEADERS),
            (b"access-control-max-age", PREFLIGHT_SECONDS),
        )


def origin(text: str) -> str:
    """Return an origin as browsers write it: scheme, host, and a port that is not the usual one.

    Raises:
        ValueError: it is no origin of its own (``*``, ``null``, a path, another scheme).
    """
    parts = urlsplit(text.lower())
    host = parts.netloc.partition(":")[0] if "[" not in parts.netloc else f"[{parts.hostname}]"
    rest = parts.path or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in _DEFAULT_PORTS or rest or not _HOST.fullmatch(host):
        raise ValueError(f"{text!r} is no origin: https://app.company.pe")
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
