"""Groups of a list on its page: what its rows can be grouped by, and the sums of each group."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kernel import cells, listing, translations
from kernel.cells import Drawn, Painter
from kernel.translations import later

if TYPE_CHECKING:
    from kernel.web_list import Listed

MAX_GROUPS = 200
UNITS = (("day", later("día")), ("month", later("mes")), ("year", later("año")))


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

    @property
    def totals(self) -> list[Drawn]:
        """The columns that are summed in groups."""
        return [one for one in self.listed.columns if one.total]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The groups, each with its sums and the address of its rows."""
        if self.listed.resource is None:
            return []
        sums = [one.name for one in self.totals]
        found = listing.groups(
            self.listed.ctx,
            self.listed.resource,
            self.listed.parsed(),
            self.listed.grouped,
            sums,
            MAX_GROUPS,
        )
        by_name = {one.name: one for one in self.listed.all_columns}
        columns = [by_name[one.partition(":")[0]] for one in self.listed.grouped]
        data = [dict(zip((c.name for c in columns), g.values, strict=True)) for g in found]
        painter = Painter(self.listed.how, cells.names(self.listed.ctx, columns, data))
        made = []
        for group in found:
            said = [
                self._group_said(painter, column, by, value)
                for column, by, value in zip(
                    columns, self.listed.grouped, group.values, strict=True
                )
            ]
            totals = [
                painter.said(column, value)
                for column, value in zip(self.totals, group.sums, strict=True)
            ]
            link = self.listed.link(_por=None, **self._only(group.values))
            count = cells.number(group.size, self.listed.how)
            made.append({"said": said, "count": count, "sums": totals, "link": link})
        return made

    def _group_said(self, painter: Painter, column: Drawn, by: str, value: Any) -> str:
        if value is None:
            return "—"
        if isinstance(value, date):
            return cells.period(value, by.partition(":")[2], self.listed.how)
        if isinstance(value, bool):
            return translations.translate("Sí") if value else translations.translate("No")
        return painter.said(column, value)

    def _only(self, values: Sequence[Any]) -> dict[str, str | None]:
        """Return the conditions that leave the rows of one group."""
        found: dict[str, str | None] = {}
        for asked, value in zip(self.listed.grouped, values, strict=True):
            name, _, unit = asked.partition(":")
            if unit and isinstance(value, date):
                found[f"{name}__gte"] = value.isoformat()
                found[f"{name}__lt"] = _after(value, unit).isoformat()
            elif value is not None:
                found[name] = str(value).lower() if isinstance(value, bool) else str(value)
        return found


def _after(start: date, unit: str) -> date:
    if unit == "day":
        return start + timedelta(days=1)
    if unit == "month":
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start.replace(year=start.year + 1)
