"""What enters and leaves sales, and the events it publishes. Source: módulo 1."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator
from stdnum.pe import cui, ruc

from kernel.money import Amount, Quantity, UnitPrice
from kernel.schemas import Answer, Flag, OptionalText, RefId, Schema, Text

MAX_LINEAS = 500

TIPOS_DOC = {
    "0": "Sin documento",
    "1": "DNI",
    "4": "Carné de extranjería",
    "6": "RUC",
    "7": "Pasaporte",
}


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Codigo = Annotated[str, BeforeValidator(_lower), StringConstraints(pattern=r"^[a-z0-9_]{1,30}$")]
Correo = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^([^@\s]+@[^@\s]+)?$"),
]


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


class ProductoNuevo(Schema):
    """A product to create."""

    sku: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    nombre: Text
    precio: UnitPrice
    costo: UnitPrice | None = None
    permite_venta_sin_stock: Flag = False
    unidad_medida: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,3}$")] = "NIU"
    afectacion_igv: Annotated[str, StringConstraints(pattern=r"^(10|20|30)$")] = "10"
    codigo_barras: OptionalText = ""
    categoria_id: RefId | None = None
    activo: Flag = True


class CategoriaNueva(Schema):
    """A family of products to create."""

    nombre: Text


class MetodoPagoNuevo(Schema):
    """A way to pay to accept; its code is what a sale names."""

    codigo: Codigo
    nombre: Text
    es_efectivo: Flag = False
    activo: Flag = True


class MetodoPagoCambio(Schema):
    """What may change of a way to pay."""

    nombre: Text
    activo: Flag = True


class AperturaCaja(Schema):
    """A cash drawer to open."""

    sucursal_id: RefId
    monto_apertura: Amount


class CierreCaja(Schema):
    """What was counted when a cash drawer is closed."""

    caja_id: RefId
    monto_cierre: Amount


class CajaLeida(Answer):
    """A cash drawer; ``diferencia`` is counted minus expected cash."""

    id: int
    sucursal_id: int
    usuario_id: int
    estado: str
    monto_apertura: Decimal
    monto_esperado: Decimal | None
    monto_cierre: Decimal | None
    diferencia: Decimal | None
    fecha_apertura: datetime
    fecha_cierre: datetime | None


class LineaNueva(Schema):
    """A line to sell. ``precio_unitario`` defaults to the product's; ``descuento`` is an amount
    off the line, in the same terms (with or without IGV) as the price."""

    producto_id: RefId
    cantidad: Quantity
    precio_unitario: UnitPrice | None = None
    descuento: Amount = Decimal(0)


class PagoNuevo(Schema):
    """A payment of a sale."""

    metodo: Codigo
    monto: Annotated[Amount, Field(gt=0)]
    referencia: OptionalText = ""


class VentaNueva(Schema):
    """A sale to register."""

    cliente_id: RefId
    sucursal_id: RefId
    caja_id: RefId
    modo_emision: Annotated[Literal["pos", "ecommerce"], BeforeValidator(_lower)] = "pos"
    detalle: Annotated[list[LineaNueva], Field(min_length=1, max_length=MAX_LINEAS)]
    formas_pago: Annotated[list[PagoNuevo], Field(min_length=1, max_length=20)]


class LineaLeida(Answer):
    """A sold line."""

    id: int
    producto_id: int
    cantidad: Decimal
    precio_unitario: Decimal
    descuento: Decimal
    subtotal: Decimal
    igv: Decimal
    total: Decimal


class PagoLeido(Answer):
    """A payment."""

    metodo: str
    monto: Decimal
    referencia: str


class VentaLeida(Answer):
    """A sale with its lines and payments; ``subtotal`` is without IGV."""

    id: int
    serie: str
    numero: int
    cliente_id: int
    usuario_id: int
    sucursal_id: int
    caja_id: int
    fecha: datetime
    subtotal: Decimal
    igv: Decimal
    total: Decimal
    vuelto: Decimal
    estado: str
    modo_emision: str
    detalle: list[LineaLeida]
    formas_pago: list[PagoLeido]


@dataclass(frozen=True, slots=True)
class LineaVendida:
    """A line of ``VentaRegistrada``; ``campo`` is its path in the caller's body."""

    producto_id: int
    cantidad: Decimal
    campo: str


@dataclass(frozen=True, slots=True)
class VentaRegistrada:
    """Event: a sale was written in this transaction."""

    venta_id: int
    sucursal_id: int
    total: Decimal
    lineas: tuple[LineaVendida, ...]
