"""What ORM writes leave in the audit, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import ForeignKeyConstraint, LargeBinary, Numeric, create_engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.orm.attributes import flag_modified

from addons.sales.models import Cliente, Producto
from kernel.audit import AuditLog, Entry
from kernel.context import Ctx, RequestFacts
from kernel.identity import Identity, Rol, Usuario
from kernel.model import (
    Model,
    Timestamps,
    Versioned,
    extension_authors,
    map_models,
    table_of,
)
from kernel.runtime import Runtime
from kernel.settings import Settings
from tests.shop import Shop


class Folio(Timestamps, Versioned, Model):
    """A key of two columns, one of them text, and a column of each awkward kind."""

    __tablename__ = "t_audit_folios"

    serie: Mapped[str] = mapped_column(primary_key=True)
    numero: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    monto: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    datos: Mapped[dict[str, Any] | None]
    emitido: Mapped[datetime | None]
    clave: Mapped[str | None] = mapped_column(info={"secret": True})
    firma: Mapped[bytes | None] = mapped_column(LargeBinary)
    nota: Mapped[str | None] = mapped_column(deferred=True)
    estado: Mapped[str] = mapped_column("2estado", server_default="NUEVO")
    renglones: Mapped[list[Renglon]] = relationship(
        back_populates="folio", cascade="all, delete-orphan"
    )


class Renglon(Model):
    """A line of one; an orphan is deleted."""

    __tablename__ = "t_audit_renglones"
    __table_args__ = (
        ForeignKeyConstraint(
            ["serie", "numero"], ["t_audit_folios.serie", "t_audit_folios.numero"]
        ),
    )

    codigo: Mapped[str] = mapped_column(primary_key=True)
    serie: Mapped[str]
    numero: Mapped[int]
    folio: Mapped[Folio] = relationship(back_populates="renglones")


map_models()


def test_addons_have_extended_tables_before_this_file_maps_its_own() -> None:
    """Whatever other files are run with it."""
    assert "loyalty" in extension_authors()


Did = Callable[[Callable[[Ctx], object]], list[Entry]]


@pytest.fixture
def did(runtime: Runtime, settings: Settings) -> Iterator[Did]:
    """Return a function that returns what a transaction collected, committed."""
    engine = create_engine(settings.owner_url)
    Model.metadata.create_all(engine, tables=[table_of(Folio), table_of(Renglon)])
    with engine.begin() as connection:
        connection.exec_driver_sql("GRANT ALL ON t_audit_folios, t_audit_renglones TO andes_app")
    engine.dispose()

    def run(work: Callable[[Ctx], object]) -> list[Entry]:
        def act(ctx: Ctx) -> list[Entry]:
            work(ctx)
            ctx.session.flush()
            return ctx.audited

        return runtime.transact(act)

    return run


def folio(ctx: Ctx, **values: Any) -> Folio:
    made = Folio(**{"serie": "F001", "numero": 7, "monto": Decimal("10.50"), **values})
    ctx.session.add(made)
    ctx.session.flush()
    return made


def find(ctx: Ctx) -> Folio:
    return ctx.session.get_one(Folio, ("F001", 7))


# Creating ----------------------------------------------------------------------------------------


def test_flush_new_row_collects_it_with_what_the_database_gave(did: Did) -> None:
    (entry,) = did(folio)
    assert entry.accion == "crear"
    assert (entry.objeto_tipo, entry.objeto_id) == ("t_audit_folios", "F001,7")
    assert entry.antes is None
    assert entry.despues is not None
    assert entry.despues["monto"] == Decimal("10.50")
    assert entry.despues["estado"] == "NUEVO"
    assert entry.despues["version"] == 1
    assert entry.despues["created_at"].tzinfo is not None


def test_flush_many_new_rows_collects_each_with_its_id(did: Did) -> None:
    def work(ctx: Ctx) -> None:
        ctx.session.add_all([Rol(nombre=f"ROL_{number}") for number in range(300)])

    entries = did(work)
    assert len({entry.objeto_id for entry in entries}) == 300
    assert {entry.objeto_tipo for entry in entries} == {"roles"}


def test_flush_not_audited_table_collects_nothing(did: Did, runtime: Runtime) -> None:
    assert not AuditLog.__audited__
    assert did(lambda ctx: ctx.session.scalars(select(AuditLog)).all()) == []


# Editing -----------------------------------------------------------------------------------------


def edited(did: Did, change: Callable[[Ctx], object]) -> Entry:
    did(lambda ctx: folio(ctx, nota="vieja", datos={"a": 1}, clave="x", firma=b"\xff"))
    (entry,) = did(change)
    assert entry.accion == "editar"
    return entry


def test_flush_edit_collects_only_what_differs(did: Did) -> None:
    def change(ctx: Ctx) -> None:
        find(ctx).monto = Decimal(12)

    entry = edited(did, change)
    assert (entry.antes, entry.despues) == (
        {"monto": Decimal("10.50")},
        {"monto": Decimal(12)},
    )


@pytest.mark.parametrize("hide", ["expire", "expire_all", "expire_one"])
def test_flush_edit_of_an_expired_row_knows_the_old_value(did: Did, hide: str) -> None:
    def change(ctx: Ctx) -> None:
        found = find(ctx)
        if hide == "expire_all":
            ctx.session.expire_all()
        else:
            ctx.session.expire(found, ["monto"] if hide == "expire_one" else None)
        found.monto = Decimal(12)

    assert edited(did, change).antes == {"monto": Decimal("10.50")}


def test_flush_edit_of_a_deferred_column_knows_the_old_value(did: Did) -> None:
    def change(ctx: Ctx) -> None:
        find(ctx).nota = "nueva"

    entry = edited(did, change)
    assert (entry.antes, entry.despues) == ({"nota": "vieja"}, {"nota": "nueva"})


def test_flush_edit_to_the_value_that_it_had_collects_nothing(did: Did) -> None:
    did(lambda ctx: folio(ctx, nota="igual"))

    def change(ctx: Ctx) -> None:
        find(ctx).nota = "igual"

    assert did(change) == []


def test_flush_edit_of_updated_at_alone_collects_nothing(did: Did) -> None:
    did(folio)

    def change(ctx: Ctx) -> None:
        find(ctx).updated_at = datetime(2020, 1, 1, tzinfo=UTC)

    assert did(change) == []


def test_flush_edit_by_an_expression_reads_the_result(did: Did) -> None:
    def change(ctx: Ctx) -> None:
        find(ctx).monto = Folio.monto + 1  # type: ignore[assignment]  # an SQL expression

    entry = edited(did, change)
    assert (entry.antes, entry.despues) == (
        {"monto": Decimal("10.50")},
        {"monto": Decimal("11.50")},
    )


def test_flush_edit_to_none_and_back_shows_null(did: Did) -> None:
    def change(ctx: Ctx) -> None:
        find(ctx).monto = None

    assert edited(did, change).despues == {"monto": None}

    def back(ctx: Ctx) -> None:
        find(ctx).monto = Decimal(1)

    (entry,) = did(back)
    assert (entry.antes, entry.despues) == ({"monto": None}, {"monto": Decimal(1)})


def test_flush_edit_of_json_in_place_knows_both_values(did: Did) -> None:
    def change(ctx: Ctx) -> None:
        found = find(ctx)
        assert found.datos is not None
        found.datos["a"] = 2
        flag_modified(found, "datos")

    entry = edited(did, change)
    assert (entry.antes, entry.despues) == ({"datos": {"a": 1}}, {"datos": {"a": 2}})


def test_flush_json_changed_after_the_flush_keeps_what_was_written(did: Did) -> None:
    def change(ctx: Ctx) -> None:
        found = find(ctx)
        found.datos = {"a": [1]}
        ctx.session.flush()
        found.datos["a"].append(2)

    assert edited(did, change).despues == {"datos": {"a": [1]}}


def test_flush_edit_of_secrets_shows_only_that_they_changed(did: Did) -> None:
    def change(ctx: Ctx) -> None:
        found = find(ctx)
        found.clave, found.firma = "otra", b"\x00"

    entry = edited(did, change)
    assert entry.antes == entry.despues == {"clave": "…", "firma": "…"}


def test_flush_password_never_enters(did: Did, runtime: Runtime) -> None:
    def change(ctx: Ctx) -> None:
        user = ctx.session.scalars(select(Usuario).limit(1)).one()
        ctx.session.expire(user)
        user.password_hash = "secreto-nuevo"

    (entry,) = did(change)
    assert "secreto" not in repr(entry)
    assert entry.despues == {"password_hash": "…"}


def test_flush_edit_twice_in_a_transaction_collects_each_step(did: Did) -> None:
    did(folio)

    def change(ctx: Ctx) -> None:
        found = find(ctx)
        for monto in (1, 2):
            found.monto = Decimal(monto)
            ctx.session.flush()

    steps = [(entry.antes, entry.despues) for entry in did(change)]
    assert steps == [
        ({"monto": Decimal("10.50")}, {"monto": 1}),
        ({"monto": 1}, {"monto": 2}),
    ]


def test_flush_edit_of_the_key_is_told_of_the_old_one(did: Did) -> None:
    def change(ctx: Ctx) -> None:
        find(ctx).numero = 8

    entry = edited(did, change)
    assert entry.objeto_id == "F001,7"
    assert (entry.antes, entry.despues) == ({"numero": 7}, {"numero": 8})


def test_flush_foreign_key_set_through_the_relationship_is_seen(did: Did) -> None:
    def make(ctx: Ctx) -> None:
        folio(ctx)
        other = folio(ctx, numero=8)
        ctx.session.add(Renglon(codigo="R", folio=other))

    did(make)

    def change(ctx: Ctx) -> None:
        line = ctx.session.get_one(Renglon, "R")
        ctx.session.expire(line)
        line.folio = find(ctx)

    (entry,) = did(change)
    assert (entry.objeto_id, entry.antes, entry.despues) == ("R", {"numero": 8}, {"numero": 7})


# Deleting ----------------------------------------------------------------------------------------


def test_flush_delete_collects_the_whole_row(did: Did) -> None:
    did(lambda ctx: folio(ctx, nota="sí", datos={"a": None}, clave="x"))

    def delete(ctx: Ctx) -> None:
        found = find(ctx)
        ctx.session.expire(found)
        ctx.session.delete(found)

    (entry,) = did(delete)
    assert (entry.accion, entry.objeto_id, entry.despues) == ("eliminar", "F001,7", None)
    assert entry.antes is not None
    assert entry.antes["monto"] == Decimal("10.50")
    assert entry.antes["nota"] == "sí"
    assert entry.antes["datos"] == {"a": None}
    assert entry.antes["clave"] == "…"


def test_flush_delete_collects_cascades_and_orphans(did: Did) -> None:
    def make(ctx: Ctx) -> None:
        made = folio(ctx)
        made.renglones = [Renglon(codigo="uno"), Renglon(codigo="dos")]

    did(make)

    def orphan(ctx: Ctx) -> None:
        found = find(ctx)
        found.renglones = [line for line in found.renglones if line.codigo == "uno"]

    assert [(e.accion, e.objeto_id) for e in did(orphan)] == [("eliminar", "dos")]
    deleted = did(lambda ctx: ctx.session.delete(find(ctx)))
    assert [(e.accion, e.objeto_id) for e in deleted] == [
        ("eliminar", "uno"),
        ("eliminar", "F001,7"),
    ]


# Savepoints --------------------------------------------------------------------------------------


def test_savepoint_rolled_back_leaves_no_entry(did: Did) -> None:
    def work(ctx: Ctx) -> None:
        ctx.audit("antes", "prueba", 1)
        savepoint = ctx.session.begin_nested()
        folio(ctx)
        ctx.audit("dentro", "prueba", 1)
        savepoint.rollback()
        ctx.audit("después", "prueba", 1)

    assert [entry.accion for entry in did(work)] == ["antes", "después"]


def test_savepoint_rolled_back_leaves_no_job_and_no_act(did: Did) -> None:
    told: list[str] = []

    def work(ctx: Ctx) -> None:
        savepoint = ctx.session.begin_nested()
        ctx.enqueue("base.borrar_sesiones")
        ctx.after_commit(lambda: told.append("inside"))
        savepoint.rollback()
        ctx.after_commit(lambda: told.append("outside"))
        assert ctx.enqueued == []

    did(work)
    assert told == ["outside"]


def test_savepoint_kept_leaves_its_entries(did: Did) -> None:
    def work(ctx: Ctx) -> None:
        with ctx.session.begin_nested():
            folio(ctx)

    assert [entry.accion for entry in did(work)] == ["crear"]


def test_savepoint_inside_another_rolls_back_alone(did: Did) -> None:
    def work(ctx: Ctx) -> None:
        with ctx.session.begin_nested():
            folio(ctx)
            inner = ctx.session.begin_nested()
            folio(ctx, numero=8)
            inner.rollback()
            folio(ctx, numero=9)

    assert [entry.objeto_id for entry in did(work)] == ["F001,7", "F001,9"]


def test_savepoint_failed_flush_leaves_no_entry(did: Did) -> None:
    did(folio)

    def fail(ctx: Ctx) -> None:
        with ctx.session.begin_nested():
            folio(ctx, numero=9)
            folio(ctx)

    def work(ctx: Ctx) -> None:
        with pytest.raises(IntegrityError):
            fail(ctx)

    assert did(work) == []


# What is written ---------------------------------------------------------------------------------


def last_row(runtime: Runtime) -> AuditLog:
    query = select(AuditLog).order_by(AuditLog.id.desc()).limit(1)
    with runtime.database.session() as session:
        return session.scalars(query).one()


def test_finish_writes_who_and_where_from(runtime: Runtime, shop: Shop) -> None:
    def work(ctx: Ctx) -> None:
        ctx.session.get_one(Cliente, shop.cliente).razon_social = "Otro nombre"

    facts = RequestFacts("pedido-1", "10.0.0.9", "navegador")
    admin = Identity(shop.usuarios["admin"], "a@x", "A", 1, "ADMIN", 1)
    runtime.transact(work, user=admin, request=facts)
    row = last_row(runtime)
    assert (row.usuario_id, row.ip, row.user_agent, row.request_id) == (
        admin.id,
        "10.0.0.9",
        "navegador",
        "pedido-1",
    )
    assert (row.modulo, row.accion, row.objeto_tipo) == ("sales", "editar", "clientes")
    assert row.objeto_id == str(shop.cliente)
    assert row.datos_nuevos_json == {"razon_social": "Otro nombre"}


def test_finish_undone_leaves_no_row(runtime: Runtime, shop: Shop) -> None:
    before = last_row(runtime).id

    def work(ctx: Ctx) -> None:
        ctx.session.get_one(Cliente, shop.cliente).razon_social = "Otro"
        ctx.session.flush()
        raise InterruptedError

    with pytest.raises(InterruptedError):
        runtime.transact(work)
    assert last_row(runtime).id == before


def test_finish_money_is_exact_text(runtime: Runtime, shop: Shop) -> None:
    def work(ctx: Ctx) -> None:
        ctx.session.get_one(Producto, shop.productos[0]).precio = Decimal("0.1")

    runtime.transact(work)
    assert last_row(runtime).datos_nuevos_json == {"precio": "0.1"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\x00b", "ab"),
        ("\x00\x00", ""),
        (r"\u0000", r"\u0000"),
        (r"\\u0000", r"\\u0000"),
        ("\\\x00u0000", r"\u0000"),
        ('"\\', '"\\'),
        ("🙂 ñ", "🙂 ñ"),
        (float("inf"), "Infinity"),
        (Decimal("NaN"), "NaN"),
        (b"\xff\x00", "ff00"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
        ({1}, [1]),
        (None, None),
    ],
)
def test_rows_awkward_values_are_kept(runtime: Runtime, given: Any, kept: Any) -> None:
    runtime.transact(lambda ctx: ctx.audit("probar", "prueba", 1, despues={"valor": given}))
    assert last_row(runtime).datos_nuevos_json == {"valor": kept}


def test_rows_absent_sides_are_null_in_the_database(runtime: Runtime) -> None:
    runtime.transact(lambda ctx: ctx.audit("probar", "prueba", None))
    with runtime.database.session() as session:
        query = select(
            func.count().filter(AuditLog.datos_nuevos_json.is_(None)), func.max(AuditLog.id)
        ).where(AuditLog.accion == "probar", AuditLog.objeto_id.is_(None))
        assert session.execute(query).one()[0] == 1
