"""A small house with rules: two branches, who works where, and what each branch may see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Table, create_engine, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from kernel import registry
from kernel.context import Ctx
from kernel.db import Database
from kernel.identity import Identity, Rol, Usuario
from kernel.model import Id, Model, map_models
from kernel.rbac import ADMIN, FieldRule, Permission, RowRule, Scope, sync_permissions
from kernel.realtime import Hub
from kernel.runtime import Runtime
from kernel.settings import Settings
from tests import cluster


class RuledSucursal(Model):
    """A branch; people see those that they are assigned to."""

    __tablename__ = "t_rbac_sucursales"

    id: Mapped[Id]
    nombre: Mapped[str]


class RuledAsignacion(Model):
    """Who works in which branch."""

    __tablename__ = "t_rbac_asignaciones"
    __audited__ = False

    usuario_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    sucursal_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("t_rbac_sucursales.id"), primary_key=True
    )


visitas = Table(
    "t_rbac_visitas",
    Model.metadata,
    Column("venta_id", ForeignKey("t_rbac_ventas.id")),
    Column("cliente_id", ForeignKey("t_rbac_clientes.id")),
)


class RuledCliente(Model):
    """Seen in its branch only; audited."""

    __tablename__ = "t_rbac_clientes"

    id: Mapped[Id]
    nombre: Mapped[str]
    sucursal_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("t_rbac_sucursales.id"))
    costo: Mapped[Decimal | None]
    sucursal: Mapped[RuledSucursal] = relationship()
    ventas: Mapped[list[RuledVenta]] = relationship(back_populates="cliente")
    pedidos: Mapped[list[RuledPedido]] = relationship(back_populates="cliente")


class RuledVenta(Model):
    """Without rules, but it leads to clients."""

    __tablename__ = "t_rbac_ventas"
    __audited__ = False

    id: Mapped[Id]
    cliente_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("t_rbac_clientes.id"))
    total: Mapped[int]
    cliente: Mapped[RuledCliente | None] = relationship(back_populates="ventas")
    visitantes: Mapped[list[RuledCliente]] = relationship(secondary=visitas)


class RuledPedido(Model):
    """Seen by whoever sees its client."""

    __tablename__ = "t_rbac_pedidos"
    __audited__ = False

    id: Mapped[Id]
    cliente_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("t_rbac_clientes.id"))
    total: Mapped[int] = mapped_column(server_default="0")
    cliente: Mapped[RuledCliente] = relationship(back_populates="pedidos")


class RuledNota(Model):
    """Two rules at once; not audited, so bulk statements are possible."""

    __tablename__ = "t_rbac_notas"
    __audited__ = False

    id: Mapped[Id]
    texto: Mapped[str]
    sucursal_id: Mapped[int]
    oculta: Mapped[bool] = mapped_column(server_default="false", default=False)


class RuledLugar(Model):
    """A key of two columns."""

    __tablename__ = "t_rbac_lugares"
    __audited__ = False

    sucursal_id: Mapped[int] = mapped_column(primary_key=True)
    numero: Mapped[int] = mapped_column(primary_key=True)
    nombre: Mapped[str]


map_models()


def load_sucursales(ctx: Ctx) -> frozenset[int] | None:
    """Return the branches of the user; it reads a ruled table to resolve the rule of that table."""
    if ctx.user is not None and ctx.user.rol == ADMIN:
        return None
    mine = (
        select(RuledSucursal.id)
        .join(RuledAsignacion, RuledAsignacion.sucursal_id == RuledSucursal.id)
        .where(RuledAsignacion.usuario_id == ctx.user_id)
    )
    return frozenset(ctx.session.scalars(mine))


def in_scope(column: Any) -> Any:
    """Return the rule that a column is one of the user's branches."""

    def where(ctx: Ctx) -> Any:
        ids = ctx.scope("t_sucursales")
        return None if ids is None else column.in_(sorted(ids))

    return where


def not_hidden(ctx: Ctx) -> Any:
    """Only who may, sees hidden notes."""
    return None if ctx.can("t_notas.ver_ocultas") else RuledNota.oculta.is_(False)


RULES = (
    RowRule("t_sucursales", RuledSucursal, in_scope(RuledSucursal.id), "Sus sucursales"),
    RowRule(
        "t_clientes", RuledCliente, in_scope(RuledCliente.sucursal_id), "Clientes de sus sucursales"
    ),
    RowRule(
        "t_pedidos",
        RuledPedido,
        lambda ctx: RuledPedido.cliente_id.in_(select(RuledCliente.id)),
        "Pedidos de sus clientes",
    ),
    RowRule(
        "t_notas_sucursal", RuledNota, in_scope(RuledNota.sucursal_id), "Notas de sus sucursales"
    ),
    RowRule("t_notas_ocultas", RuledNota, not_hidden, "Notas no ocultas"),
    RowRule("t_lugares", RuledLugar, in_scope(RuledLugar.sucursal_id), "Lugares de sus sucursales"),
)

