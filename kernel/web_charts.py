"""Records in other shapes than a list: a chart, a cross table, the days of a month.

Each is the list's own query, grouped by the database: filters, permissions and rules are the same.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from kernel import cells, charts, listing, translations, web, web_board, web_map
from kernel.answers import Outcome
from kernel.cells import Drawn, Painter
from kernel.context import Ctx
from kernel.errors import NotFound
from kernel.listing import Group
from kernel.page import Asked, Pairs
from kernel.views import (
    CalendarView,
    Column,
    GraphView,
    KanbanView,
    ListView,
    MapView,
    PivotView,
    View,
)
from kernel.web_list import around
from kernel.web_listed import Listed
from kernel.web_routes import address
from kernel.web_seen import drawn_columns, visible

MAX_POINTS = 400
PER_DAY = 4


def show(ctx: Ctx, view: View, asked: Asked) -> Outcome:
    """Return the page of a chart, cross table or calendar."""
    path = getattr(view, "resource", "")
    base = next((one for one in visible(ctx, path) if isinstance(one, ListView)), None)
    if base is None:
        raise NotFound
    values = around(ctx, view, asked)
    values["crumbs"] = [(base.title, address(path)), (view.title, "")]
    if isinstance(view, KanbanView):
        shown = web_board.context(ctx, base, view, asked)
        return web.render(ctx, asked, "board.html", **values, **shown)
    if isinstance(view, MapView):
        return web_map.show(ctx, base, view, asked, values)
    if isinstance(view, GraphView):
        return web.render(ctx, asked, "graph.html", **values, **_graph(ctx, base, view, asked))
    if isinstance(view, PivotView):
        return web.render(ctx, asked, "pivot.html", **values, **_pivot(ctx, base, view, asked))
    if isinstance(view, CalendarView):
        return web.render(ctx, asked, "calendar.html", **values, **_month(ctx, base, view, asked))
    raise NotFound


def _column(ctx: Ctx, base: ListView, name: str) -> Drawn:
    """Return a field as the list shows it, which knows its choices."""
    known = next((one for one in base.columns if one.name == name), Column(name, name))
    return drawn_columns(ctx, base, [known])[0]


def _timed(column: Drawn, unit: str = "day") -> str:
    return f"{column.name}:{unit}" if column.widget in ("moment", "day") else column.name


def _grouped(
    ctx: Ctx, listed: Listed, by: Sequence[str], measure: str, limit: int = MAX_POINTS
) -> list[Group]:
    if listed.resource is None:
        raise NotFound
    sums = [measure] if measure else []
    return listing.groups(ctx, listed.resource, listed.parsed(), by, sums, limit)


def _measured(group: Group, measure: str) -> Decimal:
    return (group.sums[0] or Decimal(0)) if measure else Decimal(group.size)


class _Reader:
    """Says values of grouped columns."""

    def __init__(self, ctx: Ctx, columns: Sequence[Drawn], groups: Sequence[Group]) -> None:
        self.how = cells.style(ctx)
        rows = [{c.name: v for c, v in zip(columns, group.values, strict=True)} for group in groups]
        self.painter = Painter(self.how, cells.names(ctx, columns, rows))

    def say(self, column: Drawn, value: Any) -> str:
        if value is None:
            return "—"
        return (
            cells.day(value, self.how)
            if isinstance(value, date)
            else self.painter.said(column, value)
        )

    def amount(self, value: Decimal, measure: str) -> str:
        return cells.money(value, self.how) if measure else cells.number(value, self.how)


def _graph(ctx: Ctx, base: ListView, view: GraphView, asked: Asked) -> dict[str, Any]:
    listed = Listed(ctx, base, asked, limit=1)
    column = _column(ctx, base, view.by)
    groups = _grouped(ctx, listed, [_timed(column)], view.measure)
    reader = _Reader(ctx, [column], groups)
    points = [
        charts.Point(
            reader.say(column, one.values[0]),
            float(_measured(one, view.measure)),
            reader.amount(_measured(one, view.measure), view.measure),
        )
        for one in groups
    ]
    drawn = charts.chart(view.chart, points, translations.translate(view.title))
    return {"list": listed, "chips": listed.facets.chips, "chart": drawn, "points": points}


def _pivot(ctx: Ctx, base: ListView, view: PivotView, asked: Asked) -> dict[str, Any]:
    listed = Listed(ctx, base, asked, limit=1)
    rows, across = _column(ctx, base, view.rows), _column(ctx, base, view.across)
    by = [_timed(rows, "month"), _timed(across, "month")]
    groups = _grouped(ctx, listed, by, view.measure, 5000)
    reader = _Reader(ctx, [rows, across], groups)
    sums = {one.values: _measured(one, view.measure) for one in groups}
    heads = list(dict.fromkeys(one.values[1] for one in groups))
    firsts = list(dict.fromkeys(one.values[0] for one in groups))

    def said(values: Sequence[Decimal]) -> list[str]:
        return [reader.amount(one, view.measure) for one in values]

    nothing = Decimal(0)
    lines = [
        (
            reader.say(rows, first),
            said([sums.get((first, head), nothing) for head in heads]),
            said([sum((sums.get((first, head), nothing) for head in heads), nothing)])[0],
        )
        for first in firsts
    ]
    totals = [sum((sums.get((f, head), nothing) for f in firsts), nothing) for head in heads]
    return {
        "list": listed,
        "chips": listed.facets.chips,
        "heads": [reader.say(across, one) for one in heads],
        "lines": lines,
        "totals": said([*totals, sum(totals, nothing)]),
    }


def _month(ctx: Ctx, base: ListView, view: CalendarView, asked: Asked) -> dict[str, Any]:
    how = cells.style(ctx)
    first = _first_of_month(asked.query.get("_mes"), how.today)
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    start, end = weeks[0][0], weeks[-1][-1]
    window = {f"{view.start}__gte": start.isoformat(), f"{view.start}__lte": end.isoformat()}
    narrowed = Asked(asked.path, Pairs([*asked.query, *window.items()]))
    listed = Listed(ctx, base, narrowed, limit=500)
    found: dict[date, list[tuple[str, str]]] = {}
    columns = drawn_columns(ctx, view, [Column(view.name, view.name), *view.columns])
    shown = [one for one in columns if one.name in {c.name for c in listed.all_columns}]
    painter = Painter(how, cells.names(ctx, shown, listed.items))
    for item in listed.items:
        on = cells.local_day(item.get(view.start), how)
        label = " · ".join(painter.said(one, item.get(one.name)) for one in shown)
        if on is not None:
            found.setdefault(on, []).append((label, f"{address(base.resource)}{item['id']}/"))
    month = cells.MONTHS[translations.spoken()][first.month - 1]
    return {
        "list": listed,
        "month": f"{month} {first.year}",
        "chips": [],
        "weeks": weeks,
        "first": first,
        "today": how.today,
        "entries": found,
        "per_day": PER_DAY,
        "weekdays": WEEKDAYS[translations.spoken()],
        "before": (first - timedelta(days=1)).strftime("%Y-%m"),
        "after": (first + timedelta(days=32)).strftime("%Y-%m"),
    }


WEEKDAYS = {
    "es": ["lun", "mar", "mié", "jue", "vie", "sáb", "dom"],
    "en": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
}


def _first_of_month(text: str, today: date) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
