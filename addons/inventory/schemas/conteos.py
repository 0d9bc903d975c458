"""Physical counts. Source: módulo 2."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from addons.inventory.schemas.campos import MAX_LINEAS, Numero
from kernel.money import Counted
from kernel.schemas import Answer, OptionalText, RefId, Schema, Version

MAX_HOJA = 5000
"""Lines of a sheet."""


class ConteoNuevo(Schema):
    """A count to begin: of these products, or of all that the warehouse has held."""

    almacen_id: RefId
    nota: OptionalText = ""
    productos: Annotated[list[RefId], Field(max_length=MAX_HOJA)] = Field(default_factory=list)


class LineaContada(Schema):
    """What was counted of a product, or of a lot of it."""

    producto_id: RefId
    numero_lote: Numero = ""
    numero_serie: Numero = ""
    cantidad: Counted


class Contado(Schema):
    """What was counted, in any number of pieces; a line said again replaces what it said."""

    detalle: Annotated[list[LineaContada], Field(min_length=1, max_length=MAX_LINEAS)]


class LineaTecleada(Schema):
    """What was counted of a line of the sheet; without a quantity it is yet to be counted."""

    id: RefId
    cantidad_contada: Counted | None = None


class HojaTecleada(Schema):
    """Lines of the sheet as they were typed; those left out stay as they are."""

    lineas: Annotated[list[LineaTecleada], Field(min_length=1, max_length=MAX_HOJA)]
    version: Version | None = None


class LineaConteo(Answer):
    """A line of a count; what the system says is shown once it was counted."""

    id: int
    producto_id: int
    sku: str
    producto: str
    lote_id: int | None
    numero_lote: str | None
    numero_serie: str | None
    ubicacion: str
    stock_sistema: Decimal | None
    cantidad_contada: Decimal | None
    diferencia: Decimal | None


class ConteoLeido(Answer):
    """A count with its lines."""

    id: int
    almacen_id: int
    estado: str
    nota: str
    usuario_id: int | None
    created_at: datetime
    cerrado_at: datetime | None
    version: int
    lineas: list[LineaConteo]


class ConteoCerrado(Answer):
    """What a count led to."""

    id: int
    estado: str
    ajustes: list[int]
    sin_contar: int
