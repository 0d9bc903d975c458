"""Boards, permissions, cells, acts on all that match, the first page."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from kernel import pdf
from kernel.runtime import Runtime
from tests.addons.base.signed_in import run_jobs
from tests.conftest import Connect
from tests.shop import PASSWORD, Shop, abrir_caja
from tests.web.pages import Browser

Open = Callable[[str], Browser]


@pytest.fixture
def browser(connect: Connect) -> Open:
    """Return a function that gives the browser of a user of the shop."""
    return lambda name: Browser(connect(""), name)


def products(runtime: Runtime) -> list[Any]:
    with runtime.database.engine.begin() as connection:
        return list(
            connection.execute(text("SELECT id, precio, version FROM productos ORDER BY 1"))
        )


# Cells ------------------------------------------------------------------------------------------


def part(element: str) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Target": element}


def test_cell_is_typed_in_its_place_and_says_what_is_wrong(browser: Open, runtime: Runtime) -> None:
    person = browser("admin")
    person.get("/app/productos/")
    assert "precio" in [one.get("data-edit") for one in person.page.cssselect("th")]
    person.get("/app/productos/1/?_campo=precio", **part("td#cell"))
    version = person.page.cssselect("[name=version]")[0].get("value")
    person.headers |= part("td#cell")
    given = {"_acto": "_celda", "_campo": "precio", "version": version}
    person.post("/app/productos/1/", {**given, "precio": "mucho"})
    assert person.status == 400
    assert person.page.cssselect("#i-precio")[0].get("value") == "mucho"
    assert person.texts(".fault")
    person.post("/app/productos/1/", {**given, "precio": "7,5"})
    assert (person.status, person.page.text_content().strip()) == (200, "7.50")
    person.post("/app/productos/1/", {**given, "precio": "9"})
    assert person.status == 409
    assert products(runtime)[0].precio == Decimal("7.5")


def test_cell_that_the_list_does_not_edit_is_not_found(browser: Open) -> None:
    person = browser("cajero")
    for name in ("nada", "id", "created_at", "precio"):
        person.get(f"/app/productos/1/?_campo={name}", **part("td#cell"))
        assert person.status == 404, name


# Acts on all that match -------------------------------------------------------------------------


def test_act_on_all_that_match_is_a_job_that_does_what_the_user_may(
    browser: Open, runtime: Runtime, admin: TestClient, shop: Shop
) -> None:
    for number in range(3):
        body = {
            "razon_social": f"Sobra {number}",
            "tipo_doc": "1",
            "numero_doc": f"4567891{number}",
        }
        assert admin.post("/api/clientes/", json=body).status_code == 201
    person = browser("admin")
    form = {"_acto": "_eliminar", "_todos": "1", "_consulta": "q=sobra", "id": "1"}
    person.post("/app/clientes/", form)
    assert person.status == 200
    assert "uno por uno" in person.texts(".alert")[0]
    assert _jobs(runtime) == ["queued"]
    run_jobs(runtime)
    assert _jobs(runtime) == ["done"]
    left = [one["razon_social"] for one in admin.get("/api/clientes/").json()["items"]]
    assert len(left) == 1


def test_act_on_all_that_match_needs_the_permission_of_one(browser: Open, runtime: Runtime) -> None:
    person = browser("cajero")
    person.post("/app/productos/", {"_acto": "_eliminar", "_todos": "1", "_consulta": ""})
    assert person.status == 403
    assert not _jobs(runtime)


def _jobs(runtime: Runtime) -> list[str]:
    query = "SELECT status FROM andes_jobs WHERE name = 'kernel.bulk'"
    with runtime.database.engine.begin() as connection:
        return list(connection.scalars(text(query)))


# Permissions, first page ------------------------------------------------------------------------


def test_permissions_of_roles_change_as_they_were_ticked(browser: Open, admin: TestClient) -> None:
    person = browser("admin")
    person.get("/app/permisos/")
    marks = person.page.cssselect("input[name=tiene]:not([disabled])")
    had = [one.get("value") for one in marks if one.get("checked") is not None]
    given = next(one.get("value") for one in marks if one.get("checked") is None)
    taken = had[0]
    now = [*(one for one in had if one != taken), given]
    person.post("/app/permisos/", {"tenia": had, "tiene": now})
    assert person.texts(".alert.good") == ["Guardado."]
    for value, allowed in ((given, True), (taken, False)):
        role, _, name = value.partition(":")
        permissions = admin.get(f"/api/roles/{role}/permisos/").json()["permisos"]
        assert (name in permissions) == allowed


def test_first_page_offers_what_the_role_may_begin(browser: Open) -> None:
    cashier, driver = browser("cajero"), browser("chofer")
    cashier.get("/app/")
    offered = [one.get("href") for one in cashier.page.cssselect(".shortcuts a")]
    assert {"/app/pos/", "/app/ventas/nuevo/"} <= {*offered}
    driver.get("/app/")
    assert driver.status == 200
    assert not driver.page.cssselect(".shortcuts a[href='/app/ventas/nuevo/']")
    assert not driver.page.cssselect(".shortcuts a[href='/app/pos/']")


def test_first_steps_stand_there_until_they_are_taken(browser: Open, runtime: Runtime) -> None:
    person = browser("admin")
    person.get("/app/")
    before = person.texts(".steps li:not(.done) b")
    with runtime.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM configuracion"))
    person.get("/app/")
    assert person.texts(".steps li:not(.done) b") == ["Datos de la empresa", *before]


def test_history_tells_acts_in_words(browser: Open) -> None:
    browser("cajero")
    person = browser("admin")
    person.get("/app/usuarios/?q=cajero@tienda.pe")
    person.get(person.page.cssselect("#rows a.open")[0].get("href"))
    told = person.texts(".timeline li div")
    came = [one for one in told if one.endswith("registró un ingreso")]
    assert came
    assert not [one for one in came if one.startswith("El sistema")]
    assert not [one for one in told if "_" in one]


def test_people_are_named_to_who_sees_what_they_did(
    browser: Open, cajero: TestClient, shop: Shop
) -> None:
    abrir_caja(cajero, shop)
    mine = browser("cajero")
    assert mine.client.get("/api/usuarios/", headers=mine.headers).status_code == 403
    mine.get("/app/cajas/?_cols=id,usuario_id")
    (name,) = mine.texts("#rows tbody td:last-child")
    assert name
    assert "N.º" not in name
    for typed, found in ((name, 1), ("cajero@tienda.pe", 0)):
        assert len(cajero.get("/api/cajas/", params={"q": typed}).json()["items"]) == found
    mine.get("/app/opciones/?de=/api/usuarios/&q=")
    assert mine.answer.json() == []


def test_counts_around_a_page_are_the_users_own(browser: Open, runtime: Runtime) -> None:
    with runtime.database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO notificaciones (usuario_id, tipo, titulo, texto, enlace, clave, "
                "created_at) SELECT id, 'x', 'Hola', '', '', 'c', now() FROM usuarios "
                "WHERE email = 'admin@tienda.pe'"
            )
        )
    for name, count in (("admin", 1), ("cajero", 0)):
        person = browser(name)
        answer = person.client.get("/app/insignias/", headers=person.headers).json()
        assert answer["counts"]["base.notificaciones"] == count


# Where records lead -----------------------------------------------------------------------------


def leads(person: Browser) -> dict[str, str]:
    """Return the links of the record, with their addresses."""
    found = person.page.cssselect(".record nav.files a")
    assert not any(name.startswith("hx-") for one in found for name in one.attrib)
    return {one.text_content().strip(): one.get("href") for one in found}


def test_link_is_there_in_its_states_and_answers_the_file(
    browser: Open, cajero: TestClient, shop: Shop
) -> None:
    caja = abrir_caja(cajero, shop)
    person = browser("cajero")
    person.get(f"/app/cajas/{caja}/")
    assert "Reporte Z" not in leads(person)
    person.submit("#record form:has([value=cerrar])", **{"_cerrar.monto_cierre": "100"})
    answer = cajero.get(leads(person)["Reporte Z"], headers=person.headers)
    missing = pdf.missing()
    assert answer.status_code == (503 if missing else 200)
    assert missing or answer.content.startswith(b"%PDF-")
    assert missing or answer.headers["content-disposition"].startswith("attachment")


def test_link_is_for_who_may_open_it_and_carries_the_records_values(
    browser: Open, shop: Shop, runtime: Runtime
) -> None:
    with runtime.database.engine.begin() as connection:
        query = text("UPDATE productos SET sku = 'Ñ&=#/ 1' WHERE id = :id")
        connection.execute(query, {"id": shop.productos[0]})
    person = browser("admin")
    person.get(f"/app/productos/{shop.productos[0]}/")
    person.get(leads(person)["Kardex"])
    assert "Ñ&=#/ 1 · Producto 1" in person.texts("main .head p")[0]
    seller = browser("cajero")
    seller.get(f"/app/productos/{shop.productos[0]}/")
    assert seller.status == 200
    assert not leads(seller)


def test_record_that_no_longer_changes_has_no_inputs(
    browser: Open, admin: TestClient, shop: Shop
) -> None:
    detalle = [{"producto_id": shop.productos[0], "cantidad": "2"}]
    body = {"cliente_id": shop.cliente, "sucursal_id": shop.sucursales[0], "detalle": detalle}
    made = admin.post("/api/cotizaciones/", json=body).json()
    person, late = browser("admin"), browser("gerente")
    for one in (person, late):
        one.get(f"/app/cotizaciones/{made['id']}/")
        assert one.page.cssselect("[form=record-form]")
    person.submit("form:has([value=convertir])", _acto="convertir")
    assert person.texts(".states [aria-current]") == ["Convertida"]
    late.submit("#record-form", observaciones="Otra cosa")
    assert late.status == 409
    for one in (person, late):
        assert not one.page.cssselect("[form=record-form], #record-form input, #record-form select")
        assert "Otra cosa" not in one.page.text_content()


# Boards and dashboards --------------------------------------------------------------------------


def test_card_moves_where_a_button_leads_and_nowhere_else(
    browser: Open, admin: TestClient, shop: Shop
) -> None:
    body = {
        "cliente_id": shop.cliente,
        "sucursal_id": shop.sucursales[0],
        "detalle": [{"producto_id": shop.productos[0], "cantidad": "2"}],
    }
    made = admin.post("/api/cotizaciones/", json=body).json()
    person = browser("admin")
    person.get("/app/cotizaciones/?_v=kanban")
    assert person.page.cssselect("[data-lane=pendiente] .piece [data-to=convertida]")
    (asking,) = person.page.cssselect("[data-lane=pendiente] .piece a[data-to=anulada]")
    assert asking.get("href") == f"/app/cotizaciones/{made['id']}/"
    card = {"_acto": "_mover", "id": str(made["id"])}
    person.post("/app/cotizaciones/?_v=kanban", {**card, "a": "vencida"})
    assert person.status == 404
    person.post("/app/cotizaciones/?_v=kanban", {**card, "a": "convertida"})
    assert person.page.cssselect("[data-lane=convertida] .piece")
    assert admin.get(f"/api/cotizaciones/{made['id']}/").json()["estado"] == "convertida"
    person.post("/app/cotizaciones/?_v=kanban", {**card, "a": "convertida"})
    assert person.status in (404, 409)


def test_dashboard_says_what_its_reports_do_and_only_to_who_may_ask(
    browser: Open, cajero: TestClient, admin: TestClient, shop: Shop
) -> None:
    caja = abrir_caja(cajero, shop)
    assert cajero.post("/api/ventas/", json=shop.venta(caja)).status_code == 201
    report = admin.get("/api/reportes/ventas-diarias/").json()["totales"]
    person = browser("admin")
    for page in ("/app/sales.tablero/", "/app/"):
        person.get(page)
        assert person.texts(".tile.number .figure")[0] == report["total"]
        assert person.page.cssselect(".tile.line svg")
        assert person.texts(".tile.table tbody tr")
    driver = browser("chofer")
    driver.get("/app/sales.tablero/")
    assert driver.status == 403
    driver.get("/app/")
    assert not driver.page.cssselect(".tile")


def test_api_key_is_made_shown_once_and_revoked(browser: Open, admin: TestClient) -> None:
    person = browser("admin")
    person.get("/app/claves-api/")
    if person.page.cssselect("#re"):
        person.submit("form:has(#re)", password=PASSWORD)
    given = {"acto": "crear", "nombre": "Tienda web", "vigencia_dias": "30"}
    person.post("/app/claves-api/", given)
    assert person.status == 400
    person.post("/app/claves-api/", {**given, "alcances": ["productos.ver"]})
    (key,) = person.texts(".alert pre")
    headers = {"Authorization": f"Bearer {key}"}
    client = person.client
    assert client.get("/api/productos/", headers=headers).status_code == 200
    person.get("/app/claves-api/")
    assert key not in person.answer.text
    person.submit("td form", acto="revocar")
    assert client.get("/api/productos/", headers=headers).status_code == 401


# Jobs and maps ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "title"), [("es", "Sella la auditoría"), ("en", "Seals the audit")]
)
def test_job_is_called_by_what_it_does(
    browser: Open, runtime: Runtime, language: str, title: str
) -> None:
    runtime.transact(lambda ctx: ctx.enqueue("kernel.seal_audit"))
    person = browser("admin")
    person.headers["Cookie"] += f"; idioma={language}"
    person.get("/app/jobs/?name=kernel.seal_audit")
    assert person.texts("#rows tbody tr td:nth-child(3)") == [title]
    assert title in person.texts(".find .chip")[0]
    assert title in person.texts("select[name=name] option[selected]")
    person.get(person.page.cssselect("#rows tbody a.open")[0].get("href"))
    assert person.texts("#record h2") == [title]


def test_map_shows_where_sucursales_are(browser: Open, admin: TestClient, shop: Shop) -> None:
    person = browser("admin")
    one = f"/app/sucursales/{shop.sucursales[0]}/"
    person.get(one)
    person.submit("#record-form", latitud="-12.12181234567", longitud="-77.0303")
    assert person.status == 200, person.texts("[role=alert]")
    person.get("/app/sucursales/?_v=map")
    (point,) = person.page.cssselect(".points [data-latitude]")
    assert (point.get("data-latitude"), point.get("data-longitude")) == ("-12.121812", "-77.0303")
    assert point.cssselect("a")[0].get("href") == one
    person.get(one)
    for wrong in ({"latitud": "95"}, {"longitud": ""}, {"latitud": "al norte"}):
        person.submit("#record-form", **wrong)
        assert person.status == 400, wrong
        person.get(one)


def test_map_asks_nobody_for_tiles_until_it_is_told_whom(browser: Open, admin: TestClient) -> None:
    person = browser("admin")
    person.get("/app/sucursales/?_v=map")
    assert person.page.cssselect("#map")[0].get("data-tiles") == ""
    assert "img-src 'self' data:;" in person.answer.headers["content-security-policy"]
    tiles = {"teselas": "https://tile.openstreetmap.org/{z}/{x}/{y}.png"}
    assert admin.put("/api/settings/kernel.Mapa/", json={"values": tiles}).status_code == 200
    person.get("/app/sucursales/?_v=map")
    policy = person.answer.headers["content-security-policy"]
    assert "img-src 'self' data: https://tile.openstreetmap.org;" in policy


# First days -------------------------------------------------------------------------------------


def test_step_that_was_taken_leads_to_the_next_one(browser: Open, runtime: Runtime) -> None:
    person = browser("admin")
    person.get("/app/ajustes/base.empresa/")
    person.submit("main form", nombre_comercial="La Esquina")
    (following,) = person.page.cssselect(".alert.good a")
    person.get("/app/")
    first = next(one.get("href") for one in person.page.cssselect(".steps li:not(.done) a"))
    assert following.get("href") == first
    person.get("/app/clientes/1/")
    person.submit("#record-form", telefono="999888777")
    assert person.texts(".alert.good") == ["Guardado."]


def test_new_record_has_what_is_the_only_choice(
    browser: Open, cajero: TestClient, shop: Shop
) -> None:
    person = browser("cajero")
    person.get("/app/ventas/nuevo/")
    (form,) = person.page.cssselect("#record-form")
    given = dict(form.fields)
    assert (given["cliente_id"], given["caja_id"]) == (str(shop.cliente), "")
    caja = abrir_caja(cajero, shop)
    person.get("/app/ventas/nuevo/")
    (form,) = person.page.cssselect("#record-form")
    assert dict(form.fields)["caja_id"] == str(caja)
    other = browser("gerente")
    other.get("/app/ventas/nuevo/")
    assert dict(other.page.cssselect("#record-form")[0].fields)["caja_id"] == ""


@pytest.mark.parametrize(
    ("language", "module", "role", "said"),
    [
        ("es", "Órdenes de venta", "Supervisor de almacén", ("Base", "Registró un ingreso")),
        ("en", "Sales orders", "Warehouse supervisor", ("Base", "Signed in")),
    ],
)
def test_codes_of_permissions_and_of_the_audit_are_read_as_words(
    browser: Open, admin: TestClient, language: str, module: str, role: str, said: tuple[str, str]
) -> None:
    roles = admin.get("/api/roles/").json()["items"]
    rol = next(one["id"] for one in roles if one["nombre"] == "CAJERO")
    cambio = {"modulo": "ventas", "accion": "anular", "permitido": True}
    admin.put(f"/api/roles/{rol}/permisos/", json={"permisos": [cambio]})
    person = browser("admin")
    person.headers["Cookie"] += f"; idioma={language}"
    person.get("/app/permisos/")
    assert module in person.texts(".module th")
    assert role in person.texts("thead th")
    assert not [one for one in person.texts(".module th") if "_" in one]
    person.get("/app/audit-logs/")
    told = [person.texts(f"tbody td:nth-child({at})") for at in (4, 5, 6)]
    assert said in [*zip(*told[:2], strict=True)]
    assert not [one for column in told for one in column if "_" in one or one.islower()]
    (link,) = person.page.cssselect("tbody tr:first-child a")
    person.get(link.get("href"))
    (shown,) = person.page.cssselect("#record h1, #record h2")[:1]
    assert "_" not in shown.text_content()
