"""Field types that several subjects share."""

from typing import Annotated

from pydantic import BeforeValidator, StringConstraints


def lower(value: object) -> object:
    """Return a text without blanks around it, in small letters."""
    return value.strip().lower() if isinstance(value, str) else value


Codigo = Annotated[str, BeforeValidator(lower), StringConstraints(pattern=r"^[a-z0-9_]{1,30}$")]
Correo = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^([^@\s]+@[^@\s]+)?$"),
]
