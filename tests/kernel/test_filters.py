"""Filters of lists: what each type allows, whole days in the company's zone, and bad values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import ColumnElement, select
from starlette.testclient import TestClient

from addons.sales.models import Caja, Cliente, Producto
from kernel import filters
from kernel.context import Ctx
from kernel.errors import ConfigurationError, FieldError
from kernel.registry import Registry
from kernel.runtime import Runtime
from tests.shop import Shop

LIMA = ZoneInfo("America/Lima")


@pytest.mark.usefixtures("registry")
def test_declared_gives_each_type_its_operators() -> None:
    columns = [Producto.precio, Producto.sku, Producto.activo, Caja.fecha_apertura]
    assert set(filters.declared(columns)) == {
        "precio",
        "precio__gt",
        "precio__gte",
        "precio__lt",
        "precio__lte",
        "sku",
        "sku__in",
        "activo",
        "fecha_apertura",
        "fecha_apertura__gt",
        "fecha_apertura__gte",
        "fecha_apertura__lt",
        "fecha_apertura__lte",
    }


@pytest.mark.usefixtures("registry")
def test_declared_of_a_json_column_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Cliente\.tags"):
        filters.declared([Cliente.tags])


GOOD = {
    "id": ["1", "-5", "9223372036854775807"],
    "id__in": ["1", "1,2,3", ",".join(["7"] * 100)],
    "precio__lt": ["1", "-1.5", "9999999999.999999"],
    "activo": ["true", "false"],
    "sku": ["", "a,b", "😀", "x" * 250, "%_\\'\";--"],
    "created_at__gte": [
        "2026-01-31",
        "0001-01-01",
        "2026-01-31T10:00",
        "2026-01-31 10:00:00.123456+00:00",
        "9999-12-31T23:59:59-23:59",
    ],
}
BAD = {
    "id": ["", " 1", "1.0", "1_000", "+1", "１", "abc", str(2**63), str(-(2**63)), "9" * 5000],
    "id__in": ["", "1,", "1,a", ",".join(["7"] * 101)],
    "precio__lt": ["", "1e2", "NaN", "Infinity", "1_0", "5.", "1" * 30, "0." + "1" * 30, "--1"],
    "activo": ["", "1", "yes", "True", "verdadero"],
    "sku": ["x" * 251],
    "created_at__gte": ["", "5", "1e300", "now", "2026-13-01", "2026-02-30", "10000-01-01", "hoy"],
    "created_at__lte": ["9999-12-31"],
    "nada": ["1"],
    "sku__gte": ["a"],
    "activo__in": ["true"],
}


def known() -> dict[str, filters.Filter]:
    names = ("id", "precio", "activo", "sku", "created_at")
    return filters.declared([getattr(Producto, name) for name in names])


def conditions(
    declared: dict[str, filters.Filter], given: dict[str, str]
) -> tuple[list[ColumnElement[bool]], dict[str, Any], list[FieldError]]:
    """Return the conditions of these parameters, their values, and what is wrong with them."""
    terms, faults = filters.read(declared, given, LIMA)
    found: list[ColumnElement[bool]] = []
    values: dict[str, Any] = {}
    for name, asked in terms.items():
        one = declared[name]
        found += one.comparisons([operator for operator, _ in asked])
        values |= {one.name(place): value for place, (_, value) in enumerate(asked)}
    return found, values, faults


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in GOOD.items() for v in values])
def test_conditions_of_good_value_runs_in_the_database(
    name: str, value: str, shared_runtime: Runtime
) -> None:
    found, values, faults = conditions(known(), {name: value})
    assert not faults
    query = select(Producto.id).where(*found)
    shared_runtime.transact(lambda ctx: ctx.session.execute(query, values).all())


@pytest.mark.usefixtures("registry")
def test_conditions_of_bad_values_names_every_one() -> None:
    for name, values in BAD.items():
        for value in values:
            found, _, faults = conditions(known(), {name: value, "id__lt": "5"})
            assert [fault.field for fault in faults] == [name], value
            assert "{" not in faults[0].message
            assert len(found) == 1
    everything = {name: values[0] for name, values in BAD.items()}
    *_, faults = conditions(known(), everything)
    assert {fault.field for fault in faults} == set(BAD)


def test_conditions_whole_day_is_the_companys_day(shared_runtime: Runtime) -> None:
    midnight = datetime(2026, 7, 28, tzinfo=LIMA).astimezone(UTC)
    moments = [midnight + timedelta(seconds=s) for s in (-1, 0, 86_399, 86_400)]
    expected = {
        "fecha_apertura": [1, 2],
        "fecha_apertura__gte": [1, 2, 3],
        "fecha_apertura__gt": [3],
        "fecha_apertura__lte": [0, 1, 2],
        "fecha_apertura__lt": [0],
    }
    shop = shared_runtime.transact(Shop.of)

    def write(ctx: Ctx) -> None:
        place = {"sucursal_id": shop.sucursales[0], "usuario_id": shop.usuarios["admin"]}
        for number, at in enumerate(moments):
            caja = Caja(monto_apertura=number, fecha_apertura=at, estado="cerrada", **place)
            ctx.session.add(caja)

    shared_runtime.transact(write)
    declared = filters.declared([Caja.fecha_apertura])
    for name, positions in expected.items():
        found, values, faults = conditions(declared, {name: "2026-07-28"})
        assert not faults
        query = select(Caja.monto_apertura).where(*found).order_by(Caja.monto_apertura)
        seen = shared_runtime.transact(
            lambda ctx, q=query, v=values: list(ctx.session.scalars(q, v))
        )
        assert seen == positions, name


def test_list_filters_by_all_declared_parameters_together(
    admin: TestClient, shop: Shop, registry: Registry
) -> None:
    samples = {int: "1", Decimal: "1", str: "a", bool: "true"}
    samples |= {date: "2026-01-31", datetime: "2026-01-31"}
    for resource in registry.resources:
        query = {name: samples[one.kind] for name, one in resource.filter_set.items()}
        answer = admin.get(resource.path, params=query)
        assert answer.status_code == 200, (resource.path, answer.text)


def test_list_search_finds_text_in_any_case_and_takes_wildcards_as_they_are(
    admin: TestClient, shop: Shop
) -> None:
    for sku, name in (("A%B", "Azúcar Rubia"), ("AxB", "Arroz_Extra"), ("C\\D", "Leche 100%")):
        body = {"sku": sku, "nombre": name, "precio": "1"}
        assert admin.post("/api/productos/", json=body).status_code == 201

    def found(text: str) -> set[str]:
        items = admin.get("/api/productos/", params={"q": text}).json()["items"]
        return {item["sku"] for item in items}

    assert found("azúcar rUBIA") == found("AZUCAR") == found("àzücar") == {"A%B"}
    assert found("%") == {"A%B", "C\\D"}
    assert found("a%b") == {"A%B"}
    assert found("_") == {"AxB"}
    assert found("c\\d") == {"C\\D"}
    assert found("' OR 1=1 --") == set()
    assert len(found("  ")) == 13


def test_list_every_bad_parameter_is_named_at_once(admin: TestClient) -> None:
    query = "cliente_id=x&total__gte=y&fecha=ayer&estado=a&numero__in=1,z&limit=0&nada=1&sort=x"
    answer = admin.get(f"/api/ventas/?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert {one["field"] for one in answer.json()["errors"]} == {
        "cliente_id",
        "total__gte",
        "fecha",
        "numero__in",
        "limit",
        "nada",
        "sort",
    }
    messages = {one["field"]: one["message"] for one in answer.json()["errors"]}
    assert messages["cliente_id"] == "Debe ser un número entero."


def test_list_cajas_by_estado_finds_the_open_ones(admin: TestClient, shop: Shop) -> None:
    body = {"sucursal_id": shop.sucursales[1], "monto_apertura": "50"}
    caja = admin.post("/api/cajas/abrir/", json=body).json()["id"]
    assert [c["id"] for c in admin.get("/api/cajas/?estado=abierta").json()["items"]] == [caja]
    admin.post("/api/cajas/cerrar/", json={"caja_id": caja, "monto_cierre": "50"})
    assert admin.get("/api/cajas/?estado=abierta").json() == {"items": [], "next": None}


def test_list_zero_width_of_a_range_is_empty(admin: TestClient, shop: Shop) -> None:
    query = {"precio__gt": "11.80", "precio__lt": "11.80"}
    assert admin.get("/api/productos/", params=query).json()["items"] == []
    both = {"precio__gte": "11.8", "precio__lte": "11.80"}
    assert len(admin.get("/api/productos/", params=both).json()["items"]) == 10
    assert admin.get("/api/productos/", params={"precio": Decimal("11.8")}).json()["items"]
