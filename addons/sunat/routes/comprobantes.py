"""Addresses of sunat. Source: spec/erp-modules.md, módulo 3."""

from starlette.responses import Response

from addons.sunat import schemas
from addons.sunat.models import (
    BajaComprobante,
    Certificado,
    Comprobante,
    EnvioSunat,
    ResumenDiario,
    SerieComprobante,
)
from addons.sunat.services import (
    archivos,
    bajas,
    correcciones,
    correo,
    descargas,
    emision,
    empresa,
    envio,
    notas,
    resumenes,
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
    search=("nombre_archivo",),
    sort=("-id", "fecha_emision", "numero", "limite_envio"),
    actions=("list", "detail", "export"),
)

SERIES = Resource(
    path="/api/facturacion/series/",
    model=SerieComprobante,
    modulo="series",
    fields=("id", "tipo", "serie", "sucursal_id", "inicio", "activo"),
    create=schemas.SerieNueva,
    create_with=empresa.crear_serie,
    update_with=empresa.cambiar_serie,
    filters=("tipo", "sucursal_id", "activo"),
    sort=("id", "serie"),
    actions=("list", "detail", "create", "update"),
)

CERTIFICADOS = Resource(
    path="/api/facturacion/certificados/",
    model=Certificado,
    modulo="certificados",
    fields=tuple(schemas.CertificadoLeido.model_fields),
    filters=("activo", "hasta"),
    sort=("-id", "hasta"),
    actions=("list", "detail"),
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

RESOURCES = [COMPROBANTES, SERIES, CERTIFICADOS, ENVIOS, RESUMENES, BAJAS]


@endpoint(
    "POST",
    "/api/facturacion/emitir/",
    permission="facturacion.emitir",
    status=201,
    statuses=(409, 422),
)
def emitir(ctx: Ctx, nuevo: schemas.ComprobanteNuevo) -> schemas.ComprobanteEmitido:
    """Emite un comprobante y lo envía a SUNAT."""
    return schemas.ComprobanteEmitido.model_validate(emision.emitir_comprobante(ctx, nuevo))


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
    nombre, datos = archivos.pdf(ctx, id, impresion.formato)
    return downloads.stream(nombre, filetypes.PDF, len(datos), iter([datos]))


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
    nombre, datos = archivos.xml(ctx, id)
    return downloads.stream(nombre, filetypes.XML, len(datos), iter([datos]))


@endpoint(
    "GET",
    "/api/facturacion/comprobantes/{id}/cdr/",
    permission="facturacion.ver",
    files=(filetypes.ZIP,),
)
def descargar_cdr(ctx: Ctx, id: QueryId) -> Response:
    """Descarga la constancia de recepción (CDR)."""
    nombre, datos = archivos.cdr(ctx, id)
    return downloads.stream(nombre, filetypes.ZIP, len(datos), iter([datos]))


@endpoint(
    "POST",
    "/api/facturacion/certificados/",
    permission="certificados.cargar",
    status=201,
    fresh=True,
)
def cargar_certificado(ctx: Ctx, nuevo: schemas.CertificadoNuevo) -> schemas.CertificadoLeido:
    """Carga el certificado digital de la empresa; desde ahora firma."""
    made = empresa.guardar_certificado(ctx, nuevo)
    return schemas.CertificadoLeido.model_validate(made)


@endpoint("PUT", "/api/facturacion/credenciales/", permission="certificados.cargar", fresh=True)
def guardar_credencial(ctx: Ctx, nueva: schemas.CredencialNueva) -> schemas.CredencialLeida:
    """Guarda el usuario SOL, o el de un OSE con sus direcciones."""
    made = empresa.guardar_credencial(ctx, nueva)
    return schemas.CredencialLeida.model_validate(made)


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
    nombre, datos = archivos.xml_de_resumen(ctx, id)
    return downloads.stream(nombre, filetypes.XML, len(datos), iter([datos]))


@endpoint(
    "GET",
    "/api/facturacion/resumen-diario/{id}/cdr/",
    permission="facturacion.ver",
    files=(filetypes.ZIP,),
)
def descargar_cdr_de_resumen(ctx: Ctx, id: QueryId) -> Response:
    """Descarga la constancia de recepción de un resumen o de una comunicación de baja."""
    nombre, datos = archivos.cdr_de_resumen(ctx, id)
    return downloads.stream(nombre, filetypes.ZIP, len(datos), iter([datos]))


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
    statuses=(422,),
)
def descargar(ctx: Ctx, pedido: schemas.Descarga) -> Response:
    """Descarga el XML, el CDR y el PDF de muchos comprobantes en un solo ZIP."""
    archivos_ = descargas.reunir(ctx, pedido)
    partes = descargas.comprimir(ctx.runtime.storage.get, archivos_)
    return downloads.stream("comprobantes.zip", filetypes.ZIP, None, partes)
