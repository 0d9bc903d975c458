"""Cash drawers and ways to pay. Source: spec/erp-modules.md, módulo 1."""

from datetime import datetime
from decimal import Decimal

from addons.sales.schemas.campos import Codigo
from kernel.money import Amount
from kernel.schemas import Answer, Flag, RefId, Schema, Text


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