FIELD_RULES = (FieldRule(RuledCliente, "costo", "t_clientes.ver_costo"),)

PERMISSIONS = (
    Permission("t_clientes", "ver", "Ver clientes", ("T_CAJERO",)),
    Permission("t_clientes", "ver_costo", "Ver el costo", ("T_JEFE",)),
    Permission("t_notas", "ver_ocultas", "Ver notas ocultas"),
)


class SilentQueue:
    """Nobody to wake."""

    def wake(self, job_ids: Iterable[int]) -> None:
        """Wake nobody."""

    def close(self) -> None:
        """Nothing to close."""


@dataclass
class House:
    """A database with the rows of ``furnish``, and its people."""

    runtime: Runtime
    people: dict[str, Identity]

    @contextmanager
    def ctx(self, who: str | None, *, extra: tuple[RowRule, ...] = ()) -> Iterator[Ctx]:
        """Open a transaction of a person (or of the system) that leaves nothing behind."""
        runtime = self.runtime
        if extra:
            rules = (*runtime.registry.row_rules, *extra)
            runtime = replace(runtime, registry=replace(runtime.registry, row_rules=rules))
        with runtime.database.session() as session:
            yield runtime.ctx(session, self.people[who] if who else None)
            session.rollback()


@contextmanager
def open_house() -> Iterator[House]:
    """Build the house in a database of its own and tear it down."""
    made = cluster.create_database()
    kernel = registry.load([])
    loaded = replace(
        kernel,
        row_rules=RULES,
        field_rules=FIELD_RULES,
        permissions={**kernel.permissions, **{one.name: one for one in PERMISSIONS}},
        owners={f"permission:{one.name}": "tests" for one in PERMISSIONS},
        scopes={"t_sucursales": Scope("t_sucursales", load_sucursales)},
    )
    owner = create_engine(made.owner_url)
    Model.metadata.create_all(owner)
    with Session(owner) as session:
        people = furnish(session)
        sync_permissions(session, loaded)
        session.commit()
    owner.dispose()
    settings = Settings(
        database_url=made.owner_url, secret_key="x" * 32, master_key="1:" + "A" * 43 + "="
    )
    runtime = Runtime(settings, loaded, Database(made.owner_url, pool=3), SilentQueue(), Hub())
    try:
        yield House(runtime, people)
    finally:
        runtime.database.dispose()
        cluster.drop_database(made.name)


def furnish(session: Session) -> dict[str, Identity]:
    """Write two branches with their rows, and return who works there."""
    session.add_all([RuledSucursal(nombre="Lima"), RuledSucursal(nombre="Cusco")])
    session.flush()
    session.add_all(
        [
            RuledCliente(nombre="Ana", sucursal_id=1, costo=Decimal("1.50")),
            RuledCliente(nombre="Berta", sucursal_id=1),
            RuledCliente(nombre="Zoe", sucursal_id=2),
        ]
    )
    session.flush()
    session.add_all(
        [
            RuledVenta(cliente_id=1, total=10),
            RuledVenta(cliente_id=3, total=20),
            RuledVenta(cliente_id=None, total=30),
            RuledPedido(cliente_id=1),
            RuledPedido(cliente_id=3),
            RuledNota(texto="lima", sucursal_id=1),
            RuledNota(texto="cusco", sucursal_id=2),
            RuledNota(texto="secreto", sucursal_id=1, oculta=True),
            RuledLugar(sucursal_id=1, numero=1, nombre="puerta"),
            RuledLugar(sucursal_id=2, numero=1, nombre="patio"),
        ]
    )
    session.flush()
    session.execute(visitas.insert(), [{"venta_id": 1, "cliente_id": n} for n in (1, 3)])
    return people(session)


def people(session: Session) -> dict[str, Identity]:
    """Write the people: Lima's and Cusco's cashiers, one without a branch, and the boss."""
    roles = {name: Rol(nombre=name) for name in (ADMIN, "T_CAJERO", "T_JEFE")}
    session.add_all(roles.values())
    session.flush()
    found = {}
    for name, rol, sucursales in (
        ("lima", "T_CAJERO", [1]),
        ("cusco", "T_CAJERO", [2]),
        ("nadie", "T_CAJERO", []),
        ("jefa", ADMIN, []),
    ):
        user = Usuario(
            nombre=name, email=f"{name}@demo.pe", password_hash="-", rol_id=roles[rol].id
        )
        session.add(user)
        session.flush()
        session.add_all(RuledAsignacion(usuario_id=user.id, sucursal_id=one) for one in sucursales)
        found[name] = Identity(user.id, user.email, name, roles[rol].id, rol, 0)
    session.flush()
    return found
