"""What enters and leaves base. Source: spec/erp-modules.md, módulo 9."""

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator
from stdnum.exceptions import ValidationError as InvalidNumber
from stdnum.pe import ruc as ruc_number

from kernel.schemas import Answer, Flag, OptionalText, RefId, Schema, Text

Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")
]
Password = Annotated[str, Field(min_length=1, max_length=256)]


class Login(Schema):
    """Credentials of a person."""

    email: Email
    password: Password


class Tokens(Answer):
    """A signed-in session: send ``access`` as ``Authorization: Bearer``."""

    access: str
    refresh: str
    expires_in: int = Field(description="Segundos de vida de access.")


class SucursalNueva(Schema):
    """A branch to create."""

    codigo: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,10}$")]
    nombre: Text
    direccion: OptionalText = ""
    activo: Flag = True


class UsuarioNuevo(Schema):
    """A user to create."""

    nombre: Text
    email: Email
    password: Password
    rol_id: RefId
    sucursal_id: RefId | None = None
    activo: Flag = True


class UsuarioCambio(Schema):
    """What may change of a user."""

    nombre: Text
    rol_id: RefId
    sucursal_id: RefId | None = None
    activo: Flag = True


class RolNuevo(Schema):
    """A role to create."""

    nombre: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")]
    descripcion: OptionalText = ""


class PermisoCambio(Schema):
    """One action of one module, allowed or not."""

    modulo: Text
    accion: Text
    permitido: Flag


class PermisosCambio(Schema):
    """The permissions of a role that change."""

    permisos: Annotated[list[PermisoCambio], Field(min_length=1, max_length=1000)]


class PermisosDelRol(Answer):
    """What a role may do: ``modulo.accion``."""

    rol_id: int
    permisos: list[str]


class ConfiguracionCambio(Schema):
    """The company's data; only what is sent changes."""

    ruc: str | None = None
    razon_social: Text | None = None
    nombre_comercial: OptionalText | None = None
    direccion: OptionalText | None = None
    ubigeo: Annotated[str, StringConstraints(pattern=r"^([0-9]{6})?$")] | None = None
    precios_incluyen_igv: Flag | None = None

    @field_validator("ruc")
    @classmethod
    def check_ruc(cls, value: str | None) -> str | None:
        """Refuse a RUC whose check digit is wrong."""
        return None if value is None else check_ruc(value)


class ConfiguracionLeida(Answer):
    """The company."""

    ruc: str
    razon_social: str
    nombre_comercial: str
    direccion: str
    ubigeo: str
    precios_incluyen_igv: bool
    version: int


def check_ruc(value: str) -> str:
    """Return the RUC, compact.

    Raises:
        ValueError: its length, prefix or check digit is wrong; the message says which.
    """
    compact = str(ruc_number.compact(value))
    try:
        return str(ruc_number.validate(compact))
    except InvalidNumber as error:
        raise ValueError(f"no es un RUC válido: {_reason(error)}") from None


def _reason(error: InvalidNumber) -> str:
    reasons = {
        "InvalidLength": "debe tener 11 dígitos",
        "InvalidFormat": "solo lleva dígitos",
        "InvalidComponent": "empieza con 10, 15, 17 o 20",
        "InvalidChecksum": "el dígito verificador no corresponde",
    }
    return reasons.get(type(error).__name__, "revise los dígitos")
