"""What stock is worth, the kardex, and the book that is looked over. Source: módulo 2."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from starlette.testclient import TestClient

from addons.inventory import services
from addons.inventory.schemas import EntradaNueva
from addons.inventory.services import movimientos as movimientos_de
from kernel.context import Ctx
from kernel.runtime import Runtime
from tests.addons.base.test_roles import permisos, rol_id
from tests.addons.inventory.almacenero import (
    INVENTARIO,
    envio,
    mercaderia,
    movimientos,
    post,
    trazar,
)
from tests.conftest import Connect
from tests.shop import Shop, abrir_caja

KARDEX = "/api/reportes/kardex/"


@pytest.mark.usefixtures("libro")
def test_average_cost_weighs_what_came_in(
    almacen: TestClient, connect: Connect, shop: Shop
) -> None:
    """100 at 7.00; 50 come at 10.00; a sale of 2 goes at 8.00 and comes back at 8.00."""
    post(almacen, "entrada/", mercaderia(shop, "50", costo_unitario="10"))
    gerente = connect("gerente")
    caja = abrir_caja(gerente, shop)
    venta = gerente.post("/api/ventas/", json=shop.venta(caja)).json()
    post(almacen, "entrada/", mercaderia(shop, "2", costo_unitario="20"))
    gerente.post(f"/api/ventas/{venta['id']}/anular/", json={"motivo": "Error"})
    post(almacen, "ajuste/", mercaderia(shop, "1"))
    hechos = movimientos(almacen, producto_id=shop.productos[0])
    costos = [(one["costo_unitario"], one["costo_promedio"]) for one in hechos]
    # (148 × 8 + 2 × 20) / 150 = 8.16; (150 × 8.16 + 2 × 8) / 152 = 8.157895
    assert costos == [
        ("7.000000", "7.000000"),
        ("10.000000", "8.000000"),
        ("8.000000", "8.000000"),
        ("20.000000", "8.160000"),
        ("8.000000", "8.157895"),
        ("8.157895", "8.157895"),
    ]
    costo = almacen.get(f"{INVENTARIO}productos/{shop.productos[0]}/costo/").json()
    assert costo == {
        "producto_id": shop.productos[0],
        "stock_actual": "153.0000",
        "costo_promedio": "8.157895",
        "recalculado": "8.157895",
        "coincide": True,
    }


@pytest.mark.usefixtures("libro")
def test_kardex_of_the_company_and_of_an_almacen(almacen: TestClient, shop: Shop) -> None:
    uno = shop.productos[0]
    post(almacen, "salida/", mercaderia(shop, "10"))
    una = post(almacen, "transferencia/", envio(shop, (0, "40")))
    post(almacen, f"transferencia/{una['id']}/confirmar/", status=200)
    todo = almacen.get(KARDEX, params={"producto_id": uno}).json()
    assert [(one["entrada"], one["salida"], one["saldo"]) for one in todo["items"]] == [
        ("100.0000", None, "100.0000"),
        (None, "10.0000", "90.0000"),
    ]
    assert todo["totales"]["saldo_final_valor"] == "630.00"
    query = {"producto_id": uno, "almacen_id": shop.almacenes[1]}
    (entra,) = almacen.get(KARDEX, params=query).json()["items"]
    assert (entra["entrada"], entra["saldo"], entra["valor"]) == ("40.0000", "40.0000", "280.00")
    desde = {"producto_id": uno, "desde": "2030-01-01"}
    despues = almacen.get(KARDEX, params=desde).json()
    assert (despues["items"], despues["totales"]["saldo_inicial"]) == ([], "90.0000")
    assert despues["totales"]["saldo_inicial_valor"] == "630.00"
    valor = almacen.get("/api/reportes/existencias-valorizadas/").json()
    assert Decimal(valor["totales"]["valor"]) == 9 * 700 + 630
    assert "630.00" in almacen.get(KARDEX, params={"producto_id": uno, "formato": "csv"}).text


def test_costs_are_not_for_everybody(admin: TestClient, connect: Connect, shop: Shop) -> None:
    assert connect("vendedor").get(KARDEX, params={"producto_id": 1}).status_code == 403
    assert "costo_unitario" in movimientos(connect("gerente"))[0]
    rol = rol_id(admin, "GERENTE_VENTAS")
    quita = permisos("productos.ver_costo", permitido=False)
    assert admin.put(f"/api/roles/{rol}/permisos/", json=quita).status_code == 200
    hecho = movimientos(connect("gerente"))[0]
    assert "cantidad" in hecho
    assert not {"costo_unitario", "costo_promedio"} & set(hecho)


def test_confined_user_sees_the_kardex_of_the_own_almacenes(
    admin: TestClient, connect: Connect, shop: Shop
) -> None:
    path = f"/api/usuarios/{shop.usuarios['almacen']}/almacenes/"
    admin.put(path, json={"almacenes": shop.almacenes[1:]})
    almacen = connect("almacen")
    query = {"producto_id": shop.productos[0]}
    assert almacen.get(KARDEX, params=query).status_code == 403
    ajeno = query | {"almacen_id": shop.almacenes[0]}
    assert almacen.get(KARDEX, params=ajeno).status_code == 403
    assert almacen.get(KARDEX, params=query | {"almacen_id": shop.almacenes[1]}).status_code == 200
    assert almacen.get("/api/reportes/existencias-valorizadas/").json()["items"] == []


# Looked over -------------------------------------------------------------------------------------


def tamper(runtime: Runtime, statement: str) -> None:
    """Change what nobody may, as the database's owner without its triggers."""
    engine = create_engine(runtime.settings.owner_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE movimientos_stock DISABLE TRIGGER USER"))
        connection.execute(text(statement))
    engine.dispose()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE productos_almacen SET stock_reservado = 1 WHERE id = 1",
         "productos_almacen(1) dice 1.0000 reservado"),
        ("UPDATE lotes_series SET cantidad_actual = 1", "lotes_series(1) dice 1.0000"),
        ("UPDATE movimientos_stock SET lote_id = NULL WHERE lote_id IS NOT NULL",
         "lotes_series(1) dice 100.0000"),
        ("UPDATE movimientos_stock SET cantidad = 99 WHERE producto_id = 3",
         "productos_almacen(almacen 1, producto 3) dice 100.0000"),
        ("UPDATE movimientos_stock SET costo_promedio = 8 WHERE producto_id = 3",
         "dice costo_promedio 8.000000 y al recontar da 7.000000"),
        ("UPDATE productos SET costo_promedio = 8 WHERE id = 3", "productos(3) dice"),
    ],
)  # fmt: skip
def test_book_that_was_tampered_with_is_named(
    almacen: TestClient, shop: Shop, runtime: Runtime, statement: str, told: str
) -> None:
    trazar(almacen, shop, "lote")
    tamper(runtime, statement)
    found = runtime.transact(services.revisar_libro) or runtime.transact(services.revisar_costos)
    assert told in (found or "nothing")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE movimientos_stock SET cantidad = 1",
        "DELETE FROM movimientos_stock",
        "TRUNCATE movimientos_stock",
        "UPDATE movimientos_stock_2026_11 SET cantidad = 1",
    ],
)
def test_movements_are_changed_by_nobody(runtime: Runtime, statement: str) -> None:
    """Neither by the application, which lacks the right, nor by the owner: a trigger refuses."""
    statement = statement.replace("2026_11", f"{runtime.clock():%Y_%m}")
    with pytest.raises(ProgrammingError, match="denied"), runtime.database.engine.begin() as one:
        one.execute(text(statement))
    owner = create_engine(runtime.settings.owner_url)
    with pytest.raises(ProgrammingError, match="append-only"), owner.begin() as one:
        one.execute(text(statement))
    owner.dispose()


