"""Edits that come too late: what two people wrote in a record, and which of it stays.

A form carries what it was filled with (``_era``), so what somebody changed is told from what they
left alone: that becomes what the other person saved, and only what both changed is asked about.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kernel import translations
from kernel.page import Pairs
from kernel.web_beside import plain
from kernel.web_inputs import Block, Draft, Input
from kernel.web_lines import Table

if TYPE_CHECKING:
    from kernel.web_editor import Editor

FILLED = "_era"
KEEPS = "_queda."
THEIRS = "suyo"

Panels = Sequence[Block | Table]
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """What both changed, each in their own way."""

    name: str
    label: str
    mine: str
    theirs: str


def filled(panels: Panels) -> str:
    """Return what the inputs of panels are filled with, as their form carries it."""
    return json.dumps(_values(panels), ensure_ascii=False, separators=(",", ":"))


def chosen(form: Pairs, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is sent of a document: without what was left as the other person saved it."""
    return {n: v for n, v in document.items() if form.get(f"{KEEPS}{n}") != THEIRS}


def compared(editor: Editor, present: Mapping[str, Any]) -> tuple[Pairs, list[Difference]]:
    """Return what was typed without what was left alone, and what both changed."""
    form, was = editor.asked.form, _carried(editor.asked.form)
    mine, theirs = editor.inputs(Draft(present, form)), editor.inputs(Draft(present))
    typed, saved = _values(mine), _values(theirs)
    alone = [name for name, value in typed.items() if name in was and was[name] == value]
    both = [
        name
        for name, value in typed.items()
        if name not in alone and value != saved[name] and was.get(name) != saved[name]
    ]
    differences = [
        Difference(name, label, said, _said(theirs)[name][1])
        for name, (label, said) in _said(mine).items()
        if name in both
    ]
    kept = [(n, v) for n, v in form if not any(_is_of(n, one) for one in alone)]
    return Pairs(kept), differences


def _is_of(given: str, field: str) -> bool:
    """Return whether a name of a form belongs to a field: its value, or what goes with that."""
    name = given.split(".", 2)[2] if given.startswith("_nombre.") else given.removeprefix("_de.")
    return name == field or name.startswith(f"{field}.")


def _carried(form: Pairs) -> Values:
    try:
        found = json.loads(form.get(FILLED) or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _inputs(panels: Panels) -> Iterator[tuple[str, str, list[list[Input]]]]:
    """Yield the name, the label and the inputs of each field that is typed, lines by line."""
    for panel in panels:
        if isinstance(panel, Table):
            rows = [[one for one in row if one.editable] for row in panel.rows]
            yield panel.name, panel.label, [row for row in rows if any(one.value for one in row)]
        else:
            for one in panel.inputs:
                yield one.name, one.label, [[one]]


def _values(panels: Panels) -> dict[str, Any]:
    return {
        name: [[_unbroken(one.value) for one in row] for row in rows]
        for name, _, rows in _inputs(panels)
        if all(one.editable for row in rows for one in row)
    }


def _unbroken(value: str) -> str:
    """Return a text with the line ends that browsers send."""
    return "\r\n".join(value.splitlines())


def _said(panels: Panels) -> dict[str, tuple[str, str]]:
    return {
        name: (translations.translate(label), "; ".join(map(_line_said, rows)) or plain(None))
        for name, label, rows in _inputs(panels)
    }


def _line_said(row: Sequence[Input]) -> str:
    return " · ".join(said for one in row if (said := _input_said(one)))


def _input_said(one: Input) -> str:
    """Return what an input shows to who reads it."""
    if one.kind == "flag":
        return translations.translate("Sí" if one.value == "true" else "No")
    if one.kind == "choice":
        return next((label for value, label in one.options if value == one.value), one.value)
    return str(one.said) if one.refers else one.value
