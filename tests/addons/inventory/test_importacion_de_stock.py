"""Opening stock from a spreadsheet, and how long ten thousand rows take. Source: módulo 2."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from kernel.runtime import Runtime
from tests.addons.inventory.almacenero import lotes, movimientos, saldo, trazar
from tests.addons.sales.test_importaciones import (
    IMPORTS,
    correr,
    errores,
    hecha,
    libro,
    texto,
)
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop

HEADS = ("Almacén", "Código", "Stock", "Costo", "Lote", "Serie", "Vence")
pytestmark = pytest.mark.usefixtures("libro")


def test_stock_inicial_is_entradas_of_goods_that_never_moved(
    admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    trazar(admin, shop, "ninguna", 1)
    nuevo = {"sku": "L-1", "nombre": "Con lote", "precio": "5"}
    producto = admin.post("/api/productos/", json=nuevo).json()["id"]
    path = f"/api/inventario/productos/{producto}/trazabilidad/"
    assert admin.put(path, json={"trazabilidad": "lote"}).status_code == 200
    hoy = runtime.transact(lambda ctx: ctx.now.astimezone(ctx.time_zone).date())
    rows: list[tuple[Any, ...]] = [
        HEADS,
        ("almacén 002", "P-01", 12.5, "S/ 7.50", None, None, None),
        ("Almacén 002", "L-1", 3, 2, "A", None, f"{hoy + timedelta(days=40):%d/%m/%Y}"),
        ("Almacén 002", "L-1", 4, 2, "B", None, None),
        ("Almacén 001", "P-01", 5, None, None, None, None),  # it has moved there
        ("Almacén 002", "L-1", 1, None, None, None, None),  # which lot?
        ("Almacén 002", "P-02", 0, None, None, None, None),
        ("Almacén 002", "P-03", 1, None, "X", None, None),  # it has no lots
        ("Otro", "P-99", 1, None, None, None, None),
        ("Almacén 002", "L-1", 1, None, "C", None, (hoy - timedelta(days=1)).isoformat()),
    ]
    one = hecha(admin, "stock-inicial", libro(*rows))
    before = contents(runtime, *IMPORTS)
    tried = correr(admin, runtime, one, "probar")
    assert (tried["creados"], tried["malas"]) == (3, 6)
    assert not changed(before, contents(runtime, *IMPORTS))
    assert {fila: [campo for campo, _ in why] for fila, why in errores(admin, one).items()} == {
        5: ["sku"],
        6: ["numero_lote"],
        7: ["cantidad"],
        8: ["numero_lote"],
        9: ["almacen", "sku"],
        10: ["fecha_vencimiento"],
    }
    assert correr(admin, runtime, one, "importar")["estado"] == "rechazada"
    assert not changed(before, contents(runtime, *IMPORTS))
    done = correr(admin, runtime, one, "importar", modo="omitir_malas")
    assert (done["estado"], done["creados"], done["malas"]) == ("importada", 3, 6)
    assert saldo(admin, shop, almacen=1)[0] == "12.5000"
    moved = movimientos(admin, referencia_doc=f"importacion:{one['id']}")
    told = ("tipo_movimiento", "cantidad", "costo_unitario", "motivo")
    assert [[one[name] for name in told] for one in moved] == [
        ["ENTRADA", "12.5000", "7.500000", "Inventario inicial"],
        ["ENTRADA", "3.0000", "2.000000", "Inventario inicial"],
        ["ENTRADA", "4.0000", "2.000000", "Inventario inicial"],
    ]
    again = correr(admin, runtime, hecha(admin, "stock-inicial", libro(*rows[:4])), "probar")
    assert (again["creados"], again["malas"]) == (0, 3)  # sent twice it does not count twice


def test_stock_inicial_stays_within_the_almacenes_of_who_imports(
    connect: Connect, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    path = f"/api/usuarios/{shop.usuarios['almacen']}/almacenes/"
    assert admin.put(path, json={"almacenes": [shop.almacenes[1]]}).status_code == 200
    almacen = connect("almacen")
    nuevo = {"sku": "N-1", "nombre": "Nuevo", "precio": "5"}
    admin.post("/api/productos/", json=nuevo)
    rows = [HEADS[:3], ("Almacén 001", "N-1", 5), ("Almacén 002", "N-1", 5)]
    one = hecha(almacen, "stock-inicial", libro(*rows))
    done = correr(almacen, runtime, one, "importar", modo="omitir_malas")
    assert (done["creados"], done["malas"]) == (1, 1)
    assert "a su alcance" in errores(almacen, one)[2][0][1]
    assert lotes(admin, shop) == {}


def test_ten_thousand_rows_are_one_act(admin: TestClient, runtime: Runtime) -> None:
    """Products with families and costs, then their opening stock; figures: docs/performance.md."""
    many, head = range(10_000), "SKU,Nombre,Precio,Costo,Categoría\n"
    body = (f"M-{n},Producto {n},{n % 90}.90,{n % 60}.5,Familia {n % 40}\n" for n in many)
    sheet = texto(head + "".join(body))
    productos = correr(admin, runtime, hecha(admin, "productos", sheet), "importar")
    assert (productos["estado"], productos["creados"]) == ("importada", len(many))
    rows = "".join(f"Almacén 002;M-{n};{n % 7 + 1}\n" for n in many)
    one = hecha(admin, "stock-inicial", texto("Almacén;SKU;Cantidad\n" + rows))
    done = correr(admin, runtime, one, "importar")
    assert (done["estado"], done["creados"]) == ("importada", len(many))
    (last,) = admin.get("/api/productos/?sku=M-9999").json()["items"]
    assert last["stock_actual"] == f"{9999 % 7 + 1}.0000"
