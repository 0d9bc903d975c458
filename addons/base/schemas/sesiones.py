"""Sessions: renewal, end, and who is signed in."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kernel.schemas import Answer, Flag, Schema


class Renovacion(Schema):
    """A refresh token, to be exchanged for new ones."""

    refresh: Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class Salida(Schema):
    """Which sessions end."""

    todas: Flag = Field(default=False, description="Todas las sesiones del usuario.")


ESTA_SESION = Salida()


class SesionLeida(Answer):
    """An open session; ``actual`` is the one that asks."""

    id: int
    dispositivo: str
    ip: str
    metodo: str
    created_at: datetime
    ultimo_uso: datetime
    expires_at: datetime
    actual: bool


class Yo(Answer):
    """Who is signed in; ``sucursales`` is null for who works in all of them."""

    id: int
    nombre: str
    email: str
    rol_id: int
    rol: str
    permisos: list[str]
    sucursales: list[int] | None
    dos_fa_activo: bool
    idioma: str | None


class IdiomaCambio(Schema):
    """The language that a user reads; null: the company's."""

    idioma: Literal["es", "en"] | None


class IdiomaLeido(Answer):
    """The language that a user chose, if one."""

    idioma: str | None
