"""Addresses of comprobantes: issuing, sending, correcting, files."""

from starlette.responses import Response

from addons.sunat import schemas
from addons.sunat.models import Comprobante, EnvioSunat, NotaCreditoDebito
from addons.sunat.routes.entrega import entregar
from addons.sunat.services import (
    archivos,
    correcciones,
    correo,
    descargas,
    emision,
    envio,
    notas,
    propuestas,
    vistas,
)
from kernel import downloads, filetypes
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId

COMPROBANTES = Resource(
    path="/api/facturacion/comprobantes/",
    model=Comprobante,
    modulo="facturacion",
    fields=tuple(schemas.ComprobanteEmitido.model_fields),
    filters=(
        "tipo",
        "serie",
        "numero",
        "estado_sunat",
        "fecha_emision",
        "cliente_id",
        "venta_id",
        "sucursal_id",
        "moneda",
        "modo_emision",
        "canal",
        "total_venta",
        "limite_envio",
    ),
    named=("serie", "numero"),
    search=("nombre_archivo",),
    sort=("-id", "fecha_emision", "numero", "limite_envio"),
    actions=("list", "export"),
)

ENVIOS = Resource(
    path="/api/facturacion/envios/",
    model=EnvioSunat,
    modulo="facturacion",
    fields=(
        "id",
        "comprobante_id",
        "resumen_id",
        "operacion",
        "fecha_envio",
        "fecha_respuesta",
        "respuesta_sunat",
        "codigo_respuesta",
        "mensaje_respuesta",
        "estado",
        "intentos",
        "hash",
        "ticket",
        "proximo_intento",
        "limite",
    ),
    filters=("comprobante_id", "resumen_id", "estado", "fecha_envio", "codigo_respuesta"),
    sort=("-id", "fecha_envio"),
    actions=("list", "detail"),
)

NOTAS = Resource(
    path="/api/facturacion/notas/",
    model=NotaCreditoDebito,
    modulo="facturacion",
    fields=(
        "id",
        "comprobante_id",
        "comprobante_origen_id",
        "tipo_nota",
        "serie",
        "numero",
        "fecha_emision",
        "motivo_codigo",
        "motivo_descripcion",
        "devolucion_id",
        "estado_sunat",
    ),
    filters=(
        "comprobante_id",
        "comprobante_origen_id",
        "tipo_nota",
        "fecha_emision",
        "motivo_codigo",
        "devolucion_id",
        "estado_sunat",
    ),
    search=("motivo_descripcion",),
    sort=("-id", "fecha_emision"),
    actions=("list", "detail"),
)

RESOURCES = [COMPROBANTES, ENVIOS, NOTAS]


@endpoint(
    "POST",
    "/api/facturacion/emitir/",
    permission="facturacion.emitir",
    status=201,
    statuses=(409, 422),
)
def emitir(ctx: Ctx, nuevo: schemas.ComprobanteNuevo) -> schemas.ComprobanteEmitido:
    """Emite un comprobante y lo envía a SUNAT."""
    return _emitido(ctx, nuevo)


@endpoint(
    "POST",
    "/api/facturacion/comprobantes/",
    permission="facturacion.emitir",
    status=201,
    statuses=(409, 422),
)
def crear_comprobante(ctx: Ctx, nuevo: schemas.ComprobanteNuevo) -> schemas.ComprobanteEmitido:
    """Emite un comprobante y lo envía a SUNAT, como ``emitir``."""
    return _emitido(ctx, nuevo)


def _emitido(ctx: Ctx, nuevo: schemas.ComprobanteNuevo) -> schemas.ComprobanteEmitido:
    return schemas.ComprobanteEmitido.model_validate(emision.emitir_comprobante(ctx, nuevo))


@endpoint(
    "GET",
    "/api/facturacion/comprobantes/{id}/",
    permission="facturacion.ver",
    statuses=(404,),
)
def ver_comprobante(ctx: Ctx, id: QueryId) -> schemas.ComprobanteVisto:
    """Un comprobante, con sus líneas y lo que SUNAT dijo de él."""
    return vistas.ver_comprobante(ctx, id)


@endpoint("POST", "/api/facturacion/revisar/", permission="facturacion.emitir", statuses=(422,))
def revisar(ctx: Ctx, nuevo: schemas.ComprobanteNuevo) -> schemas.Revision:
    """Dice qué respondería SUNAT, sin emitir nada."""
    return emision.revisar_comprobante(ctx, nuevo)


