"""Screens: the views and menus of a generation, patched, checked and ready to be shown.

Assembled once, when the registry is loaded. A view of an unknown resource or field, a patch whose
view or anchor isn't there, a menu that leads nowhere: each stops the start with an error that names
the addon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar, get_args

from pydantic import BaseModel

from kernel.errors import ConfigurationError
from kernel.http import Endpoint
from kernel.places import destination, fields_in, openable
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
    Records,
    SettingsView,
    Tile,
    View,
)
from kernel.widgets import CELLS, INPUTS

OwnerT = TypeVar("OwnerT")
Declared = Iterable[tuple[str, Any]]
"""(addon, declaration), as ``registry.gather`` yields them."""

FIELD_NAMES = ("by", "name", "start", "measure", "rows", "across", "latitude", "longitude")
"""Attributes of views that name a field of the resource."""


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
        _check(view, addresses, places, addon)
        _check_widgets(view, widgets, addon)
        found[view.id] = view
    for addon, patch in patches:
        if patch.view not in found:
            raise ConfigurationError(
                f"{addon} patches the view «{patch.view}», which no installed addon declares."
            )
        found[patch.view] = patched(found[patch.view], patch, addon)
        _check(found[patch.view], addresses, places, addon)
        _check_widgets(found[patch.view], widgets, addon)
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
    for slot, accepted in _slots(owner).items():
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


def is_part(one: Any) -> bool:
    """Return whether something is a part of a view and not a view."""
    return isinstance(one, get_args(Part))


def _slots(owner: Any) -> Mapping[str, Any]:
    return getattr(type(owner), "SLOTS", {})


def _with(owner: OwnerT, slot: str, parts: tuple[Any, ...]) -> OwnerT:
    return replace(owner, **{slot: parts})  # type: ignore[type-var]  # every owner is a dataclass


def parts_of(owner: Any) -> Iterator[Any]:
    """Yield the parts below a view or a part, depth first."""
    for slot in _slots(owner):
        for one in getattr(owner, slot):
            yield one
            yield from parts_of(one)


# What a user sees -------------------------------------------------------------------------------


def _seen(owner: Any, resource: str, user: Eyes) -> Any:
    changed = {}
    for slot in _slots(owner):
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


# Checks -----------------------------------------------------------------------------------------


def _check(
    view: Any,
    addresses: Mapping[tuple[str, str], Endpoint],
    places: Mapping[str, str],
    addon: str,
) -> None:
    """Refuse what a view names and isn't there, and what it names twice."""
    where = f"{addon}: «{view.id}»"
    _check_ids(view, where)
    for part in parts_of(view):
        if isinstance(part, Button):
            _known(("POST", part.path), addresses, f"{where} button «{part.id}»")
        elif isinstance(part, Tile):
            _known(("GET", part.report), addresses, f"{where} tile «{part.id}»")
        elif isinstance(part, Link) and destination(part.path) not in places:
            raise ConfigurationError(
                f"{where} link «{part.id}» names {part.path}, which nothing serves."
            )
    if isinstance(view, FormView):
        _check_states(view, where)
    if isinstance(view, SettingsView):
        taken = _known(("PUT", view.resource), addresses, where).body
        answered = _known(("GET", view.resource), addresses, where).answer
        known = {**_members(taken, ""), **_members(answered, "")}
        for name in (one.name for one in _naming(view) if one.name not in known):
            raise ConfigurationError(f"{where}: {view.resource} has no field «{name}».")
    if isinstance(view, Records):
        _check_fields(view, _fields(view, addresses, where), where)


def _check_widgets(view: Any, added: frozenset[str], addon: str) -> None:
    for part in parts_of(view):
        known = CELLS if isinstance(part, Column) else INPUTS
        name = part.widget if isinstance(part, Column | Field) else ""
        if name and name not in known and name not in added:
            raise ConfigurationError(f"{addon}: «{view.id}» asks for an unknown widget «{name}».")


def _check_states(view: FormView, where: str) -> None:
    """Refuse states that links, or what locks the form, name and its bar hasn't got."""
    known = {one.value for one in view.states.states} if view.states is not None else set()
    for state in (*view.locked, *(state for one in view.links for state in one.when)):
        if state not in known:
            raise ConfigurationError(f"{where} has no state «{state}».")


