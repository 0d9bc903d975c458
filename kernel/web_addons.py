"""The page of addons: every one with its state, what a change would do, and how it goes.

Nothing changes before its plan was shown. A change goes on by itself, process by process; its page
says how many are there, and if it is given up, why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kernel import cells, translations, web
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.errors import DomainError
from kernel.page import Asked, fetch, prove, redirect, send
from kernel.translations import later

PLACE = "/app/aplicaciones/"
CRUMB = (later("Aplicaciones"), PLACE)
ACTIONS: Mapping[str, tuple[str, str]] = {
    "install": (later("Instalar"), "plus"),
    "enable": (later("Activar"), "power"),
    "upgrade": (later("Actualizar"), "refresh-cw"),
    "disable": (later("Desactivar"), "power-off"),
    "archive": (later("Archivar"), "archive"),
    "purge": (later("Borrar para siempre"), "trash-2"),
}
PAST = {"migrate": later("Poner al día"), "import": later("Importar")}
REMOVING = ("disable", "archive", "purge")
STATES: Mapping[str, tuple[str, str]] = {
    "enabled": (later("Activo"), "good"),
    "disabled": (later("Desactivado"), ""),
    "archived": (later("Archivado"), ""),
    "available": (later("Disponible"), "info"),
    "invalid": (later("Con fallas"), "bad"),
    "missing": (later("Sin código"), "bad"),
}
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "enabled": ("disable", "archive", "purge"),
    "disabled": ("enable", "archive", "purge"),
    "archived": ("install", "purge"),
    "available": ("install",),
    "missing": ("disable",),
}
CHANGES: Mapping[str, tuple[str, str]] = {
    "requested": (later("Pedido"), "info"),
    "expanding": (later("Preparando la base de datos"), "info"),
    "rolling": (later("Reemplazando procesos"), "info"),
    "contracting": (later("Terminando"), "info"),
    "current": (later("Hecho"), "good"),
    "past": (later("Hecho"), "good"),
    "failed": (later("No se hizo: nada cambió"), "bad"),
}
TROUBLES: Mapping[str, str] = {
    "contracting": later("Falta quitar lo que ya no se usa; se volverá a intentar. La causa:"),
    "current": later("El cambio se hizo en parte. La causa:"),
    "past": later("El cambio se hizo en parte. La causa:"),
    "reverting": later("No se pudo servir; se vuelve a lo de antes. La causa:"),
}
NOTHING = later("El cambio no se hizo y nada cambió. La causa:")
QUARANTINED = later("El addon fallaba una y otra vez y se desactivó solo. La causa:")
UNDER_WAY = ("requested", "expanding", "rolling", "contracting", "reverting")
KINDS: Mapping[str, Callable[[int], str]] = {
    "menus": lambda n: translations.number("{n} menú", "{n} menús", n),
    "routes": lambda n: translations.number("{n} dirección", "{n} direcciones", n),
    "permissions": lambda n: translations.number("{n} permiso", "{n} permisos", n),
    "jobs": lambda n: translations.number("{n} tarea", "{n} tareas", n),
    "schedules": lambda n: translations.number("{n} horario", "{n} horarios", n),
}


@dataclass(frozen=True, slots=True)
class App:
    """An addon as its card shows it."""

    name: str
    title: str
    summary: str
    state: tuple[str, str]
    version: str
    notes: tuple[str, ...]
    icon: str
    reason: str
    actions: tuple[str, ...]


def show(ctx: Ctx, asked: Asked) -> Outcome:
    """Return the cards of all addons, and the plan that is asked for."""
    name, action = asked.query.get("addon"), asked.query.get("plan")
    plan: dict[str, Any] | None = None
    refusal: DomainError | None = None
    if name and action in ACTIONS:
        try:
            plan = fetch(ctx, "/api/addons/{name}/plan/", f"action={action}", name=name)
        except DomainError as refused:
            refusal = refused
    return _page(ctx, asked, plan=plan, name=name, action=action, refusal=refusal)


def _page(ctx: Ctx, asked: Asked, *, status: int = 200, **values: Any) -> Outcome:
    apps = [_app(ctx, one) for one in fetch(ctx, "/api/addons/")]
    changes = fetch(ctx, "/api/generations/")
    return web.render(
        ctx,
        asked,
        "addons.html",
        status=status,
        title="Aplicaciones",
        crumbs=[("Aplicaciones", "")],
        apps=apps,
        actions=ACTIONS,
        removing=REMOVING,
        under_way=next((one for one in changes if one["state"] in UNDER_WAY), None),
        changes=[_told(ctx, one) for one in changes[:8]],
        counted=_counted(values.get("plan")),
        fresh=ctx.fresh,
        **values,
    )


def _app(ctx: Ctx, one: Mapping[str, Any]) -> App:
    state = one["state"]
    may = ctx.can("addons.cambiar") and not one["required"]
    actions = list(ALLOWED.get(state, ())) if may else []
    if one["upgrade"] and state == "enabled" and ctx.can("addons.cambiar"):
        actions.insert(0, "upgrade")
    summary = one["summary"].get(translations.spoken()) or one["summary"].get("es", "")
    notes = [one["country"], *(f"↳ {other}" for other in one["depends"])]
    label, tone = STATES[state]
    return App(
        one["name"],
        translations.translate(one["title"]),
        summary,
        (translations.translate(label), tone),
        one["installed"] or one["version"],
        tuple(filter(None, notes)),
        one["icon"] or "puzzle",
        _said(one["reason"]),
        tuple(actions),
    )


def _counted(plan: Mapping[str, Any] | None) -> list[str]:
    """Return how much comes or goes with a plan: 4 menús, 9 direcciones."""
    if plan is None:
        return []
    return [told(len(plan[kind])) for kind, told in KINDS.items() if plan.get(kind)]


def ask(ctx: Ctx, asked: Asked) -> Outcome:
    """Ask for a change whose plan was shown, and lead to how it goes."""
    form = asked.form
    name, action = form.get("addon"), form.get("action")
    if action not in ACTIONS:
        return redirect(ctx, PLACE, asked)
    try:
        prove(ctx, form.get("password"))
        body = {"confirm": form.get("confirm")} if action == "purge" else {}
        made = send(ctx, "POST", f"/api/addons/{{name}}/{action}/", body, name=name)
    except DomainError as refusal:
        if refusal.status == 401:
            raise
        return _page(
            ctx, asked, status=refusal.status, plan=None, name=name, action=action, refusal=refusal
        )
    return redirect(ctx, f"{PLACE}cambios/{quote(str(made['generation']))}/", asked)


def progress(ctx: Ctx, asked: Asked, number: int) -> Outcome:
    """Return how a change goes, process by process."""
    change = fetch(ctx, "/api/generations/{number}/", number=number)
    values: dict[str, Any] = {
        "change": _told(ctx, change),
        "under_way": change["state"] in UNDER_WAY,
    }
    crumbs = [CRUMB, (translations.translate("N.º {n}", n=number), "")]
    return web.render(ctx, asked, "change.html", title=later("Cambio"), crumbs=crumbs, **values)


def _told(ctx: Ctx, change: Mapping[str, Any]) -> dict[str, Any]:
    how = cells.style(ctx)
    label, tone = CHANGES.get(change["state"], (change["state"], "warn"))
    action = change["action"]
    named = ACTIONS[action][0] if action in ACTIONS else PAST.get(action, action)
    return {
        **change,
        "label": translations.translate(label),
        "tone": tone,
        "what": translations.translate(named),
        "when": cells.moment(change["created_at"], how),
        "trouble": translations.translate(_trouble(change)),
        "error": _said(change["error"]),
        "address": f"{PLACE}cambios/{change['generation']}/",
    }


def _said(reason: str) -> str:
    """Return why a change ended as it did; below a first line of ours a fault may tell more."""
    first, *more = reason.splitlines() or [""]
    return "\n".join((translations.message(first), *more))


def _trouble(change: Mapping[str, Any]) -> str:
    """Return what the error of a change is about."""
    if change["action"] == "quarantine" and change["state"] not in ("reverting", "failed"):
        return QUARANTINED
    return TROUBLES.get(change["state"], NOTHING)
