"""Generic resources: list, detail, create, update, delete, export of a plain table, for free."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from addons.base.models import Sucursal
from addons.sales.models import Categoria, Producto
from kernel.context import Ctx
from kernel.errors import ConfigurationError
from kernel.rbac import FieldRule
from kernel.registry import Registry
from kernel.resource import Resource
from kernel.runtime import Runtime
from kernel.schemas import Schema, Text
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop

CLIENTE = {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Ana Paz"}


def audit_of(admin: TestClient, table: str, row_id: int) -> list[dict[str, Any]]:
    """Return the audit rows of a row, the oldest first."""
    query = {"objeto_tipo": table, "objeto_id": row_id, "sort": "id"}
    answer = admin.get("/api/audit-logs/", params=query)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_life_of_a_row_and_its_audit(admin: TestClient, shop: Shop) -> None:
    created = admin.post("/api/clientes/", json=CLIENTE)
    assert created.status_code == 201
    row = created.json()
    address = f"/api/clientes/{row['id']}/"
    assert row["version"] == 1
    assert admin.get(address).json() == row

    edited = admin.put(address, json={"telefono": "999 111 222", "version": 1})
    assert edited.status_code == 200
    assert edited.json() == row | {"telefono": "999 111 222", "version": 2}

    deleted = admin.delete(address)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert admin.get(address).status_code == 404
    assert admin.delete(address).status_code == 404

    acts = audit_of(admin, "clientes", row["id"])
    assert [act["accion"] for act in acts] == ["crear", "editar", "eliminar"]
    assert {act["usuario_id"] for act in acts} == {shop.usuarios["admin"]}
    assert acts[0]["datos_nuevos_json"]["razon_social"] == "Ana Paz"
    assert acts[1]["datos_anteriores_json"]["telefono"] == ""
    assert acts[1]["datos_nuevos_json"]["telefono"] == "999 111 222"
    assert acts[2]["datos_anteriores_json"]["numero_doc"] == "45678912"


def test_update_of_an_older_version_is_a_409(admin: TestClient) -> None:
    row = admin.post("/api/clientes/", json=CLIENTE).json()
    address = f"/api/clientes/{row['id']}/"
    assert admin.put(address, json={"telefono": "1", "version": 1}).status_code == 200
    late = admin.put(address, json={"telefono": "2", "version": 1})
    assert (late.status_code, late.json()["code"]) == (409, "version_obsoleta")
    assert admin.get(address).json()["telefono"] == "1"
    assert admin.put(address, json={"telefono": "3"}).status_code == 200


def test_update_in_parallel_of_one_version_succeeds_once(admin: TestClient) -> None:
    row = admin.post("/api/clientes/", json=CLIENTE).json()
    address = f"/api/clientes/{row['id']}/"

    def edit(number: int) -> int:
        body = {"telefono": str(number), "version": 1}
        return admin.put(address, json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(edit, range(8)))
    assert statuses == [200] + [409] * 7
    assert admin.get(address).json()["version"] == 2


def test_update_changes_what_is_sent_and_nothing_else(admin: TestClient, runtime: Runtime) -> None:
    row = admin.post("/api/clientes/", json=CLIENTE | {"telefono": "1"}).json()
    address = f"/api/clientes/{row['id']}/"
    before = contents(runtime)
    for body in ({}, {"version": 1}, {"telefono": "1"}):
        assert admin.put(address, json=body).json() == row
    assert not changed(before, contents(runtime))


def test_update_of_a_field_to_nothing_is_refused_unless_it_may_be(
    admin: TestClient, shop: Shop
) -> None:
    address = f"/api/productos/{shop.productos[0]}/"
    refused = admin.put(address, json={"nombre": None, "precio": None, "version": None})
    assert {one["field"] for one in refused.json()["errors"]} == {"nombre", "precio", "version"}
    assert admin.put(address, json={"costo": None}).json()["costo"] is None


def test_update_cannot_leave_what_create_refuses(admin: TestClient) -> None:
    row = admin.post("/api/clientes/", json=CLIENTE).json()
    address = f"/api/clientes/{row['id']}/"
    for body in ({"numero_doc": "123"}, {"tipo_doc": "6"}, {"numero_doc": "１２３４５６７８"}):
        answer = admin.put(address, json=body)
        assert answer.status_code == 400, body
        assert [one["field"] for one in answer.json()["errors"]] == ["numero_doc"]
    assert admin.put(address, json={"tipo_doc": "6", "numero_doc": "20123456786"}).is_success


def test_duplicate_is_a_409_that_names_the_fields(admin: TestClient) -> None:
    assert admin.post("/api/clientes/", json=CLIENTE).status_code == 201
    again = admin.post("/api/clientes/", json=CLIENTE)
    assert again.status_code == 409
    assert [one["field"] for one in again.json()["errors"]] == ["tipo_doc", "numero_doc"]
    mail = {"nombre": "x", "password": "clave-larga-77", "rol_id": 1, "email": "CAJERO@tienda.pe"}
    taken = admin.post("/api/usuarios/", json=mail)
    assert (taken.status_code, taken.json()["errors"][0]["field"]) == (409, "email")


def test_reference_to_nothing_is_a_400_that_names_the_field(admin: TestClient) -> None:
    body = {"sku": "X", "nombre": "x", "precio": "1", "categoria_id": 999_999}
    answer = admin.post("/api/productos/", json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "categoria_id"


def test_delete_of_what_others_use_is_a_409(
    admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    before = contents(runtime)
    for path in (
        f"/api/productos/{shop.productos[0]}/",
        f"/api/sucursales/{shop.sucursales[0]}/",
        f"/api/almacenes/{shop.almacenes[0]}/",
    ):
        answer = admin.delete(path)
        assert (answer.status_code, answer.json()["code"]) == (409, "en_uso"), path
    assert not changed(before, contents(runtime))


def test_list_of_chosen_fields_has_only_them_in_that_order(admin: TestClient) -> None:
    items = admin.get("/api/productos/?fields=nombre,sku,nombre&limit=3").json()["items"]
    assert [list(item) for item in items] == [["nombre", "sku"]] * 3


def test_list_and_detail_of_a_row_are_the_same(admin: TestClient, registry: Registry) -> None:
    for resource in registry.resources:
        if "detail" not in resource.actions:
            continue
        for item in admin.get(resource.path, params={"limit": 3}).json()["items"]:
            assert admin.get(f"{resource.path}{item['id']}/").json() == item


ACCIONES = {"GET": "ver", "POST": "crear", "PUT": "editar", "DELETE": "eliminar"}


def test_every_action_of_a_resource_needs_its_permission(
    connect: Connect, registry: Registry
) -> None:
    chofer = connect("chofer")
    everybody = {"sucursales.ver", "configuracion.ver", "notificaciones.ver"}
    tried = 0
    for resource in registry.resources:
        for endpoint in resource.endpoints(()):
            exports = endpoint.path.endswith("exportar/")
            accion = "exportar" if exports else ACCIONES[endpoint.method]
            assert endpoint.permission == f"{resource.modulo}.{accion}"
            if endpoint.permission in everybody:
                continue
            path = endpoint.path.replace("{id}", "1")
            answer = chofer.request(endpoint.method, path, json={"nada": 1})
            assert answer.status_code == 403, (endpoint.method, path)
            assert endpoint.permission in answer.json()["detail"]
            tried += 1
    assert tried > 30


# Fields that a role may not see -------------------------------------------------------------------


def test_costo_is_no_field_at_all_for_a_cajero(connect: Connect, shop: Shop) -> None:
    cajero, gerente = connect("cajero"), connect("gerente")
    one = f"/api/productos/{shop.productos[0]}/"
    assert gerente.get(one).json()["costo"] == "7.000000"
    assert "costo" not in cajero.get(one).json()
    assert gerente.get("/api/productos/?limit=1").json()["items"][0]["costo"] == "7.000000"
    assert "costo" not in cajero.get("/api/productos/?limit=1").json()["items"][0]
    for query, field in (
        ("costo=7", "costo"),
        ("costo__gt=1", "costo__gt"),
        ("costo__lte=9", "costo__lte"),
        ("fields=id,costo", "fields"),
        ("sort=costo", "sort"),
    ):
        refused = cajero.get(f"/api/productos/?{query}")
        assert refused.status_code == 400, query
        assert [fault["field"] for fault in refused.json()["errors"]] == [field]
        if not query.startswith("sort"):
            assert gerente.get(f"/api/productos/?{query}").status_code == 200, query


def give(runtime: Runtime, shop: Shop, name: str, *permissions: str) -> None:
    """Give the role of a user some permissions more."""
    from kernel.identity import Permiso, Usuario

    def work(ctx: Ctx) -> None:
        rol_id = ctx.session.get_one(Usuario, shop.usuarios[name]).rol_id
        for permission in permissions:
            modulo, _, accion = permission.rpartition(".")
            ctx.session.add(Permiso(rol_id=rol_id, modulo=modulo, accion=accion))

    runtime.transact(work)


def test_costo_is_neither_exported_nor_changed_by_who_may_not_see_it(
    connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    give(runtime, shop, "cajero", "productos.exportar", "productos.editar", "productos.crear")
    cajero, gerente = connect("cajero"), connect("gerente")
    for form in ("csv", "xlsx"):
        path = f"/api/productos/exportar/?formato={form}"
        assert b"costo" not in cajero.get(path).content
    assert b"costo" in gerente.get("/api/productos/exportar/").content
    one = f"/api/productos/{shop.productos[0]}/"
    refused = cajero.put(one, json={"costo": "1", "nombre": "Otro"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "costo")
    assert "costo" not in cajero.put(one, json={"nombre": "Otro"}).json()
    assert gerente.get(one).json()["costo"] == "7.000000"
    body = {"sku": "N", "nombre": "Nuevo", "precio": "1"}
    refused = cajero.post("/api/productos/", json=body | {"costo": "1"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "costo")
    created = cajero.post("/api/productos/", json=body)
    assert created.status_code == 201
    assert "costo" not in created.json()


# Rows that a user may not see ---------------------------------------------------------------------


def test_cajas_and_ventas_of_another_sucursal_are_out_of_sight(
    connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    give(runtime, shop, "cajero", "ventas.exportar", "cajas.exportar", "reportes_ventas.ver")
    gerente, cajero = connect("gerente"), connect("cajero")
    body = {"sucursal_id": shop.sucursales[1], "monto_apertura": "1"}
    stock = {"almacen_id": shop.almacenes[1], "producto_id": shop.productos[0], "cantidad": 5}
    connect("almacen").post("/api/inventario/entrada/", json=stock | {"motivo": "x"})
    caja = gerente.post("/api/cajas/abrir/", json=body).json()["id"]
    detalle = [{"producto_id": shop.productos[0], "cantidad": 1}]
    venta = shop.venta(caja, sucursal_id=shop.sucursales[1], detalle=detalle)
    venta_id = gerente.post("/api/ventas/", json=venta).json()["id"]
    for path in (f"/api/cajas/{caja}/", f"/api/ventas/{venta_id}/"):
        assert gerente.get(path).status_code == 200
        assert cajero.get(path).status_code == 404
    for path in ("/api/cajas/", "/api/ventas/"):
        assert len(gerente.get(path).json()["items"]) == 1
        assert cajero.get(path).json()["items"] == []
        assert cajero.get(path, params={"sucursal_id": shop.sucursales[1]}).json()["items"] == []
        lines = [who.get(f"{path}exportar/").text.count("\n") for who in (gerente, cajero)]
        assert lines == [2, 1]  # the first names the columns
    reports = [who.get("/api/reportes/ventas-diarias/").json() for who in (gerente, cajero)]
    assert [one["totales"]["ventas"] for one in reports] == [1, 0]
    refused = cajero.post("/api/ventas/", json=venta)
    assert refused.status_code in (400, 403)
    assert cajero.post("/api/cajas/abrir/", json=body).status_code == 403
    assert (
        cajero.post("/api/cajas/cerrar/", json={"caja_id": caja, "monto_cierre": "1"}).status_code
        == 404
    )


# Declarations -------------------------------------------------------------------------------------


class CosaNueva(Schema):
    nombre: Text


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    "facts",
    [
        {"fields": ("id", "nada")},
        {"filters": ("nada",)},
        {"search": ("nada",)},
        {"sort": ("-nada",)},
        {"sort": ("costo",)},
    ],
)
def test_resource_that_names_no_column_is_refused(facts: dict[str, Any]) -> None:
    resource = Resource(
        **{"path": "/api/x/", "model": Producto, "modulo": "x", "fields": ("id",), **facts}
    )
    with pytest.raises(ConfigurationError, match=r"/api/x/"):
        assert resource.columns


@pytest.mark.usefixtures("registry")
def test_resource_of_some_actions_has_those_endpoints() -> None:
    resource = Resource("/api/x/", Categoria, "x", ("id", "nombre"), actions=("list", "create"))
    assert [one.method for one in resource.endpoints(())] == ["GET"]
    full = Resource("/api/x/", Categoria, "x", ("id", "nombre"), create=CosaNueva)
    assert sorted((one.method, one.path, one.status) for one in full.endpoints(())) == [
        ("DELETE", "/api/x/{id}/", 204),
        ("GET", "/api/x/", 200),
        ("GET", "/api/x/exportar/", 200),
        ("GET", "/api/x/{id}/", 200),
        ("POST", "/api/x/", 201),
        ("PUT", "/api/x/{id}/", 200),
    ]


@pytest.mark.usefixtures("registry")
def test_read_schema_marks_what_a_field_rule_protects() -> None:
    resource = Resource("/api/x/", Producto, "x", ("id", "costo"))
    (detail,) = [
        one
        for one in resource.endpoints([FieldRule(Producto, "costo", "x.ver_costo")])
        if one.path == "/api/x/{id}/" and one.method == "GET"
    ]
    assert detail.protected == (("costo", "x.ver_costo"),)


def test_insert_of_a_row_gives_the_defaults_of_the_database(
    admin: TestClient, runtime: Runtime
) -> None:
    row = admin.post("/api/sucursales/", json={"codigo": "9", "nombre": " Nueva "}).json()
    assert (row["nombre"], row["direccion"], row["activo"]) == ("Nueva", "", True)
    query = select(func.count()).select_from(Sucursal).where(Sucursal.nombre == "Nueva")
    assert runtime.transact(lambda ctx: ctx.session.scalars(query).one()) == 1
