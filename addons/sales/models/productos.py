"""Tables of products, their units and prices. Source: spec/erp-modules.md, módulo 1."""

from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from addons.sales.models.columnas import to
from kernel.model import (
    Id,
    Model,
    PriceColumn,
    QuantityColumn,
    Timestamps,
    Versioned,
)


class Categoria(Model):
    """A family of products."""

    __tablename__ = "categorias"

    id: Mapped[Id]
    nombre: Mapped[str] = mapped_column(unique=True)


class UnidadMedida(Model):
    """A unit in which something is sold; ``codigo`` is one of SUNAT's catalogue 03."""

    __tablename__ = "unidades_medida"

    id: Mapped[Id]
    codigo: Mapped[str] = mapped_column(unique=True)
    nombre: Mapped[str]
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)


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
    categoria_id: Mapped[int | None] = to("categorias")
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)


class ProductoSucursal(Model):
    """How a sucursal differs in selling a product; a flag that is null is the product's."""

    __tablename__ = "producto_sucursales"
    __table_args__ = (UniqueConstraint("producto_id", "sucursal_id"),)

    id: Mapped[Id]
    producto_id: Mapped[int] = to("productos")
    sucursal_id: Mapped[int] = to("sucursales")
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)
    permite_venta_sin_stock: Mapped[bool | None]


class ListaPrecio(Timestamps, Versioned, Model):
    """Prices of their own for the clientes that have this list."""

    __tablename__ = "listas_precio"

    id: Mapped[Id]
    nombre: Mapped[str] = mapped_column(unique=True)
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)


class Precio(Model):
    """What a list asks for a unit, from a quantity on."""

    __tablename__ = "precios"
    __table_args__ = (
        UniqueConstraint("lista_id", "producto_id", "cantidad_minima"),
        CheckConstraint("precio >= 0", name="precio"),
        CheckConstraint("cantidad_minima > 0", name="cantidad_minima"),
        Index("ix_precios_producto_id", "producto_id"),
    )

    id: Mapped[Id]
    lista_id: Mapped[int] = to("listas_precio")
    producto_id: Mapped[int] = to("productos")
    cantidad_minima: Mapped[QuantityColumn] = mapped_column(server_default="1", default=Decimal(1))
    precio: Mapped[PriceColumn]
