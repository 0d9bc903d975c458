"""Goods that come in, leave, are corrected or kept. Source: módulo 2."""

from datetime import datetime
from decimal import Decimal

from pydantic import field_validator

from addons.inventory.schemas.campos import Numero, Referencia
from kernel.money import Quantity, QuantityChange, UnitPrice
from kernel.schemas import Answer, Day, Flag, Instant, RefId, Schema, Text

DE_DOCUMENTOS = ("orden:", "transferencia:")
"""How the reference of a reservation begins that belongs to a document."""


class Mercaderia(Schema):
    """Goods of one product in one warehouse; of a traced one, the number of the lot or series."""

    almacen_id: RefId
    producto_id: RefId
    numero_lote: Numero = ""
    numero_serie: Numero = ""


class EntradaNueva(Mercaderia):
    """Goods that come in; without a cost they count at the average."""

    cantidad: Quantity
    motivo: Text
    referencia_doc: Referencia = ""
    costo_unitario: UnitPrice | None = None
    fecha_vencimiento: Day | None = None


class SalidaNueva(Mercaderia):
    """Goods that leave other than by a sale.

    ``autorizar_sin_stock`` lets a product that may be sold without stock fall below zero.
    """

    cantidad: Quantity
    motivo: Text
    referencia_doc: Referencia = ""
    reserva_id: RefId | None = None
    autorizar_sin_stock: Flag = False


class AjusteNuevo(Mercaderia):
    """A correction by hand: above zero adds to the stock, below zero takes."""

    cantidad: QuantityChange
    motivo: Text
    referencia_doc: Referencia = ""
    fecha_vencimiento: Day | None = None

    @field_validator("cantidad")
    @classmethod
    def check_cantidad(cls, value: Decimal) -> Decimal:
        """Refuse a correction of nothing."""
        if value == 0:
            raise ValueError("Debe ser distinta de cero.")
        return value


class MovimientoCreado(Answer):
    """A movement that was just written; ``ids`` has one for each lot."""

    id: int
    ids: list[int]


class ReservaNueva(Mercaderia):
    """Goods to keep, until ``vence`` if it says so."""

    cantidad: Quantity
    motivo: Text
    referencia_doc: Referencia = ""
    vence: Instant | None = None

    @field_validator("referencia_doc")
    @classmethod
    def check_referencia(cls, value: str) -> str:
        """Refuse to pass for the reservation of a document, which closes its own."""
        if value.startswith(DE_DOCUMENTOS):
            raise ValueError("Así se llaman las reservas de órdenes y transferencias.")
        return value


class ReservaLeida(Answer):
    """A reservation."""

    id: int
    producto_id: int
    almacen_id: int
    lote_id: int | None
    cantidad: Decimal
    estado: str
    motivo: str
    referencia_doc: str
    usuario_id: int | None
    vence: datetime | None
    created_at: datetime
    cerrada_at: datetime | None
