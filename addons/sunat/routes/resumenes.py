"""Addresses of what is told together and of what is voided."""

from starlette.responses import Response

from addons.sunat import schemas
from addons.sunat.models import BajaComprobante, ResumenDiario
from addons.sunat.routes.entrega import entregar
from addons.sunat.services import archivos, bajas, resumenes
from kernel import filetypes
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId

RESUMENES = Resource(
    path="/api/facturacion/resumen-diario/",
    model=ResumenDiario,
    modulo="facturacion",
    fields=tuple(schemas.ResumenLeido.model_fields),
    filters=("tipo", "fecha", "fecha_referencia", "estado_envio", "codigo_ticket"),
    search=("nombre_archivo",),
    sort=("-id", "fecha"),
    actions=("list", "detail"),
)

BAJAS = Resource(
    path="/api/facturacion/bajas/",
    model=BajaComprobante,
    modulo="facturacion",
    fields=(*schemas.BajaLeida.model_fields, "created_at"),
    filters=("comprobante_id", "resumen_id", "estado", "limite"),
    sort=("-id", "limite"),
    actions=("list", "detail"),
)

RESOURCES = [RESUMENES, BAJAS]


@endpoint(
    "POST",
    "/api/facturacion/resumen-diario/",
    permission="facturacion.reenviar",
    status=201,
    statuses=(422,),
)
def generar_resumen(ctx: Ctx, nuevo: schemas.ResumenNuevo) -> schemas.Resumenes:
    """Genera y envía el resumen de las boletas que esperan uno."""
    hechos = resumenes.resumir_ahora(ctx, nuevo.fecha)
    items = [schemas.ResumenLeido.model_validate(uno) for uno in hechos]
    return schemas.Resumenes(id=items[0].id, items=items)


@endpoint(
    "GET",
    "/api/facturacion/resumen-diario/{id}/xml/",
    permission="facturacion.ver",
    files=(filetypes.XML,),
)
def descargar_xml_de_resumen(ctx: Ctx, id: QueryId) -> Response:
    """Descarga el XML firmado de un resumen o de una comunicación de baja."""
    return entregar(filetypes.XML, *archivos.xml_de_resumen(ctx, id))


@endpoint(
    "GET",
    "/api/facturacion/resumen-diario/{id}/cdr/",
    permission="facturacion.ver",
    files=(filetypes.ZIP,),
)
def descargar_cdr_de_resumen(ctx: Ctx, id: QueryId) -> Response:
    """Descarga la constancia de recepción de un resumen o de una comunicación de baja."""
    return entregar(filetypes.ZIP, *archivos.cdr_de_resumen(ctx, id))


@endpoint(
    "POST",
    "/api/facturacion/comprobantes/{id}/anular/",
    permission="facturacion.anular",
    status=201,
    statuses=(404, 409),
)
def anular(ctx: Ctx, id: QueryId, nueva: schemas.BajaNueva) -> schemas.BajaLeida:
    """Pide la baja de un comprobante: por comunicación de baja, o por resumen si es boleta."""
    return schemas.BajaLeida.model_validate(bajas.pedir_baja(ctx, id, nueva))


@endpoint(
    "POST",
    "/api/facturacion/bajas/{id}/retirar/",
    permission="facturacion.anular",
    statuses=(404, 409),
)
def retirar_baja(ctx: Ctx, id: QueryId) -> schemas.BajaLeida:
    """Retira una baja que todavía no se envió a SUNAT."""
    return schemas.BajaLeida.model_validate(bajas.retirar(ctx, id))
