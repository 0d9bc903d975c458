"""Security headers: on every answer of every address, whatever the answer is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as connect_socket

from kernel import headers, pages, processes, violations
from kernel.app import METHODS, build
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.settings import Settings
from tests.conftest import Connect
from tests.live import serving

EXPECTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
TELLTALE = ("server", "x-powered-by", "x-aspnet-version", "via")


def problems_of(answer: Any) -> list[str]:
    """Return what is missing or wrong in the headers of an answer."""
    found = answer.headers
    policy = dict(
        one.partition(" ")[::2] for one in found.get("content-security-policy", "").split("; ")
    )
    checks = {
        **{name: found.get(name) == value for name, value in EXPECTED.items()},
        "permissions-policy": "camera=()" in found.get("permissions-policy", ""),
        "cache-control": found.get("cache-control") in ("no-store", "no-cache"),
        "default-src": policy.get("default-src") == "'none'",
        "frame-ancestors": policy.get("frame-ancestors") == "'none'",
        "base-uri": policy.get("base-uri") == "'none'",
        "form-action": policy.get("form-action") in ("'none'", "'self'"),
        "report-uri": policy.get("report-uri") == headers.REPORT_PATH,
        "unsafe": "unsafe" not in str(policy),
        "request id": len(found.get("x-request-id", "")) >= 8,
        "hsts": ("strict-transport-security" in found) == (answer.url.scheme == "https"),
        "versions": not any(name in found for name in TELLTALE),
        "repeated": len(found.raw) == len({name.lower() for name, _ in found.raw}),
    }
    return [name for name, well in checks.items() if not well]


def addresses(runtime: Runtime) -> Iterator[tuple[str, str]]:
    """Yield (method, path) of everything that the application serves, and of what it doesn't."""
    paths = {one.path for one in runtime.registry.endpoints}
    for route in pages.routes(runtime):
        if isinstance(route, Route | WebSocketRoute):
            paths.add(route.path)
        elif isinstance(route, Mount):
            paths |= {f"{route.path}/andes.css", f"{route.path}/nada.css", f"{route.path}/../x"}
    paths |= {"/", "/nada", "/api/", "/api/nada/", "//", "/favicon.ico", "/robots.txt"}
    for path in sorted(paths):
        filled = path.replace("{id}", "1").replace("{name}", "kernel.Regional")
        for method in sorted({*METHODS, "PROPFIND"}):
            yield method, filled


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("who", ["", "admin"])
def test_every_address_answers_every_method_with_all_headers(
    runtime: Runtime, connect: Connect, who: str, scheme: str
) -> None:
    client = connect(who)
    client.base_url = f"{scheme}://testserver"
    tried = 0
    for method, path in addresses(runtime):
        if (method, path) == ("POST", "/api/auth/logout/"):
            continue  # the rest would be asked by nobody
        answer = client.request(method, path)
        assert problems_of(answer) == [], (method, path, answer.status_code)
        tried += 1
    assert tried > 8 * len({one.path for one in runtime.registry.endpoints})


def test_answer_of_our_fault_has_all_headers(runtime: Runtime) -> None:
    def broken(_request: Request) -> Response:
        raise RuntimeError("se rompió")

    client = TestClient(build(runtime, [Route("/roto", broken)]), raise_server_exceptions=False)
    answer = client.get("/roto")
    assert (answer.status_code, problems_of(answer)) == (500, [])


@pytest.mark.parametrize("path", ["/ws/", "/nada/"])
def test_refused_websocket_is_an_answer_with_all_headers(connect: Connect, path: str) -> None:
    client = connect("admin")
    with pytest.raises(WebSocketDenialResponse) as refused:
        client.websocket_connect(path, headers={"Origin": "https://evil.example"}).__enter__()
    answer: Any = refused.value
    answer.request = httpx.Request("GET", f"http://testserver{path}")
    assert problems_of(answer) == []
    assert answer.status_code == 403
    assert answer.json()["code"] == "websocket_rechazado"


