"""Addresses of loyalty."""

from addons_contrib.loyalty import schemas, services
from addons_contrib.loyalty.models import MovimientoPuntos
from kernel.context import Ctx
from kernel.extensions import Extension
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId

MOVIMIENTOS = Resource(
    path="/api/movimientos-puntos/",
    model=MovimientoPuntos,
    modulo="puntos",
    fields=("id", "cliente_id", "venta_id", "motivo", "puntos", "created_at"),
    filters=("cliente_id", "venta_id", "motivo", "created_at"),
    sort=("-id", "created_at"),
    actions=("list", "detail", "export"),
)

RESOURCES = [MOVIMIENTOS]
EXTENSIONS = [Extension("/api/clientes/", fields=("puntos",), filters=("puntos",))]


@endpoint("GET", "/api/clientes/{id}/puntos/", permission="puntos.ver")
def ver_saldo(ctx: Ctx, id: QueryId) -> schemas.Saldo:
    """Los puntos de un cliente."""
    return services.ver_saldo(ctx, id)


@endpoint("POST", "/api/clientes/{id}/puntos/canjear/", permission="puntos.canjear")
def canjear(ctx: Ctx, id: QueryId, canje: schemas.Canje) -> schemas.Saldo:
    """Canjea puntos de un cliente."""
    return services.canjear_puntos(ctx, id, canje)
