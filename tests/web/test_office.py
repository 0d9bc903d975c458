"""Work at a desk, in a real browser: boards, acts on many records, files, views, lines, guards."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import text

from addons.sales.models import Cliente
from kernel.context import Ctx
from kernel.runtime import Runtime
from tests import live
from tests.shop import Shop
from tests.web.chromium import Person, chromium, field, needs_chromium, options

pytestmark = [needs_chromium, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that the tests of the module share."""
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def site(shared_runtime: Runtime) -> Iterator[str]:
    """The address of a running shop that the tests of the module share; jobs run too."""
    with live.serving(shared_runtime.settings, jobs=1) as address:
        yield address


@pytest.fixture
def person(browser: Browser, site: str) -> Iterator[Person]:
    """An administrator, whose browser complains of nothing."""
    found = Person(browser, site, "admin")
    yield found
    assert found.complaints == []
    found.context.close()


# Boards -----------------------------------------------------------------------------------------


@pytest.fixture
def offer(person: Person, shared_runtime: Runtime) -> int:
    """The number of a price offer that waits for an answer."""
    shop: Shop = shared_runtime.transact(Shop.of)
    detalle = [{"producto_id": shop.productos[0], "cantidad": "2"}]
    body = {"cliente_id": shop.cliente, "sucursal_id": shop.sucursales[0], "detalle": detalle}
    number: int = person.send("/api/cotizaciones/", body)["numero"]
    return number


