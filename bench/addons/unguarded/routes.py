"""The product's own list of sales, at another address and without identification."""

from functools import cache

from pydantic import BaseModel

from addons.sales.routes.ventas import VENTAS
from kernel import listing
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.identity import Identity
from kernel.schemas import QueryId, Schema

PATH = "/api/bench/ventas/"
SOMEBODY = Identity(1, "", "", 1, "", None)
"""Whoever it is; nobody asked."""


class Filtro(Schema):
    """Whose sales, and how many."""

    cliente_id: QueryId
    limit: int


@cache
def _query() -> type[BaseModel]:
    return listing.query_schema(VENTAS)


@endpoint("GET", PATH, public=True)
def listar_sin_control(ctx: Ctx, query: Filtro) -> Outcome:
    """Ventas de un cliente."""
    ctx.user = SOMEBODY  # so that row and field rules are applied as ever
    ctx.know_places({"sucursales": None})
    asked = _query()(cliente_id=str(query.cliente_id), limit=query.limit)
    return listing.page(ctx, VENTAS, asked)
