"""Tables of inventory. Source: spec/erp-modules.md, módulo 2."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from kernel.model import Id, Model, QuantityColumn, Timestamps, Versioned


class Almacen(Timestamps, Versioned, Model):
    """A warehouse. The first active one of a sucursal serves its sales."""

    __tablename__ = "almacenes"

    id: Mapped[Id]
    nombre: Mapped[str] = mapped_column(unique=True)
    tipo: Mapped[str] = mapped_column(server_default="PRINCIPAL", default="PRINCIPAL")
    sucursal_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sucursales.id"), index=True)
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)


class ProductoAlmacen(Model):
    """What a warehouse holds of a product: always the sum of its movements."""

    __tablename__ = "productos_almacen"
    __audited__ = False  # movimientos_stock is its journal
    __table_args__ = (
        UniqueConstraint("almacen_id", "producto_id"),
        Index("ix_productos_almacen_producto_id", "producto_id"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    id: Mapped[Id]
    producto_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("productos.id"))
    almacen_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("almacenes.id"))
    stock_actual: Mapped[QuantityColumn] = mapped_column(server_default="0", default=Decimal(0))
    stock_minimo: Mapped[QuantityColumn] = mapped_column(server_default="0", default=Decimal(0))
    stock_maximo: Mapped[QuantityColumn] = mapped_column(server_default="0", default=Decimal(0))
    stock_seguridad: Mapped[QuantityColumn] = mapped_column(server_default="0", default=Decimal(0))


class MovimientoStock(Model):
    """A movement: into ``almacen_destino_id``, out of ``almacen_origen_id``. Never changed."""

    __tablename__ = "movimientos_stock"
    __audited__ = False
    __table_args__ = (
        Index("ix_movimientos_stock_producto_id_created_at", "producto_id", "created_at"),
        Index("ix_movimientos_stock_origen", "almacen_origen_id", "tipo_movimiento"),
        Index("ix_movimientos_stock_destino", "almacen_destino_id", "tipo_movimiento"),
        CheckConstraint("cantidad > 0", name="cantidad"),
        CheckConstraint(
            "almacen_origen_id IS NOT NULL OR almacen_destino_id IS NOT NULL", name="almacen"
        ),
    )

    id: Mapped[Id]
    producto_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("productos.id"))
    almacen_origen_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("almacenes.id"))
    almacen_destino_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("almacenes.id"))
    tipo_movimiento: Mapped[str]
    cantidad: Mapped[QuantityColumn]
    motivo: Mapped[str] = mapped_column(server_default="", default="")
    usuario_id: Mapped[int | None] = mapped_column(BigInteger)
    lote_id: Mapped[int | None] = mapped_column(BigInteger)
    referencia_doc: Mapped[str] = mapped_column(server_default="", default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class UsuarioAlmacen(Model):
    """An almacén of a user who is confined to some; without any, the sucursales decide."""

    __tablename__ = "usuario_almacenes"
    __table_args__ = (UniqueConstraint("usuario_id", "almacen_id"),)

    id: Mapped[Id]
    usuario_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("usuarios.id", ondelete="CASCADE")
    )
    # An almacén that somebody is confined to cannot go: without it they would be free.
    almacen_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("almacenes.id"))


TABLES: list[type[Model]] = [Almacen, ProductoAlmacen, MovimientoStock, UsuarioAlmacen]
