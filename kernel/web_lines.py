"""Line tables of forms: the lines of a record as rows of inputs, and an empty one to add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from kernel import cells, view_fields
from kernel.cells import Drawn, Painter
from kernel.context import Ctx
from kernel.page import Pairs
from kernel.uploads import Upload
from kernel.views import Column, Lines
from kernel.web_inputs import Draft, Input, id_of, input_of, item_of, typed_lines

ADDS = "_lineas"
"""The button that asks for one more line names the list so."""

Shown = Sequence[tuple[Column, Drawn]]


@dataclass(frozen=True, slots=True)
class Table:
    """The lines of a record as they are shown: a row of inputs each, and an empty one."""

    id: str
    name: str
    label: str
    heads: tuple[Drawn, ...]
    rows: tuple[tuple[Input, ...], ...]
    pattern: tuple[Input, ...]
    sums: tuple[str, ...]
    editable: bool
    grows: bool = True
    """Whether lines can be added and taken away."""
    fills: bool = False
    """Whether one click fills in all that can be typed."""
    fault: str = ""
    adds: bool = False
    """Whether its form can be asked for one more line, where no script adds it."""


@dataclass(frozen=True, slots=True)
class LineTables:
    """Draws the line tables of a form; ``body`` is what the API takes, None where it takes none."""

    ctx: Ctx
    path: str
    body: type[BaseModel] | None
    is_new: bool

    def model(self, lines: Lines) -> type[BaseModel] | None:
        """Return the schema of a line, where the body takes lines."""
        info = self.body.model_fields.get(lines.name) if self.body is not None else None
        return item_of(info.annotation) if info is not None else None

    def drawn(self, lines: Lines, column: Column) -> Drawn:
        """Return how a column of lines is drawn."""
        registry = self.ctx.runtime.registry
        key = ("line", self.path, lines.name, column)
        if key not in registry.memo:
            known = view_fields.line_fields(registry.addresses, self.path, lines.name)
            drawn = cells.drawn(registry, "", column, known.get(column.name))
            refers = drawn.refers or cells.guessed(registry, column.name)
            if refers and not column.widget:
                drawn = replace(drawn, widget="reference", refers=refers)
            registry.memo[key] = drawn
        found: Drawn = registry.memo[key]
        return found

    def names(self, lines: Lines, draft: Draft) -> cells.Names:
        """Return the names of the records that lines refer to."""
        shown = [self.drawn(lines, one) for one in lines.columns]
        data = self._data(lines, draft)
        rows = [{name: id_of(value) for name, value in one.items()} for one in data]
        return cells.names(self.ctx, shown, rows)

    def table(self, lines: Lines, draft: Draft, painter: Painter) -> Table:
        """Return a table as it is shown."""
        model = self.model(lines)
        data = self._data(lines, draft)
        shown = [
            (one, self.drawn(lines, one))
            for one in lines.columns
            if self._has(one.name, model, data)
        ]
        rows = tuple(
            self._row(lines, shown, str(place), line, draft, painter)
            for place, line in enumerate(data)
        )
        if model and not rows:
            rows = (self._row(lines, shown, "0", {}, draft, painter),)
        if draft.adds == lines.name:
            rows = (*rows[:-1], _begun(rows[-1]))
        return Table(
            lines.id,
            lines.name,
            lines.label,
            tuple(drawn for _, drawn in shown),
            rows,
            self._row(lines, shown, "#", {}, Draft(), painter) if model else (),
            tuple(_sum(drawn, data, painter) for _, drawn in shown),
            editable=bool(model),
            fault=draft.fault(lines.name),
            adds=bool(model),
        )

    def _has(
        self, name: str, model: type[BaseModel] | None, data: Sequence[Mapping[str, Any]]
    ) -> bool:
        """Return whether lines have a column: new ones take it, those that are shown answer it."""
        if model is None:
            return not data or name in data[0]
        return not self.is_new or name in model.model_fields

    def _data(self, lines: Lines, draft: Draft) -> Sequence[Mapping[str, Any]]:
        if draft.typed is not None and self.model(lines) is not None:
            typed = typed_lines(draft.typed, lines.name).values()
            if typed or not draft.data:
                return list(typed)
        found: Sequence[Mapping[str, Any]] = draft.data.get(lines.name) or []
        return found

    def _row(
        self,
        lines: Lines,
        shown: Shown,
        place: str,
        line: Mapping[str, Any],
        draft: Draft,
        painter: Painter,
    ) -> tuple[Input, ...]:
        model = self.model(lines)
        made = []
        for one, drawn in shown:
            info = model.model_fields.get(one.name) if model is not None else None
            name = f"{lines.name}.{place}.{one.name}"
            made.append(
                input_of(
                    one, drawn, info, line.get(one.name), painter, name=name,
                    fault=draft.fault(name), required=info is not None and info.is_required(),
                    named=draft.named(name, drawn.refers),
                )
            )  # fmt: skip
        return tuple(made)


def _begun(row: Sequence[Input]) -> tuple[Input, ...]:
    """Return a line whose first input is typed into first."""
    first = next((one for one in row if one.editable and one.kind != "hidden"), None)
    return tuple(replace(one, begins=True) if one is first else one for one in row)


def numbered(form: Pairs, name: str, *, adds: bool = False) -> Pairs:
    """Return a form whose lines of a list are numbered as the API will see them, and none is blank.

    With ``adds`` blank ones stay, and there is one more.
    """
    said: dict[str, bool] = {}
    for key, value in form:
        if place := _place(key, name):
            filled = bool(value) and not key.startswith("_de.")
            said[place] = said.get(place, adds) or filled
    numbers = {place: at for at, place in enumerate(one for one, kept in said.items() if kept)}
    pairs = list(_renumbered(form, name, numbers))
    if adds:
        pairs.append((f"{name}.{len(numbers)}.", ""))
    elif said and not numbers:
        pairs.append((f"{name}.", ""))  # a list without lines was sent, not none
    return Pairs(pairs)


def _renumbered(
    form: Pairs, name: str, numbers: Mapping[str, int]
) -> Iterator[tuple[str, str | Upload]]:
    for key, value in form:
        place = _place(key, name)
        if not place:
            yield key, value
        elif place in numbers:
            head, _, field = key.rpartition(f"{name}.{place}.")
            yield f"{head}{name}.{numbers[place]}.{field}", value


def _place(key: str, name: str) -> str:
    """Return the number of the line that a name of a form is of: a value, or what goes with it."""
    words = key.split(".")
    if words[0] == "_nombre":
        words = words[2:]
    elif words[0] == "_de":
        words = words[1:]
    return words[1] if len(words) == 3 and words[0] == name else ""


def _sum(drawn: Drawn, data: Sequence[Mapping[str, Any]], painter: Painter) -> str:
    if not drawn.total:
        return ""
    return cells.money(sum(cells.exact(one.get(drawn.name)) for one in data), painter.how)
