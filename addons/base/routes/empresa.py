"""The company and its sucursales."""

from addons.base import schemas
from addons.base.models import Sucursal
from addons.base.services import empresa
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource

SUCURSALES = Resource(
    path="/api/sucursales/",
    model=Sucursal,
    modulo="sucursales",
    fields=(
        "id",
        "codigo",
        "nombre",
        "direccion",
        "latitud",
        "longitud",
        "activo",
        "version",
        "created_at",
    ),
    create=schemas.SucursalNueva,
    filters=("codigo", "activo"),
    search=("codigo", "nombre"),
    sort=("id", "nombre"),
)


@endpoint("GET", "/api/configuracion/", permission="configuracion.ver")
def ver_configuracion(ctx: Ctx) -> schemas.ConfiguracionLeida:
    """Los datos de la empresa."""
    return schemas.ConfiguracionLeida.model_validate(empresa.leer_configuracion(ctx))


@endpoint("PUT", "/api/configuracion/", permission="configuracion.editar", statuses=(409,))
def cambiar_configuracion(
    ctx: Ctx, cambio: schemas.ConfiguracionCambio
) -> schemas.ConfiguracionLeida:
    """Cambia los datos de la empresa."""
    return schemas.ConfiguracionLeida.model_validate(empresa.cambiar_configuracion(ctx, cambio))
