"""Lines that an act asks for: a table in its form, which begins with the lines of the record.

A line counts as soon as something is typed in it; what stays blank is not sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic.fields import FieldInfo

from kernel import cells, view_fields
from kernel.cells import Drawn, Painter
from kernel.context import Ctx
from kernel.page import Pairs
from kernel.views import Button, Column, Lines
from kernel.web_inputs import Draft, Input, input_of, item_of, sent, typed_lines
from kernel.web_lines import Table

Line = Mapping[str, Any]


class AskedLines:
    """The lines that a button asks for, of a record of the resource at ``path``."""

    def __init__(self, ctx: Ctx, path: str, button: Button, lines: Lines) -> None:
        self.ctx, self.path, self.lines = ctx, path, lines
        self.prefix = f"_{button.id}-{lines.name}"
        body = ctx.runtime.registry.addresses["POST", button.path].body
        info = body.model_fields[lines.name] if body is not None else None
        item = item_of(info.annotation) if info is not None else None
        self.taken: Mapping[str, FieldInfo] = item.model_fields if item is not None else {}

    # What is sent ------------------------------------------------------------------------------

    def sent(self, form: Pairs) -> list[dict[str, Any]]:
        """Return the lines that were filled in, as the API takes them."""
        return [line for _, line in self._filled(form)]

    def _filled(self, form: Pairs) -> Iterator[tuple[str, dict[str, Any]]]:
        mine = [one for one in self.lines.columns if one.name in self.taken]
        typed = [one.name for one in mine if one.widget != "hidden" and not self._is_flag(one)]
        for place, line in typed_lines(form, self.prefix).items():
            if any(line.get(name) for name in typed):
                told = {
                    one.name: sent(line.get(one.name, ""), self.taken[one.name])
                    for one in mine
                    if one.name in line or self._is_flag(one)
                }
                yield place, {name: value for name, value in told.items() if value is not None}

    def _is_flag(self, column: Column) -> bool:
        return cells.plain_type(self.taken[column.name].annotation) is bool

    # What is shown -----------------------------------------------------------------------------

    def table(self, record: Line, draft: Draft) -> Table:
        """Return the table: the record's lines, or one empty line to add others to."""
        columns = [(one, self._drawn(one)) for one in self.lines.columns]
        lines = self._lines(record)
        names = cells.names(self.ctx, [drawn for _, drawn in columns], lines)
        painter = Painter(cells.style(self.ctx), names)
        typed = typed_lines(draft.typed, self.prefix) if draft.typed is not None else {}
        order = [place for place, _ in self._filled(draft.typed)] if draft.typed else []

        def row(place: str, line: Line) -> tuple[Input, ...]:
            at = order.index(place) if place in order else -1
            fault = f"{self.lines.name}.{at}."
            return tuple(
                self._input(one, drawn, place, line, typed.get(place), painter,
                            draft.fault(f"{fault}{one.name}"))
                for one, drawn in columns
            )  # fmt: skip

        grows = not self.lines.begins
        shown = [row(str(one.get("id", at)), one) for at, one in enumerate(lines)]
        shown += [row(place, {}) for place in (typed or {"0": {}}) if grows]
        return Table(
            self.prefix.strip("_"),
            self.lines.name,
            self.lines.label,
            tuple(drawn for _, drawn in columns),
            tuple(shown),
            row("#", {}) if grows else (),
            tuple("" for _ in columns),
            editable=True,
            grows=grows,
            fills=bool(self.lines.left),
        )

    def _lines(self, record: Line) -> Sequence[Line]:
        found: Sequence[Line] = record.get(self.lines.begins) or []
        left = self.lines.left
        return [one for one in found if not left or cells.exact(one.get(left))]

    def _drawn(self, column: Column) -> Drawn:
        registry = self.ctx.runtime.registry
        key = ("asked", self.path, self.prefix, column)
        if key not in registry.memo:
            theirs = view_fields.line_fields(registry.addresses, self.path, self.lines.begins)
            info = self.taken.get(column.name)
            kind = info.annotation if info is not None else theirs.get(column.name)
            drawn = cells.drawn(registry, "", column, kind)
            refers = drawn.refers or cells.guessed(registry, column.name)
            if refers and not column.widget:
                drawn = replace(drawn, widget="reference", refers=refers)
            registry.memo[key] = drawn
        found: Drawn = registry.memo[key]
        return found

    def _input(
        self,
        column: Column,
        drawn: Drawn,
        place: str,
        line: Line,
        typed: Mapping[str, str] | None,
        painter: Painter,
        fault: str,
    ) -> Input:
        info = self.taken.get(column.name)
        value = self._value(column, line, typed)
        name = f"{self.prefix}.{place}.{column.name}"
        made = input_of(column, drawn, info, value, painter, name=name, fault=fault)
        counts = info is not None and made.numeric and not column.begins
        return replace(made, most=self._most(line)) if counts else made

    def _most(self, line: Line) -> str:
        return f"{cells.exact(line[self.lines.left]).normalize():f}" if self.lines.left else ""

    def _value(self, column: Column, line: Line, typed: Mapping[str, str] | None) -> Any:
        info = self.taken.get(column.name)
        if info is None:
            return line.get(column.name)
        if typed is not None:
            return typed.get(column.name, "")
        told = (line.get(name) for name in column.begins)
        begun = next((one for one in told if one is not None), None)
        if begun is None and not info.is_required():
            return info.get_default(call_default_factory=True)
        return begun


def of(ctx: Ctx, path: str, button: Button) -> list[AskedLines]:
    """Return the line tables of a button's form."""
    return [AskedLines(ctx, path, button, one) for one in button.fields if isinstance(one, Lines)]
