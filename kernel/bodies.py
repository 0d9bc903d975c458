"""Request bodies: JSON to a validated schema, with every bad field named at once.

Numbers are parsed as exact decimals. What PostgreSQL cannot store as text (NUL, a lone surrogate)
and a name given twice are refused by field; NaN, a number of thousands of digits or a body nested
beyond reason is a 400 like any other malformed document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from kernel.errors import FieldError, ValidationFailed
from kernel.messages import field_name, refused, validation_failed

SchemaT = TypeVar("SchemaT", bound=BaseModel)

MAX_NUMBER = 1000
"""Characters of a number with a point or an exponent."""

SUSPECT = (b"\\u0000", b"\\ud", b"\\uD")
"""Without one of these escapes no text can hold NUL or a lone surrogate."""


def parse(raw: bytes, schema: type[SchemaT]) -> SchemaT:
    """Return the body as a schema.

    Raises:
        ValidationFailed: the body is not JSON, or fields are wrong; all of them are listed.
    """
    document = _load(raw)
    faults: list[FieldError] = []
    if any(mark in raw for mark in SUSPECT):
        faults.extend(_unstorable(document))
    try:
        made = schema.model_validate(document)
    except ValidationError as error:
        named = {fault.field for fault in faults}
        others = validation_failed(error).errors
        raise refused([*faults, *(one for one in others if one.field not in named)]) from None
    if faults:
        raise refused(faults)
    return made


def _load(raw: bytes) -> Any:
    try:
        return json.loads(
            raw.decode("utf-8"),
            parse_float=_decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError:
        raise _malformed("no está en UTF-8") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"línea {error.lineno}, columna {error.colno}") from None
    except RecursionError:
        raise _malformed("está anidado demasiado hondo") from None
    except (ValueError, ArithmeticError):
        raise _malformed("un número tiene demasiados dígitos") from None


def _malformed(reason: str) -> ValidationFailed:
    return ValidationFailed(f"El cuerpo no es JSON válido: {reason}.", code="json_invalido")


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_NUMBER:
        raise _malformed("un número tiene demasiados dígitos")
    return Decimal(text)


def _refuse_constant(name: str) -> NoReturn:
    raise _malformed(f"{name} no es un número de JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise refused(
            FieldError(field_name([name]), "repetido", "Este campo está dos veces.")
            for name in repeated
        )
    return made


def _unstorable(document: Any) -> Iterator[FieldError]:
    """Yield the texts that cannot be stored; a walk without recursion."""
    pending: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict):
            pending.extend(((*path, name), member) for name, member in value.items())
            pending.extend(((*path, name), name) for name in value)
        elif isinstance(value, list):
            pending.extend(((*path, index), member) for index, member in enumerate(value))
        elif isinstance(value, str) and (reason := why_unstorable(value)):
            yield FieldError(field_name(path), *reason)


def why_unstorable(text: str) -> tuple[str, str] | None:
    """Return code and message of what PostgreSQL would not keep of a text, or None."""
    if "\x00" in text:
        return "nul", "Contiene el carácter NUL, que no se puede guardar."
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "string_unicode", "Contiene caracteres que no son Unicode válido."
    return None
