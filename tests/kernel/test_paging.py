"""Pages by key: cursors come back as they went, and a walk meets every row exactly once."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from kernel import paging
from kernel.errors import ValidationFailed
from kernel.listing import page
from kernel.registry import Registry
from kernel.resource import Resource
from kernel.runtime import Runtime
from tests.shop import Shop

ids = st.integers(1, 2**63 - 1)
stored_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
stored_decimals = st.decimals(
    min_value=-(10**14), max_value=10**14, allow_nan=False, allow_infinity=False, places=6
)
moments = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
KINDS: dict[type[Any], st.SearchStrategy[Any]] = {
    str: stored_texts,
    int: st.integers(-(2**63) + 1, 2**63 - 1),
    Decimal: stored_decimals,
    datetime: moments,
    date: st.dates(),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_decode_of_encode_gives_the_position_back(kind: type[Any]) -> None:
    @given(KINDS[kind], ids)
    def check(value: Any, row_id: int) -> None:
        cursor = paging.encode("-campo", value, row_id)
        assert paging.decode(cursor, "-campo", kind) == (value, row_id)
        assert cursor.isascii()
        assert not set(cursor) & set("+/=&? ")

    check()


def cursor_of(*content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


TAMPERED = [
    "",
    "x",
    "=",
    "☃",
    "AAAA",
    "e30",
    paging.encode("id", 5, 5)[:-2],
    paging.encode("otro", "a", 5),
    cursor_of("nombre", "a"),
    cursor_of("nombre", "a", 5, 6),
    cursor_of("nombre", "a", "5"),
    cursor_of("nombre", "a", 0),
    cursor_of("nombre", "a", -1),
    cursor_of("nombre", "a", 2**63),
    cursor_of("nombre", "a", 1.5),
    cursor_of("nombre", "a", None),
    cursor_of("nombre", None, 5),
    cursor_of("nombre", 7, 5),
    cursor_of("nombre", ["a"], 5),
    cursor_of("nombre", "a\x00b", 5),
    cursor_of("nombre", "a\ud800b", 5),
    base64.urlsafe_b64encode(b"[" * 5000).decode(),
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    base64.urlsafe_b64encode(b'["nombre", NaN, 5]').decode(),
    base64.urlsafe_b64encode(b'["nombre", "a", ' + b"9" * 5000 + b"]").decode(),
]


@pytest.mark.parametrize("cursor", TAMPERED)
def test_decode_of_what_we_never_made_is_refused(cursor: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        paging.decode(cursor, "nombre", str)
    assert [(one.field, one.code) for one in refusal.value.errors] == [("next", "cursor")]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, "a"),
        (int, True),
        (int, 2**63),
        (int, 1.5),
        (Decimal, "a"),
        (Decimal, "NaN"),
        (Decimal, "Infinity"),
        (Decimal, "sNaN"),
        (Decimal, "1E+31"),
        (Decimal, "1" * 40),
        (Decimal, None),
        (Decimal, []),
        (datetime, "ayer"),
        (datetime, "2026-01-31T10:00"),
        (datetime, 5),
        (date, "2026-02-30"),
        (date, None),
    ],
)
def test_decode_of_a_value_of_another_type_is_refused(kind: type[Any], value: Any) -> None:
    with pytest.raises(ValidationFailed):
        paging.decode(cursor_of("campo", value, 5), "campo", kind)


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.hex()))
def test_decode_of_any_text_is_accepted_or_refused(cursor: str) -> None:
    with pytest.raises(ValidationFailed):
        paging.decode(cursor, "campo", str)


def test_list_tampered_cursors_are_400_and_never_500(admin: TestClient) -> None:
    for cursor in TAMPERED[1:]:
        answer = admin.get("/api/productos/", params={"sort": "nombre", "next": cursor})
        assert answer.status_code == 400, cursor
        assert [one["field"] for one in answer.json()["errors"]] == ["next"]


def test_list_cursor_of_another_sort_or_direction_is_refused(admin: TestClient) -> None:
    first = admin.get("/api/productos/?limit=2&sort=nombre").json()
    for sort in ("-nombre", "sku", "id"):
        answer = admin.get("/api/productos/", params={"sort": sort, "next": first["next"]})
        assert answer.status_code == 400
    assert admin.get(f"/api/productos/?sort=nombre&next={first['next']}").status_code == 200


BAD_QUERIES = {
    "limit=0": "limit",
    "limit=-1": "limit",
    "limit=501": "limit",
    "limit=abc": "limit",
    "limit=1.5": "limit",
    "limit=": "limit",
    f"limit={'9' * 5000}": "limit",
    "sort=precio,id": "sort",
    "sort=costo; DROP TABLE productos": "sort",
    "sort=password_hash": "sort",
    "sort=--id": "sort",
    "sort=id&sort=-id": "sort",
    "next=a&next=b": "next",
    "offset=5": "offset",
    "page=2": "page",
    "q=a%00b": "q",
    "%00=1": "\x00",
    "fields=": "fields",
    "fields=nombre,nada": "fields",
    "fields=*": "fields",
    f"next={'A' * 1001}": "next",
}


def test_list_bad_query_is_a_400_that_names_it(admin: TestClient) -> None:
    for query, field in BAD_QUERIES.items():
        answer = admin.get(f"/api/productos/?{query}")
        assert answer.status_code == 400, query
        assert answer.headers["content-type"] == "application/problem+json"
        assert field in {one["field"] for one in answer.json()["errors"]}, query


def test_list_query_that_is_no_utf_8_is_refused(admin: TestClient) -> None:
    for query in ("q=%FF", "%FF=1", "q=%ED%A0%80"):
        answer = admin.get(f"/api/productos/?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "consulta_invalida"), query


def walk(client: TestClient, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    """Yield the items of every page in order."""
    following = None
    while True:
        answer = client.get(path, params={**query, **({"next": following} if following else {})})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        yield from found["items"]
        following = found["next"]
        if following is None:
            return
        assert len(found["items"]) == int(query["limit"])


@pytest.mark.parametrize("sort", ["id", "-id", "nombre", "-nombre", "precio", "-precio", "-sku"])
def test_list_walk_meets_every_product_once_in_order(
    admin: TestClient, shop: Shop, sort: str
) -> None:
    for limit in (1, 3, 10, 11):
        items = list(walk(admin, "/api/productos/", sort=sort, limit=limit))
        assert sorted(item["id"] for item in items) == shop.productos
        name = sort.lstrip("-")
        keys = [(item[name], item["id"]) for item in items]
        assert keys == sorted(keys, reverse=sort.startswith("-"))


def test_list_walk_while_rows_are_added_and_taken_meets_the_others_once(
    admin: TestClient, shop: Shop
) -> None:
    seen: list[int] = []
    for number, item in enumerate(walk(admin, "/api/productos/", sort="nombre", limit=2)):
        seen.append(item["id"])
        for prefix in ("A", "Z"):
            body = {"sku": f"{prefix}{number}", "nombre": f"{prefix} {number:03}", "precio": "1"}
            if number < 5:
                assert admin.post("/api/productos/", json=body).status_code == 201
    assert len(seen) == len(set(seen))
    assert set(shop.productos) <= set(seen)


@pytest.fixture(scope="module")
def ventas(shared_runtime: Runtime) -> Engine:
    """The database of a shop with one caja, for sales written at random."""
    shop = shared_runtime.transact(Shop.of)
    with shared_runtime.database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO cajas (sucursal_id, usuario_id, monto_apertura, fecha_apertura)"
                " VALUES (:sucursal, :usuario, 0, now())"
            ),
            {"sucursal": shop.sucursales[0], "usuario": shop.usuarios["admin"]},
        )
    return shared_runtime.database.engine


def write_sales(connection: Connection, seconds: list[int], first: int) -> None:
    """Write a sale at each number of seconds after a fixed instant."""
    connection.execute(
        text(
            "INSERT INTO ventas (serie, numero, cliente_id, usuario_id, sucursal_id, caja_id,"
            " fecha, subtotal, igv, total, estado, modo_emision)"
            " SELECT 'X', one.numero, (SELECT min(id) FROM clientes), usuario_id, sucursal_id, id,"
            " one.fecha, 1, 0, 1, 'registrada', 'pos'"
            " FROM cajas, unnest(:numeros ::bigint[], :fechas ::timestamptz[]) one (numero, fecha)"
        ),
        {
            "numeros": list(range(first, first + len(seconds))),
            "fechas": [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n) for n in seconds],
        },
    )


def resource_at(registry: Registry, path: str) -> Resource:
    (found,) = [one for one in registry.resources if one.path == path]
    return found


@pytest.mark.parametrize("sort", ["fecha", "-fecha", "id", "-id"])
def test_page_over_random_moments_meets_every_sale_once(
    sort: str, ventas: Engine, shared_runtime: Runtime, registry: Registry
) -> None:
    resource = resource_at(registry, "/api/ventas/")
    query_type = next(
        one.query
        for one in registry.endpoints
        if one.path == "/api/ventas/" and one.method == "GET" and one.query
    )

    def items(**query: Any) -> tuple[list[dict[str, Any]], str | None]:
        asked = query_type(sort=sort, serie="X", **query)
        outcome = shared_runtime.transact(lambda ctx: page(ctx, resource, asked))
        document = json.loads(outcome.body)
        return document["items"], document["next"]

    # Few different instants: equal sort values are the rule, not the exception.
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.lists(st.integers(0, 3), min_size=1, max_size=25),
        st.lists(st.integers(-1, 4), max_size=5),
        st.integers(1, 7),
    )
    def check(at_first: list[int], meanwhile: list[int], limit: int) -> None:
        with ventas.begin() as connection:
            connection.execute(text("DELETE FROM ventas"))
            write_sales(connection, at_first, 1)
        found, following = items(limit=limit)
        with ventas.begin() as connection:
            write_sales(connection, meanwhile, 1000)
        while following:
            more, following = items(limit=limit, next=following)
            found += more
        numbers = [item["numero"] for item in found]
        assert len(numbers) == len(set(numbers))
        assert set(range(1, len(at_first) + 1)) <= set(numbers)
        keys = [(item[sort.lstrip("-")], item["id"]) for item in found]
        assert keys == sorted(keys, reverse=sort.startswith("-"))

    check()
