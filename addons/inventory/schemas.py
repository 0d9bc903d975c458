"""What enters and leaves inventory. Source: módulo 2."""

from typing import Annotated

from pydantic import StringConstraints

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
