"""Lots and series, and how a product is traced. Source: módulo 2."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from addons.inventory.schemas.campos import Numero
from kernel.schemas import Answer, QueryId, Schema, Text

Trazabilidad = Literal["ninguna", "lote", "serie"]


class TrazabilidadCambio(Schema):
    """How a product is traced from now on; what is in stock becomes the lot ``numero_lote``."""

    trazabilidad: Trazabilidad
    numero_lote: Annotated[Numero, StringConstraints(min_length=1)] = "INICIAL"


class TrazabilidadLeida(Answer):
    """How a product is traced."""

    producto_id: int
    trazabilidad: str


class Bloqueo(Schema):
    """Why a lot may not leave, or may again."""

    motivo: Text


class LoteEstado(Answer):
    """Whether a lot may leave."""

    id: int
    estado: str


class Existencia(Answer):
    """Where a part of a lot is."""

    lote_id: int
    almacen_id: int
    almacen: str
    cantidad_actual: Decimal
    estado: str


class Paso(Answer):
    """A movement of a lot; ``venta_id`` and ``cliente`` where it was sold or came back."""

    id: int
    tipo_movimiento: str
    cantidad: Decimal
    almacen_origen_id: int | None
    almacen_destino_id: int | None
    motivo: str
    referencia_doc: str
    usuario_id: int | None
    created_at: datetime
    venta_id: int | None
    cliente_id: int | None
    cliente: str | None


class LoteTrazado(Answer):
    """A lot or a series: where it is, where it came from, where it went."""

    producto_id: int
    sku: str
    producto: str
    numero_lote: str
    numero_serie: str
    fecha_vencimiento: date | None
    existencias: list[Existencia]
    hacia_atras: list[Paso]
    hacia_adelante: list[Paso]


class Traza(Answer):
    """All that carries a number: one lot mostly, several where products share it."""

    lote: str
    lotes: list[LoteTrazado]


class LotesVendiblesQuery(Schema):
    """Of which sucursal; ``next`` is the last row's ``id``."""

    sucursal_id: QueryId
    numero: Annotated[Numero, StringConstraints(min_length=1)] | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 500
    next: QueryId | None = None


class LoteVendible(Answer):
    """What a sale can take of a lot, or of a unit by its series number."""

    id: int
    producto_id: int
    numero: str
    vence: date | None
    cantidad: Decimal


class LotesVendibles(Answer):
    """Lots that a sucursal can sell today."""

    items: list[LoteVendible]
    next: int | None
