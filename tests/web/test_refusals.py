"""What is refused: a page to a person who opens an address, a problem document to a program."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.shop import Shop, abrir_caja
from tests.web.pages import Browser

NAVIGATION = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
}
Open = Callable[[str], Browser]


@pytest.fixture
def browser(connect: Connect) -> Open:
    """Return a function that gives the browser of a user of the shop."""
    return lambda name: Browser(connect(""), name)


def came_from(person: Browser, page: str) -> dict[str, str]:
    """Return what a browser sends that follows a link of a page."""
    return {**NAVIGATION, "Referer": str(person.client.base_url).rstrip("/") + page}


@pytest.mark.parametrize(
    ("name", "address", "status", "title"),
    [
        ("chofer", "/api/cajas/{caja}/reporte-z/pdf/", 403, "Sin permiso"),
        ("gerente", "/api/cajas/999999/reporte-z/pdf/", 404, "No encontrado"),
        ("gerente", "/api/ventas/exportar/?formato=doc", 400, "Datos no válidos"),
        ("gerente", "/api/auth/login/", 405, "Método no permitido"),
        ("gerente", "/api/nada/", 404, "No encontrado"),
    ],
)
def test_refused_link_is_a_page_that_leads_back_and_json_to_a_program(
    browser: Open, cajero: TestClient, shop: Shop, name: str, address: str, status: int, title: str
) -> None:
    place = address.format(caja=abrir_caja(cajero, shop))
    person = browser(name)
    person.get(place, **came_from(person, "/app/cajas/?estado=abierta"))
    assert person.status == status
    assert person.texts("h1") == [title]
    assert person.page.get("lang") == "es"
    assert person.page.cssselect("a.primary[href='/app/cajas/?estado=abierta']")
    assert "script-src 'self'" in person.answer.headers["content-security-policy"]
    for headers in ({}, {"Accept": "*/*"}, {**NAVIGATION, "Sec-Fetch-Mode": "cors"}):
        answer = person.client.get(place, headers={**person.headers, **headers})
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.status_code == answer.json()["status"] == status


def test_link_of_a_session_that_ended_offers_to_sign_in_and_come_back(connect: Connect) -> None:
    person = Browser(connect(""))
    person.get("/api/cajas/1/reporte-z/pdf/", **came_from(person, "/app/cajas/?estado=abierta"))
    assert person.status == 401
    (link,) = person.page.cssselect("a.primary")
    assert link.get("href") == "/entrar/?destino=/app/cajas/%3Festado%3Dabierta"
    answer = person.client.get("/api/cajas/1/reporte-z/pdf/")
    assert answer.json()["code"] == "no_autenticado"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "page", ["https://evil.test/app/", "//evil.test/", "http://testserver@evil.test/app/"]
)
def test_way_back_leads_to_no_other_site(browser: Open, page: str) -> None:
    person = browser("gerente")
    person.get("/api/nada/", **NAVIGATION, Referer=page)
    assert {one.get("href") for one in person.page.cssselect("main a")} == {"/app/"}


def test_refused_page_speaks_the_users_language(browser: Open) -> None:
    person = browser("chofer")
    person.headers["Cookie"] += "; idioma=en"
    for place in ("/api/usuarios/exportar/", "/api/ventas/", "/app/usuarios/", "/nada/"):
        person.get(place, **NAVIGATION)
        assert person.page.get("lang") == "en", place
        assert "Go to the start" in person.texts("main")[0], place


def test_refused_page_speaks_the_companys_language_to_who_chose_none(
    browser: Open, admin: TestClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = {"values": {"idioma": "en"}}
    assert admin.put("/api/settings/kernel.Regional/", json=change).status_code == 200
    monkeypatch.setattr(runtime, "_regional", None)  # as after the minute that it is kept
    person = browser("chofer")
    person.get("/api/usuarios/", **NAVIGATION)
    assert person.page.get("lang") == "en"


def test_address_whose_query_cannot_be_read_is_a_page(browser: Open) -> None:
    person = browser("gerente")
    person.get("/app/ventas/?q=%FF", **NAVIGATION)
    assert person.status == 400
    assert person.texts("h1") == ["Datos no válidos"]
