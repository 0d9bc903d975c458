"""Counting a caja by notes and coins, on a page without scripts. Source: módulo 1."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from addons.sales.services.papeles import papel_de_reporte_z
from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.shop import Shop, abrir_caja
from tests.web.pages import Browser

BILLETES = {"c.50": "1", "c.20": "2", "c.0.50": "10"}


@pytest.fixture
def caja(connect: Connect, shop: Shop) -> int:
    """A caja of the cashier, opened with 100.00."""
    return abrir_caja(connect("cajero"), shop)


@pytest.fixture
def person(http: TestClient) -> Browser:
    """The cashier, at a browser."""
    return Browser(http, "cajero")


def test_count_is_summed_kept_and_shown(person: Browser, connect: Connect, caja: int) -> None:
    place = f"/app/cajas/{caja}/conteo/"
    person.get(f"/app/cajas/{caja}/")
    assert place in [one.get("href") for one in person.page.cssselect("nav.files a")]
    person.get(place)
    assert person.texts("#suma dd") == ["S/ 100.00", "—", "—"]
    person.submit("form.cash", **BILLETES)
    assert person.texts("#suma dd") == ["S/ 100.00", "S/ 95.00", "−S/ 5.00"]
    assert person.page.cssselect("[name='c.20']")[0].get("value") == "2"
    arqueos = connect("cajero").get("/api/arqueos/").json()["items"]
    assert arqueos == []
    person.submit("form.cash", **BILLETES, observacion="Falta", _acto="arqueo")
    assert person.address.startswith("/app/arqueos/")
    (arqueo,) = connect("cajero").get("/api/arqueos/").json()["items"]
    visto = connect("cajero").get(f"/api/arqueos/{arqueo['id']}/").json()
    assert (visto["monto_contado"], visto["diferencia"]) == ("95.00", "-5.00")
    assert visto["detalle"] == [
        {"valor": "50.00", "cantidad": 1, "importe": "50.00"},
        {"valor": "20.00", "cantidad": 2, "importe": "40.00"},
        {"valor": "0.50", "cantidad": 10, "importe": "5.00"},
    ]
    assert "Billetes y monedas" in person.page.text_content()


def test_part_of_the_page_is_summed_while_one_types(person: Browser, caja: int) -> None:
    place = f"/app/cajas/{caja}/conteo/"
    person.headers |= {"HX-Request": "true", "HX-Target": "dl#suma"}
    person.post(place, {"c.100": "1"})
    assert person.page.get("id") == "suma"
    assert person.texts("dd") == ["S/ 100.00", "S/ 100.00", "S/ 0.00"]
    person.post(place, {"monto": "80,50"})
    assert person.texts("dd") == ["S/ 100.00", "S/ 80.50", "−S/ 19.50"]
    person.post(place, {"monto": "nada"})
    assert person.texts("dd") == ["S/ 100.00", "—", "—"]


def test_caja_is_closed_by_notes_and_the_report_z_keeps_them(
    person: Browser, connect: Connect, caja: int
) -> None:
    person.get(f"/app/cajas/{caja}/conteo/")
    person.submit("form.cash", **{"c.100": "dos"}, _acto="cierre")
    assert person.texts("[role=alert]") == ["Un campo no es válido."]
    assert person.page.cssselect("[name='c.100']")[0].get("aria-invalid") == "true"
    person.submit("form.cash", **{"c.100": "", "c.50": "2"}, _acto="cierre")
    assert person.address == f"/app/cajas/{caja}/"
    z = connect("cajero").get(f"/api/cajas/{caja}/reporte-z/").json()
    assert z["denominaciones"] == [{"valor": "50.00", "cantidad": 2, "importe": "100.00"}]
    assert (z["monto_contado"], z["diferencia"]) == ("100.00", "0.00")
    person.get(f"/app/cajas/{caja}/conteo/")
    person.submit("form.cash", **{"c.50": "2"}, _acto="cierre")
    assert "ya está cerrada" in person.texts("[role=alert]")[0]


def test_printed_report_z_lists_notes_and_coins(
    connect: Connect, caja: int, runtime: Runtime
) -> None:
    cierre = {"caja_id": caja, "denominaciones": [{"valor": "20", "cantidad": 5}]}
    assert connect("cajero").post("/api/cajas/cerrar/", json=cierre).status_code == 200
    _, page = runtime.transact(lambda ctx: papel_de_reporte_z(ctx, caja))
    assert '<td>20.00</td><td class="n">5</td><td class="n">100.00</td>' in page


def test_page_of_somebody_else_s_caja_closes_nothing(
    http: TestClient, caja: int, connect: Connect
) -> None:
    other = Browser(http, "cajera")
    other.post(f"/app/cajas/{caja}/conteo/", {"c.100": "1", "_acto": "cierre"})
    assert other.status == 404
    assert connect("cajero").get(f"/api/cajas/{caja}/").json()["estado"] == "abierta"
