"""Users who are confined to almacenes: they see and write only theirs, on every path.

Source: spec/erp-modules.md, módulos 2 and 9.
"""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from kernel.runtime import Runtime
from tests.addons.base.test_roles import JEFE, permisos, rol_id
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop

STOCK = "/api/inventario/stock/"
MOVIMIENTOS = "/api/inventario/movimientos/"


def confine(admin: TestClient, shop: Shop, name: str, almacenes: list[int]) -> Any:
    path = f"/api/usuarios/{shop.usuarios[name]}/almacenes/"
    answer = admin.put(path, json={"almacenes": almacenes})
    assert answer.status_code == 200, answer.text
    assert admin.get(path).json() == answer.json()
    return answer.json()


def entrada(shop: Shop, almacen: int) -> dict[str, Any]:
    return {
        "almacen_id": almacen,
        "producto_id": shop.productos[0],
        "cantidad": "5",
        "motivo": "Compra",
    }


@pytest.fixture
def almacen(connect: Connect, admin: TestClient, shop: Shop) -> TestClient:
    """A client of the storekeeper; the second almacén holds something as well."""
    otra = entrada(shop, shop.almacenes[1])
    assert admin.post("/api/inventario/entrada/", json=otra).status_code == 201
    supervisor = rol_id(admin, "SUPERVISOR_ALMACEN")
    dadas = permisos("almacenes.crear", "almacenes.editar", "almacenes.eliminar")
    dadas["permisos"] += permisos("almacenes.exportar")["permisos"]
    admin.put(f"/api/roles/{supervisor}/permisos/", json=dadas)
    return connect("almacen")


