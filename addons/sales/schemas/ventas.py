"""Sales. Source: spec/erp-modules.md, módulo 1."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from addons.sales.schemas.campos import Codigo, lower
from kernel.money import Amount, Quantity, UnitPrice
from kernel.schemas import Answer, OptionalText, RefId, Schema

MAX_LINEAS = 500


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
    modo_emision: Annotated[Literal["pos", "ecommerce"], BeforeValidator(lower)] = "pos"
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
