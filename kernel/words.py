"""Words for codes: what people read in place of a module, an act, a kind of record or a rol.

Whoever declares a permission or writes an act to the audit says by ``register_words`` how it is
read; a kind of record is called as its form. What nobody has words for is its code without lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernel.model import table_of
from kernel.view_parts import Choice
from kernel.view_slots import parts_of
from kernel.views import Column, Field, FormView, ListView

if TYPE_CHECKING:
    from kernel.registry import Registry

MODULE, ACT, TABLE, ROLE = "module", "act", "table", "role"


@dataclass(frozen=True, slots=True)
class Word:
    """What a code of a kind is read as, in Spanish."""

    kind: str
    code: str
    text: str


def module(code: str, text: str) -> Word:
    """Return what a module of permissions is called: «Órdenes de venta»."""
    return Word(MODULE, code, text)


def act(code: str, text: str) -> Word:
    """Return what somebody did, as the audit tells it: «Anuló»."""
    return Word(ACT, code, text)


def table(code: str, text: str) -> Word:
    """Return what a record is called whose table has no form: «Sesión»."""
    return Word(TABLE, code, text)


def role(code: str, text: str) -> Word:
    """Return what a rol is called that an addon brings: «Gerente de ventas»."""
    return Word(ROLE, code, text)


def of(registry: Registry, kind: str, code: str) -> str:
    """Return the Spanish text for a code, which the catalogues know, or the code made legible."""
    return known(registry, kind).get(code) or plain(code)


def plain(code: str) -> str:
    """Return a code of which nobody said how it is read."""
    words = code.replace("_", " ").strip()
    return words[:1].upper() + words[1:].lower()


def known(registry: Registry, kind: str) -> Mapping[str, str]:
    """Return the texts of a kind, by code."""
    key = ("words", kind)
    if key not in registry.memo:
        said = {one.code: one.text for one in registry.gather("register_words") if one.kind == kind}
        more = _FURTHER.get(kind)
        registry.memo[key] = {**(more(registry) if more is not None else {}), **said}
    found: Mapping[str, str] = registry.memo[key]
    return found


def choices(registry: Registry, widget: str) -> tuple[Choice, ...]:
    """Return what a column of codes, or a document by field, is read as."""
    kind = WIDGETS[widget]
    found = sorted(known(registry, kind).items(), key=lambda one: one[1])
    return tuple(Choice(code, said) for code, said in found)


def _addons(registry: Registry) -> dict[str, str]:
    """Return the addons, which the audit names as modules of their tables."""
    return {one.name: one.title for one in registry.manifests}


def _records(registry: Registry) -> dict[str, str]:
    """Return what records are called: as their form, else as the list of them."""
    found: dict[str, str] = {}
    for kind in (ListView, FormView):
        for one in registry.resources:
            for view in registry.screens.of_resource(one.path):
                if isinstance(view, kind):
                    found[table_of(one.model).name] = view.title
    return found


def _fields(registry: Registry) -> dict[str, str]:
    """Return what fields are called on the screens, where all call them the same."""
    found: dict[str, set[str]] = {}
    for view in registry.screens.views.values():
        for one in parts_of(view):
            if isinstance(one, Field | Column) and one.label:
                found.setdefault(one.name, set()).add(one.label)
    return {name: label for name, (label, *others) in found.items() if not others}


FIELD = "field"
_FURTHER: Mapping[str, Callable[[Registry], dict[str, str]]] = {
    MODULE: _addons,
    TABLE: _records,
    FIELD: _fields,
}
WIDGETS: Mapping[str, str] = {"module": MODULE, "act": ACT, "table": TABLE, "changes": FIELD}
"""Widgets whose values, or whose fields, are codes."""
