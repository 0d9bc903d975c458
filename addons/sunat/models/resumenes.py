"""What is told to SUNAT by a ticket: resúmenes diarios (RC), comunicaciones de baja (RA) and
resúmenes de reversiones (RR); and who asked for which comprobante to be voided.

Source: spec/erp-modules.md, módulo 3; reference on SUNAT, 1.2, 1.7, 1.10.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from addons.sunat.models.columnas import to
from addons.sunat.models.comprobantes import ACEPTADO, ENVIADO, EXCEPCION, PENDIENTE, RECHAZADO
from kernel.model import Id, Model

RC = "RC"
RA = "RA"
RR = "RR"

EN_PROCESO = "EN_PROCESO"
SIN_TICKET = "SIN_TICKET"

ESTADOS_RESUMEN = (PENDIENTE, ENVIADO, EN_PROCESO, SIN_TICKET, ACEPTADO, RECHAZADO, EXCEPCION)
EN_CURSO = (PENDIENTE, ENVIADO, EN_PROCESO)
"""Signed, and how it ends is not known yet."""

_ESTADOS = ", ".join(repr(uno) for uno in ESTADOS_RESUMEN)

ADICIONAR = "1"
ANULAR = "3"
"""Catalogue 19: what a line of a resumen diario does."""

PEDIDA = "pedida"
ENVIADA = "enviada"
ACEPTADA = "aceptada"
RECHAZADA = "rechazada"
RETIRADA = "retirada"


class ResumenDiario(Model):
    """A file that SUNAT answers with a ticket; ``tipo`` RC, RA or RR.

    ``fecha`` is the day on which it was made and part of its name, ``fecha_referencia`` that of the
    documents in it. ``SIN_TICKET``: SUNAT has it, its ticket was lost with the answer, and the
    resumen whose ``reemplaza_id`` it is finds out what became of it.
    """

    __tablename__ = "resumen_diario"
    __audited__ = False  # services audit what they do with it
    __table_args__ = (
        UniqueConstraint("tipo", "fecha", "correlativo"),
        CheckConstraint(f"estado_envio IN ({_ESTADOS})", name="estado_envio"),
        CheckConstraint("tipo IN ('RC', 'RA', 'RR')", name="tipo"),
        Index("ix_resumen_diario_fecha", "fecha", "id"),
        Index(
            "ix_resumen_diario_en_curso",
            "id",
            postgresql_where=text("estado_envio IN ('PENDIENTE', 'ENVIADO', 'EN_PROCESO')"),
        ),
    )

    id: Mapped[Id]
    tipo: Mapped[str]
    fecha: Mapped[date]
    correlativo: Mapped[int]
    fecha_referencia: Mapped[date]
    cantidad_documentos: Mapped[int]
    estado_envio: Mapped[str] = mapped_column(server_default=PENDIENTE, default=PENDIENTE)
    codigo_ticket: Mapped[str] = mapped_column(server_default="", default="")
    codigo_sunat: Mapped[str] = mapped_column(server_default="", default="")
    mensaje_sunat: Mapped[str] = mapped_column(server_default="", default="")
    observaciones: Mapped[list[Any]] = mapped_column(server_default="[]", default=list)
    hash: Mapped[str]
    nombre_archivo: Mapped[str]
    xml: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    cdr: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    xml_path: Mapped[str | None]
    cdr_path: Mapped[str | None]
    intentos: Mapped[int] = mapped_column(server_default="0", default=0)
    proximo_intento: Mapped[datetime | None]
    limite_envio: Mapped[date]
    reemplaza_id: Mapped[int | None] = to("resumen_diario", index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    @property
    def identificador(self) -> str:
        """How SUNAT names it: ``RC-20261126-1``."""
        return f"{self.tipo}-{self.fecha:%Y%m%d}-{self.correlativo}"


class DetalleResumen(Model):
    """A comprobante in an RC (``condicion`` 1 to tell of it, 3 to void it) or RA (3)."""

    __tablename__ = "detalle_resumen"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("resumen_id", "orden"),
        CheckConstraint("condicion IN ('1', '2', '3')", name="condicion"),
    )

    id: Mapped[Id]
    resumen_id: Mapped[int] = to("resumen_diario")
    orden: Mapped[int]
    comprobante_id: Mapped[int] = to("comprobantes", index=True)
    condicion: Mapped[str]
    motivo: Mapped[str] = mapped_column(server_default="", default="")


class BajaComprobante(Model):
    """That a comprobante is to be voided: who asked, why, and what became of it.

    It waits (``pedida``) until SUNAT has accepted the comprobante itself, and may be withdrawn
    (``retirada``) until it is sent.
    """

    __tablename__ = "bajas_comprobante"
    __audited__ = False  # services audit what they do with it
    __table_args__ = (
        CheckConstraint(
            "estado IN ('pedida', 'enviada', 'aceptada', 'rechazada', 'retirada')", name="estado"
        ),
        Index(
            "uq_bajas_comprobante_viva",
            "comprobante_id",
            unique=True,
            postgresql_where=text("estado NOT IN ('rechazada', 'retirada')"),
        ),
        Index("ix_bajas_comprobante_pedidas", "id", postgresql_where=text("estado = 'pedida'")),
    )

    id: Mapped[Id]
    comprobante_id: Mapped[int] = to("comprobantes", index=True)
    motivo: Mapped[str]
    estado: Mapped[str] = mapped_column(server_default=PEDIDA, default=PEDIDA)
    mensaje: Mapped[str] = mapped_column(server_default="", default="")
    reemitir: Mapped[bool] = mapped_column(server_default="false", default=False)
    limite: Mapped[date]
    resumen_id: Mapped[int | None] = to("resumen_diario", index=True)
    usuario_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
