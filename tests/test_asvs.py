"""What docs/security.md promises and no single module can show, over all routes.

Source: OWASP ASVS 5.0; docs/security.md names each test.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column
from starlette.testclient import TestClient

from kernel import exports, openapi
from kernel.changes import HIDDEN
from kernel.http import Endpoint
from kernel.registry import Registry
from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop
from tests.test_bad_input import address, named, resolved, with_body

SEVERAL = 40
"""Names sent together: fewer than an answer names, and than a form may have."""


# 15.3.1, 15.3.3: what enters and leaves -----------------------------------------------------------


def column_names(registry: Registry) -> list[str]:
    """Return the names of all columns of all tables, as attributes and as in the database."""
    return sorted({name for key, column in columns(registry) for name in (key, column.name)})


def columns(registry: Registry) -> Iterator[tuple[str, Column[Any]]]:
    """Yield every column of every table that the kernel and the addons declare, by attribute."""
    for model in registry.gather("register_models"):
        yield from model.__mapper__.columns.items()


def some(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), SEVERAL):
        yield names[start : start + SEVERAL]


def properties(document: dict[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    """Return the fields of an endpoint's body, as the document describes them."""
    operation = document["paths"][endpoint.path][endpoint.method.lower()]
    (content,) = operation["requestBody"]["content"].values()
    found: dict[str, Any] = resolved(document, content["schema"])["properties"]
    return found


