"""Substitution: texts that users write, with ``{{ nombre }}`` where a value goes, and nothing else.

There is no language in them: no attributes, filters, conditions or loops, so there is nothing to
escape from. Values are put in once and are never looked at again. What the user wrote is text too:
for a page or an HTML mail all of it is escaped, and the markup around it is ours.
Source: OWASP ASVS 5.0, 1.3.2, 1.3.7.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Literal

from kernel.errors import FieldError
from kernel.messages import refused

Value = str | int | Decimal | date | None
Target = Literal["text", "html", "line"]
"""A plain text, a piece of a page or HTML mail, or one line such as a subject."""

MAX_RESULT = 200_000
"""Characters of a filled text."""

_PLACE = re.compile(r"\{\{([^{}]*)\}\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")
_BRACES = re.compile(r"\{\{|\}\}")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_SHOWN = 60


def check(template: str, declared: Collection[str], *, field: str = "plantilla") -> None:
    """Accept a text that a user is about to keep.

    Raises:
        ValidationFailed: it asks for what is not declared, or braces do not match; each is named.
    """
    faults = list(_faults(template, declared, field))
    if faults:
        raise refused(faults)


def fill(
    template: str, values: Mapping[str, Value], target: Target, *, field: str = "plantilla"
) -> str:
    """Return the text with its values, safe for where it goes.

    Raises:
        ValidationFailed: as ``check``, or the result would be endless.
    """
    check(template, values, field=field)
    pieces = list(_pieces(template, values))
    if sum(map(len, pieces)) > MAX_RESULT:
        raise refused([FieldError(field, "texto_largo", f"Pasa de {MAX_RESULT} caracteres.")])
    text = "".join(pieces)
    if target == "html":
        return html.escape(text, quote=True).replace("\r\n", "\n").replace("\n", "<br>\n")
    return " ".join(_BREAKS.sub(" ", text).split()) if target == "line" else text


def _pieces(template: str, values: Mapping[str, Value]) -> Iterator[str]:
    place = 0
    for found in _PLACE.finditer(template):
        value = values[found[1].strip()]
        yield template[place : found.start()]
        yield "" if value is None else str(value)
        place = found.end()
    yield template[place:]


def _faults(template: str, declared: Collection[str], field: str) -> Iterator[FieldError]:
    known = ", ".join(sorted(declared))
    for asked in dict.fromkeys(found.strip() for found in _PLACE.findall(template)):
        if not _NAME.fullmatch(asked) or asked not in declared:
            yield FieldError(
                field,
                "campo_desconocido",
                f"«{_shown(asked)}» no es un campo de este texto. Hay: {known}.",
            )
    if _BRACES.search(_PLACE.sub("", template)):
        yield FieldError(field, "llaves", "Hay llaves dobles sin pareja; escriba {{ campo }}.")


def _shown(asked: str) -> str:
    return asked if len(asked) <= _SHOWN else f"{asked[:_SHOWN]}…"
