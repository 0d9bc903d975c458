"""Bad input for every address that takes a body: a 4xx that names every bad field, nothing written.

What is wrong for a field follows from the OpenAPI document, so that a new address is tried as well.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from starlette.testclient import TestClient

from kernel import openapi
from kernel.http import WITH_BODY, Endpoint
from kernel.registry import Registry
from kernel.runtime import Runtime
from tests.contents import changed, contents
from tests.shop import Shop, abrir_caja

MALFORMED = [
    b"",
    b" ",
    b"{",
    b'{"a": 1,}',
    b"{'a': 1}",
    b'{"a": NaN}',
    b'{"a": -Infinity}',
    b'{"a": 01}',
    b"{} {}",
    b"\xff\xfe{\x00}\x00",
    b'{"a": "\xff"}',
    b'{"a": "\xed\xa0\x80"}',
    b'{"a": ' + b"9" * 5000 + b"}",
    b'{"a": 1e999999999999999999999}',
    b"[" * 50_000,
    b'{"a":' * 50_000,
    gzip.compress(b"{}"),
    "{}".encode("utf-16"),
]
NOT_OBJECTS = [b"null", b"true", b"5", b'"a"', b"[]", b"[{}]"]

# What no field takes, whatever its type: the JSON text, and nothing to look up.
NEVER = [
    r'"a\u0000b"',
    r'"\ud800"',
    '"' + "x" * 100_000 + '"',
    "0." + "1" * 30,
    "1e400",
    "-1E-400",
    "1" * 300,
    '{"\\ud800": "\\u0000"}',
    "[" * 60 + "]" * 60,
]
# What some fields take: those whose schema allows it are left out.
SOMETIMES = [
    "null",
    "true",
    "0",
    "-1",
    "1.5",
    "1" * 30,
    "[]",
    "{}",
    "[null]",
    '""',
    '"😀"',
    '"مرحبا\u202e"',
    '"1e5"',
    '"NaN"',
    '"-1"',
    '"true"',
    '"2026-02-30"',
]


@pytest.fixture(scope="module")
def document(registry: Registry) -> dict[str, Any]:
    """The OpenAPI document of our addons."""
    return openapi.document(registry)


def with_body(registry: Registry) -> list[Endpoint]:
    """Return the endpoints that take JSON; forms with files are in ``kernel/test_uploads.py``."""
    bodies = (one for one in registry.endpoints if one.method in WITH_BODY and one.body is not None)
    return [one for one in bodies if not one.takes_files]


def body_schema(document: dict[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    """Return the schema of an endpoint's body."""
    operation = document["paths"][endpoint.path][endpoint.method.lower()]
    schema: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
    return resolved(document, schema)


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


Place = tuple[str, ...]


def judges(
    document: dict[str, Any], schema: dict[str, Any]
) -> list[tuple[Place, Draft202012Validator]]:
    """Return what tells of each place which values its schema allows; dear to make."""
    components = {"components": document["components"]}
    return [
        (place, Draft202012Validator({**components, **field}))
        for place, field in places(document, schema)
    ]