def test_page_of_the_kardex_is_written_as_the_company_writes(
    connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    def recibir(ctx: Ctx) -> None:
        ctx.now = datetime(ctx.now.year, 3, 8, 1, 30, tzinfo=UTC)  # the evening before, in Lima
        movimientos_de.registrar_entrada(
            ctx,
            EntradaNueva(
                almacen_id=shop.almacenes[0],
                producto_id=shop.productos[0],
                cantidad=Decimal(1200),
                costo_unitario=Decimal(7),
                motivo="Compra",
            ),
        )

    runtime.transact(recibir)
    almacen = connect("almacen")
    sku = almacen.get(f"/api/productos/{shop.productos[0]}/").json()["sku"]
    page = almacen.get("/app/inventario/kardex/", params={"producto": sku}).text
    cells = [it.strip() for it in re.findall(r">([^<>]+)<", page)]
    assert {"7 mar 20:30", "Entrada", "1,300", "9,100.00"} <= {*cells}
    assert "ENTRADA" not in cells


def test_kardex_of_a_product_that_does_not_exist_says_so(almacen: TestClient) -> None:
    told = almacen.get("/api/reportes/kardex/?producto_id=99999")
    faults = [(one["field"], one["code"]) for one in told.json()["errors"]]
    assert (told.status_code, faults) == (400, [("producto_id", "no_existe")])
