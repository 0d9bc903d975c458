"""Search: where the text ``q`` of a list is looked for.

In texts of the record, in the fields that name it together (``3-15``), and in texts of records that
it refers to: those are read first, under their own rules, so that the list itself asks for ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, and_, any_, bindparam, false, or_, select

from kernel import filters, rbac
from kernel.context import Ctx
from kernel.errors import FieldError
from kernel.filters import python_type
from kernel.messages import refused

if TYPE_CHECKING:
    from kernel.resource import Resource

MAX_REFERRED = 1000
"""Records with the text, of each kind; a text that more of them have says too little."""

MAX_DIGITS = 18
NAME = "="
"""Begins the arm that compares as many fields of the name, from behind, as follow it."""
NOTHING = ("",)
"""The arms of a text that nothing can have."""


def asked(
    ctx: Ctx, resource: Resource, text: str, hidden: frozenset[str], values: dict[str, Any]
) -> tuple[str, ...]:
    """Return in what a text is looked for; what it comes to goes into the values.

    Raises:
        ValidationFailed: the user may read nothing of what this list searches.
    """
    texts = [name for name in resource.search if name not in hidden]
    named = () if hidden.intersection(resource.named) else resource.named
    references = [one for one in resource.references if one[0] not in hidden]
    if not (texts or named or references):
        raise refused([FieldError("q", "filtro_desconocido", "Esta lista no busca textos.")])
    if texts:
        values["q"] = filters.searched(text)
    found = [*texts, *_name(resource, named, text, values)]
    for name, fields in references:
        values[f"q_{name}"] = _referred(ctx, resource, name, fields, text)
        found += [name] if values[f"q_{name}"] else []
    return tuple(found) or NOTHING


def _name(
    resource: Resource, named: Sequence[str], text: str, values: dict[str, Any]
) -> Iterable[str]:
    """Return the arm of a text that is a name, or the end of one."""
    parts = text.split("-")
    fields = named[-len(parts) :]
    if len(fields) != len(parts):
        return []
    for name, part in zip(fields, parts, strict=True):
        whole = python_type(resource.attribute(name)) is int
        if whole and not (part.isascii() and part.isdigit() and len(part) <= MAX_DIGITS):
            return []
        values[f"q_{name}"] = int(part) if whole else part
    return [f"{NAME}{len(parts)}"]


def _referred(
    ctx: Ctx, resource: Resource, name: str, fields: Sequence[str], text: str
) -> list[int]:
    """Return the ids of the records with a text that a field may refer to."""
    (key,) = resource.model.__mapper__.columns[name].foreign_keys
    resources = ctx.runtime.registry.resources
    target = next((o for o in resources if o.model.__table__ is key.column.table), None)
    if target is None:
        return []
    if not ctx.can(f"{target.modulo}.ver"):
        fields = _names_of(target, fields)
    hidden = rbac.hidden_fields(ctx, target.model)
    columns = [target.attribute(one) for one in fields if one not in hidden]
    if not columns:
        return []
    query = select(target.attribute("id")).where(filters.search(columns)).limit(MAX_REFERRED)
    return list(ctx.session.scalars(query, {"q": filters.searched(text)}))


def _names_of(target: Resource, fields: Sequence[str]) -> list[str]:
    """Return the fields that name records which are known by their name, if these are."""
    from kernel.cells import titles_of  # which imports resources, and they this

    return [one for one in fields if target.known_by_name and one in titles_of(target)]


def condition(resource: Resource, arms: Sequence[str]) -> ColumnElement[bool]:
    """Return that a record has the text in any of the arms."""
    texts = [resource.attribute(one) for one in arms if one in resource.search]
    others = [_comparison(resource, one) for one in arms if one and one not in resource.search]
    return or_(false(), *([filters.search(texts)] if texts else []), *others)


def _comparison(resource: Resource, arm: str) -> ColumnElement[bool]:
    if not arm.startswith(NAME):
        ids = bindparam(f"q_{arm}", type_=ARRAY(BigInteger))
        found: ColumnElement[bool] = resource.attribute(arm) == any_(ids)
        return found
    fields = [(one, resource.attribute(one)) for one in resource.named[-int(arm[len(NAME) :]) :]]
    return and_(*(one == bindparam(f"q_{name}", type_=one.type) for name, one in fields))
