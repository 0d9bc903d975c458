"""What was refused of a form, told with the words of its fields: «Línea 2 · Precio», «Llegada»."""

from __future__ import annotations

from kernel import translations
from kernel.errors import DomainError
from kernel.views import Column, Field, FormView, Lines

Fault = tuple[str, str]
"""The label of a field, "" where the form has none, and what is wrong with it."""


def told(view: FormView, refusal: DomainError | None) -> list[Fault]:
    """Return what was wrong with which fields; nothing where the message says it already."""
    if refusal is None or [one.message for one in refusal.errors] == [refusal.message]:
        return []
    labels = _labels(view)
    return [(_named(labels, one.field), one.message) for one in refusal.errors]


def _labels(view: FormView) -> dict[str, str]:
    """Return what fields, tables and their columns are called, lines by ``#``."""
    found: dict[str, str] = {}
    for panel in (*view.panels, *(one for tab in view.tabs for one in tab.panels)):
        if isinstance(panel, Lines):
            found[panel.name] = translations.translate(panel.label)
            found |= {f"{panel.name}.#.{one.name}": _of(one) for one in panel.columns}
            continue
        for one in panel.fields:
            place = translations.translate(panel.label)
            nested = "." in one.name and place
            found[one.name] = f"{place} · {_of(one)}" if nested else _of(one)
            if nested:
                found.setdefault(one.name.partition(".")[0], place)
    return found


def _of(one: Field | Column) -> str:
    return translations.translate(one.label)


def _named(labels: dict[str, str], field: str) -> str:
    if field in labels:
        return labels[field]
    words = field.split(".")
    if len(words) > 1 and words[1].isdigit() and words[0] in labels:
        column = labels.get(f"{words[0]}.#.{words[2]}" if len(words) > 2 else "", "")
        line = translations.translate("línea {n}", n=int(words[1]) + 1)
        return " · ".join(filter(None, (labels[words[0]], line, column)))
    return labels.get(words[0], field)
