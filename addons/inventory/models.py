"""Tables of inventory. Source: spec/erp-modules.md, módulo 2."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from addons.sales import models as sales
from kernel.model import Id, Model, QuantityColumn, Timestamps, Versioned, extend

NINGUNA, LOTE, SERIE = "ninguna", "lote", "serie"
"""How a product is traced: not at all, by lot, or each unit by its series number."""

DISPONIBLE, AGOTADO, BLOQUEADO = "DISPONIBLE", "AGOTADO", "BLOQUEADO"
SOLICITADA, ENVIADA, INCIDENCIA = "SOLICITADA", "ENVIADA", "CON_INCIDENCIA"
CONFIRMADA, CANCELADA = "CONFIRMADA", "CANCELADA"
ABIERTA, RESUELTA = "ABIERTA", "RESUELTA"
ACTIVA, CONSUMIDA, LIBERADA, VENCIDA = "ACTIVA", "CONSUMIDA", "LIBERADA", "VENCIDA"
ABIERTO, CERRADO, ANULADO = "ABIERTO", "CERRADO", "ANULADO"


def _to(table: str, **facts: Any) -> Any:
    return mapped_column(BigInteger, ForeignKey(f"{table}.id"), **facts)


def _quantity() -> Any:
    return mapped_column(server_default="0", default=Decimal(0))


def _among(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{one}'" for one in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


@extend
class Producto(sales.Producto):
    """How a product is traced, and what a unit in stock costs on average, 6 decimals."""

    trazabilidad: Mapped[str] = mapped_column(server_default=NINGUNA, default=NINGUNA)
    costo_promedio: Mapped[Decimal | None] = mapped_column(Numeric(16, 6))


class Almacen(Timestamps, Versioned, Model):
    """A warehouse. The first active one of a sucursal serves its sales."""

    __tablename__ = "almacenes"

    id: Mapped[Id]
    nombre: Mapped[str] = mapped_column(unique=True)
    tipo: Mapped[str] = mapped_column(server_default="PRINCIPAL", default="PRINCIPAL")
    sucursal_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sucursales.id"), index=True)
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)


class UbicacionAlmacen(Model):
    """A place inside a warehouse."""

    __tablename__ = "ubicaciones_almacen"
    __table_args__ = (UniqueConstraint("almacen_id", "zona", "estanteria", "seccion"),)

    id: Mapped[Id]
    almacen_id: Mapped[int] = _to("almacenes")
    zona: Mapped[str]
    estanteria: Mapped[str] = mapped_column(server_default="", default="")
    seccion: Mapped[str] = mapped_column(server_default="", default="")


class ProductoAlmacen(Model):
    """What a warehouse holds of a product: always the sum of its movements.

    ``stock_reservado`` is the part that is promised: the sum of the active reservations.
    """

    __tablename__ = "productos_almacen"
    __audited__ = False  # movimientos_stock is its journal
    __table_args__ = (
        UniqueConstraint("almacen_id", "producto_id"),
        Index("ix_productos_almacen_producto_id", "producto_id"),
        CheckConstraint("stock_reservado >= 0", name="stock_reservado"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    id: Mapped[Id]
    producto_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("productos.id"))
    almacen_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("almacenes.id"))
    stock_actual: Mapped[QuantityColumn] = _quantity()
    stock_reservado: Mapped[QuantityColumn] = _quantity()
    stock_minimo: Mapped[QuantityColumn] = _quantity()
    stock_maximo: Mapped[QuantityColumn] = _quantity()
    stock_seguridad: Mapped[QuantityColumn] = _quantity()
    ubicacion_id: Mapped[int | None] = _to("ubicaciones_almacen")


class LoteSerie(Model):
    """A lot, or one unit with a series number, in one warehouse.

    The same lot in another warehouse is another row with the same numbers. ``cantidad_actual`` is
    the sum of the movements of these numbers in this warehouse.
    """

    __tablename__ = "lotes_series"
    __audited__ = False  # movimientos_stock is its journal
    __table_args__ = (
        UniqueConstraint("producto_id", "almacen_id", "numero_lote", "numero_serie"),
        Index("ix_lotes_series_numero_lote", "numero_lote"),
        Index("ix_lotes_series_numero_serie", "numero_serie"),
        Index(
            "uq_lotes_series_serie_en_stock",
            "producto_id",
            "numero_serie",
            unique=True,
            postgresql_where=text("numero_serie <> '' AND cantidad_actual > 0"),
        ),
        Index(
            "ix_lotes_series_vencimiento",
            "fecha_vencimiento",
            postgresql_where=text("cantidad_actual > 0"),
        ),
        CheckConstraint("numero_lote <> '' OR numero_serie <> ''", name="numero"),
        CheckConstraint("cantidad_actual >= 0", name="cantidad_actual"),
        CheckConstraint("numero_serie = '' OR cantidad_actual <= 1", name="serie"),
        CheckConstraint(
            "cantidad_reservada >= 0 AND cantidad_reservada <= cantidad_actual",
            name="cantidad_reservada",
        ),
        _among("estado", DISPONIBLE, AGOTADO, BLOQUEADO),
    )

    id: Mapped[Id]
    producto_id: Mapped[int] = _to("productos")
    almacen_id: Mapped[int] = _to("almacenes")
    numero_lote: Mapped[str] = mapped_column(server_default="", default="")
    numero_serie: Mapped[str] = mapped_column(server_default="", default="")
    fecha_vencimiento: Mapped[date | None]
    cantidad_inicial: Mapped[QuantityColumn] = _quantity()
    cantidad_actual: Mapped[QuantityColumn] = _quantity()
    cantidad_reservada: Mapped[QuantityColumn] = _quantity()
    estado: Mapped[str] = mapped_column(server_default=DISPONIBLE, default=DISPONIBLE)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class MovimientoStock(Model):
    """A movement: into ``almacen_destino_id``, out of ``almacen_origen_id``. Never changed.

    Partitioned by the month of ``created_at``. ``id`` says in which order movements of a product
    happened: it is drawn while the product is locked. ``costo_unitario`` is what a unit of this
    movement is worth, ``costo_promedio`` what a unit in stock is worth after it; 6 decimals.
    """

    __tablename__ = "movimientos_stock"
    __audited__ = False
    __table_args__ = (
        Index("ix_movimientos_stock_producto_id_created_at", "producto_id", "created_at"),
        Index("ix_movimientos_stock_origen", "almacen_origen_id", "tipo_movimiento"),
        Index("ix_movimientos_stock_destino", "almacen_destino_id", "tipo_movimiento"),
        Index("ix_movimientos_stock_created_at", "created_at"),
        Index(
            "ix_movimientos_stock_referencia_doc",
            "referencia_doc",
            postgresql_where=text("referencia_doc <> ''"),
        ),
        Index(
            "ix_movimientos_stock_lote_id",
            "lote_id",
            postgresql_where=text("lote_id IS NOT NULL"),
        ),
        CheckConstraint("cantidad > 0", name="cantidad"),
        CheckConstraint(
            "almacen_origen_id IS NOT NULL OR almacen_destino_id IS NOT NULL", name="almacen"
        ),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    producto_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("productos.id"))
    almacen_origen_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("almacenes.id"))
    almacen_destino_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("almacenes.id"))
    tipo_movimiento: Mapped[str]
    cantidad: Mapped[QuantityColumn]
    costo_unitario: Mapped[Decimal | None] = mapped_column(Numeric(16, 6))
    costo_promedio: Mapped[Decimal | None] = mapped_column(Numeric(16, 6))
    motivo: Mapped[str] = mapped_column(server_default="", default="")
    usuario_id: Mapped[int | None] = mapped_column(BigInteger)
    lote_id: Mapped[int | None] = _to("lotes_series")
    referencia_doc: Mapped[str] = mapped_column(server_default="", default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), primary_key=True)


class ReservaStock(Model):
    """Goods that are promised: they are in stock, and only what they are kept for may take them."""

    __tablename__ = "reservas_stock"
    __audited__ = False  # services audit the act
    __table_args__ = (
        Index("ix_reservas_stock_producto", "producto_id", "almacen_id", "estado"),
        Index("ix_reservas_stock_referencia_doc", "referencia_doc"),
        Index(
            "ix_reservas_stock_vence",
            "vence",
            postgresql_where=text("estado = 'ACTIVA' AND vence IS NOT NULL"),
        ),
        CheckConstraint("cantidad > 0", name="cantidad"),
        _among("estado", ACTIVA, CONSUMIDA, LIBERADA, VENCIDA),
    )

    id: Mapped[Id]
    producto_id: Mapped[int] = _to("productos")
    almacen_id: Mapped[int] = _to("almacenes")
    lote_id: Mapped[int | None] = _to("lotes_series")
    cantidad: Mapped[QuantityColumn]
    estado: Mapped[str] = mapped_column(server_default=ACTIVA, default=ACTIVA)
    motivo: Mapped[str] = mapped_column(server_default="", default="")
    referencia_doc: Mapped[str] = mapped_column(server_default="", default="")
    usuario_id: Mapped[int | None] = mapped_column(BigInteger)
    vence: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    cerrada_at: Mapped[datetime | None]


class Transferencia(Versioned, Model):
    """Goods on their way from one warehouse to another; they move when the receipt is settled."""

    __tablename__ = "transferencias"
    __table_args__ = (
        Index("ix_transferencias_origen", "almacen_origen_id", "id"),
        Index("ix_transferencias_destino", "almacen_destino_id", "id"),
        CheckConstraint("almacen_origen_id <> almacen_destino_id", name="almacenes"),
        _among("estado", SOLICITADA, ENVIADA, INCIDENCIA, CONFIRMADA, CANCELADA),
    )

    id: Mapped[Id]
    almacen_origen_id: Mapped[int] = _to("almacenes")
    almacen_destino_id: Mapped[int] = _to("almacenes")
    estado: Mapped[str] = mapped_column(server_default=SOLICITADA, default=SOLICITADA)
    usuario_origen_id: Mapped[int | None] = mapped_column(BigInteger)
    usuario_destino_id: Mapped[int | None] = mapped_column(BigInteger)
    nota: Mapped[str] = mapped_column(server_default="", default="")
    fecha_solicitud: Mapped[datetime]
    fecha_envio: Mapped[datetime | None]
    fecha_confirmacion: Mapped[datetime | None]


class DetalleTransferencia(Model):
    """A line of a transfer: what was sent, and what the destination counted."""

    __tablename__ = "detalle_transferencia"
    __audited__ = False  # written with its transferencia, whose acts are audited
    __table_args__ = (
        Index("ix_detalle_transferencia_transferencia_id", "transferencia_id"),
        CheckConstraint("cantidad_enviada > 0", name="cantidad_enviada"),
        CheckConstraint("cantidad_recibida >= 0", name="cantidad_recibida"),
    )

    id: Mapped[Id]
    transferencia_id: Mapped[int] = _to("transferencias")
    producto_id: Mapped[int] = _to("productos")
    lote_id: Mapped[int | None] = _to("lotes_series")
    cantidad_enviada: Mapped[QuantityColumn]
    cantidad_recibida: Mapped[Decimal | None] = mapped_column(Numeric(14, 4))


class IncidenciaTransferencia(Model):
    """A line of which another quantity came than was sent; it keeps the transfer open."""

    __tablename__ = "incidencias_transferencia"
    __audited__ = False  # services audit the act
    __table_args__ = (
        UniqueConstraint("detalle_id"),
        Index("ix_incidencias_transferencia_transferencia_id", "transferencia_id"),
        _among("estado", ABIERTA, RESUELTA),
    )

    id: Mapped[Id]
    transferencia_id: Mapped[int] = _to("transferencias")
    detalle_id: Mapped[int] = _to("detalle_transferencia")
    producto_id: Mapped[int | None] = _to("productos")
    cantidad_enviada: Mapped[QuantityColumn]
    cantidad_recibida: Mapped[QuantityColumn]
    estado: Mapped[str] = mapped_column(server_default=ABIERTA, default=ABIERTA)
    resolucion: Mapped[str] = mapped_column(server_default="", default="")
    motivo: Mapped[str] = mapped_column(server_default="", default="")
    usuario_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    resuelta_at: Mapped[datetime | None]


class ConteoStock(Versioned, Model):
    """A physical count of a warehouse: a sheet, what was counted, and the ajustes it led to."""

    __tablename__ = "conteos_stock"
    __table_args__ = (
        Index("ix_conteos_stock_almacen_id", "almacen_id", "id"),
        _among("estado", ABIERTO, CERRADO, ANULADO),
    )

    id: Mapped[Id]
    almacen_id: Mapped[int] = _to("almacenes")
    estado: Mapped[str] = mapped_column(server_default=ABIERTO, default=ABIERTO)
    nota: Mapped[str] = mapped_column(server_default="", default="")
    usuario_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    cerrado_at: Mapped[datetime | None]


class DetalleConteo(Model):
    """A line of a count. ``stock_sistema`` is the stock at the instant of counting."""

    __tablename__ = "detalle_conteo"
    __audited__ = False  # written with its conteo, whose closing is audited
    __table_args__ = (
        Index(
            "uq_detalle_conteo_linea",
            "conteo_id",
            "producto_id",
            text("coalesce(lote_id, 0)"),
            unique=True,
        ),
        CheckConstraint("cantidad_contada >= 0", name="cantidad_contada"),
    )

    id: Mapped[Id]
    conteo_id: Mapped[int] = _to("conteos_stock")
    producto_id: Mapped[int] = _to("productos")
    lote_id: Mapped[int | None] = _to("lotes_series")
    stock_sistema: Mapped[Decimal | None] = mapped_column(Numeric(14, 4))
    cantidad_contada: Mapped[Decimal | None] = mapped_column(Numeric(14, 4))
    usuario_id: Mapped[int | None] = mapped_column(BigInteger)
    contado_at: Mapped[datetime | None]


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


TABLES: list[type[Model]] = [
    Almacen,
    UbicacionAlmacen,
    ProductoAlmacen,
    LoteSerie,
    MovimientoStock,
    ReservaStock,
    Transferencia,
    DetalleTransferencia,
    IncidenciaTransferencia,
    ConteoStock,
    DetalleConteo,
    UsuarioAlmacen,
]
