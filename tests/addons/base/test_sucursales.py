"""Users who are confined to sucursales: they see and write only theirs, on every path.

Source: spec/erp-modules.md, módulo 9, "RBAC".
"""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from kernel.runtime import Runtime
from tests import journeys
from tests.addons.base.test_roles import JEFE, permisos, rol_id
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop

pytestmark = pytest.mark.needs("sales", "inventory")


def confine(admin: TestClient, shop: Shop, name: str, sucursales: list[int]) -> Any:
    path = f"/api/usuarios/{shop.usuarios[name]}/sucursales/"
    answer = admin.put(path, json={"sucursales": sucursales})
    assert answer.status_code == 200, answer.text
    assert admin.get(path).json() == answer.json()
    return answer.json()


@pytest.fixture
def otra(admin: TestClient, shop: Shop) -> int:
    """A caja in the second sucursal, of the manager, who works in all."""
    body = {"sucursal_id": shop.sucursales[1], "monto_apertura": "50"}
    made: int = admin.post("/api/cajas/abrir/", json=body).json()["id"]
    return made


def vender_en(client: TestClient, shop: Shop, caja: int, sucursal: int) -> int:
    body = shop.venta(caja, sucursal_id=sucursal)
    return client.post("/api/ventas/", json=body).status_code


def test_user_of_one_sucursal_meets_nothing_of_another(
    connect: Connect, admin: TestClient, shop: Shop, otra: int, runtime: Runtime
) -> None:
    segunda = shop.sucursales[1]
    entrada = {
        "almacen_id": shop.almacenes[1],
        "producto_id": shop.productos[0],
        "cantidad": "9",
        "motivo": "x",
    }
    for producto in shop.productos[:2]:
        assert (
            admin.post(
                "/api/inventario/entrada/", json=entrada | {"producto_id": producto}
            ).status_code
            == 201
        )
    body = shop.venta(otra, sucursal_id=segunda)
    venta = admin.post("/api/ventas/", json=body).json()["id"]
    admin.put(
        f"/api/roles/{rol_id(admin, 'CAJERO')}/permisos/",
        json=permisos("ventas.exportar", "cajas.exportar", "reportes_ventas.ver"),
    )
    cajero = connect("cajero")
    before = contents(runtime)
    for path in ("/api/ventas/", "/api/cajas/"):
        assert cajero.get(path).json()["items"] == [], path
        assert cajero.get(path, params={"sucursal_id": segunda}).json()["items"] == []
        assert cajero.get(f"{path}exportar/").text.strip().count("\n") == 0
    assert cajero.get(f"/api/ventas/{venta}/").status_code == 404
    assert cajero.get(f"/api/cajas/{otra}/").status_code == 404
    assert cajero.get("/api/reportes/ventas-diarias/").json()["items"] == []
    assert vender_en(cajero, shop, otra, segunda) == 403
    cierre = {"caja_id": otra, "monto_cierre": "1"}
    assert cajero.post("/api/cajas/cerrar/", json=cierre).status_code == 404
    apertura = {"sucursal_id": segunda, "monto_apertura": "1"}
    assert cajero.post("/api/cajas/abrir/", json=apertura).status_code == 403
    assert not changed(before, contents(runtime))


def test_more_sucursales_open_and_close_from_the_next_request(
    connect: Connect, admin: TestClient, shop: Shop, otra: int
) -> None:
    cajero = connect("cajero")
    assert cajero.get(f"/api/cajas/{otra}/").status_code == 404
    leidas = confine(admin, shop, "cajero", shop.sucursales)
    assert leidas == {
        "usuario_id": shop.usuarios["cajero"],
        "principal": shop.sucursales[0],
        "sucursales": shop.sucursales,
        "todas": False,
    }
    assert cajero.get(f"/api/cajas/{otra}/").status_code == 200
    assert vender_en(cajero, shop, otra, shop.sucursales[1]) == 400  # past the scope: no stock
    confine(admin, shop, "cajero", shop.sucursales[:1])
    assert cajero.get(f"/api/cajas/{otra}/").status_code == 404
    assert vender_en(cajero, shop, otra, shop.sucursales[1]) == 403


