"""Pages in a real browser: keys, panes, accessibility, and that nothing foreign runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route, expect
from sqlalchemy import text as sql

from addons.base.services.notificaciones import Noticia, notificar
from kernel import web_charts
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.page import Asked
from kernel.phrases import verbatim
from kernel.preferences import Mapa
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.views import FormView, ListView, MapView, Records
from kernel.web_routes import address, web_pages
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


def screens(registry: Registry) -> list[str]:
    """Return the addresses of every page without a record, of every kind of view, and of a new
    record of each resource, besides those of ``PATHS``.
    """
    plain = [one.path for one in [*registry.pages, *web_pages(registry)] if one.method == "GET"]
    kinds = [
        f"{address(one.resource)}?_v={one.kind}"
        for one in registry.screens.views.values()
        if isinstance(one, Records) and not isinstance(one, ListView | FormView)
    ]
    data = {"/app/insignias/", "/app/opciones/"}  # JSON
    found = dict.fromkeys([*PATHS, *kinds, *(one for one in plain if "{" not in one)])
    files = (".js/", ".json/")
    return [one for one in found if one not in data and not one.endswith(files)]


@pytest.mark.parametrize("part", range(4))
def test_screens_are_accessible_in_both_themes_fit_a_phone_and_break_no_policy(
    browser: Browser, site: str, registry: Registry, part: int
) -> None:
    script = axe()
    person = Person(browser, site, "admin", color_scheme="light")
    wrong = {}
    for path in screens(registry)[part::4]:
        person.page.goto(path)
        wrong[path] = person.faults(script)
    assert {path: told for path, told in wrong.items() if told} == {}
    assert person.complaints == []


def test_menu_of_a_phone_is_out_of_the_way_until_it_is_asked_for(
    browser: Browser, site: str
) -> None:
    person = Person(browser, site, "admin", size=(412, 800))
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
    expect(person.page.locator(".alert.good p")).to_have_text("Guardado.")
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


def test_cells_are_edited_from_the_keyboard(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    person = Person(browser, site, "admin")
    person.page.goto("/app/productos/?_cols=sku,nombre,precio&sort=nombre")
    keys = person.page.keyboard
    row = person.page.locator("#rows tbody tr").first
    for key in ("j", "F2"):
        keys.press(key)
    name = row.locator("input[name=nombre]")
    expect(name).to_be_focused()
    keys.press("Escape")
    expect(name).to_have_count(0)
    keys.press("F2")
    expect(name).to_be_focused()
    keys.press("Tab")
    price = row.locator("input[name=precio]")
    expect(price).to_be_focused()
    keys.type("mucho")
    keys.press("Enter")
    expect(row.locator(".fault")).to_be_visible()
    price.fill("12.5")
    keys.press("Enter")
    expect(row.locator("td").last).to_have_text("12.50")
    person.page.reload()
    expect(row.locator("td").last).to_have_text("12.50")
    person.page.get_by_role("button", name="Editar aquí").click()
    row.locator("td").last.click()
    expect(price).to_have_value("12.50")
    assert person.complaints == []


@pytest.mark.parametrize("width", [412, 1280])
def test_record_is_closed_at_its_corner_where_its_acts_leave_no_room(
    browser: Browser, site: str, width: int
) -> None:
    person = Person(browser, site, "admin", size=(width, 800))
    for place in ("/app/usuarios/1/", "/app/clientes/1/"):
        person.page.goto(place)
        head = person.page.locator(".record > header").bounding_box()
        close = person.page.locator(".record > header [data-close]").bounding_box()
        assert head
        assert close
        assert close["y"] - head["y"] < 32
        assert head["x"] + head["width"] - close["x"] - close["width"] < 32
    person.context.close()


def test_news_are_counted_beside_the_bell(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    person = Person(browser, site, "cajero")
    count = person.page.locator(".bell .count")
    expect(count).to_be_hidden()

    def tell(ctx: Ctx) -> None:
        query = "SELECT id FROM usuarios WHERE email = 'cajero@tienda.pe'"
        user = ctx.session.execute(sql(query)).scalar_one()
        notificar(ctx, [Noticia(user, "prueba", verbatim("Hola"), "clave")], correo=False)

    shared_runtime.transact(tell)
    expect(count).to_have_text("1")
    person.page.get_by_role("link", name="Notificaciones").click()
    expect(person.page.locator("tbody tr")).to_have_count(1)
    assert person.complaints == []


def test_marking_a_whole_page_offers_all_that_match(browser: Browser, site: str) -> None:
    person = Person(browser, site, "admin")
    person.page.goto("/app/productos/?limit=3")
    offer = person.page.get_by_label("Todos los que coinciden")
    expect(offer).to_be_hidden()
    person.page.get_by_label("Marcar todos").check()
    expect(offer).to_be_visible()
    person.page.locator("tbody input[name=id]").first.uncheck()
    expect(offer).to_be_hidden()


def test_map_draws_its_points_under_the_policy(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    view = MapView(
        "prueba.mapa", "Lugares", "", "/api/productos/",
        latitude="precio", longitude="costo", name="nombre",
    )  # fmt: skip

    def draw(ctx: Ctx) -> Outcome:
        ctx.runtime.preferences.write(ctx.session, Mapa(teselas="https://teselas.test/{z}/{x}/{y}"))
        return web_charts.show(ctx, view, Asked("/app/productos/"))

    drawn = shared_runtime.transact(draw)
    headers = {**drawn.headers, "Content-Type": drawn.media_type}
    person = Person(browser, site, "admin")
    asked: list[str] = []

    def tile(one: Route) -> None:
        asked.append(one.request.url)
        one.abort()

    person.page.route("https://teselas.test/**", tile)
    person.page.route("**/lugares/", lambda one: one.fulfill(headers=headers, body=drawn.body))
    person.page.goto("/lugares/")
    points = person.page.locator("path.point")
    expect(points).to_have_count(10)
    person.page.locator(".points a").first.focus()
    expect(person.page.locator(".leaflet-popup a")).to_be_visible()
    person.page.get_by_role("button", name="Acercar").click()
    assert asked
    refused = [one for one in person.complaints if "Content Security" in one or "Trusted" in one]
    assert refused == []


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
