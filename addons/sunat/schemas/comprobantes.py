"""Comprobantes as they stand, where they go, and the event that SUNAT answered."""

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from addons.sales.schemas import Correo
from addons.sunat.schemas.campos import Codigo
from kernel.schemas import Answer, Day, RefId, Schema


class ComprobanteEmitido(Answer):
    """A comprobante as it stands."""

    id: int
    tipo: str
    serie: str
    numero: int
    fecha_emision: date
    hora_emision: time
    cliente_id: int | None
    venta_id: int | None
    sucursal_id: int | None
    moneda: str
    total_gravada: Decimal
    total_exonerada: Decimal
    total_inafecta: Decimal
    total_exportacion: Decimal
    total_gratuita: Decimal
    total_igv: Decimal
    total_isc: Decimal
    total_icbper: Decimal
    total_venta: Decimal
    estado_sunat: str
    codigo_sunat: str
    mensaje_sunat: str
    observaciones: list[Any]
    hash: str
    qr: str
    modo_emision: str
    intentos: int
    proximo_intento: datetime | None
    limite_envio: date
    nombre_archivo: str
    canal: str
    corrige_id: int | None
    correo: str
    correo_enviado_at: datetime | None


class EnCola(ComprobanteEmitido):
    """A comprobante that waits; SUNAT takes it for so many more days, below zero not any more."""

    dias_restantes: int


class Cola(Answer):
    """What waits for SUNAT; ``caida`` while SUNAT is out of reach or refuses the company."""

    items: list[EnCola]
    caida: bool


class CorreoNuevo(Schema):
    """Where to send a comprobante, if not to its cliente."""

    email: Correo = ""


class CorreoPedido(Answer):
    """Where a comprobante will be sent."""

    comprobante_id: int
    email: str


class Descarga(Schema):
    """Which comprobantes to download at once."""

    desde: Day | None = None
    hasta: Day | None = None
    tipo: Codigo = ""
    serie: Codigo = ""
    estado_sunat: Annotated[str, StringConstraints(max_length=20)] = ""
    cliente_id: RefId | None = None


class Impresion(Schema):
    """Which printed form: an A4 page, or a ticket of 80 mm."""

    formato: Literal["a4", "ticket"] = "a4"


@dataclass(frozen=True, slots=True)
class ComprobanteCambio:
    """Event: SUNAT's answer on a comprobante was saved in this transaction."""

    comprobante_id: int
    venta_id: int | None
    estado_sunat: str
