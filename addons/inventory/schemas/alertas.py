"""Alerts, and what stock is worth. Source: módulo 2."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from kernel.rbac import Protected
from kernel.schemas import Answer, QueryId, Schema


class AlertasQuery(Schema):
    """Which alerts; ``next`` is the last row's ``id``."""

    almacen_id: QueryId | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    next: QueryId | None = None


class AlertaStock(Answer):
    """A product at or below its minimum in a warehouse, and how many to order."""

    id: int
    producto_id: int
    sku: str
    producto: str
    almacen_id: int
    almacen: str
    stock_actual: Decimal
    stock_reservado: Decimal
    stock_minimo: Decimal
    stock_maximo: Decimal
    stock_seguridad: Decimal
    sugerido: Decimal


class AlertasStock(Answer):
    """Products at or below their minimum."""

    items: list[AlertaStock]
    next: int | None


COSTO = "productos.ver_costo"


class Valorizado(Answer):
    """What a product in stock is worth, as its movements say and as it is kept."""

    producto_id: int
    stock_actual: Decimal
    costo_promedio: Annotated[Decimal | None, Protected(COSTO)] = None
    recalculado: Annotated[Decimal | None, Protected(COSTO)] = None
    coincide: bool
