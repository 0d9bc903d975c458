"""Browsing the audit: filters, the timeline of a record, seals, state, and who may see what.

Source: spec/erp-modules.md, módulo 9, "Auditoría".
"""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient

from kernel import sealing, verification
from kernel.context import Ctx
from kernel.runtime import Runtime
from kernel.settings import Settings
from tests.addons.base.test_roles import permisos, rol_id
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop

LOGS = "/api/audit-logs/"
TIMELINE = f"{LOGS}linea-de-tiempo/"
STATE = f"{LOGS}estado/"


def timeline(client: TestClient, kind: str, key: int | str, **more: Any) -> Any:
    return client.get(TIMELINE, params={"objeto_tipo": kind, "objeto_id": key, **more})


@pytest.fixture
def producto(admin: TestClient) -> int:
    """A product that was made, renamed, and given another cost."""
    nuevo = {"sku": "T-1", "nombre": "Taza", "precio": "5", "costo": "2"}
    made: int = admin.post("/api/productos/", json=nuevo).json()["id"]
    admin.put(f"/api/productos/{made}/", json={"nombre": "Taza azul", "costo": "3"})
    admin.put(f"/api/productos/{made}/", json={"costo": "4"})
    return made


def test_timeline_shows_who_changed_which_field(
    admin: TestClient, shop: Shop, producto: int
) -> None:
    page = timeline(admin, "productos", producto).json()
    assert page["next"] is None
    last, before, first = page["items"]
    assert [one["accion"] for one in page["items"]] == ["editar", "editar", "crear"]
    assert first["usuario"] == "Admin"
    assert first["usuario_id"] == shop.usuarios["admin"]
    made = {one["campo"]: one["despues"] for one in first["cambios"]}
    assert (made["nombre"], made["sku"]) == ("Taza", "T-1")
    changes = {one["campo"]: (one["antes"], one["despues"]) for one in before["cambios"]}
    assert changes["nombre"] == ("Taza", "Taza azul")
    assert {name for name in changes if name != "version"} == {"nombre", "costo"}
    assert "costo" in {one["campo"] for one in last["cambios"]}
    assert last["ip"] == "testclient"


def test_timeline_comes_in_pages(admin: TestClient, producto: int) -> None:
    found, following = [], None
    while True:
        more = {"next": following} if following else {}
        page = timeline(admin, "productos", producto, limit=2, **more).json()
        found += [one["id"] for one in page["items"]]
        following = page["next"]
        if following is None:
            break
    assert len(found) == 3
    assert found == sorted(found, reverse=True)


def test_timeline_and_list_leave_out_what_a_field_rule_hides(
    connect: Connect, admin: TestClient, producto: int
) -> None:
    rol = rol_id(admin, "TRANSPORTISTA")
    dados = ("auditoria.historial", "auditoria.ver", "auditoria.exportar", "productos.ver")
    admin.put(f"/api/roles/{rol}/permisos/", json=permisos(*dados))
    chofer = connect("chofer")
    assert "costo" not in chofer.get(f"/api/productos/{producto}/").json()
    items = timeline(chofer, "productos", producto).json()["items"]
    assert [one["accion"] for one in items] == ["editar", "editar", "crear"]
    assert not any(change["campo"] == "costo" for one in items for change in one["cambios"])
    query = {"objeto_tipo": "productos", "objeto_id": producto}
    listed = chofer.get(LOGS, params=query)
    assert len(listed.json()["items"]) == 3
    exported = chofer.get(f"{LOGS}exportar/", params=query)
    row = chofer.get(f"{LOGS}{items[0]['id']}/")
    for answer in (listed, exported, row):
        assert answer.status_code == 200
        assert "costo" not in answer.text
    assert "costo" in admin.get(LOGS, params=query).text


