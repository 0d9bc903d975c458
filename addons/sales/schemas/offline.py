"""Sales that tills made while they had no connection. Source: spec/erp-modules.md, módulo 1."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from kernel.schemas import Answer, Instant, Schema

MAX_LOTE = 200
"""Sales of a batch."""


class VentaGuardada(Schema):
    """A sale as the till kept it: the body of ``POST /api/ventas/``, its name and its instant.

    What is wrong inside ``venta`` is told of this sale alone; the others go on.
    """

    uuid: UUID
    fecha_registro_local: Instant
    venta: dict[str, Any]


class LoteOffline(Schema):
    """A batch of a till, in any order; it is taken in the order of its instants."""

    ventas: Annotated[list[VentaGuardada], Field(min_length=1, max_length=MAX_LOTE)]


class ErrorDeCampo(Answer):
    """A bad field of a sale, its path counted from the sale."""

    field: str
    code: str
    message: str


class DestinoVenta(Answer):
    """What became of a sale: ``sincronizada`` now, ``repetida`` (sold before), or ``error_sync``.

    With an error, ``codigo`` and ``error_sync`` say why; the till may send it again.
    """

    uuid: UUID
    resultado: Literal["sincronizada", "repetida", "error_sync"]
    venta_id: int | None = None
    serie: str | None = None
    numero: int | None = None
    codigo: str = ""
    error_sync: str = ""
    errores: list[ErrorDeCampo] = Field(default_factory=list)


class LoteSincronizado(Answer):
    """What became of each sale of a batch, in the order in which they were taken."""

    sincronizadas: int
    repetidas: int
    con_error: int
    fecha_sync: datetime
    ventas: list[DestinoVenta]
