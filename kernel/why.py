"""Why a user may or may not do something: the verdict, rule by rule.

Anybody may ask about themselves; asking about another needs ``permisos.ver``. Whoever lacks that
permission learns of a row only what they could see anyway: a row that does not exist and one out of
their sight give the same answer. Source: spec/erp-modules.md, módulo 9, "RBAC".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Integer, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import LoaderCriteriaOption

from kernel import db
from kernel.errors import NotFound, ValidationFailed
from kernel.identity import Identity, Permiso, Rol, Usuario
from kernel.model import Model, addon_of, table_of
from kernel.rows import GuardedSession, key_columns
from kernel.rules import Rules

if TYPE_CHECKING:
    from kernel.context import Ctx
    from kernel.rbac import RowRule

SEE_ALL = "permisos.ver"
"""The permission to ask about others and to learn of rows out of one's sight."""

Kind = Literal["usuario", "rol", "permiso", "fila"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule of a verdict."""

    kind: Kind
    rule: str
    passed: bool
    text: str
    roles: tuple[str, ...] = ()
    """For a permission: the roles that have it."""


@dataclass(frozen=True, slots=True)
class FieldReason:
    """A field that needs a permission of its own."""

    field: str
    permission: str
    shown: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a user may do something, and the rules that say so."""

    accion: str
    modelo: str
    id: int | None
    usuario_id: int
    allowed: bool
    reasons: list[Reason] = field(default_factory=list)
    fields: list[FieldReason] = field(default_factory=list)


def why(
    ctx: Ctx,
    accion: str,
    modelo: str = "",
    row_id: int | None = None,
    usuario_id: int | None = None,
) -> Verdict:
    """Return the verdict on an action (``modulo.accion``), explained for a model and a row of it.

    ``modelo`` is the name of a table or of its class; ``usuario_id`` another user to ask about.

    Raises:
        Forbidden: it is about another user and the asker lacks ``permisos.ver``.
        NotFound: there is no such user.
        ValidationFailed: there is no such model.
    """
    asked = ctx.user_id if usuario_id is None else usuario_id
    if asked is None:
        raise ValidationFailed("Diga de qué usuario.", field="usuario_id")
    if asked != ctx.user_id:
        ctx.require(SEE_ALL)
    model = _model(modelo) if modelo else None
    with GuardedSession(db.connection(ctx.session), join_transaction_mode="rollback_only") as free:
        subject = _subject(ctx, free, asked)
        reasons = [*_who(free, asked), _permission(ctx, free, subject, accion)]
        if model is not None and row_id is not None:
            granted = all(reason.passed for reason in reasons)
            reasons.extend(_row(ctx, free, subject, _Row(accion, model, row_id, granted)))
    return Verdict(
        accion,
        table_of(model).name if model else "",
        row_id,
        asked,
        all(reason.passed for reason in reasons),
        reasons,
        list(_fields(subject, model)) if model else [],
    )


@dataclass(frozen=True, slots=True)
class _Row:
    accion: str
    model: type[Model]
    id: int
    granted: bool
    """Whether everything but the row rules allows the action."""


def _model(name: str) -> type[Model]:
    for mapper in Model.registry.mappers:
        model: type[Model] = mapper.class_
        keys = mapper.primary_key
        by_number = len(keys) == 1 and isinstance(keys[0].type, Integer)
        if by_number and name in (model.__name__, table_of(model).name):
            return model
    raise ValidationFailed(f"No hay ningún modelo «{name}».", field="modelo")


def _subject(ctx: Ctx, free: Session, asked: int) -> Ctx:
    """Return the context of the user that the question is about."""
    if asked == ctx.user_id:
        return ctx
    found = free.execute(
        select(Usuario.id, Usuario.email, Usuario.nombre, Usuario.rol_id, Rol.nombre)
        .join(Rol, Rol.id == Usuario.rol_id)
        .where(Usuario.id == asked)
    ).one_or_none()
    if found is None:
        raise NotFound
    session = GuardedSession(db.connection(ctx.session), join_transaction_mode="rollback_only")
    return ctx.runtime.ctx(session, Identity(*found, sesion_id=0))


def _who(free: Session, asked: int) -> Iterator[Reason]:
    found = free.execute(
        select(Usuario.activo, Rol.nombre)
        .join(Rol, Rol.id == Usuario.rol_id)
        .where(Usuario.id == asked)
    ).one()
    activo, rol = found
    yield Reason(
        "usuario", "activo", activo, "El usuario está activo." if activo else "Está desactivado."
    )
    yield Reason("rol", rol, True, f"Su rol es {rol}.")


def _permission(ctx: Ctx, free: Session, subject: Ctx, accion: str) -> Reason:
    modulo, _, name = accion.rpartition(".")
    rows = free.execute(
        select(Rol.id, Rol.nombre, Permiso.permitido)
        .join(Permiso, Permiso.rol_id == Rol.id)
        .where(Permiso.modulo == modulo, Permiso.accion == name)
        .order_by(Rol.nombre)
    ).all()
    holders = tuple(nombre for _, nombre, permitido in rows if permitido)
    user = subject.user
    mine = {rol_id: permitido for rol_id, _, permitido in rows}.get(user.rol_id if user else 0)
    if accion not in ctx.runtime.registry.permissions:
        text = "Ningún addon instalado declara este permiso."
        return Reason("permiso", accion, False, text, holders)
    texts = {
        True: "El rol tiene el permiso.",
        False: "Al rol se le quitó el permiso.",
        None: "El rol no tiene el permiso.",
    }
    return Reason("permiso", accion, bool(mine), texts[mine], holders)


def _row(ctx: Ctx, free: Session, subject: Ctx, row: _Row) -> list[Reason]:
    if not ctx.can(SEE_ALL) and not (row.granted and _concerns(ctx, row)):
        return [Reason("fila", "", False, "Sin permiso sobre el modelo, la fila no se mira.")]
    exists = _matches(free, row, [])
    reasons = [
        Reason("fila", rule.name, passed, rule.summary or rule.name)
        for rule, passed in _verdicts(free, subject, row)
    ]
    if exists and (ctx.can(SEE_ALL) or all(reason.passed for reason in reasons)):
        return reasons or [Reason("fila", "", True, "El modelo no tiene reglas de fila.")]
    if ctx.can(SEE_ALL):
        return [Reason("fila", "", False, "La fila no existe.")]
    return [Reason("fila", "", False, "La fila no existe o no está a su alcance.")]


def _concerns(ctx: Ctx, row: _Row) -> bool:
    """Return whether the action is one of the model's, so that asking it reveals nothing else."""
    registry = ctx.runtime.registry
    modulos = {one.modulo for one in registry.resources if one.model is row.model}
    if modulos:
        return row.accion.rpartition(".")[0] in modulos
    return registry.owners.get(f"permission:{row.accion}") == addon_of(row.model.__module__)


def _verdicts(free: Session, subject: Ctx, row: _Row) -> Iterator[tuple[RowRule, bool]]:
    rules = Rules(subject, subject.runtime.rule_book)
    for rule, condition in rules.resolved(table_of(row.model).name):
        if condition is None:
            yield rule, True
        else:
            yield rule, _matches(free, row, rules.alone(row.model, condition))


def _matches(free: Session, row: _Row, options: list[LoaderCriteriaOption]) -> bool:
    (key,) = key_columns(row.model)
    return free.scalar(select(key).where(key == row.id).options(*options)) is not None


def _fields(subject: Ctx, model: type[Model]) -> Iterator[FieldReason]:
    for rule in subject.runtime.rule_book.fields.get(model, ()):
        yield FieldReason(rule.field, rule.permission, subject.can(rule.permission))