def test_sucursales_without_a_home_confine_too_and_none_frees(
    connect: Connect, admin: TestClient, shop: Shop, otra: int
) -> None:
    gerente = connect("gerente")
    assert gerente.get(f"/api/cajas/{otra}/").status_code == 200
    assert confine(admin, shop, "gerente", shop.sucursales[:1])["todas"] is False
    assert gerente.get(f"/api/cajas/{otra}/").status_code == 404
    assert confine(admin, shop, "gerente", []) == {
        "usuario_id": shop.usuarios["gerente"],
        "principal": None,
        "sucursales": [],
        "todas": True,
    }
    assert gerente.get(f"/api/cajas/{otra}/").status_code == 200


def test_sucursales_that_do_not_fit_are_named(
    admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    before = contents(runtime)
    path = f"/api/usuarios/{shop.usuarios['cajero']}/sucursales/"
    answer = admin.put(path, json={"sucursales": [shop.sucursales[1], 99]})
    assert answer.status_code == 400
    assert {one["field"] for one in answer.json()["errors"]} == {"sucursales", "sucursales.1"}
    assert admin.put(path, json={"sucursales": []}).status_code == 400
    assert admin.put("/api/usuarios/999/sucursales/", json={"sucursales": []}).status_code == 404
    assert not changed(before, contents(runtime))


def test_change_of_sucursales_is_in_the_history_of_the_user(admin: TestClient, shop: Shop) -> None:
    confine(admin, shop, "cajero", shop.sucursales)
    query = {"objeto_tipo": "usuarios", "accion": "cambiar_sucursales"}
    [act] = admin.get("/api/audit-logs/", params=query).json()["items"]
    assert act["objeto_id"] == str(shop.usuarios["cajero"])
    assert act["datos_anteriores_json"] == {"sucursales": shop.sucursales[:1]}
    assert act["datos_nuevos_json"] == {"sucursales": shop.sucursales}


def test_whoever_is_confined_cannot_give_wider_places(
    connect: Connect, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    gerente_rol = rol_id(admin, "GERENTE_VENTAS")
    admin.put(f"/api/roles/{gerente_rol}/permisos/", json=permisos(*JEFE))
    confine(admin, shop, "gerente", shop.sucursales[:1])
    gerente, una, segunda = connect("gerente"), *shop.sucursales
    cajero_rol = rol_id(admin, "CAJERO")
    nuevo = {"nombre": "E", "email": "e@x.pe", "password": "clave-larga-77", "rol_id": cajero_rol}
    yo, cajero = shop.usuarios["gerente"], shop.usuarios["cajero"]
    before = contents(runtime)
    for method, path, body in (
        ("POST", "/api/usuarios/", nuevo),
        ("POST", "/api/usuarios/", nuevo | {"sucursal_id": segunda}),
        ("PUT", f"/api/usuarios/{yo}/sucursales/", {"sucursales": []}),
        ("PUT", f"/api/usuarios/{yo}/sucursales/", {"sucursales": [una, segunda]}),
        ("PUT", f"/api/usuarios/{cajero}/sucursales/", {"sucursales": [una, segunda]}),
        ("PUT", f"/api/usuarios/{cajero}/", {"sucursal_id": None}),
        ("PUT", f"/api/usuarios/{cajero}/", {"sucursal_id": segunda}),
        ("PUT", f"/api/usuarios/{shop.usuarios['chofer']}/", {"nombre": "Otro"}),
    ):
        answer = gerente.request(method, path, json=body)
        said = (answer.status_code, answer.json()["code"])
        assert said == (403, "lugar_ajeno"), (path, body, answer.text)
    assert not changed(before, contents(runtime))
    made = gerente.post("/api/usuarios/", json=nuevo | {"sucursal_id": una})
    assert made.status_code == 201
    assert gerente.put(f"/api/usuarios/{cajero}/", json={"nombre": "Luis"}).status_code == 200


def test_sale_asks_no_more_for_a_user_of_several_sucursales(
    connect: Connect, admin: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sucursales of the user come with a statement that a sale needs anyway."""
    cajero = connect("cajero")
    body = {"sucursal_id": shop.sucursales[0], "monto_apertura": "50"}
    caja = cajero.post("/api/cajas/abrir/", json=body).json()["id"]
    confine(admin, shop, "cajero", shop.sucursales)
    assert vender_en(cajero, shop, caja, shop.sucursales[0]) == 201
    asked = journeys.recorded(monkeypatch)
    assert vender_en(cajero, shop, caja, shop.sucursales[0]) == 201
    assert asked == journeys.SALE
