"""Addresses of inventory. Source: spec/erp-modules.md, módulo 2."""

from typing import Annotated

from pydantic import StringConstraints

from addons.inventory import schemas
from addons.inventory.models import (
    Almacen,
    ConteoStock,
    LoteSerie,
    MovimientoStock,
    ProductoAlmacen,
    ReservaStock,
    Transferencia,
    UbicacionAlmacen,
)
from addons.inventory.services import (
    alcance,
    alertas,
    conteos,
    limites,
    lotes,
    movimientos,
    reservas,
    revision,
    transferencias,
)
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId

Numero = Annotated[str, StringConstraints(min_length=1, max_length=60)]

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

STOCK = Resource(
    path="/api/inventario/stock/",
    model=ProductoAlmacen,
    modulo="stock",
    fields=(
        "id",
        "producto_id",
        "almacen_id",
        "stock_actual",
        "stock_reservado",
        "stock_minimo",
        "stock_maximo",
        "stock_seguridad",
        "ubicacion_id",
    ),
    create=schemas.LimitesNuevos,
    update=schemas.LimitesCambio,
    filters=("producto_id", "almacen_id", "stock_actual", "ubicacion_id"),
    sort=("id", "producto_id", "stock_actual"),
    actions=("list", "create", "update", "export"),
    create_with=limites.crear,
    update_with=limites.revisar,
)

MOVIMIENTOS = Resource(
    path="/api/inventario/movimientos/",
    model=MovimientoStock,
    modulo="stock",
    fields=(
        "id",
        "producto_id",
        "almacen_origen_id",
        "almacen_destino_id",
        "tipo_movimiento",
        "cantidad",
        "costo_unitario",
        "costo_promedio",
        "motivo",
        "usuario_id",
        "lote_id",
        "referencia_doc",
        "created_at",
    ),
    filters=(
        "producto_id",
        "almacen_origen_id",
        "almacen_destino_id",
        "tipo_movimiento",
        "lote_id",
        "referencia_doc",
        "created_at",
    ),
    sort=("-id", "created_at"),
    actions=("list", "export"),
)

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

RESERVAS = Resource(
    path="/api/inventario/reservas/",
    model=ReservaStock,
    modulo="stock",
    fields=tuple(schemas.ReservaLeida.model_fields),
    filters=("producto_id", "almacen_id", "estado", "referencia_doc", "vence"),
    sort=("-id",),
    actions=("list", "detail"),
)

TRANSFERENCIAS = Resource(
    path="/api/inventario/transferencia/",
    model=Transferencia,
    modulo="stock",
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

CONTEOS = Resource(
    path="/api/inventario/conteos/",
    model=ConteoStock,
    modulo="stock",
    fields=("id", "almacen_id", "estado", "nota", "usuario_id", "created_at", "cerrado_at"),
    filters=("almacen_id", "estado", "created_at"),
    sort=("-id",),
    actions=("list",),
)

RESOURCES = [
    ALMACENES,
    UBICACIONES,
    STOCK,
    MOVIMIENTOS,
    LOTES,
    RESERVAS,
    TRANSFERENCIAS,
    CONTEOS,
]


@endpoint("POST", "/api/inventario/entrada/", permission="stock.entrada", status=201)
def registrar_entrada(ctx: Ctx, entrada: schemas.EntradaNueva) -> schemas.MovimientoCreado:
    """Registra una entrada de mercadería."""
    return movimientos.registrar_entrada(ctx, entrada)


@endpoint("POST", "/api/inventario/salida/", permission="stock.salida", status=201)
def registrar_salida(ctx: Ctx, salida: schemas.SalidaNueva) -> schemas.MovimientoCreado:
    """Registra una salida de mercadería que no es una venta."""
    return movimientos.registrar_salida(ctx, salida)


@endpoint("POST", "/api/inventario/ajuste/", permission="stock.ajustar", status=201)
def registrar_ajuste(ctx: Ctx, ajuste: schemas.AjusteNuevo) -> schemas.MovimientoCreado:
    """Ajusta el stock a mano, con su motivo."""
    return movimientos.registrar_ajuste(ctx, ajuste)


@endpoint("GET", "/api/inventario/alertas-stock/", permission="stock.alertas")
def listar_alertas(ctx: Ctx, query: schemas.AlertasQuery) -> schemas.AlertasStock:
    """Productos en su stock mínimo o por debajo."""
    return alertas.listar(ctx, query)


# Reservations ------------------------------------------------------------------------------------


@endpoint(
    "POST", "/api/inventario/reservas/", permission="stock.reservar", status=201, statuses=(422,)
)
def reservar(ctx: Ctx, nueva: schemas.ReservaNueva) -> schemas.ReservaLeida:
    """Reserva mercadería que hay en stock."""
    return reservas.reservar(ctx, nueva)


@endpoint(
    "POST",
    "/api/inventario/reservas/{id}/liberar/",
    permission="stock.reservar",
    statuses=(404, 409),
)
def liberar_reserva(ctx: Ctx, id: QueryId) -> schemas.ReservaLeida:
    """Libera lo que una reserva guarda."""
    return reservas.liberar(ctx, id)


# Transfers ---------------------------------------------------------------------------------------


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
    return transferencias.confirmar_transferencia(ctx, id, recepcion)


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
    return transferencias.resolver_incidencias(ctx, id, pedido)


@endpoint(
    "POST",
    "/api/inventario/transferencia/{id}/cancelar/",
    permission="stock.transferir",
    statuses=(404, 409),
)
def cancelar_transferencia(ctx: Ctx, id: QueryId) -> schemas.TransferenciaLeida:
    """Cancela una transferencia que aún no se envió."""
    return transferencias.cancelar_transferencia(ctx, id)


# Lots and series ---------------------------------------------------------------------------------


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


# Counts ------------------------------------------------------------------------------------------


@endpoint("POST", "/api/inventario/conteos/", permission="stock.contar", status=201)
def crear_conteo(ctx: Ctx, nuevo: schemas.ConteoNuevo) -> schemas.ConteoLeido:
    """Empieza un conteo físico con su hoja."""
    return conteos.crear_conteo(ctx, nuevo)


@endpoint("GET", "/api/inventario/conteos/{id}/", permission="stock.ver")
def ver_conteo(ctx: Ctx, id: QueryId) -> schemas.ConteoLeido:
    """Un conteo con sus líneas."""
    return conteos.ver_conteo(ctx, id)


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


# Where users may move ----------------------------------------------------------------------------


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
