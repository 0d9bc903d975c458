"""Calls to SUNAT, each written before it is made."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from addons.sunat.models.columnas import to
from kernel.model import Id, Model


class EnvioSunat(Model):
    """One call to SUNAT about a comprobante or a resumen: written before it, completed after it.

    ``estado`` is ``enviando`` until an answer is saved; one that stays so has an unknown outcome.
    ``hash`` is the SHA-256 of the bytes that were sent.
    """

    __tablename__ = "envios_sunat"
    __audited__ = False
    __table_args__ = (
        CheckConstraint(
            "estado IN ('enviando', 'aceptado', 'rechazado', 'excepcion', 'desconocido', "
            "'no_enviado', 'sistemico', 'en_proceso')",
            name="estado",
        ),
        CheckConstraint(
            "operacion IN ('sendBill', 'getStatusCdr', 'sendSummary', 'getStatus', 'enviarGuia', "
            "'consultarGuia')",
            name="operacion",
        ),
        CheckConstraint("num_nonnulls(comprobante_id, resumen_id) = 1", name="de_que"),
    )

    id: Mapped[Id]
    comprobante_id: Mapped[int | None] = to("comprobantes", index=True)
    resumen_id: Mapped[int | None] = to("resumen_diario", index=True)
    operacion: Mapped[str]
    fecha_envio: Mapped[datetime]
    fecha_respuesta: Mapped[datetime | None]
    respuesta_sunat: Mapped[str] = mapped_column(server_default="", default="")
    codigo_respuesta: Mapped[str] = mapped_column(server_default="", default="")
    mensaje_respuesta: Mapped[str] = mapped_column(server_default="", default="")
    cdr_xml: Mapped[str | None] = mapped_column(deferred=True)
    estado: Mapped[str] = mapped_column(server_default="enviando", default="enviando")
    intentos: Mapped[int]
    hash: Mapped[str]
    ticket: Mapped[str] = mapped_column(server_default="", default="")
    proximo_intento: Mapped[datetime | None]
    limite: Mapped[date]
