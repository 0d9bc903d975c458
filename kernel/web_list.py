"""Lists on a page: what the API answers to the same query, with its facets, groups and columns.

The query of the page is that of the API's list; names that begin with ``_`` are the page's own:
``_cols`` (columns), ``_por`` (groups), ``_v`` (kind of view), ``_antes`` (page before), ``_n``
(number of the first row).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from kernel import cells, listing, paging, queries, screens, translations, web
from kernel.answers import Outcome
from kernel.cells import Drawn, Painter
from kernel.context import Ctx
from kernel.errors import DomainError, NotFound
from kernel.http import Endpoint
from kernel.page import Asked, Pairs, fetch, redirect
from kernel.resource import Resource
from kernel.views import Filter, ListView, View
from kernel.web_routes import address

CAP = 1000
"""Rows beyond which a list says «1,000+»."""
MAX_GROUPS = 200
SAVED = "/api/vistas-guardadas/"
PAGING = ("next", "limit", "fields", "_antes", "_n", "_acto", "_hecho", "_hechos")
VIEW_ICONS = {
    "list": "list",
    "kanban": "square-kanban",
    "graph": "chart-line",
    "calendar": "calendar",
    "pivot": "table-2",
    "map": "map",
}


def show(ctx: Ctx, path: str, asked: Asked) -> Outcome:
    """Return the page of a resource's views: the list, or the kind that is asked for."""
    wanted = asked.query.get("_v", "list")
    found = [one for one in visible(ctx, path) if one.kind != "form"]
    if not found:
        raise NotFound
    view = next((one for one in found if one.kind == wanted), found[0])
    if not isinstance(view, ListView):
        from kernel import web_charts

        return web_charts.show(ctx, view, asked)
    saved = fetch(ctx, SAVED, urlencode({"vista": view.id}))
    first = next((one for one in saved if one["predeterminada"] and one["propia"]), None)
    if first is not None and not asked.query.pairs and not asked.target:
        return redirect(ctx, f"{asked.path}?{first['consulta']}", asked)
    values = around(ctx, view, asked)
    return web.render(ctx, asked, "list.html", **values, saved=saved, record=None)


def visible(ctx: Ctx, path: str) -> list[View]:
    """Return the views of a resource as the user sees them."""
    registry = ctx.runtime.registry
    eyes = registry.eyes(ctx.can)
    views = [registry.screens.shown(one.id, eyes) for one in registry.screens.of_resource(path)]
    return [one for one in views if one is not None]


def around(ctx: Ctx, view: View, asked: Asked) -> dict[str, Any]:
    """Return what the page of any view of records shows."""
    path = getattr(view, "resource", "")
    place = address(path)
    kept = Pairs((n, v) for n, v in asked.query if n not in ("_v", *PAGING))
    switch = [
        (
            one.kind,
            VIEW_ICONS[one.kind],
            one.title,
            f"{place}?{kept.encoded(_v=None if one.kind == 'list' else one.kind)}".rstrip("?"),
        )
        for one in visible(ctx, path)
        if one.kind in VIEW_ICONS
    ]
    values: dict[str, Any] = {
        "view": view,
        "title": view.title,
        "crumbs": [(view.title, "")],
        "place": place,
        "switch": switch if len(switch) > 1 else [],
        "new": f"{place}nuevo/" if may(ctx, "POST", path) and form(ctx, path) else "",
    }
    if isinstance(view, ListView):
        from kernel import web_acts

        values["list"] = Listed(ctx, view, asked)
        exports = f"{path}exportar/"
        values["exports"] = exports if may(ctx, "GET", exports) else ""
        values["acts"] = acts(ctx, view)
        values["shares"] = ctx.can("vistas.compartir")
        values["question"] = web_acts.asked_by(ctx, view, asked)
        done = asked.query.get("_hechos")
        values["outcome"] = (_done(int(done)), []) if done.isdigit() else None
    return values


