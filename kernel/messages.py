"""Spanish texts of validation faults, by pydantic's stable error type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kernel.errors import FieldError, ValidationFailed
from kernel.translations import later

TEXTS: Mapping[str, str] = later(
    {
        "missing": "Falta este campo.",
        "extra_forbidden": "Este campo no existe aquí; revise su nombre.",
        "int_type": "Debe ser un número entero.",
        "int_parsing": "Debe ser un número entero.",
        "int_from_float": "Debe ser un número entero, sin decimales.",
        "float_type": "Debe ser un número.",
        "bool_type": "Debe ser verdadero o falso.",
        "bool_parsing": "Debe ser verdadero o falso.",
        "string_type": "Debe ser un texto.",
        "string_unicode": "Contiene caracteres que no son Unicode válido.",
        "string_too_short": "Debe tener al menos {min_length} caracteres.",
        "string_too_long": "Debe tener como máximo {max_length} caracteres.",
        "string_pattern_mismatch": "No tiene la forma esperada.",
        "decimal_type": "Debe ser un número decimal (número o texto).",
        "decimal_parsing": "Debe ser un número decimal.",
        "decimal_max_digits": "Debe tener como máximo {max_digits} dígitos.",
        "decimal_max_places": "Debe tener como máximo {decimal_places} decimales.",
        "decimal_whole_digits": "Debe tener como máximo {whole_digits} dígitos enteros.",
        "finite_number": "Debe ser un número finito.",
        "greater_than": "Debe ser mayor que {gt}.",
        "greater_than_equal": "Debe ser {ge} o más.",
        "less_than": "Debe ser menor que {lt}.",
        "less_than_equal": "Debe ser {le} o menos.",
        "list_type": "Debe ser una lista.",
        "too_long": "Tiene {actual_length} elementos; el máximo es {max_length}.",
        "too_short": "Debe tener al menos {min_length} elemento(s).",
        "dict_type": "Debe ser un objeto.",
        "model_type": "Debe ser un objeto.",
        "model_attributes_type": "Debe ser un objeto.",
        "literal_error": "Debe ser uno de: {expected}.",
        "enum": "Debe ser uno de: {expected}.",
        "date_type": "Debe ser una fecha (AAAA-MM-DD).",
        "date_parsing": "Debe ser una fecha (AAAA-MM-DD).",
        "date_from_datetime_parsing": "Debe ser una fecha (AAAA-MM-DD).",
        "date_from_datetime_inexact": "Debe ser una fecha sin hora (AAAA-MM-DD).",
        "datetime_type": "Debe ser una fecha y hora (ISO 8601).",
        "datetime_parsing": "Debe ser una fecha y hora (ISO 8601).",
        "datetime_from_date_parsing": "Debe ser una fecha y hora (ISO 8601).",
        "timezone_aware": "Debe llevar zona horaria.",
        "uuid_type": "Debe ser un UUID.",
        "uuid_parsing": "Debe ser un UUID.",
        "value_error": "{error}",
    }
)


MAX_FIELD = 200
"""Characters of a field's name in an answer."""

MAX_ERRORS = 200
_DATE = re.compile(r"datetime\.date\((\d+), (\d+), (\d+)\)")


def validation_failed(error: ValidationError, prefix: str = "") -> ValidationFailed:
    """Return the 400 that names every bad field of a pydantic error."""
    faults = error.errors(include_url=False, include_input=False)
    return refused(_field_error(fault, prefix) for fault in faults)


def refused(errors: Iterable[FieldError]) -> ValidationFailed:
    """Return the 400 that carries these field errors."""
    found = list(errors)[:MAX_ERRORS]
    if len(found) == 1:
        return ValidationFailed("Un campo no es válido.", errors=found)
    return ValidationFailed(f"{len(found)} campos no son válidos.", errors=found)


def field_name(path: Sequence[str | int]) -> str:
    """Return a field's dotted path, fit to be written: not endless, and valid Unicode."""
    name = ".".join(str(part) for part in path)[:MAX_FIELD]
    return name.encode("utf-8", "backslashreplace").decode()


def _plain(value: Any) -> Any:
    """Return what a fault tells of a bound or of a choice, without Python's and English words."""
    if not isinstance(value, str):
        return value
    day = _DATE.fullmatch(value)
    if day:
        year, month, number = map(int, day.groups())
        return f"{year:04}-{month:02}-{number:02}"
    return value.replace("' or '", "', '")


def _field_error(fault: ErrorDetails, prefix: str) -> FieldError:
    path = field_name(fault["loc"])
    facts = {name: _plain(value) for name, value in (fault.get("ctx") or {}).items()}
    text = TEXTS.get(fault["type"], fault["msg"])
    try:
        message = text.format(**facts)
    except (KeyError, IndexError):
        message = fault["msg"]
    return FieldError(prefix + path, fault["type"], message)
