"""Lines of a form where no script adds them: a button returns the form with one more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from starlette.testclient import TestClient

from kernel.runtime import Runtime
from tests import live
from tests.conftest import Connect
from tests.shop import Shop
from tests.web.chromium import Person, chromium, field, needs_chromium
from tests.web.pages import Browser

Open = Callable[[str], Browser]
FORM = "#record-form"


@pytest.fixture
def browser(connect: Connect) -> Open:
    """Return a function that gives the browser of a user of the shop."""
    return lambda name: Browser(connect(""), name)


@pytest.fixture(scope="module")
def chrome() -> Iterator[Chromium]:
    """A real browser."""
    with chromium() as made:
        yield made


@pytest.fixture
def page(chrome: Chromium, runtime: Runtime) -> Iterator[Page]:
    """The page of a manager in whose browser no script runs."""
    with live.serving(runtime.settings) as site:
        person = Person(chrome, site, "gerente", java_script_enabled=False)
        yield person.page
        assert person.complaints == []
        person.context.close()


@pytest.fixture
def cotizacion(admin: TestClient, shop: Shop) -> dict[str, Any]:
    """An offer of one product, edited until it expires."""
    detalle = [{"producto_id": shop.productos[0], "cantidad": "2"}]
    body = {"cliente_id": shop.cliente, "sucursal_id": shop.sucursales[0], "detalle": detalle}
    answer = admin.post("/api/cotizaciones/", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@needs_chromium
@pytest.mark.slow
def test_lines_are_added_one_by_one_without_a_script_and_all_of_them_kept(page: Page) -> None:
    page.goto("/app/cotizaciones/nuevo/")
    field(page, "Cliente").fill("clientes varios")
    field(page, "Sucursal").fill("Sucursal 002")
    products, amounts = field(page, "Producto"), field(page, "Cantidad")
    add = page.get_by_role("button", name="Añadir línea")
    add.click()
    expect(products).to_have_count(2)  # of blank ones too, as many as one asks for
    expect(field(page, "Cliente")).to_have_value("clientes varios")
    expect(products.nth(1)).to_be_focused()
    for at, (name, amount) in enumerate((("Producto 1", "3"), ("Producto 2", "1"))):
        products.nth(at).fill(name)
        amounts.nth(at).fill(amount)
    add.click()
    expect(products).to_have_count(3)
    expect(products.nth(1)).to_have_value("Producto 2")
    expect(amounts.nth(0)).to_have_value("3")
    expect(page.locator(".fault, [role=alert]")).to_have_count(0)
    products.nth(0).fill("")
    amounts.nth(0).fill("")  # a line that is left blank is none
    products.nth(2).fill("ninguno así")
    amounts.nth(2).fill("4")
    save = page.get_by_role("button", name="Guardar", exact=True)
    save.click()
    expect(page.locator(".fault")).to_have_text("No hay ninguno con este nombre.")
    expect(products).to_have_count(2)
    expect(products.nth(1)).to_have_value("ninguno así")
    products.nth(1).fill("Producto 3")
    save.click()
    expect(page.get_by_role("status").first).to_contain_text("Guardado.")
    expect(products).to_have_count(2)
    expect(products.nth(0)).to_have_value("Producto 2")
    expect(amounts.nth(1)).to_have_value("4")


def test_line_added_to_a_record_leaves_the_edit_as_old_as_it_was(
    browser: Open, admin: TestClient, cotizacion: dict[str, Any], shop: Shop
) -> None:
    person, place = browser("admin"), f"/api/cotizaciones/{cotizacion['id']}/"
    person.get(f"/app/cotizaciones/{cotizacion['id']}/")
    other = {"detalle": [{"producto_id": shop.productos[1], "cantidad": "5"}]}
    changed = admin.put(place, json={**other, "version": cotizacion["version"]})
    assert changed.status_code == 200, changed.text
    pattern = [one.get("name") for one in person.page.cssselect("template [name]")]
    person.submit(FORM, _lineas="detalle", **dict.fromkeys(pattern))  # which a browser never sends
    assert person.status == 200
    assert len(person.page.cssselect(f"{FORM} tbody tr")) == 2
    person.submit(
        FORM,
        **{"detalle.1.producto_id": str(shop.productos[2]), "detalle.1.cantidad": "1"},
    )
    assert person.status == 409
    assert person.page.cssselect(".versus")
    (kept,) = admin.get(place).json()["detalle"]
    assert kept["producto_id"] == shop.productos[1]


def test_list_that_is_none_of_the_form_adds_nothing(
    browser: Open, cotizacion: dict[str, Any]
) -> None:
    person = browser("admin")
    person.get(f"/app/cotizaciones/{cotizacion['id']}/")
    person.submit(FORM, _lineas="nada")
    assert person.status == 200
    assert len(person.page.cssselect(f"{FORM} tbody tr")) == 1


def test_line_is_added_to_nothing_that_is_no_longer_edited(
    browser: Open, admin: TestClient, cotizacion: dict[str, Any]
) -> None:
    place = f"/api/cotizaciones/{cotizacion['id']}/"
    assert admin.post(f"{place}anular/", json={"motivo": "no la quiere"}).status_code == 200
    person = browser("admin")
    person.post(f"/app/cotizaciones/{cotizacion['id']}/", {"_lineas": "detalle"})
    assert person.status == 200
    assert not person.page.cssselect(f"{FORM} tbody input")
