"""Addresses of warehouses, and of who is confined to them. Source: módulos 2 and 9."""

from addons.inventory import schemas
from addons.inventory.models import Almacen, UbicacionAlmacen
from addons.inventory.services import alcance
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId

ALMACENES = Resource(
    path="/api/almacenes/",
    model=Almacen,
    modulo="almacenes",
    fields=("id", "nombre", "tipo", "sucursal_id", "activo", "version", "created_at"),
    create=schemas.AlmacenNuevo,
    filters=("sucursal_id", "tipo", "activo"),
    search=("nombre",),
    sort=("id", "nombre"),
)

UBICACIONES = Resource(
    path="/api/inventario/ubicaciones/",
    model=UbicacionAlmacen,
    modulo="ubicaciones",
    fields=("id", "almacen_id", "zona", "estanteria", "seccion"),
    create=schemas.UbicacionNueva,
    filters=("almacen_id", "zona"),
    search=("zona", "estanteria", "seccion"),
    sort=("id", "zona"),
)

RESOURCES = [ALMACENES, UBICACIONES]


@endpoint("GET", "/api/usuarios/{id}/almacenes/", permission="usuarios.ver")
def ver_almacenes_de_usuario(ctx: Ctx, id: QueryId) -> schemas.AlmacenesDelUsuario:
    """Los almacenes asignados a un usuario."""
    return alcance.ver_almacenes(ctx, id)


@endpoint("PUT", "/api/usuarios/{id}/almacenes/", permission="usuarios.editar")
def poner_almacenes_de_usuario(
    ctx: Ctx, id: QueryId, cambio: schemas.AlmacenesCambio
) -> schemas.AlmacenesDelUsuario:
    """Limita a un usuario a estos almacenes; ninguno: los de sus sucursales."""
    return alcance.poner_almacenes(ctx, id, cambio)
