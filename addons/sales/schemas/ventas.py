"""Sales. Source: spec/erp-modules.md, módulo 1."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints

from addons.sales.schemas.campos import Codigo, lower
from kernel.money import Amount, Quantity, UnitPrice
from kernel.schemas import Answer, Day, Flag, OptionalText, RefId, Schema, Text

MAX_LINEAS = 500

Modo = Annotated[Literal["pos", "ecommerce"], BeforeValidator(lower)]
Lote = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]


class LineaNueva(Schema):
    """A line to sell. ``precio_unitario`` defaults to the customer's list or the product's price;
    ``descuento`` is an amount off the line, in the same terms (with or without IGV) as the price.
    """

    producto_id: RefId
    cantidad: Quantity
    precio_unitario: UnitPrice | None = None
    descuento: Amount = Decimal(0)
    lote: Lote = ""


class PagoNuevo(Schema):
    """A payment of a sale. One that is not ``confirmado`` is announced and not seen yet."""

    metodo: Codigo
    monto: Annotated[Amount, Field(gt=0)]
    referencia: OptionalText = ""
    confirmado: Flag = True


class VentaNueva(Schema):
    """A sale to register. ``descuento_global`` is taken off all lines together, in their terms;
    ``uuid`` is made by the till, which may then send the sale again without selling it twice.
    ``caja_id`` defaults to the only one that the user has open, ``sucursal_id`` to that of the
    caja.
    """

    cliente_id: RefId
    sucursal_id: RefId | None = None
    caja_id: RefId | None = None
    modo_emision: Modo = "pos"
    detalle: Annotated[list[LineaNueva], Field(min_length=1, max_length=MAX_LINEAS)]
    descuento_global: Amount = Decimal(0)
    formas_pago: Annotated[list[PagoNuevo], Field(min_length=1, max_length=20)]
    fecha_vencimiento: Day | None = None
    uuid: UUID | None = None


class VentaEnCaja(VentaNueva):
    """A sale of which is known where it is made."""

    sucursal_id: RefId
    caja_id: RefId


class LineaLeida(Answer):
    """A sold line; ``descuento_global`` is its share of the sale's, ``por_devolver`` what is still
    out."""

    id: int
    producto_id: int
    cantidad: Decimal
    precio_unitario: Decimal
    descuento: Decimal
    descuento_global: Decimal
    subtotal: Decimal
    igv: Decimal
    total: Decimal
    lote: str
    cantidad_devuelta: Decimal
    por_devolver: Decimal


class PagoLeido(Answer):
    """A payment."""

    metodo: str
    monto: Decimal
    referencia: str
    confirmado: bool


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
    descuento_global: Decimal
    vuelto: Decimal
    monto_credito: Decimal
    fecha_vencimiento: date | None
    estado: str
    modo_emision: str
    uuid: UUID | None
    orden_id: int | None
    motivo_anulacion: str
    fecha_anulacion: datetime | None
    detalle: list[LineaLeida]
    formas_pago: list[PagoLeido]


class PagoVisto(Schema):
    """The announced payments of a sale by one method, which arrived; cash goes into ``caja_id``,
    else into the sale's own caja or the user's."""

    metodo: Codigo
    referencia: OptionalText = ""
    caja_id: RefId | None = None


class Anulacion(Schema):
    """Why a sale is annulled, and the caja that gives cash back (else the sale's own, or the
    user's)."""

    motivo: Text
    caja_id: RefId | None = None


class LineaDevolucion(Schema):
    """Units of a sold line that come back; not ``reingresa``: they cannot be sold again."""

    detalle_id: RefId
    cantidad: Quantity
    reingresa: Flag = True


class DevolucionNueva(Schema):
    """Goods that come back. What is owed for the sale is taken off first; the rest is given back
    as it was paid, or all of it by ``metodo``."""

    motivo: Text
    lineas: Annotated[list[LineaDevolucion], Field(min_length=1, max_length=MAX_LINEAS)]
    metodo: Codigo | None = None
    caja_id: RefId | None = None


class ProductoDevuelto(Schema):
    """Units of a product that come back, whichever lines of the sale they were sold in;
    ``malogrado``: they cannot be sold again."""

    producto_id: RefId
    cantidad: Quantity
    malogrado: Flag = False


class DevolucionDeVenta(Schema):
    """The same for a sale that is named here, by products."""

    venta_id: RefId
    motivo: Text
    lineas: Annotated[list[ProductoDevuelto], Field(min_length=1, max_length=MAX_LINEAS)]
    metodo: Codigo | None = None
    caja_id: RefId | None = None


class LineaDevueltaLeida(Answer):
    """A line that came back; ``malogrado`` says that it does not ``reingresa``."""

    detalle_venta_id: int
    producto_id: int
    cantidad: Decimal
    reingresa: bool
    malogrado: bool
    subtotal: Decimal
    igv: Decimal
    total: Decimal


class ReembolsoLeido(Answer):
    """Money given back; ``caja_id`` is where cash left."""

    metodo: str
    monto: Decimal
    caja_id: int | None


class DevolucionLeida(Answer):
    """Goods that came back; ``monto_credito`` was taken off what the customer owes."""

    id: int
    numero: int
    venta_id: int
    usuario_id: int
    sucursal_id: int
    fecha: datetime
    motivo: str
    subtotal: Decimal
    igv: Decimal
    total: Decimal
    monto_credito: Decimal
    lineas: list[LineaDevueltaLeida]
    reembolsos: list[ReembolsoLeido]
