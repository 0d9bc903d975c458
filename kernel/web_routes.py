"""Addresses of the web client: ``/app/…`` for each resource that has views, as under ``/api/…``.

``/app/ventas/`` shows the views of ``/api/ventas/``, ``/app/ventas/7/`` a record in its form,
``/app/ventas/nuevo/`` an empty one. What draws them is imported when somebody first asks.
"""

from __future__ import annotations

from collections.abc import Iterator

from kernel import static, widgets
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.http import Endpoint
from kernel.page import HOME, Asked, page, redirect
from kernel.places import page_of
from kernel.registry import Registry
from kernel.schemas import QueryId
from kernel.translations import later
from kernel.view_slots import parts_of
from kernel.views import DashboardView, FormView, SettingsView


def web_pages(registry: Registry) -> list[Endpoint]:
    """Return the pages of the views of a generation, and the kernel's own."""
    static.declare_icons(_icons(registry))
    widgets.declare(registry.gather("register_widgets"))
    if "pages" not in registry.memo:
        registry.memo["pages"] = _pages(registry)
    found: list[Endpoint] = registry.memo["pages"]
    return found


def _pages(registry: Registry) -> list[Endpoint]:
    found = [*_OWN]
    for path in dict.fromkeys(
        one.resource
        for one in registry.screens.views.values()
        if not isinstance(one, DashboardView | SettingsView)
    ):
        found.extend(_of_resource(registry, path))
    views = registry.screens.views.values()
    found += [_of_dashboard(one) for one in views if isinstance(one, DashboardView)]
    return [one.owned_by("web") for one in found]


def _icons(registry: Registry) -> Iterator[str]:
    """Yield the icons that menus, views and buttons name."""
    views = registry.screens.views.values()
    for one in (*registry.screens.menus, *views, *(p for v in views for p in parts_of(v))):
        if getattr(one, "icon", ""):
            yield one.icon
    yield from (one.icon for one in registry.manifests if one.icon)


def address(resource: str) -> str:
    """Return where the views of a resource are: ``/api/ventas/`` → ``/app/ventas/``."""
    return page_of(resource)


def _of_dashboard(view: DashboardView) -> Endpoint:
    @page("GET", f"/app/{view.id}/", permission=view.permission)
    def show(ctx: Ctx, asked: Asked) -> Outcome:
        """Un tablero."""
        from kernel import web_home

        return web_home.dashboard(ctx, asked, view.id)

    return show


def _of_resource(registry: Registry, path: str) -> Iterator[Endpoint]:
    views = registry.screens.of_resource(path)
    place = address(path)
    permission = views[0].permission
    if any(not isinstance(one, FormView) for one in views):

        @page("GET", place, permission=permission)
        def show(ctx: Ctx, asked: Asked) -> Outcome:
            """Los registros, en lista o de otra manera."""
            from kernel import web_list

            return web_list.show(ctx, path, asked)

        @page("POST", place, permission=permission)
        def act(ctx: Ctx, asked: Asked) -> Outcome:
            """Lo que se hace con los registros elegidos."""
            from kernel import web_acts

            return web_acts.act(ctx, path, asked)

        yield show
        yield act
    if any(isinstance(one, FormView) for one in views):
        yield from _of_form(path, place, permission)
        if ("POST", path) in registry.addresses:
            yield from _of_new(path, place, permission)


def _of_new(path: str, place: str, permission: str) -> Iterator[Endpoint]:
    @page("GET", f"{place}nuevo/", permission=permission)
    def begin(ctx: Ctx, asked: Asked) -> Outcome:
        """Un registro nuevo."""
        from kernel import web_form

        return web_form.begin(ctx, path, asked)

    @page("POST", f"{place}nuevo/", permission=permission)
    def create(ctx: Ctx, asked: Asked) -> Outcome:
        """Guarda un registro nuevo."""
        from kernel import web_form

        return web_form.create(ctx, path, asked)

    yield from (begin, create)


def _of_form(path: str, place: str, permission: str) -> Iterator[Endpoint]:
    @page("GET", f"{place}{{id}}/", permission=permission)
    def show(ctx: Ctx, asked: Asked, id: QueryId) -> Outcome:
        """Un registro."""
        from kernel import web_form

        return web_form.show(ctx, path, asked, id)

    @page("POST", f"{place}{{id}}/", permission=permission)
    def change(ctx: Ctx, asked: Asked, id: QueryId) -> Outcome:
        """Guarda los cambios de un registro."""
        from kernel import web_form

        return web_form.change(ctx, path, asked, id)

    yield from (show, change)


