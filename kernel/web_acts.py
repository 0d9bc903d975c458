"""Acts on a list: what a button asks for and does, and what is done with chosen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from kernel import (
    bulk,
    cells,
    translations,
    web,
    web_act_lines,
    web_form,
    web_list,
    web_seen,
    web_usual,
)
from kernel.answers import Outcome
from kernel.cells import Painter
from kernel.context import Ctx
from kernel.errors import DomainError, Forbidden, NotFound
from kernel.page import Asked, attempt, fetch, redirect, send
from kernel.views import Button, Field, ListView
from kernel.web_inputs import Draft, Input, id_of, input_of
from kernel.web_lines import Table
from kernel.web_list import around
from kernel.web_routes import address
from kernel.web_seen import may, visible

MAX_AT_ONCE = 500
"""Records of one act; a page shows no more."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a button asks before it acts."""

    button: Button
    inputs: tuple[Input, ...]
    address: str
    refusal: DomainError | None = None
    tables: tuple[Table, ...] = ()


def question(
    ctx: Ctx, button: Button, place: str, typed: Draft | None = None, path: str = ""
) -> Question:
    """Return the form of a button; its lines begin with those of the draft's record."""
    draft = typed or Draft()
    registry = ctx.runtime.registry
    body = registry.addresses["POST", button.path].body
    known = body.model_fields if body is not None else {}
    made = []
    for one in (it for it in button.fields if isinstance(it, Field)):
        info = known.get(one.name)
        drawn = cells.drawn(registry, "", one, info.annotation if info else None)
        refers = drawn.refers or cells.guessed(registry, one.name)
        if refers:
            drawn = cells.Drawn(one.name, one.label, "reference", drawn.choices, refers)
        name = f"_{button.id}.{one.name}"
        value = draft.value(name)
        needed = info is not None and info.is_required()
        if refers and value is None and needed and (one.usual or not path):
            value = web_usual.only(ctx, refers, one.usual)
        names = cells.names(ctx, [drawn], [{one.name: id_of(value)}])
        made.append(
            input_of(
                one,
                drawn,
                info,
                value,
                Painter(cells.style(ctx), names),
                name=name,
                fault=draft.fault(one.name),
                required=needed,
                named=draft.named(name, drawn.refers),
            )
        )
    tables = tuple(one.table(draft.data, draft) for one in web_act_lines.of(ctx, path, button))
    return Question(button, tuple(made), place, draft.refusal, tables)


def asked_by(ctx: Ctx, view: ListView, asked: Asked) -> Question | None:
    """Return what the list asks for before an act, if it does."""
    wanted = asked.query.get("_acto")
    button = next((b for b in view.buttons if b.id == wanted and "{id}" not in b.path), None)
    return question(ctx, button, address(view.resource)) if button is not None else None


def act(ctx: Ctx, path: str, asked: Asked) -> Outcome:
    """Do what a button says: of the list itself, or with each chosen record."""
    view = next((v for v in visible(ctx, path) if isinstance(v, ListView)), None)
    if view is None:
        raise NotFound
    wanted = asked.form.get("_acto")
    if wanted == "_mover":
        from kernel import web_board

        return web_board.move(ctx, path, asked)
    if wanted in ("_guardar_vista", "_quitar_vista"):
        return _saved(ctx, view, asked)
    button = next((one for one in view.buttons if one.id == wanted), None)
    if button is not None and "{id}" not in button.path:
        return _act_alone(ctx, view, button, asked)
    if button is None and wanted != "_eliminar":
        raise NotFound
    if asked.form.get("_todos") and "limit" in _query_of(ctx, path):
        return _act_on_all(ctx, view, button, asked)
    ids = [one for one in asked.form.all("id") if one.isascii() and one.isdigit()][:MAX_AT_ONCE]
    done, refusals = _each(ctx, path, button, ids)
    return _told(ctx, view, asked, done, refusals)


def _query_of(ctx: Ctx, path: str) -> Mapping[str, Any]:
    query = ctx.runtime.registry.addresses["GET", path].query
    return query.model_fields if query is not None else {}


