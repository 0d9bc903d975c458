"""What is found from any page: menus, records and new ones; and what a field may refer to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from pydantic_core import to_json

from kernel import cells, translations, visits, web
from kernel.answers import JSON, Outcome
from kernel.context import Ctx
from kernel.errors import DomainError
from kernel.page import Asked, fetch
from kernel.resource import Resource
from kernel.translations import later
from kernel.views import ListView
from kernel.web_routes import address
from kernel.web_seen import form, may, visible

PER_KIND = 5
OFFERED = 20
STARRED = 20
LATELY = 8


def find(ctx: Ctx, asked: Asked) -> Outcome:
    """Return what a text finds: menus, actions, and records of every list that searches."""
    text = asked.query.get("q").strip()
    values: dict[str, Any] = {"q": text, "sections": _sections(ctx, asked, text), "title": "Buscar"}
    return web.render(ctx, asked, "found.html", crumbs=[("Buscar", "")], **values)


def _sections(ctx: Ctx, asked: Asked, text: str) -> list[tuple[str, list[Any]]]:
    entries = [one for group in web.menu(ctx, asked) for one in group.entries]
    menus = [
        (one.title, one.address, one.icon, "")
        for one in entries
        if text.lower() in translations.translate(one.title).lower()
    ]
    found = [*([] if text else _visited(ctx)), (later("Ir a"), menus[:8])]
    found.append((later("Crear"), _creations(ctx, text)))
    if len(text) >= 2:
        found.extend(_records(ctx, text))
    return [(title, items) for title, items in found if items]


def _visited(ctx: Ctx) -> list[tuple[str, list[Any]]]:
    """Return the user's records: those with a star, and those opened lately."""
    starred = visits.of_user(ctx, starred=True, most=STARRED)
    lately = visits.of_user(ctx, starred=False, most=LATELY)
    names = _names(ctx, [*starred, *lately])
    return [
        (later("Destacados"), [names[one] for one in starred if one in names]),
        (later("Abiertos hace poco"), [names[one] for one in lately if one in names]),
    ]


def _names(ctx: Ctx, records: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Any]:
    """Return the entries of those records that the user may still open."""
    wanted: dict[str, list[int]] = {}
    for path, one in records:
        wanted.setdefault(path, []).append(one)
    found = {}
    for path, ids in wanted.items():
        resource = cells.resource_at(ctx.runtime.registry, path)
        views = {one.kind: one for one in visible(ctx, path)}
        if resource is None or "form" not in views or not may(ctx, "GET", f"{path}{{id}}/"):
            continue
        glyph = getattr(views.get("list"), "icon", "") or "file"
        note = translations.translate(views["form"].title)
        for one, name in cells.called(ctx, resource, ids):
            said = name or translations.translate("N.º {n}", n=one)
            found[path, one] = (said, f"{address(path)}{one}/", glyph, note)
    return found


def _creations(ctx: Ctx, text: str) -> list[Any]:
    views = ctx.runtime.registry.screens.views.values()
    return [
        (one.title, f"{address(one.resource)}nuevo/", "plus", "")
        for one in views
        if one.kind == "form"
        and text.lower() in translations.translate(one.title).lower()
        and may(ctx, "POST", one.resource)
    ][:5]


def _records(ctx: Ctx, text: str) -> list[tuple[str, list[Any]]]:
    found = []
    for view in ctx.runtime.registry.screens.views.values():
        if isinstance(view, ListView) and form(ctx, view.resource) and ctx.can(view.permission):
            items = [
                (name, f"{address(view.resource)}{one}/", view.icon or "file", "")
                for one, name in islice(offered(ctx, view.resource, text), PER_KIND)
            ]
            found.append((view.title, items))
    return found


def offered(ctx: Ctx, path: str, text: str) -> list[tuple[int, str]]:
    """Return (id, name) of the records of a resource that a text finds; the first ones without."""
    resource = cells.resource_at(ctx.runtime.registry, path)
    if resource is None or (text and not resource.searches):
        return []
    titles = cells.titles_of(resource)
    about = [name for name, _ in resource.references]
    query = {"fields": ",".join(dict.fromkeys(["id", *titles, *about])), "limit": str(OFFERED)}
    if text:
        query["q"] = text
    if len(titles) == 1 and titles[0] in resource.kinds and not resource.named:
        query["sort"] = titles[0]
    try:
        items = fetch(ctx, path, urlencode(query))["items"]
    except DomainError:
        return []  # no permission, or a hidden name: nothing to offer
    return list(_told(ctx, resource, items))


def _told(
    ctx: Ctx, resource: Resource, items: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[int, str]]:
    """Yield (id, name) of records, with the names of those that they are searched by."""
    registry = ctx.runtime.registry
    referred = [
        cells.Drawn(name, "", "reference", {}, cells.referred(registry, resource.path, name))
        for name, _ in resource.references
    ]
    names = cells.names(ctx, referred, items)
    titles = cells.titles_of(resource)
    for one in items:
        about = [names.get((column.refers, one[column.name]), "") for column in referred]
        yield one["id"], " · ".join([_name(one, titles), *filter(None, about)])


def _name(one: Mapping[str, Any], titles: Sequence[str]) -> str:
    if titles == ("id",):
        return translations.translate("N.º {n}", n=one["id"])
    return cells.joined(one[title] for title in titles)


def options(ctx: Ctx, asked: Asked) -> Outcome:
    """Return the records that a field may refer to, as JSON."""
    found = offered(ctx, asked.query.get("de"), asked.query.get("q").strip())
    return Outcome(200, to_json(found), JSON)
