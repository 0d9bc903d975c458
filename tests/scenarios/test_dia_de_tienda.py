"""A day in a shop, told through the API: thirty sales of every kind, a batch of a till that had no
connection, a return, a transfer that arrives short, and reports that agree to the cent.

Source: spec/erp-modules.md, módulos 1 and 2.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from starlette.testclient import TestClient

from addons.inventory.services import revisar_libro
from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.shop import Shop

REPORTES = "/api/reportes/ventas-"


def ask(client: TestClient, path: str, body: Any = None, *, expect: int = 0) -> Any:
    """Return what an address answers; it must succeed unless something else is expected."""
    answer = client.get(path) if body is None else client.post(path, json=body)
    wanted = (expect,) if expect else (200, 201)
    assert answer.status_code in wanted, (path, answer.text)
    return answer.json()


def kinds_of_sale(shop: Shop, ana: int) -> list[dict[str, Any]]:
    """Return what differs in each of ten kinds of sale."""
    uno, dos, tres = shop.productos[:3]
    return [
        {"formas_pago": [{"metodo": "efectivo", "monto": "100"}]},
        {"formas_pago": [{"metodo": "yape", "monto": "47.20", "referencia": "OP 1"}]},
        {"formas_pago": [{"metodo": "tarjeta", "monto": 40}, {"metodo": "efectivo", "monto": 10}]},
        {"descuento_global": "2.20"},
        {"detalle": [{"producto_id": uno, "cantidad": "0.3333", "descuento": "0.07"}]},
        {"detalle": [{"producto_id": dos, "cantidad": 1, "precio_unitario": "9.999999"}]},
        {"cliente_id": ana, "formas_pago": [{"metodo": "credito", "monto": "47.20"}]},
        {"modo_emision": "ecommerce", "formas_pago": [{"metodo": "plin", "monto": "47.20"}]},
        {"detalle": [{"producto_id": tres, "cantidad": 2}, {"producto_id": tres, "cantidad": 1}]},
        {"cliente_id": ana, "detalle": [{"producto_id": uno, "cantidad": 1}], "uuid": str(uuid4())},
    ]


def test_dia_de_tienda(  # noqa: PLR0915  # a story, told in its order
    connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    cajero, vendedor, gerente, admin = map(connect, ("cajero", "vendedor", "gerente", "admin"))
    aqui = shop.sucursales[0]
    uno, dos = shop.productos[:2]

    # In the morning the cashier opens the drawer, and gets small change from the safe.
    apertura = {"sucursal_id": aqui, "monto_apertura": "100.00"}
    caja = ask(cajero, "/api/cajas/abrir/", apertura)["id"]
    cambio = {"tipo": "ingreso", "monto": "50.00", "motivo": "Sencillo"}
    ask(cajero, f"/api/cajas/{caja}/movimientos/", cambio)

    # Ana may owe five hundred for thirty days.
    nueva = {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Ana Quispe"}
    nueva |= {"limite_credito": "500", "dias_credito": 30}
    ana = ask(gerente, "/api/clientes/", nueva)["id"]

    # Three times ten kinds of sale.
    asked = [changes for _ in range(3) for changes in kinds_of_sale(shop, ana)]
    ventas = [ask(cajero, "/api/ventas/", shop.venta(caja, **changes)) for changes in asked]
    assert [one["numero"] for one in ventas] == list(range(1, 31))

    # The seller quotes, the customer agrees, and the order is sold at the price that was quoted.
    oferta = {
        "cliente_id": ana,
        "sucursal_id": aqui,
        "detalle": [{"producto_id": dos, "cantidad": 10, "precio": "9.90"}],
    }
    cotizacion = ask(vendedor, "/api/cotizaciones/", oferta)
    orden = ask(vendedor, f"/api/cotizaciones/{cotizacion['id']}/convertir/", {})
    pago = {"caja_id": caja, "formas_pago": [{"metodo": "transferencia", "monto": "99.00"}]}
    ventas.append(ask(cajero, f"/api/ordenes-venta/{orden['id']}/vender/", pago))
    assert ventas[-1]["total"] == cotizacion["total"] == "99.00"

    # The line was down for a while. The till sends what it sold, and, hearing nothing, again.
    lote = []
    for minute, cantidad in ((30, 2), (20, 500), (10, 1)):
        instant = datetime.now(UTC) - timedelta(minutes=minute)
        detalle = [{"producto_id": uno, "cantidad": cantidad}]
        pagos = [{"metodo": "efectivo", "monto": "6000"}]
        venta = shop.venta(caja, detalle=detalle, formas_pago=pagos)
        una = {"uuid": str(uuid4()), "fecha_registro_local": instant.isoformat(), "venta": venta}
        lote.append(una)
    first = ask(cajero, "/api/ventas/offline-sync/", {"ventas": lote})
    again = ask(cajero, "/api/ventas/offline-sync/", {"ventas": lote})
    assert [one["resultado"] for one in first["ventas"]] == [
        "sincronizada",
        "error_sync",
        "sincronizada",
    ]
    assert [one["resultado"] for one in again["ventas"]] == ["repetida", "error_sync", "repetida"]
    ventas += [ask(cajero, f"/api/ventas/{one['venta_id']}/") for one in first["ventas"][::2]]

    # One customer brings a unit back; another sale was a mistake.
    stock = Decimal(ask(cajero, f"/api/productos/{uno}/")["stock_actual"])
    linea = {"detalle_id": ventas[0]["detalle"][0]["id"], "cantidad": 1}
    vuelta = ask(
        cajero,
        f"/api/ventas/{ventas[0]['id']}/devoluciones/",
        {"motivo": "Talla", "lineas": [linea]},
    )
    ask(gerente, f"/api/ventas/{ventas[1]['id']}/anular/", {"motivo": "Se cobró dos veces"})
    after = Decimal(ask(cajero, f"/api/productos/{uno}/")["stock_actual"])
    assert after == stock + 1 + 2

    # Five go to the other sucursal and four arrive: it stays open until somebody says what became.
    envio = {
        "almacen_origen_id": shop.almacenes[0],
        "almacen_destino_id": shop.almacenes[1],
        "detalle": [{"producto_id": uno, "cantidad_enviada": 5}],
    }
    address = "/api/inventario/transferencia/"
    enviada = ask(admin, address, envio)
    ask(admin, f"{address}{enviada['id']}/enviar/", {})
    recibida = {"detalle_id": enviada["detalle"][0]["id"], "cantidad_recibida": "4"}
    corta = ask(admin, f"{address}{enviada['id']}/confirmar/", {"detalle": [recibida]})
    assert corta["estado"] != "CONFIRMADA"
    resuelta = {"incidencia_id": corta["incidencias"][0]["id"], "resolucion": "perdida"}
    resoluciones = {"resoluciones": [resuelta | {"motivo": "Se rompió"}]}
    ask(admin, f"{address}{enviada['id']}/resolver/", resoluciones)
    assert ask(admin, f"{address}{enviada['id']}/")["estado"] == "CONFIRMADA"

    # Ana pays a part of what she owes, and in the evening the drawer is counted and closed.
    debe = Decimal(ask(cajero, f"/api/clientes/{ana}/credito/")["saldo_credito"])
    assert debe == Decimal("47.20") * 3
    abono = {"caja_id": caja, "monto": "41.60", "metodo": "efectivo"}
    ask(cajero, f"/api/clientes/{ana}/abonos/", abono)
    esperado = ask(cajero, f"/api/cajas/{caja}/reporte-z/")["monto_esperado"]
    parcial = ask(cajero, f"/api/cajas/{caja}/arqueos/", {"monto": esperado})
    assert parcial["diferencia"] == "0.00"
    cierre = {"caja_id": caja, "monto_cierre": str(Decimal(esperado) - Decimal("0.50"))}
    cerrada = ask(cajero, "/api/cajas/cerrar/", cierre)
    assert (cerrada["diferencia"], cerrada["numero_z"]) == ("-0.50", 1)

    # All agree: sales, reports, the drawer's report, the ledger of stock.
    quedan = [one for one in ventas if one["id"] != ventas[1]["id"]]
    vendido = sum((Decimal(one["total"]) for one in quedan), Decimal(0))
    totales = [
        ask(gerente, f"{REPORTES}{name}/")["totales"]
        for name in ("diarias", "por-producto", "por-cliente")
    ]
    for name in ("subtotal", "igv", "total", "devoluciones"):
        assert len({one[name] for one in totales}) == 1, name
    assert Decimal(totales[0]["total"]) == vendido - Decimal(vuelta["total"])
    assert Decimal(totales[0]["devoluciones"]) == Decimal(vuelta["total"])
    z = ask(gerente, f"/api/cajas/{caja}/reporte-z/")
    assert (Decimal(z["total"]), z["ventas"], z["anuladas"]) == (vendido, len(quedan), 1)
    assert sum(Decimal(one["total"]) for one in z["afectaciones"]) == vendido
    efectivo = next(one for one in z["metodos"] if one["metodo"] == "efectivo")
    assert Decimal(esperado) == Decimal("100.00") + Decimal(efectivo["neto"])
    cobrado = sum(Decimal(one["neto"]) for one in z["metodos"])
    devuelto = Decimal(vuelta["total"])
    assert cobrado == vendido - devuelto + Decimal("50.00") + Decimal("41.60")
    assert runtime.transact(revisar_libro) is None
