"""A cell of a list that is edited in its place: one field of one record, saved by itself."""

from __future__ import annotations

from typing import Any

from kernel import cells, translations, web, web_rows
from kernel.answers import Outcome
from kernel.cells import Painter
from kernel.context import Ctx
from kernel.errors import DomainError, NotFound
from kernel.page import Asked, fetch, send
from kernel.views import Column, ListView
from kernel.web_inputs import Draft, input_of, sent
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
    """Keep what was typed in a cell and return what it shows, or the input with what is wrong."""
    view, column = _column(ctx, path, asked.form.get("_campo"))
    body = ctx.runtime.registry.addresses["PUT", f"{path}{{id}}/"].body
    assert body is not None  # noqa: S101  # else the column is not editable
    given: dict[str, Any] = {
        column.name: sent(asked.form.get(column.name), body.model_fields[column.name])
    }
    version = asked.form.get("version")
    if version.isdigit() and "version" in body.model_fields:
        given["version"] = int(version)
    try:
        record = send(ctx, "PUT", f"{path}{{id}}/", given, id=record_id)
    except DomainError as refusal:
        if refusal.status in (401, 403, 404):
            raise
        present = fetch(ctx, f"{path}{{id}}/", id=record_id)
        return _typed(ctx, view, column, Draft(present, asked.form, refusal), asked)
    return _read(ctx, view, column, record, asked)


def _typed(ctx: Ctx, view: ListView, column: Column, draft: Draft, asked: Asked) -> Outcome:
    body = ctx.runtime.registry.addresses["PUT", f"{view.resource}{{id}}/"].body
    info = body.model_fields[column.name] if body is not None else None
    (drawn,) = drawn_columns(ctx, view, [column])
    painter = Painter(cells.style(ctx), {})
    refusal = draft.refusal
    fault = draft.fault(column.name) or (refusal.message if refusal is not None else "")
    made = input_of(column, drawn, info, draft.value(column.name), painter, fault=fault)
    values = {"input": made, "version": draft.data.get("version", ""), "field": column.name}
    status = refusal.status if refusal is not None else 200
    return web.render(ctx, asked, "cell.html", status=status, title=view.title, **values)


def _read(ctx: Ctx, view: ListView, column: Column, record: Any, asked: Asked) -> Outcome:
    (drawn,) = drawn_columns(ctx, view, [column])
    shown = web_rows.cell(Painter(cells.style(ctx), {}), drawn, record.get(column.name))
    title = translations.translate(view.title)
    return web.render(ctx, asked, "cell.html", title=title, input=None, shown=shown)
