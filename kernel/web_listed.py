"""A list as its page shows it: the query that counts, a page of rows, and the links around it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from kernel import (
    cells,
    listing,
    paging,
    queries,
    web_rows,
)
from kernel.cells import Drawn, Painter
from kernel.context import Ctx
from kernel.errors import DomainError
from kernel.http import Endpoint
from kernel.page import Asked, Pairs, fetch
from kernel.resource import Resource
from kernel.views import ListView
from kernel.web_facets import Facets
from kernel.web_groups import LEVELS, Groups
from kernel.web_routes import address
from kernel.web_seen import drawn_columns, form

CAP = 1000
"""Rows beyond which a list says «1,000+»."""
PAGING = (
    "next",
    "limit",
    "fields",
    "_antes",
    "_n",
    "_acto",
    "_hecho",
    "_hechos",
    "_encargado",
    "_pdf",
    "_nivel",
)


class Listed:
    """A list as its template needs it; what the template doesn't ask for isn't read."""

    def __init__(
        self,
        ctx: Ctx,
        view: ListView,
        asked: Asked,
        limit: int | None = None,
        needs: Sequence[str] = (),
    ) -> None:
        """``needs`` are fields that are read although no column shows them."""
        self.ctx = ctx
        self.needs = needs
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
        self.facets = Facets(self)
        self.groups = Groups(self)
        if not self.grouped:
            self._read()

    # Query -----------------------------------------------------------------------------------

    def _chosen(self) -> list[Drawn]:
        wanted = [one for one in self.asked.query.get("_cols").split(",") if one]
        by_name = {one.name: one for one in self.all_columns}
        chosen = [by_name[one] for one in wanted if one in by_name]
        return chosen or [one for one in self.all_columns if not one.optional]

    @cached_property
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

    @cached_property
    def conditions(self) -> list[tuple[str, str]]:
        """The filters and the search that the API knows."""
        skipped = {*PAGING, "sort"}
        return [
            (name, cells.resolved(value, self.how.today))
            for name, value in self.asked.query
            if isinstance(value, str) and value and name in self.known and name not in skipped
        ]

    @cached_property
    def sort(self) -> str:
        """The sort that counts."""
        asked = self.asked.query.get("sort")
        if asked in self.sorts:
            return asked
        return self.resource.sort[0] if self.resource else ""

    @cached_property
    def grouped(self) -> list[str]:
        """The fields that rows are grouped by."""
        allowed = {name for name, _ in self.groups.groupable}
        asked = self.asked.query.get("_por").split(",")
        return [one for one in asked if one in allowed][:LEVELS]

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
        return list(dict.fromkeys(["id", *shown, *self.needs, self.sort.lstrip("-")]))

    def _cursor(self, place: int, sort: str) -> str:
        row = self.items[place]
        return paging.encode(sort, row.get(sort.lstrip("-")), row["id"])

    # Shown -----------------------------------------------------------------------------------

    def body(self, here: int | None = None) -> Markup:
        """Return the rows of the page, the one that is open beside them marked."""
        painter = Painter(self.how, cells.names(self.ctx, self.columns, self.items))
        kept = self.kept.encoded("_n")
        tail = f"?{kept}" if kept else ""
        place = self.place if self.opens else ""
        return web_rows.rows(painter, self.columns, self.items, place, tail, here)

    @cached_property
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

    @property
    def choosable(self) -> list[Drawn]:
        """The columns, those that are shown first and in their order."""
        return [*self.columns, *(one for one in self.all_columns if one not in self.columns)]

    def toggled(self, column: Drawn) -> str:
        """Return the list with a column shown at its end, or without it if it is."""
        names = [one.name for one in self.columns if one is not column]
        if column not in self.columns:
            names.append(column.name)
        return self.link(_cols=",".join(names) or None)

    def moved(self, column: Drawn, step: int) -> str:
        """Return the list with a column one place further on or back; "" where it can't go."""
        names = [one.name for one in self.columns]
        at = names.index(column.name)
        if not 0 <= at + step < len(names):
            return ""
        names.insert(at + step, names.pop(at))
        return self.link(_cols=",".join(names))

    def export_query(self, kind: str) -> str:
        """Return the query that exports what the list's filters find."""
        return self.query(formato=kind)


def reversed_sort(sort: str) -> str:
    """Return the sort the other way round."""
    return sort[1:] if sort.startswith("-") else f"-{sort}"


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _limit(text: str) -> int:
    return min(max(_number(text, paging.DEFAULT_LIMIT), 1), paging.MAX_LIMIT)


def _literals(field: Any) -> tuple[str, ...]:
    return tuple(getattr(field.annotation, "__args__", ()))
