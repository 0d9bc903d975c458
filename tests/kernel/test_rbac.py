"""Permissions, the audited door, and the explanation of a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import insert, select, text, update
from starlette.testclient import TestClient

from kernel import db, registry
from kernel.context import Ctx
from kernel.errors import Forbidden, NotFound, ValidationFailed
from kernel.hookspecs import hookimpl
from kernel.identity import Permiso, Rol, Usuario
from kernel.model import table_of
from kernel.rbac import ADMIN, Permission, Role, UnsafeQuery, Verdict, sync_permissions, why
from kernel.registry import Registry
from tests.kernel.ruled import House, RuledCliente, RuledNota, RuledVenta, open_house


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house() as one:
        yield one


@pytest.fixture
def lima(house: House) -> Iterator[Ctx]:
    with house.ctx("lima") as ctx:
        yield ctx


@pytest.fixture
def jefa(house: House) -> Iterator[Ctx]:
    with house.ctx("jefa") as ctx:
        yield ctx


@pytest.fixture
def system(house: House) -> Iterator[Ctx]:
    with house.ctx(None) as ctx:
        yield ctx


# The door -----------------------------------------------------------------------------------------


def test_unrestricted_sees_all_rows_and_leaves_an_entry(lima: Ctx) -> None:
    with lima.unrestricted("cuadre de sucursales") as session:
        assert len(session.scalars(select(RuledCliente)).all()) == 3
        assert session.get(RuledCliente, 3) is not None
        assert session.scalar(text("SELECT count(*) FROM t_rbac_clientes")) == 3
        assert len(session.execute(select(table_of(RuledCliente))).all()) == 3
        assert session.connection().scalar(text("SELECT 1")) == 1
    assert [(one.accion, one.despues) for one in lima.audited] == [
        ("puerta", {"motivo": "cuadre de sucursales"})
    ]
    assert lima.session.get(RuledCliente, 3) is None


def test_unrestricted_within_unrestricted_is_a_session_of_its_own(lima: Ctx) -> None:
    with lima.unrestricted("uno") as first:
        zoe = first.get_one(RuledCliente, 3)
        with lima.unrestricted("dos") as second:
            other = second.get_one(RuledCliente, 3)
            assert other is not zoe
            other.nombre = "Zoila"
        first.refresh(zoe)
        assert zoe.nombre == "Zoila"
    assert [one.despues for one in lima.audited if one.accion == "puerta"] == [
        {"motivo": "uno"}, {"motivo": "dos"}
    ]  # fmt: skip


def test_unrestricted_writes_in_the_same_transaction(house: House) -> None:
    with house.ctx("lima") as ctx:
        ctx.session.add(RuledNota(texto="antes", sucursal_id=1))
        with ctx.unrestricted("traslado") as session:
            assert session.scalars(select(RuledNota.texto).order_by(RuledNota.id)).all()[-1] == (
                "antes"
            )
            session.add(RuledNota(texto="afuera", sucursal_id=2))
        everything = db.Statement("textos", "SELECT texto FROM t_rbac_notas ORDER BY id")
        assert ctx.sql(everything)[-2:] == [("antes",), ("afuera",)]
    with house.ctx(None) as other:
        assert len(other.session.scalars(select(RuledNota)).all()) == 3


def test_unrestricted_within_a_savepoint_keeps_what_it_wrote(lima: Ctx) -> None:
    with lima.session.begin_nested(), lima.unrestricted("en un punto") as session:
        session.add(RuledNota(texto="punto", sucursal_id=1))
    assert "punto" in lima.session.scalars(select(RuledNota.texto)).all()


def test_unrestricted_audits_what_it_changes(lima: Ctx) -> None:
    with lima.unrestricted("corrección") as session:
        session.get_one(RuledCliente, 3).nombre = "Zoraida"
    assert [(one.accion, str(one.objeto_id), one.despues) for one in lima.audited][1:] == [
        ("editar", "3", {"nombre": "Zoraida"})
    ]


def test_unrestricted_allows_bulk_statements(lima: Ctx) -> None:
    with lima.unrestricted("carga") as session:
        session.execute(insert(RuledCliente), [{"nombre": "x", "sucursal_id": 2}] * 2)
        session.execute(update(RuledCliente).values(nombre="todos"))
        session.bulk_insert_mappings(RuledNota, [{"texto": "x", "sucursal_id": 2}])
    assert lima.session.scalars(select(RuledCliente.nombre)).all() == ["todos", "todos"]


def test_session_reads_anew_what_unrestricted_changed(lima: Ctx) -> None:
    ana = lima.session.get_one(RuledCliente, 1)
    ana.costo = Decimal(7)
    with lima.unrestricted("corrección") as session:
        session.get_one(RuledCliente, 1).nombre = "Anita"
    assert (ana.nombre, ana.costo) == ("Anita", Decimal(7))


def test_session_keeps_its_objects_when_unrestricted_only_read(lima: Ctx) -> None:
    ana = lima.session.get_one(RuledCliente, 1)
    with lima.unrestricted("lectura") as session:
        session.get(RuledCliente, 3)
    assert "nombre" in ana.__dict__


def test_object_of_unrestricted_cannot_enter_the_session(lima: Ctx) -> None:
    with lima.unrestricted("lectura") as session:
        zoe = session.get_one(RuledCliente, 3)
    with pytest.raises(UnsafeQuery):
        lima.session.add(zoe)


# Permissions --------------------------------------------------------------------------------------


class Addon:
    """What an addon declares about roles."""

    @hookimpl
    def register_roles(self) -> list[Role]:
        """Two roles, one of them the kernel's own."""
        return [Role("T_BODEGA", "Bodega"), Role(ADMIN, "otra descripción")]


