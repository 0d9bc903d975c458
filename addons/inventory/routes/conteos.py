"""Addresses of physical counts. Source: módulo 2."""

from addons.inventory import schemas
from addons.inventory.models import ConteoStock
from addons.inventory.services import conteos, papeles
from kernel import pdf
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId
from kernel.translations import later

CONTEOS = Resource(
    path="/api/inventario/conteos/",
    model=ConteoStock,
    modulo="stock",
    mention=("conteo", later("Conteo")),
    fields=("id", "almacen_id", "estado", "nota", "usuario_id", "created_at", "cerrado_at"),
    filters=("almacen_id", "estado", "created_at"),
    sort=("-id",),
    actions=("list",),
)

RESOURCES = [CONTEOS]


@endpoint("POST", "/api/inventario/conteos/", permission="stock.contar", status=201)
def crear_conteo(ctx: Ctx, nuevo: schemas.ConteoNuevo) -> schemas.ConteoLeido:
    """Empieza un conteo físico con su hoja."""
    return conteos.crear_conteo(ctx, nuevo)


@endpoint("GET", "/api/inventario/conteos/{id}/", permission="stock.ver")
def ver_conteo(ctx: Ctx, id: QueryId) -> schemas.ConteoLeido:
    """Un conteo con sus líneas."""
    return conteos.ver_conteo(ctx, id)


@endpoint(
    "GET",
    "/api/inventario/conteos/{id}/pdf/",
    permission="stock.contar",
    files=(pdf.MEDIA,),
    statuses=(404, *pdf.STATUSES),
)
def imprimir_conteo(ctx: Ctx, id: QueryId) -> Outcome:
    """La hoja de un conteo en PDF, para llenarla a mano."""
    return pdf.download(ctx, *papeles.papel_de_conteo(ctx, id))


@endpoint("PUT", "/api/inventario/conteos/{id}/", permission="stock.contar", statuses=(404, 409))
def teclear(ctx: Ctx, id: QueryId, hoja: schemas.HojaTecleada) -> schemas.ConteoLeido:
    """Anota las líneas de la hoja que se teclean."""
    return conteos.teclear(ctx, id, hoja)


@endpoint(
    "POST", "/api/inventario/conteos/{id}/contar/", permission="stock.contar", statuses=(404, 409)
)
def contar(ctx: Ctx, id: QueryId, contado: schemas.Contado) -> schemas.ConteoLeido:
    """Anota lo contado."""
    return conteos.contar(ctx, id, contado)


@endpoint(
    "POST", "/api/inventario/conteos/{id}/cerrar/", permission="stock.ajustar", statuses=(404, 409)
)
def cerrar_conteo(ctx: Ctx, id: QueryId) -> schemas.ConteoCerrado:
    """Cierra un conteo: las diferencias se vuelven ajustes."""
    return conteos.cerrar_conteo(ctx, id)


@endpoint(
    "POST", "/api/inventario/conteos/{id}/anular/", permission="stock.contar", statuses=(404, 409)
)
def anular_conteo(ctx: Ctx, id: QueryId) -> schemas.ConteoLeido:
    """Abandona un conteo."""
    return conteos.anular_conteo(ctx, id)
