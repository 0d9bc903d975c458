"""What a user sees of a resource: its views and columns, and what of the API may be called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kernel import cells, view_fields
from kernel.cells import Drawn
from kernel.context import Ctx
from kernel.views import View


def visible(ctx: Ctx, path: str) -> list[View]:
    """Return the views of a resource as the user sees them."""
    registry = ctx.runtime.registry
    key = ("visible", path, ctx.permissions)  # as many as there are roles
    if key not in registry.memo:
        eyes = registry.eyes(ctx.can)
        views = [registry.screens.shown(one.id, eyes) for one in registry.screens.of_resource(path)]
        registry.memo[key] = [one for one in views if one is not None]
    found: list[View] = registry.memo[key]
    return found


def form(ctx: Ctx, path: str) -> bool:
    """Return whether a resource has a form."""
    return ctx.runtime.registry.screens.form_of(path) is not None


def may(ctx: Ctx, method: str, path: str) -> bool:
    """Return whether the user may call an address of the API."""
    found = ctx.runtime.registry.addresses.get((method, path))
    return found is not None and (not found.permission or ctx.can(found.permission))


def drawn_columns(ctx: Ctx, view: View, parts: Sequence[Any]) -> list[Drawn]:
    """Return how parts of a view are drawn; worked out once a process."""
    registry = ctx.runtime.registry
    path = getattr(view, "resource", "")
    found = []
    for part in parts:
        key = ("drawn", view.id, part)
        if key not in registry.memo:
            kinds = view_fields.fields_of(registry.addresses, path)
            kind = view_fields.kind_of(kinds, part.name)
            registry.memo[key] = cells.drawn(registry, path, part, kind)
        found.append(registry.memo[key])
    return found