@page("GET", "/", public=True)
def enter(ctx: Ctx, asked: Asked) -> Outcome:
    """El inicio."""
    return redirect(ctx, HOME, asked)


@page("GET", "/app/", permission="")
def home(ctx: Ctx, asked: Asked) -> Outcome:
    """Lo primero: cifras, lo que falta y qué empezar."""
    from kernel import web_home

    return web_home.home(ctx, asked)


@page("GET", "/app/buscar/", permission="")
def find(ctx: Ctx, asked: Asked) -> Outcome:
    """Lo que se encuentra desde cualquier página: menús, registros y acciones."""
    from kernel import web_search

    return web_search.find(ctx, asked)


@page("GET", "/app/opciones/", permission="")
def choose(ctx: Ctx, asked: Asked) -> Outcome:
    """Los registros que un campo puede nombrar."""
    from kernel import web_search

    return web_search.options(ctx, asked)


@page("GET", "/app/insignias/", permission="")
def count(ctx: Ctx, asked: Asked) -> Outcome:
    """Cuánto espera en cada entrada del menú, y los trabajos en curso."""
    from kernel import web_badges

    return web_badges.show(ctx)


@page("GET", "/app/ayuda/", permission="")
def help_(ctx: Ctx, asked: Asked) -> Outcome:
    """Las teclas."""
    from kernel import web

    return web.render(ctx, asked, "help.html", title=later("Ayuda"), crumbs=[("Ayuda", "")])


@page("GET", "/app/ajustes/", permission="")
def first_settings(ctx: Ctx, asked: Asked) -> Outcome:
    """Los ajustes: el primer grupo."""
    from kernel import web_settings

    return web_settings.show(ctx, asked)


@page("GET", "/app/ajustes/{name}/", permission="")
def show_settings(ctx: Ctx, asked: Asked, name: str) -> Outcome:
    """Un grupo de ajustes."""
    from kernel import web_settings

    return web_settings.show(ctx, asked, name)


@page("POST", "/app/ajustes/{name}/", permission="")
def change_settings(ctx: Ctx, asked: Asked, name: str) -> Outcome:
    """Guarda un grupo de ajustes."""
    from kernel import web_settings

    return web_settings.change(ctx, asked, name)


@page("GET", "/app/aplicaciones/", permission="addons.ver")
def show_addons(ctx: Ctx, asked: Asked) -> Outcome:
    """Los addons, y lo que haría un cambio."""
    from kernel import web_addons

    return web_addons.show(ctx, asked)


@page("POST", "/app/aplicaciones/", permission="addons.cambiar")
def change_addons(ctx: Ctx, asked: Asked) -> Outcome:
    """Pide un cambio de addons."""
    from kernel import web_addons

    return web_addons.ask(ctx, asked)


@page("GET", "/app/aplicaciones/cambios/{number}/", permission="addons.ver")
def show_change(ctx: Ctx, asked: Asked, number: QueryId) -> Outcome:
    """Cómo va un cambio de addons."""
    from kernel import web_addons

    return web_addons.progress(ctx, asked, number)


@page("GET", "/app/importaciones/", permission="importaciones.crear")
def begin_import(ctx: Ctx, asked: Asked) -> Outcome:
    """Una hoja que se importa, y las anteriores."""
    from kernel import web_imports

    return web_imports.begin(ctx, asked)


@page("POST", "/app/importaciones/", permission="importaciones.crear")
def send_import(ctx: Ctx, asked: Asked) -> Outcome:
    """Sube una hoja."""
    from kernel import web_imports

    return web_imports.send_file(ctx, asked)


@page("GET", "/app/importaciones/{number}/", permission="importaciones.crear")
def show_import(ctx: Ctx, asked: Asked, number: QueryId) -> Outcome:
    """Las columnas de una hoja, y cómo va su importación."""
    from kernel import web_imports

    return web_imports.show(ctx, asked, number)


@page("POST", "/app/importaciones/{number}/", permission="importaciones.crear")
def act_on_import(ctx: Ctx, asked: Asked, number: QueryId) -> Outcome:
    """Prueba, importa o cancela."""
    from kernel import web_imports

    return web_imports.act(ctx, asked, number)


_IMPORTS = (begin_import, send_import, show_import, act_on_import)
_OWN = (
    enter,
    home,
    find,
    choose,
    count,
    help_,
    first_settings,
    show_settings,
    change_settings,
    show_addons,
    change_addons,
    show_change,
    *_IMPORTS,
)
