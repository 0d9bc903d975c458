"""Addresses of guías, retenciones, percepciones and the consulta de validez."""

from datetime import date
from typing import Any

from starlette.responses import Response

from addons.sunat import schemas
from addons.sunat.models import (
    BorradorGuia,
    GuiaRemision,
    RetencionPercepcion,
    Ubigeo,
    ValidezConsultada,
)
from addons.sunat.routes.entrega import entregar
from addons.sunat.services import (
    archivos,
    bajas,
    borradores,
    emision,
    guias,
    propuestas,
    retenciones,
    validez,
    vistas,
)
from kernel import filetypes
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.listing import Finish
from kernel.resource import Resource
from kernel.schemas import QueryId

CON_ESTADO = Finish(
    vistas.con_estado,
    ("comprobante_id",),
    {
        "estado_sunat": str,
        "codigo_sunat": str,
        "mensaje_sunat": str,
        "limite_envio": date | None,
    },
)
"""Guías and retenciones are listed with the state of their comprobantes."""

GUIAS = Resource(
    path="/api/facturacion/guias/",
    model=GuiaRemision,
    modulo="guias",
    fields=tuple(schemas.GuiaLeida.model_fields),
    filters=(
        "comprobante_id",
        "tipo",
        "serie",
        "numero",
        "venta_id",
        "referencia_doc",
        "motivo_traslado",
        "fecha_traslado",
    ),
    search=("destinatario", "referencia_doc"),
    sort=("-id", "fecha_traslado"),
    actions=("list", "export"),
    finish=CON_ESTADO,
)

RETENCIONES = Resource(
    path="/api/facturacion/retenciones/",
    model=RetencionPercepcion,
    modulo="retenciones",
    fields=tuple(schemas.RetencionLeida.model_fields),
    filters=("comprobante_id", "tipo", "serie", "numero", "fecha_emision", "sujeto_numero_doc"),
    search=("sujeto_razon_social", "sujeto_numero_doc"),
    sort=("-id", "fecha_emision"),
    actions=("list", "export"),
    finish=CON_ESTADO,
)

BORRADORES = Resource(
    path="/api/facturacion/guias-por-emitir/",
    model=BorradorGuia,
    modulo="guias",
    fields=tuple(schemas.BorradorLeido.model_fields),
    filters=("estado", "referencia_doc", "sucursal_id", "created_at"),
    search=("descripcion", "referencia_doc"),
    sort=("-id", "created_at"),
    actions=("list", "detail"),
)

CONSULTAS = Resource(
    path="/api/facturacion/validez/",
    model=ValidezConsultada,
    modulo="facturacion",
    fields=(
        "id",
        "created_at",
        "comprobante_id",
        "ruc",
        "tipo",
        "serie",
        "numero",
        "fecha_emision",
        "monto",
        "valido",
        "estado",
        "estado_ruc",
        "condicion_domicilio",
        "observaciones",
        "usuario_id",
    ),
    filters=("comprobante_id", "ruc", "tipo", "serie", "numero", "valido", "created_at"),
    search=("ruc",),
    sort=("-id", "created_at"),
    actions=("list", "detail"),
)

UBIGEOS = Resource(
    path="/api/ubigeos/",
    model=Ubigeo,
    modulo="ubigeos",
    fields=("id", "codigo", "nombre", "distrito", "provincia", "departamento"),
    filters=("codigo", "departamento", "provincia"),
    search=("nombre", "codigo"),
    sort=("id", "nombre"),
    actions=("list", "detail"),
)

RESOURCES = [GUIAS, RETENCIONES, BORRADORES, CONSULTAS, UBIGEOS]


@endpoint(
    "POST",
    "/api/facturacion/guias/",
    permission="guias.emitir",
    status=201,
    statuses=(409, 422),
)
def emitir_guia(ctx: Ctx, nueva: schemas.GuiaNueva) -> schemas.GuiaEmitida:
    """Emite una guía de remisión y la envía a SUNAT."""
    hecha = guias.emitir_guia(ctx, nueva)
    return schemas.GuiaEmitida(**_emitido(ctx, hecha.comprobante_id), guia_id=hecha.id)


def _emitido(ctx: Ctx, comprobante_id: int) -> dict[str, Any]:
    de = emision.encontrar(ctx, comprobante_id)
    return schemas.ComprobanteEmitido.model_validate(de).model_dump()


@endpoint("GET", "/api/facturacion/guias/propuesta/", permission="guias.emitir", statuses=(404,))
def proponer_guia(ctx: Ctx, pedida: schemas.GuiaPedida) -> schemas.GuiaPropuesta:
    """Propone una guía: de una venta, de lo que la pidió, o como otra anterior."""
    return propuestas.proponer_guia(ctx, pedida)


