"""Two people who change one record at once, in two browsers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import text

from addons.sales.models import Cliente
from kernel.context import Ctx
from kernel.runtime import Runtime
from tests import live
from tests.web.chromium import Person, axe, chromium, field, needs_chromium

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


@contextmanager
def two_people(browser: Browser, runtime: Runtime) -> Iterator[tuple[Person, Person]]:
    """Two who are signed in, and whose browsers find nothing to complain about."""
    with live.serving(runtime.settings) as site:
        first, second = (Person(browser, site, name) for name in ("admin", "gerente"))
        yield first, second
        assert [*first.complaints, *second.complaints] == []


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
    with two_people(browser, runtime) as (first, second):
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


def test_cell_that_another_person_changed_meanwhile_shows_both_values_and_one_stays(
    browser: Browser, runtime: Runtime
) -> None:
    number = add_ana(runtime)
    with two_people(browser, runtime) as (first, second):
        open_both(first, second, number)
        phone = begin_cell(second.page, 1)
        write(first.page, "Teléfono", "111")
        phone.fill("222")
        phone.press("Enter")
        keep = second.page.get_by_role("group", name="Qué queda").get_by_role("button")
        expect(keep).to_have_text(["Usted escribió 222", "Ahora hay 111"])
        assert read(runtime, number)["telefono"] == "111"
        assert second.violations(axe()) == []
        keep.nth(1).click()
        expect(cell_of(second.page, 1)).to_have_text("111")
        assert read(runtime, number)["telefono"] == "111"

        phone = begin_cell(second.page, 1)
        write(first.page, "Teléfono", "333")
        phone.fill("444")
        phone.press("Tab")
        expect(keep).to_have_count(2)
        phone.press("Tab")
        second.page.keyboard.press("Enter")  # what was typed
        expect(cell_of(second.page, 1)).to_have_text("444")
        assert read(runtime, number)["telefono"] == "444"


def test_cell_asks_only_about_its_own_field_and_is_left_to_the_other_person_by_escape(
    browser: Browser, runtime: Runtime
) -> None:
    number = add_ana(runtime)
    with two_people(browser, runtime) as (first, second):
        open_both(first, second, number)
        mail = begin_cell(second.page, 2)
        write(first.page, "Teléfono", "555")
        mail.fill("ana@ana.pe")
        mail.press("Enter")
        expect(cell_of(second.page, 2)).to_have_text("ana@ana.pe")
        found = read(runtime, number)
        assert (found["telefono"], found["email"]) == ("555", "ana@ana.pe")

        phone = begin_cell(second.page, 1)
        write(first.page, "Teléfono", "666")
        phone.fill("777")
        phone.press("Enter")
        expect(second.page.locator(".keep button")).to_have_count(2)
        phone.press("Escape")
        expect(cell_of(second.page, 1)).to_have_text("666")
        assert read(runtime, number)["telefono"] == "666"

        phone = begin_cell(second.page, 1)
        write(first.page, "Teléfono", "888")
        phone.fill("888")
        phone.press("Enter")  # both wrote the same
        expect(cell_of(second.page, 1)).to_have_text("888")


def open_both(first: Person, second: Person, number: int) -> None:
    """Open a customer's form for one, and the list with nobody else for the other."""
    first.page.goto(f"/app/clientes/{number}/")
    second.page.goto("/app/clientes/?q=quispe&_cols=razon_social,telefono,email")


def cell_of(page: Page, place: int) -> Locator:
    """Return a cell of the only row of a list."""
    return page.locator("#rows tbody td:not(.mark)").nth(place)


def begin_cell(page: Page, place: int) -> Locator:
    """Return the input of a cell, open in its place."""
    begin = page.get_by_role("button", name="Editar aquí")
    if begin.get_attribute("aria-pressed") == "false":
        begin.click()
    cell_of(page, place).click()
    typed = cell_of(page, place).locator("input:visible")
    expect(typed).to_be_focused()
    return typed


def write(page: Page, label: str, value: str) -> None:
    """Write into a field of the record that is open, as it is by now, and save it."""
    page.reload()
    field(page, label).fill(value)
    with page.expect_navigation():
        save(page)
    expect(saved(page)).to_be_visible()
