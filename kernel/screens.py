"""Screens: the views and menus of a generation, patched, checked and ready to be shown.

Assembled once, when the registry is loaded. A view of an unknown resource or field, a patch whose
view or anchor isn't there, a menu that leads nowhere: each stops the start with an error that names
the addon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from kernel.errors import ConfigurationError
from kernel.http import Endpoint
from kernel.places import openable
from kernel.view_checks import check, check_widgets
from kernel.view_slots import is_part, slots
from kernel.views import (
    Button,
    Column,
    Field,
    FormView,
    Lines,
    Link,
    Menu,
    Part,
    Patch,
    Place,
    View,
)

OwnerT = TypeVar("OwnerT")
Declared = Iterable[tuple[str, Any]]
"""(addon, declaration), as ``registry.gather`` yields them."""


@dataclass(frozen=True, slots=True)
class Screens:
    """The views by id and the menu entries in order."""

    views: Mapping[str, View]
    menus: tuple[Menu, ...]
    places: Mapping[str, str]
    """What a link may lead to, by its ``destination``, with the permission that it asks for."""

    def of_resource(self, path: str) -> list[View]:
        """Return the views over a resource, in the order of declaration."""
        return [one for one in self.views.values() if getattr(one, "resource", "") == path]

    def form_of(self, path: str) -> FormView | None:
        """Return the form that opens a record of a resource."""
        return next((one for one in self.of_resource(path) if isinstance(one, FormView)), None)

    def shown(self, view_id: str, user: Eyes) -> View | None:
        """Return a view with the parts that a user may see, or None where it is not for them."""
        view = self.views.get(view_id)
        if view is None or not user.can(view.permission):
            return None
        seen: View = _seen(view, getattr(view, "resource", ""), user)
        return seen

    def entries(self, can: Callable[[str], bool]) -> list[Menu]:
        """Return the menu entries that a user may open, and the groups that have any of them."""
        open_ = [one for one in self.menus if (one.view or one.page) and self._may_open(one, can)]
        wanted = {one.id for one in open_}
        parents = {one.id: one.parent for one in self.menus}
        for one in open_:
            parent = one.parent
            while parent:
                wanted.add(parent)
                parent = parents[parent]
        return [one for one in self.menus if one.id in wanted]

    def _may_open(self, menu: Menu, can: Callable[[str], bool]) -> bool:
        permission = self.views[menu.view].permission if menu.view else menu.permission
        return not permission or can(permission)


@dataclass(frozen=True, slots=True)
class Eyes:
    """What of views a user may see: permissions, hidden fields by resource, what they may call."""

    can: Callable[[str], bool]
    hidden: Callable[[str], frozenset[str]]
    may_post: Callable[[str], bool]
    may_open: Callable[[str], bool]


def assemble(
    views: Declared,
    patches: Declared,
    menus: Declared,
    endpoints: Iterable[Endpoint],
    widgets: frozenset[str] = frozenset(),
) -> Screens:
    """Return the screens of what the addons declare; ``widgets`` are those of addons.

    ``endpoints`` are the addresses of the API and the pages that addons bring.

    Raises:
        ConfigurationError: a declaration is wrong; the addon is named.
    """
    views = list(views)
    addresses = {(one.method, one.path): one for one in endpoints}
    places = openable((view for _, view in views), addresses.values())
    found: dict[str, View] = {}
    for addon, view in views:
        check(view, addresses, places, addon)
        check_widgets(view, widgets, addon)
        found[view.id] = view
    for addon, patch in patches:
        if patch.view not in found:
            raise ConfigurationError(
                f"{addon} patches the view «{patch.view}», which no installed addon declares."
            )
        found[patch.view] = patched(found[patch.view], patch, addon)
        check(found[patch.view], addresses, places, addon)
        check_widgets(found[patch.view], widgets, addon)
    return Screens(found, _menus(menus, found), places)


def patched(view: OwnerT, patch: Patch, addon: str) -> OwnerT:
    """Return a view with a patch in it.

    Raises:
        ConfigurationError: it names no place, or one that isn't there.
    """
    where = f"{addon} patches «{patch.view}»"
    if len(patch.anchors) != 1:
        raise ConfigurationError(f"{where}: say exactly one of before, after and inside.")
    ((place, anchor),) = patch.anchors
    changed = _placed(view, patch.part, place, anchor)
    if changed is None:
        raise ConfigurationError(
            f"{where} {place} «{anchor}»: no {type(patch.part).__name__} can stand there."
        )
    return changed


def _placed(owner: OwnerT, part: Part, place: Place, anchor: str) -> OwnerT | None:
    """Return the owner with the part in it, or None where the anchor is nowhere below it."""
    for slot, accepted in slots(owner).items():
        present: tuple[Any, ...] = getattr(owner, slot)
        changed = _in_slot(owner, slot, part, place, anchor) if isinstance(part, accepted) else None
        if changed is not None:
            return _with(owner, slot, changed)
        for index, one in enumerate(present):
            inner = _placed(one, part, place, anchor)
            if inner is not None:
                return _with(owner, slot, (*present[:index], inner, *present[index + 1 :]))
    return None


def _in_slot(
    owner: Any, slot: str, part: Part, place: Place, anchor: str
) -> tuple[Part, ...] | None:
    present: tuple[Part, ...] = getattr(owner, slot)
    if place == "inside":
        # a view is anchored by its slots, a part by its own id
        mine = owner.id if is_part(owner) else slot
        return (*present, part) if mine == anchor else None
    ids = [one.id for one in present]
    if anchor not in ids:
        return None
    index = ids.index(anchor) + (place == "after")
    return (*present[:index], part, *present[index:])


def _with(owner: OwnerT, slot: str, parts: tuple[Any, ...]) -> OwnerT:
    return replace(owner, **{slot: parts})  # type: ignore[type-var]  # every owner is a dataclass


# What a user sees -------------------------------------------------------------------------------


def _seen(owner: Any, resource: str, user: Eyes) -> Any:
    changed = {}
    for slot in slots(owner):
        kept = [_seen(one, resource, user) for one in getattr(owner, slot)]
        changed[slot] = tuple(one for one in kept if _is_seen(one, resource, user))
    return replace(owner, **changed) if changed else owner


def _is_seen(part: Part, resource: str, user: Eyes) -> bool:
    if isinstance(part, Button):
        return user.may_post(part.path)
    if isinstance(part, Link):
        return user.may_open(part.path)
    if isinstance(part, Column | Field | Lines):
        return part.name not in user.hidden(resource)
    return True


def _menus(declared: Declared, views: Mapping[str, View]) -> tuple[Menu, ...]:
    owned = list(declared)
    ids = {menu.id for _, menu in owned}
    for addon, menu in owned:
        if menu.view and menu.view not in views:
            raise ConfigurationError(f"{addon}: menu «{menu.id}» opens no view «{menu.view}».")
        if menu.parent and menu.parent not in ids:
            raise ConfigurationError(f"{addon}: menu «{menu.id}» has no parent «{menu.parent}».")
        if menu.view and menu.page:
            raise ConfigurationError(f"{addon}: menu «{menu.id}» opens a view or a page, not both.")
    return tuple(sorted((menu for _, menu in owned), key=lambda one: (one.order, one.id)))