def acts(ctx: Ctx, view: ListView) -> list[tuple[str, str, str]]:
    """Return what can be done with chosen rows: value, label and tone."""
    found = [
        (one.id, translations.translate(one.label), "primary" if one.primary else "")
        for one in view.buttons
        if "{id}" in one.path and not one.fields
    ]
    if may(ctx, "DELETE", f"{view.resource}{{id}}/"):
        found.append(("_eliminar", translations.translate("Eliminar"), "danger"))
    return found


def _done(count: int) -> str:
    return translations.number("Se hizo con {n} registro.", "Se hizo con {n} registros.", count)


def form(ctx: Ctx, path: str) -> bool:
    """Return whether a resource has a form."""
    return ctx.runtime.registry.screens.form_of(path) is not None


def may(ctx: Ctx, method: str, path: str) -> bool:
    """Return whether the user may call an address of the API."""
    found = ctx.runtime.registry.addresses.get((method, path))
    return found is not None and (not found.permission or ctx.can(found.permission))


def drawn_columns(ctx: Ctx, view: View, parts: Sequence[Any]) -> list[Drawn]:
    """Return how parts of a view are drawn; worked out once a process."""
    registry = ctx.runtime.registry
    path = getattr(view, "resource", "")
    found = []
    for part in parts:
        key = ("drawn", view.id, part)
        if key not in registry.memo:
            kinds = screens.fields_of(registry.addresses, path)
            registry.memo[key] = cells.drawn(registry, path, part, kinds.get(part.name))
        found.append(registry.memo[key])
    return found


@dataclass(frozen=True, slots=True)
class Chip:
    """A condition of the list, and the address without it."""

    label: str
    without: str


@dataclass(frozen=True, slots=True)
class Facet:
    """An input of the filter panel."""

    name: str
    label: str
    kind: str
    value: str
    options: tuple[tuple[str, str], ...] = ()
    until: str = ""
    """The value of the second input, where there are two."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its record, and what its cells show."""

    id: int
    address: str
    cells: tuple[Any, ...]
    data: Mapping[str, Any]


