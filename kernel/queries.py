"""Path parameters and query strings: text to typed values, every bad parameter named at once."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from kernel.errors import FieldError, NotFound, ValidationFailed
from kernel.messages import field_name, refused, validation_failed

QueryT = TypeVar("QueryT", bound=BaseModel)

_adapters: dict[Any, TypeAdapter[Any]] = {}


class Nothing(BaseModel):
    """The query of an endpoint that takes none."""

    model_config = ConfigDict(extra="forbid")


def path_value(kind: Any, text: str) -> Any:
    """Return a path parameter.

    Raises:
        NotFound: no record can have such an id.
    """
    adapter = _adapters.get(kind)
    if adapter is None:
        adapter = _adapters[kind] = TypeAdapter(kind)
    try:
        value = adapter.validate_python(text)
    except ValidationError:
        raise NotFound from None
    if "\x00" in text or (isinstance(value, int) and not 0 < value < 2**63):
        raise NotFound
    return value


def parse(raw: bytes, schema: type[QueryT]) -> QueryT:
    """Return a query string as a schema; a repeated name is an error, not a choice.

    Raises:
        ValidationFailed: it is not UTF-8, or parameters are wrong; all of them are listed.
    """
    values: dict[str, str] = {}
    faults: list[FieldError] = []
    for name, value in _pairs(raw):
        if name in values:
            message = "Este parámetro está repetido."
            faults.append(FieldError(field_name([name]), "repetido", message))
        elif "\x00" in value:
            faults.append(FieldError(field_name([name]), "nul", "Contiene el carácter NUL."))
        values[name] = value
    try:
        read = schema.model_validate(values)
    except ValidationError as error:
        raise refused([*faults, *validation_failed(error).errors]) from None
    if faults:
        raise refused(faults)
    return read


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise ValidationFailed(
            "Los parámetros no están en UTF-8 codificado con «%».", code="consulta_invalida"
        ) from None