def lines(document: dict[str, Any], fields: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Yield each field that is a list of objects, with the names that an object has."""
    for name, field in fields.items():
        inner = resolved(document, field.get("items", {}))
        if "properties" in inner:
            yield name, set(inner["properties"])


def send(client: TestClient, endpoint: Endpoint, body: dict[str, Any]) -> set[str]:
    """Return the fields that a refusal of a body names."""
    given: dict[str, Any] = {"json": body}
    if endpoint.takes_files:
        given = {"data": body, "files": {"archivo": ("a.txt", io.BytesIO(b"hola"), "text/plain")}}
    answer = client.request(endpoint.method, address(endpoint), **given)
    assert answer.status_code == 400, (endpoint.method, endpoint.path, body, answer.text[:500])
    return named(answer.json())


def test_column_that_a_body_does_not_declare_is_refused_by_name_everywhere(
    admin: TestClient, registry: Registry, runtime: Runtime
) -> None:
    """Nobody makes themselves ADMIN, owner or paid by a field more."""
    document = openapi.document(registry)
    names = column_names(registry)
    assert {"rol_id", "activo", "password_hash", "usuario_id", "estado", "total"} <= set(names)
    before = contents(runtime)
    tried = 0
    for endpoint in registry.endpoints:
        if endpoint.body is None:
            continue
        fields = properties(document, endpoint)
        extra = [name for name in names if name not in fields]
        for part in some(extra):
            assert set(part) <= send(admin, endpoint, dict.fromkeys(part, "1")), endpoint.path
        for name, known in lines(document, fields):
            for part in some([one for one in names if one not in known]):
                found = send(admin, endpoint, {name: [dict.fromkeys(part, "1")]})
                assert {f"{name}.0.{one}" for one in part} <= found, endpoint.path
        tried += 1
    assert tried >= len(with_body(registry)) + 1
    assert not changed(before, contents(runtime))


def test_one_column_more_spoils_a_body_that_is_good(admin: TestClient, runtime: Runtime) -> None:
    good = {"tipo_doc": "7", "numero_doc": "A77", "razon_social": "Ana Quispe"}
    before = contents(runtime)
    for name in ("id", "created_at", "activo_desde", "usuario_id"):
        answer = admin.post("/api/clientes/", json=good | {name: 1})
        assert (answer.status_code, named(answer.json())) == (400, {name})
    assert not changed(before, contents(runtime))
    assert admin.post("/api/clientes/", json=good).status_code == 201


SECRET = re.compile(r"hash$|jti$|digest|^2fa_s")
PUBLIC = frozenset(
    # The digest of the signed XML: the specification names it so, and every comprobante prints it.
    {("comprobantes", "hash"), ("envios_sunat", "hash"), ("resumen_diario", "hash")}
    # The seals of the audit, made from what anybody with the audit can read.
    | {("andes_audit_chain", "hash"), ("andes_audit_seals", "hash")}
)
"""Columns that only their name makes look secret."""


def test_no_answer_has_a_field_that_is_a_secret_column(registry: Registry) -> None:
    secret = {
        name
        for key, column in columns(registry)
        for name in (key, column.name)
        if key in HIDDEN
        or column.info.get("secret")
        or (SECRET.search(key) and (column.table.name, key) not in PUBLIC)
    }
    assert {"password_hash", "2fa_secret", "dos_fa_secret", "digest", "token_jti"} <= secret
    document = openapi.document(registry)
    shown = {
        (name, field)
        for name, schema in document["components"]["schemas"].items()
        for field in schema.get("properties", {})
        if field in secret
    }
    assert shown == set()


# 14.2.1: no secret in an address ------------------------------------------------------------------

RELAXED = re.IGNORECASE
IN_URL_BY_PROTOCOL = {
    ("/api/auth/sso/google/retorno/", "code"),
    ("/api/auth/sso/google/retorno/", "state"),
}
"""OpenID Connect returns them so: good once, for minutes, and bound to the browser that began."""


def test_no_address_takes_a_secret(registry: Registry) -> None:
    telling = re.compile(r"token|passw|clave|contras|secret|jti|state|api_?key|code$|otp", RELAXED)
    found = {
        (path, parameter["name"])
        for path, operations in openapi.document(registry)["paths"].items()
        for operation in operations.values()
        for parameter in operation["parameters"]
        if parameter["in"] in ("path", "query") and telling.search(parameter["name"])
    }
    assert found == IN_URL_BY_PROTOCOL


def test_query_of_an_address_is_in_no_log(
    admin: TestClient, capfd: pytest.CaptureFixture[str]
) -> None:
    headers = {"X-Request-Id": "consulta-777"}
    admin.get("/api/auth/sso/google/retorno/?code=4-0AbcDefGhiJkl&state=zzz", headers=headers)
    admin.get("/api/clientes/?q=4-0AbcDefGhiJkl", headers=headers)
    written = [one for one in capfd.readouterr().err.splitlines() if "consulta-777" in one]
    assert len(written) >= 2
    assert "4-0AbcDefGhiJkl" not in "".join(written)


# 4.1.3, 15.3.4: what proxies say ------------------------------------------------------------------

SPOOFED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "X-Client-IP": "203.0.113.9",
    "True-Client-IP": "203.0.113.9",
    "CF-Connecting-IP": "203.0.113.9",
    "Forwarded": "for=203.0.113.9;proto=https;host=evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Prefix": "/evil",
    "X-Original-URL": "/api/usuarios/",
    "X-Rewrite-URL": "/api/usuarios/",
    "X-HTTP-Method-Override": "DELETE",
}


def test_headers_of_a_proxy_that_is_not_trusted_change_nothing(
    admin: TestClient, capfd: pytest.CaptureFixture[str]
) -> None:
    plain = admin.get("/api/clientes/", headers={"X-Request-Id": "directo-111"})
    asked = admin.get("/api/clientes/", headers={**SPOOFED, "X-Request-Id": "mentira-222"})
    assert (asked.status_code, asked.content) == (plain.status_code, plain.content)
    assert set(asked.headers) == set(plain.headers), "no HSTS, no other host, nothing"
    assert not any("evil" in value for value in asked.headers.values())
    shown = [json.loads(one) for one in capfd.readouterr().err.splitlines() if "-222" in one]
    assert [one["ip"] for one in shown] == ["testclient"]
    assert [one["path"] for one in shown] == ["/api/clientes/"]


# 2.4.1: files of many rows ------------------------------------------------------------------------


def test_files_of_one_user_are_counted_each_minute(admin: TestClient, runtime: Runtime) -> None:
    runtime.settings.exports_per_minute = 3
    path = "/api/clientes/exportar/"
    report = "/api/reportes/ventas-diarias/"
    statuses = [admin.get(one).status_code for one in (path, f"{report}?formato=xlsx", path, path)]
    assert statuses == [200, 200, 200, 429]
    refusal = admin.get(path, params={"formato": "xlsx"})
    assert (refusal.status_code, refusal.json()["code"]) == (429, "demasiados_intentos")
    assert 1 <= int(refusal.headers["retry-after"]) <= 60
    assert admin.get(report).status_code == 200, "what is read on the screen is no file"


def test_list_too_long_for_a_file_is_refused_and_never_cut(
    admin: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/api/productos/exportar/"
    count = len(admin.get(path).text.splitlines()) - 1
    monkeypatch.setattr(exports, "MAX_ROWS", count)
    assert len(admin.get(path).text.splitlines()) == count + 1
    monkeypatch.setattr(exports, "MAX_ROWS", count - 1)
    for form in ("csv", "xlsx"):
        refusal = admin.get(path, params={"formato": form})
        assert (refusal.status_code, refusal.json()["code"]) == (422, "archivo_demasiado_largo")


def test_few_files_are_made_at_once(admin: TestClient) -> None:
    with exports._making, exports._making:
        refusal = admin.get("/api/clientes/exportar/")
        assert (refusal.status_code, refusal.json()["code"]) == (503, "no_disponible")
        assert int(refusal.headers["retry-after"]) >= 1
        assert admin.get("/api/clientes/").status_code == 200
    assert admin.get("/api/clientes/exportar/").status_code == 200


# 16.3.1, 16.3.2: refusals are told --------------------------------------------------------------


def refusals(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return what the log says of refusals of access, request by request."""
    lines = [one.msg for one in caplog.records if isinstance(one.msg, dict)]
    return [one for one in lines if one["event"] == "access_refused"]


def test_refusals_of_access_are_logged_with_who_and_never_with_what_was_typed(
    connect: Connect, runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    vendedor, stranger = connect("vendedor"), connect("")
    usuario = runtime.transact(Shop.of).usuarios["vendedor"]
    caplog.clear()

    def refused(client: TestClient, method: str, path: str, **given: Any) -> dict[str, Any]:
        answer = client.request(method, path, headers={"X-Request-Id": "rechazo-01"}, **given)
        (line,) = refusals(caplog)
        caplog.clear()
        assert line["request_id"] == "rechazo-01"
        assert (line["status"], line["code"]) == (answer.status_code, answer.json()["code"])
        return line

    typed = {"email": "vendedor@tienda.pe", "password": "mi-clave-de-otro-sitio"}
    line = refused(stranger, "POST", "/api/auth/login/", json=typed)
    assert line["status"] == 401
    assert not any(value in str(line) for value in typed.values())
    assert refused(stranger, "GET", "/api/clientes/")["status"] == 401
    line = refused(vendedor, "GET", "/api/usuarios/")
    assert (line["status"], line["usuario_id"]) == (403, usuario)
    runtime.settings.exports_per_minute = 1
    admin = connect("admin")
    assert admin.get("/api/clientes/exportar/").status_code == 200
    assert refused(admin, "GET", "/api/clientes/exportar/")["status"] == 429
