"""Loyalty through the API."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from starlette.testclient import TestClient

from addons.sales.schemas import DevolucionRegistrada, VentaAnulada, VentaRegistrada
from addons.sales.testing import Shop, abrir_caja
from addons_contrib.loyalty import services
from addons_contrib.loyalty.errors import PuntosInsuficientes
from addons_contrib.loyalty.models import MOTIVOS
from addons_contrib.loyalty.schemas import Canje
from kernel.context import Ctx
from kernel.runtime import Runtime

ANA = {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Ana Quispe Rojas"}
MOVIMIENTOS = "/api/movimientos-puntos/"


@pytest.fixture
def caja(cajero: TestClient, shop: Shop) -> int:
    """Id of an open caja."""
    return abrir_caja(cajero, shop)


@pytest.fixture
def cliente(cajero: TestClient) -> int:
    """Id of a cliente with a document."""
    created: int = cajero.post("/api/clientes/", json=ANA).json()["id"]
    return created


def vender(client: TestClient, shop: Shop, caja: int, cliente_id: int) -> int:
    """Return the id of a sale for 47.20: four points."""
    answer = client.post("/api/ventas/", json=shop.venta(caja, cliente_id=cliente_id))
    assert answer.status_code == 201, answer.text
    venta_id: int = answer.json()["id"]
    return venta_id


def puntos(client: TestClient, cliente_id: int) -> int:
    """Return the points of a cliente."""
    found: int = client.get(f"/api/clientes/{cliente_id}/puntos/").json()["puntos"]
    return found


def movimientos(client: TestClient, **query: Any) -> list[tuple[str, int]]:
    """Return reason and points of the movements, newest first."""
    items = client.get(MOVIMIENTOS, params=query).json()["items"]
    return [(one["motivo"], one["puntos"]) for one in items]


def cuadra(runtime: Runtime) -> None:
    """Make sure that the points are the sum of their movements."""
    assert runtime.transact(services.revisar_puntos) is None


def test_venta_gives_a_point_for_each_10_soles(
    cajero: TestClient, cliente: int, caja: int, shop: Shop, runtime: Runtime
) -> None:
    venta = vender(cajero, shop, caja, cliente)
    assert puntos(cajero, cliente) == 4
    (movimiento,) = cajero.get(MOVIMIENTOS).json()["items"]
    assert (movimiento["cliente_id"], movimiento["venta_id"]) == (cliente, venta)
    cuadra(runtime)


def test_venta_without_a_document_gives_nothing(cajero: TestClient, caja: int, shop: Shop) -> None:
    vender(cajero, shop, caja, shop.cliente)
    assert movimientos(cajero) == []


def test_venta_follows_the_setting_of_the_administrator(
    admin: TestClient, cajero: TestClient, cliente: int, caja: int, shop: Shop
) -> None:
    address = "/api/settings/loyalty.Fidelizacion/"
    answer = admin.put(address, json={"values": {"importe_por_punto": "23.60"}})
    assert answer.status_code == 200, answer.text
    vender(cajero, shop, caja, cliente)
    assert puntos(cajero, cliente) == 2


def test_canjear_takes_points_and_leaves_a_movement(
    cajero: TestClient, cliente: int, caja: int, shop: Shop, runtime: Runtime
) -> None:
    vender(cajero, shop, caja, cliente)
    answer = cajero.post(f"/api/clientes/{cliente}/puntos/canjear/", json={"puntos": 3})
    assert answer.json() == {"cliente_id": cliente, "puntos": 1}
    assert movimientos(cajero) == [("canje", -3), ("venta", 4)]
    cuadra(runtime)


def test_canjear_more_than_there_is_changes_nothing(
    cajero: TestClient, cliente: int, caja: int, shop: Shop
) -> None:
    vender(cajero, shop, caja, cliente)
    answer = cajero.post(f"/api/clientes/{cliente}/puntos/canjear/", json={"puntos": 5})
    assert (answer.status_code, answer.json()["code"]) == (422, "puntos_insuficientes")
    assert puntos(cajero, cliente) == 4


@pytest.mark.parametrize("wrong", [0, -1, "3", 1.5, None])
def test_canjear_what_is_no_number_of_points_names_the_field(
    cajero: TestClient, cliente: int, wrong: object
) -> None:
    answer = cajero.post(f"/api/clientes/{cliente}/puntos/canjear/", json={"puntos": wrong})
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["errors"]] == ["puntos"]


def test_puntos_of_nobody_are_a_404(cajero: TestClient) -> None:
    assert cajero.get("/api/clientes/999/puntos/").status_code == 404
    canje = cajero.post("/api/clientes/999/puntos/canjear/", json={"puntos": 1})
    assert canje.status_code == 404


def test_annulled_venta_takes_back_what_is_left_of_its_points(
    admin: TestClient, cajero: TestClient, cliente: int, caja: int, shop: Shop, runtime: Runtime
) -> None:
    venta = vender(cajero, shop, caja, cliente)
    cajero.post(f"/api/clientes/{cliente}/puntos/canjear/", json={"puntos": 3})
    answer = admin.post(f"/api/ventas/{venta}/anular/", json={"motivo": "Error del cajero"})
    assert answer.status_code in (200, 201), answer.text
    assert puntos(cajero, cliente) == 0
    assert movimientos(cajero) == [("anulacion", -1), ("canje", -3), ("venta", 4)]
    cuadra(runtime)


def test_puntos_without_movement_expire(
    cajero: TestClient, cliente: int, caja: int, shop: Shop, runtime: Runtime
) -> None:
    vender(cajero, shop, caja, cliente)
    assert runtime.transact(services.vencer_puntos) == 0
    real = runtime.clock
    runtime.clock = lambda: real() + timedelta(days=367)
    assert runtime.transact(services.vencer_puntos) == 1
    assert runtime.transact(services.vencer_puntos) == 0
    runtime.clock = real
    assert movimientos(cajero) == [("vencimiento", -4), ("venta", 4)]
    cuadra(runtime)


def test_report_adds_up_what_was_won_redeemed_and_lost(
    cajero: TestClient, cliente: int, caja: int, shop: Shop
) -> None:
    vender(cajero, shop, caja, cliente)
    cajero.post(f"/api/clientes/{cliente}/puntos/canjear/", json={"puntos": 3})
    answer = cajero.get("/api/reportes/puntos-por-cliente/").json()
    (row,) = answer["items"]
    assert row["cliente"] == ANA["razon_social"]
    figures = {"ganados": 4, "canjeados": 3, "perdidos": 0, "puntos": 1}
    assert {name: row[name] for name in figures} == figures == answer["totales"]
    before = cajero.get("/api/reportes/puntos-por-cliente/", params={"hasta": "2001-01-01"})
    assert before.json()["items"] == []


def test_clientes_show_their_points_in_list_form_and_address(
    admin: TestClient, cajero: TestClient, cliente: int, caja: int, shop: Shop
) -> None:
    vender(cajero, shop, caja, cliente)
    (found,) = cajero.get("/api/clientes/", params={"puntos__gte": 1}).json()["items"]
    assert (found["id"], found["puntos"]) == (cliente, 4)
    columns = admin.get("/api/views/sales.clientes.list/").json()["columns"]
    assert [one["name"] for one in columns].index("puntos") == 5
    form = admin.get("/api/views/sales.clientes.form/").json()
    assert [one["id"] for one in form["panels"]][-1] == "fidelizacion"
    assert "loyalty_canjear" in [one["id"] for one in form["buttons"]]


ACTS = strategies.tuples(
    strategies.sampled_from(["venta", *MOTIVOS[1:]]), strategies.integers(1, 9)
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=strategies.lists(ACTS, max_size=12))
def test_puntos_are_never_below_zero_and_always_the_sum_of_movements(
    acts: list[tuple[str, int]], cajero: TestClient, cliente: int, vendida: int, runtime: Runtime
) -> None:
    for motivo, number in acts:
        runtime.transact(lambda ctx, do=DO[motivo], n=number: do(ctx, cliente, vendida, n))
        assert puntos(cajero, cliente) >= 0
        cuadra(runtime)


@pytest.fixture
def vendida(cajero: TestClient, cliente: int, caja: int, shop: Shop) -> int:
    """Id of a sale to the cliente."""
    return vender(cajero, shop, caja, cliente)


def _vender(ctx: Ctx, cliente_id: int, venta_id: int, number: int) -> None:
    services.sumar_puntos(ctx, VentaRegistrada(venta_id, 1, Decimal(number * 10), ()))


def _canjear(ctx: Ctx, cliente_id: int, venta_id: int, number: int) -> None:
    with contextlib.suppress(PuntosInsuficientes):
        services.canjear_puntos(ctx, cliente_id, Canje(puntos=number))


def _devolver(ctx: Ctx, cliente_id: int, venta_id: int, number: int) -> None:
    total = Decimal(number * 10)
    services.descontar_devolucion(ctx, DevolucionRegistrada(1, venta_id, 1, total, "Falla", ()))


def _anular(ctx: Ctx, cliente_id: int, venta_id: int, number: int) -> None:
    services.quitar_puntos(ctx, VentaAnulada(venta_id, 1, Decimal(1), "Error", ()))


def _vencer(ctx: Ctx, cliente_id: int, venta_id: int, number: int) -> None:
    ctx.sql(services.VENCER, desde=ctx.now + timedelta(days=1))


DO: dict[str, Callable[[Ctx, int, int, int], None]] = {
    "venta": _vender,
    "canje": _canjear,
    "devolucion": _devolver,
    "anulacion": _anular,
    "vencimiento": _vencer,
}