def test_real_server_names_no_program_and_refuses_a_foreign_socket(settings: Settings) -> None:
    with serving(settings) as address:
        for path in ("/health/live", "/api/productos/", "/nada"):
            answer = httpx.get(f"{address}{path}")
            assert problems_of(answer) == [], path
        with pytest.raises(InvalidStatus) as refused:
            connect_socket(
                f"{address.replace('http', 'ws')}/ws/", origin="https://evil.example", proxy=None
            )
        answer = refused.value.response
        assert answer.status_code == 403
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "server" not in answer.headers


PROXIED = [
    ("10.1.1.1", "https", True),
    ("10.1.1.1", "HTTPS", True),
    ("10.1.1.1", "http, https", True),
    ("10.1.1.1", "https, http", False),
    ("10.1.1.1", "http", False),
    ("10.1.1.1", "", False),
    ("203.0.113.9", "https", False),
]


@pytest.mark.parametrize(("peer", "forwarded", "secure"), PROXIED)
def test_hsts_is_sent_where_a_trusted_proxy_says_https(
    settings: Settings, registry: Registry, peer: str, forwarded: str, secure: bool
) -> None:
    behind = settings.model_copy(update={"trusted_proxies": ["10.0.0.0/8"]})
    runtime = processes.make_runtime(behind, registry)
    client = TestClient(processes.web_app(runtime), client=(peer, 5))
    answer = client.get("/health/live", headers={"X-Forwarded-Proto": forwarded})
    told = answer.headers.get("strict-transport-security", "")
    assert (told == "max-age=31536000; includeSubDomains") == secure
    assert bool(told) == secure
    runtime.close()


def test_documentation_is_for_who_is_signed_in_unless_a_setting_opens_it(
    runtime: Runtime, registry: Registry, connect: Connect
) -> None:
    for path in ("/api/docs", "/api/docs/", "/api/openapi.json"):
        refused = connect("").get(path)
        assert (refused.status_code, refused.json()["code"]) == (401, "no_autenticado")
        assert refused.headers["www-authenticate"] == "Bearer"
        assert connect("cajero").get(path).status_code == 200
    opened = runtime.settings.model_copy(update={"docs_public": True})
    public = processes.make_runtime(opened, registry)
    client = TestClient(processes.web_app(public))
    assert client.get("/api/docs").status_code == 200
    assert client.get("/api/openapi.json").status_code == 200
    public.close()


OLD = {
    "csp-report": {
        "document-uri": "https://erp.pe/ventas?token=abc",
        "violated-directive": "script-src",
        "blocked-uri": "https://evil.example/x.js?y=1",
        "original-policy": "x" * 5000,
    }
}
NEW = [
    {
        "type": "csp-violation",
        "body": {
            "documentURL": "https://erp.pe/",
            "effectiveDirective": "img-src",
            "lineNumber": 7,
        },
    }
]


def test_reports_of_both_forms_keep_known_fields_without_queries() -> None:
    (old,) = violations.reports(json.dumps(OLD).encode())
    assert old == {
        "directive": "script-src",
        "blocked": "https://evil.example/x.js",
        "page": "https://erp.pe/ventas",
    }
    (new,) = violations.reports(json.dumps(NEW).encode())
    assert new == {"directive": "img-src", "page": "https://erp.pe/", "line": "7"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"5", b"[1, null]", b'{"csp-report": 5}', b"[" * 90_000, b"\xff" * 99_999],
)
def test_reports_of_anything_else_are_none_and_still_204(connect: Connect, body: bytes) -> None:
    assert list(violations.reports(body)) == []
    answer = connect("").post(headers.REPORT_PATH, content=body)
    assert (answer.status_code, answer.content) == (204, b"")


def test_budget_of_reports_is_so_many_a_minute() -> None:
    now = [0.0]
    budget = violations.Budget(3, clock=lambda: now[0])
    assert [budget.spend() for _ in range(5)] == [True, True, True, False, False]
    assert budget.dropped == 2
    now[0] = 61.0
    assert budget.spend()
    assert budget.dropped == 0
