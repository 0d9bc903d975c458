"""Acts that ask for lines: their forms begin with the lines of the record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.conftest import Connect
from tests.shop import Shop, abrir_caja
from tests.web.pages import Browser

Open = Callable[[str], Browser]
DEVOLVER = "#record form:has([value=devolver])"
CONFIRMAR = "#record form:has([value=confirmar])"


@pytest.fixture
def browser(connect: Connect) -> Open:
    """Return a function that gives the browser of a user of the shop."""
    return lambda name: Browser(connect(""), name)


@pytest.fixture
def venta(cajero: TestClient, shop: Shop) -> dict[str, Any]:
    """A sale of two of a product and three of another."""
    caja = abrir_caja(cajero, shop)
    cantidades = zip(shop.productos[:2], ("2", "3"), strict=True)
    detalle = [{"producto_id": uno, "cantidad": cantidad} for uno, cantidad in cantidades]
    body = {
        "cliente_id": shop.cliente,
        "sucursal_id": shop.sucursales[0],
        "caja_id": caja,
        "detalle": detalle,
        "formas_pago": [{"metodo": "efectivo", "monto": "59.00"}],
    }
    answer = cajero.post("/api/ventas/", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def rows(person: Browser, form: str) -> list[list[str]]:
    """Return what the lines of a form say."""
    (found,) = person.page.cssselect(form)
    return [
        [" ".join(cell.text_content().split()) for cell in row.cssselect("td:not([hidden])")]
        for row in found.cssselect("tbody tr")
    ]


def test_return_of_a_sale_begins_with_its_lines(
    browser: Open, venta: dict[str, Any], cajero: TestClient
) -> None:
    person = browser("gerente")
    person.get(f"/app/ventas/{venta['id']}/")
    assert [one[:2] for one in rows(person, DEVOLVER)] == [["Producto 1", "2"], ["Producto 2", "3"]]
    assert not person.page.cssselect(f"{DEVOLVER} [data-add-line]")
    first = venta["detalle"][0]["id"]
    name = f"_devolver-lineas.{first}"
    person.submit(DEVOLVER, **{"_devolver.motivo": "Falló", f"{name}.cantidad": "1"})
    assert person.status == 200, person.texts("[role=alert]")
    (devolucion,) = cajero.get("/api/devoluciones/").json()["items"]
    (linea,) = cajero.get(f"/api/devoluciones/{devolucion['id']}/").json()["lineas"]
    assert (linea["detalle_venta_id"], linea["cantidad"], linea["reingresa"]) == (
        first, "1.0000", True,
    )  # fmt: skip
    assert [one[:2] for one in rows(person, DEVOLVER)] == [["Producto 1", "1"], ["Producto 2", "3"]]
    person.submit(
        DEVOLVER,
        **{"_devolver.motivo": "Rota", f"{name}.cantidad": "1", f"{name}.reingresa": None},
    )
    assert [one[0] for one in rows(person, DEVOLVER)] == ["Producto 2"]
    last = cajero.get("/api/devoluciones/").json()["items"][0]["id"]
    assert not cajero.get(f"/api/devoluciones/{last}/").json()["lineas"][0]["reingresa"]


def test_refused_return_keeps_what_was_typed_and_says_why_at_its_line(
    browser: Open, venta: dict[str, Any]
) -> None:
    person = browser("gerente")
    person.get(f"/app/ventas/{venta['id']}/")
    second = venta["detalle"][1]["id"]
    name = f"_devolver-lineas.{second}.cantidad"
    person.submit(DEVOLVER, **{"_devolver.motivo": "Falló", name: "4"})
    assert person.status == 422
    (form,) = person.page.cssselect(f"details[open] form:has([name='{name}'])")
    assert dict(form.fields)[name] == "4"
    assert dict(form.fields)["_devolver.motivo"] == "Falló"
    assert "quedan" in person.texts("tr:last-child .fault")[0]
    person.submit(DEVOLVER, **{name: ""})
    assert person.status == 400
    assert person.texts("details[open] [role=alert]")


def test_receipt_of_a_transfer_begins_with_what_was_sent(
    browser: Open, admin: TestClient, shop: Shop
) -> None:
    body = {
        "almacen_origen_id": shop.almacenes[0],
        "almacen_destino_id": shop.almacenes[1],
        "detalle": [
            {"producto_id": uno, "cantidad_enviada": cuanto}
            for uno, cuanto in zip(shop.productos[:2], ("5", "7"), strict=True)
        ],
    }
    made = admin.post("/api/inventario/transferencia/", json=body).json()
    place = f"/api/inventario/transferencia/{made['id']}/"
    assert admin.post(f"{place}enviar/").status_code == 200
    first, second = (one["id"] for one in made["detalle"])
    person = browser("admin")
    person.get(place.replace("/api/", "/app/"))
    (form,) = person.page.cssselect(CONFIRMAR)
    given = dict(form.fields)
    assert given[f"_confirmar-detalle.{first}.cantidad_recibida"] == "5"
    person.submit(CONFIRMAR, **{f"_confirmar-detalle.{second}.cantidad_recibida": "6"})
    assert person.status == 200, person.texts("[role=alert]")
    told = admin.get(place).json()
    assert told["estado"] == "CON_INCIDENCIA"
    assert [one["cantidad_recibida"] for one in told["detalle"]] == ["5.0000", "6.0000"]
