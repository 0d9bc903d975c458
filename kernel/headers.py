"""Security headers: what every answer says to a browser, made once.

A route that needs another policy sends the header itself and wins. No header names a program or a
version. Source: OWASP ASVS 5.0, 3.4, 13.4.6, 14.3.2; CSP Level 3; RFC 6797.
"""

from __future__ import annotations

from collections.abc import Iterable

Header = tuple[bytes, bytes]

REPORT_PATH = "/csp"
"""Where browsers report what a policy stopped (``kernel.violations``)."""

HSTS_SECONDS = 365 * 24 * 3600


def policy(*directives: str) -> str:
    """Return a Content-Security-Policy that allows the directives and nothing else.

    ``policy("style-src 'self'")`` is a page with our style sheets, without scripts or forms.
    """
    given = {one.partition(" ")[0] for one in directives}
    closed = ("base-uri", "form-action", "frame-ancestors")
    rest = [f"{name} 'none'" for name in closed if name not in given]
    return "; ".join(["default-src 'none'", *directives, *rest, f"report-uri {REPORT_PATH}"])


DOWNLOAD_POLICY = policy("sandbox")
"""Of a file that somebody brought: were a browser to open it, it could do nothing."""

PERMISSIONS = (
    "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), "
    "gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()"
)

PLAIN: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", policy().encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", PERMISSIONS.encode()),
)
HSTS: Header = (
    b"strict-transport-security",
    f"max-age={HSTS_SECONDS}; includeSubDomains".encode(),
)
SECURE: tuple[Header, ...] = (*PLAIN, HSTS)
_NAMES = frozenset(name for name, _ in SECURE)


def complete(given: Iterable[Header], *, secure: bool) -> list[Header]:
    """Return an answer's headers with ours; one that the answer brings itself is kept.

    ``secure`` says that the request came by https: only then may a browser be told to insist on it.
    """
    headers = list(given)
    ours = SECURE if secure else PLAIN
    own = _NAMES.intersection([name for name, _ in headers])
    headers.extend([pair for pair in ours if pair[0] not in own] if own else ours)
    return headers
