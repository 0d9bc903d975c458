"""Parts of views as data: columns, filters, fields, sections, lines, tabs, buttons, links, tiles.

Addons import them from ``kernel.views``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

Tone = Literal["", "good", "info", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a field as people read it, with the tone of its badge."""

    value: str
    label: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A field in a row of a list, a card or a line table.

    Without a ``widget`` the type of the field decides. ``optional`` columns wait in the column
    chooser; ``total`` sums the column in groups and under lines.
    """

    name: str
    label: str
    widget: str = ""
    choices: tuple[Choice, ...] = ()
    optional: bool = False
    total: bool = False
    refers: str = ""
    """The resource that an id is of, where no foreign key says it."""
    begins: tuple[str, ...] = ()
    """In lines that begin with the record's: the field of its line that this one begins with, the
    first of them that says something."""

    @property
    def id(self) -> str:
        """What a patch names it by."""
        return self.name


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition that one click adds to a list: the query that the resource's list takes.

    ``@today``, ``@week``, ``@month`` and ``@year`` are the first day of each, in the company's
    time zone.
    """

    id: str
    label: str
    query: str


@dataclass(frozen=True, slots=True)
class Field:
    """An input of a form: a field of what the resource takes, or shown only.

    ``llegada.ubigeo`` is the field ``ubigeo`` of the document ``llegada``.
    """

    name: str
    label: str
    widget: str = ""
    choices: tuple[Choice, ...] = ()
    help: str = ""
    span: int = 1
    """Columns of the section, which has four."""
    refers: str = ""
    """The resource that an id is of, where no foreign key says it."""
    usual: str = ""
    """The query that finds what a new record usually refers to, ``@me`` being the user: it is
    filled in where there is exactly one. What is required is looked for without it too."""
    follows: str = ""
    """The field before it whose record has the same field: what that says is filled in."""

    @property
    def id(self) -> str:
        """What a patch names it by."""
        return self.name


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together, under a heading."""

    id: str
    label: str = ""
    fields: tuple[Field, ...] = ()

    SLOTS: ClassVar[Mapping[str, type]] = {"fields": Field}


@dataclass(frozen=True, slots=True)
class Lines:
    """A table of lines that is edited in its form: the list ``name`` of what the resource takes.

    Among the fields of a button it asks for the list ``name`` of what the button sends. It
    ``begins`` with a list of the record: a column that the button sends is an input, filled in by
    its own ``begins``; any other shows what the record's line says.
    """

    id: str
    name: str
    label: str = ""
    columns: tuple[Column, ...] = ()
    begins: str = ""
    """The list of the record whose lines these begin with."""
    left: str = ""
    """A field of the record's lines: those where it is zero are left out."""

    SLOTS: ClassVar[Mapping[str, type]] = {"columns": Column}


Panel: TypeAlias = Section | Lines


@dataclass(frozen=True, slots=True)
class Tab:
    """Panels of a form that are shown one tab at a time."""

    id: str
    label: str
    panels: tuple[Panel, ...] = ()

    SLOTS: ClassVar[Mapping[str, type]] = {"panels": Section | Lines}  # type: ignore[dict-item]  # isinstance takes it


@dataclass(frozen=True, slots=True)
class Button:
    """An act on a record: a POST to ``path``, where ``{id}`` is the record's.

    It is there for who may call the address, and where ``when`` lists values of the form's state
    bar, only in those. ``fields`` are asked for before; ``confirm`` is a question.
    """

    id: str
    label: str
    path: str
    icon: str = ""
    primary: bool = False
    when: tuple[str, ...] = ()
    confirm: str = ""
    fields: tuple[Field | Lines, ...] = ()
    identifies: str = ""
    """The field of the body that gets the record's id, where the path hasn't got it."""
    leads: str = ""
    """The state that the record is in afterwards: a board moves its card by it."""

    SLOTS: ClassVar[Mapping[str, type]] = {"fields": Field | Lines}  # type: ignore[dict-item]  # isinstance takes it


@dataclass(frozen=True, slots=True)
class Link:
    """Where a record leads: a GET address of the API, such as that of its PDF, or a page.

    Fields of the record are filled in, also behind the ``?``; while one is blank there is no link.
    It is there for who may open it, and ``when`` is as in buttons.
    """

    id: str
    label: str
    path: str
    icon: str = ""
    when: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StateBar:
    """The states that a record goes through, in order, and the field that holds its own."""

    name: str
    states: tuple[Choice, ...]
    rare: tuple[str, ...] = ()
    """Those that most records never have: each is shown while it is the record's own."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure, chart or short list of a dashboard, from a report's table."""

    id: str
    label: str
    report: str
    widget: Literal["number", "bar", "line", "pie", "table"] = "number"
    query: str = ""
    """The report's parameters; ``@today``, ``@week``, ``@month``, ``@year`` as in filters."""
    view: str = ""
    """The view that it opens."""
    by: str = ""
    """The column that labels what is drawn; the first one."""
    measure: str = ""
    """The column that is summed or drawn; the last one."""


Part: TypeAlias = Column | Filter | Field | Section | Lines | Tab | Button | Link | Tile
