"""A day in a shop, in real browsers: a cashier at the till, a seller who quotes, one drawer."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Page, expect

from kernel.runtime import Runtime
from tests import live
from tests.web.chromium import Person, chromium, field, needs_chromium, options
from tests.web.till import Till, caja_de, ventas

pytestmark = [needs_chromium, pytest.mark.slow]


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A browser."""
    with chromium() as made:
        yield made


def pick(page: Page, label: str, typed: str) -> None:
    """Look a record up in a field and take the only one found."""
    box = field(page, label)
    box.focus()
    box.press_sequentially(typed)
    expect(options(page)).to_have_count(1)
    box.press("Enter")


def quote(seller: Person) -> None:
    """Offer five of a product at a discount, and make an order of it."""
    page = seller.page
    page.goto("/app/cotizaciones/nuevo/")
    pick(page, "Cliente", "varios")
    pick(page, "Sucursal", "001")
    pick(page, "Producto", "producto 3")
    field(page, "Cantidad").fill("5")
    field(page, "Descuento").fill("1.50")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("status").first).to_contain_text("Guardado.")
    expect(page.locator("#record-form")).to_contain_text("57.50")
    page.get_by_role("button", name="Convertir en orden").click()
    expect(page.locator(".states [aria-current]")).to_have_text("Convertida")


def sell_order(cashier: Till, caja: int) -> None:
    """Sell the order that was made, for cash."""
    page = cashier.page
    page.goto("/app/ordenes-venta/")
    page.locator("#rows tbody a.open").first.click()
    page.locator("summary", has_text="Vender").click()
    ask = page.locator("details[open]")
    ask.get_by_role("combobox", name="Caja").fill(str(caja))
    ask.get_by_label("Se paga con").select_option(label="Efectivo")
    ask.get_by_role("button", name="Vender").click()
    expect(page.locator(".states [aria-current]")).to_have_text("Atendida")


def count(page: Page, act: str, amount: str) -> None:
    """Say what is in the drawer, on the caja's own page."""
    page.locator("summary", has_text=act).click()
    ask = page.locator("details[open]")
    ask.get_by_label("Efectivo contado").fill(amount)
    ask.get_by_role("button", name=act).click()
    expect(page.get_by_role("status").first).to_have_text("Hecho.")


def test_day_from_opening_to_closing_adds_up_to_the_cent(
    browser: Browser, runtime: Runtime
) -> None:
    with live.serving(runtime.settings, jobs=1) as site:
        cashier, seller = Till(browser, site, "cajero"), Person(browser, site, "vendedor")
        caja = cashier.open_caja("100")
        cashier.add("p-01", "2*p-02")
        cashier.charge()
        cashier.again()
        quote(seller)
        sell_order(cashier, caja)
        rows = ventas(runtime, caja)
        assert [one["total"] for one in rows] == [Decimal("35.40"), Decimal("57.50")]
        assert [one["pagos"][0][:2] for one in rows] == [
            ["efectivo", "35.40"],
            ["efectivo", "57.50"],
        ]

        cashier.page.goto(f"/app/cajas/{caja}/")
        count(cashier.page, "Arqueo", "192.90")
        count(cashier.page, "Cerrar caja", "192.90")
        expect(cashier.page.locator(".states [aria-current]")).to_have_text("Cerrada")
        found = caja_de(runtime, caja)
        assert (found["monto_esperado"], found["monto_cierre"]) == (
            Decimal("192.90"),
            Decimal("192.90"),
        )

        boss = Person(browser, site, "gerente")
        boss.page.goto("/app/sales.tablero/")
        expect(boss.page.locator(".tile.number .figure").first).to_have_text("92.90")
        assert [*cashier.complaints, *seller.complaints, *boss.complaints] == []
