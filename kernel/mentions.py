"""Mentions: the records that texts name, as ``venta:41``, told as people call them.

What begins such a text, and what its records are called, is declared by their resource.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kernel import cells, translations
from kernel.context import Ctx
from kernel.places import page_of
from kernel.registry import Registry
from kernel.resource import Resource

_NAMED = re.compile(r"([a-z_]+):([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mention:
    """A record that a text names; no ``address`` where the reader may not open it."""

    name: str
    address: str = ""


def told(ctx: Ctx, texts: Iterable[str | None]) -> dict[str, Mention]:
    """Return what texts name, by the text; one that names nothing is not among it.

    One query for each resource. What the user may not see keeps its number.
    """
    known = _declared(ctx.runtime.registry)
    wanted: dict[str, dict[int, str]] = {}
    for text in set(texts):
        found = _NAMED.fullmatch(text or "")
        if found is not None and text is not None and found[1] in known:
            wanted.setdefault(found[1], {})[int(found[2])] = text
    return {
        text: mention
        for noun, ids in wanted.items()
        for text, mention in _of(ctx, known[noun], ids).items()
    }


def _declared(registry: Registry) -> Mapping[str, Resource]:
    if "mentions" not in registry.memo:
        registry.memo["mentions"] = {
            one.mention[0]: one for one in registry.resources if one.mention[0]
        }
    found: Mapping[str, Resource] = registry.memo["mentions"]
    return found


def _of(ctx: Ctx, resource: Resource, ids: Mapping[int, str]) -> dict[str, Mention]:
    title = translations.translate(resource.mention[1])
    sees = ctx.can(f"{resource.modulo}.ver")
    names = dict(cells.called(ctx, resource, ids)) if sees or resource.known_by_name else {}
    place = page_of(resource.path)
    return {
        text: Mention(
            f"{title} {names.get(one) or translations.translate('N.º {n}', n=one)}",
            f"{place}{one}/" if sees and one in names else "",
        )
        for one, text in ids.items()
    }
