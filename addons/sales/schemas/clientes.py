"""Customers. Source: spec/erp-modules.md, módulo 1."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator
from stdnum.pe import cui, ruc

from addons.sales.schemas.campos import Correo
from kernel.money import Amount
from kernel.schemas import OptionalText, Schema, Text

TIPOS_DOC = {
    "0": "Sin documento",
    "1": "DNI",
    "4": "Carné de extranjería",
    "6": "RUC",
    "7": "Pasaporte",
}


class ClienteNuevo(Schema):
    """A customer to create; the number is checked by its type (catalogue 06)."""

    tipo_doc: Literal["0", "1", "4", "6", "7"]
    numero_doc: Annotated[str, StringConstraints(strip_whitespace=True, max_length=15)]
    razon_social: Text
    email: Correo = ""
    telefono: OptionalText = ""
    direccion: OptionalText = ""
    categoria: OptionalText = ""
    limite_credito: Amount = Decimal(0)
    tags: Annotated[list[Text], Field(max_length=20)] = Field(default_factory=list)

    @field_validator("numero_doc")
    @classmethod
    def check_numero(cls, value: str, info: ValidationInfo) -> str:
        """Refuse a RUC or DNI that cannot exist."""
        check_documento(info.data.get("tipo_doc", "0"), value)
        return value


def check_documento(tipo_doc: str, numero_doc: str) -> None:
    """Refuse the number of a document that cannot exist.

    Raises:
        ValueError: what is wrong, in Spanish.
    """
    if tipo_doc == "6" and not ruc.is_valid(numero_doc):
        raise ValueError("No es un RUC válido; revise los 11 dígitos y el verificador.")
    if tipo_doc == "1" and not _is_dni(numero_doc):
        raise ValueError("Un DNI tiene 8 dígitos.")
    if tipo_doc != "0" and not numero_doc:
        raise ValueError("Falta el número del documento.")


def _is_dni(number: str) -> bool:
    if not (number.isascii() and number.isdigit()):
        return False
    with_digit = len(number) == len("123456789")
    return len(number) == len("12345678") or (with_digit and cui.is_valid(number))
