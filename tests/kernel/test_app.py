"""The web application: addresses, headers, methods, and that whatever comes in gets an answer."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message

from kernel import processes
from kernel.app import build
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.settings import Settings
from tests.conftest import Connect
from tests.shop import PASSWORD, Shop

PATHS = ["/api/productos/", "/api/nada/", "/health/live", "/metrics", "/api/docs", "/"]


def ask(app: ASGIApp, messages: Iterator[Message], **facts: Any) -> list[Message]:
    """Return what an application sends for a request that no client library would make."""
    sent: list[Message] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
        **facts,
    }
    anyio.run(app, scope, receive, send)
    return sent


def json_headers(client: TestClient) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", b"application/json"),
        (b"authorization", client.headers["authorization"].encode()),
    ]


def problem_of(answer: Any) -> dict[str, Any]:
    """Return the answer's document, which must be a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == answer.status_code
    assert document["instance"] == f"urn:andes:request:{answer.headers['x-request-id']}"
    return document


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_headers_of_the_edge(admin: TestClient, path: str) -> None:
    headers = admin.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-generation"] == "0"
    assert len(headers["x-request-id"]) >= 8


def test_request_id_of_the_caller_is_kept_if_it_is_sane(admin: TestClient) -> None:
    for given in ("abcdefgh", "A-b.c_9" * 9):
        answer = admin.get("/api/nada/", headers={"X-Request-Id": given})
        assert answer.headers["x-request-id"] == given
        assert problem_of(answer)["instance"].endswith(given)
    for given in ("corto", "x" * 65, "con espacio", "a\tb1234567", '"><script>', "ñandúñandú"):
        answer = admin.get("/api/nada/", headers={"X-Request-Id": given.encode()})
        assert answer.headers["x-request-id"] != given
        assert answer.headers["x-request-id"].isalnum()


def test_request_id_reaches_the_audit(admin: TestClient) -> None:
    admin.post("/api/categorias/", json={"nombre": "Té"}, headers={"X-Request-Id": "pedido-77"})
    row = admin.get("/api/audit-logs/?objeto_tipo=categorias").json()["items"][0]
    assert (row["request_id"], row["accion"]) == ("pedido-77", "crear")


@pytest.mark.parametrize("path", ["/nada", "/api/", "/api/nada/", "/api/productos/1/2/"])
def test_unknown_address_is_a_404_problem(admin: TestClient, path: str) -> None:
    assert problem_of(admin.get(path))["code"] == "no_encontrado"


def test_address_without_its_last_slash_is_the_same(admin: TestClient, shop: Shop) -> None:
    one = shop.productos[0]
    for path in ("/api/productos", f"/api/productos/{one}"):
        assert admin.get(path).json() == admin.get(f"{path}/").json()


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/productos/", {"GET", "HEAD", "POST"}),
        ("PATCH", "/api/productos/1/", {"GET", "HEAD", "PUT", "DELETE"}),
        ("OPTIONS", "/api/cajas/abrir/", {"POST"}),
        ("GET", "/api/auth/login/", {"POST"}),
        ("POST", "/health/live", {"GET", "HEAD"}),
        ("PUT", "/api/openapi.json", {"GET", "HEAD"}),
        ("PROPFIND", "/api/ventas/", {"GET", "HEAD", "POST"}),
    ],
)
def test_method_that_an_address_lacks_is_a_405_problem_with_allow(
    admin: TestClient, method: str, path: str, allowed: set[str]
) -> None:
    answer = admin.request(method, path)
    assert problem_of(answer)["status"] == 405
    assert set(answer.headers["allow"].split(", ")) == allowed


def test_head_answers_as_get_without_a_body(admin: TestClient) -> None:
    answer, full = admin.head("/api/productos/"), admin.get("/api/productos/")
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["content-length"] == str(len(full.content))


BAD_IDS = [
    "0",
    "-1",
    "+1",
    "1.0",
    "1_0",
    "1e0",
    " 1",
    "１",
    "abc",
    "null",
    "%00",
    "1%00",
    "%0A1",
    "%2e%2e",
    "%FF",
    "😀",
    "'",
    str(2**63),
    str(2**64),
    "9" * 4000,
]


def test_path_id_that_is_none_is_a_404_for_every_address(
    admin: TestClient, registry: Registry
) -> None:
    for one in registry.endpoints:
        if not one.path_types or str in one.path_types.values():
            continue
        for bad in BAD_IDS:
            path = one.path.replace("{id}", bad)
            answer = admin.request(one.method, path, json={})
            assert answer.status_code in (404, 405), (one.method, path)
            problem_of(answer)


def test_path_id_of_nothing_tells_no_more_than_one_out_of_reach(connect: Connect) -> None:
    gerente, cajero = connect("gerente"), connect("cajero")
    body = {"sucursal_id": 2, "monto_apertura": "1"}
    sucursales = [one["id"] for one in gerente.get("/api/sucursales/").json()["items"]]
    body["sucursal_id"] = sucursales[1]
    ajena = gerente.post("/api/cajas/abrir/", json=body).json()["id"]
    hidden, absent = cajero.get(f"/api/cajas/{ajena}/"), cajero.get(f"/api/cajas/{ajena + 99}/")
    assert hidden.status_code == absent.status_code == 404
    assert problem_of(hidden) | {"instance": ""} == problem_of(absent) | {"instance": ""}


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
        "application/problem+json",
        "application/json, text/plain",
        "ñ",
    ],
)
def test_body_of_another_content_type_is_a_415(admin: TestClient, kind: str) -> None:
    answer = admin.post(
        "/api/categorias/", content=b'{"nombre": "x"}', headers={"Content-Type": kind.encode()}
    )
    assert problem_of(answer)["code"] == "tipo_de_contenido"
    assert answer.status_code == 415


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON;x=y"])
def test_body_of_json_spelt_otherwise_is_read(admin: TestClient, kind: str) -> None:
    answer = admin.post(
        "/api/categorias/", content=b'{"nombre": "x"}', headers={"Content-Type": kind}
    )
    assert answer.status_code == 201


