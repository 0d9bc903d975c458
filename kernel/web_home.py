"""The first page of a user: figures of the dashboards that are theirs, what waits, what to begin.

A tile is a report: who may not ask for it does not get its tile. An empty company gets the steps to
its first sale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode

from kernel import cells, charts, translations, web
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.errors import DomainError, NotFound
from kernel.page import Asked, fetch
from kernel.translations import later
from kernel.views import DashboardView, FormView, Step, Tile
from kernel.web_routes import address
from kernel.web_seen import may

MOST_ROWS = 6
MOST_POINTS = 60
SHORTCUTS = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """A tile as it is shown."""

    label: str
    widget: str
    said: str = ""
    drawing: charts.Drawing | None = None
    rows: tuple[tuple[str, str], ...] = ()
    link: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """A step of the first days, and whether it was taken."""

    title: str
    text: str
    page: str
    icon: str
    done: bool


def home(ctx: Ctx, asked: Asked) -> Outcome:
    """Return the first page."""
    registry = ctx.runtime.registry
    views = [one for one in registry.screens.views.values() if isinstance(one, DashboardView)]
    boards = [one for one in views if ctx.can(one.permission)]
    steps = _steps(ctx)
    return web.render(
        ctx,
        asked,
        "home.html",
        title=later("Inicio"),
        boards=[(one, tiles(ctx, one)) for one in boards],
        steps=steps,
        left=[one for one in steps if not one.done],
        shortcuts=_shortcuts(ctx),
    )


def dashboard(ctx: Ctx, asked: Asked, view_id: str) -> Outcome:
    """Return the page of one dashboard."""
    view = ctx.runtime.registry.screens.views.get(view_id)
    if not isinstance(view, DashboardView) or not ctx.can(view.permission):
        raise NotFound
    shown = [(view, tiles(ctx, view))]
    return web.render(
        ctx,
        asked,
        "home.html",
        title=view.title,
        crumbs=[(view.title, "")],
        boards=shown,
        steps=[],
        left=[],
        shortcuts=[],
    )


def tiles(ctx: Ctx, view: DashboardView) -> list[Shown]:
    """Return the tiles that are the user's to see."""
    return [_tile(ctx, one) for one in view.tiles if may(ctx, "GET", one.report)]


def _tile(ctx: Ctx, tile: Tile) -> Shown:
    how = cells.style(ctx)
    label = translations.translate(tile.label)
    pairs = [(name, cells.resolved(value, how.today)) for name, value in parse_qsl(tile.query)]
    try:
        answer = fetch(ctx, tile.report, urlencode(pairs))
    except DomainError as refusal:
        return Shown(label, tile.widget, refusal=refusal.message)
    items: Sequence[Mapping[str, Any]] = answer["items"]
    names = list(items[0]) if items else []
    by = tile.by or next(iter(names), "")
    measure = tile.measure or next(reversed(names), "")
    link = _link(ctx, tile)
    points = [
        charts.Point(_said(one.get(by), how), float(cells.exact(one.get(measure))),
                     _said(one.get(measure), how))
        for one in items[:MOST_POINTS]
    ]  # fmt: skip
    if tile.widget == "table":
        rows = tuple((one.label, one.said) for one in points[:MOST_ROWS])
        return Shown(label, tile.widget, rows=rows, link=link)
    if tile.widget == "number":
        whole = answer["totales"].get(measure)
        total = whole if whole is not None else sum(cells.exact(one[measure]) for one in items)
        drawing = charts.spark(points) if len(points) > 1 else None
        return Shown(label, tile.widget, _said(total, how), drawing, link=link)
    drawing = charts.chart(tile.widget, points, label)
    return Shown(label, tile.widget, drawing=drawing, link=link)


def _link(ctx: Ctx, tile: Tile) -> str:
    view = ctx.runtime.registry.screens.views.get(tile.view)
    resource = getattr(view, "resource", "")
    return address(resource) if view is not None and resource and ctx.can(view.permission) else ""


def _said(value: Any, how: cells.Style) -> str:
    if isinstance(value, bool) or value is None:
        return "—" if value is None else str(value)
    if isinstance(value, int):
        return cells.number(value, how)
    if isinstance(value, Decimal | float):
        return cells.money(value, how)
    text = str(value)
    try:
        return cells.day(text, how) if len(text) == len("2026-01-31") else _amount(text, how)
    except ValueError:
        return text


def _amount(text: str, how: cells.Style) -> str:
    plain = text.lstrip("-").replace(".", "", 1)
    return cells.money(text, how) if plain.isdigit() and "." in text else text


# What to begin with -----------------------------------------------------------------------------


def _shortcuts(ctx: Ctx) -> list[tuple[str, str, str]]:
    """Return where the user may begin, and the records that they may make: label, address, icon."""
    screens = ctx.runtime.registry.screens
    icons = {one.view: one.icon for one in screens.menus}
    found = []
    for menu in screens.entries(ctx.can):
        if menu.begins and menu.page:
            found.append((menu.title, menu.page, menu.icon or "plus"))
        resource = getattr(screens.views.get(menu.view), "resource", "")
        form = screens.form_of(resource) if resource else None
        if isinstance(form, FormView) and may(ctx, "POST", resource):
            found.append((form.title, f"{address(resource)}nuevo/", icons[menu.view] or "plus"))
    return found[:SHORTCUTS]


def step_after(ctx: Ctx, path: str) -> Begun | None:
    """Return the next step of the first days, where what was just kept was one of them."""
    if not any(one.asks == path for one in _of_user(ctx)):
        return None
    return next((one for one in _steps(ctx) if not one.done), None)


def _steps(ctx: Ctx) -> list[Begun]:
    """Return the steps of the first days, while one of them is not taken."""
    begun = [
        Begun(one.title, one.text, one.page, one.icon, _is_done(ctx, one)) for one in _of_user(ctx)
    ]
    return begun if any(not one.done for one in begun) else []


def _of_user(ctx: Ctx) -> list[Step]:
    steps: list[Step] = ctx.runtime.registry.gather("register_steps")
    return [one for one in sorted(steps, key=lambda one: one.order) if ctx.can(one.permission)]


def _is_done(ctx: Ctx, step: Step) -> bool:
    """Whether the address answers something: a document, or a list that is not empty."""
    try:
        answer = fetch(ctx, step.asks, step.query)
    except DomainError:
        return False
    items = answer.get("items", answer) if isinstance(answer, Mapping) else answer
    return bool(items)
