"""Stock through the API: what enters, what sales take, and that the book always agrees.

Source: spec/erp-modules.md, módulo 2, as far as a sale needs it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from addons.inventory import services
from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop, abrir_caja

ENTRADA = "/api/inventario/entrada/"


def stock_of(client: TestClient, shop: Shop, producto: int = 0, almacen: int = 0) -> str:
    """Return what a warehouse holds of a product."""
    query = {"producto_id": shop.productos[producto], "almacen_id": shop.almacenes[almacen]}
    items = client.get("/api/inventario/stock/", params=query).json()["items"]
    return str(items[0]["stock_actual"]) if items else "nada"


def entrada(shop: Shop, **changes: Any) -> dict[str, Any]:
    """Return the body of an entry."""
    return {
        "almacen_id": shop.almacenes[0],
        "producto_id": shop.productos[0],
        "cantidad": "5",
        "motivo": "Compra",
        **changes,
    }


@pytest.fixture(autouse=True)
def book(runtime: Runtime) -> Any:
    """After each test the stock is the sum of its movements, per warehouse and in total."""
    yield
    assert runtime.transact(services.revisar_libro) is None


def test_entrada_adds_to_the_stock(almacen: TestClient, shop: Shop, runtime: Runtime) -> None:
    answer = almacen.post(ENTRADA, json=entrada(shop, cantidad="2.5", referencia_doc="OC-7"))
    assert answer.status_code == 201
    assert stock_of(almacen, shop) == "102.5000"
    movimiento = almacen.get("/api/inventario/movimientos/?limit=1").json()["items"][0]
    assert movimiento["id"] == answer.json()["id"]
    facts = ("tipo_movimiento", "cantidad", "motivo", "usuario_id", "referencia_doc")
    assert [movimiento[name] for name in facts] == [
        "ENTRADA",
        "2.5000",
        "Compra",
        shop.usuarios["almacen"],
        "OC-7",
    ]
    producto = almacen.get(f"/api/productos/{shop.productos[0]}/").json()
    assert producto["stock_actual"] == "102.5000"


def test_entrada_into_a_warehouse_without_the_product_opens_its_row(
    almacen: TestClient, shop: Shop
) -> None:
    assert stock_of(almacen, shop, almacen=1) == "nada"
    almacen.post(ENTRADA, json=entrada(shop, almacen_id=shop.almacenes[1]))
    assert stock_of(almacen, shop, almacen=1) == "5.0000"
    assert stock_of(almacen, shop) == "100.0000"


def test_entrada_of_what_does_not_exist_names_every_field(
    almacen: TestClient, shop: Shop, runtime: Runtime
) -> None:
    before = contents(runtime)
    answer = almacen.post(ENTRADA, json=entrada(shop, almacen_id=999, producto_id=999))
    assert answer.status_code == 400
    fields = [one["field"] for one in answer.json()["errors"]]
    assert fields == ["almacen_id", "producto_id"]
    assert not changed(before, contents(runtime))


def test_entrada_of_more_than_the_table_holds_is_refused(almacen: TestClient, shop: Shop) -> None:
    most = "9999999999.9999"
    answer = almacen.post(ENTRADA, json=entrada(shop, cantidad=most))
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["errors"]] == ["cantidad"]


def test_entrada_into_a_warehouse_out_of_reach_is_a_403(
    connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    with runtime.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE usuarios SET sucursal_id = :id WHERE email LIKE 'almacen@%'"),
            {"id": shop.sucursales[0]},
        )
    almacen = connect("almacen")
    body = entrada(shop, almacen_id=shop.almacenes[1])
    assert almacen.post(ENTRADA, json=body).status_code == 403
    assert almacen.post(ENTRADA, json=entrada(shop)).status_code == 201
    assert connect("cajero").post(ENTRADA, json=entrada(shop)).status_code == 403


def test_entrada_in_parallel_adds_up(almacen: TestClient, shop: Shop) -> None:
    body = entrada(shop, cantidad="0.0001")
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: almacen.post(ENTRADA, json=body).status_code, range(24)))
    assert set(statuses) == {201}
    assert stock_of(almacen, shop) == "100.0024"


def test_venta_takes_from_the_first_active_warehouse_of_its_sucursal(
    cajero: TestClient, almacen: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    venta = cajero.post("/api/ventas/", json=shop.venta(caja)).json()
    assert stock_of(almacen, shop) == "98.0000"
    query = {"referencia_doc": f"venta:{venta['id']}", "sort": "id"}
    movimientos = almacen.get("/api/inventario/movimientos/", params=query).json()["items"]
    assert [one["producto_id"] for one in movimientos] == shop.productos[:2]
    for one in movimientos:
        assert (one["tipo_movimiento"], one["cantidad"]) == ("VENTA", "2.0000")
        assert one["almacen_origen_id"] == shop.almacenes[0]
        assert one["almacen_destino_id"] is None
        assert one["usuario_id"] == shop.usuarios["cajero"]


def test_venta_of_a_product_in_several_lines_takes_their_sum(
    cajero: TestClient, almacen: TestClient, shop: Shop
) -> None:
    caja = abrir_caja(cajero, shop)
    uno = shop.productos[0]
    detalle = [{"producto_id": uno, "cantidad": "60"}, {"producto_id": uno, "cantidad": "40.0001"}]
    pagos = [{"metodo": "yape", "monto": "1180.00"}]
    refused = cajero.post("/api/ventas/", json=shop.venta(caja, detalle=detalle, formas_pago=pagos))
    assert refused.json()["code"] == "stock_insuficiente"
    assert [one["field"] for one in refused.json()["errors"]] == [
        "detalle.0.cantidad",
        "detalle.1.cantidad",
    ]
    detalle[1]["cantidad"] = "40"
    body = shop.venta(caja, detalle=detalle, formas_pago=pagos)
    assert cajero.post("/api/ventas/", json=body).status_code == 201
    assert stock_of(almacen, shop) == "0.0000"


def test_venta_without_stock_where_it_may_be_goes_below_zero_and_warns(
    cajero: TestClient, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    facts = {"nombre": "Servicio", "precio": "10", "permite_venta_sin_stock": True}
    made = admin.post("/api/productos/", json={"sku": "SRV", **facts}).json()
    caja = abrir_caja(cajero, shop)
    for _ in range(2):
        detalle = [{"producto_id": made["id"], "cantidad": 3}]
        body = shop.venta(caja, detalle=detalle)
        assert cajero.post("/api/ventas/", json=body).status_code == 201
    row = admin.get("/api/inventario/stock/", params={"producto_id": made["id"]}).json()["items"]
    assert [one["stock_actual"] for one in row] == ["-6.0000"]
    assert admin.get(f"/api/productos/{made['id']}/").json()["stock_actual"] == "-6.0000"
    avisos = admin.get("/api/jobs/?name=inventory.avisar_stock_minimo").json()["items"]
    assert [aviso["args"]["productos"] for aviso in avisos] == [[made["id"]]] * 2


def test_venta_without_stock_of_more_than_any_table_holds_names_the_line(
    cajero: TestClient, admin: TestClient, shop: Shop
) -> None:
    facts = {"nombre": "Servicio", "precio": "0.001", "permite_venta_sin_stock": True}
    made = admin.post("/api/productos/", json={"sku": "SRV", **facts}).json()
    detalle = [{"producto_id": made["id"], "cantidad": "9999999999"}]
    pagos = [{"metodo": "efectivo", "monto": "10000000.00"}]
    body = shop.venta(abrir_caja(cajero, shop), detalle=detalle, formas_pago=pagos)
    assert cajero.post("/api/ventas/", json=body).status_code == 201
    told = cajero.post("/api/ventas/", json=body).json()
    faults = [(one["field"], one["code"]) for one in told["errors"]]
    assert faults == [("detalle.0.cantidad", "stock_insuficiente")]
    salida = {"almacen_id": shop.almacenes[0], "producto_id": made["id"], "motivo": "Otra"}
    salida |= {"cantidad": "9999999999", "autorizar_sin_stock": True}
    told = admin.post("/api/inventario/salida/", json=salida).json()
    assert [(one["field"], one["code"]) for one in told["errors"]] == [
        ("cantidad", "stock_insuficiente")
    ]


def test_venta_that_reaches_the_minimum_leaves_one_notice(
    cajero: TestClient, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    with runtime.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE productos_almacen SET stock_minimo = 98 WHERE producto_id = :id"),
            {"id": shop.productos[0]},
        )
    caja = abrir_caja(cajero, shop)
    cajero.post("/api/ventas/", json=shop.venta(caja))
    (aviso,) = admin.get("/api/jobs/?name=inventory.avisar_stock_minimo").json()["items"]
    assert aviso["args"] == {
        "almacen_id": shop.almacenes[0],
        "productos": [shop.productos[0]],
    }


def test_venta_in_a_sucursal_without_warehouse_has_no_stock(
    connect: Connect, admin: TestClient, shop: Shop
) -> None:
    sucursal = admin.post("/api/sucursales/", json={"codigo": "9", "nombre": "Sin almacén"}).json()
    gerente = connect("gerente")
    body = {"sucursal_id": sucursal["id"], "monto_apertura": "0"}
    caja = gerente.post("/api/cajas/abrir/", json=body).json()["id"]
    venta = shop.venta(caja, sucursal_id=sucursal["id"])
    answer = gerente.post("/api/ventas/", json=venta)
    assert (answer.status_code, answer.json()["code"]) == (400, "stock_insuficiente")


def test_ventas_of_the_same_goods_in_any_order_never_deadlock(
    connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    sellers = [connect(name) for name in ("cajero", "cajera", "vendedor")]
    cajas = [abrir_caja(seller, shop) for seller in sellers]

    def sell(number: int) -> int:
        which = number % 3
        order = shop.productos if number % 2 else list(reversed(shop.productos))
        detalle = [{"producto_id": one, "cantidad": 1} for one in order]
        body = shop.venta(cajas[which], detalle=detalle)
        return sellers[which].post("/api/ventas/", json=body).status_code

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(sell, range(60))) == {201}
    with runtime.database.engine.connect() as connection:
        query = "SELECT DISTINCT stock_actual FROM productos_almacen"
        assert connection.scalars(text(query)).all() == [Decimal("40.0000")]


def test_movimientos_are_never_changed_through_the_api(admin: TestClient) -> None:
    one = admin.get("/api/inventario/movimientos/?limit=1").json()["items"][0]["id"]
    for method in ("PUT", "DELETE", "PATCH", "GET"):
        answer = admin.request(method, f"/api/inventario/movimientos/{one}/", json={})
        assert answer.status_code == 404
    assert admin.post("/api/inventario/movimientos/", json={}).status_code == 405


def test_revisar_libro_of_a_stock_that_was_tampered_with_names_it(
    runtime: Runtime, shop: Shop
) -> None:
    uno, almacen = shop.productos[2], shop.almacenes[0]
    for table, column, told in (
        ("productos_almacen", "producto_id", f"almacen {almacen}, producto {uno}"),
        ("productos", "id", f"productos({uno})"),
    ):
        statement = f"UPDATE {table} SET stock_actual = stock_actual + :n WHERE {column} = :id"
        with runtime.database.engine.begin() as connection:
            connection.execute(text(statement), {"n": 1, "id": uno})
        assert told in (runtime.transact(services.revisar_libro) or "")
        with runtime.database.engine.begin() as connection:
            connection.execute(text(statement), {"n": -1, "id": uno})


def test_stock_is_found_by_the_name_or_code_of_its_product(admin: TestClient, shop: Shop) -> None:
    producto = shop.productos[1]
    for almacen in shop.almacenes:
        assert (
            admin.post(
                ENTRADA, json=entrada(shop, producto_id=producto, almacen_id=almacen)
            ).status_code
            == 201
        )
    known = admin.get(f"/api/productos/{producto}/").json()
    for typed in (known["nombre"], known["sku"]):
        found = admin.get("/api/inventario/stock/", params={"q": typed}).json()["items"]
        assert {one["producto_id"] for one in found} == {producto}, typed
        assert {one["almacen_id"] for one in found} == set(shop.almacenes)
    none = admin.get("/api/inventario/stock/", params={"q": "no hay tal cosa"}).json()
    assert none["items"] == []
