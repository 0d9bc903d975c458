"""Saved views: one's own, shared ones, and the one that opens first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import Connect
from tests.web.pages import Browser

VISTA = "sales.productos.list"
PLACE = "/app/productos/"


@pytest.fixture
def browser(connect: Connect) -> Callable[[str], Browser]:
    """Return a function that gives the browser of a user of the shop."""
    return lambda name: Browser(connect(""), name)


def save(person: Browser, name: str, **more: str) -> None:
    person.submit("form:has(#v-nombre)", nombre=name, predeterminada=None, compartida=None, **more)


def test_saved_view_opens_again_with_filters_columns_and_groups(
    browser: Callable[[str], Browser],
) -> None:
    person = browser("admin")
    person.get(f"{PLACE}?q=producto+1&_cols=nombre,precio&sort=-precio")
    save(person, "Los unos")
    link = person.page.cssselect(".drop .row a")[0]
    assert link.text_content().strip() == "Los unos"
    person.get(PLACE)
    person.get(link.get("href"))
    assert person.texts("th a, th:not(:has(a))")[1:] == ["Nombre", "Precio"]
    assert len(person.page.cssselect("tbody tr")) == 2


def test_view_that_opens_first_leads_there_and_only_one_does(
    browser: Callable[[str], Browser],
) -> None:
    person = browser("cajero")
    for name, query in (("Uno", "q=producto+1"), ("Dos", "q=producto+2")):
        person.get(f"{PLACE}?{query}")
        person.submit("form:has(#v-nombre)", nombre=name, predeterminada="true")
    person.get(PLACE)
    assert person.address == f"{PLACE}?q=producto+2"


def test_shared_view_is_seen_by_who_may_open_the_list(connect: Connect) -> None:
    admin, cajero, chofer = connect("admin"), connect("cajero"), connect("chofer")
    body = {"vista": VISTA, "nombre": "De todos", "consulta": "activo=true", "compartida": True}
    assert cajero.post("/api/vistas-guardadas/", json=body).status_code == 403
    made = admin.post("/api/vistas-guardadas/", json=body).json()
    private = {**body, "nombre": "Mía", "compartida": False}
    assert admin.post("/api/vistas-guardadas/", json=private).status_code == 201
    query = f"/api/vistas-guardadas/?vista={VISTA}"
    assert [one["nombre"] for one in cajero.get(query).json()] == ["De todos"]
    assert chofer.get("/api/vistas-guardadas/?vista=base.usuarios.list").status_code == 404
    assert cajero.delete(f"/api/vistas-guardadas/{made['id']}/").status_code == 403
    assert admin.delete(f"/api/vistas-guardadas/{made['id']}/").status_code == 204
    assert cajero.get(query).json() == []


def test_view_with_a_column_that_is_gone_still_opens(browser: Callable[[str], Browser]) -> None:
    person = browser("admin")
    person.get(f"{PLACE}?_cols=nombre,puntos&puntos__gte=3&sort=puntos")
    assert person.status == 200
    assert len(person.page.cssselect("tbody tr")) == 10
