"""Many sell at once, over real processes: the last units are sold once each.

Source: spec/erp-modules.md, módulo 1, "Registro de venta".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from addons.inventory import services
from kernel.runtime import Runtime
from tests.live import serving
from tests.shop import PASSWORD, STOCK, Shop

UNITS = 10
BUYERS = 200
THREADS = 20


@pytest.fixture
def address(runtime: Runtime) -> Iterator[str]:
    """The address of two web processes on the database of the test."""
    with serving(runtime.settings, web=2) as found:
        yield found


def sign_in(address: str, name: str) -> httpx.Client:
    """Return a client of one user, with connections of its own."""
    client = httpx.Client(base_url=address, timeout=60)
    body = {"email": f"{name}@tienda.pe", "password": PASSWORD}
    access = client.post("/api/auth/login/", json=body).json()["access"]
    client.headers["Authorization"] = f"Bearer {access}"
    return client


def at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """Return what each act gives; as many as there are threads start together."""
    barrier = Barrier(THREADS)

    def run(share: list[Callable[[], Any]]) -> list[Any]:
        barrier.wait()
        return [act() for act in share]

    with ThreadPoolExecutor(THREADS) as pool:
        shares = pool.map(run, [acts[start::THREADS] for start in range(THREADS)])
        return [given for share in shares for given in share]


@pytest.mark.slow
def test_two_hundred_sales_of_the_last_ten_units_sell_ten(
    address: str, runtime: Runtime, shop: Shop
) -> None:
    uno = shop.productos[0]
    almacen = sign_in(address, "almacen")
    resto = {"almacen_id": shop.almacenes[0], "producto_id": uno, "cantidad": UNITS - int(STOCK)}
    ajuste = almacen.post("/api/inventario/ajuste/", json=resto | {"motivo": "Lo último"})
    assert ajuste.status_code == 201, ajuste.text
    sellers = [sign_in(address, name) for name in ("cajero", "cajera", "vendedor")]
    cajas = [
        seller.post(
            "/api/cajas/abrir/", json={"sucursal_id": shop.sucursales[0], "monto_apertura": 0}
        ).json()["id"]
        for seller in sellers
    ]

    def buy(number: int) -> httpx.Response:
        which = number % 3
        detalle = [{"producto_id": uno, "cantidad": 1}]
        return sellers[which].post("/api/ventas/", json=shop.venta(cajas[which], detalle=detalle))

    answers = at_once([lambda n=number: buy(n) for number in range(BUYERS)])
    assert Counter(answer.status_code for answer in answers) == {201: UNITS, 400: BUYERS - UNITS}
    assert {one.json()["code"] for one in answers if one.status_code == 400} == {
        "stock_insuficiente"
    }
    with runtime.database.engine.connect() as connection:
        query = "SELECT stock_actual FROM productos_almacen WHERE producto_id = :id"
        assert connection.scalars(text(query), {"id": uno}).all() == [0]
        query = "SELECT cantidad FROM movimientos_stock WHERE tipo_movimiento = 'VENTA'"
        assert connection.scalars(text(query)).all() == [1] * UNITS
        query = "SELECT numero FROM ventas WHERE serie = :serie ORDER BY numero"
        for caja in cajas:
            numbers = connection.scalars(text(query), {"serie": str(caja)}).all()
            assert numbers == list(range(1, len(numbers) + 1))
    assert runtime.transact(services.revisar_libro) is None
    for client in (almacen, *sellers):
        client.close()


@pytest.mark.slow
def test_one_key_or_one_caja_in_parallel_processes_has_one_effect(
    address: str, runtime: Runtime, shop: Shop
) -> None:
    cajero = sign_in(address, "cajero")
    apertura = {"sucursal_id": shop.sucursales[0], "monto_apertura": "100"}
    opened = at_once([lambda: cajero.post("/api/cajas/abrir/", json=apertura)] * THREADS)
    assert Counter(one.status_code for one in opened) == {201: 1, 409: THREADS - 1}
    (caja,) = [one.json()["id"] for one in opened if one.status_code == 201]
    body, key = shop.venta(caja), {"Idempotency-Key": "una-sola"}
    sold = at_once([lambda: cajero.post("/api/ventas/", json=body, headers=key)] * THREADS)
    assert {one.status_code for one in sold} == {201}
    assert len({one.content for one in sold}) == 1
    with runtime.database.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ventas")) == 1
    cajero.close()
