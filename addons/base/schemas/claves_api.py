"""API keys."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, Strict

from kernel.schemas import Answer, Schema, Text

Vigencia = Annotated[int, Strict(), Field(ge=1, le=3650)]


class ClaveApiNueva(Schema):
    """An API key to create."""

    nombre: Text
    alcances: Annotated[list[Text], Field(min_length=1, max_length=500)]
    vigencia_dias: Vigencia | None = None


class ClaveApiRotacion(Schema):
    """How an API key is renewed: how long the old secret stays good, and how long the new one."""

    gracia_horas: Annotated[int, Strict(), Field(ge=0, le=7 * 24)] = 24
    vigencia_dias: Vigencia | None = None


class ClaveApiCreada(Answer):
    """A new API key; ``clave`` is shown this once."""

    id: int
    clave: str
    prefijo: str
    nombre: str
    alcances: list[str]
    expires_at: datetime
