"""Boards: records as cards in columns, one for each state, moved by hand or from the keyboard.

A card moves where the resource takes the field itself, or where a button of the form leads to the
state of the column; what that is refused, the board says. Nothing here is a second way to a state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kernel import cells, listing, translations, web, web_rows
from kernel.answers import Outcome
from kernel.cells import Painter
from kernel.context import Ctx
from kernel.errors import DomainError, NotFound
from kernel.page import Asked, Pairs, fetch, redirect, send
from kernel.views import Button, Column, FormView, KanbanView, ListView
from kernel.web_list import around
from kernel.web_listed import Listed
from kernel.web_routes import address
from kernel.web_seen import drawn_columns, may, visible

PER_LANE = 40


@dataclass(frozen=True, slots=True)
class Move:
    """A column that a card may go to."""

    value: str
    label: str
    question: str = ""
    """The record's address, where the act asks for something first."""


@dataclass(frozen=True, slots=True)
class Card:
    """A record as a card."""

    id: int
    name: str
    address: str
    facts: tuple[tuple[str, Any], ...]
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """A column of the board; ``more`` is its list where not all of its cards are shown."""

    value: str
    label: str
    tone: str
    count: str
    cards: tuple[Card, ...]
    more: str


def context(ctx: Ctx, base: ListView, view: KanbanView, asked: Asked) -> dict[str, Any]:
    """Return what the template of a board shows."""
    listed = Listed(ctx, base, asked, limit=1)
    counts = _counts(ctx, listed, view)
    ways = _ways(ctx, view)
    parts = [Column(view.name, view.name), *view.columns]
    drawn = drawn_columns(ctx, view, parts)
    lanes = []
    for choice in view.choices:
        pairs = [pair for pair in asked.query if pair[0] != view.by]
        narrowed = Asked(asked.path, Pairs([*pairs, (view.by, choice.value)]))
        found = Listed(ctx, base, narrowed, PER_LANE, [one.name for one in drawn])
        painter = Painter(found.how, cells.names(ctx, drawn, found.items))
        moves = tuple(
            Move(one.value, translations.translate(one.label), ways[choice.value, one.value])
            for one in view.choices
            if (choice.value, one.value) in ways
        )
        size = counts.get(choice.value, 0)
        lanes.append(
            Lane(
                choice.value,
                translations.translate(choice.label),
                choice.tone,
                cells.number(size, found.how),
                tuple(_card(painter, drawn, one, found.place, moves) for one in found.items),
                listed.link(_v=None, **{view.by: choice.value}) if size > PER_LANE else "",
            )
        )
    return {"list": listed, "chips": listed.facets.chips, "lanes": lanes}


def _counts(ctx: Ctx, listed: Listed, view: KanbanView) -> dict[str, int]:
    if listed.resource is None:
        raise NotFound
    groups = listing.groups(ctx, listed.resource, listed.parsed(), [view.by], [], len(view.choices))
    return {str(one.values[0]): one.size for one in groups}


def _card(
    painter: Painter, drawn: list[cells.Drawn], item: Mapping[str, Any], place: str, moves: Any
) -> Card:
    name, *others = drawn
    facts = tuple(
        (translations.translate(one.label), web_rows.cell(painter, one, item.get(one.name)))
        for one in others
    )
    said = painter.said(name, item.get(name.name)) or translations.translate(
        "N.º {n}", n=item["id"]
    )
    asking = tuple(
        Move(m.value, m.label, f"{place}{item['id']}/" if m.question else "") for m in moves
    )
    return Card(item["id"], said, f"{place}{item['id']}/", facts, asking)


def _ways(ctx: Ctx, view: KanbanView) -> dict[tuple[str, str], str]:
    """Return from which state to which a card can go, and the button that asks before, if any."""
    values = [one.value for one in view.choices]
    found: dict[tuple[str, str], str] = {}
    if _takes_field(ctx, view):
        found = {(start, end): "" for start in values for end in values if start != end}
    for button in _buttons(ctx, view):
        starts = button.when or tuple(values)
        asks = button.id if button.fields else ""
        found |= {(start, button.leads): asks for start in starts if start != button.leads}
    return found


def _takes_field(ctx: Ctx, view: KanbanView) -> bool:
    target = ("PUT", f"{view.resource}{{id}}/")
    endpoint = ctx.runtime.registry.addresses.get(target)
    body = endpoint.body if endpoint is not None else None
    return body is not None and view.by in body.model_fields and may(ctx, *target)


def _buttons(ctx: Ctx, view: KanbanView) -> list[Button]:
    form = next((v for v in visible(ctx, view.resource) if isinstance(v, FormView)), None)
    return [one for one in form.buttons if one.leads] if form is not None else []


def move(ctx: Ctx, path: str, asked: Asked) -> Outcome:
    """Move a card to a column, and lead back to the board."""
    view = next((v for v in visible(ctx, path) if isinstance(v, KanbanView)), None)
    base = next((v for v in visible(ctx, path) if isinstance(v, ListView)), None)
    record, end = asked.form.get("id"), asked.form.get("a")
    if view is None or base is None or not record.isdigit():
        raise NotFound
    item = fetch(ctx, f"{path}{{id}}/", id=record)
    start = str(item.get(view.by))
    button = next(
        (b for b in _buttons(ctx, view) if b.leads == end and (not b.when or start in b.when)), None
    )
    try:
        if button is not None:
            body = {button.identifies: int(record)} if button.identifies else {}
            send(ctx, "POST", button.path, body, id=record)
        elif _takes_field(ctx, view):
            version = {"version": item["version"]} if "version" in item else {}
            send(ctx, "PUT", f"{path}{{id}}/", {view.by: end, **version}, id=record)
        else:
            raise NotFound
    except DomainError as refusal:
        if refusal.status in (401, 404):
            raise
        values = around(ctx, view, asked)
        values["crumbs"] = [(base.title, address(path)), (view.title, "")]
        values["refusal"] = refusal
        shown = context(ctx, base, view, asked)
        return web.render(ctx, asked, "board.html", status=refusal.status, **values, **shown)
    return redirect(ctx, f"{address(path)}?{asked.query.encoded(_v='kanban')}", asked)
