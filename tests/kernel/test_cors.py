"""CORS: pages of listed sites may call with a token; all others get no such header."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from kernel import cors, processes
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.settings import Settings
from tests.conftest import settings_of
from tests.shop import PASSWORD

ALLOWED = "https://app.company.pe"
FOREIGN = [
    "https://evil.example",
    "http://app.company.pe",
    "https://app.company.pe:8443",
    "https://app.company.pe.evil.example",
    "https://evil-app.company.pe",
    "https://APP.company.pe",
    "null",
    "*",
    "",
]


@pytest.fixture(scope="module")
def opened(shared_runtime: Runtime, registry: Registry) -> Iterator[TestClient]:
    """A signed-in client of an instance that lists a site."""
    known = shared_runtime.settings
    settings = settings_of(
        known.database_owner_url, known.database_url, known.data_dir, cors_origins=[ALLOWED]
    )
    runtime = processes.make_runtime(settings, registry)
    client = TestClient(processes.web_app(runtime), raise_server_exceptions=False)
    login = client.post(
        "/api/auth/login/", json={"email": "admin@tienda.pe", "password": PASSWORD}
    ).json()
    client.headers["Authorization"] = f"Bearer {login['access']}"
    yield client
    runtime.close()


def cors_headers(answer: Any) -> dict[str, str]:
    found: dict[str, str] = dict(answer.headers)
    return {name: value for name, value in found.items() if name.startswith("access-control-")}


def preflight(client: TestClient, origin: str, path: str = "/api/productos/") -> Any:
    return client.options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        },
    )


@pytest.mark.parametrize("path", ["/api/productos/", "/api/nada/", "/health/live"])
def test_answer_to_a_listed_origin_names_it(opened: TestClient, path: str) -> None:
    answer = opened.get(path, headers={"Origin": ALLOWED})
    found = cors_headers(answer)
    assert found["access-control-allow-origin"] == ALLOWED
    assert "X-Request-Id" in found["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in found
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("origin", FOREIGN)
def test_answer_to_another_origin_has_no_cors_header(opened: TestClient, origin: str) -> None:
    answer = opened.get("/api/productos/", headers={"Origin": origin})
    assert cors_headers(answer) == {}
    assert answer.headers["vary"] == "Origin"


def test_answer_without_an_origin_varies_by_it(opened: TestClient) -> None:
    answer = opened.get("/api/productos/")
    assert cors_headers(answer) == {}
    assert answer.headers["vary"] == "Origin"


def test_preflight_of_a_listed_origin_is_answered_without_a_token(opened: TestClient) -> None:
    opened_to_all = TestClient(opened.app)
    answer = preflight(opened_to_all, ALLOWED)
    found = cors_headers(answer)
    assert answer.status_code == 204
    assert found["access-control-allow-origin"] == ALLOWED
    assert {"POST", "PUT", "DELETE"} <= set(found["access-control-allow-methods"].split(", "))
    assert {"Authorization", "Content-Type", "Idempotency-Key"} <= set(
        found["access-control-allow-headers"].split(", ")
    )
    assert int(found["access-control-max-age"]) > 0


@pytest.mark.parametrize("origin", FOREIGN)
def test_preflight_of_another_origin_is_a_plain_refusal(opened: TestClient, origin: str) -> None:
    answer = preflight(opened, origin)
    assert answer.status_code == 405
    assert cors_headers(answer) == {}


def test_refusals_are_readable_by_a_listed_origin(opened: TestClient) -> None:
    stranger = TestClient(opened.app)
    answer = stranger.get("/api/productos/", headers={"Origin": ALLOWED})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == ALLOWED


def test_without_the_setting_nothing_speaks_of_cors(admin: TestClient) -> None:
    answer = admin.get("/api/productos/", headers={"Origin": ALLOWED})
    assert cors_headers(answer) == {}
    assert "vary" not in answer.headers
    assert preflight(admin, ALLOWED).status_code == 405


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("https://App.Company.pe", "https://app.company.pe"),
        ("https://app.company.pe:443", "https://app.company.pe"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://xn--and-6ma.pe", "https://xn--and-6ma.pe"),
    ],
)
def test_origin_is_written_as_browsers_do(given: str, written: str) -> None:
    assert cors.origin(given) == written


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "null",
        "app.company.pe",
        "https://",
        "https://*.company.pe",
        "https://app.company.pe/",
        "https://app.company.pe?x",
        "https://user@app.company.pe",
        "https://app.company.pe:port",
        "https://app .company.pe",
        "ftp://app.company.pe",
        "javascript://app.company.pe",
        "https://ñandú.pe",
    ],
)
def test_origin_that_is_none_stops_the_start(text: str, settings: Settings) -> None:
    with pytest.raises(ValueError, match="cors_origins"):
        Settings(**{**settings.model_dump(), "cors_origins": text}, _env_file=None)