class Listed:
    """A list as its template needs it; what the template doesn't ask for isn't read."""

    def __init__(self, ctx: Ctx, view: ListView, asked: Asked, limit: int | None = None) -> None:
        self.ctx = ctx
        self.view = view
        self.asked = asked
        self.place = address(view.resource)
        registry = ctx.runtime.registry
        self.endpoint: Endpoint = registry.addresses["GET", view.resource]
        self.resource: Resource | None = cells.resource_at(registry, view.resource)
        self.how = cells.style(ctx)
        self.all_columns = drawn_columns(ctx, view, view.columns)
        self.columns = self._chosen()
        self.problem: DomainError | None = None
        self.opens = form(ctx, view.resource)
        known = self.endpoint.query.model_fields if self.endpoint.query else {}
        hidden = registry.eyes(ctx.can).hidden(view.resource)
        self.known = frozenset(name for name in known if name.partition("__")[0] not in hidden)
        sorts = _literals(known["sort"]) if "sort" in known else ()
        self.sorts = frozenset(one for one in sorts if one.lstrip("-") not in hidden)
        self.limit = limit or _limit(asked.query.get("limit"))
        self.items: list[dict[str, Any]] = []
        self.next = self.before = ""
        self.first = max(1, _number(asked.query.get("_n"), 1))
        if not self.grouped:
            self._read()

    # Query -----------------------------------------------------------------------------------

    def _chosen(self) -> list[Drawn]:
        wanted = [one for one in self.asked.query.get("_cols").split(",") if one]
        by_name = {one.name: one for one in self.all_columns}
        chosen = [by_name[one] for one in wanted if one in by_name]
        return chosen or [one for one in self.all_columns if not one.optional]

    @property
    def kept(self) -> Pairs:
        """What of the query the page understands; the rest goes no further."""
        names = {*self.known, "_v", "_mes"} - {"sort"}
        pairs = [(name, value) for name, value in self.asked.query if name in names]
        own = {
            "sort": self.sort,
            "_cols": ",".join(one.name for one in self.columns),
            "_por": ",".join(self.grouped),
        }
        return Pairs([*pairs, *((n, v) for n, v in own.items() if self.asked.query.get(n))])

    @property
    def conditions(self) -> list[tuple[str, str]]:
        """The filters and the search that the API knows."""
        skipped = {*PAGING, "sort"}
        return [
            (name, resolved(value, self.how.today))
            for name, value in self.asked.query
            if isinstance(value, str) and value and name in self.known and name not in skipped
        ]

    @property
    def sort(self) -> str:
        """The sort that counts."""
        asked = self.asked.query.get("sort")
        if asked in self.sorts:
            return asked
        return self.resource.sort[0] if self.resource else ""

    @property
    def grouped(self) -> list[str]:
        """The fields that rows are grouped by."""
        allowed = {name for name, _ in self.groupable}
        return [one for one in self.asked.query.get("_por").split(",") if one in allowed][:2]

    def query(self, **more: str) -> str:
        """Return the query that the API gets."""
        sort = [("sort", self.sort)] if self.sort else []
        together = dict([*self.conditions, *sort, *more.items()])
        return urlencode(together)

    def parsed(self) -> Any:
        """Return the query as the API's list reads it."""
        return queries.parse(self.query().encode(), self.endpoint.query or queries.Nothing)

    def _read(self) -> None:
        """Read the page: forward from a cursor, or backward to what stands before one."""
        backward = self.asked.query.get("_antes")
        more: dict[str, str] = {"limit": str(self.limit)} if "limit" in self.known else {}
        if "fields" in self.known:
            more["fields"] = ",".join(self._needed())
        cursor = backward or self.asked.query.get("next")
        if cursor and "next" in self.known:
            more["next"] = cursor
        if backward:
            more["sort"] = reversed_sort(self.sort)
        try:
            answer = fetch(self.ctx, self.view.resource, self.query(**more))
        except DomainError as error:
            if error.status != 400:
                raise
            self.problem = error
            return
        items = answer["items"] if isinstance(answer, dict) else answer
        self.items = items[::-1] if backward else items
        further = bool(isinstance(answer, dict) and answer.get("next"))
        self.next = self._cursor(-1, self.sort) if (further or backward) and self.items else ""
        started = bool(cursor) if not backward else further
        self.before = self._cursor(0, reversed_sort(self.sort)) if started and self.items else ""

    def _needed(self) -> list[str]:
        shown = [one.name for one in self.columns]
        return list(dict.fromkeys(["id", *shown, self.sort.lstrip("-")]))

    def _cursor(self, place: int, sort: str) -> str:
        row = self.items[place]
        return paging.encode(sort, row.get(sort.lstrip("-")), row["id"])

    # Shown -----------------------------------------------------------------------------------

    @property
    def rows(self) -> Iterator[Row]:
        """The rows of the page."""
        names = cells.names(self.ctx, self.columns, self.items)
        painter = Painter(self.how, names)
        kept = self.kept.encoded("_n")
        tail = f"?{kept}" if kept else ""
        for item in self.items:
            shown = tuple(painter.cell(one, item) for one in self.columns)
            yield Row(item["id"], f"{self.place}{item['id']}/{tail}", shown, item)

    @property
    def counted(self) -> str:
        """How many rows there are, no further than the cap."""
        if self.resource is None or self.problem is not None:
            return str(len(self.items))
        found = listing.count(self.ctx, self.resource, self.parsed(), CAP)
        return f"{cells.number(CAP, self.how)}+" if found > CAP else cells.number(found, self.how)

    @property
    def span(self) -> str:
        """Which rows the page shows: 1–50."""
        if not self.items:
            return "0"
        last = self.first + len(self.items) - 1
        return f"{cells.number(self.first, self.how)}–{cells.number(last, self.how)}"

    def link(self, **changes: str | None) -> str:
        """Return this list with changes to its query, from its first page."""
        query = self.kept.encoded(*PAGING, **changes)
        return f"{self.place}?{query}" if query else self.place

    @property
    def next_link(self) -> str:
        """The page after this one."""
        if not self.next:
            return ""
        first = str(self.first + len(self.items))
        return self.link(next=self.next, _n=first)

    @property
    def before_link(self) -> str:
        """The page before this one; the first page has no cursor."""
        if not self.before:
            return ""
        first = self.first - self.limit
        return self.link(_antes=self.before, _n=str(first)) if first > 1 else self.link()

    def sort_link(self, column: Drawn) -> str:
        """Return the list sorted by a column, the other way round if it is already."""
        if column.name not in self.sorts:
            return ""
        newest_first = column.widget in ("moment", "day")
        flip = {column.name: f"-{column.name}", f"-{column.name}": column.name}
        start = f"-{column.name}" if newest_first else column.name
        return self.link(sort=flip.get(self.sort, start))

    def sorted_by(self, column: Drawn) -> str:
        """Return how the list is sorted by a column, as ``aria-sort`` says it."""
        if self.sort.lstrip("-") != column.name:
            return "none"
        return "descending" if self.sort.startswith("-") else "ascending"

    def toggled(self, column: Drawn) -> str:
        """Return the list with a column shown, or without it if it is."""
        shown = {one.name for one in self.columns} ^ {column.name}
        names = [one.name for one in self.all_columns if one.name in shown]
        return self.link(_cols=",".join(names) or None)

    def export_query(self, kind: str) -> str:
        """Return the query that exports what the list's filters find."""
        return self.query(formato=kind)

    @property
    def presets(self) -> list[tuple[Filter, bool, str]]:
        """The declared filters: whether each is on, and the address that turns it."""
        found = []
        for one in self.view.filters:
            wanted = dict(parse_qsl(one.query))
            on = all(self.asked.query.get(name) == value for name, value in wanted.items())
            turned: dict[str, str | None] = dict.fromkeys(wanted) if on else {**wanted}
            found.append((one, on, self.link(**turned)))
        return found

    @property
    def chips(self) -> list[Chip]:
        """The conditions that are on, each with the address that takes it away."""
        named: set[str] = set()
        found = []
        for one, on, off in self.presets:
            if on:
                found.append(Chip(translations.translate(one.label), off))
                named |= set(dict(parse_qsl(one.query)))
        for name, value in self.conditions:
            if name != "q" and name not in named:
                found.append(Chip(self._told(name, value), self.link(**{name: None})))
        return found

    def _told(self, name: str, value: str) -> str:
        field, _, operator = name.partition("__")
        column = next((one for one in self.all_columns if one.name == field), None)
        label = translations.translate(column.label) if column else field
        said = self._said(column, value) if column else value
        return f"{label}{OPERATORS.get(operator, ': ')}{said}"

    def _said(self, column: Drawn, value: str) -> str:
        if column.choices:
            parts = [column.choices.get(one) for one in value.split(",")]
            return ", ".join(translations.translate(one.label) for one in parts if one) or value
        if column.widget == "flag":
            return translations.translate("Sí" if value == "true" else "No")
        if column.refers and value.isdigit():
            names = cells.names(self.ctx, [column], [{column.name: int(value)}])
            return names.get((column.refers, int(value)), f"N.º {value}")
        if column.widget in ("moment", "day"):
            return cells.day(value, self.how)
        return value

    @property
    def facets(self) -> list[Facet]:
        """The inputs of the filter panel."""
        return [one for column in self.all_columns if (one := self._facet(column)) is not None]

    def _facet(self, column: Drawn) -> Facet | None:
        name, get = column.name, self.asked.query.get
        if name not in self.known:
            return None
        label = translations.translate(column.label)
        if column.choices:
            options = [(v, translations.translate(c.label)) for v, c in column.choices.items()]
            return Facet(name, label, "choice", get(name), tuple(options))
        if column.widget == "flag":
            options = [("true", translations.translate("Sí")), ("false", "No")]
            return Facet(name, label, "choice", get(name), tuple(options))
        if column.refers:
            return Facet(name, label, "choice", get(name), tuple(self._offered(column)))
        if column.widget in ("moment", "day"):
            since = resolved(get(f"{name}__gte"), self.how.today)
            return Facet(name, label, "dates", since, until=get(f"{name}__lte"))
        if column.numeric:
            return Facet(name, label, "numbers", get(f"{name}__gte"), until=get(f"{name}__lte"))
        return Facet(name, label, "text", get(name))

    def _offered(self, column: Drawn) -> list[tuple[str, str]]:
        from kernel import web_search

        return [(str(one), name) for one, name in web_search.offered(self.ctx, column.refers, "")]

    # Groups ----------------------------------------------------------------------------------

    @property
    def groupable(self) -> list[tuple[str, str]]:
        """What rows can be grouped by, with labels."""
        if self.resource is None:
            return []
        found: list[tuple[str, str]] = []
        for one in self.all_columns:
            label = translations.translate(one.label)
            if one.name not in self.resource.filters or one.numeric:
                continue
            if one.widget in ("moment", "day"):
                units = (("day", "día"), ("month", "mes"), ("year", "año"))
                found.extend(
                    (f"{one.name}:{unit}", f"{label}: {translations.translate(word)}")
                    for unit, word in units
                )
            else:
                found.append((one.name, label))
        return found

    @property
    def totals(self) -> list[Drawn]:
        """The columns that are summed in groups."""
        return [one for one in self.columns if one.total]

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The groups, each with its sums and the address of its rows."""
        if self.resource is None:
            return []
        sums = [one.name for one in self.totals]
        found = listing.groups(
            self.ctx, self.resource, self.parsed(), self.grouped, sums, MAX_GROUPS
        )
        by_name = {one.name: one for one in self.all_columns}
        columns = [by_name[one.partition(":")[0]] for one in self.grouped]
        data = [dict(zip((c.name for c in columns), g.values, strict=True)) for g in found]
        painter = Painter(self.how, cells.names(self.ctx, columns, data))
        made = []
        for group in found:
            said = [
                self._group_said(painter, column, by, value)
                for column, by, value in zip(columns, self.grouped, group.values, strict=True)
            ]
            totals = [
                painter.said(column, value)
                for column, value in zip(self.totals, group.sums, strict=True)
            ]
            link = self.link(_por=None, **self._only(group.values))
            count = cells.number(group.size, self.how)
            made.append({"said": said, "count": count, "sums": totals, "link": link})
        return made

    def _group_said(self, painter: Painter, column: Drawn, by: str, value: Any) -> str:
        if value is None:
            return "—"
        if isinstance(value, date):
            return cells.period(value, by.partition(":")[2], self.how)
        if isinstance(value, bool):
            return translations.translate("Sí" if value else "No")
        return painter.said(column, value)

    def _only(self, values: Sequence[Any]) -> dict[str, str | None]:
        """Return the conditions that leave the rows of one group."""
        found: dict[str, str | None] = {}
        for asked, value in zip(self.grouped, values, strict=True):
            name, _, unit = asked.partition(":")
            if unit and isinstance(value, date):
                found[f"{name}__gte"] = value.isoformat()
                found[f"{name}__lt"] = _after(value, unit).isoformat()
            elif value is not None:
                found[name] = str(value).lower() if isinstance(value, bool) else str(value)
        return found


OPERATORS = {"gte": " ≥ ", "gt": " > ", "lte": " ≤ ", "lt": " < "}


def resolved(value: str, today: date) -> str:
    """Return a value with ``@today``, ``@week``, ``@month`` or ``@year`` as a day."""
    days = {
        "@today": today,
        "@week": today - timedelta(days=today.weekday()),
        "@month": today.replace(day=1),
        "@year": today.replace(month=1, day=1),
    }
    return days[value].isoformat() if value in days else value


def _after(start: date, unit: str) -> date:
    if unit == "day":
        return start + timedelta(days=1)
    if unit == "month":
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start.replace(year=start.year + 1)


def reversed_sort(sort: str) -> str:
    """Return the sort the other way round."""
    return sort[1:] if sort.startswith("-") else f"-{sort}"


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _limit(text: str) -> int:
    return min(max(_number(text, paging.DEFAULT_LIMIT), 1), paging.MAX_LIMIT)


def _literals(field: Any) -> tuple[str, ...]:
    return tuple(getattr(field.annotation, "__args__", ()))
