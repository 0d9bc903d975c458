"""Pages in a real browser: keys, panes, accessibility, and that nothing foreign runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from kernel.registry import Registry
from kernel.runtime import Runtime
from tests import live
from tests.web.chromium import Person, axe, chromium, needs_chromium
from tests.web.test_pages import XSS

pytestmark = [needs_chromium, pytest.mark.slow]

PATHS = (
    "/app/ventas/",
    "/app/ventas/nuevo/",
    "/app/ventas/?_v=graph",
    "/app/ventas/?_v=pivot",
    "/app/ventas/?_v=calendar",
    "/app/clientes/1/",
    "/app/productos/?_por=activo",
    "/app/productos/?q=nada",
    "/app/cajas/?_acto=abrir",
    "/app/cuenta/",
    "/app/ayuda/",
    "/app/buscar/?q=producto",
    "/nada/",
    "/entrar/",
    "/primer-admin/",
    "/olvide-clave/",
)


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_break_no_policy(browser: Browser, site: str, scheme: str) -> None:
    script = axe()
    person = Person(browser, site, "admin", color_scheme=scheme)
    reader = Person(browser, site, color_scheme=scheme, bypass_csp=True)
    reader.context.add_cookies(person.context.cookies())
    for path in PATHS:
        person.page.goto(path)
        reader.page.goto(path)
        assert reader.violations(script) == [], path
    assert person.complaints == []


def test_pages_fit_a_phone(browser: Browser, site: str) -> None:
    person = Person(browser, site, "admin", size=(412, 800))
    for path in PATHS:
        person.page.goto(path)
        wide = person.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
    person.page.goto("/app/ventas/")
    menu = person.page.get_by_role("navigation", name="Menú")
    expect(menu).to_be_hidden()
    person.page.get_by_role("link", name="Abrir el menú").click()
    expect(menu).to_be_visible()


def test_list_is_walked_opened_and_closed_by_keys(browser: Browser, site: str) -> None:
    person = Person(browser, site, "admin")
    person.page.goto("/app/productos/")
    keys = person.page.keyboard
    for key in ("j", "j", "x"):
        keys.press(key)
    expect(person.page.locator("tr[data-here] input[name=id]")).to_be_checked()
    expect(person.page.locator("[data-selection]")).to_be_visible()
    keys.press("Enter")
    expect(person.page.locator("#record-name")).to_have_text("Producto 2")
    assert person.page.url.endswith("/2/")
    keys.press("Escape")
    expect(person.page.locator("#record-name")).to_have_count(0)
    assert person.page.url.endswith("/app/productos/")
    keys.press("?")
    person.page.wait_for_url("**/app/ayuda/")
    assert person.complaints == []


def test_search_as_you_type_keeps_the_focus_and_the_address(browser: Browser, site: str) -> None:
    person = Person(browser, site, "admin")
    person.page.goto("/app/productos/")
    person.page.keyboard.press("/")
    person.page.keyboard.type("producto 7")
    expect(person.page.locator("tbody tr")).to_have_count(1)
    expect(person.page.locator("#list input[name=q]")).to_be_focused()
    person.page.wait_for_url("**q=producto*7*")
    person.page.reload()
    expect(person.page.locator("tbody tr")).to_have_count(1)
    assert person.complaints == []


def test_record_is_made_from_the_keyboard(browser: Browser, site: str) -> None:
    person = Person(browser, site, "admin")
    person.page.goto("/app/productos/")
    person.page.keyboard.press("n")
    person.page.wait_for_url("**/nuevo/")
    person.page.locator("#i-nombre").focus()
    for text in ("Taladro", "T-1"):
        person.page.keyboard.type(text)
        person.page.keyboard.press("Enter")
    expect(person.page.locator("#i-codigo_barras")).to_be_focused()
    person.page.fill("#i-precio", "199.90")
    person.page.keyboard.press("Control+s")
    expect(person.page.locator(".alert.good")).to_have_text("Guardado.")
    expect(person.page.locator("#i-precio")).to_have_value("199.90")
    assert person.complaints == []


def test_palette_finds_a_record_and_opens_it(browser: Browser, site: str) -> None:
    person = Person(browser, site, "admin")
    person.page.goto("/app/ventas/")
    person.page.keyboard.press("Control+k")
    person.page.keyboard.type("producto 3")
    link = person.page.locator("#found a", has_text="Producto 3")
    expect(link).to_be_visible()
    expect(person.page.locator("#found a")).to_have_count(1)
    person.page.keyboard.press("Enter")
    person.page.wait_for_url("**/app/productos/3/")
    assert person.complaints == []


def test_line_is_added_and_its_product_looked_up(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    person = Person(browser, site, "admin")
    person.page.goto("/app/ventas/nuevo/")
    detail = person.page.locator("#t-detalle")
    before = detail.locator("tbody tr").count()
    person.page.locator("[data-add-line=t-detalle]").click()
    expect(detail.locator("tbody tr")).to_have_count(before + 1)
    person.page.keyboard.type("producto 4")
    option = detail.locator("[role=option]")
    expect(option).to_have_count(1)
    person.page.keyboard.press("Enter")
    line = detail.locator("tbody tr").last
    expect(line.locator("input[type=hidden]").first).to_have_value("4")
    expect(line.locator("input[role=combobox]")).to_have_value("Producto 4")
    assert person.complaints == []


def test_theme_is_switched_and_kept(browser: Browser, site: str) -> None:
    person = Person(browser, site, "admin", color_scheme="light")
    person.page.goto("/app/ventas/")
    person.page.get_by_role("button", name="Cambiar entre claro y oscuro").click()
    person.page.goto("/app/productos/")
    expect(person.page.locator("html")).to_have_attribute("data-theme", "dark")


def test_code_of_a_link_is_taken_from_behind_the_hash(browser: Browser, site: str) -> None:
    person = Person(browser, site)
    person.page.goto("/restablecer-clave/#codigo-del-enlace")
    expect(person.page.locator("input[name=token]")).to_be_hidden()
    expect(person.page.locator("input[name=token]")).to_have_value("codigo-del-enlace")
    assert person.page.url.endswith("/restablecer-clave/")


def test_markup_that_somebody_stored_runs_nothing(
    browser: Browser, site: str, shared_runtime: Runtime, registry: Registry
) -> None:
    person = Person(browser, site, "admin")
    alerts: list[str] = []
    person.page.on("dialog", lambda dialog: alerts.append(dialog.message))
    for number, payload in enumerate(XSS):
        person.page.goto("/app/clientes/nuevo/")
        person.page.fill("#i-razon_social", payload)
        person.page.select_option("#i-tipo_doc", "1")
        person.page.fill("#i-numero_doc", f"4567890{number}")
        person.page.fill("#i-direccion", payload)
        person.page.keyboard.press("Control+s")
        expect(person.page.locator(".alert.good")).to_be_visible()
    person.page.goto("/app/clientes/")
    person.page.keyboard.press("j")
    person.page.keyboard.press("Enter")
    expect(person.page.locator("#record-name")).to_be_visible()
    person.page.keyboard.press("Control+k")
    person.page.keyboard.type("alert")
    expect(person.page.locator("#found a").first).to_be_visible()
    assert (alerts, person.complaints) == ([], [])
