"""The till in a real browser: a cashier's day, keys, touch, languages, accessibility, sizes."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from addons.sales.models import Cliente, Producto
from addons.sales.services.importes import Linea, bruto, calcular, con_descuento_global
from kernel import installable
from kernel.context import Ctx
from kernel.images import size
from kernel.money import round_half_up
from kernel.runtime import Runtime
from kernel.static import STATIC
from tests import live
from tests.web.chromium import Person, axe, chromium, needs_chromium
from tests.web.test_pages import XSS
from tests.web.till import (
    Till,
    bring,
    caja_de,
    close_all,
    lot_goods,
    lotes_vendidos,
    ventas,
)

pytestmark = [needs_chromium, pytest.mark.slow]

KIB = 1024
DIALOGS = {
    "pay": "#charge",
    "line": "[data-edit]",
    "off": "#discount",
    "clients": "#client",
    "queue": "#state",
    "count": "[data-count=cierre]",
    "keys": "[data-open=keys]",
}
"""Dialogs, and what opens each."""


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


@pytest.fixture(autouse=True)
def no_caja(shared_runtime: Runtime) -> None:
    """Every test begins without an open caja."""
    close_all(shared_runtime)


# A day ------------------------------------------------------------------------------------------


def test_day_of_a_cashier(browser: Browser, site: str, shared_runtime: Runtime) -> None:
    """Open, sell by keys, count, close with a difference."""
    till = Till(browser, site)
    till.page.add_init_script("window.printed = 0; window.print = () => { window.printed += 1; }")
    caja = till.open_caja("100")

    _sell_for_cash(till, caja)
    _sell_for_cash_and_card(till)
    _sell_with_discounts(till)
    rows = ventas(shared_runtime, caja)
    assert [(one["numero"], one["total"], one["vuelto"]) for one in rows] == [
        (1, Decimal("47.20"), Decimal("2.80")),
        (2, Decimal("23.60"), Decimal(0)),
        (3, Decimal("20.00"), Decimal(0)),
    ]
    assert rows[0]["pagos"] == [["efectivo", "50.00", ""]]
    assert [one[:2] for one in rows[1]["pagos"]] == [["efectivo", "10.00"], ["tarjeta", "13.60"]]
    assert (rows[2]["lineas"][0][2], rows[2]["descuento_global"]) == ("2.36", Decimal("1.24"))
    _count_and_close(till, caja)
    found = caja_de(shared_runtime, caja)
    assert (found["estado"], found["monto_esperado"], found["monto_cierre"]) == (
        "cerrada",
        Decimal("177.20"),
        Decimal("170.00"),
    )
    assert till.complaints == []


def _sell_for_cash(till: Till, caja: int) -> None:
    till.add("p-01", "3*p-02")
    till.press("Enter")
    till.type("50")
    expect(till.page.locator("#rest")).to_have_text("Vuelto S/ 2.80")
    till.press("Enter")
    expect(till.done).to_contain_text("registrada")
    expect(till.page.locator("#done-change")).to_have_text("S/ 2.80")
    till.press("p")
    assert till.page.evaluate("window.printed") == 1
    ticket = till.page.locator("#ticket")
    for said in ("Tienda de Prueba", "RUC 20123456786", "3 × 11.80", "35.40", "S/ 47.20", "2.80"):
        expect(ticket).to_contain_text(said)
    expect(ticket).to_contain_text(f"{caja}-1")
    till.again()


def _sell_for_cash_and_card(till: Till) -> None:
    till.add("p-03", "p-04")
    till.press("Enter")
    till.type("10")
    till.press("Enter")  # goes on to the next way, with what is left
    expect(till.page.locator("[data-way=tarjeta] input").first).to_have_value("13.60")
    till.press("ArrowDown", "ArrowDown")
    till.press("Enter")
    expect(till.done).to_be_visible()
    till.again()


def _sell_with_discounts(till: Till) -> None:
    till.add("2*p-05")
    till.press("F4")
    till.type("10%")
    till.press("Enter", "F8")
    till.type("1.24")
    till.press("Enter")
    expect(till.page.locator("#charge b")).to_have_text("S/ 20.00")
    till.charge()
    till.again()


def _count_and_close(till: Till, caja: int) -> None:
    till.page.get_by_label("Más", exact=True).click()
    till.page.get_by_role("button", name="Arqueo").click()
    till.page.fill("#count-amount", "177.20")
    till.page.locator("#count-go").click()
    expect(till.page.locator("#result")).to_have_class(re.compile("good"))
    till.page.locator("#count-go").click()
    till.page.get_by_label("Más", exact=True).click()
    till.page.get_by_role("button", name="Cerrar caja").click()
    till.page.get_by_text("Contar por denominación").click()
    till.page.fill("[data-coin='100.00'], [data-coin='100']", "1")
    till.page.fill("[data-coin='50.00'], [data-coin='50']", "1")
    till.page.fill("[data-coin='20.00'], [data-coin='20']", "1")
    expect(till.page.locator("#count-amount")).to_have_value("170.00")
    till.page.locator("#count-go").click()
    expect(till.page.locator("#result dd")).to_have_text(["177.20", "170.00", "−7.20"])
    expect(till.page.locator("#report")).to_have_attribute(
        "href", f"/api/cajas/{caja}/reporte-z/pdf/"
    )
    till.page.locator("#count-go").click()
    expect(till.page.get_by_role("heading", name="Abrir caja")).to_be_visible()


def test_sale_of_three_lines_in_25_keys(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    till = Till(browser, site)
    caja = till.open_caja()
    till.pressed = 0
    till.add("p-01", "p-02", "2*p-03")
    till.press("Enter", "Enter")
    expect(till.done).to_be_visible()
    till.again()
    assert till.pressed <= 25
    (row,) = ventas(shared_runtime, caja)
    assert [one[1] for one in row["lineas"]] == ["1.0000", "1.0000", "2.0000"]


def test_line_is_changed_by_keys_and_by_touch(browser: Browser, site: str) -> None:
    till = Till(browser, site, has_touch=True)
    till.open_caja()
    till.add("p-01", "p-02", "p-03")
    lines = till.page.locator("#lines li")
    till.press("ArrowUp", "ArrowUp", "F2")
    till.type("2.5")
    till.press("Enter")
    expect(lines.nth(0).locator(".sum")).to_have_text("29.50")
    expect(till.page.locator("#search")).to_be_focused()
    till.press("ArrowDown", "Delete")
    expect(lines).to_have_count(2)
    till.type("4*")
    till.press("Enter")
    expect(lines.nth(1).locator("input")).to_have_value("4")
    lines.nth(0).get_by_label("Uno más de Producto 1").tap()
    expect(lines.nth(0).locator("input")).to_have_value("3.5")
    lines.nth(1).locator("[data-edit]").tap()
    till.page.fill("#line-off", "99")
    till.press("Enter")
    expect(till.page.locator("#line .fault")).to_have_text("El descuento excede el valor.")
    till.page.fill("#line-off", "7.20")
    till.page.fill("#line-price", "10")
    till.press("Enter")
    expect(lines.nth(1).locator(".sum")).to_have_text("32.80")
    till.page.reload()
    till.ready()
    expect(till.page.locator("#charge b")).to_have_text("S/ 74.10")
    assert till.complaints == []


def test_reader_of_barcodes_is_heard_wherever_the_focus_is(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    with shared_runtime.database.engine.begin() as connection:
        update = "UPDATE productos SET codigo_barras = '7751234567890' WHERE sku = 'P-07'"
        connection.execute(text(update))
    till = Till(browser, site)
    till.open_caja()
    till.page.locator("#charge").evaluate("(one) => one.blur()")
    till.page.get_by_label("Más", exact=True).focus()
    till.scan("7751234567890")
    expect(till.page.locator("#lines li")).to_have_count(1)
    expect(till.page.locator("#lines")).to_contain_text("Producto 7")
    till.page.locator("#search").focus()
    till.scan("7751234567890")
    expect(till.page.locator("#lines input")).to_have_value("2")
    till.press("F9")
    till.scan("7751234567890")  # into an amount: it is neither money nor a sale
    expect(till.page.locator("#pay")).to_be_visible()
    expect(till.page.locator("#pay input").first).to_have_value("")
    expect(till.page.locator("#lines input")).to_have_value("2")


def test_code_is_read_by_the_camera_where_the_browser_can(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    till = Till(browser, site)
    till.page.add_init_script("""
        window.BarcodeDetector = class { async detect() { return [{ rawValue: "P-04" }]; } };
        navigator.mediaDevices.getUserMedia = async () =>
            document.createElement("canvas").captureStream();
        HTMLMediaElement.prototype.play = async () => {};
    """)
    till.open_caja()
    assert "camera=(self)" in till.page.goto(till.page.url).headers["permissions-policy"]
    till.ready()
    till.page.get_by_label("Leer un código con la cámara").click()
    expect(till.page.locator("#lines")).to_contain_text("Producto 4")
    expect(till.page.locator("#scan")).to_be_hidden()
    assert till.complaints == []


def test_client_is_chosen_made_and_charged_by_its_list(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    def add_list(ctx: Ctx) -> None:
        ctx.session.execute(text("INSERT INTO listas_precio (nombre) VALUES ('Mayorista')"))
        ctx.session.execute(
            text(
                "INSERT INTO precios (lista_id, producto_id, cantidad_minima, precio)"
                " SELECT l.id, p.id, 3, 9 FROM listas_precio l, productos p WHERE p.sku = 'P-01'"
            )
        )
        ctx.session.execute(
            text(
                "INSERT INTO clientes (tipo_doc, numero_doc, razon_social, lista_precio_id)"
                " SELECT '6', '20512522197', 'Bodega Ñusta', id FROM listas_precio"
            )
        )

    shared_runtime.transact(add_list)
    till = Till(browser, site)
    caja = till.open_caja()
    till.add("3*p-01")
    till.press("F7")
    till.type("nusta")
    expect(till.page.locator("#client-list li")).to_have_count(1)
    till.press("Enter")
    expect(till.page.locator("#client")).to_contain_text("Bodega Ñusta")
    expect(till.page.locator("#charge b")).to_have_text("S/ 27.00")
    till.charge()
    till.again()
    till.add("p-01")
    till.press("F7")
    till.page.get_by_text("Cliente nuevo").click()
    till.page.fill("#new-number", "123")
    till.page.fill("#new-name", "Rosa Quispe")
    till.page.get_by_role("button", name="Guardar y elegir").click()
    expect(till.page.locator("#client-new [role=alert]")).to_contain_text("8 dígitos")
    till.page.fill("#new-number", "45678912")
    till.page.get_by_role("button", name="Guardar y elegir").click()
    expect(till.page.locator("#client")).to_contain_text("Rosa Quispe")
    till.charge()
    totals = [one["total"] for one in ventas(shared_runtime, caja)]
    assert totals == [Decimal("27.00"), Decimal("11.80")]
    assert till.complaints == []


def test_refused_sale_says_why_and_stays(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    till = Till(browser, site)
    caja = till.open_caja()
    till.add("500*p-01")
    expect(till.page.locator("#lines small")).to_contain_text("Solo hay")
    till.press("Enter", "Enter")
    alert = till.page.locator("#pay [role=alert]")
    expect(alert).to_be_visible()
    assert "stock" in alert.inner_text().lower() or "unidades" in alert.inner_text().lower()
    till.press("Escape")
    expect(till.page.locator("#lines li")).to_have_count(1)
    assert (ventas(shared_runtime, caja), till.queue()) == ([], [])


# Lots and series --------------------------------------------------------------------------------


def test_lots_are_proposed_by_their_end_and_can_be_chosen(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    lots = [("NUEVO-2", 90, "5"), ("VIEJO-1", 30, "2")]
    sku = lot_goods(shared_runtime, "lote", lots)
    till = Till(browser, site)
    caja = till.open_caja()
    till.add(f"3*{sku}")
    lines = till.page.locator("#lines li")
    expect(lines.locator(".lot")).to_contain_text(["Lote VIEJO-1 · vence", "Lote NUEVO-2 · vence"])
    expect(lines.nth(0).locator("input")).to_have_value("2")
    lines.nth(0).locator("[data-more]").click()
    expect(lines.nth(1).locator("input")).to_have_value("2")
    lines.nth(0).locator("[data-edit]").click()
    expect(till.page.locator("#line-lot option")).to_contain_text(["VIEJO-1", "NUEVO-2"])
    till.page.select_option("#line-lot", "NUEVO-2")
    till.page.fill("#line-amount", "4")
    till.page.locator("#line form .primary").click()
    expect(till.page.locator("#line .fault")).to_have_text(
        "Del lote NUEVO-2 quedan 3; lo demás va en otra línea."
    )
    till.page.fill("#line-amount", "3")
    till.page.locator("#line form .primary").click()
    expect(lines.locator(".lot")).to_contain_text(["Lote NUEVO-2", "Lote NUEVO-2"])
    till.charge()
    expect(till.page.locator("#ticket")).to_contain_text("Lote NUEVO-2")
    till.again()
    till.add(f"9*{sku}")
    expect(lines.locator(".lot")).to_contain_text(["Lote VIEJO-1", "Sin lote en este equipo"])
    till.page.locator("#charge").click()
    till.press("Enter")
    expect(till.page.locator("#pay [role=alert]")).to_be_visible()
    assert lotes_vendidos(shared_runtime, caja) == [("NUEVO-2", 3), ("NUEVO-2", 2)]
    assert till.complaints == []


def test_series_are_sold_by_the_number_on_the_unit(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    numbers = [f"SN-{uuid4().hex[:8]}" for _ in range(4)]
    sku = lot_goods(shared_runtime, "serie", [(one, 400, "1") for one in numbers[:3]])
    till = Till(browser, site)
    caja = till.open_caja()
    till.add(numbers[2], numbers[2])
    expect(till.page.locator("#notices")).to_contain_text(f"«{numbers[2]}» ya está en la venta.")
    till.add(sku)
    lot = till.page.locator("#lines .lot")
    expect(lot).to_contain_text([f"Serie {numbers[2]}", f"Serie {numbers[0]}"])
    came = [(numbers[3], 400, "1")]
    shared_runtime.transact(lambda ctx: bring(ctx, sku, "serie", came))
    till.add(numbers[3])  # which came after the page was opened
    expect(lot).to_have_count(3)
    till.charge()
    expect(till.page.locator("#ticket")).to_contain_text(f"Serie {numbers[3]}")
    sold = [(numbers[at], Decimal(1)) for at in (2, 0, 3)]
    assert lotes_vendidos(shared_runtime, caja) == sold
    assert till.complaints == []


# How it looks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_till_is_accessible_and_breaks_no_policy(browser: Browser, site: str, scheme: str) -> None:
    script = axe()
    till = Till(browser, site, color_scheme=scheme)
    till.enter()
    reader = Person(browser, site, color_scheme=scheme, bypass_csp=True)
    reader.context.add_cookies(till.context.cookies())
    reader.page.goto("/app/pos/")
    assert reader.violations(script) == []
    till.open_caja()
    till.add("p-01")
    reader.page.goto("/app/pos/")
    expect(reader.page.locator(".tile").first).to_be_visible()
    for lines, typed in enumerate(("p-01", "500*p-02"), 1):
        reader.page.locator("#search").fill(typed)
        reader.page.keyboard.press("Enter")
        expect(reader.page.locator("#lines > li")).to_have_count(lines)
    assert reader.violations(script) == []
    for name, opener in DIALOGS.items():
        reader.page.evaluate(f"document.querySelector('{opener}').click()")
        expect(reader.page.locator(f"#{name}")).to_be_visible()
        assert reader.violations(script) == [], name
        reader.page.evaluate(f"document.querySelector('#{name}').close()")
    till.charge()
    assert till.complaints == []


def test_till_fits_a_phone(browser: Browser, site: str, shared_runtime: Runtime) -> None:
    till = Till(browser, site, size=(412, 860), has_touch=True, is_mobile=True)
    caja = till.open_caja()
    till.page.locator(".tile", has_text="Producto 3").first.tap()
    till.page.locator(".tile", has_text="Producto 5").first.tap()
    assert till.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    small = """[...document.querySelectorAll("button, a, input, summary")].filter((one) => {
        const box = one.getBoundingClientRect();
        return one.checkVisibility() && box.width && Math.min(box.width, box.height) < 36;
    }).map((one) => one.outerHTML.slice(0, 80))"""
    assert till.page.evaluate(small) == []
    till.page.locator("[data-quick=efectivo]").tap()
    assert till.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    till.page.locator("#notes button").first.tap()
    till.page.locator("#confirm").tap()
    expect(till.done).to_be_visible()
    assert [one["total"] for one in ventas(shared_runtime, caja)] == [Decimal("23.60")]
    assert till.complaints == []


def test_till_speaks_english(browser: Browser, site: str) -> None:
    till = Till(browser, site)
    till.context.add_cookies([{"name": "idioma", "value": "en", "url": site}])
    till.open_caja()
    expect(till.page.locator("#search")).to_have_attribute("placeholder", "Product or code")
    till.add("p-01")
    till.press("Enter", "Enter")
    expect(till.page.locator("#done-title")).to_have_text(re.compile(r"Sale \d+-1 registered"))
    assert till.page.locator("html").get_attribute("lang") == "en"
    words = till.page.locator("body").inner_text()
    assert not re.search(r"[ñáéíóú¿¡]|Vuelto|Cobrar|Caja", words), words


def test_refusals_at_the_till_are_in_the_language_of_the_page(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    """Whatever the browser accepts: what is refused now, and what is refused when it is sent."""
    till = Till(browser, site, locale="en-US")
    till.open_caja()
    till.add("500*p-01")
    till.press("Enter", "Enter")
    alert = till.page.locator("#pay [role=alert]")
    expect(alert).to_contain_text("No hay stock suficiente.")
    expect(alert).to_contain_text("Quedan ")
    till.context.add_cookies([{"name": "idioma", "value": "en", "url": site}])
    till.page.reload()
    till.ready()
    till.press("Enter", "Enter")
    expect(alert).to_contain_text("There is not enough stock.")
    expect(alert).to_contain_text("are left.")
    till.press("Escape")
    till.page.locator("#lines input").fill("1")
    till.press("Enter")
    till.installed()
    till.context.set_offline(True)
    till.charge()
    till.again()
    with shared_runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE productos SET activo = false WHERE sku = 'P-01'"))
    till.context.set_offline(False)
    expect(till.state).to_have_text("1 to resolve")
    with shared_runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE productos SET activo = true WHERE sku = 'P-01'"))
    till.state.click()
    fault = till.page.locator("#queue-list .fault:not([hidden])")
    expect(fault).to_contain_text("One field is not valid.")
    assert not re.search(r"[ñáéíóú¿¡]", fault.inner_text()), fault.inner_text()


def test_amounts_are_in_the_company_s_format(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    till = Till(browser, site)
    till.open_caja()
    script = """import('pos/money').then(({ money, number, read, scaled }) => {
        const pen = { simbolo: "S/", miles: ",", decimal: ".", cifras: 2 };
        const clp = { simbolo: "$", miles: ".", decimal: ",", cifras: 0 };
        return [money(123456789n, pen), money(123456789n, clp), money(150n, clp),
                number(12500n, 4, clp), number(32900000n, 6, pen, 2), number(12500n, 6, pen, 2),
                read("1,234.50", pen), read("1.234", clp), read("12,5", clp), read("12,5", pen),
                String(scaled("1e5", 2)), String(scaled("1.234", 2)), String(scaled(".5", 2))];
    })"""
    assert till.page.evaluate(script) == [
        "S/ 1,234,567.89", "$ 1.234.568", "$ 2", "1,25", "32.90", "0.0125",
        "1234.50", "1234", "12.5", "12.5", "null", "null", "50",
    ]  # fmt: skip


lineas = st.builds(
    lambda cantidad, precio, parte, gravada: Linea(
        cantidad,
        precio,
        round_half_up(round_half_up(cantidad * precio) * parte),
        Decimal("0.18") if gravada else Decimal(0),
    ),
    st.decimals("0.0001", "9999", places=4),
    st.decimals("0", "9999.999999", places=6),
    st.decimals(0, 1, places=2),
    st.booleans(),
)
casos = st.tuples(
    st.lists(lineas, min_size=1, max_size=12), st.decimals(0, 1, places=2), st.booleans()
)


def _cases(count: int) -> list[tuple[list[Linea], Decimal, bool]]:
    """Return sales that hypothesis thinks of: the browser computes all of them at once."""
    found: list[tuple[list[Linea], Decimal, bool]] = []

    @settings(max_examples=count, database=None, deadline=None)
    @given(casos)
    def collect(one: tuple[list[Linea], Decimal, bool]) -> None:
        found.append(one)

    collect()
    return found


def test_totals_are_those_of_the_server(browser: Browser, site: str) -> None:
    till = Till(browser, site)
    till.open_caja()
    sales, expected = [], []
    for lines, part, included in _cases(300):
        off = round_half_up(sum(map(bruto, lines)) * part)
        total, _ = calcular(con_descuento_global(lines, off), incluyen_igv=included)
        expected.append([str(total.subtotal), str(total.igv), str(total.total)])
        rows = [
            [str(one.cantidad), str(one.precio_unitario), str(one.descuento), bool(one.tasa)]
            for one in lines
        ]
        sales.append([rows, str(off), included])
    script = """(sales) => import('pos/money').then(({ plain, scaled, totals }) => sales.map(
        ([rows, off, incluyen]) => {
            const lines = rows.map(([cantidad, precio, descuento, gravado]) => ({
                cantidad: scaled(cantidad, 4), precio: scaled(precio, 6),
                descuento: scaled(descuento, 2), gravado }));
            const sum = totals(lines, scaled(off, 2), { incluyen, tasa: 1800n });
            return [plain(sum.subtotal), plain(sum.igv), plain(sum.total)];
        }))"""
    assert till.page.evaluate(script, sales) == expected


def test_markup_in_names_runs_nothing(browser: Browser, site: str, shared_runtime: Runtime) -> None:
    def plant(ctx: Ctx) -> None:
        for number, payload in enumerate(XSS):
            ctx.session.add(
                Producto(
                    sku=f"X{number}",
                    nombre=payload,
                    precio=Decimal(1),
                    permite_venta_sin_stock=True,
                )
            )
            ctx.session.add(Cliente(tipo_doc="0", numero_doc=f"X{number}", razon_social=payload))

    shared_runtime.transact(plant)
    till = Till(browser, site)
    alerts: list[str] = []
    till.page.on("dialog", lambda dialog: alerts.append(dialog.message))
    till.open_caja()
    for number, payload in enumerate(XSS):
        till.page.locator("#search").fill(f"x{number}")
        expect(till.page.locator(".tile .name").first).to_have_text(payload)
        till.press("Enter")
        till.press("F7")
        till.page.locator("#client-search").fill(f"x{number}")
        till.page.locator("#client-list button").first.click()
        expect(till.page.locator("#client span")).to_have_text(payload)
    till.press("F4", "Escape")
    till.press("F9")
    till.press("Enter")
    expect(till.done).to_be_visible()
    for payload in XSS:
        expect(till.page.locator("#ticket")).to_contain_text(payload)
    assert (alerts, till.complaints) == ([], [])


# What it weighs, and how it is installed ----------------------------------------------------------


def test_first_load_is_small(browser: Browser, site: str) -> None:
    person = Person(browser, site, "cajera")
    loads: dict[str, dict[str, int]] = {}
    for path in ("/app/pos/", "/app/productos/"):
        fresh = Till(browser, site, "")
        fresh.context.add_cookies(person.context.cookies())
        sizes: dict[str, int] = {}
        fresh.page.on("response", lambda answer, sizes=sizes: sizes.update(_weight(answer, site)))
        fresh.page.goto(path)
        fresh.page.wait_for_load_state("networkidle")
        loads[path] = sizes
    for path, sizes in loads.items():
        scripts = sum(size for name, size in sizes.items() if name.endswith(".js"))
        assert 0 < scripts <= 30 * KIB, (path, scripts, sizes)
        assert sum(sizes.values()) <= 60 * KIB, (path, sizes)


def _weight(answer: object, site: str) -> dict[str, int]:
    url = urlsplit(answer.url)  # type: ignore[attr-defined]
    if url.path.startswith(("/api/", "/health")) or url.path.endswith(".woff2"):
        return {}
    return {url.path: len(gzip.compress(answer.body(), 6))}  # type: ignore[attr-defined]


def test_manifest_icons_and_worker_are_what_a_browser_needs(browser: Browser, site: str) -> None:
    person = Person(browser, site)
    manifest = person.page.request.get("/app/pos/manifest.json").json()
    assert (manifest["start_url"], manifest["scope"]) == ("/app/pos/", "/app/pos/")
    assert [one["sizes"] for one in manifest["icons"]] == ["192x192", "512x512", "512x512"]
    for one, (pixels, _) in zip(manifest["icons"], installable.ICONS, strict=True):
        assert person.page.request.get(one["src"]).status == 200
        path = STATIC / urlsplit(one["src"]).path.removeprefix("/static/")
        with Path(path).open("rb") as file:
            assert size("image/png", file) == (pixels, pixels)
    worker = person.page.request.get("/app/pos/worker.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    facts = json.loads(worker.text().partition("const APP = ")[2].partition(";\n")[0])
    for address in facts["files"]:
        assert person.page.request.get(address).status == 200, address
