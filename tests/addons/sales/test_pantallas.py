"""What cashiers, sellers and storekeepers do on pages, without JavaScript: módulos 1 and 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from kernel.runtime import Runtime
from tests.addons.base.signed_in import run_jobs
from tests.addons.inventory.almacenero import envio, mercaderia, post, saldo, trazar
from tests.conftest import Connect
from tests.shop import Shop, abrir_caja
from tests.web.pages import Browser

pytestmark = pytest.mark.needs("inventory")
Open = Callable[[str], Browser]


@pytest.fixture
def browser(connect: Connect) -> Open:
    """Return a function that gives the browser of a user of the shop."""
    return lambda name: Browser(connect(""), name)


def test_order_is_sold_and_a_part_comes_back(
    browser: Open, cajero: TestClient, connect: Connect, shop: Shop
) -> None:
    orden = {"cliente_id": shop.cliente, "sucursal_id": shop.sucursales[0]}
    orden["detalle"] = [{"producto_id": shop.productos[0], "cantidad": 3}]
    made = connect("vendedor").post("/api/ordenes-venta/", json=orden).json()
    caja = abrir_caja(cajero, shop)
    person = browser("cajero")
    person.get(f"/app/ordenes-venta/{made['id']}/")
    (given,) = person.page.cssselect("#record [name='_vender.caja_id']")
    assert given.get("value") == str(caja)
    sell = {"_vender.caja_id": str(caja), "_vender.metodo": "efectivo"}
    person.submit("#record form:has([value=vender])", **sell)
    assert person.texts(".states [aria-current]") == ["Atendida"]
    venta = cajero.get(f"/api/ordenes-venta/{made['id']}/").json()["venta_id"]
    person.get(f"/app/devoluciones/nuevo/?venta_id={venta}")
    lines = {"lineas.0.producto_id": str(shop.productos[0]), "lineas.0.cantidad": "9"}
    person.submit("#record-form", motivo="Sobró", **lines)
    assert person.status in (400, 422)
    assert "Quedan 3." in person.texts(".lines .fault")
    lines |= {"lineas.0.cantidad": "1", "lineas.0.malogrado": "true"}
    person.submit("#record-form", motivo="Sobró", **lines)
    assert person.status == 200, person.texts("[role=alert]")
    (back,) = cajero.get("/api/devoluciones/").json()["items"]
    told = cajero.get(f"/api/devoluciones/{back['id']}/").json()["lineas"][0]
    assert (told["cantidad"], told["malogrado"]) == ("1.0000", True)


def test_new_sale_begins_with_the_open_caja_and_its_sucursal(
    browser: Open, cajero: TestClient, shop: Shop
) -> None:
    person = browser("cajero")
    caja = abrir_caja(cajero, shop)
    person.get("/app/ventas/nuevo/")
    for name, chosen in (("caja_id", caja), ("sucursal_id", shop.sucursales[0])):
        (given,) = person.page.cssselect(f"#record-form [name={name}]")
        assert given.get("value") == str(chosen)


def test_transfer_is_received_as_counted_and_its_difference_settled(
    browser: Open, connect: Connect, shop: Shop
) -> None:
    almacen = connect("almacen")
    una = post(almacen, "transferencia/", envio(shop, (0, "10"), (1, "4")))
    person = browser("almacen")
    place = f"/app/inventario/transferencia/{una['id']}/"
    person.get(place)
    counted = {"detalle.0.cantidad_recibida": "8", "detalle.1.cantidad_recibida": "4"}
    person.submit("#record-form", **counted)
    assert person.texts(".alert.good") == ["Guardado."]
    person.post(place, {"_acto": "recibir"})
    assert person.texts(".states [aria-current]") == ["Con incidencia"]
    (one,) = almacen.get("/api/inventario/incidencias/").json()["items"]
    person.get(f"/app/inventario/incidencias/{one['id']}/")
    how = {"_resolver.resolucion": "perdida", "_resolver.motivo": "Se rompieron"}
    person.submit("#record form:has([value=resolver])", **how)
    assert person.texts(".states [aria-current]") == ["Resuelta"]
    assert saldo(almacen, shop, almacen=1)[0] == "8.0000"
    assert saldo(almacen, shop)[0] == "90.0000"


def test_count_is_typed_line_by_line_and_closed(
    browser: Open, connect: Connect, shop: Shop
) -> None:
    almacen = connect("almacen")
    hoja = {"almacen_id": shop.almacenes[0], "productos": shop.productos[:2]}
    conteo = post(almacen, "conteos/", hoja)
    person = browser("almacen")
    place = f"/app/inventario/conteos/{conteo['id']}/"
    person.get(place)
    person.submit("#record-form", **{"lineas.0.cantidad_contada": "97,5"})
    assert person.texts(".alert.good") == ["Guardado."]
    person.post(place, {"_acto": "cerrar"})
    assert person.texts(".states [aria-current]") == ["Cerrado"]
    assert saldo(almacen, shop)[0] == "97.5000"
    assert saldo(almacen, shop, producto=1)[0] == "100.0000"


def test_sheet_is_sent_mapped_tried_and_imported(
    browser: Open, admin: TestClient, runtime: Runtime
) -> None:
    person = browser("admin")
    person.get("/app/importaciones/")
    sheet = "Cod,Que es,Vale\nA-1,Clavo,1.50\nA-2,,2\nA-3,Tuerca,3\n"
    wrong: Any = {"archivo": ("hoja.csv", "á".encode("latin-1"))}
    person.post("/app/importaciones/", {"tipo": "productos"}, wrong)
    assert person.status == 400
    assert "Guárdelo como «CSV UTF-8»" in person.texts("[role=alert]")[0]
    person.post("/app/importaciones/", {"tipo": "productos"}, {"archivo": ("hoja.csv", sheet)})
    assert person.status == 200, person.texts("[role=alert]")
    chosen = {"campo.nombre": "1", "campo.precio": "2", "modo": "omitir_malas"}
    assert person.page.cssselect("#c-sku option[selected]")[0].get("value") == "0"
    form = "#main form:has([value=probar])"
    person.submit(form, **chosen, _acto="probar")
    assert person.texts("#import-state .badge") == ["Probando"]
    run_jobs(runtime)
    person.get(person.address)
    assert person.texts("#import-state .badge") == ["Probada"]
    assert person.texts("#import-state tbody tr td") == ["3", "Nombre: Falta este campo."]
    assert admin.get("/api/productos/?sku=A-1").json()["items"] == []
    person.submit(form, _acto="importar")
    run_jobs(runtime)
    person.get(person.address)
    assert person.texts("#import-state .badge") == ["Importada"]
    assert len(admin.get("/api/productos/?q=A-").json()["items"]) == 2
    person.get("/app/importaciones/")
    assert "hoja.csv" in person.texts("table a")
    browser("cajero").get("/app/importaciones/")


def test_documents_of_movements_are_named_and_lead_to_their_record(
    browser: Open, cajero: TestClient, connect: Connect, shop: Shop
) -> None:
    caja = abrir_caja(cajero, shop)
    venta = cajero.post("/api/ventas/", json=shop.venta(caja)).json()
    nombre, lugar = f"Venta {caja}-1", f"/app/ventas/{venta['id']}/"
    almacen = connect("almacen")
    post(almacen, "entrada/", mercaderia(shop, "1", referencia_doc="OC-7"))
    uno = {"producto_id": shop.productos[0]}

    for reader, place in (("admin", lugar), ("almacen", "")):
        named = nombre if place else f"Venta N.º {venta['id']}"
        person = browser(reader)
        for page in (
            "/app/inventario/kardex/?producto=P-01",
            "/app/inventario/movimientos/",
        ):
            person.get(page)
            assert not [one for one in person.texts("td") if one.startswith("venta:")]
            assert {named, "OC-7"} <= {*person.texts("td")}
            links = {it.text: it.get("href") for it in person.page.cssselect("td a")}
            assert links.get(named, "") == place

    admin = connect("admin")
    lista = admin.get("/api/inventario/movimientos/exportar/").text
    kardex = admin.get("/api/reportes/kardex/", params={**uno, "formato": "csv"}).text
    for file in (lista, kardex):
        assert nombre in file
        assert "OC-7" in file
    una = admin.get("/api/reportes/kardex/", params=uno).json()["items"][1]
    assert (una["referencia_doc"], una["documento"]) == (f"venta:{venta['id']}", nombre)


def test_what_a_reservation_is_for_leads_to_its_order(
    browser: Open, connect: Connect, shop: Shop
) -> None:
    orden = {"cliente_id": shop.cliente, "sucursal_id": shop.sucursales[0]}
    orden["detalle"] = [{"producto_id": shop.productos[0], "cantidad": 3}]
    made = connect("vendedor").post("/api/ordenes-venta/", json=orden).json()
    person = browser("almacen")
    person.get("/app/inventario/reservas/")
    (link,) = [it for it in person.page.cssselect("td a") if "orden" in it.text.lower()]
    assert link.text == f"Orden de venta {made['numero']}"
    assert link.get("href") == f"/app/ordenes-venta/{made['id']}/"


def test_kardex_is_found_by_sku_and_keeps_to_who_may(
    browser: Open, connect: Connect, shop: Shop
) -> None:
    person = browser("almacen")
    kardex = "/app/inventario/kardex/"
    person.get(kardex)
    assert person.status == 200
    person.get(f"{kardex}?producto=P-01")
    assert person.texts("tbody td")[-1] == "700.00"
    assert "100" in person.texts("tfoot td")
    pdf = person.page.cssselect("#main a.button")[0].get("href")
    assert pdf == f"/api/reportes/kardex/?producto_id={shop.productos[0]}&formato=pdf"
    person.get(f"{kardex}?producto=producto&desde=2020-01-01")
    links = [one.get("href") for one in person.page.cssselect("#main li a")]
    assert links[0] == f"{kardex}?desde=2020-01-01&producto=P-01"
    assert len(links) > 1
    assert not person.page.cssselect("#main table")
    person.get(f"{kardex}?producto=nada")
    assert "Ningún producto se llama así." in person.texts(".empty p")
    for wrong in ("desde=ayer", "almacen_id=x", "desde=2026-02-02&hasta=2026-01-01"):
        person.get(f"{kardex}?producto=P-01&{wrong}")
        assert person.texts("[role=alert]"), wrong
    other = browser("cajero")
    other.get(kardex)
    assert other.status == 403


def test_lot_is_traced_from_where_it_came_to_who_bought_it(
    browser: Open, connect: Connect, cajero: TestClient, shop: Shop
) -> None:
    almacen = connect("almacen")
    trazar(almacen, shop, "lote")
    venta = cajero.post("/api/ventas/", json=shop.venta(abrir_caja(cajero, shop))).json()
    person = browser("admin")
    trace = "/app/inventario/trazabilidad/"
    person.get(f"{trace}?lote=INICIAL")
    assert person.texts("#main h2") == ["P-01 · Producto 1"]
    assert person.texts("section p .badge") == ["Almacén 001: 98"]
    links = [one.get("href") for one in person.page.cssselect("#main td a")]
    assert links == [f"/app/ventas/{venta['id']}/", f"/app/clientes/{shop.cliente}/"]
    for nothing in ("nada", "a/b", "%20"):
        person.get(f"{trace}?lote={nothing}")
        assert person.status == 200
    assert not person.texts("#main h2")