def declared(*permissions: Permission) -> Registry:
    """Return a registry with the addon's roles and these permissions."""
    loaded = registry.load([])
    loaded.plugins.register(Addon(), name="bodega")
    return replace(loaded, permissions={one.name: one for one in permissions})


def granted(ctx: Ctx, modulo: str) -> set[tuple[str, str, bool]]:
    """Return (role, action, allowed) of a module."""
    rows = ctx.session.execute(
        select(Rol.nombre, Permiso.accion, Permiso.permitido)
        .join(Permiso, Permiso.rol_id == Rol.id)
        .where(Permiso.modulo == modulo)
    )
    return {(nombre, accion, permitido) for nombre, accion, permitido in rows}


VER = Permission("t_bodega", "ver", "Ver", ("T_BODEGA", "T_NO_INSTALADO", ADMIN))
EDITAR = Permission("t_bodega", "editar", "Editar")


def test_sync_permissions_makes_roles_and_grants(system: Ctx) -> None:
    new = sync_permissions(system.session, declared(VER, EDITAR))
    assert new == [
        (ADMIN, "t_bodega.editar"), (ADMIN, "t_bodega.ver"), ("T_BODEGA", "t_bodega.ver")
    ]  # fmt: skip
    assert granted(system, "t_bodega") == {
        (ADMIN, "ver", True), (ADMIN, "editar", True), ("T_BODEGA", "ver", True)
    }  # fmt: skip
    found = system.session.scalars(select(Rol.descripcion).where(Rol.nombre == "T_BODEGA"))
    assert found.one() == "Bodega"


def test_sync_permissions_again_changes_nothing(system: Ctx) -> None:
    sync_permissions(system.session, declared(VER, EDITAR))
    rol = system.session.scalars(select(Rol).where(Rol.nombre == "T_BODEGA")).one()
    rol.descripcion = "La bodega de atrás"
    for mine in system.session.scalars(select(Permiso).where(Permiso.rol_id == rol.id)):
        mine.permitido = False
    system.session.flush()
    assert sync_permissions(system.session, declared(VER, EDITAR)) == []
    assert ("T_BODEGA", "ver", False) in granted(system, "t_bodega")
    system.session.refresh(rol)
    assert rol.descripcion == "La bodega de atrás"


