"""Customers. Source: spec/erp-modules.md, módulo 1; SUNAT, catálogo 06."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, Strict, StringConstraints, ValidationInfo, field_validator
from stdnum.pe import cui, ruc

from addons.sales.schemas.campos import Codigo, Correo
from kernel.money import Amount
from kernel.schemas import Answer, Flag, OptionalText, RefId, Schema, Text

TIPOS_DOC = {
    "0": "Sin documento",
    "1": "DNI",
    "4": "Carné de extranjería",
    "6": "RUC",
    "7": "Pasaporte",
    "A": "Cédula diplomática de identidad",
    "B": "Documento de identidad del país de residencia",
    "C": "TIN de una persona natural",
    "D": "IN de una persona jurídica",
    "E": "Tarjeta andina de migración",
}
LARGO_RUC, LARGO_DNI = 11, 8
PREFIJOS_RUC = ("10", "15", "16", "17", "20")
"""What SUNAT gives out; python-stdnum lacks 16."""

TipoDoc = Literal["0", "1", "4", "6", "7", "A", "B", "C", "D", "E"]
Dias = Annotated[int, Strict(), Field(ge=0, le=365)]


class ClienteNuevo(Schema):
    """A customer to create; the number is checked by its type (catalogue 06)."""

    tipo_doc: TipoDoc
    numero_doc: Annotated[str, StringConstraints(strip_whitespace=True, max_length=15)]
    razon_social: Text
    email: Correo = ""
    telefono: OptionalText = ""
    direccion: OptionalText = ""
    categoria: OptionalText = ""
    limite_credito: Amount = Decimal(0)
    dias_credito: Dias = 0
    lista_precio_id: RefId | None = None
    tags: Annotated[list[Text], Field(max_length=20)] = Field(default_factory=list)
    activo: Flag = True

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
    if tipo_doc != "0" and not numero_doc:
        raise ValueError("Falta el número del documento.")
    if tipo_doc == "6":
        _check_ruc(numero_doc)
    if tipo_doc == "1":
        _check_dni(numero_doc)


def _check_ruc(number: str) -> None:
    if not (number.isascii() and number.isdigit() and len(number) == LARGO_RUC):
        raise ValueError(f"Un RUC tiene 11 dígitos y nada más; este tiene {len(number)} signos.")
    if number[:2] not in PREFIJOS_RUC:
        raise ValueError(f"Un RUC empieza con {', '.join(PREFIJOS_RUC)}.")
    digito = ruc.calc_check_digit(number[:-1])
    if number[-1] != digito:
        raise ValueError(
            f"El dígito verificador no corresponde: termina en {number[-1]} y con los diez"
            f" anteriores debería terminar en {digito}. Revise el número."
        )


def _check_dni(number: str) -> None:
    if not (number[:LARGO_DNI].isascii() and number[:LARGO_DNI].isdigit()):
        raise ValueError("Un DNI tiene 8 dígitos.")
    if len(number) not in (LARGO_DNI, LARGO_DNI + 1):
        raise ValueError("Un DNI tiene 8 dígitos, o 9 signos con el verificador.")
    if len(number) > LARGO_DNI and not cui.is_valid(number):
        raise ValueError("El dígito verificador no corresponde a ese DNI. Revise el número.")


class BusquedaCliente(Schema):
    """What somebody typed so far of a name or document."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    limit: Annotated[int, Field(ge=1, le=50)] = 10


class ClienteHallado(Answer):
    """A customer as a search shows it; ``credito_disponible`` is what may still be owed."""

    id: int
    tipo_doc: str
    numero_doc: str
    razon_social: str
    categoria: str
    credito_disponible: Decimal


class ClientesHallados(Answer):
    """What a search found, the best first."""

    items: list[ClienteHallado]


class AbonoNuevo(Schema):
    """What a customer pays of what is owed, taken in by a caja."""

    caja_id: RefId
    monto: Annotated[Amount, Field(gt=0)]
    metodo: Codigo
    referencia: OptionalText = ""


class AbonoLeido(Answer):
    """A payment of what was owed, and what is left of it."""

    id: int
    cliente_id: int
    caja_id: int
    monto: Decimal
    saldo_credito: Decimal


class VentaPorCobrar(Answer):
    """A sale on credit; ``monto_credito`` is what was not paid at once."""

    venta_id: int
    serie: str
    numero: int
    fecha: date
    fecha_vencimiento: date | None
    total: Decimal
    monto_credito: Decimal
    vencida: bool


class CreditoLeido(Answer):
    """What a customer owes and may owe, and the latest sales on credit."""

    cliente_id: int
    limite_credito: Decimal
    saldo_credito: Decimal
    disponible: Decimal
    dias_credito: int
    ventas: list[VentaPorCobrar]