def lane(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def card(within: Locator, number: int) -> Locator:
    return within.get_by_role("listitem").filter(
        has=within.page.get_by_role("link", name=str(number), exact=True)
    )


def test_card_is_dragged_to_where_it_may_go(person: Person, offer: int) -> None:
    page = person.page
    page.goto("/app/cotizaciones/?_v=kanban")
    waiting, lapsed, done = (lane(page, it) for it in ("Pendiente", "Vencida", "Convertida"))
    card(waiting, offer).drag_to(lapsed)  # where nothing leads
    expect(card(waiting, offer)).to_be_visible()
    card(waiting, offer).drag_to(done)
    expect(card(done, offer)).to_be_visible()
    expect(card(waiting, offer)).to_have_count(0)


def test_card_is_moved_from_the_keyboard(person: Person, offer: int) -> None:
    page = person.page
    page.goto("/app/cotizaciones/?_v=kanban")
    page.get_by_label(f"Mover {offer}", exact=True).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Convertida")
    page.keyboard.press("Enter")
    expect(card(lane(page, "Convertida"), offer)).to_be_visible()


# Many records at once ---------------------------------------------------------------------------


def add_leftovers(runtime: Runtime, name: str, count: int = 5) -> None:
    """Make customers that somebody wants to be rid of."""

    def add(ctx: Ctx) -> None:
        ctx.session.add_all(
            Cliente(tipo_doc="7", numero_doc=f"{name}{one}", razon_social=f"{name} {one}")
            for one in range(count)
        )

    runtime.transact(add)


def left(runtime: Runtime, name: str) -> int:
    query = "SELECT count(*) FROM clientes WHERE razon_social LIKE :name"
    with runtime.database.engine.connect() as connection:
        found: int = connection.execute(text(query), {"name": f"{name} %"}).scalar_one()
    return found


def delete_all(page: Page, name: str) -> None:
    """Ask that every customer of a name be deleted, more than the page shows."""
    page.goto(f"/app/clientes/?q={name}&limit=2")
    page.get_by_label("Marcar todos").check()
    page.get_by_label("Todos los que coinciden").check()
    page.locator("[data-selection]").get_by_role("button", name="Eliminar").click()
    expect(page.get_by_text("Se hará con todos, uno por uno")).to_be_visible()


def test_act_on_all_that_match_is_done_while_its_page_tells(
    person: Person, shared_runtime: Runtime
) -> None:
    add_leftovers(shared_runtime, "Sobrante")
    delete_all(person.page, "Sobrante")
    person.page.goto("/app/jobs/")
    person.page.locator("#rows tbody a.open").first.click()
    state = person.page.locator(".states [aria-current]")
    expect(state).to_have_text("Hecha")
    expect(person.page.locator("#record")).to_contain_text("5 / 5")
    assert left(shared_runtime, "Sobrante") == 0


def test_act_on_all_that_match_is_cancelled_and_leaves_everything(
    person: Person, shared_runtime: Runtime
) -> None:
    add_leftovers(shared_runtime, "Dudoso")
    page = person.page
    with shared_runtime.database.engine.begin() as elsewhere:
        held = "SELECT 1 FROM clientes WHERE razon_social = 'Dudoso 2' FOR UPDATE"
        elsewhere.execute(text(held))
        delete_all(page, "Dudoso")
        working = page.locator("[data-working]")
        expect(working).to_have_text(re.compile(r"^[12] / 5$"))  # the third one waits
        expect(working.get_by_role("progressbar")).to_have_attribute("value", re.compile("^[24]0$"))
        working.click()
        page.get_by_role("button", name="Cancelar").click()
        expect(page.get_by_role("status").first).to_have_text("Hecho.")
    expect(page.locator(".states [aria-current]")).to_have_text("Cancelada")
    assert left(shared_runtime, "Dudoso") == 5


# Files, views -----------------------------------------------------------------------------------


def test_file_dropped_on_a_record_is_kept_with_it(person: Person) -> None:
    page = person.page
    page.goto("/app/clientes/1/")
    dropped = page.evaluate_handle("""() => {
        const held = new DataTransfer();
        held.items.add(new File(["lo acordado"], "contrato ñ.txt", { type: "text/plain" }));
        return held;
    }""")
    zone = page.locator(".dropzone")
    zone.dispatch_event("dragover", {"dataTransfer": dropped})
    expect(zone).to_have_class("dropzone over")
    zone.dispatch_event("drop", {"dataTransfer": dropped})
    link = page.get_by_role("link", name="contrato ñ.txt")
    expect(link).to_be_visible()
    with page.expect_download() as kept:
        link.click()
    assert kept.value.suggested_filename == "contrato ñ.txt"
    assert kept.value.path().read_text() == "lo acordado"


def test_view_is_saved_opens_first_and_is_forgotten(person: Person) -> None:
    page = person.page
    page.goto("/app/productos/?q=producto+1")
    page.get_by_text("Vistas", exact=True).click()
    page.get_by_label("Guardar lo que se ve con el nombre").fill("Los unos")
    page.get_by_label("Abrirla primero").check()
    page.locator(".pop").get_by_role("button", name="Guardar").click()
    rows = page.locator("#rows tbody tr")
    page.goto("/app/productos/")
    expect(rows).to_have_count(2)
    page.get_by_text("Vistas", exact=True).click()
    page.get_by_label("Quitar la vista Los unos").click()
    page.goto("/app/productos/")
    expect(rows).to_have_count(10)


# Typing -----------------------------------------------------------------------------------------


def test_what_is_typed_and_not_saved_is_asked_about_before_it_is_left(person: Person) -> None:
    page = person.page
    asked: list[str] = []
    answers = iter([False, False, False, True])

    def answer(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        if next(answers):
            dialog.accept()  # type: ignore[attr-defined]
        else:
            dialog.dismiss()  # type: ignore[attr-defined]

    page.remove_listener("dialog", person.dismiss)
    page.on("dialog", answer)
    page.goto("/app/productos/")
    for key in ("j", "Enter"):
        page.keyboard.press(key)
    name = field(page, "Nombre")
    name.fill("Por guardar")
    page.keyboard.press("Escape")  # out of the field
    page.keyboard.press("Escape")  # out of the record
    page.locator("#rows tbody tr").nth(4).locator("a.open").click()
    page.get_by_role("navigation", name="Menú").get_by_role(
        "link", name="Ventas", exact=True
    ).click()
    expect(name).to_have_value("Por guardar")
    page.locator("#rows tbody tr").nth(4).locator("a.open").click()
    expect(page.locator("#record-name")).not_to_have_text("Producto 1")
    assert asked == ["confirm", "confirm", "beforeunload", "confirm"]


def test_lines_are_typed_with_arrows_and_saved_without_the_mouse(person: Person) -> None:
    page, keys = person.page, person.page.keyboard
    page.goto("/app/cotizaciones/nuevo/")
    for label, typed in (("Cliente", "varios"), ("Sucursal", "001")):
        field(page, label).focus()
        keys.type(typed)
        expect(options(page)).to_have_count(1)
        keys.press("Enter")
    lines = page.locator("#t-detalle tbody tr")
    lines.first.locator("input[role=combobox]").focus()
    for place, (product, count) in enumerate((("producto 4", "2"), ("producto 5", "3"))):
        keys.type(product)
        expect(options(page)).to_have_count(1)
        keys.press("Enter")
        keys.type(count)
        keys.press("ArrowDown")  # below the last line: a new one
        expect(lines).to_have_count(place + 2)
    amounts = lines.locator("input[name$='.cantidad']")
    keys.press("ArrowUp")
    expect(lines.nth(1).locator("input[role=combobox]")).to_be_focused()
    amounts.nth(1).focus()
    keys.press("ArrowUp")
    expect(amounts.nth(0)).to_be_focused()
    keys.press("Control+s")
    expect(page.get_by_role("status").first).to_contain_text("Guardado.")
    expect(lines).to_have_count(2)
    expect(page.locator("#record-form")).to_contain_text("59.00")
