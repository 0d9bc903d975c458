"""API keys."""

from addons.base import schemas
from addons.base.services import claves_api
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.identity import ClaveApi
from kernel.resource import Resource
from kernel.schemas import QueryId

CLAVES_API = Resource(
    path="/api/claves-api/",
    model=ClaveApi,
    modulo="claves_api",
    fields=(
        "id",
        "usuario_id",
        "nombre",
        "prefijo",
        "alcances",
        "activo",
        "expires_at",
        "ultimo_uso",
        "created_at",
    ),
    filters=("usuario_id", "prefijo", "activo", "expires_at", "ultimo_uso"),
    search=("nombre", "prefijo"),
    sort=("-id", "nombre"),
    actions=("list", "detail"),
    people_only=("list", "detail"),
)


@endpoint(
    "POST",
    "/api/claves-api/",
    permission="claves_api.crear",
    status=201,
    fresh=True,
    secret=True,
)
def crear_clave_api(ctx: Ctx, nueva: schemas.ClaveApiNueva) -> schemas.ClaveApiCreada:
    """Crea una clave API; el secreto se muestra solo ahora."""
    return claves_api.crear_clave(ctx, nueva)


@endpoint(
    "POST",
    "/api/claves-api/{id}/rotar/",
    permission="claves_api.crear",
    status=201,
    statuses=(409,),
    fresh=True,
    secret=True,
)
def rotar_clave_api(
    ctx: Ctx, id: QueryId, rotacion: schemas.ClaveApiRotacion
) -> schemas.ClaveApiCreada:
    """Renueva una clave API; la anterior sirve mientras dure la gracia."""
    return claves_api.rotar_clave(ctx, id, rotacion)


@endpoint(
    "DELETE", "/api/claves-api/{id}/", permission="claves_api.eliminar", status=204, keys=False
)
def revocar_clave_api(ctx: Ctx, id: QueryId) -> None:
    """Revoca una clave API desde este momento."""
    claves_api.revocar_clave(ctx, id)
