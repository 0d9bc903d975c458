"""What people and tills send by mistake: a clear refusal that names the field, and nothing written.

Source: spec/erp-modules.md, módulos 1 and 2, "Validaciones".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

from starlette.testclient import TestClient

from kernel.runtime import Runtime
from tests.addons.inventory.almacenero import mercaderia, trazar
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop, abrir_caja

Case = tuple[str, TestClient, str, Any, int, str]
"""What is wrong, who sends it, where, what, the status and the field that is named."""


def cases(connect: Connect, shop: Shop, runtime: Runtime, cajas: tuple[int, int]) -> Iterator[Case]:
    """Yield mistakes."""
    cajero, almacen, admin = connect("cajero"), connect("almacen"), connect("admin")
    abierta, cerrada = cajas
    uno, dos = shop.productos[:2]
    hoy = runtime.transact(lambda ctx: ctx.now.astimezone(ctx.time_zone).date())
    venta, stock = "/api/ventas/", "/api/inventario/"

    def de(producto: int, **more: Any) -> Any:
        return shop.venta(abierta, detalle=[{"producto_id": producto, "cantidad": 1} | more])

    solo = {"detalle": [{"producto_id": uno, "cantidad": 1}]}
    cantidad = "detalle.0.cantidad"
    yield "none of it", cajero, venta, de(uno, cantidad=0), 400, cantidad
    yield "less than none", cajero, venta, de(uno, cantidad=-1), 400, cantidad
    yield "not sold here", cajero, venta, de(dos), 400, "detalle.0.producto_id"
    yield "closed caja", cajero, venta, shop.venta(cerrada, **solo), 409, "caja_id"
    aside = shop.venta(abierta, sucursal_id=shop.sucursales[1], **solo)
    yield "caja of another sucursal", cajero, venta, aside, 400, "sucursal_id"
    yield "lot of another product", cajero, venta, de(uno, lote="B"), 400, "detalle.0.lote"
    ayer = (hoy - timedelta(days=1)).isoformat()
    due = shop.venta(abierta, fecha_vencimiento=ayer, **solo)
    yield "due, and nothing owed", cajero, venta, due, 400, "fecha_vencimiento"
    oferta = {"cliente_id": shop.cliente, "sucursal_id": shop.sucursales[0]}
    oferta |= {"detalle": [{"producto_id": uno, "cantidad": 1}], "fecha_vencimiento": ayer}
    yield (
        "over before it begins",
        connect("vendedor"),
        "/api/cotizaciones/",
        oferta,
        400,
        ("fecha_vencimiento"),
    )
    entrada = mercaderia(shop, "0")
    yield "nothing comes in", almacen, f"{stock}entrada/", entrada, 400, "cantidad"
    salida = mercaderia(shop, "1", numero_lote="B")
    yield "lot of another product leaves", admin, f"{stock}salida/", salida, 400, "numero_lote"
    ajuste = mercaderia(shop, "-1", producto=1, motivo=" ")
    yield "no reason", admin, f"{stock}ajuste/", ajuste, 400, "motivo"
    ajena = mercaderia(shop, "1", almacen=0, producto=1)
    for path in ("entrada/", "salida/", "ajuste/"):
        yield "another almacén", almacen, f"{stock}{path}", ajena, 403, "almacen_id"


def test_mistakes_are_told_and_leave_nothing(
    connect: Connect, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    cajero, cajera = connect("cajero"), connect("cajera")
    abierta, cerrada = abrir_caja(cajero, shop), abrir_caja(cajera, shop)
    cajera.post("/api/cajas/cerrar/", json={"caja_id": cerrada, "monto_cierre": "100"})
    aqui = {"sucursal_id": shop.sucursales[0], "activo": False}
    admin.put(f"/api/productos/{shop.productos[1]}/sucursales/", json={"sucursales": [aqui]})
    for producto, lote in ((0, "A"), (2, "B")):
        trazar(admin, shop, "lote", producto)
        entrada = mercaderia(shop, "5", producto=producto, numero_lote=lote)
        assert admin.post("/api/inventario/entrada/", json=entrada).status_code == 201
    only = {"almacenes": [shop.almacenes[1]]}
    admin.put(f"/api/usuarios/{shop.usuarios['almacen']}/almacenes/", json=only)
    for what, client, path, body, status, field in cases(
        connect, shop, runtime, (abierta, cerrada)
    ):
        before = contents(runtime)
        answer = client.post(path, json=body)
        assert answer.status_code == status, (what, answer.text)
        assert [one["field"] for one in answer.json()["errors"]] == [field], (what, answer.text)
        assert answer.json()["errors"][0]["message"], what
        assert not changed(before, contents(runtime)), what


def test_till_whose_clock_is_ahead_is_told(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    venta = shop.venta(abrir_caja(cajero, shop))
    tomorrow = (runtime.clock() + timedelta(days=1)).isoformat()
    una = {"uuid": str(uuid4()), "fecha_registro_local": tomorrow, "venta": venta}
    before = contents(runtime, "ventas_offline")
    (told,) = cajero.post("/api/ventas/offline-sync/", json={"ventas": [una]}).json()["ventas"]
    assert (told["resultado"], told["codigo"]) == ("error_sync", "fecha_futura")
    assert not changed(before, contents(runtime, "ventas_offline"))
