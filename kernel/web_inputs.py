"""Inputs of forms: a field as it is shown, and what is typed as the API takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kernel import cells, translations, web_rows, widgets
from kernel.cells import Painter
from kernel.errors import DomainError
from kernel.page import Pairs
from kernel.uploads import Upload
from kernel.views import Column, Field


@dataclass(frozen=True, slots=True)
class Input:
    """A field of a form as it is shown."""

    name: str
    label: str
    kind: str
    value: str
    said: Any
    editable: bool
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    help: str = ""
    span: int = 1
    fault: str = ""
    refers: str = ""
    longest: int | None = None
    numeric: bool = False
    most: str = ""
    """What one click fills in."""
    begins: bool = False
    """Whether one types here first."""

    @property
    def id(self) -> str:
        """The id of its element."""
        return f"i-{self.name.replace('.', '-')}"


@dataclass(frozen=True, slots=True)
class Block:
    """A section as it is shown."""

    id: str
    label: str
    inputs: tuple[Input, ...]


@dataclass
class Draft:
    """What a form is filled with: the record, and what somebody typed and was refused."""

    data: Mapping[str, Any] = field(default_factory=dict)
    typed: Pairs | None = None
    refusal: DomainError | None = None
    adds: str = ""
    """The list that somebody asked one more line for."""

    def value(self, name: str) -> Any:
        """Return what a field shows."""
        if self.typed is not None and (name in self.typed or f"_de.{name}" in self.typed):
            return self.typed.get(name)
        return within(self.data, name)

    def named(self, name: str, refers: str) -> str:
        """Return the name that was typed into a reference."""
        return self.typed.get(f"_nombre.{refers}.{name}") if self.typed is not None else ""

    def fault(self, name: str) -> str:
        """Return why a field was refused."""
        errors = self.refusal.errors if self.refusal is not None else ()
        return next((one.message for one in errors if one.field == name), "")


def within(data: Mapping[str, Any], name: str) -> Any:
    """Return a field of a document, or of a document in it."""
    first, _, rest = name.partition(".")
    found = data.get(first)
    if not rest:
        return found
    return found.get(rest) if isinstance(found, Mapping) else None


def input_of(
    one: Field | Column,
    drawn: cells.Drawn,
    info: FieldInfo | None,
    value: Any,
    painter: Painter,
    *,
    name: str = "",
    fault: str = "",
    required: bool = False,
    named: str = "",
) -> Input:
    """Return a field as it is shown: an input where the API takes it (``info``).

    ``named`` is what was typed into a reference, if it was.
    """
    options = [(c.value, translations.translate(c.label)) for c in one.choices]
    if info is not None and not options:
        options = [(one, one) for one in _literals(info.annotation)]
    identity = id_of(value) if drawn.refers else None
    said = named or (painter.said(drawn, identity) if identity else "")
    return Input(
        name or one.name,
        translations.translate(one.label),
        "text" if one.widget == "text" else _kind(drawn, info, bool(options)),
        _typed_as(drawn, value),
        said if drawn.refers or info is not None else web_rows.cell(painter, drawn, value),
        editable=info is not None,
        required=required,
        options=tuple(options),
        help=translations.translate(getattr(one, "help", "")),
        span=getattr(one, "span", 1),
        fault=fault,
        refers=drawn.refers,
        longest=_longest(info),
        numeric=drawn.numeric or drawn.widget == "integer",
    )


def _kind(drawn: cells.Drawn, info: FieldInfo | None, chosen: bool) -> str:
    if chosen:
        return "choice"
    if info is not None and cells.plain_type(info.annotation) is Upload:
        return "file"
    if drawn.widget in INPUTS or widgets.template_of(drawn.widget):
        return drawn.widget
    longest = _longest(info)
    return "paragraphs" if longest is not None and longest > 1000 else "text"


INPUTS = (
    "reference",
    "flag",
    "day",
    "moment",
    "money",
    "price",
    "number",
    "integer",
    "email",
    "tel",
    "tags",
    "hidden",
    "password",
)


def _longest(info: FieldInfo | None) -> int | None:
    for one in info.metadata if info is not None else ():
        length = getattr(one, "max_length", None)
        if isinstance(length, int):
            return length
    return None


def _literals(kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return [str(one) for one in get_args(kind)]
    return [text for one in get_args(kind) for text in _literals(one)]


def item_of(kind: Any) -> type[BaseModel] | None:
    """Return the schema of the items of a list of documents."""
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        return item if isinstance(item, type) and issubclass(item, BaseModel) else None
    return next((found for one in get_args(kind) if (found := item_of(one)) is not None), None)


def document_of(kind: Any) -> type[BaseModel] | None:
    """Return the schema of a document that stands inside of another."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if get_origin(kind) is list:
        return None
    return next((found for one in get_args(kind) if (found := document_of(one))), None)


