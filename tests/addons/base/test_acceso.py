"""Signing in and what it allows. Source: spec/erp-modules.md, módulo 9."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from addons.sales.testing import abrir_caja
from kernel.identity import Usuario
from kernel.model import Model, table_of
from kernel.registry import Registry
from kernel.runtime import Runtime, utc_now
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import PASSWORD, Shop

pytestmark = pytest.mark.needs("sales", "inventory")

LOGIN = "/api/auth/login/"


def test_login_gives_a_jwt_that_works(connect: Connect, runtime: Runtime, shop: Shop) -> None:
    """Login sin 2FA correcto retorna JWT válido"""
    client = connect("")
    answer = client.post(LOGIN, json={"email": " Cajero@TIENDA.pe ", "password": PASSWORD})
    assert answer.status_code == 200
    tokens = answer.json()
    assert tokens.keys() == {"access", "refresh", "expires_in"}
    claims = jwt.decode(tokens["access"], options={"verify_signature": False})
    assert claims["sub"] == str(shop.usuarios["cajero"])
    assert claims["exp"] - claims["iat"] == tokens["expires_in"] == 900
    client.headers["Authorization"] = f"Bearer {tokens['access']}"
    assert client.get("/api/cajas/").status_code == 200
    client.headers["Authorization"] = f"Bearer {tokens['refresh']}"
    assert client.get("/api/cajas/").status_code == 401


def test_expired_token_is_a_401(connect: Connect, runtime: Runtime) -> None:
    """Token expirado retorna 401"""
    cajero = connect("cajero")
    assert cajero.get("/api/cajas/").status_code == 200

    def later() -> datetime:
        return utc_now() + timedelta(seconds=901)

    runtime.clock = later
    answer = cajero.get("/api/cajas/")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_token_of_an_ended_session_is_a_401(connect: Connect, runtime: Runtime) -> None:
    for change in ("activo = false", "expires_at = now()"):
        cajero = connect("cajero")
        with runtime.database.engine.begin() as connection:
            connection.execute(text(f"UPDATE sesiones SET {change}"))
        assert cajero.get("/api/cajas/").status_code == 401


def test_vendedor_in_an_endpoint_that_is_not_theirs_is_a_403(
    connect: Connect, registry: Registry, runtime: Runtime
) -> None:
    """Usuario con rol VENDEDOR intentando acceder a endpoint de finanzas retorna 403"""
    vendedor = connect("vendedor")
    before = contents(runtime)
    assert vendedor.get("/api/reportes/ventas-diarias/").status_code == 403
    theirs = {name for name, one in registry.permissions.items() if "VENDEDOR" in one.roles}
    forbidden = [
        one for one in registry.endpoints if one.permission and one.permission not in theirs
    ]
    assert len(forbidden) > 20
    for one in forbidden:
        path = one.path.replace("{id}", "1").replace("{name}", "x")
        body: dict[str, Any] = {"files": {"x": b"x"}} if one.takes_files else {"json": {}}
        answer = vendedor.request(one.method, path, **body)
        assert (answer.status_code, answer.json()["code"]) == (403, "sin_permiso"), one.path
    assert not changed(before, contents(runtime))


def test_user_whom_the_admin_disables_cannot_use_their_tokens(
    connect: Connect, admin: TestClient, shop: Shop
) -> None:
    """Usuario desactivado por admin no puede usar sus tokens existentes (blacklist aplicada)"""
    cajero = connect("cajero")
    usuario = f"/api/usuarios/{shop.usuarios['cajero']}/"
    assert admin.put(usuario, json={"activo": False}).status_code == 200
    assert cajero.get("/api/cajas/").status_code == 401
    body = {"email": "cajero@tienda.pe", "password": PASSWORD}
    assert cajero.post(LOGIN, json=body).status_code == 401
    admin.put(usuario, json={"activo": True})
    assert cajero.post(LOGIN, json=body).status_code == 200


def test_role_whose_permission_is_revoked_counts_from_the_next_request(
    connect: Connect, admin: TestClient
) -> None:
    cajero = connect("cajero")
    roles = {one["nombre"]: one["id"] for one in admin.get("/api/roles/").json()["items"]}
    permisos = f"/api/roles/{roles['CAJERO']}/permisos/"
    assert "cajas.ver" in admin.get(permisos).json()["permisos"]
    change = {"modulo": "cajas", "accion": "ver", "permitido": False}
    left = admin.put(permisos, json={"permisos": [change]}).json()["permisos"]
    assert "cajas.ver" not in left
    assert cajero.get("/api/cajas/").status_code == 403
    admin.put(permisos, json={"permisos": [change | {"permitido": True}]})
    assert cajero.get("/api/cajas/").status_code == 200


def test_permissions_that_nobody_declares_are_all_named(admin: TestClient, shop: Shop) -> None:
    permisos = [
        {"modulo": "cajas", "accion": "ver", "permitido": True},
        {"modulo": "cajas", "accion": "robar", "permitido": True},
        {"modulo": "nada", "accion": "ver", "permitido": True},
    ]
    answer = admin.put("/api/roles/2/permisos/", json={"permisos": permisos})
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["errors"]] == [
        "permisos.1.accion",
        "permisos.2.accion",
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"email": "cajero@tienda.pe", "password": "otra-clave-99"},
        {"email": "nadie@tienda.pe", "password": PASSWORD},
        {"email": "cajero@tienda.pe", "password": PASSWORD + "\ufeff"},
        {"email": "cajero@tienda.pe", "password": "x" * 256},
        {"email": "%@tienda.pe", "password": PASSWORD},
    ],
)
def test_login_that_fails_never_tells_why(
    connect: Connect, runtime: Runtime, body: dict[str, str]
) -> None:
    client = connect("")
    before = contents(runtime)
    answer = client.post(LOGIN, json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "credenciales_invalidas")
    assert answer.json()["detail"] == "El correo o la contraseña no son correctos."
    assert not changed(before, contents(runtime))


def test_login_leaves_a_session_and_an_audit_row(connect: Connect, runtime: Runtime) -> None:
    connect("cajero")
    with runtime.database.engine.connect() as connection:
        session = connection.execute(
            text(
                "SELECT s.ip, s.user_agent, s.activo, u.email, u.ultimo_acceso IS NOT NULL"
                " FROM sesiones s JOIN usuarios u ON u.id = s.usuario_id"
            )
        ).one()
        acts = connection.scalars(text("SELECT accion FROM audit_logs")).all()
    assert tuple(session) == ("testclient", "testclient", True, "cajero@tienda.pe", True)
    assert acts.count("iniciar_sesion") == 1


NUEVOS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "/api/sucursales/": ({"codigo": "9", "nombre": "Nueve"}, {"nombre": "Diez"}),
    "/api/almacenes/": ({"nombre": "Nuevo", "sucursal_id": 1}, {"activo": False}),
    "/api/categorias/": ({"nombre": "Bebidas"}, {"nombre": "Comidas"}),
    "/api/clientes/": (
        {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Ana"},
        {"razon_social": "Ana Paz"},
    ),
    "/api/productos/": ({"sku": "N", "nombre": "Nuevo", "precio": 1}, {"precio": "2"}),
    "/api/listas-precio/": ({"nombre": "Mayoristas"}, {"activo": False}),
    "/api/precios/": ({"lista_id": 1, "producto_id": 1, "precio": "9"}, {"precio": "8.5"}),
    "/api/facturacion/series/": (
        {"tipo": "01", "serie": "F909", "sucursal_id": 1},
        {"activo": False},
    ),
    "/api/inventario/ubicaciones/": ({"almacen_id": 1, "zona": "A"}, {"zona": "B"}),
    "/api/inventario/stock/": ({"almacen_id": 2, "producto_id": 1}, {"stock_minimo": "5"}),
    "/api/metodos-pago/": ({"codigo": "cheque", "nombre": "Cheque"}, {"nombre": "Cheques"}),
    "/api/usuarios/": (
        {"nombre": "Eva", "email": "eva@x.pe", "password": "clave-larga-77", "rol_id": 1},
        {"nombre": "Eva Paz"},
    ),
    "/api/roles/": ({"nombre": "NUEVO"}, {"exige_2fa": True}),
}


def test_every_write_of_a_critical_model_leaves_an_audit_row(
    admin: TestClient, registry: Registry, shop: Shop
) -> None:
    """Toda operación de create/update/delete en modelos críticos genera registro en `audit_logs`"""
    assert admin.post("/api/listas-precio/", json={"nombre": "De los precios"}).is_success
    for resource in registry.resources:
        table = table_of(resource.model).name
        body, change = NUEVOS.get(resource.path, ({}, {}))
        writes = {"create", "update", "delete"} & set(resource.actions)
        if not body:
            assert not writes or resource.create is None, resource.path
            continue
        created = admin.post(resource.path, json=body)
        assert created.status_code == 201, created.text
        address, expected = f"{resource.path}{created.json()['id']}/", ["crear"]
        if "update" in writes:
            assert admin.put(address, json=change).status_code == 200
            expected.append("editar")
        if "delete" in writes:
            assert admin.delete(address).status_code == 204
            expected.append("eliminar")
        query = {"objeto_tipo": table, "objeto_id": created.json()["id"], "sort": "id"}
        rows = admin.get("/api/audit-logs/", params=query).json()["items"]
        assert [row["accion"] for row in rows] == expected, table
        for row in rows:
            assert row["usuario_id"] == shop.usuarios["admin"]
            assert (row["ip"], row["modulo"]) == ("testclient", row["modulo"])
            assert "clave-larga-77" not in str(row)
            assert "bcrypt" not in str(row)


def test_acts_that_are_no_row_change_leave_an_audit_row_too(
    cajero: TestClient, admin: TestClient, shop: Shop
) -> None:
    caja = abrir_caja(cajero, shop)
    cajero.post("/api/ventas/", json=shop.venta(caja))
    cajero.post("/api/cajas/cerrar/", json={"caja_id": caja, "monto_cierre": "1"})
    cambio = {"permisos": [{"modulo": "cajas", "accion": "ver", "permitido": False}]}
    assert admin.put("/api/roles/2/permisos/", json=cambio).status_code == 200
    admin.put("/api/configuracion/", json={"direccion": "Av. Arequipa 100"})
    items = admin.get("/api/audit-logs/?limit=50").json()["items"]
    acts = {(one["objeto_tipo"], one["accion"]) for one in items}
    assert {
        ("cajas", "crear"),
        ("ventas", "crear"),
        ("cajas", "editar"),
        ("permisos", "editar"),
        ("configuracion", "editar"),
    } <= acts


def test_tables_without_audit_are_known_by_name(registry: Registry) -> None:
    """Whoever adds a table decides; these are journals themselves or the kernel's machinery."""
    unaudited = {
        mapper.class_.__tablename__
        for mapper in Model.registry.mappers
        if mapper.class_.__module__.startswith(("kernel.", "addons."))
        and not mapper.class_.__audited__
        and not mapper.class_.__tablename__.startswith("andes_")
    }
    written_by_services = {
        "ventas",
        "comprobantes",
        "notas_credito_debito",
        "resumen_diario",
        "bajas_comprobante",
        "guias_remision",
        "borradores_guia",
        "retenciones_percepciones",
        "productos_almacen",
        "lotes_series",
        "reservas_stock",
        "incidencias_transferencia",
    }
    lines_of_what_is_audited = {
        "detalle_venta",
        "formas_pago",
        "detalle_devolucion",
        "detalle_cotizacion",
        "detalle_orden_venta",
        "detalle_comprobante",
        "detalle_resumen",
        "detalle_transferencia",
        "detalle_conteo",
    }
    journals = {
        "movimientos_stock",
        "ventas_offline",
        "envios_sunat",
        "consultas_validez",
        "audit_logs",
        "sesiones",
    }
    of_others = {"ubigeos"}
    awaited = {"codigos_recuperacion", "enlaces", "ingresos_pendientes", "ingresos_sso"}
    of_one_person = {
        "notificaciones",
        "vistas_guardadas",
        "mapeos_recordados",
        "registros_vistos",
    }
    of_an_import = {"importaciones", "filas_rechazadas"}
    known = (
        written_by_services
        | lines_of_what_is_audited
        | journals
        | awaited
        | of_one_person
        | of_an_import
        | of_others
    )
    assert unaudited == known


