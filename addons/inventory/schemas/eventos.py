"""Events that inventory publishes, each in the transaction of the act that it tells of."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class LineaEnviada:
    """Goods that are on their way."""

    producto_id: int
    cantidad: Decimal


@dataclass(frozen=True, slots=True)
class TransferenciaEnviada:
    """Event: goods left an almacén for another in this transaction; both ends by name."""

    transferencia_id: int
    origen: str
    sucursal_origen_id: int
    destino: str
    sucursal_destino_id: int
    lineas: tuple[LineaEnviada, ...]
