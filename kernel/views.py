"""Views, menus and patches as data: frozen declarations that the web client renders.

An addon declares what is on a screen, never how it is drawn; a ``Patch`` puts a part into a view of
another addon, beside or inside a part that is there. ``kernel.screens`` assembles and checks them
once a generation. ``docs/views.md`` has an example of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

Tone = Literal["", "good", "info", "warn", "bad"]
Place = Literal["before", "after", "inside"]


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


@dataclass(frozen=True, slots=True)
class Screen:
    """What every view has: an id ``addon.noun.kind``, a title and who may open it."""

    id: str
    title: str
    permission: str

    SLOTS: ClassVar[Mapping[str, type]] = {}


@dataclass(frozen=True, slots=True)
class Records(Screen):
    """A view over the records of a resource, which is named by its path."""

    resource: str


@dataclass(frozen=True, slots=True)
class ListView(Records):
    """Rows in a table: filters, search, sort, groups, columns to choose, acts on a selection."""

    columns: tuple[Column, ...]
    filters: tuple[Filter, ...] = ()
    buttons: tuple[Button, ...] = ()
    icon: str = ""
    empty: str = ""
    """What to do where there are no records yet."""
    kind: Literal["list"] = field(default="list", init=False)

    SLOTS: ClassVar[Mapping[str, type]] = {"columns": Column, "filters": Filter, "buttons": Button}


@dataclass(frozen=True, slots=True)
class FormView(Records):
    """One record: sections, line tables, tabs, acts, links. ``name`` is the field for its title."""

    panels: tuple[Panel, ...]
    tabs: tuple[Tab, ...] = ()
    buttons: tuple[Button, ...] = ()
    states: StateBar | None = None
    name: str = ""
    live: tuple[str, ...] = ()
    """The states in which what is shown is asked for again every other second."""
    links: tuple[Link, ...] = ()
    locked: tuple[str, ...] = ()
    """The states in which it has no inputs, whatever the API takes."""
    draft: str = ""
    """A GET of the API that answers what a new record begins with, from the page's query."""
    opens: str = ""
    """The page that a new record leads to, ``{id}`` as the API answered it; else its own form."""
    saves: str = ""
    """What the button of a new record says in place of «Guardar»."""
    alone: bool = False
    """Whether a new record has the page for itself, without the list beside it."""
    kind: Literal["form"] = field(default="form", init=False)

    SLOTS: ClassVar[Mapping[str, type]] = {
        "panels": Section | Lines,  # type: ignore[dict-item]  # isinstance takes it
        "tabs": Tab,
        "buttons": Button,
        "links": Link,
    }


@dataclass(frozen=True, slots=True)
class KanbanView(Records):
    """Cards in columns, one for each choice of the field ``by``; ``name`` titles a card."""

    by: str
    choices: tuple[Choice, ...]
    name: str
    columns: tuple[Column, ...] = ()
    kind: Literal["kanban"] = field(default="kanban", init=False)

    SLOTS: ClassVar[Mapping[str, type]] = {"columns": Column}


@dataclass(frozen=True, slots=True)
class CalendarView(Records):
    """Records on the days of a month, by the field ``start``; ``name`` titles an entry."""

    start: str
    name: str
    columns: tuple[Column, ...] = ()
    kind: Literal["calendar"] = field(default="calendar", init=False)

    SLOTS: ClassVar[Mapping[str, type]] = {"columns": Column}


@dataclass(frozen=True, slots=True)
class GraphView(Records):
    """A chart: the sum of ``measure`` (or the count of records) by the field ``by``."""

    by: str
    measure: str = ""
    chart: Literal["bar", "line", "pie"] = "bar"
    kind: Literal["graph"] = field(default="graph", init=False)


@dataclass(frozen=True, slots=True)
class PivotView(Records):
    """A cross table: the sum of ``measure`` (or the count) by the fields ``rows``, ``across``."""

    rows: str
    across: str
    measure: str = ""
    kind: Literal["pivot"] = field(default="pivot", init=False)


@dataclass(frozen=True, slots=True)
class MapView(Records):
    """Records as points on a map; ``name`` titles a point."""

    latitude: str
    longitude: str
    name: str
    columns: tuple[Column, ...] = ()
    kind: Literal["map"] = field(default="map", init=False)

    SLOTS: ClassVar[Mapping[str, type]] = {"columns": Column}


@dataclass(frozen=True, slots=True)
class DashboardView(Screen):
    """Tiles from reports."""

    tiles: tuple[Tile, ...]
    kind: Literal["dashboard"] = field(default="dashboard", init=False)

    SLOTS: ClassVar[Mapping[str, type]] = {"tiles": Tile}


@dataclass(frozen=True, slots=True)
class SettingsView(Screen):
    """What an address answers and takes as one document: GET and PUT of ``resource``."""

    resource: str
    panels: tuple[Section, ...]
    icon: str = ""
    kind: Literal["settings"] = field(default="settings", init=False)

    SLOTS: ClassVar[Mapping[str, type]] = {"panels": Section}


View: TypeAlias = (
    ListView
    | FormView
    | KanbanView
    | CalendarView
    | GraphView
    | PivotView
    | MapView
    | DashboardView
    | SettingsView
)
Part: TypeAlias = Column | Filter | Field | Section | Lines | Tab | Button | Link | Tile


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a company's first days, on the first page until it is taken.

    It is when ``asks``, an address of the API, answers something: a document, or a list that is
    not empty.
    """

    id: str
    title: str
    text: str
    page: str
    asks: str
    permission: str
    icon: str = "circle-play"
    order: int = 100
    query: str = ""


@dataclass(frozen=True, slots=True)
class Patch:
    """A part for a view of another addon: ``Patch(view, part, after="total")``.

    Exactly one of the three says where: beside the part with that id, which must be of a kind that
    can stand there, or at the end inside of one, or of a slot of the view, such as ``columns``.
    """

    view: str
    part: Part
    before: str = ""
    after: str = ""
    inside: str = ""

    @property
    def anchors(self) -> list[tuple[Place, str]]:
        """The given places with their anchors; a good patch has one."""
        given: list[tuple[Place, str]] = [
            ("before", self.before),
            ("after", self.after),
            ("inside", self.inside),
        ]
        return [(place, anchor) for place, anchor in given if anchor]


@dataclass(frozen=True, slots=True)
class Menu:
    """A menu entry that opens a view, or a page of the web client, or groups others.

    ``parent`` is the id of the entry that it stands under. A page names the ``permission`` that its
    entry needs; the entry of a view has the view's.
    """

    id: str
    title: str
    view: str = ""
    parent: str = ""
    icon: str = ""
    order: int = 100
    page: str = ""
    permission: str = ""
    badge: str = ""
    """An address of the API that answers how many things wait there, as ``{"…": 3}``."""
    top: bool = False
    """Whether it stands in the bar at the top, as an icon."""
