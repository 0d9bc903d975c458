"""Request bodies: JSON to a validated schema, with every bad field named at once.

Numbers are parsed as exact decimals; NUL characters, which PostgreSQL cannot store, are refused by
field; a lone surrogate, NaN, a number of thousands of digits or a body nested beyond reason is a
400 like any other malformed document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from kernel.errors import FieldError, ValidationFailed
from kernel.messages import refused, validation_failed

SchemaT = TypeVar("SchemaT", bound=BaseModel)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} no es JSON")


def parse(raw: bytes, schema: type[SchemaT]) -> SchemaT:
    """Return the body as a schema.

    Raises:
        ValidationFailed: the body is not JSON, or fields are wrong; all of them are listed.
    """
    document = _load(raw)
    if b"\\u0000" in raw or b"\x00" in raw:
        faults = list(_nul_fields(document))
        if faults:
            raise refused(faults)
    try:
        return schema.model_validate(document)
    except ValidationError as error:
        raise validation_failed(error) from None


def _load(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode("utf-8"), parse_float=_decimal, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValidationFailed("El JSON está anidado demasiado hondo.", code="json_invalido") from None
    except (ValueError, ArithmeticError) as error:
        raise ValidationFailed(
            f"El cuerpo no es JSON válido: {error}.", code="json_invalido"
        ) from None


def _decimal(text: str) -> Decimal:
    if len(text) > 64:
        raise ValueError("un número tiene demasiados dígitos")
    return Decimal(text)


def _nul_fields(value: Any, path: str = "") -> Iterator[FieldError]:
    if isinstance(value, str):
        if "\x00" in value:
            yield FieldError(path, "nul", "Contiene el carácter NUL, que no se puede guardar.")
    elif isinstance(value, dict):
        for key, member in value.items():
            if "\x00" in key:
                yield FieldError(path, "nul", "Un nombre de campo contiene el carácter NUL.")
            yield from _nul_fields(member, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _nul_fields(member, f"{path}.{index}" if path else str(index))
