"""Extensions: fields that an addon adds to a resource of another addon.

What ``@extend`` added to the table is shown, filtered, sorted and written at the owner's address,
and what ``finish`` works out is shown there too. Without the addon the address is as its owner
declared it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import create_model

from kernel.conflicts import conflict
from kernel.context import Ctx
from kernel.errors import ConfigurationError
from kernel.listing import Finish
from kernel.resource import Resource
from kernel.schemas import Schema


@dataclass(frozen=True, slots=True)
class Extension:
    """What is added to the resource at ``path``; ``body`` holds optional fields that it takes."""

    path: str
    fields: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    body: type[Schema] | None = None
    finish: Finish | None = None


def extended(
    routes: Iterable[tuple[str, Any]], extensions: Iterable[tuple[str, Extension]]
) -> list[tuple[str, Any]]:
    """Return the declared routes, resources with what other addons add to them.

    Raises:
        ConfigurationError: there is no such resource, or it has a field already.
    """
    found = list(routes)
    added: dict[tuple[str, str], str] = {}
    places = {one.path: at for at, (_, one) in enumerate(found) if isinstance(one, Resource)}
    for addon, extension in extensions:
        if extension.path not in places:
            raise ConfigurationError(
                f"{addon} extends {extension.path}, which is no resource of an installed addon."
            )
        place = places[extension.path]
        owner, resource = found[place]
        for name in _shown(extension):
            if name in _shown(resource):
                first = added.get((extension.path, name), owner)
                raise conflict("field", f"{extension.path} {name}", first, addon)
            added[extension.path, name] = addon
        found[place] = owner, _extended(resource, extension)
    return found


def _shown(one: Resource | Extension) -> list[str]:
    """Return the fields that a resource shows, or that an extension adds to it."""
    return [*one.fields, *(one.finish.adds if one.finish else ())]


def _extended(resource: Resource, extension: Extension) -> Resource:
    return replace(
        resource,
        fields=(*resource.fields, *extension.fields),
        filters=(*resource.filters, *extension.filters),
        search=(*resource.search, *extension.search),
        sort=(*resource.sort, *extension.sort),
        create=_together(resource.create, extension.body),
        update=_together(resource.update, extension.body),
        finish=_both(resource.finish, extension.finish),
    )


def _together(owner: type[Schema] | None, more: type[Schema] | None) -> type[Schema] | None:
    if owner is None or more is None:
        return owner
    return create_model(owner.__name__, __base__=(owner, more), __doc__=owner.__doc__)


def _both(first: Finish | None, second: Finish | None) -> Finish | None:
    if first is None or second is None:
        return first or second

    def run(ctx: Ctx, rows: list[dict[str, Any]]) -> None:
        first.run(ctx, rows)
        second.run(ctx, rows)

    return Finish(run, (*first.reads, *second.reads), {**first.adds, **second.adds})
