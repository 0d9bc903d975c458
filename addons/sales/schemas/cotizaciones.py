"""Price offers and orders. Source: spec/erp-modules.md, módulo 1."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from addons.sales.schemas.campos import Codigo, Correo
from addons.sales.schemas.ventas import MAX_LINEAS, Modo, PagoNuevo
from kernel.money import Amount, Quantity, UnitPrice
from kernel.schemas import Answer, Day, OptionalText, RefId, Schema, Text, Version

Observaciones = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class LineaCotizada(Schema):
    """A line to offer. ``precio`` defaults to the customer's list or the product's price."""

    producto_id: RefId
    cantidad: Quantity
    precio: UnitPrice | None = None
    descuento: Amount = Decimal(0)

    @property
    def precio_unitario(self) -> Decimal | None:
        """The price, by the name that sales have for it."""
        return self.precio


Detalle = Annotated[list[LineaCotizada], Field(min_length=1, max_length=MAX_LINEAS)]


class CotizacionNueva(Schema):
    """A price offer to make; without a day it is good for as long as the settings say."""

    cliente_id: RefId
    sucursal_id: RefId
    fecha_vencimiento: Day | None = None
    detalle: Detalle
    descuento_global: Amount = Decimal(0)
    observaciones: Observaciones = ""


class CotizacionCambio(Schema):
    """What changes of a price offer; ``detalle`` replaces all lines."""

    cliente_id: RefId | None = None
    fecha_vencimiento: Day | None = None
    detalle: Detalle | None = None
    descuento_global: Amount | None = None
    observaciones: Observaciones | None = None
    version: Version | None = None


class Vigencia(Schema):
    """Until when the copy of an offer is good; else for as long as the settings say."""

    fecha_vencimiento: Day | None = None


class EnvioCotizacion(Schema):
    """Where to send a price offer, and what to say; else the customer's address."""

    email: Correo = ""
    mensaje: Observaciones = ""


class EnvioAceptado(Answer):
    """A mail that a job will send."""

    cotizacion_id: int
    email: str


class MotivoAnulacion(Schema):
    """Why something is annulled."""

    motivo: Text


class LineaOfrecida(Answer):
    """A line of an offer or order; ``descuento_global`` is its share of the document's."""

    id: int
    producto_id: int
    cantidad: Decimal
    precio: Decimal
    descuento: Decimal
    descuento_global: Decimal
    subtotal: Decimal
    igv: Decimal
    total: Decimal


class CotizacionLeida(Answer):
    """A price offer with its lines; ``subtotal`` is without IGV."""

    id: int
    numero: int
    cliente_id: int
    vendedor_id: int
    sucursal_id: int
    fecha_emision: datetime
    fecha_vencimiento: date
    estado: str
    subtotal: Decimal
    igv: Decimal
    total: Decimal
    descuento_global: Decimal
    observaciones: str
    motivo_anulacion: str
    origen_id: int | None
    enviada_at: datetime | None
    version: int
    detalle: list[LineaOfrecida]


class OrdenNueva(Schema):
    """An order without an offer before it."""

    cliente_id: RefId
    sucursal_id: RefId
    detalle: Detalle
    descuento_global: Amount = Decimal(0)
    observaciones: Observaciones = ""


class OrdenLeida(Answer):
    """An order with its lines; ``venta_id`` is the sale that served it."""

    id: int
    numero: int
    cotizacion_id: int | None
    cliente_id: int
    vendedor_id: int
    sucursal_id: int
    estado: str
    fecha_confirmacion: datetime
    subtotal: Decimal
    igv: Decimal
    total: Decimal
    descuento_global: Decimal
    observaciones: str
    motivo_anulacion: str
    version: int
    venta_id: int | None
    detalle: list[LineaOfrecida]


class VentaDeOrden(Schema):
    """How an order is sold: by which caja, and how it is paid; with ``metodo``, all of it by one
    way."""

    caja_id: RefId
    modo_emision: Modo = "pos"
    formas_pago: Annotated[list[PagoNuevo], Field(max_length=20)] = Field(default_factory=list)
    metodo: Codigo | None = None
    referencia: OptionalText = ""
    fecha_vencimiento: Day | None = None
    uuid: UUID | None = None
