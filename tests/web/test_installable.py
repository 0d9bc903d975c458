"""Pages with a script of their own, without a browser: files, policy, languages, whose they are."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from kernel import static
from tests.conftest import Connect
from tests.shop import Shop
from tests.web.pages import Browser


def test_files_of_an_addon_are_served_under_their_digest(http: TestClient) -> None:
    address = static.asset("addons.sales:pos.js")
    assert address.startswith("/static/addons/sales/pos.js?v=")
    answer = http.get(address)
    assert answer.headers["cache-control"] == static.FOREVER
    assert answer.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path",
    [
        "addons/sales/../plugin.py",
        "addons/sales/..%2fplugin.py",
        "addons/sales/%2e%2e/%2e%2e/%2e%2e/README.md",
        "addons/base/plugin.py",
        "addons/nada/pos.js",
        "addons/sales",
        "addons",
    ],
)
def test_nothing_else_of_an_addon_is_served(http: TestClient, path: str) -> None:
    assert http.get(f"/static/{path}").status_code == 404


def test_page_allows_its_worker_and_camera_and_nothing_more(connect: Connect) -> None:
    person = Browser(connect(""), "cajero")
    person.get("/app/pos/")
    headers = person.answer.headers
    assert "trusted-types andes-worker;" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "camera=(self)" in headers["permissions-policy"]
    assert "microphone=()" in headers["permissions-policy"]
    person.get("/app/productos/")
    assert "trusted-types htmx;" in person.answer.headers["content-security-policy"]
    assert "camera=()" in person.answer.headers["permissions-policy"]


def test_request_for_another_user_is_refused(cajero: TestClient, shop: Shop) -> None:
    mine, other = (str(shop.usuarios[name]) for name in ("cajero", "cajera"))
    body = {"sucursal_id": shop.sucursales[0], "monto_apertura": "1"}
    refused = cajero.post("/api/cajas/abrir/", json=body, headers={"X-Expected-User": other})
    assert (refused.status_code, refused.json()["code"]) == (403, "otro_usuario")
    assert cajero.get("/api/pos/", headers={"X-Expected-User": mine}).json()["cajas"] == []
    made = cajero.post("/api/cajas/abrir/", json=body, headers={"X-Expected-User": mine})
    assert made.status_code == 201
    (caja,) = cajero.get("/api/pos/").json()["cajas"]
    assert (caja["id"], caja["sucursal"]) == (made.json()["id"], "Sucursal 001")


def test_till_of_a_confined_user_offers_their_sucursales_only(connect: Connect) -> None:
    assert len(connect("cajero").get("/api/pos/").json()["sucursales"]) == 1
    assert len(connect("gerente").get("/api/pos/").json()["sucursales"]) == 2


def test_page_speaks_the_language_of_the_browser(connect: Connect) -> None:
    person = Browser(connect(""), "cajero")
    person.headers["Cookie"] += "; idioma=en"
    page = person.get("/app/pos/")
    assert page.get("lang") == "en"
    assert "Open a till" in person.texts("main")[0]
    manifest = person.client.get("/app/pos/manifest.json", headers=person.headers).json()
    assert (manifest["name"], manifest["lang"]) == ("Andes · Point of sale", "en")
