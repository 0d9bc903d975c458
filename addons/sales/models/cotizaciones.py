"""Tables of price offers and of orders. Source: spec/erp-modules.md, módulo 1."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from addons.sales.models.columnas import Importes, amount, to
from kernel.model import (
    Id,
    Model,
    MoneyColumn,
    PriceColumn,
    QuantityColumn,
    Timestamps,
    Versioned,
)

PENDIENTE, CONVERTIDA, VENCIDA = "pendiente", "convertida", "vencida"
CONFIRMADA, ATENDIDA = "confirmada", "atendida"


class Linea:
    """A line that was offered; amounts in the company's currency, 2 decimals."""

    id: Mapped[Id]
    producto_id: Mapped[int] = to("productos", index=True)
    cantidad: Mapped[QuantityColumn]
    precio: Mapped[PriceColumn]
    descuento: Mapped[MoneyColumn] = amount()
    descuento_global: Mapped[MoneyColumn] = amount()
    subtotal: Mapped[MoneyColumn]
    igv: Mapped[MoneyColumn]
    total: Mapped[MoneyColumn]


class Cotizacion(Importes, Timestamps, Versioned, Model):
    """A price offer, good until the end of ``fecha_vencimiento``.

    ``origen_id`` is the offer that it was duplicated from.
    """

    __tablename__ = "cotizaciones"
    __table_args__ = (
        CheckConstraint(
            "estado IN ('pendiente', 'convertida', 'vencida', 'anulada')", name="estado"
        ),
        Index("ix_cotizaciones_cliente_id", "cliente_id", "id"),
        Index("ix_cotizaciones_sucursal_id", "sucursal_id", "id"),
        Index(
            "ix_cotizaciones_por_vencer",
            "fecha_vencimiento",
            postgresql_where=text("estado = 'pendiente'"),
        ),
    )

    id: Mapped[Id]
    numero: Mapped[int] = mapped_column(BigInteger, unique=True)
    cliente_id: Mapped[int] = to("clientes")
    vendedor_id: Mapped[int] = to("usuarios")
    sucursal_id: Mapped[int] = to("sucursales")
    fecha_emision: Mapped[datetime]
    fecha_vencimiento: Mapped[date]
    estado: Mapped[str] = mapped_column(server_default=PENDIENTE, default=PENDIENTE)
    observaciones: Mapped[str] = mapped_column(server_default="", default="")
    motivo_anulacion: Mapped[str] = mapped_column(server_default="", default="")
    origen_id: Mapped[int | None] = to("cotizaciones", index=True)
    enviada_at: Mapped[datetime | None]


class DetalleCotizacion(Linea, Model):
    """A line of a price offer."""

    __tablename__ = "detalle_cotizacion"
    __audited__ = False  # its cotización says what changed
    __table_args__ = (CheckConstraint("cantidad > 0", name="cantidad"),)

    cotizacion_id: Mapped[int] = to("cotizaciones", index=True)


class OrdenVenta(Importes, Timestamps, Versioned, Model):
    """What a customer ordered, at prices that hold; sold once, by a caja."""

    __tablename__ = "ordenes_venta"
    __table_args__ = (
        CheckConstraint("estado IN ('confirmada', 'atendida', 'anulada')", name="estado"),
        Index("ix_ordenes_venta_cliente_id", "cliente_id", "id"),
        Index("ix_ordenes_venta_sucursal_id", "sucursal_id", "id"),
        Index(
            "uq_ordenes_venta_cotizacion_id",
            "cotizacion_id",
            unique=True,
            postgresql_where=text("cotizacion_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    numero: Mapped[int] = mapped_column(BigInteger, unique=True)
    cotizacion_id: Mapped[int | None] = to("cotizaciones")
    cliente_id: Mapped[int] = to("clientes")
    vendedor_id: Mapped[int] = to("usuarios")
    sucursal_id: Mapped[int] = to("sucursales")
    estado: Mapped[str] = mapped_column(server_default=CONFIRMADA, default=CONFIRMADA)
    fecha_confirmacion: Mapped[datetime]
    observaciones: Mapped[str] = mapped_column(server_default="", default="")
    motivo_anulacion: Mapped[str] = mapped_column(server_default="", default="")


class DetalleOrdenVenta(Linea, Model):
    """A line of an order."""

    __tablename__ = "detalle_orden_venta"
    __audited__ = False
    __table_args__ = (CheckConstraint("cantidad > 0", name="cantidad"),)

    orden_id: Mapped[int] = to("ordenes_venta", index=True)
