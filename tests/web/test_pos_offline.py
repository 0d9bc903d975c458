"""The till without a connection: nothing is lost or sold twice, nobody sells as another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Route, expect
from sqlalchemy import text

from kernel.runtime import Runtime
from tests import live
from tests.web.chromium import chromium, needs_chromium
from tests.web.till import Till, caja_de, close_all, lot_goods, lotes_vendidos, ventas

pytestmark = [needs_chromium, pytest.mark.slow]

SELL = "**/api/ventas/"
SYNC = "**/api/ventas/offline-sync/"


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


def begin(browser: Browser, site: str, name: str = "cajero") -> tuple[Till, int]:
    """Return a till that could do without a connection, and its caja."""
    till = Till(browser, site, name)
    caja = till.open_caja()
    till.installed()
    return till, caja


def lose_answers(till: Till, pattern: str) -> None:
    """Let requests reach the server, and cut what it answers."""

    def cut(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    till.context.route(pattern, cut)


def sold(till: Till, *codes: str) -> None:
    """Sell in one sale, whether or not anybody hears of it."""
    till.add(*codes)
    till.charge()
    till.again()


def _wait_until_forgotten(till: Till) -> None:
    """Wait until nothing of the company's data is left in the browser."""
    while till.page.evaluate("caches.has('/app/pos/ datos')"):
        till.page.wait_for_timeout(20)


def uuids(rows: list[dict[str, Any]]) -> list[str]:
    return [one["uuid"] for one in rows]