@endpoint(
    "POST",
    "/api/facturacion/notas/",
    permission="facturacion.notas",
    status=201,
    statuses=(409, 422),
)
def emitir_nota(ctx: Ctx, nueva: schemas.NotaNueva) -> schemas.ComprobanteEmitido:
    """Emite una nota de crédito o débito y la envía a SUNAT."""
    return schemas.ComprobanteEmitido.model_validate(notas.emitir_nota(ctx, nueva))


@endpoint(
    "GET", "/api/facturacion/notas/propuesta/", permission="facturacion.notas", statuses=(400,)
)
def proponer_nota(ctx: Ctx, pedida: schemas.NotaPedida) -> schemas.NotaPropuesta:
    """Propone una nota: lo que ninguna otra le quitó al comprobante."""
    return propuestas.proponer_nota(ctx, pedida)


@endpoint(
    "POST",
    "/api/facturacion/comprobantes/{id}/reenviar/",
    permission="facturacion.reenviar",
    statuses=(404, 409),
)
def reenviar(ctx: Ctx, id: QueryId) -> schemas.ComprobanteEmitido:
    """Envía otra vez un comprobante sin respuesta, con los mismos bytes."""
    return schemas.ComprobanteEmitido.model_validate(envio.reenviar(ctx, id))


@endpoint(
    "GET",
    "/api/facturacion/comprobantes/{id}/pdf/",
    permission="facturacion.ver",
    files=(filetypes.PDF,),
)
def descargar_pdf(ctx: Ctx, id: QueryId, impresion: schemas.Impresion) -> Response:
    """Descarga la representación impresa, en A4 o en ticket de 80 mm."""
    return entregar(filetypes.PDF, *archivos.pdf(ctx, id, impresion.formato))


@endpoint("GET", "/api/facturacion/cola-contingencia/", permission="facturacion.ver")
def ver_cola(ctx: Ctx) -> schemas.Cola:
    """Los comprobantes que esperan a SUNAT, con su plazo."""
    return emision.ver_cola(ctx)


@endpoint(
    "GET",
    "/api/facturacion/comprobantes/{id}/xml/",
    permission="facturacion.ver",
    files=(filetypes.XML,),
)
def descargar_xml(ctx: Ctx, id: QueryId) -> Response:
    """Descarga el XML firmado."""
    return entregar(filetypes.XML, *archivos.xml(ctx, id))


@endpoint(
    "GET",
    "/api/facturacion/comprobantes/{id}/cdr/",
    permission="facturacion.ver",
    files=(filetypes.ZIP,),
)
def descargar_cdr(ctx: Ctx, id: QueryId) -> Response:
    """Descarga la constancia de recepción (CDR)."""
    return entregar(filetypes.ZIP, *archivos.cdr(ctx, id))


@endpoint(
    "POST",
    "/api/facturacion/comprobantes/{id}/corregir/",
    permission="facturacion.emitir",
    status=201,
    statuses=(404, 409, 422),
)
def corregir(ctx: Ctx, id: QueryId, cambios: schemas.Correccion) -> schemas.ComprobanteEmitido:
    """Corrige un comprobante que SUNAT no admitió y lo emite otra vez."""
    return schemas.ComprobanteEmitido.model_validate(correcciones.corregir(ctx, id, cambios))


@endpoint(
    "POST",
    "/api/facturacion/comprobantes/{id}/enviar-correo/",
    permission="facturacion.emitir",
    status=202,
    statuses=(404, 409),
)
def enviar_correo(ctx: Ctx, id: QueryId, nuevo: schemas.CorreoNuevo) -> schemas.CorreoPedido:
    """Envía el PDF y el XML de un comprobante por correo."""
    return correo.pedir_correo(ctx, id, nuevo)


@endpoint(
    "GET",
    "/api/facturacion/descarga/",
    permission="facturacion.exportar",
    files=(filetypes.ZIP,),
    statuses=(404, 422),
)
def descargar(ctx: Ctx, pedido: schemas.Descarga) -> Response:
    """Descarga el XML, el CDR y el PDF de muchos comprobantes en un solo ZIP."""
    archivos_ = descargas.reunir(ctx, pedido)
    partes = descargas.comprimir(ctx.runtime.storage.get, archivos_)
    return downloads.stream("comprobantes.zip", filetypes.ZIP, None, partes)
