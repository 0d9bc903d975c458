"""Users and the sucursales that they are confined to."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from addons.base.schemas.campos import Email, Password
from kernel.schemas import Answer, Flag, RefId, Schema, Text


class UsuarioNuevo(Schema):
    """A user to create."""

    nombre: Text
    email: Email
    password: Password | None = Field(
        default=None, description="Sin ella, el usuario recibe una invitación y elige la suya."
    )
    rol_id: RefId
    sucursal_id: RefId | None = None
    activo: Flag = True


class UsuarioCambio(Schema):
    """What may change of a user."""

    nombre: Text
    rol_id: RefId
    sucursal_id: RefId | None = None
    activo: Flag = True


class SucursalesCambio(Schema):
    """The sucursales that a user is confined to; none of them means all."""

    sucursales: Annotated[list[RefId], Field(max_length=1000)]


class SucursalesDelUsuario(Answer):
    """The sucursales that a user is confined to."""

    usuario_id: int
    principal: int | None
    sucursales: list[int]
    todas: bool


@dataclass(frozen=True, slots=True)
class UsuarioCreado:
    """Somebody made a user, who must be as confined as they are: addons with scopes see to it."""

    usuario_id: int
