"""Lists on a page: what the API answers to the same query, with its facets, groups and columns.

The query of the page is that of the API's list; names that begin with ``_`` are the page's own:
``_cols`` (columns), ``_por`` (groups), ``_v`` (kind of view), ``_antes`` (page before), ``_n``
(number of the first row).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from kernel import (
    translations,
    web,
    web_named,
)
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.errors import NotFound
from kernel.page import Asked, Pairs, fetch, redirect
from kernel.views import ListView, View
from kernel.web_listed import PAGING, Listed
from kernel.web_routes import address
from kernel.web_seen import form, may, visible

SAVED = "/api/vistas-guardadas/"
VIEW_ICONS = {
    "list": "list",
    "kanban": "square-kanban",
    "graph": "chart-line",
    "calendar": "calendar",
    "pivot": "table-2",
    "map": "map",
}


def show(ctx: Ctx, path: str, asked: Asked) -> Outcome:
    """Return the page of a resource's views: the list, or the kind that is asked for."""
    if web_named.has_names(asked.query) and not asked.target:
        query = web_named.filtered(ctx, asked.query).encoded() or "_v=list"
        return redirect(ctx, f"{asked.path}?{query}")
    wanted = asked.query.get("_v", "list")
    found = [one for one in visible(ctx, path) if one.kind != "form"]
    if not found:
        raise NotFound
    view = next((one for one in found if one.kind == wanted), found[0])
    if not isinstance(view, ListView):
        from kernel import web_charts

        return web_charts.show(ctx, view, asked)
    if asked.target == "group":
        return _within(ctx, view, asked)
    if "_pdf" in asked.query:
        from kernel import web_paper

        return web_paper.print_list(ctx, view, asked)
    saved = fetch(ctx, SAVED, urlencode({"vista": view.id}))
    first = next((one for one in saved if one["predeterminada"] and one["propia"]), None)
    if first is not None and not asked.query.pairs and not asked.target:
        return redirect(ctx, f"{asked.path}?{first['consulta']}", asked)
    values = around(ctx, view, asked)
    return web.render(ctx, asked, "list.html", **values, saved=saved, record=None)


def _within(ctx: Ctx, view: ListView, asked: Asked) -> Outcome:
    """Return the rows of what is in a group."""
    listed = Listed(ctx, view, asked)
    return web.render(ctx, asked, "group_rows.html", list=listed, place=listed.place, title="")


def around(ctx: Ctx, view: View, asked: Asked) -> dict[str, Any]:
    """Return what the page of any view of records shows."""
    path = getattr(view, "resource", "")
    place = address(path)
    kept = Pairs((n, v) for n, v in asked.query if n not in ("_v", *PAGING))
    switch = [
        (
            one.kind,
            VIEW_ICONS[one.kind],
            one.title,
            f"{place}?{kept.encoded(_v=None if one.kind == 'list' else one.kind)}".rstrip("?"),
        )
        for one in visible(ctx, path)
        if one.kind in VIEW_ICONS
    ]
    values: dict[str, Any] = {
        "view": view,
        "title": view.title,
        "crumbs": [(view.title, "")],
        "place": place,
        "switch": switch if len(switch) > 1 else [],
        "new": f"{place}nuevo/" if may(ctx, "POST", path) and form(ctx, path) else "",
    }
    if isinstance(view, ListView):
        from kernel import web_acts, web_cell

        values["list"] = Listed(ctx, view, asked)
        opens = form(ctx, path)
        values["editable"] = web_cell.editable(ctx, view) if opens else frozenset()
        exports = f"{path}exportar/"
        values["exports"] = exports if may(ctx, "GET", exports) else ""
        values["acts"] = acts(ctx, view)
        values["shares"] = ctx.can("vistas.compartir")
        values["question"] = web_acts.asked_by(ctx, view, asked)
        done = asked.query.get("_hechos")
        values["outcome"] = (_done(int(done)), []) if done.isdigit() else None
        if asked.query.get("_encargado"):
            told = translations.translate("Se hará con todos, uno por uno; arriba se ve cómo va.")
            values["outcome"] = (told, [])
    return values


def acts(ctx: Ctx, view: ListView) -> list[tuple[str, str, str]]:
    """Return what can be done with chosen rows: value, label and tone."""
    found = [
        (one.id, translations.translate(one.label), "primary" if one.primary else "")
        for one in view.buttons
        if "{id}" in one.path and not one.fields
    ]
    if may(ctx, "DELETE", f"{view.resource}{{id}}/"):
        found.append(("_eliminar", translations.translate("Eliminar"), "danger"))
    return found


def _done(count: int) -> str:
    return translations.number("Se hizo con {n} registro.", "Se hizo con {n} registros.", count)