def seen(client: TestClient, path: str, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(path, params={"limit": 200, **query}).json()["items"]
    return items


def test_user_of_one_almacen_meets_nothing_of_another(
    almacen: TestClient, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    mio, ajeno = shop.almacenes
    whole = len(seen(almacen, MOVIMIENTOS))
    confine(admin, shop, "almacen", [mio])
    before = contents(runtime)
    assert [one["id"] for one in seen(almacen, "/api/almacenes/")] == [mio]
    assert {one["almacen_id"] for one in seen(almacen, STOCK)} == {mio}
    assert len(seen(almacen, MOVIMIENTOS)) == whole - 1
    assert seen(almacen, STOCK, almacen_id=ajeno) == []
    assert seen(almacen, MOVIMIENTOS, almacen_destino_id=ajeno) == []
    for path, rows in (("/api/almacenes/", 1), (STOCK, 10), (MOVIMIENTOS, whole - 1)):
        exported = almacen.get(f"{path}exportar/").text.strip()
        assert exported.count("\n") == rows, path
    for method, body in (("GET", None), ("PUT", {"nombre": "Mío"}), ("DELETE", None)):
        answer = almacen.request(method, f"/api/almacenes/{ajeno}/", json=body)
        assert answer.status_code == 404, method
    answer = almacen.post("/api/inventario/entrada/", json=entrada(shop, ajeno))
    assert answer.status_code == 403
    nuevo = {"nombre": "Otro", "sucursal_id": shop.sucursales[0]}
    answer = almacen.post("/api/almacenes/", json=nuevo)
    assert (answer.status_code, answer.json()["code"]) == (403, "fila_fuera_de_alcance")
    assert not changed(before, contents(runtime))
    assert almacen.post("/api/inventario/entrada/", json=entrada(shop, mio)).status_code == 201
    assert almacen.put(f"/api/almacenes/{mio}/", json={"nombre": "Mío"}).status_code == 200


def test_user_of_a_sucursal_meets_only_its_almacenes(
    almacen: TestClient, admin: TestClient, shop: Shop
) -> None:
    sucursales = f"/api/usuarios/{shop.usuarios['almacen']}/sucursales/"
    admin.put(sucursales, json={"sucursales": shop.sucursales[1:]})
    mio, ajeno = shop.almacenes[1], shop.almacenes[0]
    assert [one["id"] for one in seen(almacen, "/api/almacenes/")] == [mio]
    assert {one["almacen_id"] for one in seen(almacen, STOCK)} == {mio}
    assert len(seen(almacen, MOVIMIENTOS)) == 1
    assert almacen.post("/api/inventario/entrada/", json=entrada(shop, ajeno)).status_code == 403
    nuevo = {"nombre": "Otro", "sucursal_id": shop.sucursales[0]}
    assert almacen.post("/api/almacenes/", json=nuevo).status_code == 403
    made = almacen.post("/api/almacenes/", json=nuevo | {"sucursal_id": shop.sucursales[1]})
    assert made.status_code == 201
    mudado = {"sucursal_id": shop.sucursales[0]}
    assert almacen.put(f"/api/almacenes/{made.json()['id']}/", json=mudado).status_code == 403


def test_almacen_counts_within_the_sucursales_only(
    almacen: TestClient, admin: TestClient, shop: Shop
) -> None:
    confine(admin, shop, "almacen", shop.almacenes[:1])
    sucursales = f"/api/usuarios/{shop.usuarios['almacen']}/sucursales/"
    admin.put(sucursales, json={"sucursales": shop.sucursales[1:]})
    for path in ("/api/almacenes/", STOCK, MOVIMIENTOS):
        assert seen(almacen, path) == [], path


def test_no_almacen_frees_the_user(almacen: TestClient, admin: TestClient, shop: Shop) -> None:
    assert confine(admin, shop, "almacen", shop.almacenes[:1])["todos"] is False
    assert len(seen(almacen, "/api/almacenes/")) == 1
    assert confine(admin, shop, "almacen", [])["todos"] is True
    assert len(seen(almacen, "/api/almacenes/")) == 2


def test_almacen_that_somebody_is_confined_to_cannot_go(admin: TestClient, shop: Shop) -> None:
    """Its end would open all the others to them."""
    nuevo = {"nombre": "Vacío", "sucursal_id": shop.sucursales[0]}
    vacio = admin.post("/api/almacenes/", json=nuevo).json()["id"]
    confine(admin, shop, "almacen", [vacio])
    answer = admin.delete(f"/api/almacenes/{vacio}/")
    assert (answer.status_code, answer.json()["code"]) == (409, "en_uso")
    confine(admin, shop, "almacen", [])
    assert admin.delete(f"/api/almacenes/{vacio}/").status_code == 204


def test_almacenes_out_of_reach_cannot_be_given(
    connect: Connect, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    rol = rol_id(admin, "GERENTE_VENTAS")
    admin.put(f"/api/roles/{rol}/permisos/", json=permisos(*JEFE))
    confine(admin, shop, "gerente", shop.almacenes[:1])
    gerente = connect("gerente")
    before = contents(runtime)
    for name in ("gerente", "cajero"):
        path = f"/api/usuarios/{shop.usuarios[name]}/almacenes/"
        answer = gerente.put(path, json={"almacenes": []})
        assert (answer.status_code, answer.json()["code"]) == (403, "lugar_ajeno")
        answer = gerente.put(path, json={"almacenes": shop.almacenes})
        assert [one["field"] for one in answer.json()["errors"]] == ["almacenes.1"]
    assert admin.put("/api/usuarios/999/almacenes/", json={"almacenes": []}).status_code == 404
    assert not changed(before, contents(runtime))


def test_user_made_by_who_is_confined_is_confined_as_well(
    connect: Connect, admin: TestClient, shop: Shop
) -> None:
    rol = rol_id(admin, "GERENTE_VENTAS")
    admin.put(f"/api/roles/{rol}/permisos/", json=permisos(*JEFE))
    nueva = {"nombre": "Nueva", "rol_id": rol, "password": "montaña verde lejana"}
    made = {}
    for name, almacenes in (("free", []), ("confined", shop.almacenes[:1])):
        confine(admin, shop, "gerente", almacenes)
        body = nueva | {"email": f"{name}@tienda.pe"}
        answer = connect("gerente").post("/api/usuarios/", json=body)
        assert answer.status_code == 201, answer.text
        path = f"/api/usuarios/{answer.json()['id']}/almacenes/"
        made[name] = admin.get(path).json()["almacenes"]
    assert made == {"free": [], "confined": shop.almacenes[:1]}


def test_sale_is_served_by_the_almacen_of_its_sucursal(
    connect: Connect, admin: TestClient, shop: Shop
) -> None:
    """What a user may move by hand says nothing of where a sale takes its goods."""
    confine(admin, shop, "cajero", shop.almacenes[1:])
    cajero = connect("cajero")
    apertura = {"sucursal_id": shop.sucursales[0], "monto_apertura": "50"}
    caja = cajero.post("/api/cajas/abrir/", json=apertura).json()["id"]
    assert cajero.post("/api/ventas/", json=shop.venta(caja)).status_code == 201
