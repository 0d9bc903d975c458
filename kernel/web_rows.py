"""Rows of a list as HTML, written in Python: a page has hundreds of cells, and each costs.

What a value is shown as follows from its widget; one that an addon registered is its macro.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from kernel import cells_text, translations, web, words
from kernel.cells import MENTION, PAGE, Drawn, Painter

CLASSES = {
    "money": "right num strong",
    "price": "right num strong",
    "number": "right num",
    "integer": "num",
    "moment": "soft",
    "day": "soft",
}
"""What the cells of a widget look like."""


def _moment(said: str, value: Any, _column: Drawn) -> str:
    return f'<time datetime="{escape(value)}">{escape(said)}</time>'


def _flag(_said: str, value: Any, _column: Drawn) -> str:
    tone, word = ("badge good", "Sí") if value else ("badge", "No")
    return f'<span class="{tone}">{escape(translations.translate(word))}</span>'


def _choice(said: str, value: Any, column: Drawn) -> str:
    known = column.choices.get(str(value))
    return f'<span class="badge {known.tone if known else ""}">{escape(said)}</span>'


def _person(said: str, _value: Any, _column: Drawn) -> str:
    avatar = f'<span class="avatar {cells_text.tone(said)}" aria-hidden="true">'
    initials = escape(cells_text.initials(said))
    return f'<span class="person">{avatar}{initials}</span>{escape(said)}</span>'


def _tags(_said: str, value: Any, _column: Drawn) -> str:
    return " ".join(f'<span class="badge">{escape(one)}</span>' for one in value)


def _json(said: str, _value: Any, _column: Drawn) -> str:
    return f"<code>{escape(said)}</code>"


def _changes(_said: str, value: Any, column: Drawn) -> str:
    facts = "".join(
        f"<div><dt>{escape(_field(name, column))}</dt><dd>{escape(_fact(one))}</dd></div>"
        for name, one in value.items()
    )
    return f'<dl class="facts">{facts}</dl>'


def _field(name: str, column: Drawn) -> str:
    known = column.choices.get(name)
    return translations.translate(known.label) if known else words.plain(name)


def _fact(value: Any) -> str:
    return "—" if value is None else value if isinstance(value, str) else json.dumps(value)


def _plain(said: str, _value: Any, _column: Drawn) -> str:
    return escape(said)


WRITERS: Mapping[str, Callable[[str, Any, Drawn], str]] = {
    "moment": _moment,
    "day": _moment,
    "flag": _flag,
    "choice": _choice,
    "person": _person,
    "tags": _tags,
    "json": _json,
    "changes": _changes,
}
"""Widgets that are more than a text."""


def cell(painter: Painter, column: Drawn, value: Any) -> Markup:
    """Return what a value is shown as."""
    if value is None or value == "":
        return Markup("")
    said = painter.said(column, value)
    if column.widget == MENTION:
        return linked(said, painter.names.get((PAGE, value), ""))
    macro = web.macro("cell", column.widget)
    if macro is not None:
        return macro(said, value, column)
    return Markup(WRITERS.get(column.widget, _plain)(said, value, column))  # noqa: S704  # escaped


def linked(said: str, place: str) -> Markup:
    """Return a text as a link, where it leads anywhere."""
    if not place:
        return escape(said)
    return Markup('<a href="{}">{}</a>').format(place, said)


def rows(
    painter: Painter,
    columns: Sequence[Drawn],
    items: Iterable[Mapping[str, Any]],
    place: str,
    tail: str,
    here: int | None,
) -> Markup:
    """Return the rows of a table; the first cell of each leads to ``place``, if there is one."""
    heads = [
        f'<td class="{CLASSES[c.widget]}">' if c.widget in CLASSES else "<td>" for c in columns
    ]
    names = [one.name for one in columns]
    known: list[dict[Any, str]] = [{} for _ in columns]
    mark = escape(translations.translate("Marcar"))
    ends = escape(tail)
    found = []
    for item in items:
        one = escape(item["id"])
        current = ' aria-current="true"' if item["id"] == here else ""
        found.append(
            f'<tr{current}><td class="mark"><input type="checkbox" name="id" value="{one}" '
            f'aria-label="{mark} {one}"></td>'
        )
        for at, name in enumerate(names):
            value = item.get(name)
            try:
                shown = known[at].get(value)
            except TypeError:  # a list or a document
                shown = cell(painter, columns[at], value)
            if shown is None:
                shown = known[at][value] = cell(painter, columns[at], value)
            if at == 0 and place:
                shown = f'<a href="{place}{one}/{ends}" class="open">{shown or one}</a>'
            found.append(f"{heads[at]}{shown}</td>")
        found.append("</tr>\n")
    return Markup("".join(found))  # noqa: S704  # every part is escaped above
