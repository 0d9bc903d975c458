"""Widgets: the names that a column or field may ask to be drawn by.

The kernel's own are ``CELLS`` and ``INPUTS``. An addon registers more, each a pair of macros in a
template of its own: ``cell_<name>(said, value, column)`` for lists and cards, and, where it takes a
value, ``input_<name>(one, described)`` for forms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

CELLS = frozenset({
    "text", "integer", "number", "money", "price", "moment", "day", "flag", "choice", "reference",
    "person", "tags", "json", "changes", "hidden", "job", "mention", "module", "act", "table",
})  # fmt: skip
INPUTS = frozenset({*CELLS, "email", "tel", "paragraphs", "password"})


@dataclass(frozen=True, slots=True)
class Widget:
    """A way to draw a value; ``template`` is ``package:name`` of the file with its macros."""

    name: str
    template: str


_declared: dict[str, str] = {}


def declare(widgets: Iterable[Widget]) -> None:
    """Say which widgets addons have."""
    _declared.update({one.name: one.template for one in widgets})


def template_of(name: str) -> str:
    """Return the template with the macros of an addon's widget; "" for the kernel's own."""
    return _declared.get(name, "")
