"""What is told together and what is voided: resúmenes, comunicaciones de baja, reversiones."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import StringConstraints

from kernel.schemas import Answer, Day, Flag, Schema


class ResumenNuevo(Schema):
    """Which boletas to tell of: those of a day, or all that wait."""

    fecha: Day | None = None


class ResumenLeido(Answer):
    """A resumen diario, comunicación de baja or resumen de reversiones, as it stands."""

    id: int
    tipo: str
    fecha: date
    correlativo: int
    fecha_referencia: date
    cantidad_documentos: int
    estado_envio: str
    codigo_ticket: str
    codigo_sunat: str
    mensaje_sunat: str
    observaciones: list[Any]
    hash: str
    nombre_archivo: str
    intentos: int
    proximo_intento: datetime | None
    limite_envio: date
    reemplaza_id: int | None


class Resumenes(Answer):
    """What was made, one file for each day or 500 documents; ``id`` is the first one's."""

    id: int
    items: list[ResumenLeido]


class BajaNueva(Schema):
    """Why a comprobante is to be voided; ``reemitir`` issues another one of its sale."""

    motivo: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=100)]
    reemitir: Flag = False


class BajaLeida(Answer):
    """The voiding of a comprobante, as it stands."""

    id: int
    comprobante_id: int
    motivo: str
    estado: str
    mensaje: str
    reemitir: bool
    limite: date
    resumen_id: int | None
    usuario_id: int | None