def _check_fields(view: Records, known: Mapping[str, list[Any]], where: str) -> None:
    links = (one for one in parts_of(view) if isinstance(one, Link))
    in_links = [name for one in links for name in fields_in(one.path)]
    for name in [*_named(view), *in_links, *(one.name for one in _naming(view))]:
        if name not in known:
            raise ConfigurationError(f"{where}: {view.resource} has no field «{name}».")
    for lines in (one for one in parts_of(view) if isinstance(one, Lines)):
        columns = {name for kind in known[lines.name] for name in _members(kind, "")}
        for one in lines.columns:
            if one.name not in columns:
                raise ConfigurationError(f"{where}: «{lines.name}» has no column «{one.name}».")


def _check_ids(view: Any, where: str) -> None:
    owners = (view, *parts_of(view))
    groups = [(slot, getattr(one, slot)) for one in owners for slot in _slots(one)]
    inputs = [one for one in _naming(view) if isinstance(one, Field)]
    for slot, parts in [*groups, ("fields", inputs)]:
        ids = [one.id for one in parts]
        for twice in sorted({one for one in ids if ids.count(one) > 1}):
            raise ConfigurationError(f"{where} has «{twice}» twice among its {slot}.")


def _known(
    address: tuple[str, str], addresses: Mapping[tuple[str, str], Endpoint], where: str
) -> Endpoint:
    if address not in addresses:
        raise ConfigurationError(f"{where} names {' '.join(address)}, which nothing serves.")
    return addresses[address]


def _named(view: Records) -> list[str]:
    named = [getattr(view, name) for name in FIELD_NAMES if name in _attributes(view)]
    states = getattr(view, "states", None)
    return [*filter(None, named), *([states.name] if states else [])]


def _attributes(view: Any) -> set[str]:
    return {one.name for one in fields(view)} if is_dataclass(view) else set()


def _naming(owner: Any) -> Iterator[Any]:
    """Yield the parts of a view that name a field of its resource; those of lines do not."""
    for slot in _slots(owner):
        for one in getattr(owner, slot):
            if isinstance(one, Column | Field | Lines):
                yield one
            if not isinstance(one, Lines | Button):
                yield from _naming(one)


def _fields(
    view: Records, addresses: Mapping[tuple[str, str], Endpoint], where: str
) -> dict[str, list[Any]]:
    """Return the fields that the addresses of a view's resource take and answer, with types."""
    listed = _known(("GET", view.resource), addresses, where)
    kinds = [(listed.answer, "items")]
    if isinstance(view, FormView):
        near = [(method, f"{view.resource}{{id}}/") for method in ("GET", "PUT")]
        for address in [*near, ("POST", view.resource)]:
            one = addresses.get(address)
            kinds.append((one and (one.answer if address[0] == "GET" else one.body), ""))
    found: dict[str, list[Any]] = {}
    for kind, inside in kinds:
        for name, annotation in _members(kind, inside).items():
            found.setdefault(name, []).append(annotation)
    return found


def fields_of(addresses: Mapping[tuple[str, str], Endpoint], path: str) -> dict[str, Any]:
    """Return the fields that a resource's addresses answer and take, each with its type."""
    found: dict[str, Any] = {}
    for address, inside in (
        (("POST", path), ""),
        (("PUT", f"{path}{{id}}/"), ""),
        (("GET", f"{path}{{id}}/"), ""),
        (("GET", path), "items"),
    ):
        one = addresses.get(address)
        if one is not None:
            found |= _members(one.answer if address[0] == "GET" else one.body, inside)
    return found


def line_fields(
    addresses: Mapping[tuple[str, str], Endpoint], path: str, name: str
) -> dict[str, Any]:
    """Return the fields of the lines of a resource's record, each with its type."""
    found: dict[str, Any] = {}
    near = [("POST", path), ("PUT", f"{path}{{id}}/"), ("GET", f"{path}{{id}}/")]
    for address in near:
        one = addresses.get(address)
        kind = one and (one.answer if address[0] == "GET" else one.body)
        found |= _members(_members(kind, "").get(name), "")
    return found


def _members(kind: Any, inside: str) -> dict[str, Any]:
    """Return the fields of an answer, or of the items of one that is a page, with their types."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):  # list[X], X | None
        return {
            name: annotation
            for one in get_args(kind)
            for name, annotation in _members(one, "").items()
        }
    if inside in kind.model_fields:
        return _members(kind.model_fields[inside].annotation, "")
    return {name: one.annotation for name, one in kind.model_fields.items()}


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
