"""Pages through HTTP, as a browser without JavaScript sees them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.web_routes import web_pages
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import PASSWORD, Shop, abrir_caja
from tests.web.pages import Browser

Open = Callable[[str], Browser]


@pytest.fixture
def browser(connect: Connect) -> Open:
    """Return a function that gives the browser of a user of the shop."""
    return lambda name: Browser(connect(""), name)


def plain_pages(registry: Registry) -> list[str]:
    """Return the addresses of pages that need no record."""
    found = [*registry.pages, *web_pages(registry)]
    return [one.path for one in found if one.method == "GET" and "{" not in one.path]


# Every page -------------------------------------------------------------------------------------


def test_every_page_is_whole_and_allows_no_foreign_script(
    browser: Open, registry: Registry
) -> None:
    admin = browser("admin")
    for path in plain_pages(registry):
        page = admin.get(path)
        assert admin.status == 200, (path, admin.status)
        if not admin.answer.headers["content-type"].startswith("text/html"):
            continue
        policy = admin.answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "require-trusted-types-for 'script'" in policy
        (nonce,) = re.findall(r"'nonce-([^']+)'", policy)
        assert {one.get("nonce") for one in page.cssselect("script")} == {nonce}, path
        assert {one.get("hx-nonce") for one in page.xpath("//*[@hx-get]")} <= {nonce}, path
        assert not page.xpath("//@style | //*/@*[starts-with(name(), 'on')]"), path
        assert page.cssselect("main h1, main [id=record-name], main .found, main .empty"), path
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids)), path


def test_page_for_who_is_not_signed_in_leads_to_sign_in_and_back(connect: Connect) -> None:
    client = connect("")
    answer = client.get("/app/cajas/?estado=abierta", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/entrar/?destino=/app/cajas/%3Festado%3Dabierta"
    person = Browser(client)
    person.get(answer.headers["location"])
    person.submit("form", email="cajero@tienda.pe", password=PASSWORD)
    assert (person.status, person.address) == (200, "/app/cajas/?estado=abierta")


def test_page_without_permission_says_what_to_do(browser: Open) -> None:
    person = browser("chofer")
    person.get("/app/usuarios/")
    assert person.status == 403
    assert "permiso" in person.texts("main")[0]
    assert person.page.cssselect("a[href='/app/']")


def test_address_of_nothing_is_a_page_for_a_person_and_json_for_a_program(
    connect: Connect,
) -> None:
    client = connect("")
    html = {"Accept": "text/html"}
    assert "No encontrado" in client.get("/nada/", headers=html).text
    assert client.get("/nada/").json()["code"] == "no_encontrado"
    assert client.get("/api/nada/").json()["code"] == "no_encontrado"


def test_form_of_a_foreign_page_is_refused(browser: Open, runtime: Runtime) -> None:
    person = browser("admin")
    before = contents(runtime)
    person.headers["Sec-Fetch-Site"] = "cross-site"
    person.post("/app/clientes/nuevo/", {"razon_social": "X", "tipo_doc": "0"})
    assert person.status == 403
    assert not changed(before, contents(runtime))


# Signing in -------------------------------------------------------------------------------------


def test_wrong_password_is_told_and_keeps_the_email(browser: Open, connect: Connect) -> None:
    person = Browser(connect(""))
    person.get("/entrar/")
    person.submit("form", email="cajero@tienda.pe", password="otra-clave-99")
    assert person.status == 401
    assert "no son correctos" in person.texts("[role=alert]")[0]
    assert person.page.cssselect("#email")[0].get("value") == "cajero@tienda.pe"


@pytest.mark.parametrize(
    "given", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:x", "evil", "/\n/e"]
)
def test_sign_in_leads_to_no_other_site(connect: Connect, given: str) -> None:
    data = {"email": "cajero@tienda.pe", "password": PASSWORD, "destino": given}
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = connect("").post("/entrar/", data=data, headers=headers, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/")


def test_leaving_ends_the_session(browser: Open) -> None:
    person = browser("cajero")
    person.get("/app/cuenta/")
    person.post("/salir/", {})
    assert person.address == "/entrar/"
    person.get("/app/cuenta/")
    assert person.address.startswith("/entrar/?destino=")


def test_menu_opens_the_groups_that_were_chosen_and_that_of_the_page(browser: Open) -> None:
    def opened(page: Any) -> list[str]:
        return [one.get("data-group") for one in page.cssselect(".side details[open]")]

    admin = browser("admin")
    begun = opened(admin.get("/app/productos/"))
    admin.headers["Cookie"] += "; menu=~inventory.inventario~kernel.sistema"
    kept = opened(admin.get("/app/productos/"))
    assert begun == ["base.operacion", "sales.catalogo"]
    assert kept == ["sales.catalogo", "inventory.inventario", "kernel.sistema"]
    assert opened(browser("vendedor").get("/app/productos/"))[:2] == begun


def test_pages_that_links_in_mails_name_are_there(connect: Connect) -> None:
    person = Browser(connect(""))
    for place in ("primer-admin", "aceptar-invitacion", "restablecer-clave"):
        person.get(f"/{place}/")
        assert person.page.cssselect("input[name=token]")
        person.submit("form", token="inventado", password="montaña verde 9 lejana")
        assert person.status in (400, 404, 422), place
        assert person.texts("[role=alert]")


def test_password_fields_are_for_password_managers(connect: Connect) -> None:
    person = Browser(connect(""))
    wanted = {
        "/entrar/": ["current-password"],
        "/primer-admin/": ["new-password"],
        "/aceptar-invitacion/": ["new-password"],
        "/restablecer-clave/": ["new-password"],
    }
    for place, kinds in wanted.items():
        person.get(place)
        fields = person.page.cssselect("input[type=password]")
        assert [one.get("autocomplete") for one in fields] == kinds
        assert not person.page.cssselect("input[name*=clave]:not([type=password])")


@pytest.mark.parametrize("name", ["admin", "gerente", "cajero", "almacen", "contador", "chofer"])
def test_every_page_asks_for_its_permission(
    browser: Open, connect: Connect, registry: Registry, name: str
) -> None:
    granted = set(connect(name).get("/api/auth/yo/").json()["permisos"])
    person = browser(name)
    for one in [*registry.pages, *web_pages(registry)]:
        if one.method == "GET" and "{" not in one.path and not one.public:
            may = not one.permission or one.permission in granted
            person.get(one.path)
            assert (person.status == 403) != may or person.status == 404, one.path


def test_password_changes_after_saying_again_who_one_is(browser: Open) -> None:
    person = browser("cajero")
    person.get("/app/cuenta/")
    if person.page.cssselect("#re"):
        person.submit("form:has(#re)", password=PASSWORD)
    person.submit("form:has(#nueva)", actual=PASSWORD, nueva="montaña verde 9 lejana")
    assert person.status == 200, person.texts("[role=alert]")
    assert "cambió" in person.texts("[role=status].alert")[0]


# Lists ------------------------------------------------------------------------------------------


def shown(person: Browser) -> list[int]:
    return [int(one.get("value")) for one in person.page.cssselect("tbody input[name=id]")]


def test_list_shows_what_the_api_answers(browser: Open, connect: Connect) -> None:
    person = browser("cajero")
    for query in ("", "?q=producto+1", "?precio__gte=5&sort=-nombre", "?activo=true&limit=3"):
        person.get(f"/app/productos/{query}")
        items = connect("cajero").get(f"/api/productos/{query}").json()["items"]
        assert shown(person) == [one["id"] for one in items]


def test_list_of_a_confined_user_holds_their_rows_only(
    browser: Open, cajero: TestClient, shop: Shop
) -> None:
    abrir_caja(cajero, shop)
    person = browser("almacen")
    person.get("/app/cajas/")
    everything = browser("gerente")
    everything.get("/app/cajas/")
    assert len(shown(everything)) == 1
    assert person.status == 403 or shown(person) == []


@pytest.mark.parametrize("query", ["", "?_cols=costo", "?costo__gte=1", "?sort=costo"])
def test_hidden_field_is_on_no_page(browser: Open, query: str) -> None:
    person = browser("cajero")
    person.get(f"/app/productos/{query}")
    assert person.status == 200
    assert not person.page.xpath("//*[contains(@name, 'costo')] | //a[contains(@href, 'costo')]")
    assert "Costo" not in person.texts("table")[0]
    producto = shown(person)[0] if shown(person) else 1
    person.get(f"/app/productos/{producto}/")
    assert not person.page.xpath("//*[contains(@name, 'costo')]")


def test_unknown_filter_is_left_out(browser: Open) -> None:
    person = browser("admin")
    person.get("/app/productos/?nada=1&_por=nada&_cols=nada&sort=nada")
    assert (person.status, len(shown(person))) == (200, 10)


def test_wrong_filter_is_told(browser: Open) -> None:
    person = browser("admin")
    person.get("/app/productos/?precio__gte=mucho")
    assert person.status == 200
    assert person.texts("[role=alert]")
    person.get("/app/ventas/?fecha__gte=2026-99-99")
    assert person.status == 200
    assert person.texts("[role=alert]")


@pytest.mark.parametrize("sort", ["nombre", "-precio", "id"])
def test_pages_forward_and_back_show_every_row_once(browser: Open, sort: str) -> None:
    person = browser("admin")
    person.get(f"/app/productos/?limit=3&sort={sort}")
    pages = [shown(person)]
    while following := person.page.cssselect("[rel=next]"):
        person.get(following[0].get("href") + "&limit=3")
        pages.append(shown(person))
    assert sorted(one for page in pages for one in page) == sorted(
        {one for page in pages for one in page}
    )
    assert sum(map(len, pages)) == 10
    back = [shown(person)]
    while before := person.page.cssselect("[rel=prev]"):
        person.get(before[0].get("href") + "&limit=3")
        back.append(shown(person))
    assert back[::-1] == pages


def test_groups_sum_to_the_whole(browser: Open, runtime: Runtime) -> None:
    with runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE productos SET activo = id % 3 = 0"))
    person = browser("admin")
    person.get("/app/productos/?_por=activo")
    rows = [[cell.text_content() for cell in one] for one in person.page.cssselect("tbody tr")]
    assert [row[0] for row in rows] == ["No", "Sí"]
    assert sum(int(row[1]) for row in rows) == 10
    assert sum(int(row[2].replace(",", "")) for row in rows) == 1000
    person.get(person.page.cssselect("tbody a:not([data-twist])")[1].get("href"))
    assert len(shown(person)) == int(rows[1][1])


def test_chosen_records_are_deleted_one_by_one(
    browser: Open, runtime: Runtime, cajero: TestClient, shop: Shop
) -> None:
    caja = abrir_caja(cajero, shop)
    assert cajero.post("/api/ventas/", json=shop.venta(caja)).status_code == 201
    person = browser("admin")
    person.get("/app/clientes/nuevo/")
    person.submit("#record-form", razon_social="Sobra", tipo_doc="1", numero_doc="45678912")
    person.get("/app/clientes/")
    ids = [str(one) for one in shown(person)]
    person.post("/app/clientes/", {"_acto": "_eliminar", "id": ids})
    assert person.status == 409
    assert "Se hizo con 1 registro." in person.texts(".alert")[0]
    person.get("/app/clientes/")
    assert shown(person) == [shop.cliente]


# Forms ------------------------------------------------------------------------------------------

CLIENTE = {"razon_social": "Ferretería Ñandú", "tipo_doc": "1", "numero_doc": "45678912"}


def test_record_is_made_opened_and_changed(browser: Open, admin: TestClient) -> None:
    person = browser("admin")
    person.get("/app/clientes/nuevo/")
    person.submit("#record-form", **CLIENTE, limite_credito="1500,50", tags="mayorista, Lima")
    assert person.texts("#record-name") == ["Ferretería Ñandú"]
    number = int(person.address.split("/")[3])
    found = admin.get(f"/api/clientes/{number}/").json()
    assert (found["limite_credito"], found["tags"]) == ("1500.50", ["mayorista", "Lima"])
    person.submit("#record-form", telefono="999888777")
    assert person.texts(".alert.good") == ["Guardado."]
    assert admin.get(f"/api/clientes/{number}/").json()["telefono"] == "999888777"
    assert any("Teléfono" in one for one in person.texts(".timeline li"))


def test_bad_fields_are_told_where_they_are_and_nothing_is_kept(
    browser: Open, runtime: Runtime
) -> None:
    person = browser("admin")
    before = contents(runtime, "sesiones")
    person.get("/app/clientes/nuevo/")
    person.submit("#record-form", razon_social="", tipo_doc="6", numero_doc="123")
    assert person.status == 400
    assert len(person.texts(".fault")) == 2
    assert person.page.cssselect("#i-numero_doc")[0].get("value") == "123"
    assert person.page.cssselect("#i-numero_doc")[0].get("aria-invalid") == "true"
    assert not changed(before, contents(runtime, "sesiones"))


def test_edit_that_comes_too_late_shows_both_values(browser: Open, admin: TestClient) -> None:
    made = admin.post("/api/clientes/", json=CLIENTE).json()
    first, second = browser("admin"), browser("gerente")
    for person in (first, second):
        person.get(f"/app/clientes/{made['id']}/")
    first.submit("#record-form", telefono="111")
    second.submit("#record-form", telefono="222")
    assert second.status == 409
    assert ["Teléfono", "222", "111"] in [
        [cell.text_content().strip() for cell in one]
        for one in second.page.cssselect(".versus tbody tr")
    ]
    assert admin.get(f"/api/clientes/{made['id']}/").json()["telefono"] == "111"
    second.submit("#record-form")
    assert admin.get(f"/api/clientes/{made['id']}/").json()["telefono"] == "222"


def test_lines_that_two_people_change_are_kept_or_asked_about(
    browser: Open, admin: TestClient, shop: Shop
) -> None:
    detalle = [{"producto_id": shop.productos[0], "cantidad": "2"}]
    body = {"cliente_id": shop.cliente, "sucursal_id": shop.sucursales[0], "detalle": detalle}
    made = admin.post("/api/cotizaciones/", json=body).json()
    place = f"/app/cotizaciones/{made['id']}/"
    first, second = browser("admin"), browser("gerente")

    def meet(*, theirs: str, **mine: str) -> list[str]:
        first.get(place)
        second.get(place)
        first.submit("#record-form", **{"detalle.0.cantidad": theirs})
        second.submit("#record-form", **mine)
        assert second.status == 409
        return second.texts(".versus tbody td")

    def kept() -> tuple[str, str]:
        found = admin.get(f"/api/cotizaciones/{made['id']}/").json()
        return found["detalle"][0]["cantidad"], found["observaciones"]

    assert meet(theirs="3", observaciones="Mía") == []
    second.submit("#record-form")
    assert kept() == ("3.0000", "Mía")
    asked = meet(theirs="4", **{"detalle.0.cantidad": "5"})
    assert [one.split(" · ")[:2] for one in asked] == [["Producto 1", "5"], ["Producto 1", "4"]]
    second.submit("#record-form", **{"_queda.detalle": "suyo"})
    assert kept() == ("4.0000", "Mía")
    meet(theirs="6", **{"detalle.0.cantidad": "7"})
    second.submit("#record-form", **{"_queda.detalle": "mio"})
    assert kept() == ("7.0000", "Mía")


def test_caja_is_opened_and_closed_on_pages(browser: Open, shop: Shop) -> None:
    person = browser("cajero")
    person.get("/app/cajas/?_acto=abrir")
    person.submit(
        "#record form",
        **{"_abrir.sucursal_id": str(shop.sucursales[0]), "_abrir.monto_apertura": "x"},
    )
    assert person.status == 400
    assert person.texts(".fault")
    person.submit("#record form", **{"_abrir.monto_apertura": "100"})
    assert person.texts(".states [aria-current]") == ["Abierta"]
    person.submit("#record form:has([value=cerrar])", **{"_cerrar.monto_cierre": "100"})
    assert person.texts(".states [aria-current]") == ["Cerrada"]


def test_venta_with_lines_is_registered_on_a_page(
    browser: Open, cajero: TestClient, shop: Shop
) -> None:
    caja = abrir_caja(cajero, shop)
    person = browser("cajero")
    person.get("/app/ventas/nuevo/")
    line = {"producto_id": str(shop.productos[0]), "cantidad": "3"}
    data = {
        "cliente_id": str(shop.cliente),
        "sucursal_id": str(shop.sucursales[0]),
        "caja_id": str(caja),
        **{f"detalle.0.{name}": value for name, value in line.items()},
        "detalle.1.producto_id": "",
        "formas_pago.0.metodo": "efectivo",
        "formas_pago.0.monto": "50",
    }
    person.submit("#record-form", **{**data, "detalle.0.cantidad": "tres"})
    assert person.status == 400
    assert person.texts(".lines .fault")
    person.submit("#record-form", **data)
    assert person.status == 200, person.texts("[role=alert]")
    assert "35.40" in person.texts("#record-form .lines")[0]
    assert person.texts("#record-name") == [f"{caja}-1"]  # as fields that refer to it say


def test_neighbours_walk_through_the_list(browser: Open) -> None:
    person = browser("admin")
    person.get("/app/productos/?sort=-nombre")
    ids = shown(person)
    person.get(f"/app/productos/{ids[0]}/?sort=-nombre")
    seen = [ids[0]]
    while following := person.page.cssselect(".record [rel=next]"):
        person.get(following[0].get("href"))
        seen.append(int(person.address.split("/")[3]))
    assert seen == ids


def test_file_is_kept_with_its_record(browser: Open, admin: TestClient, shop: Shop) -> None:
    person = browser("admin")
    person.get(f"/app/clientes/{shop.cliente}/")
    files = {"archivo": ("contrato.txt", b"hola", "text/plain")}
    person.post(f"/app/clientes/{shop.cliente}/", {"_acto": "_archivo"}, files=files)
    (link,) = person.page.cssselect("a.file")
    assert "contrato.txt" in link.text_content()
    answer = person.client.get(link.get("href"), headers=person.headers)
    assert answer.content == b"hola"


def test_record_out_of_reach_is_not_found(browser: Open) -> None:
    person = browser("cajero")
    person.get("/app/clientes/999999/")
    assert person.status == 404


XSS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{7*7}}${7*7}",
    '" autofocus onfocus="alert(1)',
    "<a hx-get='/salir/' hx-trigger='load'>x</a>",
)


def test_markup_that_somebody_stored_is_text_on_every_page(
    browser: Open, admin: TestClient
) -> None:
    person = browser("admin")
    for number, payload in enumerate(XSS):
        body = {**CLIENTE, "razon_social": payload, "numero_doc": f"4567890{number}"}
        made = admin.post("/api/clientes/", json={**body, "direccion": payload}).json()
        for path in ("/app/clientes/", f"/app/clientes/{made['id']}/", "/app/buscar/?q=aler"):
            page = person.get(path)
            assert not page.xpath("//*/@*[starts-with(name(), 'on')]"), payload
            assert {one.get("nonce") is not None for one in page.cssselect("script")} == {True}
            assert not page.xpath("//*[@hx-get and not(@hx-nonce)]")
            assert not page.xpath("//img[@src='x'] | //a[starts-with(@href, 'javascript:')]")
        assert payload in person.get(f"/app/clientes/{made['id']}/").text_content() or payload in [
            one.get("value") for one in person.page.cssselect("input")
        ]


def test_search_finds_menus_records_and_new_ones(browser: Open) -> None:
    person = browser("admin")
    person.get("/app/buscar/?q=producto")
    links = [one.get("href") for one in person.page.cssselect(".found a")]
    assert {"/app/productos/", "/app/productos/nuevo/"} <= set(links)
    assert any(re.fullmatch(r"/app/productos/\d+/", one) for one in links)
    nobody = browser("chofer")
    nobody.get("/app/buscar/?q=producto")
    assert not any("usuarios" in one.get("href") for one in nobody.page.cssselect(".found a"))


def test_part_of_a_page_is_what_htmx_asked_for(browser: Open) -> None:
    person = browser("admin")
    page: Any = person.get("/app/productos/", **{"HX-Request": "true", "HX-Target": "section#list"})
    assert page.get("id") == "list" or page.cssselect("#list")
    assert not page.xpath("//html/head/title | //aside")


def test_page_is_compressed_for_who_takes_it(browser: Open) -> None:
    person = browser("admin")
    person.get("/app/productos/", **{"Accept-Encoding": "gzip"})
    assert person.answer.headers["content-encoding"] == "gzip"
