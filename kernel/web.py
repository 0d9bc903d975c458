"""The web client's drawing: Jinja templates around what a page shows, in one look.

Templates are compiled once a process. Every answer has a nonce and a Content-Security-Policy
without ``unsafe-*``; htmx heeds only elements that carry the nonce. A widget of an addon is a macro
``cell_<name>`` (and ``input_<name>``) of a template of its own; the kernel's own are in
``web_rows`` and ``inputs.html``.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from kernel import cells, cells_text, static, translations, widgets
from kernel.answers import TITLES, Outcome
from kernel.context import Ctx
from kernel.errors import DomainError
from kernel.headers import policy
from kernel.page import HOME, HTML, LOGIN, Asked
from kernel.views import Menu

THEMES = ("light", "dark")
SHORT_MENU = 16
"""With more entries the menu begins with its first group open, and that of the page."""
STATUS_ICONS = {
    401: "lock",
    403: "shield-alert",
    404: "map-pin-off",
    429: "timer",
    503: "cloud-off",
}
CURES = translations.later(
    {
        400: "Vuelva atrás, corrija los datos y envíelos otra vez.",
        401: "Ingrese otra vez; después vuelva a abrir lo que buscaba.",
        403: "Pida ese permiso a quien administra su empresa, o vuelva al inicio.",
        404: "Revise la dirección o búsquelo desde el inicio.",
        405: "Esta dirección no se abre en un navegador; búsquelo desde el inicio.",
        409: "Vuelva atrás, cargue la página de nuevo y repita el cambio.",
        413: "Envíe un archivo más pequeño.",
        429: "Espere un momento antes de intentarlo otra vez.",
        500: "Inténtelo otra vez. Si se repite, avise a quien administra el sistema.",
        503: "Espere unos segundos e inténtelo otra vez; nada de lo que envió se guardó a medias.",
    }
)
CURES_OF_CODES = translations.later(
    {
        "addon_disabled": "Pida a quien administra su empresa que lo active; los datos siguen ahí.",
        "reautenticacion_requerida": "Vuelva atrás y confirme su contraseña.",
    }
)


def content_policy(nonce: str, images: str | None = None) -> str:
    """Return the Content-Security-Policy of a page; ``images`` is the host of a map's tiles."""
    return policy(
        f"script-src 'self' 'nonce-{nonce}'",
        "style-src 'self'",
        f"img-src 'self' data: {images or ''}".rstrip(),
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types htmx" if images is None else "trusted-types htmx default",
    )


