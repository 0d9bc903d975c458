"""Without JavaScript, in a real browser: lists, filters, records opened, made, saved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from kernel.runtime import Runtime
from tests import live
from tests.web.chromium import Person, chromium, field, needs_chromium

pytestmark = [needs_chromium, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that the tests of the module share."""
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def site(shared_runtime: Runtime) -> Iterator[str]:
    """The address of a running shop that the tests of the module share."""
    with live.serving(shared_runtime.settings) as address:
        yield address


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """The page of a manager in whose browser no script runs."""
    person = Person(browser, site, "gerente", java_script_enabled=False)
    yield person.page
    assert person.complaints == []
    person.context.close()


def test_record_is_found_opened_changed_and_saved(page: Page) -> None:
    page.goto("/app/productos/")
    search = page.get_by_label("Buscar en esta lista")
    search.fill("producto 7")
    search.press("Enter")
    rows = page.locator("#rows tbody tr")
    expect(rows).to_have_count(1)
    rows.get_by_role("link", name="P-07").click()
    expect(page.get_by_role("heading", name="Producto 7")).to_be_visible()
    field(page, "Precio con IGV").fill("19.90")
    page.get_by_role("button", name="Guardar", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Guardado.")
    page.get_by_role("link", name="Cerrar").click()
    expect(rows).to_contain_text("19.90")


def test_list_is_sorted_grouped_and_turned_by_links(page: Page) -> None:
    page.goto("/app/productos/?limit=4")
    names = page.locator("#rows tbody td:nth-child(3)")
    page.get_by_role("columnheader").get_by_role("link", name="Nombre").click()
    page.goto(f"{page.url}&limit=4")
    expect(names.first).to_have_text("Producto 1")
    page.get_by_role("link", name="Página siguiente").click()
    expect(names.first).to_have_text("Producto 4")
    page.get_by_text("Agrupar", exact=True).click()
    page.get_by_role("link", name="Activo").click()
    expect(page.get_by_role("region", name="Grupos").locator("tbody tr")).to_have_count(1)


def test_references_are_typed_by_name_where_nothing_looks_them_up(page: Page) -> None:
    page.goto("/app/cotizaciones/nuevo/")
    field(page, "Cliente").fill("clientes VARIOS")
    field(page, "Sucursal").fill("Sucursal")
    field(page, "Producto").fill("Producto 1")
    field(page, "Cantidad").fill("3")
    save = page.get_by_role("button", name="Guardar", exact=True)
    save.click()
    expect(page.locator(".fault")).to_have_text("Hay varios con este nombre: escríbalo entero.")
    expect(field(page, "Sucursal")).to_have_value("Sucursal")
    expect(field(page, "Producto")).to_have_value("Producto 1")
    field(page, "Sucursal").fill("Sucursal 002")
    save.click()
    expect(page.get_by_role("status").first).to_contain_text("Guardado.")
    expect(field(page, "Cliente")).to_have_value("Clientes varios")
    expect(page.locator("#record-form")).to_contain_text("35.40")
    field(page, "Producto").fill("Producto 2")
    save.click()
    expect(field(page, "Producto")).to_have_value("Producto 2")


@pytest.mark.parametrize(
    ("typed", "rows", "chip"),
    [
        ("sucursal 001", 1, "Sucursal: Sucursal 001"),
        ("sucursal", 2, "Sucursal: Sucursal 001, Sucursal 002"),
        ("bodega", 0, "Sucursal: ninguno con ese nombre"),
    ],
)
def test_list_is_filtered_by_the_name_of_a_reference(
    page: Page, typed: str, rows: int, chip: str
) -> None:
    page.goto("/app/almacenes/")
    page.get_by_text("Filtros", exact=True).click()
    page.locator("#f-sucursal_id").fill(typed)
    page.get_by_role("button", name="Aplicar").click()
    expect(page.locator(".chip")).to_have_text(chip)
    expect(page.locator("#rows tbody tr")).to_have_count(rows)
    page.get_by_role("link", name="Quitar el filtro").click()
    expect(page.locator("#rows tbody tr")).to_have_count(2)