def places(
    document: dict[str, Any], schema: dict[str, Any]
) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield place and schema of each field, also inside lists of objects."""
    for name, field in schema["properties"].items():
        yield (name,), field
        items = field.get("items")
        inner = resolved(document, items) if items else {}
        for member, its_schema in inner.get("properties", {}).items():
            yield (name, "0", member), its_schema


def bodies(wrong: list[Place], raw: str) -> Iterator[str]:
    """Yield a body with the value in every plain field, and one in every field inside a list."""
    if plain := [name for name, *inside in wrong if not inside]:
        yield "{" + ", ".join(f'"{name}": {raw}' for name in plain) + "}"
    lists: dict[str, list[str]] = {}
    for name, *inside in wrong:
        if inside:
            lists.setdefault(name, []).append(f'"{inside[1]}": {raw}')
    if lists:
        yield "{" + ", ".join(f'"{n}": [{{{", ".join(m)}}}]' for n, m in lists.items()) + "}"


def address(endpoint: Endpoint) -> str:
    return endpoint.path.replace("{id}", "1").replace("{name}", "kernel.Regional")


def send(client: TestClient, endpoint: Endpoint, raw: bytes | str) -> dict[str, Any]:
    """Return the problem document that a body is refused with."""
    content = raw.encode() if isinstance(raw, str) else raw
    answer = client.request(
        endpoint.method,
        address(endpoint),
        content=content,
        headers={"Content-Type": "application/json"},
    )
    where = (endpoint.method, endpoint.path, content[:200], answer.text[:500])
    assert answer.status_code == 400, where
    assert answer.headers["content-type"] == "application/problem+json", where
    document: dict[str, Any] = answer.json()
    return document


def named(problem: dict[str, Any]) -> set[str]:
    return {one["field"] for one in problem["errors"]}


def test_body_that_is_no_json_object_is_refused_everywhere(
    admin: TestClient, registry: Registry, runtime: Runtime
) -> None:
    before = contents(runtime)
    for endpoint in with_body(registry):
        for raw in MALFORMED:
            assert send(admin, endpoint, raw)["code"] == "json_invalido"
        for raw in NOT_OBJECTS:
            assert named(send(admin, endpoint, raw)) == {""}
    assert not changed(before, contents(runtime))


def test_field_of_a_wrong_value_is_named_everywhere(
    admin: TestClient, registry: Registry, runtime: Runtime, document: dict[str, Any]
) -> None:
    before = contents(runtime)
    for endpoint in with_body(registry):
        judged = judges(document, body_schema(document, endpoint))
        for raw in (*NEVER, *SOMETIMES):
            wrong = [
                place
                for place, judge in judged
                if raw in NEVER or not judge.is_valid(json.loads(raw))
            ]
            found: set[str] = set()
            for body in bodies(wrong, raw):
                found |= named(send(admin, endpoint, body))
            for place in wrong:
                path = ".".join(place)
                told = any(one == path or one.startswith(f"{path}.") for one in found)
                assert told, (endpoint.path, path, raw[:60], found)
    assert not changed(before, contents(runtime))


def test_unknown_and_missing_and_repeated_fields_are_named_everywhere(
    admin: TestClient, registry: Registry, runtime: Runtime, document: dict[str, Any]
) -> None:
    before = contents(runtime)
    for endpoint in with_body(registry):
        schema = body_schema(document, endpoint)
        required = set(schema.get("required", ()))
        found = named(send(admin, endpoint, '{"inventado": 1, "otro": {"x": []}}'))
        assert found == {"inventado", "otro"} | required
        first = next(iter(schema["properties"]))
        twice = f'{{"{first}": 1, "{first}": 2}}'
        assert named(send(admin, endpoint, twice)) == {first}
    assert not changed(before, contents(runtime))


def test_list_of_ten_thousand_is_named_everywhere(
    admin: TestClient, registry: Registry, runtime: Runtime, document: dict[str, Any]
) -> None:
    before = contents(runtime)
    tried = 0
    for endpoint in with_body(registry):
        for name, field in body_schema(document, endpoint)["properties"].items():
            if field.get("type") == "array":
                raw = json.dumps({name: [None] * 10_000})
                assert name in {one.partition(".")[0] for one in named(send(admin, endpoint, raw))}
                tried += 1
    assert tried >= 4
    assert not changed(before, contents(runtime))


def test_crear_venta_of_bad_input_names_every_bad_field(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    good = shop.venta(caja)
    uno = shop.productos[0]
    linea, pago = {"producto_id": uno, "cantidad": 1}, {"metodo": "efectivo", "monto": "100"}
    cases: list[tuple[dict[str, Any], set[str]]] = [
        (
            {"detalle": [linea | {"cantidad": -1}, linea | {"cantidad": 0}]},
            {"detalle.0.cantidad", "detalle.1.cantidad"},
        ),
        ({"detalle": [linea] * 10_000}, {"detalle"}),
        ({"detalle": []}, {"detalle"}),
        ({"detalle": [linea | {"cantidad": "1" * 30}]}, {"detalle.0.cantidad"}),
        ({"detalle": [linea | {"cantidad": "1.00001"}]}, {"detalle.0.cantidad"}),
        ({"detalle": [linea | {"precio_unitario": "-0.01"}]}, {"detalle.0.precio_unitario"}),
        ({"detalle": [linea | {"precio_unitario": "1e5"}]}, {"detalle.0.precio_unitario"}),
        ({"detalle": [linea | {"descuento": "-1"}]}, {"detalle.0.descuento"}),
        ({"detalle": [linea | {"producto_id": "1"}]}, {"detalle.0.producto_id"}),
        ({"detalle": [linea | {"producto_id": 2**63}]}, {"detalle.0.producto_id"}),
        ({"detalle": [linea | {"nota": "x"}]}, {"detalle.0.nota"}),
        ({"formas_pago": [pago | {"monto": 0}]}, {"formas_pago.0.monto"}),
        ({"formas_pago": [pago | {"monto": 10**30}]}, {"formas_pago.0.monto"}),
        ({"formas_pago": [pago | {"metodo": "💵"}]}, {"formas_pago.0.metodo"}),
        ({"formas_pago": [pago | {"referencia": "a\0b"}]}, {"formas_pago.0.referencia"}),
        ({"formas_pago": [pago | {"referencia": "x" * 251}]}, {"formas_pago.0.referencia"}),
        ({"formas_pago": [pago] * 21}, {"formas_pago"}),
        ({"modo_emision": "fax"}, {"modo_emision"}),
        (
            {"cliente_id": None, "caja_id": -1, "sucursal_id": 1.5},
            {"cliente_id", "caja_id", "sucursal_id"},
        ),
        ({"total": "0.01", "usuario_id": 1}, {"total", "usuario_id"}),
    ]
    before = contents(runtime)
    for change, fields in cases:
        answer = cajero.post("/api/ventas/", json=good | change)
        assert answer.status_code == 400, change
        assert named(answer.json()) == fields
    assert not changed(before, contents(runtime))
    emoji = good | {"formas_pago": [{"metodo": "efectivo", "monto": 100, "referencia": "😀 مرحبا"}]}
    venta = cajero.post("/api/ventas/", json=emoji).json()
    assert venta["formas_pago"][0]["referencia"] == "😀 مرحبا"
