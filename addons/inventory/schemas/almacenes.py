"""Warehouses, what they should hold, and who is confined to them. Source: módulos 2 and 9."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints

from kernel.money import Counted
from kernel.schemas import Answer, Flag, OptionalText, RefId, Schema, Text


class AlmacenNuevo(Schema):
    """A warehouse to create."""

    nombre: Text
    tipo: Annotated[str, StringConstraints(pattern=r"^[A-Z_]{1,30}$")] = "PRINCIPAL"
    sucursal_id: RefId
    activo: Flag = True


class UbicacionNueva(Schema):
    """A place inside a warehouse."""

    almacen_id: RefId
    zona: Text
    estanteria: OptionalText = ""
    seccion: OptionalText = ""


class LimitesCambio(Schema):
    """How much a warehouse should hold of a product, and where it lies."""

    stock_minimo: Counted = Decimal(0)
    stock_maximo: Counted = Decimal(0)
    stock_seguridad: Counted = Decimal(0)
    ubicacion_id: RefId | None = None


class LimitesNuevos(LimitesCambio):
    """The same for a product that the warehouse has not held yet."""

    almacen_id: RefId
    producto_id: RefId


class AlmacenesCambio(Schema):
    """The almacenes that a user is confined to; without any, their sucursales decide."""

    almacenes: Annotated[list[RefId], Field(max_length=1000)]


class AlmacenesDelUsuario(Answer):
    """The almacenes that are assigned to a user."""

    usuario_id: int
    almacenes: list[int]
    todos: bool = Field(description="Ninguno asignado: todos los de sus sucursales.")
