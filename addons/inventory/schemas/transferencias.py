"""Transfers between warehouses. Source: módulo 2."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from addons.inventory.schemas.campos import MAX_LINEAS, Numero
from kernel.money import Counted, Quantity
from kernel.schemas import Answer, OptionalText, RefId, Schema, Text, Version


class LineaTransferencia(Schema):
    """Goods to send; of a traced product, the number of the lot or series."""

    producto_id: RefId
    cantidad_enviada: Quantity
    numero_lote: Numero = ""
    numero_serie: Numero = ""


class TransferenciaNueva(Schema):
    """Goods to send from one warehouse to another."""

    almacen_origen_id: RefId
    almacen_destino_id: RefId
    nota: OptionalText = ""
    detalle: Annotated[list[LineaTransferencia], Field(min_length=1, max_length=MAX_LINEAS)]


class LineaRecibida(Schema):
    """What the destination counted of a line."""

    detalle_id: RefId
    cantidad_recibida: Counted


class LineaAnotada(Schema):
    """What the destination counted of a line so far; without a quantity it is yet to be counted."""

    id: RefId
    cantidad_recibida: Counted | None = None


class RecepcionAnotada(Schema):
    """What was counted so far; it is kept until the receipt is confirmed."""

    detalle: Annotated[list[LineaAnotada], Field(min_length=1, max_length=MAX_LINEAS)]
    version: Version | None = None


class Recepcion(Schema):
    """What the destination counted, every line of it; nothing said: what was noted, or all came as
    it was sent."""

    detalle: Annotated[list[LineaRecibida], Field(max_length=MAX_LINEAS)] = Field(
        default_factory=list
    )


COMPLETA = Recepcion()
"""All came as it was sent."""


class Resolucion(Schema):
    """What became of a difference: all that was sent arrived (``enviada``), only what was counted
    left (``recibida``), or the rest is lost (``perdida``)."""

    incidencia_id: RefId
    resolucion: Literal["enviada", "recibida", "perdida"]
    motivo: Text


class ResolucionDeUna(Schema):
    """What became of one difference."""

    resolucion: Literal["enviada", "recibida", "perdida"]
    motivo: Text


class Resoluciones(Schema):
    """Differences of a transfer that are settled."""

    resoluciones: Annotated[list[Resolucion], Field(min_length=1, max_length=MAX_LINEAS)]


class LineaTransferida(Answer):
    """A line of a transfer."""

    id: int
    producto_id: int
    lote_id: int | None
    numero_lote: str | None
    numero_serie: str | None
    cantidad_enviada: Decimal
    cantidad_recibida: Decimal | None


class IncidenciaLeida(Answer):
    """A difference, and how it was settled."""

    id: int
    detalle_id: int
    cantidad_enviada: Decimal
    cantidad_recibida: Decimal
    estado: str
    resolucion: str
    motivo: str
    usuario_id: int | None
    created_at: datetime
    resuelta_at: datetime | None


class TransferenciaLeida(Answer):
    """A transfer with its lines and differences."""

    id: int
    almacen_origen_id: int
    almacen_destino_id: int
    estado: str
    usuario_origen_id: int | None
    usuario_destino_id: int | None
    nota: str
    fecha_solicitud: datetime
    fecha_envio: datetime | None
    fecha_confirmacion: datetime | None
    version: int
    detalle: list[LineaTransferida]
    incidencias: list[IncidenciaLeida]
