"""References that were typed as a name: which record is meant where none was picked from a list.

A reference on a page is two inputs: the id of the record, and a text that a script looks up. The
text is sent as ``_nombre.<resource>.<field>``, and no longer once a record was picked; what arrives
is looked up here, so that a reference can be typed where no script runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kernel import cells
from kernel.cells import Drawn, Painter
from kernel.context import Ctx
from kernel.errors import FieldError
from kernel.messages import refused
from kernel.page import Pairs

PREFIX = "_nombre."
NONE = "0"
"""The id of no record: what a list is filtered by where a name is that of none."""


@dataclass(frozen=True, slots=True)
class Named:
    """A field and the name that was typed into it."""

    field: str
    resource: str
    text: str


def settled(ctx: Ctx, form: Pairs, within: str = "") -> Pairs:
    """Return a form with ids in place of the names that were typed into fields of a prefix.

    Raises:
        ValidationFailed: a name is that of no record, or of several; told at each field.
    """
    found, faults = dict[str, str](), list[FieldError]()
    for one in _typed(ctx, form):
        if not (one.field.startswith(within) if within else one.field[0] != "_"):
            continue
        ids = matching(ctx, one)
        if len(ids) == 1 or not one.text:
            found[one.field] = str(ids[0]) if ids else ""
        else:
            faults.append(_fault(one.field.removeprefix(within), several=bool(ids)))
    if faults:
        raise refused(faults)
    return Pairs((name, found.get(name, value)) for name, value in form)


def _fault(field: str, *, several: bool) -> FieldError:
    if several:
        return FieldError(field, "varios", "Hay varios con este nombre: escríbalo entero.")
    return FieldError(field, "no_existe", "No hay ninguno con este nombre.")


def has_names(query: Pairs) -> bool:
    """Return whether names of records came with a query."""
    return any(name.startswith(PREFIX) for name, _ in query)


def filtered(ctx: Ctx, query: Pairs) -> Pairs:
    """Return the query of a list with ids in place of the names that its filters were given."""
    changes: dict[str, str | None] = {}
    for one in _typed(ctx, query):
        ids = matching(ctx, one)
        changes[f"{one.field}__in"] = ",".join(map(str, ids)) if len(ids) > 1 else None
        alone = str(ids[0]) if ids else NONE if one.text else None
        changes[one.field] = alone if len(ids) < 2 else None
    kept = [(n, v) for n, v in query if n not in changes and not n.startswith(PREFIX)]
    return Pairs([*kept, *((n, v) for n, v in changes.items() if v)])


def matching(ctx: Ctx, one: Named) -> list[int]:
    """Return the ids of the records that a name may mean: those named so, or like it."""
    if not one.text:
        return []
    resource = cells.resource_at(ctx.runtime.registry, one.resource)
    if resource is not None and not resource.search and one.text.isascii() and one.text.isdigit():
        return [int(one.text)]  # what has no name is known by its number
    from kernel import web_search  # which shows lists itself

    found = web_search.offered(ctx, one.resource, one.text)
    plain = one.text.casefold()
    exact = [key for key, name in found if plain in (name.casefold(), _alone(name).casefold())]
    return exact or [key for key, _ in found]


def _alone(name: str) -> str:
    """Return the name of a record without what is told beside it."""
    return name.partition(" · ")[0]


def _typed(ctx: Ctx, pairs: Pairs) -> Iterator[Named]:
    """Yield the names that aren't those of the ids that came with them."""
    for name, value in pairs:
        words = name.split(".", 2)
        if name.startswith(PREFIX) and len(words) == 3 and isinstance(value, str):
            one = Named(words[2], words[1], " ".join(value.split()))
            if one.text != _said(ctx, one.resource, pairs.get(one.field)):
                yield one


def _said(ctx: Ctx, resource: str, key: str) -> str:
    """Return what the text of a reference reads that nobody touched."""
    if not (key.isascii() and key.isdigit()):
        return ""
    column = Drawn("id", "", "reference", {}, resource)
    painter = Painter(cells.style(ctx), cells.names(ctx, [column], [{"id": int(key)}]))
    return " ".join(painter.said(column, int(key)).split())
