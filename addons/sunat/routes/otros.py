"""Addresses of guías, retenciones, percepciones and the consulta de validez."""

from addons.sunat import schemas
from addons.sunat.models import GuiaRemision, RetencionPercepcion
from addons.sunat.services import guias, retenciones, validez
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId

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
    actions=("list", "detail", "export"),
)

RETENCIONES = Resource(
    path="/api/facturacion/retenciones/",
    model=RetencionPercepcion,
    modulo="retenciones",
    fields=tuple(schemas.RetencionLeida.model_fields),
    filters=("comprobante_id", "tipo", "serie", "numero", "fecha_emision", "sujeto_numero_doc"),
    search=("sujeto_razon_social", "sujeto_numero_doc"),
    sort=("-id", "fecha_emision"),
    actions=("list", "detail", "export"),
)

RESOURCES = [GUIAS, RETENCIONES]


@endpoint(
    "POST",
    "/api/facturacion/guias/",
    permission="guias.emitir",
    status=201,
    statuses=(409, 422),
)
def emitir_guia(ctx: Ctx, nueva: schemas.GuiaNueva) -> schemas.ComprobanteEmitido:
    """Emite una guía de remisión y la envía a SUNAT."""
    return schemas.ComprobanteEmitido.model_validate(guias.emitir_guia(ctx, nueva))


@endpoint(
    "POST",
    "/api/facturacion/retenciones/",
    permission="retenciones.emitir",
    status=201,
    statuses=(409, 422),
)
def emitir_retencion(ctx: Ctx, nueva: schemas.RetencionNueva) -> schemas.ComprobanteEmitido:
    """Emite un comprobante de retención o percepción y lo envía a SUNAT."""
    return schemas.ComprobanteEmitido.model_validate(retenciones.emitir_retencion(ctx, nueva))


@endpoint(
    "POST",
    "/api/facturacion/validez/",
    permission="facturacion.validar",
    statuses=(422, 503),
)
def validar(ctx: Ctx, consulta: schemas.ConsultaValidez) -> schemas.ValidezLeida:
    """Pregunta a SUNAT si un comprobante, propio o recibido, es válido."""
    return validez.validar(ctx, consulta)


@endpoint(
    "POST",
    "/api/facturacion/comprobantes/{id}/validez/",
    permission="facturacion.validar",
    statuses=(404, 422, 503),
)
def validar_propio(ctx: Ctx, id: QueryId) -> schemas.ValidezLeida:
    """Pregunta a SUNAT si un comprobante propio es válido."""
    return validez.validar_propio(ctx, id)
