"""Products and their families. Source: spec/erp-modules.md, módulo 1."""

from typing import Annotated

from pydantic import StringConstraints

from kernel.money import UnitPrice
from kernel.schemas import Flag, OptionalText, RefId, Schema, Text


class ProductoNuevo(Schema):
    """A product to create."""

    sku: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    nombre: Text
    precio: UnitPrice
    costo: UnitPrice | None = None
    permite_venta_sin_stock: Flag = False
    unidad_medida: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,3}$")] = "NIU"
    afectacion_igv: Annotated[str, StringConstraints(pattern=r"^(10|20|30)$")] = "10"
    codigo_barras: OptionalText = ""
    categoria_id: RefId | None = None
    activo: Flag = True


class CategoriaNueva(Schema):
    """A family of products to create."""

    nombre: Text
