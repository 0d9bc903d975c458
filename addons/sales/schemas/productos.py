"""Products, their families, units and prices. Source: spec/erp-modules.md, módulo 1."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints

from kernel.money import Quantity, UnitPrice
from kernel.schemas import Answer, Flag, OptionalText, RefId, Schema, Text

Unidad = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,3}$")]
"""A code of SUNAT's catalogue 03."""


class ProductoNuevo(Schema):
    """A product to create."""

    sku: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    nombre: Text
    precio: UnitPrice
    costo: UnitPrice | None = None
    permite_venta_sin_stock: Flag = False
    unidad_medida: Unidad = "NIU"
    afectacion_igv: Annotated[str, StringConstraints(pattern=r"^(10|20|30)$")] = "10"
    codigo_barras: OptionalText = ""
    categoria_id: RefId | None = None
    activo: Flag = True


class CategoriaNueva(Schema):
    """A family of products to create."""

    nombre: Text


class UnidadCambio(Schema):
    """What may change of a unit of measure: its name, and whether products may have it."""

    nombre: Text
    activo: Flag = True


class ListaPrecioNueva(Schema):
    """A price list to create."""

    nombre: Text
    activo: Flag = True


class PrecioNuevo(Schema):
    """A price of a list, from a quantity on."""

    lista_id: RefId
    producto_id: RefId
    cantidad_minima: Quantity = Decimal("1.0000")
    precio: UnitPrice


class EnSucursal(Schema):
    """How a sucursal sells a product; a flag that is null is the product's."""

    sucursal_id: RefId
    activo: Flag = True
    permite_venta_sin_stock: Flag | None = None


class SucursalesDeProducto(Schema):
    """How sucursales differ in selling a product; those not named sell it as it is."""

    sucursales: Annotated[list[EnSucursal], Field(max_length=500)]


class EnSucursalLeido(Answer):
    """How a sucursal sells a product."""

    sucursal_id: int
    activo: bool
    permite_venta_sin_stock: bool | None


class ProductoEnSucursales(Answer):
    """How sucursales differ in selling a product."""

    producto_id: int
    sucursales: list[EnSucursalLeido]
