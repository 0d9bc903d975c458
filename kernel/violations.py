"""Violations: what browsers report that a Content-Security-Policy stopped, as log lines.

Anybody can send a report, so a few known fields are taken, cut short, and only so many a minute.
Source: OWASP ASVS 5.0, 3.4.7; CSP Level 3, "Reporting"; Reporting API.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from kernel import logging
from kernel.headers import REPORT_PATH

log = logging.get(__name__)

MAX_BYTES = 16 * 1024
MAX_REPORTS = 10
"""In one body: browsers may gather several."""
PER_MINUTE = 60
"""Log lines of this process."""
_LONGEST = 300
_FIELDS = {
    "directive": ("effective-directive", "effectiveDirective", "violated-directive"),
    "blocked": ("blocked-uri", "blockedURL"),
    "page": ("document-uri", "documentURL"),
    "source": ("source-file", "sourceFile"),
    "line": ("line-number", "lineNumber"),
}


class Budget:
    """So many a minute, and how many were left out."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.clock = clock
        self.used = self.dropped = 0
        self._until = 0.0

    def spend(self) -> bool:
        """Return whether one more is allowed."""
        if self.clock() >= self._until:
            if self.dropped:
                log.warning("csp_reports_dropped", count=self.dropped)
            self.used = self.dropped = 0
            self._until = self.clock() + 60
        if self.used >= self.limit:
            self.dropped += 1
            return False
        self.used += 1
        return True


def route() -> Route:
    """Return the address that takes reports: always 204, whatever comes."""
    budget = Budget(PER_MINUTE)

    async def take(request: Request) -> Response:
        body = await _read(request)
        for found in list(reports(body))[:MAX_REPORTS]:
            if budget.spend():
                log.warning("csp_violation", **found)
        return Response(status_code=204)

    return Route(REPORT_PATH, take, methods=["POST"])


async def _read(request: Request) -> bytes:
    """Return the body, or nothing when it is too big or cut off."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                return b""
    except ClientDisconnect:
        return b""
    return body


def reports(body: bytes) -> Iterator[dict[str, str]]:
    """Yield the known fields of the reports in a body, old form or new, without query strings."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return
    for one in document if isinstance(document, list) else [document]:
        if isinstance(one, dict):
            inner = one.get("csp-report", one.get("body"))
            if isinstance(inner, dict):
                yield _known(inner)


def _known(report: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for field, names in _FIELDS.items():
        value = next((report[name] for name in names if name in report), None)
        if isinstance(value, str | int):
            found[field] = _without_query(str(value))[:_LONGEST]
    return found


def _without_query(text: str) -> str:
    """Addresses may carry what nobody else should read."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "…"
    return parts._replace(query="", fragment="").geturl() if parts.netloc else text
