"""Every address × every kind of caller: 401, 403 or neither, as the declarations say.

What is expected follows from the endpoint (``permission``, ``public``, ``keys``, ``fresh``) and
from what addons grant to the role templates; what the app answers comes from the running app. A new
address, role or permission is in the matrix by being declared.
Source: OWASP ASVS 5.0, 8.2.1–8.2.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from kernel import credentials, headers, pages, processes
from kernel.context import Ctx
from kernel.errors import ConfigurationError
from kernel.http import Endpoint, endpoint
from kernel.identity import Permiso, Rol
from kernel.rbac import ADMIN, FieldRule
from kernel.registry import Registry
from kernel.resource import Resource
from kernel.runtime import Runtime
from tests import access
from tests.access import Caller
from tests.conftest import runtime_of

PEOPLE = "/api/usuarios/"
NOBODY_HAS = 2**62
"""An id of no record, so that what gets past the permission changes nothing."""

ROUTES = {
    "/health/live": 200,
    "/health/ready": 200,
    "/metrics": 401,
    "/api/openapi.json": 401,
    "/api/docs": 401,
    "/api/docs/": 401,
    "/static": 404,
    "/static/icons.svg": 200,
    "/ws/": 404,
    headers.REPORT_PATH: 405,
}
"""What is no endpoint, and what a stranger gets there by GET; a new one is written here by hand."""

HIDDEN_BY = "matriz.ver_oculto"
"""The permission for the fields that the second half hides from all but ADMIN."""


def may(caller: Caller, one: Endpoint) -> bool:
    """Return whether the declarations let a caller past the permission of an address."""
    if caller.is_key and not one.for_keys:
        return False
    return not one.permission or one.permission in (caller.permissions or ())


def expected(caller: Caller, one: Endpoint) -> int | None:
    """Return 401, 403, or None for any other answer; of an address that is not public."""
    if caller.permissions is None:
        return 401
    return None if may(caller, one) else 403


@pytest.fixture(scope="module")
def callers(shared_runtime: Runtime) -> list[Caller]:
    """Nobody, each role template, an empty role, somebody deactivated, and API keys."""
    return shared_runtime.transact(_make_callers)


def _make_callers(ctx: Ctx) -> list[Caller]:
    declared = ctx.runtime.registry.permissions
    roles = {ADMIN, *(one.nombre for one in ctx.runtime.registry.roles())}
    granted = {
        rol: frozenset(name for name, one in declared.items() if rol in (ADMIN, *one.roles))
        for rol in sorted(roles)
    }
    granted[ADMIN] = frozenset(declared)
    ctx.session.add(Rol(nombre="SIN_NADA"))
    ctx.session.flush()
    granted["SIN_NADA"] = frozenset()
    made = [
        Caller(rol, held, access.add_user(ctx, rol.lower(), rol)) for rol, held in granted.items()
    ]
    admin = access.add_user(ctx, "maquina", ADMIN)
    gone = access.add_user(ctx, "despedida", ADMIN, activo=False)
    vendedor = access.add_user(ctx, "robot", "VENDEDOR")
    every = sorted(declared)
    return [
        Caller("nadie"),
        *made,
        Caller("desactivada", None, gone),
        Caller("clave_desactivada", None, None, access.add_key(ctx, gone, every)),
        Caller("clave_con_todo", frozenset(declared), None, access.add_key(ctx, admin, every)),
        Caller("clave_sin_nada", frozenset(), None, access.add_key(ctx, admin, [])),
        Caller(
            "clave_de_vendedor", granted["VENDEDOR"], None, access.add_key(ctx, vendedor, every)
        ),
        Caller("clave_inventada", None, None, credentials.new_key()),
    ]


@pytest.fixture(scope="module")
def client(shared_runtime: Runtime) -> Iterator[TestClient]:
    """A client of the running app, which signs in nowhere."""
    with TestClient(processes.web_app(shared_runtime), raise_server_exceptions=False) as opened:
        yield opened


def address(one: Endpoint, caller: Caller) -> str:
    """Return an address that no record answers to; where people serve themselves, their own."""
    filled = one.path
    if not one.permission and caller.usuario_id is not None:
        filled = filled.replace(f"{PEOPLE}{{id}}/", f"{PEOPLE}{caller.usuario_id}/")
    filled = re.sub(r"{(\w*id)}", str(NOBODY_HAS), filled)
    return re.sub(r"{\w+}", "nada", filled)


def call(client: TestClient, one: Endpoint, caller: Caller, headers: Mapping[str, str]) -> Any:
    body: dict[str, Any] = {}
    if one.takes_files:
        body = {"files": {"inventado": b"1"}}
    elif one.body is not None:
        body = {"json": {"inventado": 1}}
    return client.request(one.method, address(one, caller), headers=dict(headers), **body)


def test_every_address_answers_every_caller_as_declared(
    client: TestClient, shared_runtime: Runtime, callers: list[Caller]
) -> None:
    wrong = []
    for one in closed(shared_runtime.registry):
        signed = access.sign_in(shared_runtime, callers)  # anew: some addresses end a session
        for caller in callers:
            answer = call(client, one, caller, signed[caller.name])
            want = expected(caller, one)
            got = answer.status_code
            if got >= 500 or (want or 0) != (got if got in (401, 403) else 0):
                wrong.append((one.method, one.path, caller.name, want, got, answer.text[:200]))
    assert not wrong, f"{len(wrong)}: {wrong[:20]}"


def test_who_serves_themselves_cannot_serve_another(
    client: TestClient, shared_runtime: Runtime, callers: list[Caller]
) -> None:
    [vendedor] = [one for one in callers if one.name == "VENDEDOR"]
    [another] = [one for one in callers if one.name == "CAJERO"]
    own = [
        one
        for one in shared_runtime.registry.endpoints
        if one.permission == "" and one.path.startswith(f"{PEOPLE}{{id}}/")
    ]
    headers = dict(access.sign_in(shared_runtime, [vendedor])["VENDEDOR"])
    for one in own:
        path = address(one, replace(vendedor, usuario_id=another.usuario_id))
        codigo = {"codigo": "123456"} if one.body is not None else None
        answer = client.request(one.method, path, json=codigo, headers=headers)
        assert answer.status_code in (403, 404), (one.path, answer.text)


def closed(registry: Registry) -> list[Endpoint]:
    """Return the addresses that ask who calls."""
    return [one for one in registry.endpoints if not one.public]


def test_public_address_answers_everybody_alike(
    client: TestClient, shared_runtime: Runtime, callers: list[Caller]
) -> None:
    signed = access.sign_in(shared_runtime, callers)
    for one in shared_runtime.registry.endpoints:
        if one.public:
            answers = {
                call(client, one, caller, signed[caller.name]).status_code for caller in callers
            }
            assert len(answers - {429}) <= 1, (one.path, answers)
            assert answers <= {200, 204, 302, 303, 400, 401, 404, 429}, (one.path, answers)


def test_matrix_has_something_to_say(registry: Registry, callers: list[Caller]) -> None:
    verdicts = [expected(caller, one) for one in closed(registry) for caller in callers]
    assert len(verdicts) > 1500
    assert {None, 401, 403} == set(verdicts)
    assert verdicts.count(403) > 300


def test_what_is_no_endpoint_is_known_by_name(
    client: TestClient, shared_runtime: Runtime, callers: list[Caller]
) -> None:
    """A route beside the endpoints has no declared permission: whoever adds one decides here."""
    found = {str(getattr(route, "path", route)) for route in pages.routes(shared_runtime)}
    assert found == ROUTES.keys()
    for path, status in ROUTES.items():
        assert client.get(path).status_code == status, path
    allowed = access.sign_in(shared_runtime, callers)["SIN_NADA"]
    for path, status in ROUTES.items():
        if status == 401:
            assert client.get(path, headers=dict(allowed)).status_code in (200, 401), path


def test_route_without_a_permission_cannot_be_declared() -> None:
    with pytest.raises(ConfigurationError, match="say permission=… or public=True"):

        @endpoint("GET", "/api/abierta/")
        def open_to_all(ctx: Ctx) -> None:
            """Nothing."""


# Fields that a role may not read -----------------------------------------------------------------


def fields_of(resource: Resource) -> list[str]:
    """Return every field that a list shows, filters, searches or sorts by, but the id."""
    sorts = [name.lstrip("-") for name in resource.sort]
    names = [*resource.fields, *resource.filters, *resource.search, *sorts]
    return [name for name in dict.fromkeys(names) if name != "id"]


@pytest.fixture(scope="module")
def veiled(shared_runtime: Runtime) -> Iterator[Runtime]:
    """The same shop, where a field rule lies on every field of every resource."""
    registry = shared_runtime.registry
    named = {(one.model, name) for one in registry.resources for name in fields_of(one)}
    rules = tuple(FieldRule(model, name, HIDDEN_BY) for model, name in named)
    made = {
        (old.method, old.path): new.owned_by(old.addon)
        for resource in registry.resources
        for old, new in zip(
            resource.endpoints(registry.field_rules), resource.endpoints(rules), strict=True
        )
    }
    endpoints = tuple(made.get((one.method, one.path), one) for one in registry.endpoints)
    changed = replace(registry, field_rules=rules, endpoints=endpoints)
    runtime = runtime_of(shared_runtime.settings, changed)
    runtime.transact(_make_readers)
    yield runtime
    runtime.close()


def _make_readers(ctx: Ctx) -> None:
    """Make a role that may do all, and one that may besides see what is hidden."""
    for nombre in ("LEE_TODO", "LEE_MENOS"):
        rol = Rol(nombre=nombre)
        ctx.session.add(rol)
        ctx.session.flush()
        names = [*ctx.runtime.registry.permissions, *([HIDDEN_BY] * (nombre == "LEE_TODO"))]
        for modulo, _, accion in (name.rpartition(".") for name in names):
            ctx.session.add(Permiso(rol_id=rol.id, modulo=modulo, accion=accion, permitido=True))


@pytest.fixture(scope="module")
def readers(veiled: Runtime) -> Iterator[tuple[TestClient, TestClient]]:
    """Clients of who may see every field, and of who may see none but the id."""
    people = veiled.transact(
        lambda ctx: [
            Caller(rol, None, access.add_user(ctx, rol.lower(), rol))
            for rol in ("LEE_TODO", "LEE_MENOS")
        ]
    )
    signed = access.sign_in(veiled, people)
    app = processes.web_app(veiled)
    with TestClient(app, raise_server_exceptions=False) as one:
        two = TestClient(app, raise_server_exceptions=False)
        two.portal = one.portal
        one.headers.update(signed["LEE_TODO"])
        two.headers.update(signed["LEE_MENOS"])
        yield one, two


def lists(runtime: Runtime) -> list[Resource]:
    return [one for one in runtime.registry.resources if "list" in one.actions]


def told(answer: Any) -> tuple[int, list[tuple[str, str, str]]]:
    """Return status and errors of a refusal: all that may differ between two of them."""
    errors = answer.json().get("errors", [])
    return answer.status_code, [(one["field"], one["code"], one["message"]) for one in errors]


SAMPLES = {
    "int": "1",
    "Decimal": "1",
    "str": "x",
    "bool": "true",
    "datetime": "2026-01-01",
    "date": "2026-01-01",
}


def test_hidden_field_is_in_no_row(veiled: Runtime, readers: tuple[TestClient, TestClient]) -> None:
    sees, less = readers
    compared = 0
    for one in lists(veiled):
        whole, rest = sees.get(one.path).json()["items"], less.get(one.path).json()["items"]
        hidden = set(fields_of(one))
        assert [row["id"] for row in rest] == [row["id"] for row in whole][: len(rest)], one.path
        for row in rest:
            assert not hidden & row.keys(), one.path
        for row in whole[:1]:
            assert set(one.fields) <= row.keys(), one.path
            if "detail" in one.actions:
                assert not hidden & less.get(f"{one.path}{row['id']}/").json().keys(), one.path
                compared += 1
        if "export" in one.actions:
            header = less.get(f"{one.path}exportar/").text.partition("\r\n")[0]
            assert not hidden & set(header.lstrip("\ufeff").split(",")), one.path
    assert compared >= 5


def test_hidden_field_cannot_be_selected(
    veiled: Runtime, readers: tuple[TestClient, TestClient]
) -> None:
    sees, less = readers
    for one in lists(veiled):
        for name in set(fields_of(one)) & set(one.fields):
            assert sees.get(one.path, params={"fields": name}).status_code == 200
            status, errors = told(less.get(one.path, params={"fields": f"id,{name}"}))
            unknown = told(less.get(one.path, params={"fields": "id,inventado"}))
            said = [(field, code, text.replace(name, "inventado")) for field, code, text in errors]
            assert (status, said) == unknown, (one.path, name)


def test_hidden_field_cannot_be_sorted_by(
    veiled: Runtime, readers: tuple[TestClient, TestClient]
) -> None:
    sees, less = readers
    for one in lists(veiled):
        for name in {sort.lstrip("-") for sort in one.sort} - {"id"}:
            for sort in (name, f"-{name}"):
                assert sees.get(one.path, params={"sort": sort}).status_code == 200
                status, [(field, code, _)] = told(less.get(one.path, params={"sort": sort}))
                assert (status, field, code) == (400, "sort", "campo_desconocido"), one.path


def test_hidden_field_cannot_be_filtered_by_and_tells_nothing(
    veiled: Runtime, readers: tuple[TestClient, TestClient]
) -> None:
    """A value that a record has and one that none has get the same answer."""
    sees, less = readers
    for one in lists(veiled):
        row: dict[str, Any] = next(iter(sees.get(one.path).json()["items"]), {})
        for parameter, filtered in one.filter_set.items():
            name = filtered.column.key
            if name == "id":
                continue
            there = row.get(name)
            values = {SAMPLES[filtered.kind.__name__]}
            if there is not None:
                values.add(str(there).lower() if isinstance(there, bool) else str(there))
            for value in values:
                accepted = sees.get(one.path, params={parameter: value})
                assert accepted.status_code == 200, (one.path, parameter, value)
                refused = told(less.get(one.path, params={parameter: value}))
                message = "Esta lista no tiene ese filtro."
                assert refused == (400, [(parameter, "filtro_desconocido", message)]), one.path


def test_hidden_field_cannot_be_searched(
    veiled: Runtime, readers: tuple[TestClient, TestClient]
) -> None:
    sees, less = readers
    for one in lists(veiled):
        if one.search:
            for word in ("a", "zzzz"):
                assert sees.get(one.path, params={"q": word}).status_code == 200
                status, [(field, code, _)] = told(less.get(one.path, params={"q": word}))
                assert (status, field, code) == (400, "q", "filtro_desconocido"), one.path
