"""Lists: groups of several levels, columns in one's own order, a list as a PDF."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from kernel import pdf
from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.web.pages import Browser

Open = Callable[[str], Browser]
WITHIN = {"HX-Request": "true", "HX-Target": "tr#group"}


@pytest.fixture
def browser(connect: Connect) -> Open:
    """Return a function that gives the browser of a user of the shop."""
    return lambda name: Browser(connect(""), name)


def groups(person: Browser) -> list[tuple[str, str]]:
    """Return the groups of a page, each with how many rows are in it."""
    rows = [[" ".join(one.text_content().split()) for one in row] for row in rows_of(person)]
    return [(row[0], row[1]) for row in rows]


def rows_of(person: Browser) -> list[list[Any]]:
    return [row.cssselect("td") for row in person.page.cssselect("tr[data-level]")]


def test_group_opens_into_groups_and_these_into_records(browser: Open, runtime: Runtime) -> None:
    with runtime.database.engine.begin() as connection:
        made = "INSERT INTO categorias (nombre) VALUES ('Pernos'), ('Tuercas') RETURNING id"
        one, other = connection.scalars(text(made))
        query = (
            "UPDATE productos SET activo = id % 5 <> 0, "
            "categoria_id = CASE id % 2 WHEN 0 THEN CAST(:one AS bigint) ELSE :other END"
        )
        connection.execute(text(query), {"one": one, "other": other})
    person = browser("admin")
    person.get("/app/productos/?_por=activo")
    more = person.page.xpath("//a[normalize-space(.)='Categoría']")[0].get("href")
    person.get(more)
    assert person.texts("#groups thead th")[0] == "Activo › Categoría"
    assert groups(person) == [("No", "2"), ("Sí", "8")]
    twists = [one.get("href") for one in person.page.cssselect("[data-twist]")]
    person.get(twists[1], **WITHIN)
    assert groups(person) == [("Pernos", "4"), ("Tuercas", "4")]
    person.get(person.page.cssselect("[data-twist]")[0].get("href"), **WITHIN)
    names = [one.text_content() for one in person.page.cssselect("a.open")]
    assert len(names) == 4
    assert all("Producto" in one for one in names)
    assert not person.page.cssselect("[data-twist]")


def test_group_of_what_is_blank_opens_nothing(browser: Open, runtime: Runtime) -> None:
    with runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE productos SET categoria_id = NULL"))
    person = browser("admin")
    person.get("/app/productos/?_por=categoria_id")
    assert groups(person) == [("—", "10")]
    assert not person.page.cssselect("tbody a")


def test_groups_that_are_too_many_to_show_say_so(
    browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.web_groups.MAX_GROUPS", 3)
    person = browser("admin")
    person.get("/app/productos/?_por=sku")
    *shown, (told,) = rows_of(person)
    assert len(shown) == 3
    assert "primeros 3 grupos" in " ".join(told.text_content().split())
    monkeypatch.setattr("kernel.web_groups.MAX_GROUPS", 10)
    person.get("/app/productos/?_por=sku")
    assert len(groups(person)) == 10


def test_columns_stand_in_the_order_that_one_gives_them(browser: Open) -> None:
    person = browser("admin")
    person.get("/app/clientes/?_cols=razon_social,tipo_doc,numero_doc")
    heads = person.texts("thead th[data-name]")
    (later,) = person.page.cssselect(f"a[aria-label='Después: {heads[0]}']")
    person.get(later.get("href"))
    assert person.texts("thead th[data-name]") == [heads[1], heads[0], heads[2]]
    assert not person.page.cssselect(f"a[aria-label='Antes: {heads[1]}']")
    gone = person.page.xpath(f"//li[@class='row']/a[normalize-space(.)='{heads[1]}']")[0]
    person.get(gone.get("href"))
    assert person.texts("thead th[data-name]") == [heads[0], heads[2]]


def test_list_as_pdf_is_what_its_filters_find(browser: Open, runtime: Runtime) -> None:
    person = browser("admin")
    person.get("/app/productos/?sort=nombre&_cols=sku,nombre&precio__gte=1")
    (link,) = person.page.xpath("//footer//a[normalize-space(.)='PDF']")
    answer = person.client.get(link.get("href"), headers=person.headers)
    if pdf.missing() is not None:
        assert answer.status_code == 503
        return
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="productos.pdf"'
    assert answer.content.startswith(b"%PDF-")


def test_list_that_is_too_long_for_paper_is_refused_on_a_page(
    browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.web_paper.MAX_ROWS", 9)
    person = browser("admin")
    person.get("/app/productos/?_pdf=1")
    assert person.status == 422
    assert "9 filas" in person.texts("main")[0]


def test_list_that_one_may_not_take_along_has_no_pdf(browser: Open) -> None:
    person = browser("cajero")
    person.get("/app/productos/")
    assert not person.page.xpath("//footer//a[normalize-space(.)='PDF']")
    person.get("/app/productos/?_pdf=1")
    assert person.status == 403


def test_rows_stand_close_together_for_who_wants_it(browser: Open) -> None:
    person = browser("admin")
    person.headers["Cookie"] += "; filas=juntas"
    person.get("/app/productos/")
    assert "data-dense" in person.page.attrib
