"""Rows of an import: texts of cells as values, and the fields that heads of columns mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from kernel.imports import Import, Row, Target
from kernel.messages import validation_failed
from kernel.schemas import plain_type

Places = Mapping[str, int]
"""Field → the place of its column."""

_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_CURRENCY = re.compile(r"^(s/\.?|\$|us\$|usd|pen)\s*", re.IGNORECASE)
YES = frozenset({"sí", "si", "s", "true", "verdadero", "1", "x", "yes"})
NO = frozenset({"no", "n", "false", "falso", "0"})


def plain(text: str) -> str:
    """Return a head of a column as it is compared: small letters without accents, one blank."""
    split = unicodedata.normalize("NFD", text.lower())
    letters = "".join(one for one in split if not unicodedata.combining(one))
    return " ".join(re.findall(r"[a-z0-9]+", letters))


def guess(kind: Import, heads: Sequence[str]) -> dict[str, int]:
    """Return the fields whose name, label or alias a head is; the first of several wins."""
    found: dict[str, int] = {}
    known = {name: one.name for one in reversed(kind.fields) for name in _names(one)}
    for place, head in enumerate(heads):
        name = known.get(plain(head))
        if name is not None:
            found.setdefault(name, place)
    return found


def _names(one: Target) -> Iterable[str]:
    return (plain(text) for text in (one.name, one.label, *one.aliases))


def read(kind: Import, number: int, texts: tuple[str, ...], mapping: Places) -> Row:
    """Return a row, with what is wrong with single cells; blank cells say nothing."""
    row = Row(number, texts)
    known = kind.schema.model_fields
    raw = {
        name: value_of(texts[place].strip(), known[name].annotation)
        for name, place in mapping.items()
        if texts[place].strip()
    }
    try:
        row.data = kind.sparse.model_validate(raw)
    except ValidationError as error:
        row.faults += validation_failed(error).errors
    else:
        row.given = row.data.model_dump(exclude_unset=True)
    return row


def complete(kind: Import, row: Row) -> None:
    """Give a row that makes something new its whole schema, or say what it lacks."""
    try:
        row.data = kind.schema.model_validate(row.data.model_dump(exclude_unset=True))
    except ValidationError as error:
        row.faults += validation_failed(error).errors


def value_of(text: str, annotation: Any) -> Any:
    """Return a cell's text as its field takes it; what cannot be read stays, to be refused."""
    kind = plain_type(annotation)
    if kind is Decimal:
        return _number(text)
    if kind is int:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text
    if kind is bool:
        word = text.lower()
        return True if word in YES else False if word in NO else text
    if kind is date:
        return _day(text)
    if kind is list:
        return [one.strip() for one in re.split(r"[;,]", text) if one.strip()]
    return text


def _number(text: str) -> str:
    """Return a number without currency and marks of thousands; a decimal comma is no guess."""
    bare = _CURRENCY.sub("", text).replace(" ", "")
    return bare.replace(",", "") if _THOUSANDS.fullmatch(bare) else bare


def _day(text: str) -> str:
    """Return a day as ISO 8601; 05/11/2026 is the fifth of November."""
    found = _DAY.fullmatch(text)
    if found is None:
        return text.partition(" ")[0]
    day, month, year = found.groups()
    return f"{year}-{month:0>2}-{day:0>2}"