def test_hidden_field_is_left_out_of_what_services_wrote_too(
    connect: Connect, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    """An act that is no row change may hold costs of any record, inside lists as well."""

    def act(ctx: Ctx) -> None:
        lineas = [{"producto_id": 1, "costo": "777.77"}]
        ctx.audit("costear", "compras", 5, despues={"costo": "777.77", "lineas": lineas, "n": 1})

    runtime.transact(act)
    rol = rol_id(admin, "TRANSPORTISTA")
    admin.put(f"/api/roles/{rol}/permisos/", json=permisos("auditoria.ver"))
    chofer = connect("chofer")
    query = {"objeto_tipo": "compras"}
    [row] = chofer.get(LOGS, params=query).json()["items"]
    assert row["datos_nuevos_json"] == {"lineas": [{"producto_id": 1}], "n": 1}
    assert "777.77" in admin.get(LOGS, params=query).text


def test_timeline_is_for_who_sees_the_module(
    connect: Connect, admin: TestClient, shop: Shop, producto: int
) -> None:
    usuario = shop.usuarios["cajero"]
    assert timeline(connect("vendedor"), "productos", producto).status_code == 403
    contador = connect("contador")
    assert timeline(contador, "productos", producto).status_code == 200
    assert timeline(contador, "usuarios", usuario).status_code == 403
    almacen = connect("almacen")
    items = timeline(almacen, "productos", producto).json()["items"]
    assert "ip" not in items[0]
    assert "user_agent" not in items[0]
    assert timeline(almacen, "configuracion", 1).status_code == 403
    assert timeline(almacen, "ventas", 1).status_code == 403


def test_timeline_is_for_who_sees_the_row(connect: Connect, admin: TestClient, shop: Shop) -> None:
    rol = rol_id(admin, "CAJERO")
    admin.put(f"/api/roles/{rol}/permisos/", json=permisos("auditoria.historial", "auditoria.ver"))
    cajas = []
    for client, sucursal in ((admin, shop.sucursales[1]), (connect("cajera"), shop.sucursales[0])):
        body = {"sucursal_id": sucursal, "monto_apertura": "1"}
        cajas.append(client.post("/api/cajas/abrir/", json=body).json()["id"])
    cajero = connect("cajero")
    assert timeline(cajero, "cajas", cajas[0]).status_code == 404
    assert timeline(cajero, "cajas", cajas[1]).status_code == 200
    for key in ("999", "0", "-1", "1,1", "x", "1" * 30, ""):
        assert timeline(cajero, "cajas", key).status_code in (400, 404), key
    assert timeline(cajero, "configuracion", 1).status_code == 404


def test_confined_user_sees_their_own_acts_in_the_list(
    connect: Connect, admin: TestClient, shop: Shop
) -> None:
    rol = rol_id(admin, "CAJERO")
    dados = permisos("auditoria.ver", "auditoria.exportar")
    admin.put(f"/api/roles/{rol}/permisos/", json=dados)
    cajero, mine = connect("cajero"), shop.usuarios["cajero"]
    body = {"sucursal_id": shop.sucursales[0], "monto_apertura": "1"}
    cajero.post("/api/cajas/abrir/", json=body)
    assert {one["usuario_id"] for one in cajero.get(LOGS).json()["items"]} == {mine}
    of_admin = {"usuario_id": shop.usuarios["admin"]}
    assert cajero.get(LOGS, params=of_admin).json()["items"] == []
    assert cajero.get(f"{LOGS}exportar/", params=of_admin).text.strip().count("\n") == 0
    [other, *_] = admin.get(LOGS, params=of_admin).json()["items"]
    assert cajero.get(f"{LOGS}{other['id']}/").status_code == 404


def test_timeline_of_a_record_that_is_gone_is_for_who_browses_the_audit(
    connect: Connect, admin: TestClient
) -> None:
    nueva = admin.post("/api/categorias/", json={"nombre": "Tazas"}).json()["id"]
    admin.delete(f"/api/categorias/{nueva}/")
    items = timeline(admin, "categorias", nueva).json()["items"]
    assert [one["accion"] for one in items] == ["eliminar", "crear"]
    assert timeline(connect("gerente"), "categorias", nueva).status_code == 404


def test_list_filters_by_every_declared_column(
    admin: TestClient, shop: Shop, producto: int
) -> None:
    query = {"objeto_tipo": "productos", "objeto_id": producto, "accion": "editar"}
    items = admin.get(LOGS, params=query).json()["items"]
    assert len(items) == 2
    since = {"created_at__gte": items[0]["created_at"], "usuario_id": shop.usuarios["admin"]}
    assert [one["id"] for one in admin.get(LOGS, params=query | since).json()["items"]] == [
        items[0]["id"]
    ]
    assert admin.get(LOGS, params={"datos_nuevos_json": "x"}).status_code == 400
    assert admin.get(LOGS, params={"modulo": "sales", "fields": "sello,usuario"}).json()["items"][
        0
    ].keys() == {"sello", "usuario"}


def test_export_holds_the_same_rows_in_both_forms(admin: TestClient, producto: int) -> None:
    from openpyxl import load_workbook

    query = {"objeto_tipo": "productos", "objeto_id": producto}
    whole = admin.get(LOGS, params=query).json()["items"]
    plain = admin.get(f"{LOGS}exportar/", params=query)
    rows = list(csv.DictReader(io.StringIO(plain.content.decode("utf-8-sig"))))
    assert [int(one["id"]) for one in rows] == [one["id"] for one in whole]
    assert {one["usuario"] for one in rows} == {"Admin"}
    book = admin.get(f"{LOGS}exportar/", params=query | {"formato": "xlsx"})
    sheet = load_workbook(io.BytesIO(book.content)).active
    header, *cells = sheet.values
    assert [row[header.index("id")] for row in cells] == [one["id"] for one in whole]


# Seals ------------------------------------------------------------------------------------------


def seal(runtime: Runtime) -> None:
    sealing.seal(runtime.database)


def test_row_is_pending_until_a_seal_covers_it(
    admin: TestClient, runtime: Runtime, producto: int
) -> None:
    items = timeline(admin, "productos", producto).json()["items"]
    assert {one["sello"] for one in items} == {None}
    seal(runtime)
    admin.put(f"/api/productos/{producto}/", json={"nombre": "Taza roja"})
    newest, *older = timeline(admin, "productos", producto).json()["items"]
    assert newest["sello"] is None
    assert {one["sello"] for one in older} == {1}
    listed = admin.get(LOGS, params={"objeto_tipo": "productos", "objeto_id": producto}).json()
    assert [one["sello"] for one in listed["items"]] == [None, 1, 1, 1]
    assert listed["items"][1]["sellado_at"] is not None
    seal(runtime)
    assert admin.get(f"{LOGS}{newest['id']}/").json()["sello"] == 2


def test_seal_of_a_row_is_found_among_many(admin: TestClient, runtime: Runtime) -> None:
    """Each act has its own seal here; the halving must find every one of them."""
    made = admin.post("/api/categorias/", json={"nombre": "C-0"}).json()["id"]
    seal(runtime)
    for number in range(1, 14):
        admin.put(f"/api/categorias/{made}/", json={"nombre": f"C-{number}"})
        seal(runtime)
    items = timeline(admin, "categorias", made).json()["items"]
    assert [one["sello"] for one in items] == list(range(14, 0, -1))


def test_estado_says_how_far_the_audit_is_sealed(
    connect: Connect, admin: TestClient, runtime: Runtime, producto: int
) -> None:
    assert connect("gerente").get(STATE).status_code == 403
    state = admin.get(STATE).json()
    assert state["sellada_hasta"] is None
    assert state["ultima_verificacion"] is None
    waiting = state["pendientes"]
    assert waiting >= 4
    assert state["pendiente_desde"] is not None
    seal(runtime)
    state = admin.get(STATE).json()
    assert (state["pendientes"], state["pendiente_desde"]) == (0, None)
    assert (state["sellada_hasta"]["sello"], state["sellada_hasta"]["filas"]) == (1, waiting)


def test_estado_tells_the_last_verdict(
    admin: TestClient, runtime: Runtime, settings: Settings, producto: int
) -> None:
    seal(runtime)
    assert runtime.transact(verification.verify_and_note).intact
    said = admin.get(STATE).json()["ultima_verificacion"]
    assert said["intacta"] is True
    verified = datetime.fromisoformat(said["verificada_at"])
    assert abs(runtime.clock() - verified) < timedelta(minutes=5)
    engine = create_engine(settings.owner_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_logs DISABLE TRIGGER ALL"))
        changed_row = connection.execute(
            text(
                "UPDATE audit_logs SET accion = 'nada' WHERE id = (SELECT min(id) FROM audit_logs"
                " WHERE objeto_tipo = 'productos' AND objeto_id = :id) RETURNING id"
            ),
            {"id": str(producto)},
        ).scalar_one()
        connection.execute(
            text("ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_append_only")
        )
    engine.dispose()
    runtime.transact(sealing.verify_audit)
    said = admin.get(STATE).json()["ultima_verificacion"]
    assert (said["intacta"], said["fila"]) == (False, changed_row)
    assert str(changed_row) in said["mensaje"]


def test_browsing_changes_nothing(admin: TestClient, runtime: Runtime, producto: int) -> None:
    before = contents(runtime)
    timeline(admin, "productos", producto)
    for path in (LOGS, STATE, f"{LOGS}exportar/"):
        assert admin.get(path).status_code == 200
    assert not changed(before, contents(runtime))
