"""Settings on pages: documents that an addon declares a view for, and each addon's own settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from kernel import cells, preferences, translations, web, web_home, web_named
from kernel.answers import Outcome
from kernel.cells import Drawn, Painter
from kernel.context import Ctx
from kernel.errors import DomainError, FieldError, NotFound
from kernel.model import addon_of
from kernel.page import Asked, fetch, prove, redirect, send
from kernel.translations import later
from kernel.views import Field, Section, SettingsView
from kernel.web_inputs import Block, Draft, Input, id_of, input_of, sent
from kernel.web_seen import drawn_columns, may

PLACE = "/app/ajustes/"


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that are kept together: ``name`` in the address, and where the API has them."""

    name: str
    title: str
    icon: str
    editable: bool
    view: SettingsView | None = None
    kind: type[BaseModel] | None = None


def groups(ctx: Ctx) -> list[Group]:
    """Return the settings that the user may see."""
    registry = ctx.runtime.registry
    found = []
    for one in registry.screens.views.values():
        if isinstance(one, SettingsView) and ctx.can(one.permission):
            editable = may(ctx, "PUT", one.resource)
            found.append(Group(one.id, one.title, one.icon or "settings", editable, view=one))
    if may(ctx, "GET", "/api/settings/"):
        titles = {one.name: (one.title, one.icon) for one in registry.manifests}
        editable = may(ctx, "PUT", "/api/settings/{name}/")
        for kind in registry.gather("register_settings"):
            title, icon = titles.get(addon_of(kind.__module__), ("", "sliders-horizontal"))
            name = preferences.name_of(kind)
            title = kind.model_config.get("title") or title
            found.append(Group(name, title, icon or "settings", editable, kind=kind))
    return found


def show(ctx: Ctx, asked: Asked, name: str = "") -> Outcome:
    """Return the page of a group; of the first one without a name."""
    return _page(ctx, asked, _group(ctx, name))


def change(ctx: Ctx, asked: Asked, name: str) -> Outcome:
    """Keep what was typed, or say what is wrong with it."""
    group = _group(ctx, name)
    known = _body(ctx, group).model_fields
    try:
        form = web_named.settled(ctx, asked.form)
        typed = {
            field: sent(form.get(field), info)
            for field, info in known.items()
            if field in form or f"_de.{field}" in form
        }
        if _proves(ctx, group):
            prove(ctx, asked.form.get("_clave"))
        if group.view is not None:
            send(ctx, "PUT", group.view.resource, typed)
        else:
            send(ctx, "PUT", "/api/settings/{name}/", {"values": typed}, name=name)
    except DomainError as refusal:
        if refusal.status in (401, 403) and not _proves(ctx, group):
            raise
        return _page(ctx, asked, group, _at_fields(refusal))
    return redirect(ctx, f"{PLACE}{name}/?_hecho=guardado", asked)


def _proves(ctx: Ctx, group: Group) -> bool:
    """Return whether the user must prove who they are to change them."""
    target = ctx.runtime.registry.addresses.get(("PUT", group.view.resource if group.view else ""))
    return target is not None and target.fresh and not ctx.fresh


def _at_fields(refusal: DomainError) -> DomainError:
    """Name the fields as the page does, not inside ``values``."""
    refusal.errors = tuple(
        FieldError(one.field.removeprefix("values."), one.code, one.message)
        for one in refusal.errors
    )
    return refusal


def _group(ctx: Ctx, name: str) -> Group:
    found = groups(ctx)
    wanted = next((one for one in found if one.name == name or not name), None)
    if wanted is None:
        raise NotFound
    return wanted


def _body(ctx: Ctx, group: Group) -> type[BaseModel]:
    if group.kind is not None:
        return group.kind
    assert group.view is not None  # noqa: S101  # a group has one of the two
    body = ctx.runtime.registry.addresses["PUT", group.view.resource].body
    if body is None:
        raise NotFound
    return body


def _page(ctx: Ctx, asked: Asked, group: Group, refusal: DomainError | None = None) -> Outcome:
    draft = Draft(_values(ctx, group), asked.form if refusal else None, refusal)
    return web.render(
        ctx,
        asked,
        "settings.html",
        status=refusal.status if refusal else 200,
        title=group.title,
        crumbs=[(later("Configuración"), PLACE), (group.title, "")],
        group=group,
        groups=groups(ctx),
        place=PLACE,
        blocks=_blocks(ctx, group, draft),
        refusal=refusal,
        proves=group.editable and _proves(ctx, group),
        told=translations.translate("Guardado.") if asked.query.get("_hecho") else "",
        step=_step_after(ctx, group) if asked.query.get("_hecho") else None,
    )


def _step_after(ctx: Ctx, group: Group) -> web_home.Begun | None:
    return web_home.step_after(ctx, group.view.resource) if group.view is not None else None


def _values(ctx: Ctx, group: Group) -> Mapping[str, Any]:
    found: Mapping[str, Any] = {}
    try:
        if group.view is not None:
            found = fetch(ctx, group.view.resource)
        else:
            found = fetch(ctx, "/api/settings/{name}/", name=group.name)["values"]
    except DomainError as refusal:
        if refusal.status in (401, 403):
            raise  # else there is none yet: an empty form
    return found


def _blocks(ctx: Ctx, group: Group, draft: Draft) -> list[Block]:
    body = _body(ctx, group).model_fields
    if group.view is not None:
        sections: tuple[Section, ...] = group.view.panels
    else:
        all_of_it = [Field(name, info.description or name, span=4) for name, info in body.items()]
        sections = (Section("valores", "", tuple(all_of_it)),)
    fields = [one for section in sections for one in section.fields]
    drawn = {one.name: _drawn(ctx, group, one, body.get(one.name)) for one in fields}
    row = {name: id_of(draft.value(name)) for name, one in drawn.items() if one.refers}
    painter = Painter(cells.style(ctx), cells.names(ctx, list(drawn.values()), [row]))

    def made(one: Field) -> Input:
        shown = drawn[one.name]
        return input_of(
            one,
            shown,
            body.get(one.name) if group.editable else None,
            draft.value(one.name),
            painter,
            fault=draft.fault(one.name),
            named=draft.named(one.name, shown.refers),
        )

    return [Block(it.id, it.label, tuple(made(one) for one in it.fields)) for it in sections]


def _drawn(ctx: Ctx, group: Group, one: Field, info: Any) -> Drawn:
    if group.view is not None:
        return drawn_columns(ctx, group.view, [one])[0]
    registry = ctx.runtime.registry
    refers = cells.guessed(registry, one.name)
    named = replace(one, refers=refers, widget="reference") if refers else one
    return cells.drawn(registry, "", named, info.annotation if info else None)
