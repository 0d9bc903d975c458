"""What base declares to the kernel."""

import typer

from addons.base import commands, demo, jobs, models, pages, permissions, routes, services, views
from addons.base.services import primer_admin, usuarios
from kernel.demo import DemoData
from kernel.events import EventType
from kernel.hookspecs import hookimpl
from kernel.http import Endpoint, endpoints_in
from kernel.jobs import Job, Schedule
from kernel.model import Model
from kernel.rbac import Permission, Role, RowRule, Scope
from kernel.resource import Resource
from kernel.views import Menu, Step, View
from kernel.welcome import Welcome
from kernel.words import Word


@hookimpl
def register_models() -> list[type[Model]]:
    """``configuracion`` and ``sucursales``."""
    return models.TABLES


@hookimpl
def register_routes() -> list[Endpoint | Resource]:
    """Login, users, roles, company, sucursales."""
    return [*routes.RESOURCES, *endpoints_in(*routes.SUBJECTS)]


@hookimpl
def register_pages() -> list[Endpoint]:
    """Signing in, what links in mails name, one's own account."""
    return pages.PAGES


@hookimpl
def register_permissions() -> list[Permission]:
    """Who may administrate."""
    return permissions.PERMISSIONS


@hookimpl
def register_words() -> list[Word]:
    """What its modules, acts and records are read as."""
    return permissions.WORDS


@hookimpl
def register_row_rules() -> list[RowRule]:
    """Everybody sees their own API keys."""
    return permissions.ROW_RULES


@hookimpl
def register_roles() -> list[Role]:
    """The roles of the specification, as templates."""
    return permissions.ROLES


@hookimpl
def register_scopes() -> list[Scope]:
    """Users can be confined to a sucursal."""
    return [Scope("sucursales", usuarios.sucursales_del_usuario, usuarios.ALCANCE)]


@hookimpl
def register_events() -> list[EventType]:
    """A user was made; the company has another RUC."""
    return services.EVENTS


@hookimpl
def register_jobs() -> list[Job]:
    """Cleaning of old sessions."""
    return jobs.JOBS


@hookimpl
def register_schedules() -> list[Schedule]:
    """When old sessions are cleaned."""
    return jobs.SCHEDULES


@hookimpl
def register_views() -> list[View]:
    """Sucursales, usuarios, roles."""
    return views.VIEWS


@hookimpl
def register_menus() -> list[Menu]:
    """Their lists, and the groups of all menus."""
    return views.MENUS


@hookimpl
def register_steps() -> list[Step]:
    """The company, a sucursal, the people."""
    return views.STEPS


@hookimpl
def register_commands() -> list[typer.Typer]:
    """The company, from the command line."""
    return commands.COMMANDS


@hookimpl
def register_welcomes() -> list[Welcome]:
    """The link for the first administrator."""
    return [Welcome("primer_admin", primer_admin.bienvenida)]


@hookimpl
def register_demo() -> list[DemoData]:
    """The demo company, its sucursales and users."""
    return [demo.DEMO]
