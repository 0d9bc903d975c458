"""Checks of views: what a view names and isn't there, and what it names twice.

Each stops the start of a process with an error that names the addon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from kernel.errors import ConfigurationError
from kernel.http import Endpoint
from kernel.places import destination, fields_in
from kernel.view_fields import fields_by_name, members, served
from kernel.view_slots import lines_of, naming, parts_of, slots
from kernel.views import (
    Button,
    Column,
    Field,
    FormView,
    Lines,
    Link,
    Records,
    SettingsView,
    Tile,
)
from kernel.widgets import CELLS, INPUTS

FIELD_NAMES = ("by", "name", "start", "measure", "rows", "across", "latitude", "longitude")
"""Attributes of views that name a field of the resource."""


def check(
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
            served(("POST", part.path), addresses, f"{where} button «{part.id}»")
        elif isinstance(part, Tile):
            served(("GET", part.report), addresses, f"{where} tile «{part.id}»")
        elif isinstance(part, Link) and destination(part.path) not in places:
            raise ConfigurationError(
                f"{where} link «{part.id}» names {part.path}, which nothing serves."
            )
    if isinstance(view, FormView):
        _check_states(view, where)
        _check_new(view, addresses, places, where)
    if isinstance(view, SettingsView):
        taken = served(("PUT", view.resource), addresses, where).body
        answered = served(("GET", view.resource), addresses, where).answer
        both = {**members(taken, ""), **members(answered, "")}
        for name in (one.name for one in naming(view) if one.name not in both):
            raise ConfigurationError(f"{where}: {view.resource} has no field «{name}».")
    if isinstance(view, Records):
        known = fields_by_name(view, addresses, where)
        _check_fields(view, known, where)
        for button in (one for one in parts_of(view) if isinstance(one, Button)):
            body = addresses["POST", button.path].body
            _check_asked(button, members(body, ""), known, f"{where} button «{button.id}»")


def check_widgets(view: Any, added: frozenset[str], addon: str) -> None:
    """Refuse a widget that nobody has."""
    for part in parts_of(view):
        known = CELLS if isinstance(part, Column) else INPUTS
        name = part.widget if isinstance(part, Column | Field) else ""
        if name and name not in known and name not in added:
            raise ConfigurationError(f"{addon}: «{view.id}» asks for an unknown widget «{name}».")


def _check_new(
    view: FormView,
    addresses: Mapping[tuple[str, str], Endpoint],
    places: Mapping[str, str],
    where: str,
) -> None:
    """Refuse a form whose new records begin with, or lead to, what nobody serves."""
    if view.draft:
        served(("GET", view.draft), addresses, f"{where} draft")
    if view.opens and destination(view.opens) not in places:
        raise ConfigurationError(f"{where} opens {view.opens}, which nothing serves.")


def _check_states(view: FormView, where: str) -> None:
    """Refuse states that links, or what locks the form or is rare, name and its bar hasn't got."""
    known = {one.value for one in view.states.states} if view.states is not None else set()
    rare = view.states.rare if view.states is not None else ()
    for state in (*view.locked, *rare, *(state for one in view.links for state in one.when)):
        if state not in known:
            raise ConfigurationError(f"{where} has no state «{state}».")


def _check_fields(view: Records, known: Mapping[str, list[Any]], where: str) -> None:
    links = (one for one in parts_of(view) if isinstance(one, Link))
    in_links = [name for one in links for name in fields_in(one.path)]
    for name in [*_named(view), *in_links, *(one.name for one in naming(view))]:
        if not _holds(known, name):
            raise ConfigurationError(f"{where}: {view.resource} has no field «{name}».")
    for lines in lines_of(view):
        columns = {name for kind in known[lines.name] for name in members(kind, "")}
        for one in lines.columns:
            if one.name not in columns:
                raise ConfigurationError(f"{where}: «{lines.name}» has no column «{one.name}».")


def _holds(known: Mapping[str, list[Any]], name: str) -> bool:
    """Return whether a field is known, or the document and the field in it that it names."""
    first, _, rest = name.partition(".")
    if not rest:
        return first in known
    return any(rest in members(kind, "") for kind in known.get(first, ()))


def _check_asked(
    button: Button, taken: Mapping[str, Any], known: Mapping[str, list[Any]], where: str
) -> None:
    """Refuse lines that a button doesn't send, or that begin with what the record hasn't got."""
    for lines in (one for one in button.fields if isinstance(one, Lines)):
        sent = members(taken.get(lines.name), "")
        theirs = {name for kind in known.get(lines.begins, ()) for name in members(kind, "")}
        if not sent or bool(theirs) != bool(lines.begins):
            raise ConfigurationError(f"{where} has no lines «{lines.begins or lines.name}».")
        begun = (name for one in lines.columns for name in one.begins)
        for name in (one for one in (*begun, lines.left) if one and one not in theirs):
            raise ConfigurationError(f"{where}: «{lines.begins}» has no column «{name}».")
        for name in (one.name for one in lines.columns):
            if name not in sent and name not in theirs:
                raise ConfigurationError(f"{where}: «{lines.name}» has no column «{name}».")


def _check_ids(view: Any, where: str) -> None:
    owners = (view, *parts_of(view))
    groups = [(slot, getattr(one, slot)) for one in owners for slot in slots(one)]
    inputs = [one for one in naming(view) if isinstance(one, Field)]
    for slot, parts in [*groups, ("fields", inputs)]:
        ids = [one.id for one in parts]
        for twice in sorted({one for one in ids if ids.count(one) > 1}):
            raise ConfigurationError(f"{where} has «{twice}» twice among its {slot}.")


def _named(view: Records) -> list[str]:
    named = [getattr(view, name) for name in FIELD_NAMES if name in _attributes(view)]
    states = getattr(view, "states", None)
    return [*filter(None, named), *([states.name] if states else [])]


def _attributes(view: Any) -> set[str]:
    return {one.name for one in fields(view)} if is_dataclass(view) else set()
