"""Roles, their matrix, and that nobody gives more than they have. Source: módulo 9, "RBAC"."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from kernel.registry import Registry
from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import PASSWORD, Shop

pytestmark = pytest.mark.needs("sales", "inventory")

JEFE = ("usuarios.ver", "usuarios.crear", "usuarios.editar", "roles.ver", "roles.editar",
        "roles.crear", "roles.eliminar")  # fmt: skip
"""What makes somebody a chief of people who is no ADMIN."""


def rol_id(admin: TestClient, nombre: str) -> int:
    roles = admin.get("/api/roles/?limit=100").json()["items"]
    found: int = next(one["id"] for one in roles if one["nombre"] == nombre)
    return found


def permisos(*names: str, permitido: bool = True) -> dict[str, Any]:
    """Return the body that gives permissions, or takes them."""
    return {
        "permisos": [
            {
                "modulo": name.rpartition(".")[0],
                "accion": name.rpartition(".")[2],
                "permitido": permitido,
            }
            for name in names
        ]
    }


@pytest.fixture
def jefa(connect: Connect, admin: TestClient) -> TestClient:
    """A client of a GERENTE_VENTAS who may besides administer people."""
    answer = admin.put(
        f"/api/roles/{rol_id(admin, 'GERENTE_VENTAS')}/permisos/", json=permisos(*JEFE)
    )
    assert answer.status_code == 200
    return connect("gerente")


# The matrix -------------------------------------------------------------------------------------


def test_catalogo_names_every_declared_action_once(admin: TestClient, registry: Registry) -> None:
    modulos = admin.get("/api/permisos/").json()
    found = {
        f"{modulo['modulo']}.{una['accion']}": (una["titulo"], una["addon"])
        for modulo in modulos
        for una in modulo["acciones"]
    }
    assert found == {
        name: (one.titulo, registry.owners[f"permission:{name}"])
        for name, one in registry.permissions.items()
    }
    assert len(modulos) == len({one.modulo for one in registry.permissions.values()})


def test_matriz_of_a_role_says_of_every_action_whether_it_is_allowed(
    admin: TestClient, registry: Registry
) -> None:
    leido = admin.get(f"/api/roles/{rol_id(admin, 'VENDEDOR')}/permisos/").json()
    assert leido["rol"] == "VENDEDOR"
    celdas = {
        f"{modulo['modulo']}.{una['accion']}": una["permitido"]
        for modulo in leido["matriz"]
        for una in modulo["acciones"]
    }
    assert celdas == {name: "VENDEDOR" in one.roles for name, one in registry.permissions.items()}
    assert sorted(name for name, si in celdas.items() if si) == leido["permisos"]


def test_change_of_permissions_is_one_act_in_the_history_of_the_role(admin: TestClient) -> None:
    vendedor = rol_id(admin, "VENDEDOR")
    cambio = (
        permisos("ventas.exportar")["permisos"] + permisos("cajas.ver", permitido=False)["permisos"]
    )
    admin.put(f"/api/roles/{vendedor}/permisos/", json={"permisos": cambio})
    query = {"objeto_tipo": "roles", "objeto_id": vendedor}
    [act] = admin.get("/api/audit-logs/", params=query).json()["items"]
    assert act["accion"] == "cambiar_permisos"
    assert act["datos_anteriores_json"] == {"permisos": ["cajas.ver"]}
    assert act["datos_nuevos_json"] == {"permisos": ["ventas.exportar"]}


# Roles ------------------------------------------------------------------------------------------


def test_rol_of_ones_own_can_be_renamed_and_deleted(admin: TestClient, shop: Shop) -> None:
    rol = admin.post("/api/roles/", json={"nombre": "AYUDANTE"}).json()["id"]
    body = {"nombre": "APRENDIZ", "descripcion": "Mira"}
    assert admin.put(f"/api/roles/{rol}/", json=body).json()["nombre"] == "APRENDIZ"
    admin.put(f"/api/roles/{rol}/permisos/", json=permisos("ventas.ver"))
    cajera = f"/api/usuarios/{shop.usuarios['cajera']}/"
    assert admin.put(cajera, json={"rol_id": rol}).status_code == 200
    answer = admin.delete(f"/api/roles/{rol}/")
    assert (answer.status_code, answer.json()["code"]) == (409, "en_uso")
    admin.put(cajera, json={"rol_id": rol_id(admin, "CAJERO")})
    assert admin.delete(f"/api/roles/{rol}/").status_code == 204
    assert admin.get(f"/api/roles/{rol}/").status_code == 404


def test_rol_of_a_template_keeps_its_name_and_stays(admin: TestClient, runtime: Runtime) -> None:
    before = contents(runtime)
    for nombre in ("ADMIN", "VENDEDOR", "TRANSPORTISTA"):
        rol = rol_id(admin, nombre)
        answer = admin.put(f"/api/roles/{rol}/", json={"nombre": "OTRO"})
        assert (answer.status_code, answer.json()["code"]) == (409, "rol_de_plantilla")
        answer = admin.delete(f"/api/roles/{rol}/")
        assert (answer.status_code, answer.json()["code"]) == (409, "rol_de_plantilla")
    assert not changed(before, contents(runtime))
    rol = rol_id(admin, "VENDEDOR")
    body = {"nombre": "VENDEDOR", "descripcion": "Vende en la calle"}
    assert admin.put(f"/api/roles/{rol}/", json=body).status_code == 200


# Nobody is locked out ---------------------------------------------------------------------------


def test_last_who_can_change_roles_cannot_be_taken_away(
    admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    administra, yo = rol_id(admin, "ADMIN"), f"/api/usuarios/{shop.usuarios['admin']}/"
    before = contents(runtime)
    quitar = permisos("roles.editar", permitido=False)
    for method, path, body in (
        ("PUT", f"/api/roles/{administra}/permisos/", quitar),
        ("PUT", yo, {"activo": False}),
        ("PUT", yo, {"rol_id": rol_id(admin, "CAJERO")}),
    ):
        answer = admin.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "ultimo_administrador"), body
    assert not changed(before, contents(runtime))


def test_role_that_nobody_active_has_does_not_count_as_administration(
    admin: TestClient, shop: Shop
) -> None:
    """Another role with the permission helps only once an active user has it."""
    otro = rol_id(admin, "CONTADOR")
    admin.put(f"/api/roles/{otro}/permisos/", json=permisos("roles.editar"))
    contador = f"/api/usuarios/{shop.usuarios['contador']}/"
    assert admin.put(contador, json={"activo": False}).status_code == 200
    quitar = permisos("roles.editar", permitido=False)
    administra = f"/api/roles/{rol_id(admin, 'ADMIN')}/permisos/"
    assert admin.put(administra, json=quitar).status_code == 409
    admin.put(contador, json={"activo": True})
    assert admin.put(administra, json=quitar).status_code == 200


def test_two_administrators_who_remove_each_other_leave_one(
    connect: Connect, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    with runtime.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE usuarios SET rol_id = (SELECT rol_id FROM usuarios WHERE id = :admin)"
                 " WHERE id = :gerente"),
            {"admin": shop.usuarios["admin"], "gerente": shop.usuarios["gerente"]},
        )  # fmt: skip
    gerente = connect("gerente")
    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            acts = [
                pool.submit(
                    one.put, f"/api/usuarios/{shop.usuarios[name]}/", json={"activo": False}
                )
                for one, name in ((admin, "gerente"), (gerente, "admin"))
            ]
            statuses = sorted(act.result().status_code for act in acts)
        assert statuses in ([200, 401], [200, 409]), statuses
        with runtime.database.engine.begin() as connection:
            ids = {"ids": [shop.usuarios["admin"], shop.usuarios["gerente"]]}
            active = "SELECT count(*) FROM usuarios WHERE activo AND id = ANY(:ids)"
            assert connection.execute(text(active), ids).scalar_one() == 1
            connection.execute(text("UPDATE usuarios SET activo = true"))
        admin, gerente = connect("admin"), connect("gerente")


# Nobody gives what they don't have --------------------------------------------------------------


def test_permission_that_one_lacks_cannot_be_given(
    admin: TestClient, jefa: TestClient, runtime: Runtime
) -> None:
    before = contents(runtime)
    for nombre in ("GERENTE_VENTAS", "VENDEDOR"):
        body = permisos("ventas.ver", "ajustes.editar", "configuracion.editar")
        answer = jefa.put(f"/api/roles/{rol_id(admin, nombre)}/permisos/", json=body)
        assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (
            400,
            ["permisos.1.accion", "permisos.2.accion"],
        )
    assert not changed(before, contents(runtime))
    answer = jefa.put(
        f"/api/roles/{rol_id(admin, 'CAJERO')}/permisos/", json=permisos("ventas.exportar")
    )
    assert answer.status_code == 200


def test_stronger_role_can_be_neither_changed_nor_given(
    admin: TestClient, jefa: TestClient, shop: Shop, runtime: Runtime
) -> None:
    before = contents(runtime)
    for nombre in ("ADMIN", "SUPERVISOR_ALMACEN", "CONTADOR"):
        rol = rol_id(admin, nombre)
        nuevo = {"nombre": "Eva", "email": "e@x.pe", "password": "clave-larga-77", "rol_id": rol}
        for method, path, body in (
            ("POST", "/api/usuarios/", nuevo),
            ("PUT", f"/api/usuarios/{shop.usuarios['cajera']}/", {"rol_id": rol}),
            ("PUT", f"/api/usuarios/{shop.usuarios['gerente']}/", {"rol_id": rol}),
            ("PUT", f"/api/roles/{rol}/permisos/", permisos("ventas.ver", permitido=False)),
            ("PUT", f"/api/roles/{rol}/", {"descripcion": "menos"}),
        ):
            answer = jefa.request(method, path, json=body)
            said = (answer.status_code, answer.json()["code"])
            assert said == (403, "rol_superior"), (nombre, path, answer.text)
    assert not changed(before, contents(runtime))


def test_stronger_user_cannot_be_changed(
    connect: Connect, jefa: TestClient, shop: Shop, runtime: Runtime
) -> None:
    before = contents(runtime)
    vendedor = jefa.get(f"/api/usuarios/{shop.usuarios['vendedor']}/").json()["rol_id"]
    for name in ("admin", "contador", "almacen"):
        for body in ({"activo": False}, {"rol_id": vendedor}, {"nombre": "Nadie"}):
            answer = jefa.put(f"/api/usuarios/{shop.usuarios[name]}/", json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "rol_superior"), body
        path = f"/api/usuarios/{shop.usuarios[name]}/sucursales/"
        assert jefa.put(path, json={"sucursales": []}).status_code == 403
    assert not changed(before, contents(runtime))


def test_equal_or_weaker_user_can_be_administered(
    admin: TestClient, jefa: TestClient, shop: Shop
) -> None:
    cajero = rol_id(admin, "CAJERO")
    nuevo = {"nombre": "Eva", "email": "e@x.pe", "password": "clave-larga-77", "rol_id": cajero}
    made = jefa.post("/api/usuarios/", json=nuevo)
    assert made.status_code == 201, made.text
    vendedor = rol_id(admin, "VENDEDOR")
    path = f"/api/usuarios/{made.json()['id']}/"
    assert jefa.put(path, json={"rol_id": vendedor, "activo": False}).status_code == 200
    assert jefa.put(f"/api/usuarios/{shop.usuarios['gerente']}/", json={"nombre": "Gerta"})


def test_user_who_was_deactivated_starts_without_sessions(
    connect: Connect, admin: TestClient, shop: Shop
) -> None:
    cajero = connect("cajero")
    path = f"/api/usuarios/{shop.usuarios['cajero']}/"
    for activo in (False, True):
        assert admin.put(path, json={"activo": activo}).status_code == 200
    assert cajero.get("/api/cajas/").status_code == 401
    body = {"email": "cajero@tienda.pe", "password": PASSWORD}
    assert cajero.post("/api/auth/login/", json=body).status_code == 200
