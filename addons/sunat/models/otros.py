"""What guías, retenciones and percepciones have besides their comprobante."""

from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from addons.sunat.models.columnas import to
from kernel.model import Id, Model, MoneyColumn


class GuiaRemision(Model):
    """Where goods go and why; number, state and files are of the comprobante ``comprobante_id``.

    ``referencia_doc`` names what asked for it, as ``transferencia:12``.
    """

    __tablename__ = "guias_remision"
    __audited__ = False  # services audit what they do with it
    __table_args__ = (Index("ix_guias_remision_fecha_traslado", "fecha_traslado", "id"),)

    id: Mapped[Id]
    comprobante_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("comprobantes.id"), unique=True
    )
    tipo: Mapped[str]
    serie: Mapped[str]
    numero: Mapped[int] = mapped_column(BigInteger)
    venta_id: Mapped[int | None] = to("ventas", index=True)
    referencia_doc: Mapped[str] = mapped_column(server_default="", default="", index=True)
    motivo_traslado: Mapped[str]
    modalidad_traslado: Mapped[str]
    fecha_traslado: Mapped[date]
    destinatario: Mapped[str]
    punto_partida: Mapped[str]
    punto_llegada: Mapped[str]
    peso_bruto: Mapped[Decimal] = mapped_column(Numeric(15, 3))
    unidad_peso: Mapped[str]


class RetencionPercepcion(Model):
    """Of whom and how much was retained or perceived, in soles; of ``comprobante_id``."""

    __tablename__ = "retenciones_percepciones"
    __audited__ = False

    id: Mapped[Id]
    comprobante_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("comprobantes.id"), unique=True
    )
    tipo: Mapped[str]
    serie: Mapped[str]
    numero: Mapped[int] = mapped_column(BigInteger)
    fecha_emision: Mapped[date]
    sujeto_tipo_doc: Mapped[str]
    sujeto_numero_doc: Mapped[str] = mapped_column(index=True)
    sujeto_razon_social: Mapped[str]
    regimen: Mapped[str]
    tasa: Mapped[Decimal] = mapped_column(Numeric(8, 5))
    total_retenido: Mapped[MoneyColumn]
    total_pagado: Mapped[MoneyColumn]
