"""Tables of sales and of what undoes them. Source: spec/erp-modules.md, módulo 1."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from addons.sales.models.columnas import Importes, amount, to
from kernel.model import Id, Model, MoneyColumn, PriceColumn, QuantityColumn

REGISTRADA = "registrada"
ANULADA = "anulada"
AL_CREDITO, ANULADAS = "monto_credito > 0", "estado = 'anulada'"


class Venta(Importes, Model):
    """A sale. ``serie`` and ``numero`` number it without gaps within its caja.

    ``uuid`` is the name that a till gave it, so that it is sold once however often it is sent.
    ``monto_credito`` is what the cliente did not pay at once, due on ``fecha_vencimiento``.
    """

    __tablename__ = "ventas"
    __audited__ = False  # written set-based by services, which audit it themselves
    __table_args__ = (
        UniqueConstraint("serie", "numero"),
        CheckConstraint("estado IN ('registrada', 'anulada')", name="estado"),
        Index("ix_ventas_fecha", "fecha", "id"),
        Index("ix_ventas_cliente_id", "cliente_id", "id"),
        Index("ix_ventas_caja_id", "caja_id", "id"),
        Index("ix_ventas_sucursal_id", "sucursal_id", "id"),
        Index("ix_ventas_al_credito", "cliente_id", "id", postgresql_where=text(AL_CREDITO)),
        Index("ix_ventas_anuladas", "id", postgresql_where=text(ANULADAS)),
        Index("uq_ventas_uuid", "uuid", unique=True, postgresql_where=text("uuid IS NOT NULL")),
        Index(
            "uq_ventas_orden_id",
            "orden_id",
            unique=True,
            postgresql_where=text("orden_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    serie: Mapped[str]
    numero: Mapped[int] = mapped_column(BigInteger)
    cliente_id: Mapped[int] = to("clientes")
    usuario_id: Mapped[int] = to("usuarios")
    sucursal_id: Mapped[int] = to("sucursales")
    caja_id: Mapped[int] = to("cajas")
    fecha: Mapped[datetime]
    vuelto: Mapped[MoneyColumn] = amount()
    estado: Mapped[str]
    modo_emision: Mapped[str]
    metodo_pago_id: Mapped[int | None] = to("metodos_pago")
    monto_credito: Mapped[MoneyColumn] = amount()
    fecha_vencimiento: Mapped[date | None]
    uuid: Mapped[UUID | None]
    orden_id: Mapped[int | None] = to("ordenes_venta")
    motivo_anulacion: Mapped[str] = mapped_column(server_default="", default="")
    fecha_anulacion: Mapped[datetime | None]


class DetalleVenta(Model):
    """A line of a sale; amounts in the company's currency, 2 decimals.

    ``descuento_global`` is the line's share of what was taken off the whole sale.
    """

    __tablename__ = "detalle_venta"
    __audited__ = False
    __table_args__ = (
        Index("ix_detalle_venta_venta_id", "venta_id"),
        Index("ix_detalle_venta_producto_id", "producto_id"),
        CheckConstraint("cantidad > 0", name="cantidad"),
        CheckConstraint(
            "cantidad_devuelta >= 0 AND cantidad_devuelta <= cantidad", name="cantidad_devuelta"
        ),
    )

    id: Mapped[Id]
    venta_id: Mapped[int] = to("ventas")
    producto_id: Mapped[int] = to("productos")
    cantidad: Mapped[QuantityColumn]
    precio_unitario: Mapped[PriceColumn]
    descuento: Mapped[MoneyColumn]
    descuento_global: Mapped[MoneyColumn] = amount()
    subtotal: Mapped[MoneyColumn]
    igv: Mapped[MoneyColumn]
    total: Mapped[MoneyColumn]
    lote: Mapped[str] = mapped_column(server_default="", default="")
    cantidad_devuelta: Mapped[QuantityColumn] = mapped_column(
        server_default="0", default=Decimal(0)
    )


class FormaPago(Model):
    """What a customer gave for a sale, by method; not ``confirmado``: announced, not yet seen."""

    __tablename__ = "formas_pago"
    __audited__ = False
    __table_args__ = (Index("ix_formas_pago_venta_id", "venta_id"),)

    id: Mapped[Id]
    venta_id: Mapped[int] = to("ventas")
    metodo: Mapped[str]
    monto: Mapped[MoneyColumn]
    referencia: Mapped[str] = mapped_column(server_default="", default="")
    confirmado: Mapped[bool] = mapped_column(server_default="true", default=True)


class Devolucion(Model):
    """Goods of a sale that came back. Never changed.

    ``monto_credito`` was taken off what the cliente owes; the rest was given back.
    """

    __tablename__ = "devoluciones"
    __table_args__ = (
        Index("ix_devoluciones_venta_id", "venta_id"),
        Index("ix_devoluciones_fecha", "fecha", "id"),
    )

    id: Mapped[Id]
    numero: Mapped[int] = mapped_column(BigInteger, unique=True)
    venta_id: Mapped[int] = to("ventas")
    usuario_id: Mapped[int] = to("usuarios")
    sucursal_id: Mapped[int] = to("sucursales")
    fecha: Mapped[datetime]
    motivo: Mapped[str]
    subtotal: Mapped[MoneyColumn]
    igv: Mapped[MoneyColumn]
    total: Mapped[MoneyColumn]
    monto_credito: Mapped[MoneyColumn] = amount()


class DetalleDevolucion(Model):
    """A line that came back; not ``reingresa``: it cannot be sold again."""

    __tablename__ = "detalle_devolucion"
    __audited__ = False  # devoluciones is, and these never change
    __table_args__ = (
        Index("ix_detalle_devolucion_devolucion_id", "devolucion_id"),
        CheckConstraint("cantidad > 0", name="cantidad"),
    )

    id: Mapped[Id]
    devolucion_id: Mapped[int] = to("devoluciones")
    detalle_venta_id: Mapped[int] = to("detalle_venta", index=True)
    producto_id: Mapped[int] = to("productos", index=True)
    cantidad: Mapped[QuantityColumn]
    reingresa: Mapped[bool]
    subtotal: Mapped[MoneyColumn]
    igv: Mapped[MoneyColumn]
    total: Mapped[MoneyColumn]

    @property
    def malogrado(self) -> bool:
        """Whether it cannot be sold again."""
        return not self.reingresa


class Reembolso(Model):
    """Money given back for a sale that was annulled or came back. Never changed.

    Cash leaves an open caja; other ways may have none.
    """

    __tablename__ = "reembolsos"
    __table_args__ = (
        CheckConstraint("monto > 0", name="monto"),
        Index("ix_reembolsos_venta_id", "venta_id"),
        Index("ix_reembolsos_caja_id", "caja_id"),
    )

    id: Mapped[Id]
    venta_id: Mapped[int] = to("ventas")
    devolucion_id: Mapped[int | None] = to("devoluciones", index=True)
    caja_id: Mapped[int | None] = to("cajas")
    usuario_id: Mapped[int] = to("usuarios")
    metodo: Mapped[str]
    monto: Mapped[MoneyColumn]
    fecha: Mapped[datetime]


class VentaOffline(Model):
    """A sale that a till made while it had no connection, and what became of it.

    ``sincronizado`` says that it is the sale ``venta_id``; else ``error_sync`` says why not.
    """

    __tablename__ = "ventas_offline"
    __audited__ = False  # a journal of what tills sent; the sales are audited
    __table_args__ = (
        CheckConstraint("sincronizado = (venta_id IS NOT NULL)", name="sincronizado"),
        Index("ix_ventas_offline_usuario_id", "usuario_id", "id"),
    )

    id: Mapped[Id]
    uuid: Mapped[UUID] = mapped_column(unique=True)
    usuario_id: Mapped[int] = to("usuarios")
    sucursal_id: Mapped[int | None] = mapped_column(BigInteger)
    payload_json: Mapped[dict[str, Any]]
    sincronizado: Mapped[bool] = mapped_column(server_default="false", default=False)
    fecha_registro_local: Mapped[datetime]
    fecha_sync: Mapped[datetime]
    intentos: Mapped[int] = mapped_column(server_default="1", default=1)
    error_sync: Mapped[str] = mapped_column(server_default="", default="")
    error_codigo: Mapped[str] = mapped_column(server_default="", default="")
    venta_id: Mapped[int | None] = to("ventas", index=True)
