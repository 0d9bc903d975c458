"""Tables of sales. Source: spec/erp-modules.md, módulo 1."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kernel.model import (
    Id,
    Model,
    MoneyColumn,
    PriceColumn,
    QuantityColumn,
    Timestamps,
    Versioned,
)

ABIERTA = "abierta"
CERRADA = "cerrada"


def _to(table: str) -> Any:
    return mapped_column(BigInteger, ForeignKey(f"{table}.id"))


class Categoria(Model):
    """A family of products."""

    __tablename__ = "categorias"

    id: Mapped[Id]
    nombre: Mapped[str] = mapped_column(unique=True)


class Cliente(Timestamps, Versioned, Model):
    """A customer. ``tipo_doc`` is a code of SUNAT's catalogue 06."""

    __tablename__ = "clientes"
    __table_args__ = (
        UniqueConstraint("tipo_doc", "numero_doc"),
        CheckConstraint("limite_credito >= 0", name="limite_credito"),
    )

    id: Mapped[Id]
    tipo_doc: Mapped[str]
    numero_doc: Mapped[str]
    razon_social: Mapped[str] = mapped_column(index=True)
    email: Mapped[str] = mapped_column(server_default="", default="")
    telefono: Mapped[str] = mapped_column(server_default="", default="")
    direccion: Mapped[str] = mapped_column(server_default="", default="")
    categoria: Mapped[str] = mapped_column(server_default="", default="")
    limite_credito: Mapped[MoneyColumn] = mapped_column(server_default="0", default=Decimal(0))
    tags: Mapped[list[Any]] = mapped_column(server_default="[]", default=list)


class Producto(Timestamps, Versioned, Model):
    """Something that is sold.

    ``stock_actual`` is the sum over all almacenes, kept by the addon that moves stock.
    ``afectacion_igv`` is a code of SUNAT's catalogue 07; ``unidad_medida`` of catalogue 03.
    """

    __tablename__ = "productos"
    __table_args__ = (
        CheckConstraint("precio >= 0", name="precio"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    id: Mapped[Id]
    sku: Mapped[str] = mapped_column(unique=True)
    nombre: Mapped[str] = mapped_column(index=True)
    precio: Mapped[PriceColumn]
    costo: Mapped[Decimal | None] = mapped_column(Numeric(16, 6))
    stock_actual: Mapped[QuantityColumn] = mapped_column(server_default="0", default=Decimal(0))
    permite_venta_sin_stock: Mapped[bool] = mapped_column(server_default="false", default=False)
    unidad_medida: Mapped[str] = mapped_column(server_default="NIU", default="NIU")
    afectacion_igv: Mapped[str] = mapped_column(server_default="10", default="10")
    codigo_barras: Mapped[str] = mapped_column(server_default="", default="")
    categoria_id: Mapped[int | None] = _to("categorias")
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)


class MetodoPago(Model):
    """A way to pay that the company accepts."""

    __tablename__ = "metodos_pago"

    id: Mapped[Id]
    codigo: Mapped[str] = mapped_column(unique=True)
    nombre: Mapped[str]
    es_efectivo: Mapped[bool] = mapped_column(server_default="false", default=False)
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)


class Caja(Timestamps, Model):
    """A cash drawer from its opening to its closing; a user has one open at most."""

    __tablename__ = "cajas"
    __table_args__ = (
        Index(
            "uq_cajas_abierta", "usuario_id", unique=True, postgresql_where=text("estado='abierta'")
        ),
        CheckConstraint("estado IN ('abierta', 'cerrada')", name="estado"),
    )

    id: Mapped[Id]
    sucursal_id: Mapped[int] = _to("sucursales")
    usuario_id: Mapped[int] = _to("usuarios")
    estado: Mapped[str] = mapped_column(server_default=ABIERTA, default=ABIERTA)
    monto_apertura: Mapped[MoneyColumn]
    monto_esperado: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    monto_cierre: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    fecha_apertura: Mapped[datetime]
    fecha_cierre: Mapped[datetime | None]


class Venta(Model):
    """A sale. ``serie`` and ``numero`` number it without gaps within its caja."""

    __tablename__ = "ventas"
    __audited__ = False  # written set-based by services, which audit it themselves
    __table_args__ = (
        UniqueConstraint("serie", "numero"),
        Index("ix_ventas_fecha", "fecha", "id"),
        Index("ix_ventas_cliente_id", "cliente_id", "id"),
        Index("ix_ventas_caja_id", "caja_id", "id"),
        Index("ix_ventas_sucursal_id", "sucursal_id", "id"),
    )

    id: Mapped[Id]
    serie: Mapped[str]
    numero: Mapped[int] = mapped_column(BigInteger)
    cliente_id: Mapped[int] = _to("clientes")
    usuario_id: Mapped[int] = _to("usuarios")
    sucursal_id: Mapped[int] = _to("sucursales")
    caja_id: Mapped[int] = _to("cajas")
    fecha: Mapped[datetime]
    subtotal: Mapped[MoneyColumn]
    igv: Mapped[MoneyColumn]
    total: Mapped[MoneyColumn]
    vuelto: Mapped[MoneyColumn] = mapped_column(server_default="0", default=Decimal(0))
    estado: Mapped[str]
    modo_emision: Mapped[str]
    metodo_pago_id: Mapped[int | None] = _to("metodos_pago")


class DetalleVenta(Model):
    """A line of a sale; amounts in the company's currency, 2 decimals."""

    __tablename__ = "detalle_venta"
    __audited__ = False
    __table_args__ = (
        Index("ix_detalle_venta_venta_id", "venta_id"),
        Index("ix_detalle_venta_producto_id", "producto_id"),
        CheckConstraint("cantidad > 0", name="cantidad"),
    )

    id: Mapped[Id]
    venta_id: Mapped[int] = _to("ventas")
    producto_id: Mapped[int] = _to("productos")
    cantidad: Mapped[QuantityColumn]
    precio_unitario: Mapped[PriceColumn]
    descuento: Mapped[MoneyColumn]
    subtotal: Mapped[MoneyColumn]
    igv: Mapped[MoneyColumn]
    total: Mapped[MoneyColumn]


class FormaPago(Model):
    """What a customer gave for a sale, by method."""

    __tablename__ = "formas_pago"
    __audited__ = False
    __table_args__ = (Index("ix_formas_pago_venta_id", "venta_id"),)

    id: Mapped[Id]
    venta_id: Mapped[int] = _to("ventas")
    metodo: Mapped[str]
    monto: Mapped[MoneyColumn]
    referencia: Mapped[str] = mapped_column(server_default="", default="")
    confirmado: Mapped[bool] = mapped_column(server_default="true", default=True)


TABLES: list[type[Model]] = [
    Categoria,
    Cliente,
    Producto,
    MetodoPago,
    Caja,
    Venta,
    DetalleVenta,
    FormaPago,
]