def test_body_beyond_the_limit_is_a_413(admin: TestClient, settings: Settings) -> None:
    answer = admin.post(
        "/api/categorias/",
        content=b" " * (settings.body_limit + 1),
        headers={"Content-Type": "application/json"},
    )
    assert problem_of(answer)["code"] == "cuerpo_demasiado_grande"


def test_body_without_end_is_read_to_the_limit_only(runtime: Runtime, admin: TestClient) -> None:
    chunk: Message = {"type": "http.request", "body": b" " * 65_536, "more_body": True}
    sent = ask(
        processes.web_app(runtime),
        itertools.repeat(chunk),
        method="POST",
        path="/api/categorias/",
        headers=json_headers(admin),
    )
    assert sent[0]["status"] == 413


def test_body_where_none_is_expected_is_not_read(admin: TestClient) -> None:
    answer = admin.request("GET", "/api/productos/", content=b"\xff" * 1000)
    assert answer.status_code == 200


def test_query_where_none_is_expected_is_refused(admin: TestClient, shop: Shop) -> None:
    answer = admin.get(f"/api/productos/{shop.productos[0]}/?expand=todo")
    assert problem_of(answer)["errors"][0]["field"] == "expand"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer " + "x" * 20_000,
        "Bearer ñ",
        "Basic YWRtaW46YWRtaW4=",
        "bearer\tx",
        "Bearer a.b.c",
    ],
)
def test_authorization_that_is_no_token_is_a_401(connect: Connect, header: str) -> None:
    answer = connect("").get("/api/productos/", headers={"Authorization": header.encode()})
    assert problem_of(answer)["code"] in ("no_autenticado", "token_invalido")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_scheme_of_the_token_may_be_written_in_any_case(admin: TestClient) -> None:
    token = admin.headers["authorization"].removeprefix("Bearer ")
    answer = admin.get("/api/productos/", headers={"Authorization": f"bEARER  {token} "})
    assert answer.status_code == 200


def test_route_that_breaks_is_one_500_problem_and_tells_nothing(runtime: Runtime) -> None:
    def broken(_request: Request) -> Response:
        raise RuntimeError("clave=secreta")

    client = TestClient(build(runtime, [Route("/broken", broken)]), raise_server_exceptions=False)
    answer = client.get("/broken")
    assert problem_of(answer)["code"] == "error_interno"
    assert "secreta" not in answer.text


def test_route_that_breaks_after_it_began_sends_no_second_answer(runtime: Runtime) -> None:
    class HalfSent(Response):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise RuntimeError("demasiado tarde")

    app = build(runtime, [Route("/broken", lambda _request: HalfSent())])
    sent = ask(app, iter(()), path="/broken")
    assert [message["type"] for message in sent].count("http.response.start") == 1


def test_connection_cut_in_the_middle_of_a_body_writes_nothing(
    runtime: Runtime, admin: TestClient
) -> None:
    sent = ask(
        processes.web_app(runtime),
        iter(
            [
                {"type": "http.request", "body": b'{"nombre": "Pan"', "more_body": True},
                {"type": "http.disconnect"},
            ]
        ),
        method="POST",
        path="/api/categorias/",
        headers=json_headers(admin),
    )
    assert sent[0]["status"] == 400
    assert admin.get("/api/categorias/").json()["items"] == []


def test_access_line_is_json_whatever_the_path_holds(
    admin: TestClient, capfd: pytest.CaptureFixture[str]
) -> None:
    admin.get('/api/nada/%0Ax"\\%1b[31m/', headers={"X-Request-Id": "linea-123"})
    lines = [line for line in capfd.readouterr().err.splitlines() if "linea-123" in line]
    (line,) = lines
    entry = json.loads(line)
    assert (entry["event"], entry["status"]) == ("request", 404)
    assert entry["path"] == '/api/nada/\nx"\\\x1b[31m/'


def test_health_check_leaves_no_access_line(
    http: TestClient, capfd: pytest.CaptureFixture[str]
) -> None:
    for path in ("/health/live", "/health/ready"):
        assert http.get(path, headers={"X-Request-Id": "salud-123"}).status_code == 200
    assert "salud-123" not in capfd.readouterr().err


def test_client_address_behind_a_trusted_proxy_reaches_the_audit(
    settings: Settings, registry: Registry
) -> None:
    behind = settings.model_copy(update={"trusted_proxies": ["10.0.0.0/8"]})
    runtime = processes.make_runtime(behind, registry)
    client = TestClient(processes.web_app(runtime), client=("10.1.1.1", 5))
    body = {"email": "admin@tienda.pe", "password": PASSWORD}
    access = client.post(
        "/api/auth/login/", json=body, headers={"X-Forwarded-For": "6.6.6.6, 190.1.2.3"}
    ).json()["access"]
    client.headers["Authorization"] = f"Bearer {access}"
    row = client.get("/api/audit-logs/?accion=iniciar_sesion").json()["items"][0]
    assert row["ip"] == "190.1.2.3"
    runtime.close()