def test_sync_permissions_of_an_upgrade_grants_what_is_new(system: Ctx) -> None:
    sync_permissions(system.session, declared(VER))
    more = replace(EDITAR, roles=("T_BODEGA",))
    assert sync_permissions(system.session, declared(VER, more)) == [
        (ADMIN, "t_bodega.editar"), ("T_BODEGA", "t_bodega.editar")
    ]  # fmt: skip


def test_sync_permissions_without_permissions_makes_the_roles(system: Ctx) -> None:
    assert sync_permissions(system.session, declared()) == []
    assert len(system.session.scalars(select(Rol).where(Rol.nombre == "T_BODEGA")).all()) == 1


# Why ----------------------------------------------------------------------------------------------


def passed(verdict: Verdict) -> list[tuple[str, str, bool]]:
    """Return what each reason says."""
    return [(one.kind, one.rule, one.passed) for one in verdict.reasons]


WHO = [("usuario", "activo", True), ("rol", "T_CAJERO", True)]
VER_CLIENTES = ("permiso", "t_clientes.ver", True)


def test_why_of_a_visible_row_names_each_rule(lima: Ctx) -> None:
    verdict = why(lima, "t_clientes.ver", "t_rbac_clientes", 1)
    assert verdict.allowed
    assert passed(verdict) == [*WHO, VER_CLIENTES, ("fila", "t_clientes", True)]
    assert verdict.reasons[2].roles == (ADMIN, "T_CAJERO")
    assert [(one.field, one.permission, one.shown) for one in verdict.fields] == [
        ("costo", "t_clientes.ver_costo", False)
    ]


def test_why_is_json(lima: Ctx) -> None:
    verdict = why(lima, "t_clientes.ver", "RuledCliente", 1)
    assert TypeAdapter(Verdict).dump_python(verdict, mode="json")["modelo"] == "t_rbac_clientes"


def test_why_tells_an_invisible_row_no_more_than_an_absent_one(lima: Ctx) -> None:
    invisible = why(lima, "t_clientes.ver", "t_rbac_clientes", 3)
    absent = why(lima, "t_clientes.ver", "t_rbac_clientes", 999)
    assert not invisible.allowed
    assert passed(invisible)[3:] == [("fila", "", False)]
    assert replace(invisible, id=999) == absent


def test_why_without_the_permission_does_not_look_at_the_row(lima: Ctx) -> None:
    for row in (1, 3, 999):
        verdict = why(lima, "t_clientes.ver_costo", "t_rbac_clientes", row)
        assert passed(verdict)[2:] == [
            ("permiso", "t_clientes.ver_costo", False), ("fila", "", False)
        ]  # fmt: skip


def test_why_about_the_model_of_another_addon_does_not_look_at_the_row(lima: Ctx) -> None:
    verdict = why(lima, "t_clientes.ver", "usuarios", lima.user_id)
    assert passed(verdict)[3:] == [("fila", "", False)]
    assert not verdict.allowed


def test_why_for_another_user_tells_all(jefa: Ctx, house: House) -> None:
    lima = house.people["lima"].id
    verdict = why(jefa, "t_clientes.ver", "t_rbac_clientes", 3, lima)
    assert (verdict.usuario_id, verdict.allowed) == (lima, False)
    assert passed(verdict) == [*WHO, VER_CLIENTES, ("fila", "t_clientes", False)]
    assert verdict.reasons[3].text == "Clientes de sus sucursales"
    assert passed(why(jefa, "t_clientes.ver", "t_rbac_clientes", 999, lima))[3:] == [
        ("fila", "", False)
    ]
    hidden = why(jefa, "t_clientes.ver", "t_rbac_notas", 3, lima)
    assert passed(hidden)[3:] == [
        ("fila", "t_notas_sucursal", True), ("fila", "t_notas_ocultas", False)
    ]  # fmt: skip


