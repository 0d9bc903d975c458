"""Who may do what: permissions by role, row rules, field rules, and the audited door past them.

Permissions are declared by addons and stored per role (``permisos``); a revoked one keeps its row
with ``permitido`` false, so that no upgrade grants it again. A row rule narrows what a user sees
and changes of a table; it applies to every ORM statement of the user's session (``kernel.rows``). A
field rule hides a column from roles without a permission (``kernel.fields``); ``kernel.why``
explains a verdict rule by rule. Source: spec/erp-modules.md, módulo 9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, literal
from sqlalchemy.orm import InstrumentedAttribute, Session

from kernel import audit, db
from kernel.errors import ConfigurationError
from kernel.fields import Protected, hidden_fields, protected_paths, prune
from kernel.model import Model, table_of
from kernel.rows import Guard, GuardedSession, UnsafeQuery
from kernel.rules import Rules
from kernel.statements import narrowed
from kernel.why import Verdict, why

if TYPE_CHECKING:
    from kernel.context import Ctx
    from kernel.registry import Registry

__all__ = [
    "ADMIN",
    "FieldRule",
    "Permission",
    "Protected",
    "Role",
    "RowRule",
    "Scope",
    "UnsafeQuery",
    "Verdict",
    "among",
    "guard",
    "hidden_fields",
    "protected_paths",
    "prune",
    "sync_permissions",
    "unrestricted",
    "visible_rows",
    "why",
]

ADMIN = "ADMIN"
"""The role that has every permission of every installed addon."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One action of one module, and the roles that get it when the addon is installed."""

    modulo: str
    accion: str
    titulo: str
    roles: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``modulo.accion``, as routes name it."""
        return f"{self.modulo}.{self.accion}"


@dataclass(frozen=True, slots=True)
class Role:
    """A role template that an addon brings."""

    nombre: str
    descripcion: str


@dataclass(frozen=True, slots=True)
class Scope:
    """A kind of place (sucursales, almacenes) that a user may be confined to.

    ``load`` returns the ids that the user may touch, or None for all. A scope that most requests
    need gives a ``statement`` besides, which is asked along with who the user is: for
    ``%(usuario)s`` it returns one row with one array of ids, or NULL for all.
    """

    name: str
    load: Callable[[Ctx], frozenset[int] | None]
    statement: db.Statement | None = None


@dataclass(frozen=True, slots=True)
class RowRule:
    """Which rows of a table a user may see and change; ``where`` returns None for all."""

    name: str
    model: type[Model]
    where: Callable[[Ctx], ColumnElement[bool] | None]
    summary: str = ""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A column that only roles with a permission may see, filter, sort by or export."""

    model: type[Model]
    field: str
    permission: str


def guard(session: Session, ctx: Ctx) -> None:
    """Apply the row rules of the generation to every statement of the session.

    Raises:
        ConfigurationError: a user's session is not one of ``kernel.db.Database``.
    """
    session.info["ctx"] = ctx
    if isinstance(session, GuardedSession):
        session.guard = Guard(Rules(ctx, ctx.runtime.rule_book))
    elif ctx.user is not None:
        raise ConfigurationError("A user's session must come from Database.session().")


def among(column: InstrumentedAttribute[Any], ids: Iterable[int]) -> ColumnElement[bool]:
    """Return the condition that a column is one of these ids, whatever their number.

    For row rules: an ``in_()`` is another statement for each number of ids.
    """
    return column == any_(literal(sorted(ids), ARRAY(BigInteger)))


def visible_rows(ctx: Ctx, model: type[Model]) -> list[ColumnElement[bool]] | None:
    """Return the row rules of a model as conditions for a hot SELECT of that table alone.

    None when they look into other ruled tables: then only the session knows how to apply them.
    """
    guard = ctx.session.guard if isinstance(ctx.session, GuardedSession) else None
    if guard is None or not guard.applies:
        return []
    condition = guard.rules.condition(table_of(model).name)
    if condition is None:
        return []
    return None if guard.rules.refers(condition) else [narrowed(model, condition)]


@contextmanager
def unrestricted(ctx: Ctx, reason: str) -> Iterator[Session]:
    """Open a session without row rules on the same transaction, and leave an audit row.

    What the user's session has pending is written first, and it reads anew what was written here.
    """
    ctx.audit("puerta", "sesion", None, despues={"motivo": reason}, modulo="kernel")
    ctx.session.flush()
    with GuardedSession(
        db.connection(ctx.session), expire_on_commit=False, join_transaction_mode="rollback_only"
    ) as session:
        session.outer = cast("GuardedSession", ctx.session)
        audit.watch(session, ctx)
        yield session
        session.flush()
        session.settle()
        if session.wrote:
            ctx.session.flush()
            ctx.session.expire_all()


CREATE_ROLES = db.Statement(
    "create_roles",
    """
    INSERT INTO roles (nombre, descripcion)
    SELECT * FROM unnest(%(names)s::text[], %(descriptions)s::text[])
    ON CONFLICT (nombre) DO NOTHING
    """,
)

GRANT = db.Statement(
    "grant_permissions",
    """
    INSERT INTO permisos (rol_id, modulo, accion, permitido)
    SELECT r.id, g.modulo, g.accion, true
      FROM unnest(%(roles)s::text[], %(modulos)s::text[], %(acciones)s::text[])
           AS g (rol, modulo, accion)
      JOIN roles r ON r.nombre = g.rol
    ON CONFLICT (rol_id, modulo, accion) DO NOTHING
    RETURNING (SELECT nombre FROM roles WHERE id = rol_id), modulo || '.' || accion
    """,
)


def sync_permissions(session: Session, registry: Registry) -> list[tuple[str, str]]:
    """Make the declared roles and grant what is new to them; return the new (role, permission).

    A pair that has a row is never touched: what an administrator decided stays. A role that no
    installed addon declares gets its permissions when its addon comes. Idempotent.
    """
    roles = {ADMIN: "Administración: todos los permisos."}
    for role in registry.roles():
        roles.setdefault(role.nombre, role.descripcion)
    db.execute(session, CREATE_ROLES, {"names": list(roles), "descriptions": list(roles.values())})
    grants = [
        (role, permission.modulo, permission.accion)
        for permission in registry.permissions.values()
        for role in dict.fromkeys((ADMIN, *permission.roles))
    ]
    given = {
        "roles": [role for role, _, _ in grants],
        "modulos": [modulo for _, modulo, _ in grants],
        "acciones": [accion for _, _, accion in grants],
    }
    return sorted((str(role), str(name)) for role, name in db.execute(session, GRANT, given))
