"""The whole contract between the kernel and an addon, on one page.

An addon's ``plugin.py`` implements what it needs of it with ``@hookimpl`` functions of at most
three lines. Hooks named ``register_*`` return declarations and run once, when a process starts;
hooks named by a past event run inside the transaction of that event. Every hook has an example in
``docs/hooks.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import typer
    from pydantic import BaseModel

    from kernel.context import Ctx
    from kernel.demo import DemoData
    from kernel.events import EventType, Subscriber
    from kernel.extensions import Extension
    from kernel.health import HealthCheck
    from kernel.http import Endpoint
    from kernel.imports import Import
    from kernel.jobs import Job, Schedule
    from kernel.model import Model
    from kernel.rbac import FieldRule, Permission, Role, RowRule, Scope
    from kernel.reports import Report
    from kernel.resource import Resource
    from kernel.sequences import Sequence as Correlativo
    from kernel.views import Menu, Patch, Step, View
    from kernel.welcome import Welcome
    from kernel.widgets import Widget
    from kernel.words import Word

hookspec = pluggy.HookspecMarker("andes")
hookimpl = pluggy.HookimplMarker("andes")


@hookspec
def register_models() -> Sequence[type[Model]]:
    """Return the tables that the addon owns."""
    raise AssertionError


@hookspec
def register_routes() -> Sequence[Endpoint | Resource]:
    """Return the REST endpoints and the generic resources."""
    raise AssertionError


@hookspec
def register_pages() -> Sequence[Endpoint]:
    """Return the pages that the addon draws itself."""
    raise AssertionError


@hookspec
def register_extensions() -> Sequence[Extension]:
    """Return the fields that the addon adds to resources of others."""
    raise AssertionError


@hookspec
def register_permissions() -> Sequence[Permission]:
    """Return the actions that roles can be granted."""
    raise AssertionError


@hookspec
def register_words() -> Sequence[Word]:
    """Return what modules of permissions, acts of the audit and the like are read as."""
    raise AssertionError


@hookspec
def register_roles() -> Sequence[Role]:
    """Return role templates; they are made when the addon is installed."""
    raise AssertionError


@hookspec
def register_scopes() -> Sequence[Scope]:
    """Return the kinds of place that users may be confined to."""
    raise AssertionError


@hookspec
def register_row_rules() -> Sequence[RowRule]:
    """Return which rows of a table a user may see and change."""
    raise AssertionError


@hookspec
def register_field_rules() -> Sequence[FieldRule]:
    """Return the columns that need a permission of their own."""
    raise AssertionError


@hookspec
def register_jobs() -> Sequence[Job]:
    """Return the jobs that services of the addon enqueue by name."""
    raise AssertionError


@hookspec
def register_schedules() -> Sequence[Schedule]:
    """Return the planned jobs, in the company's time zone."""
    raise AssertionError


@hookspec
def register_events() -> Sequence[EventType]:
    """Return the business events that the addon publishes."""
    raise AssertionError


@hookspec
def register_subscribers() -> Sequence[Subscriber]:
    """Return the functions that hear business events."""
    raise AssertionError


@hookspec
def register_sequences() -> Sequence[Correlativo]:
    """Return the correlativos that the addon numbers documents with."""
    raise AssertionError


@hookspec
def register_settings() -> Sequence[type[BaseModel]]:
    """Return the addon's settings, one model with defaults for each group."""
    raise AssertionError


@hookspec
def register_menus() -> Sequence[Menu]:
    """Return the menu entries."""
    raise AssertionError


@hookspec
def register_views() -> Sequence[View]:
    """Return the declared screens."""
    raise AssertionError


@hookspec
def register_view_patches() -> Sequence[Patch]:
    """Return the parts that the addon puts into views of others."""
    raise AssertionError


@hookspec
def register_steps() -> Sequence[Step]:
    """Return the first steps of an empty company."""
    raise AssertionError


@hookspec
def register_widgets() -> Sequence[Widget]:
    """Return the ways to draw a value that the addon adds to the kernel's."""
    raise AssertionError


@hookspec
def register_reports() -> Sequence[Report]:
    """Return the reports: a permission, parameters, and rows."""
    raise AssertionError


@hookspec
def register_imports() -> Sequence[Import]:
    """Return what rows of a spreadsheet can be imported as."""
    raise AssertionError


@hookspec
def register_commands() -> Sequence[typer.Typer]:
    """Return command groups for ``server.py``."""
    raise AssertionError


@hookspec
def register_health() -> Sequence[HealthCheck]:
    """Return checks for ``server.py doctor``, each with its cure."""
    raise AssertionError


@hookspec
def register_welcomes() -> Sequence[Welcome]:
    """Return how somebody comes into an instance without users."""
    raise AssertionError


@hookspec
def register_demo() -> Sequence[DemoData]:
    """Return what the demo company gets from this addon."""
    raise AssertionError


@hookspec
def addon_installed(ctx: Ctx) -> None:
    """The addon's tables were just made; load what it cannot live without."""


@hookspec
def addon_upgraded(ctx: Ctx, previous: str) -> None:
    """The addon's tables were migrated from the previous version."""
