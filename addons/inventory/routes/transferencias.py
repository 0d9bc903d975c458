"""Addresses of transfers. Source: módulo 2."""

from addons.inventory import schemas
from addons.inventory.models import IncidenciaTransferencia, Transferencia
from addons.inventory.services import recepciones, transferencias
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId
from kernel.translations import later

TRANSFERENCIAS = Resource(
    path="/api/inventario/transferencia/",
    model=Transferencia,
    modulo="stock",
    mention=("transferencia", later("Transferencia")),
    fields=(
        "id",
        "almacen_origen_id",
        "almacen_destino_id",
        "estado",
        "usuario_origen_id",
        "usuario_destino_id",
        "nota",
        "fecha_solicitud",
        "fecha_envio",
        "fecha_confirmacion",
    ),
    filters=("almacen_origen_id", "almacen_destino_id", "estado", "fecha_solicitud"),
    sort=("-id", "fecha_solicitud"),
    actions=("list", "export"),
)

INCIDENCIAS = Resource(
    path="/api/inventario/incidencias/",
    model=IncidenciaTransferencia,
    modulo="stock",
    fields=(
        "id",
        "transferencia_id",
        "producto_id",
        "cantidad_enviada",
        "cantidad_recibida",
        "estado",
        "resolucion",
        "motivo",
        "usuario_id",
        "created_at",
        "resuelta_at",
    ),
    filters=("transferencia_id", "producto_id", "estado", "created_at"),
    sort=("-id", "created_at"),
    actions=("list", "detail"),
)

RESOURCES = [TRANSFERENCIAS, INCIDENCIAS]


@endpoint(
    "POST",
    "/api/inventario/transferencia/",
    permission="stock.transferir",
    status=201,
    statuses=(422,),
)
def crear_transferencia(ctx: Ctx, nueva: schemas.TransferenciaNueva) -> schemas.TransferenciaLeida:
    """Crea una transferencia entre almacenes."""
    return transferencias.crear_transferencia(ctx, nueva)


@endpoint("GET", "/api/inventario/transferencia/{id}/", permission="stock.ver")
def ver_transferencia(ctx: Ctx, id: QueryId) -> schemas.TransferenciaLeida:
    """Una transferencia con sus líneas e incidencias."""
    return transferencias.ver_transferencia(ctx, id)


@endpoint(
    "PUT",
    "/api/inventario/transferencia/{id}/",
    permission="stock.transferir",
    statuses=(404, 409),
)
def anotar_recepcion(
    ctx: Ctx, id: QueryId, anotada: schemas.RecepcionAnotada
) -> schemas.TransferenciaLeida:
    """Anota lo que el destino va contando."""
    return recepciones.anotar_recepcion(ctx, id, anotada)


@endpoint(
    "POST",
    "/api/inventario/transferencia/{id}/enviar/",
    permission="stock.transferir",
    statuses=(404, 409),
)
def enviar_transferencia(ctx: Ctx, id: QueryId) -> schemas.TransferenciaLeida:
    """Anota que la mercadería salió del almacén de origen."""
    return transferencias.enviar_transferencia(ctx, id)


@endpoint(
    "POST",
    "/api/inventario/transferencia/{id}/confirmar/",
    permission="stock.transferir",
    statuses=(404, 409),
)
def confirmar_transferencia(
    ctx: Ctx, id: QueryId, recepcion: schemas.Recepcion = schemas.COMPLETA
) -> schemas.TransferenciaLeida:
    """Confirma la recepción en el almacén de destino."""
    return recepciones.confirmar_transferencia(ctx, id, recepcion)


@endpoint(
    "POST",
    "/api/inventario/transferencia/{id}/resolver/",
    permission="stock.transferir",
    statuses=(404, 409),
)
def resolver_incidencias(
    ctx: Ctx, id: QueryId, pedido: schemas.Resoluciones
) -> schemas.TransferenciaLeida:
    """Resuelve incidencias de una transferencia; con la última se confirma."""
    return recepciones.resolver_incidencias(ctx, id, pedido)


@endpoint(
    "POST",
    "/api/inventario/incidencias/{id}/resolver/",
    permission="stock.transferir",
    statuses=(404, 409),
)
def resolver_incidencia(
    ctx: Ctx, id: QueryId, pedido: schemas.ResolucionDeUna
) -> schemas.TransferenciaLeida:
    """Resuelve una incidencia; con la última se confirma la transferencia."""
    return recepciones.resolver_incidencia(ctx, id, pedido)


@endpoint(
    "POST",
    "/api/inventario/transferencia/{id}/cancelar/",
    permission="stock.transferir",
    statuses=(404, 409),
)
def cancelar_transferencia(ctx: Ctx, id: QueryId) -> schemas.TransferenciaLeida:
    """Cancela una transferencia que aún no se envió."""
    return transferencias.cancelar_transferencia(ctx, id)
