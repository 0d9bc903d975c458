"""Conditions of a list on its page: filters for one click, chips, and the inputs of the panel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from kernel import cells, translations
from kernel.cells import Drawn, Painter
from kernel.views import Filter
from kernel.web_named import NONE

if TYPE_CHECKING:
    from kernel.web_listed import Listed

OPERATORS = {"gte": " ≥ ", "gt": " > ", "lte": " ≤ ", "lt": " < "}
SAID = 3
"""Records that a condition names."""


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
    """The value of the second input where there are two; the name of a reference."""
    refers: str = ""


class Facets:
    """The conditions of a list."""

    def __init__(self, listed: Listed) -> None:
        self.listed = listed

    @cached_property
    def presets(self) -> list[tuple[Filter, bool, str]]:
        """The declared filters: whether each is on, and the address that turns it."""
        found = []
        for one in self.listed.view.filters:
            wanted = dict(parse_qsl(one.query))
            on = all(self.listed.asked.query.get(name) == value for name, value in wanted.items())
            turned: dict[str, str | None] = dict.fromkeys(wanted) if on else {**wanted}
            found.append((one, on, self.listed.link(**turned)))
        return found

    @cached_property
    def chips(self) -> list[Chip]:
        """The conditions that are on, each with the address that takes it away."""
        named: set[str] = set()
        found = []
        for one, on, off in self.presets:
            if on:
                found.append(Chip(translations.translate(one.label), off))
                named |= set(dict(parse_qsl(one.query)))
        for name, value in self.listed.conditions:
            if name != "q" and name not in named:
                found.append(Chip(self._told(name, value), self.listed.link(**{name: None})))
        return found

    def _told(self, name: str, value: str) -> str:
        field, _, operator = name.partition("__")
        column = next((one for one in self.listed.all_columns if one.name == field), None)
        label = translations.translate(column.label) if column else field
        said = self._said(column, value) if column else value
        return f"{label}{OPERATORS.get(operator, ': ')}{said}"

    def _said(self, column: Drawn, value: str) -> str:
        if column.choices:
            parts = [column.choices.get(one) for one in value.split(",")]
            return ", ".join(translations.translate(one.label) for one in parts if one) or value
        if column.widget == "flag":
            return translations.translate("Sí") if value == "true" else translations.translate("No")
        if column.refers:
            return self._named(column, value)
        if column.widget in ("moment", "day"):
            return self._day(value)
        return value

    def _day(self, value: str) -> str:
        try:
            return cells.day(value, self.listed.how)
        except ValueError:  # the list refuses it and says why
            return value

    def _named(self, column: Drawn, value: str) -> str:
        """Return the names of the records that a condition allows, the first few of many."""
        ids = [int(one) for one in value.split(",") if one.isascii() and one.isdigit()]
        if not any(ids):
            return translations.translate("ninguno con ese nombre")
        rows = [{column.name: one} for one in ids[:SAID]]
        painter = Painter(self.listed.how, cells.names(self.listed.ctx, [column], rows))
        said = [painter.said(column, one) for one in ids[:SAID]]
        return ", ".join([*said, *(["…"] if ids[SAID:] else [])])

    @cached_property
    def inputs(self) -> list[Facet]:
        """The inputs of the filter panel."""
        return [
            one for column in self.listed.all_columns if (one := self._facet(column)) is not None
        ]

    def _facet(self, column: Drawn) -> Facet | None:
        name, get = column.name, self.listed.asked.query.get
        if name not in self.listed.known:
            return None
        label = translations.translate(column.label)
        if column.choices:
            options = [(v, translations.translate(c.label)) for v, c in column.choices.items()]
            return Facet(name, label, "choice", get(name), tuple(options))
        if column.widget == "flag":
            options = [
                ("true", translations.translate("Sí")),
                ("false", translations.translate("No")),
            ]
            return Facet(name, label, "choice", get(name), tuple(options))
        if column.refers:
            value = get(name) if get(name) != NONE else ""
            said = self._said(column, value) if value else ""
            return Facet(name, label, "reference", value, until=said, refers=column.refers)
        if column.widget in ("moment", "day"):
            since = cells.resolved(get(f"{name}__gte"), self.listed.how.today)
            return Facet(name, label, "dates", since, until=get(f"{name}__lte"))
        if column.numeric:
            return Facet(name, label, "numbers", get(f"{name}__gte"), until=get(f"{name}__lte"))
        return Facet(name, label, "text", get(name))
