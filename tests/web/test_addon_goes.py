"""An addon switched off and on by an administrator while somebody else works, in two browsers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from kernel.runtime import Runtime
from tests import live
from tests.web.chromium import Person, chromium, field, needs_chromium
from tests.web.test_two_people import add_ana, read, save, saved

pytestmark = [needs_chromium, pytest.mark.slow]


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A browser."""
    with chromium() as made:
        yield made


class Worker(Person):
    """Somebody who goes on working, and notices each request that fails."""

    def __init__(self, browser: Browser, site: str, name: str) -> None:
        super().__init__(browser, site)
        self.failed: list[str] = []
        self.context.on("response", self._answered)
        self.context.on("requestfailed", self._lost)
        self.sign_in(name)
        self.lists = self.context.new_page()
        self.forms = self.context.new_page()
        self.rounds = 0

    def _answered(self, response: Any) -> None:
        if response.status >= 400:
            self.failed.append(f"{response.status} {response.url}")

    def _lost(self, request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # of a page that was left
            self.failed.append(f"{request.failure} {request.url}")

    def work(self) -> None:
        """Open a list, and save a record."""
        self.rounds += 1
        self.lists.goto("/app/productos/")
        expect(self.lists.locator("#rows tbody tr")).to_have_count(10)
        self.forms.goto("/app/productos/1/")
        field(self.forms, "Nombre").fill(f"Producto de la ronda {self.rounds}")
        save(self.forms)
        expect(saved(self.forms)).to_be_visible()

    def offers_points(self) -> bool:
        """Return whether the menu of a page that is opened now has the addon's entry."""
        self.lists.goto("/app/productos/")
        return self.lists.locator("nav a[href='/app/movimientos-puntos/']").count() > 0


def switch(boss: Person, act: str, worker: Worker) -> None:
    """Have an administrator ask for a change by its plan while somebody else works."""
    boss.page.goto("/app/aplicaciones/")
    boss.page.get_by_role("link", name=f"{act} Fidelización").click()
    plan = boss.page.get_by_role("region", name=f"{act} «loyalty»")
    expect(plan).to_contain_text("menú")
    plan.get_by_role("button", name=act).click()
    boss.page.wait_for_url("**/cambios/*/")
    done = boss.page.locator("#change .badge", has_text="Hecho")
    while not done.count():
        worker.work()
    worker.work()


@pytest.mark.needs("loyalty")
def test_addon_is_switched_off_and_on_while_somebody_else_works(
    browser: Browser, runtime: Runtime
) -> None:
    number = add_ana(runtime)
    with live.serving(runtime.settings, web=2, jobs=1) as site:
        boss, worker = Person(browser, site, "admin"), Worker(browser, site, "gerente")
        assert worker.offers_points()
        worker.page.goto(f"/app/clientes/{number}/")
        field(worker.page, "Teléfono").fill("333")
        switch(boss, "Desactivar", worker)
        assert not worker.offers_points()
        save(worker.page)  # a form of before the change
        expect(saved(worker.page)).to_be_visible()
        expect(field(worker.page, "Teléfono")).to_have_value("333")
        expect(worker.page.get_by_role("group", name="Fidelización")).to_have_count(0)

        field(worker.page, "Dirección").fill("Jr. Unión 1")
        switch(boss, "Activar", worker)
        assert worker.offers_points()
        save(worker.page)
        expect(saved(worker.page)).to_be_visible()
        expect(worker.page.get_by_role("group", name="Fidelización")).to_be_visible()
        found = read(runtime, number)
        assert (found["telefono"], found["direccion"]) == ("333", "Jr. Unión 1")
        assert (worker.failed, worker.complaints, boss.complaints) == ([], [], [])
