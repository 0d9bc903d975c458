"""Two people who change one record at once, in two browsers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import text

from addons.sales.models import Cliente
from kernel.context import Ctx
from kernel.runtime import Runtime
from tests import live
from tests.web.chromium import Person, chromium, field, needs_chromium

pytestmark = [needs_chromium, pytest.mark.slow]

ANA = {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Ana Quispe"}


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A browser."""
    with chromium() as made:
        yield made


def add_ana(runtime: Runtime) -> int:
    """Return the number of a customer that both will write about."""

    def add(ctx: Ctx) -> int:
        ana = Cliente(**ANA, telefono="100", categoria="B")
        ctx.session.add(ana)
        ctx.session.flush()
        return ana.id

    return runtime.transact(add)


def read(runtime: Runtime, number: int) -> dict[str, Any]:
    """Return the customer as the database has it."""
    query = "SELECT telefono, email, categoria, direccion FROM clientes WHERE id = :id"
    with runtime.database.engine.connect() as connection:
        return dict(connection.execute(text(query), {"id": number}).mappings().one())


def save(page: Page) -> None:
    """Save what is typed, by the key."""
    page.keyboard.press("Control+s")


def saved(page: Page) -> Locator:
    """What tells that a record was saved."""
    return page.locator(".alert.good", has_text="Guardado.")


def test_second_of_two_people_sees_both_values_chooses_and_nothing_is_lost(
    browser: Browser, runtime: Runtime
) -> None:
    number = add_ana(runtime)
    with live.serving(runtime.settings) as site:
        first, second = (Person(browser, site, name) for name in ("admin", "gerente"))
        for one in (first, second):
            one.page.goto(f"/app/clientes/{number}/")
        field(first.page, "Teléfono").fill("111")
        field(first.page, "Categoría").fill("A")
        field(first.page, "Correo").fill("primera@ana.pe")
        save(first.page)
        expect(saved(first.page)).to_be_visible()

        field(second.page, "Teléfono").fill("222")
        field(second.page, "Correo").fill("segunda@ana.pe")
        field(second.page, "Dirección").fill("Jr. Unión 1")
        save(second.page)
        asked = second.page.locator(".versus tbody tr")
        expect(asked).to_have_count(2)
        expect(asked.nth(0)).to_have_text("Teléfono 222 111", use_inner_text=True)
        assert read(runtime, number)["telefono"] == "111"
        expect(field(second.page, "Categoría")).to_have_value("A")  # left alone: theirs
        expect(field(second.page, "Dirección")).to_have_value("Jr. Unión 1")
        second.page.get_by_role("radio", name="Teléfono: 111").check()
        save(second.page)
        expect(saved(second.page)).to_be_visible()
        assert read(runtime, number) == {
            "telefono": "111",
            "email": "segunda@ana.pe",
            "categoria": "A",
            "direccion": "Jr. Unión 1",
        }
        assert [*first.complaints, *second.complaints] == []
