"""Field rules at work: columns that a role may not see, in lists and in hand-written answers.

The generic resource asks ``hidden_fields``. A hand-written answer marks its fields::

    costo: Annotated[Decimal | None, Protected("inventario.ver_costo")] = None

The paths of such fields are found once per type; an answer without any costs nothing, and one with
some loses those that the user may not see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, is_dataclass
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from pydantic import BaseModel, RootModel
from typing_extensions import TypeAliasType

from kernel.model import Model

if TYPE_CHECKING:
    from kernel.context import Ctx

ANY = "*"
"""In a path: every element of a list, or every value of a mapping."""

DEEP = "**"
"""In a path: at any depth, for a type that contains itself."""


@dataclass(frozen=True, slots=True)
class Protected:
    """Marks a field of an answer that needs a permission of its own."""

    permission: str


def hidden_fields(ctx: Ctx, model: type[Model]) -> frozenset[str]:
    """Return the attributes of a model that the user may not see, filter, sort by or export."""
    rules = ctx.runtime.rule_book.fields.get(model)
    if not rules:
        return frozenset()
    return frozenset(rule.field for rule in rules if not ctx.can(rule.permission))


def protected_paths(kind: Any) -> tuple[tuple[str, str], ...]:
    """Return (path, permission) of the protected fields anywhere in an answer's type.

    A path is dotted: ``items.*.costo``; ``hijos.**.costo`` is any depth below ``hijos``.
    """
    return tuple(dict.fromkeys(_walk(kind, (), (), deep=False)))


def prune(ctx: Ctx, paths: Sequence[tuple[str, str]], data: Any) -> Any:
    """Return JSON data without the protected fields that the user may not see; changes it."""
    for path, permission in paths:
        if not ctx.can(permission):
            _drop(data, path.split("."))
    return data


def _walk(
    kind: Any, path: tuple[str, ...], above: tuple[Any, ...], *, deep: bool
) -> Iterator[tuple[str, str]]:
    if isinstance(kind, TypeAliasType):
        kind = kind.__value__
    kind, permission = _split(kind)
    if permission is not None:
        yield ".".join(path), permission
        return
    if kind in above:
        if deep:
            return
        path, above, deep = (*path, DEEP), (), True
    members = list(_members(kind))
    for step, member in members or _arguments(kind):
        yield from _walk(member, (*path, *step), (*above, kind) if members else above, deep=deep)


def _members(kind: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield step and type of the fields of a model, dataclass or typed dictionary."""
    if not isinstance(kind, type):
        return
    if issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            hint: Any = field.annotation
            for mark in (one for one in field.metadata if isinstance(one, Protected)):
                hint = Annotated[hint, mark]
            names = {name, field.serialization_alias or name}
            for one in sorted(names) if not issubclass(kind, RootModel) else [""]:
                yield ((one,) if one else ()), hint
        for name, made in kind.model_computed_fields.items():
            yield (name,), made.return_type
    elif is_dataclass(kind) or is_typeddict(kind):
        for name, hint in get_type_hints(kind, include_extras=True).items():
            yield (name,), hint


def _split(hint: Any) -> tuple[Any, str | None]:
    if get_origin(hint) is not Annotated:
        return hint, None
    marks = [mark.permission for mark in get_args(hint)[1:] if isinstance(mark, Protected)]
    return get_args(hint)[0], marks[-1] if marks else None


def _arguments(kind: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    origin = get_origin(kind)
    step = (ANY,) if isinstance(origin, type) and hasattr(origin, "__iter__") else ()
    for argument in get_args(kind):
        yield step, argument


def _drop(data: Any, path: list[str]) -> None:
    step, rest = path[0], path[1:]
    if step == ANY and not rest:
        data.clear()
    elif step == DEEP:
        _drop(data, rest)
        for value in _values(data):
            _drop(value, path)
    elif step == ANY:
        for value in _values(data):
            _drop(value, rest)
    elif isinstance(data, dict) and not rest:
        data.pop(step, None)
    elif isinstance(data, dict) and step in data:
        _drop(data[step], rest)


def _values(data: Any) -> list[Any]:
    if isinstance(data, dict):
        return list(data.values())
    return data if isinstance(data, list) else []
