"""Addresses of lots and series, and of how products are traced. Source: módulo 2."""

from typing import Annotated

from pydantic import StringConstraints

from addons.inventory import schemas
from addons.inventory.models import LoteSerie
from addons.inventory.services import lotes, revision
from kernel.context import Ctx
from kernel.extensions import Extension
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId

Numero = Annotated[str, StringConstraints(min_length=1, max_length=60)]

LOTES = Resource(
    path="/api/inventario/lotes/",
    model=LoteSerie,
    modulo="stock",
    fields=(
        "id",
        "producto_id",
        "almacen_id",
        "numero_lote",
        "numero_serie",
        "fecha_vencimiento",
        "cantidad_inicial",
        "cantidad_actual",
        "cantidad_reservada",
        "estado",
        "created_at",
    ),
    filters=(
        "producto_id",
        "almacen_id",
        "numero_lote",
        "numero_serie",
        "fecha_vencimiento",
        "cantidad_actual",
        "estado",
    ),
    search=("numero_lote", "numero_serie"),
    sort=("-id", "numero_lote"),
    actions=("list", "detail", "export"),
)

RESOURCES = [LOTES]
EXTENSIONS = [
    Extension("/api/productos/", fields=("trazabilidad",), filters=("trazabilidad",)),
]


@endpoint("GET", "/api/pos/lotes/", permission="ventas.crear")
def listar_vendibles(ctx: Ctx, query: schemas.LotesVendiblesQuery) -> schemas.LotesVendibles:
    """Los lotes y series que una caja puede vender."""
    return lotes.listar_vendibles(ctx, query)


@endpoint("GET", "/api/inventario/trazabilidad/{lote}/", permission="stock.ver")
def ver_traza(ctx: Ctx, lote: Numero) -> schemas.Traza:
    """De dónde vino y a dónde fue un lote o una serie."""
    return lotes.trazar(ctx, lote)


@endpoint("GET", "/api/inventario/lotes/{id}/trazabilidad/", permission="stock.ver")
def ver_traza_de_lote(ctx: Ctx, id: QueryId) -> schemas.Traza:
    """Lo mismo, por el id del lote."""
    return lotes.trazar_lote(ctx, id)


@endpoint("POST", "/api/inventario/lotes/{id}/bloquear/", permission="stock.trazar")
def bloquear_lote(ctx: Ctx, id: QueryId, bloqueo: schemas.Bloqueo) -> schemas.LoteEstado:
    """Impide que un lote salga."""
    return lotes.bloquear_lote(ctx, id, bloqueo)


@endpoint("POST", "/api/inventario/lotes/{id}/desbloquear/", permission="stock.trazar")
def desbloquear_lote(ctx: Ctx, id: QueryId, bloqueo: schemas.Bloqueo) -> schemas.LoteEstado:
    """Permite otra vez que un lote salga."""
    return lotes.desbloquear_lote(ctx, id, bloqueo)


@endpoint("GET", "/api/inventario/productos/{id}/trazabilidad/", permission="stock.ver")
def ver_trazabilidad(ctx: Ctx, id: QueryId) -> schemas.TrazabilidadLeida:
    """Si un producto lleva lotes, series o nada."""
    return lotes.ver_trazabilidad(ctx, id)


@endpoint(
    "PUT",
    "/api/inventario/productos/{id}/trazabilidad/",
    permission="stock.trazar",
    statuses=(404, 409),
)
def cambiar_trazabilidad(
    ctx: Ctx, id: QueryId, cambio: schemas.TrazabilidadCambio
) -> schemas.TrazabilidadLeida:
    """Cambia si un producto lleva lotes, series o nada."""
    return lotes.cambiar_trazabilidad(ctx, id, cambio)


@endpoint("GET", "/api/inventario/productos/{id}/costo/", permission="stock.kardex")
def ver_costo(ctx: Ctx, id: QueryId) -> schemas.Valorizado:
    """El costo promedio de un producto, guardado y recontado."""
    return revision.valorizar(ctx, id)
