"""Addresses of price offers and orders. Source: spec/erp-modules.md, módulo 1."""

from addons.sales import schemas
from addons.sales.models import Cotizacion, OrdenVenta
from addons.sales.services import cotizaciones, ordenes, papeles
from kernel import pdf
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId
from kernel.translations import later

DEL_DOCUMENTO = ("subtotal", "igv", "total", "descuento_global", "observaciones", "version")

COTIZACIONES = Resource(
    path="/api/cotizaciones/",
    model=Cotizacion,
    modulo="cotizaciones",
    fields=(
        "id",
        "numero",
        "cliente_id",
        "vendedor_id",
        "sucursal_id",
        "fecha_emision",
        "fecha_vencimiento",
        "estado",
        *DEL_DOCUMENTO,
        "motivo_anulacion",
        "origen_id",
        "enviada_at",
    ),
    filters=(
        "numero",
        "cliente_id",
        "vendedor_id",
        "sucursal_id",
        "fecha_emision",
        "fecha_vencimiento",
        "estado",
        "total",
    ),
    named=("numero",),
    search=("observaciones",),
    sort=("-id", "fecha_emision", "fecha_vencimiento", "total"),
    actions=("list", "export"),
)

ORDENES = Resource(
    path="/api/ordenes-venta/",
    model=OrdenVenta,
    modulo="ordenes_venta",
    mention=("orden", later("Orden de venta")),
    fields=(
        "id",
        "numero",
        "cotizacion_id",
        "cliente_id",
        "vendedor_id",
        "sucursal_id",
        "estado",
        "fecha_confirmacion",
        *DEL_DOCUMENTO,
        "motivo_anulacion",
    ),
    filters=(
        "numero",
        "cotizacion_id",
        "cliente_id",
        "vendedor_id",
        "sucursal_id",
        "estado",
        "fecha_confirmacion",
        "total",
    ),
    named=("numero",),
    search=("observaciones",),
    sort=("-id", "fecha_confirmacion", "total"),
    actions=("list", "export"),
)

RESOURCES = [COTIZACIONES, ORDENES]


@endpoint("POST", "/api/cotizaciones/", permission="cotizaciones.crear", status=201)
def crear_cotizacion(ctx: Ctx, nueva: schemas.CotizacionNueva) -> schemas.CotizacionLeida:
    """Crea una cotización."""
    return cotizaciones.crear_cotizacion(ctx, nueva)


@endpoint("GET", "/api/cotizaciones/{id}/", permission="cotizaciones.ver")
def ver_cotizacion(ctx: Ctx, id: QueryId) -> schemas.CotizacionLeida:
    """Una cotización con sus líneas."""
    return cotizaciones.ver_cotizacion(ctx, id)


@endpoint("PUT", "/api/cotizaciones/{id}/", permission="cotizaciones.editar", statuses=(404, 409))
def editar_cotizacion(
    ctx: Ctx, id: QueryId, cambio: schemas.CotizacionCambio
) -> schemas.CotizacionLeida:
    """Cambia lo indicado de una cotización que no venció."""
    return cotizaciones.editar_cotizacion(ctx, id, cambio)


@endpoint(
    "POST",
    "/api/cotizaciones/{id}/duplicar/",
    permission="cotizaciones.crear",
    status=201,
    statuses=(404,),
)
def duplicar_cotizacion(
    ctx: Ctx,
    id: QueryId,
    vigencia: schemas.Vigencia = schemas.Vigencia(),  # noqa: B008  # frozen
) -> schemas.CotizacionLeida:
    """Crea una cotización igual, con fecha de hoy."""
    return cotizaciones.duplicar_cotizacion(ctx, id, vigencia)


@endpoint(
    "POST",
    "/api/cotizaciones/{id}/convertir/",
    permission="ordenes_venta.crear",
    status=201,
    statuses=(404, 409),
)
def convertir_cotizacion(ctx: Ctx, id: QueryId) -> schemas.OrdenLeida:
    """Convierte una cotización en orden de venta."""
    return ordenes.convertir_cotizacion(ctx, id)


@endpoint(
    "POST",
    "/api/cotizaciones/{id}/anular/",
    permission="cotizaciones.editar",
    statuses=(404, 409),
)
def anular_cotizacion(
    ctx: Ctx, id: QueryId, anulacion: schemas.MotivoAnulacion
) -> schemas.CotizacionLeida:
    """Anula una cotización."""
    return cotizaciones.anular_cotizacion(ctx, id, anulacion)


@endpoint(
    "POST",
    "/api/cotizaciones/{id}/enviar/",
    permission="cotizaciones.enviar",
    status=202,
    statuses=(404, 409),
)
def enviar_cotizacion(
    ctx: Ctx, id: QueryId, envio: schemas.EnvioCotizacion
) -> schemas.EnvioAceptado:
    """Envía una cotización por correo, con su PDF."""
    return papeles.pedir_envio(ctx, id, envio)


@endpoint(
    "GET",
    "/api/cotizaciones/{id}/pdf/",
    permission="cotizaciones.ver",
    files=(pdf.MEDIA,),
    statuses=(404, *pdf.STATUSES),
)
def descargar_cotizacion(ctx: Ctx, id: QueryId) -> Outcome:
    """Una cotización en PDF."""
    return pdf.download(ctx, *papeles.papel_de_cotizacion(ctx, id))


@endpoint("POST", "/api/ordenes-venta/", permission="ordenes_venta.crear", status=201)
def crear_orden(ctx: Ctx, nueva: schemas.OrdenNueva) -> schemas.OrdenLeida:
    """Crea una orden de venta sin cotización."""
    return ordenes.crear_orden(ctx, nueva)


@endpoint("GET", "/api/ordenes-venta/{id}/", permission="ordenes_venta.ver")
def ver_orden(ctx: Ctx, id: QueryId) -> schemas.OrdenLeida:
    """Una orden de venta con sus líneas."""
    return ordenes.ver_orden(ctx, id)


@endpoint(
    "POST",
    "/api/ordenes-venta/{id}/vender/",
    permission="ventas.crear",
    status=201,
    statuses=(404, 409, 422),
)
def vender_orden(ctx: Ctx, id: QueryId, venta: schemas.VentaDeOrden) -> schemas.VentaLeida:
    """Vende una orden a sus precios."""
    return ordenes.vender_orden(ctx, id, venta)


@endpoint(
    "POST",
    "/api/ordenes-venta/{id}/anular/",
    permission="ordenes_venta.anular",
    statuses=(404, 409),
)
def anular_orden(ctx: Ctx, id: QueryId, anulacion: schemas.MotivoAnulacion) -> schemas.OrdenLeida:
    """Anula una orden de venta."""
    return ordenes.anular_orden(ctx, id, anulacion)
