"""The company and its sucursales."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import StringConstraints, field_validator
from stdnum.exceptions import ValidationError as InvalidNumber
from stdnum.pe import ruc as ruc_number

from kernel.schemas import Answer, Flag, Latitude, Longitude, OptionalText, Schema, Text


class SucursalNueva(Schema):
    """A branch to create."""

    codigo: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,10}$")]
    nombre: Text
    direccion: OptionalText = ""
    latitud: Latitude | None = None
    longitud: Longitude | None = None
    activo: Flag = True


@dataclass(frozen=True, slots=True)
class RucCambiado:
    """The company has another RUC: addons that cannot go on under it refuse."""

    antes: str
    ahora: str


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
