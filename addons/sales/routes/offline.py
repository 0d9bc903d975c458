"""Addresses of sales made without a connection. Source: spec/erp-modules.md, módulo 1."""

from addons.sales import schemas
from addons.sales.models import VentaOffline
from addons.sales.services import offline
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.listing import Finish
from kernel.resource import Resource
from kernel.schemas import QueryId

OFFLINE = Resource(
    path="/api/ventas-offline/",
    model=VentaOffline,
    modulo="ventas",
    fields=(
        "id",
        "uuid",
        "usuario_id",
        "sucursal_id",
        "payload_json",
        "sincronizado",
        "fecha_registro_local",
        "fecha_sync",
        "intentos",
        "error_sync",
        "error_codigo",
        "venta_id",
    ),
    filters=("usuario_id", "sucursal_id", "sincronizado", "fecha_sync", "error_codigo"),
    search=("error_sync",),
    sort=("-id", "fecha_sync"),
    actions=("list", "detail", "export"),
    finish=Finish(offline.traducir, ("error_sync",)),
)


@endpoint("POST", "/api/ventas/offline-sync/", permission="ventas.crear", statuses=(503,))
def sincronizar(ctx: Ctx, lote: schemas.LoteOffline) -> schemas.LoteSincronizado:
    """Recibe las ventas que una caja hizo sin conexión, y dice qué fue de cada una."""
    return offline.sincronizar(ctx, lote)


@endpoint(
    "POST",
    "/api/ventas-offline/{id}/reintentar/",
    permission="ventas.reintentar",
    statuses=(404, 503),
)
def reintentar(ctx: Ctx, id: QueryId) -> schemas.DestinoVenta:
    """Intenta de nuevo una venta sin conexión que no se pudo registrar."""
    return offline.reintentar(ctx, id)
