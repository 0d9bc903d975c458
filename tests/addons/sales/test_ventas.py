"""Sales through the API. Source: spec/erp-modules.md, módulo 1."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from kernel.runtime import Runtime
from tests.addons.base.signed_in import run_jobs
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.kernel.workshop import wait_until
from tests.shop import Shop, abrir_caja

VENTAS = "/api/ventas/"


def fields(answer: Any) -> list[str]:
    return [one["field"] for one in answer.json()["errors"]]


def set_company(runtime: Runtime, **values: Any) -> None:
    """Change columns of configuracion."""
    changes = ", ".join(f"{name} = :{name}" for name in values)
    with runtime.database.engine.begin() as connection:
        connection.execute(text(f"UPDATE configuracion SET {changes}"), values)


@pytest.mark.needs("inventory")
def test_crear_venta_with_stock_is_written_whole(cajero: TestClient, shop: Shop) -> None:
    caja = abrir_caja(cajero, shop)
    answer = cajero.post(VENTAS, json=shop.venta(caja))
    assert answer.status_code == 201, answer.text
    venta = answer.json()
    assert (venta["subtotal"], venta["igv"], venta["total"]) == ("40.00", "7.20", "47.20")
    assert (venta["serie"], venta["numero"], venta["estado"]) == (str(caja), 1, "registrada")
    assert venta["vuelto"] == "952.80"
    assert venta["usuario_id"] == shop.usuarios["cajero"]
    for linea, producto in zip(venta["detalle"], shop.productos, strict=False):
        assert linea | {"id": 0} == {
            "id": 0,
            "producto_id": producto,
            "cantidad": "2.0000",
            "precio_unitario": "11.800000",
            "descuento": "0.00",
            "descuento_global": "0.00",
            "subtotal": "20.00",
            "igv": "3.60",
            "total": "23.60",
            "lote": "",
            "cantidad_devuelta": "0.0000",
            "por_devolver": "2.0000",
        }
    producto = cajero.get(f"/api/productos/{shop.productos[0]}/").json()
    assert producto["stock_actual"] == "98.0000"


def test_ver_venta_is_what_its_creation_answered(cajero: TestClient, shop: Shop) -> None:
    caja = abrir_caja(cajero, shop)
    detalle = [
        {"producto_id": shop.productos[0], "cantidad": "1.5", "descuento": "0.7"},
        {"producto_id": shop.productos[1], "cantidad": 1e0, "precio_unitario": 12.345678},
        {"producto_id": shop.productos[0], "cantidad": 3, "descuento": 0},
    ]
    pagos = [
        {"metodo": " Yape ", "monto": 20, "referencia": " 77 "},
        {"metodo": "EFECTIVO", "monto": "100.5"},
    ]
    body = shop.venta(caja, detalle=detalle, formas_pago=pagos, modo_emision="ECOMMERCE")
    created = cajero.post(VENTAS, json=body)
    assert created.status_code == 201, created.text
    venta = created.json()
    assert cajero.get(f"{VENTAS}{venta['id']}/").json() == venta
    assert [linea["cantidad"] for linea in venta["detalle"]] == ["1.5000", "1.0000", "3.0000"]
    assert [pago["metodo"] for pago in venta["formas_pago"]] == ["yape", "efectivo"]
    assert venta["formas_pago"][0]["referencia"] == "77"
    assert venta["modo_emision"] == "ecommerce"
    (row,) = cajero.get(VENTAS).json()["items"]
    assert row == {name: venta[name] for name in row}


@pytest.mark.needs("inventory")
def test_crear_venta_numbers_each_caja_without_gaps(cajero: TestClient, shop: Shop) -> None:
    caja = abrir_caja(cajero, shop)
    numbers = []
    for attempt in range(6):
        cantidad = 1000 if attempt % 2 else 1
        detalle = [{"producto_id": shop.productos[0], "cantidad": cantidad}]
        pagos = [{"metodo": "yape", "monto": str(Decimal("11.80") * cantidad)}]
        answer = cajero.post(VENTAS, json=shop.venta(caja, detalle=detalle, formas_pago=pagos))
        assert answer.status_code == (400 if attempt % 2 else 201), answer.text
        numbers += [answer.json()["numero"]] if answer.is_success else []
    assert numbers == [1, 2, 3]


def test_crear_venta_of_prices_without_igv_adds_it(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    set_company(runtime, precios_incluyen_igv=False)
    venta = cajero.post(VENTAS, json=shop.venta(abrir_caja(cajero, shop))).json()
    assert (venta["subtotal"], venta["igv"], venta["total"]) == ("47.20", "8.50", "55.70")


def test_crear_venta_takes_the_companys_rate(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    set_company(runtime, tasa_igv=Decimal("0.105"))
    venta = cajero.post(VENTAS, json=shop.venta(abrir_caja(cajero, shop))).json()
    assert (venta["subtotal"], venta["igv"], venta["total"]) == ("42.71", "4.49", "47.20")


def test_crear_venta_of_exempt_goods_has_igv_of_the_others_only(
    cajero: TestClient, admin: TestClient, shop: Shop
) -> None:
    exento = f"/api/productos/{shop.productos[0]}/"
    assert admin.put(exento, json={"afectacion_igv": "20"}).status_code == 200
    venta = cajero.post(VENTAS, json=shop.venta(abrir_caja(cajero, shop))).json()
    assert [linea["igv"] for linea in venta["detalle"]] == ["0.00", "3.60"]
    assert (venta["subtotal"], venta["igv"], venta["total"]) == ("43.60", "3.60", "47.20")


def test_crear_venta_of_a_whole_discount_costs_nothing(cajero: TestClient, shop: Shop) -> None:
    caja = abrir_caja(cajero, shop)
    detalle = [{"producto_id": shop.productos[0], "cantidad": 2, "descuento": "23.60"}]
    pagos = [{"metodo": "efectivo", "monto": "0.10"}]
    venta = cajero.post(VENTAS, json=shop.venta(caja, detalle=detalle, formas_pago=pagos)).json()
    assert (venta["total"], venta["vuelto"]) == ("0.00", "0.10")


def test_crear_venta_of_five_hundred_lines_is_one_sale(cajero: TestClient, shop: Shop) -> None:
    caja = abrir_caja(cajero, shop)
    detalle = [
        {"producto_id": shop.productos[number % 10], "cantidad": "0.5"} for number in range(500)
    ]
    pagos = [{"metodo": "efectivo", "monto": "5000"}]
    body = shop.venta(caja, detalle=detalle, formas_pago=pagos)
    venta = cajero.post(VENTAS, json=body).json()
    assert (len(venta["detalle"]), venta["total"]) == (500, "2950.00")
    assert [linea["producto_id"] for linea in venta["detalle"]] == [
        one["producto_id"] for one in detalle
    ]
    refused = cajero.post(VENTAS, json=body | {"detalle": [*detalle, detalle[0]]})
    assert (refused.status_code, fields(refused)) == (400, ["detalle"])


@pytest.mark.parametrize(
    ("pagos", "status", "code"),
    [
        ([{"metodo": "efectivo", "monto": "47.19"}], 422, "pago_no_cuadra"),
        ([{"metodo": "tarjeta", "monto": "47.21"}], 422, "pago_no_cuadra"),
        (
            [{"metodo": "tarjeta", "monto": 50}, {"metodo": "efectivo", "monto": 1}],
            422,
            "pago_no_cuadra",
        ),
        ([{"metodo": "bitcoin", "monto": "47.20"}], 400, "validacion"),
        ([{"metodo": "efectivo", "monto": "9999999999.99"}] * 20, 400, "validacion"),
        ([], 400, "validacion"),
    ],
)
def test_crear_venta_whose_payments_do_not_fit_is_refused(
    cajero: TestClient,
    shop: Shop,
    runtime: Runtime,
    pagos: list[dict[str, Any]],
    status: int,
    code: str,
) -> None:
    caja = abrir_caja(cajero, shop)
    before = contents(runtime)
    answer = cajero.post(VENTAS, json=shop.venta(caja, formas_pago=pagos))
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert fields(answer)[0].startswith("formas_pago")
    assert not changed(before, contents(runtime))


def test_crear_venta_paid_in_parts_may_give_change_from_the_cash(
    cajero: TestClient, shop: Shop
) -> None:
    caja = abrir_caja(cajero, shop)
    pagos = [{"metodo": "tarjeta", "monto": "40"}, {"metodo": "efectivo", "monto": "10"}]
    venta = cajero.post(VENTAS, json=shop.venta(caja, formas_pago=pagos)).json()
    assert venta["vuelto"] == "2.80"


def test_crear_venta_of_what_does_not_exist_names_all_of_it_at_once(
    cajero: TestClient, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    gone = f"/api/productos/{shop.productos[9]}/"
    assert admin.put(gone, json={"activo": False}).status_code == 200
    caja = abrir_caja(cajero, shop)
    before = contents(runtime)
    detalle = [
        {"producto_id": 999_999, "cantidad": 1},
        {"producto_id": shop.productos[0], "cantidad": 1},
        {"producto_id": shop.productos[9], "cantidad": 1},
    ]
    body = shop.venta(
        caja,
        detalle=detalle,
        cliente_id=999_999,
        sucursal_id=shop.sucursales[1],
        formas_pago=[{"metodo": "trueque", "monto": 50}],
    )
    answer = cajero.post(VENTAS, json=body)
    assert answer.status_code == 400
    assert set(fields(answer)) == {
        "cliente_id",
        "sucursal_id",
        "detalle.0.producto_id",
        "detalle.2.producto_id",
        "formas_pago.0.metodo",
    }
    nothing = cajero.post(VENTAS, json=body | {"caja_id": 999_999})
    assert "caja_id" in fields(nothing)
    assert not changed(before, contents(runtime))


@pytest.mark.parametrize(
    ("linea", "field"),
    [
        ({"cantidad": 1, "descuento": "11.81"}, "detalle.0.descuento"),
        ({"cantidad": "9999999999.9999", "precio_unitario": "9999999999"}, "detalle.0.cantidad"),
        ({"cantidad": "1", "precio_unitario": "9999999999.999999"}, "detalle.0.cantidad"),
    ],
)
def test_crear_venta_of_a_line_beyond_reason_names_it(
    cajero: TestClient, shop: Shop, linea: dict[str, Any], field: str
) -> None:
    detalle = [{"producto_id": shop.productos[0], **linea}]
    answer = cajero.post(VENTAS, json=shop.venta(abrir_caja(cajero, shop), detalle=detalle))
    assert (answer.status_code, fields(answer)) == (400, [field])


def test_crear_venta_in_a_closed_caja_is_a_409(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    cajero.post("/api/cajas/cerrar/", json={"caja_id": caja, "monto_cierre": "100"})
    before = contents(runtime)
    answer = cajero.post(VENTAS, json=shop.venta(caja))
    assert (answer.status_code, answer.json()["code"]) == (409, "caja_cerrada")
    assert not changed(before, contents(runtime))


def test_crear_venta_at_another_price_needs_its_permission(
    connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    with runtime.database.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE permisos SET permitido = false FROM roles WHERE rol_id = roles.id"
                " AND nombre = 'CAJERO' AND accion = 'cambiar_precio'"
            )
        )
    cajero, vendedor = connect("cajero"), connect("vendedor")
    detalle = [{"producto_id": shop.productos[0], "cantidad": 1, "precio_unitario": "10"}]
    same = [{"producto_id": shop.productos[0], "cantidad": 1, "precio_unitario": "11.80"}]
    caja = abrir_caja(cajero, shop)
    assert cajero.post(VENTAS, json=shop.venta(caja, detalle=detalle)).status_code == 403
    assert cajero.post(VENTAS, json=shop.venta(caja, detalle=same)).status_code == 201
    otra = abrir_caja(vendedor, shop)
    venta = vendedor.post(VENTAS, json=shop.venta(otra, detalle=detalle)).json()
    assert venta["total"] == "10.00"


def test_crear_venta_of_a_company_without_data_says_so(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    with runtime.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM configuracion"))
    answer = cajero.post(VENTAS, json=shop.venta(caja))
    assert (answer.status_code, answer.json()["code"]) == (400, "sin_empresa")


def test_ventas_are_never_changed_through_the_api(admin: TestClient, shop: Shop) -> None:
    venta = admin.post(VENTAS, json=shop.venta(abrir_caja(admin, shop))).json()
    for method in ("PUT", "PATCH", "DELETE"):
        answer = admin.request(method, f"{VENTAS}{venta['id']}/", json={"total": 0})
        assert answer.status_code == 405


def test_clientes_are_checked_by_their_document(cajero: TestClient) -> None:
    good = [("0", ""), ("1", "45678912"), ("6", "20131312955"), ("4", "X-123"), ("7", "AB123")]
    bad = [
        ("1", "4567891"),
        ("1", "4567891a"),
        ("1", "４５６７８９１２"),
        ("6", "20123456789"),
        ("6", "2013131295"),
        ("6", ""),
        ("4", ""),
        ("7", "  "),
        ("1", "1" * 16),
    ]
    for number, (tipo, documento) in enumerate([*good, *bad]):
        body = {"tipo_doc": tipo, "numero_doc": documento, "razon_social": f"Cliente {number}"}
        answer = cajero.post("/api/clientes/", json=body)
        if number < len(good):
            assert answer.status_code == 201, body
        else:
            assert (answer.status_code, fields(answer)) == (400, ["numero_doc"]), body


def test_hint_of_a_sale_tells_other_sucursales_nothing_but_its_id(
    connect: Connect, cajero: TestClient, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    user = f"/api/usuarios/{shop.usuarios['cajera']}/"
    assert admin.put(user, json={"sucursal_id": shop.sucursales[1]}).status_code == 200
    caja = abrir_caja(cajero, shop)
    elsewhere = connect("cajera")
    with elsewhere.websocket_connect("/ws/", headers=dict(elsewhere.headers)) as socket:
        wait_until(lambda: runtime.realtime.subscribers == 1)
        venta = cajero.post(VENTAS, json=shop.venta(caja)).json()
        run_jobs(runtime)
        hint = json.loads(socket.receive_text())
        while hint["type"] != "event":
            hint = json.loads(socket.receive_text())
        socket.close()
        wait_until(lambda: runtime.realtime.subscribers == 0)
    assert elsewhere.get(f"{VENTAS}{venta['id']}/").status_code == 404
    assert (hint["topic"], hint["payload"]) == ("ventas", {"venta_id": venta["id"]})


def test_crear_venta_without_caja_takes_the_only_one_that_is_open(
    cajero: TestClient, connect: Connect, shop: Shop
) -> None:
    nueva = shop.venta(0)
    del nueva["caja_id"], nueva["sucursal_id"]
    answer = cajero.post(VENTAS, json=nueva)
    assert (answer.status_code, fields(answer)) == (400, ["caja_id"])
    assert "abra una" in answer.json()["errors"][0]["message"]
    caja = abrir_caja(cajero, shop)
    venta = cajero.post(VENTAS, json=nueva).json()
    assert (venta["caja_id"], venta["sucursal_id"]) == (caja, shop.sucursales[0])
    answer = cajero.post(VENTAS, json={**nueva, "caja_id": 999_999})
    assert (answer.status_code, fields(answer)) == (400, ["caja_id"])

    admin = connect("admin")
    for sucursal in shop.sucursales[:2]:
        admin.post("/api/cajas/abrir/", json={"sucursal_id": sucursal, "monto_apertura": "10"})
    answer = admin.post(VENTAS, json=nueva)
    assert "indique cuál" in answer.json()["errors"][0]["message"]
    venta = admin.post(VENTAS, json={**nueva, "sucursal_id": shop.sucursales[0]}).json()
    assert venta["sucursal_id"] == shop.sucursales[0]
    assert venta["caja_id"] != caja
