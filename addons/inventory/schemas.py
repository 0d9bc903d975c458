"""What enters and leaves inventory. Source: módulo 2."""

from typing import Annotated

from pydantic import Field, StringConstraints

from kernel.money import Quantity
from kernel.schemas import Answer, Flag, RefId, Schema, Text


class AlmacenNuevo(Schema):
    """A warehouse to create."""

    nombre: Text
    tipo: Annotated[str, StringConstraints(pattern=r"^[A-Z_]{1,30}$")] = "PRINCIPAL"
    sucursal_id: RefId
    activo: Flag = True


class EntradaNueva(Schema):
    """Goods that come in."""

    almacen_id: RefId
    producto_id: RefId
    cantidad: Quantity
    motivo: Text
    referencia_doc: Annotated[str, StringConstraints(max_length=100)] = ""


class MovimientoCreado(Answer):
    """A movement that was just written."""

    id: int


class AlmacenesCambio(Schema):
    """The almacenes that a user is confined to; without any, their sucursales decide."""

    almacenes: Annotated[list[RefId], Field(max_length=1000)]


class AlmacenesDelUsuario(Answer):
    """The almacenes that are assigned to a user."""

    usuario_id: int
    almacenes: list[int]
    todos: bool = Field(description="Ninguno asignado: todos los de sus sucursales.")
