"""Parts of views: what stands in which slot of a view, a section, a table of lines, a button."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from kernel.view_parts import Button, Column, Field, Lines, Part


def is_part(one: Any) -> bool:
    """Return whether something is a part of a view and not a view."""
    return isinstance(one, get_args(Part))


def slots(owner: Any) -> Mapping[str, Any]:
    """Return the slots of a view or part, each with what can stand in it."""
    return getattr(type(owner), "SLOTS", {})


def parts_of(owner: Any) -> Iterator[Any]:
    """Yield the parts below a view or a part, depth first."""
    for slot in slots(owner):
        for one in getattr(owner, slot):
            yield one
            yield from parts_of(one)


def lines_of(owner: Any) -> Iterator[Lines]:
    """Yield the line tables of a view's records; those that a button asks for are none."""
    for slot in slots(owner):
        for one in getattr(owner, slot):
            if isinstance(one, Lines):
                yield one
            elif not isinstance(one, Button):
                yield from lines_of(one)


def naming(owner: Any) -> Iterator[Any]:
    """Yield the parts of a view that name a field of its resource; those of lines do not."""
    for slot in slots(owner):
        for one in getattr(owner, slot):
            if isinstance(one, Column | Field | Lines):
                yield one
            if not isinstance(one, Lines | Button):
                yield from naming(one)
