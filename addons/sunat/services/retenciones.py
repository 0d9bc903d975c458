"""Comprobantes de retención and percepción. Source: reference on SUNAT, 1.1, 1.2.

They are comprobantes without a sale: number, queue, files and answers are the same; SUNAT's service
for other documents takes them, and a resumen de reversiones takes them back.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter

from addons.sunat import schemas
from addons.sunat.documents import retencion as de_retencion
from addons.sunat.documents import retencion_ubl
from addons.sunat.documents.modelo import Adquirente
from addons.sunat.documents.reglas.retenciones import LISTA
from addons.sunat.documents.retencion import Retencion, calcular
from addons.sunat.models import RetencionPercepcion
from addons.sunat.services import emision, empresa, otros
from kernel.context import Ctx

_DOCUMENTO: TypeAdapter[Retencion] = TypeAdapter(Retencion)
DIAS = 9
"""Until the ninth working day of the next month; kept shorter, so that nothing waits for it."""


def emitir_retencion(ctx: Ctx, nueva: schemas.RetencionNueva) -> RetencionPercepcion:
    """Return the retención or percepción; its comprobante is signed, and on its way.

    Raises:
        ComprobanteRechazado: SUNAT would reject it; every finding is told.
        SinConfigurar: certificate, series or company are missing.
    """
    de = _documento(ctx, nueva)
    otros.exigir(LISTA.revisar(de, otros.entorno(ctx)))
    de, hecho = otros.registrar(
        ctx,
        de,
        retencion_ubl.escribir,
        limite=de.fecha_emision + timedelta(days=DIAS),
        sucursal_id=nueva.sucursal_id,
    )
    totales = calcular(de)
    suya = RetencionPercepcion(
        comprobante_id=hecho.id,
        tipo=hecho.tipo,
        serie=hecho.serie,
        numero=hecho.numero,
        fecha_emision=hecho.fecha_emision,
        sujeto_tipo_doc=de.sujeto.tipo_doc,
        sujeto_numero_doc=de.sujeto.numero_doc,
        sujeto_razon_social=de.sujeto.razon_social,
        regimen=de.regimen,
        tasa=de.tasa,
        total_retenido=totales.monto,
        total_pagado=totales.neto,
    )
    ctx.session.add(suya)
    ctx.session.flush()
    return suya


def _documento(ctx: Ctx, nueva: schemas.RetencionNueva) -> Retencion:
    local = ctx.now.astimezone(ctx.time_zone)
    serie = nueva.serie or empresa.serie_para(ctx, nueva.tipo, nueva.sucursal_id)
    emision.exigir_serie(ctx, nueva.tipo, serie, nueva.sucursal_id)
    sujeto = nueva.sujeto
    return Retencion(
        tipo=nueva.tipo,
        serie=serie,
        numero=0,
        fecha_emision=nueva.fecha_emision or local.date(),
        hora_emision=local.time().replace(microsecond=0),
        emisor=empresa.emisor(ctx),
        sujeto=Adquirente(sujeto.tipo_doc, sujeto.numero_doc, sujeto.razon_social),
        regimen=nueva.regimen,
        pagos=tuple(de_retencion.Pago(**dict(uno)) for uno in nueva.pagos),
        observaciones=nueva.observaciones,
    )


def leer(plano: dict[str, Any]) -> Retencion:
    """Return a retención as its comprobante keeps it."""
    return _DOCUMENTO.validate_python(plano)
