"""Views and menus as data: frozen declarations that the web client renders.

An addon declares what is on a screen, never how it is drawn. The registry refuses duplicate ids and
menus without a screen; ``GET /api/menus/`` and ``GET /api/views/{id}/`` hand them out by
permission.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ViewKind = Literal[
    "list", "form", "kanban", "calendar", "graph", "pivot", "map", "dashboard", "settings"
]


@dataclass(frozen=True, slots=True)
class ViewField:
    """A field shown by a view; ``widget`` names a registered renderer."""

    name: str
    label: str
    widget: str = "text"


@dataclass(frozen=True, slots=True)
class View:
    """A screen over one resource. ``id`` is ``addon.noun.kind`` and unique."""

    id: str
    kind: ViewKind
    title: str
    resource: str
    permission: str
    fields: tuple[ViewField, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Menu:
    """A menu entry that opens a view."""

    id: str
    title: str
    view: str
    parent: str = ""
    icon: str = ""
    order: int = 100