def test_usuario_password_is_stored_as_a_hash_and_never_answered(
    admin: TestClient, runtime: Runtime
) -> None:
    body = {"nombre": "Eva", "email": "Eva@X.pe", "password": "clave-larga-77", "rol_id": 1}
    created = admin.post("/api/usuarios/", json=body)
    assert created.status_code == 201
    assert "password" not in created.text
    assert "hash" not in created.text
    stored = runtime.transact(lambda ctx: ctx.session.get_one(Usuario, created.json()["id"]))
    assert stored.email == "eva@x.pe"
    assert stored.password_hash.startswith("bcrypt")
    weak = admin.post("/api/usuarios/", json=body | {"email": "b@x.pe", "password": "corta"})
    assert (weak.status_code, weak.json()["errors"][0]["field"]) == (400, "password")


@pytest.mark.parametrize(
    ("ruc", "said"),
    [
        ("20123456789", "dígito verificador"),
        ("2012345678", "11 dígitos"),
        ("30123456786", "empieza con"),
        ("2012345678a", "dígitos"),
        ("", "11 dígitos"),
    ],
)
def test_configuracion_of_a_wrong_ruc_says_what_is_wrong(
    admin: TestClient, ruc: str, said: str
) -> None:
    answer = admin.put("/api/configuracion/", json={"ruc": ruc})
    assert answer.status_code == 400
    (fault,) = answer.json()["errors"]
    assert fault["field"] == "ruc"
    assert said in fault["message"]


def test_configuracion_is_made_by_the_first_change(admin: TestClient, runtime: Runtime) -> None:
    with runtime.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM configuracion"))
    assert admin.get("/api/configuracion/").status_code == 404
    refused = admin.put("/api/configuracion/", json={"direccion": "x"})
    assert refused.status_code == 400
    assert {one["field"] for one in refused.json()["errors"]} == {"ruc", "razon_social"}
    made = admin.put("/api/configuracion/", json={"ruc": " 2013131 2955", "razon_social": "X"})
    assert made.json()["ruc"] == "20131312955"
    assert admin.get("/api/configuracion/").json() == made.json()