def info_of(model: type[BaseModel] | None, name: str) -> FieldInfo | None:
    """Return what a schema says of a field, or of a field of a document in it."""
    first, _, rest = name.partition(".")
    info = model.model_fields.get(first) if model is not None else None
    return info_of(document_of(info.annotation), rest) if rest and info is not None else info


def typed_document(form: Pairs, name: str, info: FieldInfo) -> dict[str, Any] | None:
    """Return a document that was typed field by field; None where only defaults were left."""
    model = document_of(info.annotation)
    if model is None:
        return None
    found = {
        key: sent(form.get(f"{name}.{key}"), one)
        for key, one in model.model_fields.items()
        if f"{name}.{key}" in form or f"_de.{name}.{key}" in form
    }
    told = {key: value for key, value in found.items() if not _is_default(value, model, key)}
    return {key: value for key, value in found.items() if value is not None} if told else None


def _is_default(value: Any, model: type[BaseModel], key: str) -> bool:
    info = model.model_fields[key]
    standard = None if info.is_required() else info.get_default(call_default_factory=True)
    return value in (None, "") or value == standard


def uploaded(form: Pairs, name: str) -> Upload | None:
    """Return the file that a field brought, if one was chosen."""
    found = next((value for key, value in form if key == name and isinstance(value, Upload)), None)
    return found if found is not None and found.size else None


def id_of(value: Any) -> Any:
    """Return an id that came as text as a number; anything else as it is."""
    text = isinstance(value, str) and value.isascii() and value.isdigit()
    return int(value) if text else value


def written(value: Any) -> str:
    """Return a value as a text that can be typed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else ""
    return str(value)


def _typed_as(drawn: cells.Drawn, value: Any) -> str:
    """Return a value as somebody would type it."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    text = written(value)
    if drawn.widget in ("money", "price", "number") and "." in text:
        whole, _, decimals = text.partition(".")
        least = 0 if drawn.widget == "number" else 2
        decimals = decimals.rstrip("0").ljust(least, "0")
        return f"{whole}.{decimals}" if decimals else whole
    return text


def sent(text: str, info: FieldInfo) -> Any:
    """Return what was typed as the API takes it; what is no number stays text, to be refused."""
    kind = cells.plain_type(info.annotation)
    text = text.strip()
    if kind is bool:
        return text in ("true", "on")
    if kind is list:
        return [one.strip() for one in text.split(",") if one.strip()]
    nullable = type(None) in get_args(info.annotation)
    if text == "" and (nullable or kind is not str):
        return None
    if kind is int:
        return int(text) if text.lstrip("-").isdigit() and text.isascii() else text
    if kind is Decimal:
        return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    return text


def typed_lines(form: Pairs, name: str) -> dict[str, dict[str, str]]:
    """Return the lines of a list that were typed, by their number, each field by name."""
    found: dict[str, dict[str, str]] = {}
    for key, value in form:
        words = key.split(".")
        if len(words) == 3 and words[0] == name and isinstance(value, str):
            found.setdefault(words[1], {})[words[2]] = value
    return found
