"""Groups of a list on its page: what its rows can be grouped by, level by level, with sums.

A page reads the groups of its first level. What is in one of them is read when somebody opens it:
the groups of the next level, or its first records. Its address is that of a list like any other,
with the group's value among its filters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kernel import cells, listing, translations
from kernel.cells import Drawn, Painter
from kernel.translations import later

if TYPE_CHECKING:
    from kernel.web_listed import Listed

MAX_GROUPS = 200
LEVELS = 3
UNITS = (("day", later("día")), ("month", later("mes")), ("year", later("año")))
SAID = 4
"""Columns that name a record among groups."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group as it is shown; ``under`` is the address of what is in it, ``link`` of its rows."""

    said: str
    count: str
    sums: tuple[str, ...]
    link: str = ""
    under: str = ""


class Groups:
    """The groups of a list."""

    def __init__(self, listed: Listed) -> None:
        self.listed = listed

    @cached_property
    def groupable(self) -> list[tuple[str, str]]:
        """What rows can be grouped by, with labels."""
        if self.listed.resource is None:
            return []
        found: list[tuple[str, str]] = []
        for one in self.listed.all_columns:
            label = translations.translate(one.label)
            if one.name not in self.listed.resource.filters or one.numeric:
                continue
            if one.widget in ("moment", "day"):
                found.extend(
                    (f"{one.name}:{unit}", f"{label}: {translations.translate(word)}")
                    for unit, word in UNITS
                )
            else:
                found.append((one.name, label))
        return found

    def turned(self, name: str) -> str:
        """Return the list with one more level of groups, or without it."""
        levels = [one for one in self.listed.grouped if one != name]
        if name not in self.listed.grouped:
            levels.append(name)
        return self.listed.link(_por=",".join(levels[-LEVELS:]) or None)

    @property
    def heading(self) -> str:
        """By what rows are grouped: «Estado › Sucursal»."""
        labels = dict(self.groupable)
        return " › ".join(labels[one] for one in self.listed.grouped)

    @property
    def level(self) -> int:
        """How deep the groups are that are asked for."""
        text = self.listed.asked.query.get("_nivel")
        return int(text) if text in ("1", "2", "3") else 0

    @property
    def totals(self) -> list[Drawn]:
        """The columns that are summed in groups."""
        return [one for one in self.listed.columns if one.total]

    @cached_property
    def _found(self) -> list[listing.Group]:
        """The groups of the first level and one more than are shown."""
        listed = self.listed
        if listed.resource is None:
            return []
        sums = [one.name for one in self.totals]
        by, most = listed.grouped[:1], MAX_GROUPS + 1
        return listing.groups(listed.ctx, listed.resource, listed.parsed(), by, sums, most)

    @property
    def more(self) -> int:
        """How many groups are shown where there are more; else nothing."""
        return MAX_GROUPS if len(self._found) > MAX_GROUPS else 0

    @property
    def rows(self) -> list[Group]:
        """The groups of the first level, each with its sums."""
        listed, found = self.listed, self._found[:MAX_GROUPS]
        by, *further = listed.grouped
        name = by.partition(":")[0]
        column = next(one for one in listed.all_columns if one.name == name)
        values = [{name: one.values[0]} for one in found]
        painter = Painter(listed.how, cells.names(listed.ctx, [column], values))
        return [self._group(one, painter, column, by, further) for one in found]

    def _group(
        self, group: listing.Group, painter: Painter, column: Drawn, by: str, further: list[str]
    ) -> Group:
        (value,) = group.values
        only = self._only(by, value)
        said = self._said(painter, column, by, value)
        count = cells.number(group.size, self.listed.how)
        sums = tuple(
            painter.said(one, total) for one, total in zip(self.totals, group.sums, strict=True)
        )
        if not only:
            return Group(said, count, sums)
        link = self.listed.link(_por=None, **only)
        under = self.listed.link(_por=",".join(further) or None, _nivel=str(self.level + 1), **only)
        return Group(said, count, sums, link, under)

    def _said(self, painter: Painter, column: Drawn, by: str, value: Any) -> str:
        if value is None or value == "":
            return "—"
        if isinstance(value, date):
            return cells.period(value, by.partition(":")[2], self.listed.how)
        if isinstance(value, bool):
            return translations.translate("Sí") if value else translations.translate("No")
        return painter.said(column, value)

    def _only(self, by: str, value: Any) -> dict[str, str]:
        """Return the conditions that leave the rows of one group; of what is blank, none."""
        name, _, unit = by.partition(":")
        if value is None or value == "":
            return {}
        if unit and isinstance(value, date):
            after = _after(value, unit)
            return {f"{name}__gte": value.isoformat(), f"{name}__lt": after.isoformat()}
        return {name: str(value).lower() if isinstance(value, bool) else str(value)}

    @property
    def records(self) -> list[tuple[str, int, tuple[str, ...]]]:
        """The records of a group that nothing further divides: names, id, what is summed."""
        listed = self.listed
        painter = Painter(listed.how, cells.names(listed.ctx, listed.columns, listed.items))
        naming = [one for one in listed.columns if not one.total][:SAID]

        def told(item: Mapping[str, Any], one: Drawn) -> str:
            return painter.said(one, item.get(one.name))

        return [
            (
                " · ".join(filter(None, (told(item, one) for one in naming))),
                item["id"],
                tuple(told(item, one) for one in self.totals),
            )
            for item in listed.items
        ]


def _after(start: date, unit: str) -> date:
    if unit == "day":
        return start + timedelta(days=1)
    if unit == "month":
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start.replace(year=start.year + 1)