def test_why_follows_rules_that_refer_to_others(jefa: Ctx, house: House) -> None:
    cusco = house.people["cusco"].id
    for row, expected in ((1, False), (2, True)):
        verdict = why(jefa, "t_clientes.ver", "t_rbac_pedidos", row, cusco)
        assert passed(verdict)[3:] == [("fila", "t_pedidos", expected)]


def test_why_for_oneself_with_all_permissions_sees_all(jefa: Ctx) -> None:
    verdict = why(jefa, "t_clientes.ver", "t_rbac_clientes", 3)
    assert verdict.allowed
    assert [one.shown for one in verdict.fields] == [True]
    assert passed(why(jefa, "t_clientes.ver", "t_rbac_ventas", 1))[3:] == [("fila", "", True)]


def test_why_for_another_user_needs_a_permission(lima: Ctx, house: House) -> None:
    with pytest.raises(Forbidden):
        why(lima, "t_clientes.ver", "t_rbac_clientes", 1, house.people["cusco"].id)
    assert why(lima, "t_clientes.ver", usuario_id=lima.user_id).allowed


def test_why_names_what_is_wrong_with_the_user_and_the_role(jefa: Ctx, house: House) -> None:
    lima = house.people["lima"]
    jefa.session.get_one(Usuario, lima.id).activo = False
    mine = jefa.session.scalars(
        select(Permiso).where(Permiso.rol_id == lima.rol_id, Permiso.modulo == "t_clientes")
    ).one()
    mine.permitido = False
    jefa.session.flush()
    verdict = why(jefa, "t_clientes.ver", usuario_id=lima.id)
    assert passed(verdict) == [
        ("usuario", "activo", False), ("rol", "T_CAJERO", True),
        ("permiso", "t_clientes.ver", False),
    ]  # fmt: skip
    assert "quitó" in verdict.reasons[2].text
    assert "Ningún addon" in why(jefa, "t_nada.ver").reasons[2].text


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("t_clientes.ver", "no_hay"), ValidationFailed),
        (("t_clientes.ver", "roles", None, 10**6), NotFound),
    ],
)
def test_why_about_nothing_is_refused(
    jefa: Ctx, arguments: tuple[Any, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        why(jefa, *arguments)


def test_why_of_the_system_asks_for_a_user(system: Ctx, house: House) -> None:
    with pytest.raises(ValidationFailed):
        why(system, "t_clientes.ver")
    assert why(system, "t_clientes.ver", usuario_id=house.people["lima"].id).allowed


def test_why_leaves_the_session_as_it_was(lima: Ctx) -> None:
    venta = RuledVenta(total=1)
    lima.session.add(venta)
    why(lima, "t_clientes.ver", "t_rbac_clientes", 1)
    assert venta in lima.session.new or venta.id
    lima.session.flush()
    assert lima.session.get(RuledVenta, venta.id) is venta
    assert lima.audited == []


def test_why_over_rest_explains_oneself_and_refuses_others(
    cajero: TestClient, admin: TestClient
) -> None:
    asked = {"accion": "ventas.crear", "modelo": "ventas", "id": "999999"}
    mine = cajero.get("/api/why/", params=asked)
    assert mine.status_code == 200, mine.text
    assert [(one["kind"], one["passed"]) for one in mine.json()["reasons"]] == [
        ("usuario", True), ("rol", True), ("permiso", True), ("fila", False)
    ]  # fmt: skip
    me = str(mine.json()["usuario_id"])
    assert admin.get("/api/why/", params={**asked, "usuario_id": me}).status_code == 200
    other = str(admin.get("/api/why/", params=asked).json()["usuario_id"])
    assert cajero.get("/api/why/", params={**asked, "usuario_id": other}).status_code == 403
