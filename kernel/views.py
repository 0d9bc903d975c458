"""Views, menus and patches as data: frozen declarations that the web client renders.

An addon declares what is on a screen, never how it is drawn; a ``Patch`` puts a part into a view of
another addon, beside or inside a part that is there. ``kernel.screens`` assembles and checks them
once a generation. ``docs/views.md`` has an example of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from kernel.view_parts import (
    Button,
    Choice,
    Column,
    Field,
    Filter,
    Lines,
    Link,
    Panel,
    Part,
    Section,
    StateBar,
    Tab,
    Tile,
    Tone,
)

__all__ = [
    "Button",
    "CalendarView",
    "Choice",
    "Column",
    "DashboardView",
    "Field",
    "Filter",
    "FormView",
    "GraphView",
    "KanbanView",
    "Lines",
    "Link",
    "ListView",
    "MapView",
    "Menu",
    "Panel",
    "Part",
    "Patch",
    "PivotView",
    "Place",
    "Records",
    "Screen",
    "Section",
    "SettingsView",
    "StateBar",
    "Step",
    "Tab",
    "Tile",
    "Tone",
    "View",
]

Place = Literal["before", "after", "inside"]


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
    begins: bool = False
    """Whether the first page offers its page to begin with."""
