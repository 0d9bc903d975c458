"""Records with one's star and those opened lately: where Ctrl+K begins."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from kernel import visits
from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.shop import Shop
from tests.web.pages import Browser

Open = Callable[[str], Browser]
STAR = "form:has(> [value=_estrella])"


@pytest.fixture
def browser(connect: Connect) -> Open:
    """Return a function that gives the browser of a user of the shop."""
    return lambda name: Browser(connect(""), name)


def palette(person: Browser) -> dict[str, list[str]]:
    """Return what Ctrl+K shows before anything is typed: what leads to records, by heading."""
    part = {"HX-Request": "true", "HX-Target": "div#found"}
    person.get("/app/buscar/?q=", **part)
    lists = zip(person.texts("h2"), person.page.cssselect("ul"), strict=True)
    return {
        title: [" ".join(one.text_content().split()) for one in found.cssselect("a")]
        for title, found in lists
        if title in ("Destacados", "Abiertos hace poco")
    }


def star(person: Browser) -> str:
    """Click on the star of the record that is open; return whether it shines now."""
    person.post(person.address, {"_acto": "_estrella"})
    assert person.status == 200
    pressed: str = person.page.cssselect(f"{STAR} button")[0].get("aria-pressed")
    return pressed


def test_records_are_found_again_the_latest_first_and_stars_before_them(browser: Open) -> None:
    person, other = browser("gerente"), browser("admin")
    assert palette(person) == {}
    for number in (3, 1, 2):
        person.get(f"/app/productos/{number}/")
    assert palette(person) == {
        "Abiertos hace poco": ["Producto 2Producto", "Producto 1Producto", "Producto 3Producto"]
    }
    person.get("/app/productos/1/")
    assert person.page.cssselect(f"{STAR} button")[0].get("aria-pressed") == "false"
    assert star(person) == "true"
    person.get("/app/productos/1/")
    assert person.page.cssselect(f"{STAR} button")[0].get("aria-pressed") == "true"
    assert palette(person) == {
        "Destacados": ["Producto 1Producto"],
        "Abiertos hace poco": ["Producto 2Producto", "Producto 3Producto"],
    }
    person.get("/app/buscar/?q=producto")
    assert "Destacados" not in person.texts("h2")
    person.get("/app/productos/1/")
    assert star(person) == "false"
    assert list(palette(person)) == ["Abiertos hace poco"]
    assert palette(other) == {}


def test_record_that_one_may_no_longer_see_is_not_named(
    browser: Open, admin: TestClient, runtime: Runtime, shop: Shop
) -> None:
    body = {"razon_social": "Ya no está", "tipo_doc": "1", "numero_doc": "45678912"}
    gone = admin.post("/api/clientes/", json=body).json()["id"]
    person = browser("cajero")
    for place in (f"clientes/{gone}", "productos/1"):
        person.get(f"/app/{place}/")
        assert person.status == 200
    person.get(f"/app/clientes/{shop.cliente}/")
    star(person)
    assert len(palette(person)["Abiertos hace poco"]) == 2
    assert admin.delete(f"/api/clientes/{gone}/").status_code == 204
    assert palette(person)["Abiertos hace poco"] == ["Producto 1Producto"]
    take = "UPDATE permisos SET permitido = false WHERE modulo = :m AND rol_id = (SELECT rol_id "
    take += "FROM usuarios WHERE email = 'cajero@tienda.pe')"
    with runtime.database.engine.begin() as connection:
        connection.execute(text(take), {"m": "clientes"})
    assert list(palette(person)) == ["Abiertos hace poco"]
    with runtime.database.engine.begin() as connection:
        connection.execute(text(take), {"m": "productos"})
    assert palette(person) == {}


def test_star_of_a_record_that_is_not_there_is_refused(browser: Open, runtime: Runtime) -> None:
    person = browser("gerente")
    person.post("/app/productos/9999/", {"_acto": "_estrella"})
    assert person.status == 404
    with runtime.database.engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM registros_vistos")) == 0


def test_of_many_visits_the_latest_are_kept_and_every_star(
    browser: Open, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "KEPT", 3)
    person = browser("gerente")
    person.get("/app/productos/1/")
    star(person)
    for number in range(2, 9):
        person.get(f"/app/productos/{number}/")
    query = "SELECT registro_id FROM registros_vistos ORDER BY registro_id"
    with runtime.database.engine.begin() as connection:
        assert list(connection.scalars(text(query))) == [1, 6, 7, 8]


def test_visit_within_a_minute_is_no_new_one(browser: Open, runtime: Runtime) -> None:
    person = browser("gerente")
    query = text("SELECT visto_at FROM registros_vistos")
    seen = []
    for ago in ("59 seconds", "61 seconds"):
        person.get("/app/productos/1/")
        with runtime.database.engine.begin() as connection:
            age = f"UPDATE registros_vistos SET visto_at = now() - interval '{ago}'"
            connection.execute(text(age))
            before = connection.scalar(query)
        person.get("/app/productos/1/")
        with runtime.database.engine.begin() as connection:
            seen.append(connection.scalar(query) == before)
    assert seen == [True, False]