def test_sales_survive_a_reload_and_a_closed_tab(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    till, caja = begin(browser, site)
    till.context.set_offline(True)
    expect(till.state).to_have_text("Sin conexión")
    sold(till, "p-01", "p-02")
    expect(till.page.locator("#ticket")).to_contain_text("Pendiente de número")
    expect(till.state).to_have_text("Sin conexión · 1 en cola")
    till.page.reload()
    till.ready()
    expect(till.page.locator(".tile", has_text="Producto 10")).to_be_visible()
    expect(till.state).to_have_text("Sin conexión · 1 en cola")
    sold(till, "2*p-03")
    till.page.close()
    till.page = till.context.new_page()
    till.keys = till.page.keyboard
    till.enter()
    expect(till.state).to_have_text("Sin conexión · 2 en cola")
    sold(till, "p-04")
    waiting = till.queue()
    assert ventas(shared_runtime, caja) == []
    till.context.set_offline(False)
    expect(till.state).to_have_text("En línea")
    rows = ventas(shared_runtime, caja)
    assert uuids(rows) == uuids(waiting)
    assert [str(one["total"]) for one in rows] == ["23.60", "23.60", "11.80"]
    assert [one["numero"] for one in rows] == [1, 2, 3]
    assert till.queue() == []
    till.state.click()
    expect(till.page.locator("#queue-list .badge")).to_have_text(["Enviada"] * 3)
    assert till.complaints == []


def test_lost_answer_of_a_sale_sells_once(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    till, caja = begin(browser, site)
    lose_answers(till, SELL)
    till.add("p-01")
    till.charge()
    expect(till.page.locator("#done-title")).to_have_text("Venta guardada en este equipo")
    till.again()
    expect(till.state).to_have_text("En línea")  # told by the batch: sold before
    (row,) = ventas(shared_runtime, caja)
    assert till.queue() == []
    till.context.unroute(SELL)
    sold(till, "p-02")
    assert [one["numero"] for one in ventas(shared_runtime, caja)] == [row["numero"], 2]


def test_series_that_waits_on_the_device_is_not_proposed_again(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    numbers = [f"SN-{uuid4().hex[:8]}" for _ in range(2)]
    sku = lot_goods(shared_runtime, "serie", [(one, 400, "1") for one in numbers])
    till, caja = begin(browser, site)
    till.context.set_offline(True)
    sold(till, sku)
    till.page.reload()
    till.ready()
    expect(till.state).to_have_text("Sin conexión · 1 en cola")
    till.add(sku)
    expect(till.page.locator("#lines .lot")).to_contain_text(f"Serie {numbers[1]}")
    till.charge()
    till.again()
    till.context.set_offline(False)
    expect(till.state).to_have_text("En línea")
    assert lotes_vendidos(shared_runtime, caja) == [(one, 1) for one in numbers]
    assert till.complaints == []


def test_lost_answer_of_a_batch_sells_once(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    till, caja = begin(browser, site)
    till.context.set_offline(True)
    sold(till, "p-01")
    sold(till, "p-02")
    waiting = till.queue()
    lose_answers(till, SYNC)
    with till.page.expect_event("requestfailed", lambda one: "offline-sync" in one.url):
        till.context.set_offline(False)
    assert len(ventas(shared_runtime, caja)) == 2
    assert uuids(till.queue()) == uuids(waiting)
    till.context.unroute(SYNC)
    till.state.click()
    till.page.locator("#send-now").click()
    expect(till.state).to_have_text("En línea")
    assert uuids(ventas(shared_runtime, caja)) == uuids(waiting)


def test_two_tabs_share_a_queue_and_sell_exactly_once(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    one, caja = begin(browser, site)
    other = Till.__new__(Till)
    other.__dict__.update(one.__dict__)
    other.page = one.context.new_page()
    other.keys = other.page.keyboard
    other.enter()
    one.context.set_offline(True)
    for till in (one, other, one, other):
        till.page.bring_to_front()
        sold(till, "p-05")
    for till in (one, other):
        expect(till.state).to_have_text("Sin conexión · 4 en cola")
    waiting = one.queue()
    assert len(set(uuids(waiting))) == 4
    one.context.set_offline(False)
    for till in (one, other):
        expect(till.state).to_have_text("En línea")
    rows = ventas(shared_runtime, caja)
    assert uuids(rows) == uuids(waiting)
    assert [row["numero"] for row in rows] == [1, 2, 3, 4]


def test_conflict_shows_its_reason_and_keeps_the_caja_open(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    till, caja = begin(browser, site)
    till.context.set_offline(True)
    sold(till, "p-08")
    sold(till, "p-09")
    with shared_runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE productos SET activo = false WHERE sku = 'P-08'"))
    till.context.set_offline(False)
    expect(till.state).to_have_text("1 por resolver")
    assert len(ventas(shared_runtime, caja)) == 1
    till.page.get_by_label("Más", exact=True).click()
    till.page.get_by_role("button", name="Cerrar caja").click()
    expect(till.page.locator("#count-queue")).to_contain_text("Antes envíe la venta de la cola")
    expect(till.page.locator("#count-go")).to_be_disabled()
    till.press("Escape")
    till.state.click()
    expect(till.page.locator("#queue-list .fault:not([hidden])")).to_contain_text("No existe")
    with shared_runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE productos SET activo = true WHERE sku = 'P-08'"))
    till.page.get_by_role("button", name="Reintentar").click()
    expect(till.state).to_have_text("En línea")
    assert len(ventas(shared_runtime, caja)) == 2
    till.press("Escape")
    till.page.get_by_label("Más", exact=True).click()
    till.page.get_by_role("button", name="Cerrar caja").click()
    till.page.fill("#count-amount", "123.60")
    till.page.locator("#count-go").click()
    expect(till.page.locator("#result")).to_be_visible()
    assert caja_de(shared_runtime, caja)["estado"] == "cerrada"


def test_conflict_is_left_to_a_manager(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    till, _ = begin(browser, site)
    till.context.set_offline(True)
    sold(till, "p-10")
    (waiting,) = till.queue()
    with shared_runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE productos SET activo = false WHERE sku = 'P-10'"))
    till.context.set_offline(False)
    expect(till.state).to_have_text("1 por resolver")
    till.page.remove_listener("dialog", till.dismiss)
    till.page.on("dialog", lambda dialog: dialog.accept())
    till.state.click()
    till.page.get_by_role("button", name="Dejar a un encargado").click()
    expect(till.state).to_have_text("En línea")
    with shared_runtime.database.engine.begin() as connection:
        query = "SELECT error_codigo FROM ventas_offline WHERE uuid = :uuid AND NOT sincronizado"
        assert connection.scalar(text(query), {"uuid": waiting["uuid"]}) == "validacion"
        connection.execute(text("UPDATE productos SET activo = true WHERE sku = 'P-10'"))


def test_queue_of_a_cashier_is_never_sent_as_another(
    browser: Browser, site: str, shared_runtime: Runtime
) -> None:
    till, caja = begin(browser, site)
    till.context.set_offline(True)
    sold(till, "p-01")
    (waiting,) = till.queue()
    till.context.route(SYNC, lambda route: route.abort())
    till.context.set_offline(False)
    till.page.goto("/app/cuenta/")
    till.page.locator("details.me summary").click()
    till.page.get_by_role("button", name="Salir").click()
    till.page.wait_for_url("**/entrar/**")
    _wait_until_forgotten(till)
    till.context.unroute(SYNC)

    till.sign_in("cajera")
    till.enter()
    expect(till.state).to_have_text("En línea")
    till.state.click()
    expect(till.page.locator("#queue-list small")).to_have_text("De Cajero: se envía cuando entre")
    assert (uuids(till.queue()), ventas(shared_runtime, caja)) == ([waiting["uuid"]], [])

    open_page = till.page  # the page of one cashier, while another signs in elsewhere
    other = till.context.new_page()
    till.page = other
    other.goto("/app/cuenta/")
    other.locator("details.me summary").click()
    other.get_by_role("button", name="Salir").click()
    till.sign_in("cajero")
    answer = open_page.evaluate(
        "import('pos/base').then(({ call }) => call('GET', '/api/pos/'))",
    )
    assert (answer["status"], answer["data"]["code"]) == (403, "otro_usuario")
    till.enter()
    expect(till.state).to_have_text("En línea")
    (row,) = ventas(shared_runtime, caja)
    assert (row["uuid"], row["usuario_id"]) == (waiting["uuid"], waiting["usuario"]["id"])


def test_page_that_is_kept_opens_for_nobody_who_signed_out(browser: Browser, site: str) -> None:
    till, _ = begin(browser, site)
    till.page.goto("/app/cuenta/")
    till.page.locator("details.me summary").click()
    till.page.get_by_role("button", name="Salir").click()
    till.page.wait_for_url("**/entrar/**")
    expect(till.page.locator("#email")).to_be_visible()
    _wait_until_forgotten(till)
    till.context.set_offline(True)
    with pytest.raises(Exception, match="ERR_"):
        till.page.goto("/app/pos/")
