"""A cell of a list that is edited in its place: one field of one record, saved by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from pydantic.fields import FieldInfo

from kernel import cells, translations, web, web_rows
from kernel.answers import Outcome
from kernel.cells import Painter
from kernel.context import Ctx
from kernel.errors import DomainError, NotFound
from kernel.page import Asked, fetch, send
from kernel.translations import later
from kernel.views import Column, ListView
from kernel.web_inputs import Draft, input_of, sent, written
from kernel.web_late import FILLED, KEEPS, THEIRS
from kernel.web_seen import drawn_columns, may, visible

KINDS = frozenset({"text", "money", "price", "number", "integer", "choice", "flag", "day"})
"""Widgets whose value is typed or chosen in the space of a cell."""


def editable(ctx: Ctx, view: ListView) -> frozenset[str]:
    """Return the columns of a list that are edited in their place."""
    target = ("PUT", f"{view.resource}{{id}}/")
    endpoint = ctx.runtime.registry.addresses.get(target)
    if endpoint is None or endpoint.body is None or not may(ctx, *target):
        return frozenset()
    taken = endpoint.body.model_fields
    drawn = drawn_columns(ctx, view, view.columns)
    return frozenset(one.name for one in drawn if one.name in taken and one.widget in KINDS)


def _column(ctx: Ctx, path: str, name: str) -> tuple[ListView, Column]:
    view = next((one for one in visible(ctx, path) if isinstance(one, ListView)), None)
    if view is None or name not in editable(ctx, view):
        raise NotFound
    return view, next(one for one in view.columns if one.name == name)


def show(ctx: Ctx, path: str, asked: Asked, record_id: int) -> Outcome:
    """Return the input of a cell, or with ``_leer`` what it shows."""
    view, column = _column(ctx, path, asked.query.get("_campo"))
    record = fetch(ctx, f"{path}{{id}}/", id=record_id)
    if asked.query.get("_leer"):
        return _read(ctx, view, column, record, asked)
    return _typed(ctx, view, column, Draft(record), asked)


def change(ctx: Ctx, path: str, asked: Asked, record_id: int) -> Outcome:
    """Keep what was typed in a cell and return what it shows, or the input with what is wrong.

    After somebody else's change of the same field the cell shows both values, and asks; what they
    changed beside it stands in nobody's way.
    """
    view, column = _column(ctx, path, asked.form.get("_campo"))
    if asked.form.get(f"{KEEPS}{column.name}") == THEIRS:
        return _read(ctx, view, column, fetch(ctx, f"{path}{{id}}/", id=record_id), asked)
    info = _info(ctx, view, column)
    given = sent(asked.form.get(column.name), info)
    version = asked.form.get("version")
    try:
        record = _save(ctx, path, record_id, column.name, given, version)
    except DomainError as refusal:
        if refusal.status in (401, 403, 404):
            raise
        present = fetch(ctx, f"{path}{{id}}/", id=record_id)
        draft = Draft(present, asked.form, refusal)
        if refusal.code != "version_obsoleta":
            return _typed(ctx, view, column, draft, asked)
        if asked.form.get(FILLED, "-") != written(present.get(column.name)):
            return _late(ctx, view, column, draft, asked, given)
        record = _save(ctx, path, record_id, column.name, given, str(present["version"]))
    return _read(ctx, view, column, record, asked)


def _save(ctx: Ctx, path: str, record_id: int, name: str, given: Any, version: str) -> Any:
    body = ctx.runtime.registry.addresses["PUT", f"{path}{{id}}/"].body
    document: dict[str, Any] = {name: given}
    if version.isdigit() and body is not None and "version" in body.model_fields:
        document["version"] = int(version)
    return send(ctx, "PUT", f"{path}{{id}}/", document, id=record_id)


def _info(ctx: Ctx, view: ListView, column: Column) -> FieldInfo:
    body = ctx.runtime.registry.addresses["PUT", f"{view.resource}{{id}}/"].body
    assert body is not None  # noqa: S101  # else the column is not editable
    return body.model_fields[column.name]


def _late(
    ctx: Ctx, view: ListView, column: Column, draft: Draft, asked: Asked, given: Any
) -> Outcome:
    """Return the input with both values, or what the cell shows where both wrote the same."""
    mine = _shown(ctx, view, column, given)
    theirs = _shown(ctx, view, column, draft.data.get(column.name))
    if mine == theirs:
        return _read(ctx, view, column, draft.data, asked)
    versus = (("mio", later("Usted escribió"), mine), (THEIRS, later("Ahora hay"), theirs))
    return _typed(ctx, view, column, draft, asked, versus)


def _typed(
    ctx: Ctx,
    view: ListView,
    column: Column,
    draft: Draft,
    asked: Asked,
    versus: Sequence[tuple[str, str, Markup]] = (),
) -> Outcome:
    (drawn,) = drawn_columns(ctx, view, [column])
    painter = Painter(cells.style(ctx), {})
    refusal = draft.refusal
    fault = draft.fault(column.name) or (refusal.message if refusal is not None else "")
    info = _info(ctx, view, column)
    values = {
        "input": input_of(column, drawn, info, draft.value(column.name), painter, fault=fault),
        "version": draft.data.get("version", ""),
        "era": written(draft.data.get(column.name)),
        "field": column.name,
        "versus": versus,
    }
    status = refusal.status if refusal is not None else 200
    return web.render(ctx, asked, "cell.html", status=status, title=view.title, **values)


def _read(ctx: Ctx, view: ListView, column: Column, record: Any, asked: Asked) -> Outcome:
    shown = _shown(ctx, view, column, record.get(column.name))
    title = translations.translate(view.title)
    return web.render(ctx, asked, "cell.html", title=title, input=None, shown=shown)


def _shown(ctx: Ctx, view: ListView, column: Column, value: Any) -> Markup:
    (drawn,) = drawn_columns(ctx, view, [column])
    return web_rows.cell(Painter(cells.style(ctx), {}), drawn, value)
