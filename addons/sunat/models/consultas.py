"""What is prepared before it is issued, and what is asked: guías to complete, validity, ubigeos."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from addons.sunat.models.columnas import to
from kernel.model import Id, Model, MoneyColumn

PENDIENTE = "PENDIENTE"
EMITIDA = "EMITIDA"
DESCARTADA = "DESCARTADA"


class BorradorGuia(Model):
    """A guía that something asks for, as far as it is known: a person completes and issues it.

    ``documento`` is the body of a guía; ``referencia_doc`` names what asks, ``transferencia:12``.
    """

    __tablename__ = "borradores_guia"
    __audited__ = False  # services audit what they do with it
    __table_args__ = (
        CheckConstraint("estado IN ('PENDIENTE', 'EMITIDA', 'DESCARTADA')", name="estado"),
        Index("ix_borradores_guia_pendientes", "id", postgresql_where=text("estado = 'PENDIENTE'")),
    )

    id: Mapped[Id]
    referencia_doc: Mapped[str] = mapped_column(unique=True)
    descripcion: Mapped[str]
    sucursal_id: Mapped[int | None] = to("sucursales")
    documento: Mapped[dict[str, Any]]
    estado: Mapped[str] = mapped_column(server_default=PENDIENTE, default=PENDIENTE)
    comprobante_id: Mapped[int | None] = to("comprobantes")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ValidezConsultada(Model):
    """What SUNAT said when it was asked whether a comprobante, ours or another's, is valid."""

    __tablename__ = "consultas_validez"
    __audited__ = False  # it is written once and tells who asked

    id: Mapped[Id]
    comprobante_id: Mapped[int | None] = to("comprobantes", index=True)
    ruc: Mapped[str]
    tipo: Mapped[str]
    serie: Mapped[str]
    numero: Mapped[int] = mapped_column(BigInteger)
    fecha_emision: Mapped[date]
    monto: Mapped[MoneyColumn]
    valido: Mapped[bool]
    estado_cp: Mapped[str]
    estado: Mapped[str]
    estado_ruc: Mapped[str]
    condicion_domicilio: Mapped[str]
    observaciones: Mapped[list[Any]]
    usuario_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Ubigeo(Model):
    """A district, by its code of INEI (catalogue 13); ``id`` is the code as a number."""

    __tablename__ = "ubigeos"
    __audited__ = False  # INEI's, not ours

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    codigo: Mapped[str] = mapped_column(unique=True)
    nombre: Mapped[str]
    distrito: Mapped[str]
    provincia: Mapped[str]
    departamento: Mapped[str]
