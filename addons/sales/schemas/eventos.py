"""Events that sales publishes, each in the transaction of the act that it tells of."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class LineaVendida:
    """A line of goods that leave; ``campo`` is its path in the caller's body."""

    producto_id: int
    cantidad: Decimal
    campo: str
    detalle_id: int = 0
    """The row of ``detalle_venta``."""
    lote: str = ""
    """The number of the lot or series that the seller named, if any."""
    permite_sin_stock: bool = False
    """Whether the sucursal sells it without stock: the product's flag, or its own."""


@dataclass(frozen=True, slots=True)
class VentaRegistrada:
    """Event: a sale was written in this transaction.

    ``credito`` is what the cliente owes of the total, until ``vence``.
    """

    venta_id: int
    sucursal_id: int
    total: Decimal
    lineas: tuple[LineaVendida, ...]
    cliente_id: int = 0
    credito: Decimal = Decimal("0.00")
    vence: date | None = None
    orden_id: int | None = None


@dataclass(frozen=True, slots=True)
class LineaDevuelta:
    """Goods that come back into stock, of one line of the sale; ``campo`` as in a sale."""

    producto_id: int
    cantidad: Decimal
    campo: str
    detalle_id: int


@dataclass(frozen=True, slots=True)
class VentaAnulada:
    """Event: a sale was annulled in this transaction; ``lineas`` is what had not come back yet."""

    venta_id: int
    sucursal_id: int
    total: Decimal
    motivo: str
    lineas: tuple[LineaDevuelta, ...]


@dataclass(frozen=True, slots=True)
class DevolucionRegistrada:
    """Event: a part of a sale came back in this transaction.

    ``total`` is given back to the cliente; ``lineas`` holds only what is fit to be sold again.
    """

    devolucion_id: int
    venta_id: int
    sucursal_id: int
    total: Decimal
    motivo: str
    lineas: tuple[LineaDevuelta, ...]


@dataclass(frozen=True, slots=True)
class LineaPedida:
    """Goods that an order promises; ``campo`` as in a sale."""

    producto_id: int
    cantidad: Decimal
    campo: str


@dataclass(frozen=True, slots=True)
class OrdenVentaConfirmada:
    """Event: an order was confirmed in this transaction; its goods are to be kept for it."""

    orden_id: int
    sucursal_id: int
    lineas: tuple[LineaPedida, ...]


@dataclass(frozen=True, slots=True)
class OrdenVentaCerrada:
    """Event: nothing is kept for an order any more: it is ``atendida`` or ``anulada``.

    Where it is sold, this is told before the ``venta_registrada`` that takes the goods.
    """

    orden_id: int
    sucursal_id: int
    estado: str
