"""Comprobantes, their lines, and what notes change."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from addons.sunat.models.columnas import to
from kernel.model import Id, Model, MoneyColumn

PENDIENTE = "PENDIENTE"
ENVIADO = "ENVIADO"
CONTINGENCIA = "CONTINGENCIA"
ACEPTADO = "ACEPTADO"
RECHAZADO = "RECHAZADO"
EXCEPCION = "EXCEPCION"
ANULADO = "ANULADO"

ESTADOS = (PENDIENTE, ENVIADO, CONTINGENCIA, ACEPTADO, RECHAZADO, EXCEPCION, ANULADO)
EN_COLA = (PENDIENTE, ENVIADO, CONTINGENCIA)
"""Signed and numbered, and SUNAT's answer is not known yet."""

INDIVIDUAL = "individual"
RESUMEN = "resumen"

_ESTADO = f"estado_sunat IN ({', '.join(repr(uno) for uno in ESTADOS)})"


def _zero() -> Any:
    return mapped_column(Numeric(12, 2), server_default="0", default=Decimal(0))


class Comprobante(Model):
    """A signed factura, boleta, note, guía, retención or percepción; guías and what is retained of
    a supplier may be of no cliente. Row, number and bytes are of one transaction.

    ``xml`` holds the signed bytes until they lie in the storage under ``xml_path``. ``intentos``
    counts calls; ``limite_envio`` is the day by which SUNAT takes it. ``canal`` says whether it is
    sent by itself or told in a resumen diario; ``corrige_id`` names the one whose mistake it mends.
    """

    __tablename__ = "comprobantes"
    __audited__ = False  # services audit what they do with it
    __table_args__ = (
        UniqueConstraint("tipo", "serie", "numero"),
        CheckConstraint(_ESTADO, name="estado_sunat"),
        CheckConstraint("modo_emision IN ('normal', 'contingencia')", name="modo_emision"),
        CheckConstraint("canal IN ('individual', 'resumen')", name="canal"),
        Index("ix_comprobantes_fecha_emision", "fecha_emision", "id"),
        Index("ix_comprobantes_cliente_id", "cliente_id", "id"),
        Index(
            "ix_comprobantes_cola",
            "tipo",
            "serie",
            "numero",
            postgresql_where=text("estado_sunat IN ('PENDIENTE', 'ENVIADO', 'CONTINGENCIA')"),
        ),
        Index(
            "uq_comprobantes_venta",
            "venta_id",
            unique=True,
            postgresql_where=text(
                "tipo IN ('01', '03') AND estado_sunat NOT IN ('RECHAZADO', 'ANULADO')"
            ),
        ),
    )

    id: Mapped[Id]
    tipo: Mapped[str]
    serie: Mapped[str]
    numero: Mapped[int] = mapped_column(BigInteger)
    fecha_emision: Mapped[date]
    hora_emision: Mapped[time]
    cliente_id: Mapped[int | None] = to("clientes")
    venta_id: Mapped[int | None] = to("ventas")
    sucursal_id: Mapped[int | None] = to("sucursales", index=True)
    moneda: Mapped[str]
    total_gravada: Mapped[MoneyColumn] = _zero()
    total_exonerada: Mapped[MoneyColumn] = _zero()
    total_inafecta: Mapped[MoneyColumn] = _zero()
    total_exportacion: Mapped[MoneyColumn] = _zero()
    total_gratuita: Mapped[MoneyColumn] = _zero()
    total_igv: Mapped[MoneyColumn] = _zero()
    total_isc: Mapped[MoneyColumn] = _zero()
    total_icbper: Mapped[MoneyColumn] = _zero()
    total_venta: Mapped[MoneyColumn]
    estado_sunat: Mapped[str] = mapped_column(server_default=PENDIENTE, default=PENDIENTE)
    codigo_sunat: Mapped[str] = mapped_column(server_default="", default="")
    mensaje_sunat: Mapped[str] = mapped_column(server_default="", default="")
    observaciones: Mapped[list[Any]] = mapped_column(server_default="[]", default=list)
    hash: Mapped[str]
    qr: Mapped[str]
    firma_digital: Mapped[str]
    documento: Mapped[dict[str, Any]]
    nombre_archivo: Mapped[str]
    xml: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    cdr: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    xml_path: Mapped[str | None]
    cdr_path: Mapped[str | None]
    pdf_path: Mapped[str | None]
    ticket_path: Mapped[str | None]
    modo_emision: Mapped[str] = mapped_column(server_default="normal", default="normal")
    intentos: Mapped[int] = mapped_column(server_default="0", default=0)
    proximo_intento: Mapped[datetime | None]
    limite_envio: Mapped[date]
    canal: Mapped[str] = mapped_column(server_default=INDIVIDUAL, default=INDIVIDUAL)
    corrige_id: Mapped[int | None] = to("comprobantes", index=True)
    correo: Mapped[str] = mapped_column(server_default="", default="")
    correo_enviado_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DetalleComprobante(Model):
    """A line as computed; ``precio_unitario`` with taxes, or the reference value of a gift."""

    __tablename__ = "detalle_comprobante"
    __audited__ = False

    id: Mapped[Id]
    comprobante_id: Mapped[int] = to("comprobantes", index=True)
    codigo_producto: Mapped[str]
    descripcion: Mapped[str]
    cantidad: Mapped[Decimal] = mapped_column(Numeric(22, 10))
    unidad_medida: Mapped[str]
    precio_unitario: Mapped[Decimal] = mapped_column(Numeric(22, 10))
    subtotal: Mapped[MoneyColumn]
    igv: Mapped[MoneyColumn]
    total: Mapped[MoneyColumn]
    afectacion_igv: Mapped[str]


class NotaCreditoDebito(Model):
    """Why a note was issued and on what; the note itself is the comprobante ``comprobante_id``.

    State and files are the comprobante's, copied with each change of it. ``devolucion_id`` names
    what came back of the sale, where a note tells of it.
    """

    __tablename__ = "notas_credito_debito"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("tipo_nota", "serie", "numero"),
        Index(
            "uq_notas_credito_debito_devolucion",
            "devolucion_id",
            unique=True,
            postgresql_where=text("estado_sunat NOT IN ('RECHAZADO', 'ANULADO')"),
        ),
    )

    id: Mapped[Id]
    comprobante_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("comprobantes.id"), unique=True
    )
    comprobante_origen_id: Mapped[int] = to("comprobantes", index=True)
    tipo_nota: Mapped[str]
    serie: Mapped[str]
    numero: Mapped[int] = mapped_column(BigInteger)
    fecha_emision: Mapped[date]
    motivo_codigo: Mapped[str]
    motivo_descripcion: Mapped[str]
    devolucion_id: Mapped[int | None] = to("devoluciones")
    estado_sunat: Mapped[str] = mapped_column(server_default=PENDIENTE, default=PENDIENTE)
    xml_path: Mapped[str | None]
    cdr_path: Mapped[str | None]