@endpoint("GET", "/api/facturacion/guias/{id}/", permission="guias.ver", statuses=(404,))
def ver_guia(ctx: Ctx, id: QueryId) -> schemas.GuiaVista:
    """Una guía de remisión, como se emitió."""
    return vistas.ver_guia(ctx, id)


@endpoint(
    "GET",
    "/api/facturacion/guias/{id}/pdf/",
    permission="guias.ver",
    files=(filetypes.PDF,),
    statuses=(404,),
)
def descargar_pdf_de_guia(ctx: Ctx, id: QueryId, impresion: schemas.Impresion) -> Response:
    """Descarga la representación impresa de una guía, que acompaña a los bienes."""
    return entregar(
        filetypes.PDF,
        *archivos.pdf(ctx, vistas.ver_guia(ctx, id).comprobante_id, impresion.formato),
    )


@endpoint(
    "GET",
    "/api/facturacion/guias/{id}/xml/",
    permission="guias.ver",
    files=(filetypes.XML,),
    statuses=(404,),
)
def descargar_xml_de_guia(ctx: Ctx, id: QueryId) -> Response:
    """Descarga el XML firmado de una guía."""
    return entregar(filetypes.XML, *archivos.xml(ctx, vistas.ver_guia(ctx, id).comprobante_id))


@endpoint(
    "GET",
    "/api/facturacion/guias/{id}/cdr/",
    permission="guias.ver",
    files=(filetypes.ZIP,),
    statuses=(404,),
)
def descargar_cdr_de_guia(ctx: Ctx, id: QueryId) -> Response:
    """Descarga la constancia de recepción (CDR) de una guía."""
    return entregar(filetypes.ZIP, *archivos.cdr(ctx, vistas.ver_guia(ctx, id).comprobante_id))


@endpoint(
    "POST",
    "/api/facturacion/guias-por-emitir/{id}/descartar/",
    permission="guias.emitir",
    statuses=(404, 409),
)
def descartar_borrador(ctx: Ctx, id: QueryId) -> schemas.BorradorLeido:
    """Descarta una guía que no se emitirá."""
    return schemas.BorradorLeido.model_validate(borradores.descartar(ctx, id))


@endpoint("GET", "/api/facturacion/guias-por-emitir/cuantas/", permission="guias.ver")
def contar_borradores(ctx: Ctx) -> schemas.Cuantas:
    """Cuántas guías esperan que alguien las complete."""
    return schemas.Cuantas(pendientes=borradores.contar(ctx))


@endpoint(
    "POST",
    "/api/facturacion/retenciones/",
    permission="retenciones.emitir",
    status=201,
    statuses=(409, 422),
)
def emitir_retencion(ctx: Ctx, nueva: schemas.RetencionNueva) -> schemas.RetencionEmitida:
    """Emite un comprobante de retención o percepción y lo envía a SUNAT."""
    hecha = retenciones.emitir_retencion(ctx, nueva)
    return schemas.RetencionEmitida(**_emitido(ctx, hecha.comprobante_id), retencion_id=hecha.id)


@endpoint(
    "GET", "/api/facturacion/retenciones/{id}/", permission="retenciones.ver", statuses=(404,)
)
def ver_retencion(ctx: Ctx, id: QueryId) -> schemas.RetencionVista:
    """Una retención o percepción, como se emitió."""
    return vistas.ver_retencion(ctx, id)


@endpoint(
    "POST",
    "/api/facturacion/retenciones/{id}/revertir/",
    permission="facturacion.anular",
    status=201,
    statuses=(404, 409),
)
def revertir(ctx: Ctx, id: QueryId, nueva: schemas.BajaNueva) -> schemas.BajaLeida:
    """Pide la reversión de una retención o percepción: por resumen de reversiones."""
    de = vistas.ver_retencion(ctx, id)
    return schemas.BajaLeida.model_validate(bajas.pedir_baja(ctx, de.comprobante_id, nueva))


@endpoint(
    "POST",
    "/api/facturacion/validez/",
    permission="facturacion.validar",
    statuses=(422, 503),
)
def validar(ctx: Ctx, consulta: schemas.ConsultaValidez) -> schemas.ValidezLeida:
    """Pregunta a SUNAT si un comprobante, propio o recibido, es válido."""
    return schemas.ValidezLeida.model_validate(validez.validar(ctx, consulta))


@endpoint(
    "POST",
    "/api/facturacion/comprobantes/{id}/validez/",
    permission="facturacion.validar",
    statuses=(404, 422, 503),
)
def validar_propio(ctx: Ctx, id: QueryId) -> schemas.ValidezLeida:
    """Pregunta a SUNAT si un comprobante propio es válido."""
    return schemas.ValidezLeida.model_validate(validez.validar_propio(ctx, id))