@functools.cache
def environment() -> Environment:
    """Return the templates: the kernel's by name, an addon's as ``addon/name``."""
    made = Environment(
        loader=_Loader(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(
        asset=static.asset,
        sprite=static.sprite_address,
        svg_image=svg_image,
        icon=icon,
        initials=cells_text.initials,
        tone=cells_text.tone,
        _=translations.translate,
        m_=translations.message,
        own_widget=macro,
        n_=translations.number,
    )
    return made


class _Loader(PrefixLoader):
    """Finds the templates of addons when they are asked for; their packages are then imported."""

    def __init__(self) -> None:
        super().__init__({})
        self._own = PackageLoader("kernel", "web/templates")

    def get_loader(self, template: str) -> tuple[Any, str]:
        package, _, name = template.rpartition(":")
        if not package:
            return self._own, template
        return PackageLoader(package, "templates"), name


@functools.cache
def icon(name: str, label: str = "") -> Markup:
    """Return an icon of the sprite; without a label it is for the eyes only."""
    told = Markup('role="img" aria-label="{}"').format(label) if label else 'aria-hidden="true"'
    use = f'<use href="{static.sprite_address()}#{escape(name)}"/>'
    return Markup(f'<svg class="i" {told}>{use}</svg>')  # noqa: S704  # escaped above


def svg_image(svg: str) -> str:
    """Return an SVG as the address of an image, in which nothing can run."""
    return f"data:image/svg+xml,{quote(svg)}"


@functools.cache
def template(name: str) -> Template:
    """Return a compiled template."""
    return environment().get_template(name)


@functools.cache
def macro(kind: str, name: str) -> Callable[..., Markup] | None:
    """Return the macro of a widget that an addon registered; the kernel's own cells are none."""
    where = widgets.template_of(name)
    found = getattr(template(where).module, f"{kind}_{name}", None) if where else None
    return cast("Callable[..., Markup] | None", found)


@dataclass(frozen=True, slots=True)
class Entry:
    """A menu entry as it is shown."""

    title: str
    address: str
    icon: str
    current: bool
    entries: tuple[Entry, ...] = ()
    badge: str = ""
    """The id by which the count of what waits there is asked for."""
    id: str = ""
    open: bool = False
    """Whether a group shows its entries."""


def render(
    ctx: Ctx | None,
    asked: Asked,
    name: str,
    /,
    *,
    status: int = 200,
    images: str | None = None,
    crumbs: Sequence[tuple[str, str]] = (),
    **values: Any,
) -> Outcome:
    """Return a page, or the part of it that htmx asks for (``part`` is then true)."""
    nonce = secrets.token_urlsafe(16)
    if ctx is None:  # else who declared the page has said it
        translations.speak(asked.language or translations.spoken())
    part = bool(asked.target)
    shell: dict[str, Any] = {}
    if ctx and ctx.user and not part:
        shell = {"menu": menu(ctx, asked), "tools": tools(ctx, asked), "user": ctx.user}
    body = template(name).render(
        {
            "asked": asked,
            "nonce": nonce,
            "part": part,
            "theme": asked.theme if asked.theme in THEMES else "",
            "language": translations.spoken(),
            "crumbs": crumbs,
            "menu": (),
            "tools": (),
            "user": None,
            "site": "Andes",
            **(cells.writers(ctx) if ctx else {}),
            **shell,
            **values,
        }
    )
    headers = {
        "Content-Security-Policy": content_policy(nonce, images),
        "Vary": "HX-Request",
        **(ctx.headers if ctx else {}),
    }
    return Outcome(status, body.encode(), HTML, headers)


def address_of(menu: Menu, resources: Mapping[str, str]) -> str:
    """Return where a menu entry leads."""
    return menu.page or f"/app{resources[menu.view].removeprefix('/api')}"


def entries(ctx: Ctx, asked: Asked, *, top: bool) -> list[Entry]:
    """Return the entries that the user may open: those of the bar at the top, or of the side."""
    registry = ctx.runtime.registry
    screens = registry.screens
    if "paths" not in registry.memo:
        registry.memo["paths"] = {
            one.id: getattr(one, "resource", "") or f"/{one.id}/" for one in screens.views.values()
        }
    paths = registry.memo["paths"]
    key = ("entries", ctx.permissions)
    if key not in registry.memo:
        registry.memo[key] = screens.entries(ctx.can)
    shown = [one for one in registry.memo[key] if one.top == top]

    def made(one: Menu) -> Entry:
        below = tuple(made(other) for other in shown if other.parent == one.id)
        address = address_of(one, paths) if one.view or one.page else ""
        current = bool(address) and asked.path.startswith(address)
        badge = one.id if one.badge else ""
        return Entry(one.title, address, one.icon, current, below, badge, one.id)

    return [made(one) for one in shown if not one.parent]


def tools(ctx: Ctx, asked: Asked) -> list[Entry]:
    """Return the entries of the bar at the top."""
    return entries(ctx, asked, top=True)


def menu(ctx: Ctx, asked: Asked) -> tuple[Entry, ...]:
    """Return the groups of the menu that the user may open."""
    top = entries(ctx, asked, top=False)
    loose = tuple(one for one in top if one.address)
    groups = [one for one in top if not one.address]
    short = sum(len(one.entries) for one in groups) <= SHORT_MENU
    chosen = asked.open_groups.split("~")

    def is_open(one: Entry) -> bool:
        here = any(entry.current for entry in one.entries)
        return here or (one.id in chosen if asked.open_groups else short or one is groups[0])

    return (
        *((Entry("", "", "", current=False, entries=loose),) if loose else ()),
        *(replace(one, open=is_open(one)) for one in groups),
    )


def refused(error: DomainError, request_id: str, asked: Asked) -> Outcome:
    """Return the page (or, to htmx, the notice) that says why not, and what to do."""
    values: dict[str, Any] = {
        "title": TITLES.get(error.status, "Error"),
        "refusal": error,
        "request_id": request_id,
        "icon_name": STATUS_ICONS.get(error.status, "circle-alert"),
        "cure": CURES_OF_CODES.get(error.code) or CURES.get(error.status, CURES[400]),
        "enter": f"{LOGIN}?destino={quote(asked.came_from or HOME)}" if error.status == 401 else "",
    }
    made = render(None, asked, "error.html", status=error.status, **values)
    if not asked.target:
        return made
    more = {"HX-Retarget": "#notices", "HX-Reswap": "beforeend"}
    return Outcome(error.status, made.body, HTML, {**made.headers, **more})