def _act_on_all(ctx: Ctx, view: ListView, button: Button | None, asked: Asked) -> Outcome:
    """Leave a job that acts on all that the list's query finds, and lead to how it goes."""
    path = view.resource
    act = bulk.DELETE if button is None else button.path
    target = ("DELETE", f"{path}{{id}}/") if button is None else ("POST", button.path)
    if not may(ctx, *target):
        raise Forbidden("Su rol no puede hacer esto con los registros de la lista.")
    query = asked.form.get("_consulta")
    fetch(ctx, path, f"{query}&limit=1" if query else "limit=1")  # a bad query is refused now
    ctx.enqueue(bulk.NAME, path=path, act=act, query=query)
    return redirect(ctx, f"{address(path)}?{urlencode({'_encargado': 1})}", asked)


def _saved(ctx: Ctx, view: ListView, asked: Asked) -> Outcome:
    """Keep what the list shows under a name, or forget such a view."""
    form, place = asked.form, address(view.resource)
    query = form.get("consulta").removeprefix("?")
    back = f"{place}?{query}" if query else f"{place}?_v=list"
    if form.get("_acto") == "_quitar_vista":
        send(ctx, "DELETE", f"{web_list.SAVED}{{id}}/", {}, id=form.get("vista"))
        return redirect(ctx, back, asked)
    body = {
        "vista": view.id,
        "nombre": form.get("nombre"),
        "consulta": query or "_v=list",
        "compartida": form.get("compartida") == "true",
        "predeterminada": form.get("predeterminada") == "true",
    }
    try:
        send(ctx, "POST", web_list.SAVED, body)
    except DomainError as refusal:
        if refusal.status == 401:
            raise
        values = around(ctx, view, asked)
        values["outcome"] = (refusal.message, [(0, one.message) for one in refusal.errors])
        return web.render(ctx, asked, "list.html", status=refusal.status, record=None, **values)
    return redirect(ctx, back, asked)


def _act_alone(ctx: Ctx, view: ListView, button: Button, asked: Asked) -> Outcome:
    place = address(view.resource)
    try:
        made = send(ctx, "POST", button.path, web_form.button_body(ctx, button, asked.form))
    except DomainError as refusal:
        if refusal.status in (401, 403):
            raise
        values = around(ctx, view, asked)
        values["question"] = question(ctx, button, place, Draft({}, asked.form, refusal))
        return web.render(ctx, asked, "list.html", status=refusal.status, record=None, **values)
    made_id = made.get("id") if isinstance(made, Mapping) else None
    if made_id is not None and web_seen.form(ctx, view.resource):
        return redirect(ctx, f"{place}{made_id}/?_hecho=hecho", asked)
    return redirect(ctx, place, asked)


def _each(
    ctx: Ctx, path: str, button: Button | None, ids: list[str]
) -> tuple[int, dict[str, DomainError]]:
    """Act on each record by itself: one that is refused keeps no other from it."""
    done, refusals = 0, {}
    for one in ids:
        method, where = ("DELETE", f"{path}{{id}}/") if button is None else ("POST", button.path)

        def run(one: str = one, method: str = method, where: str = where) -> Any:
            return send(ctx, method, where, {}, id=one)

        try:
            attempt(ctx, run)
            done += 1
        except DomainError as refusal:
            refusals[one] = refusal
    return done, refusals


def _told(
    ctx: Ctx, view: ListView, asked: Asked, done: int, refusals: Mapping[str, DomainError]
) -> Outcome:
    if not refusals:
        query = urlencode({"_hechos": done})
        back = asked.form.get("_de") or address(view.resource)
        return redirect(ctx, f"{back}{'&' if '?' in back else '?'}{query}", asked)
    values = around(ctx, view, asked)
    values["outcome"] = (
        translations.number("Se hizo con {n} registro.", "Se hizo con {n} registros.", done),
        [(one, refusal.message) for one, refusal in refusals.items()],
    )
    return web.render(ctx, asked, "list.html", status=409, record=None, **values)
