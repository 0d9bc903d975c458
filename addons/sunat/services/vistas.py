"""Documents as they were issued, read back from what their comprobantes keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from addons.sunat import schemas
from addons.sunat.documents import codigos, retencion
from addons.sunat.models import (
    Comprobante,
    DetalleComprobante,
    GuiaRemision,
    NotaCreditoDebito,
    RetencionPercepcion,
    ValidezConsultada,
)
from addons.sunat.services import emision, guias, notas, retenciones
from kernel.context import Ctx
from kernel.errors import NotFound

ESTADO = ("estado_sunat", "codigo_sunat", "mensaje_sunat", "limite_envio")


def ver_comprobante(ctx: Ctx, comprobante_id: int) -> schemas.ComprobanteVisto:
    """Return a comprobante with its lines, and what SUNAT said of its validity.

    Raises:
        NotFound: there is none.
    """
    de = emision.encontrar(ctx, comprobante_id)
    hechos = schemas.ComprobanteEmitido.model_validate(de).model_dump()
    return schemas.ComprobanteVisto(**hechos, **_contenido(ctx, de), **_validez(ctx, de))


def _contenido(ctx: Ctx, de: Comprobante) -> dict[str, Any]:
    if de.tipo not in codigos.TIPOS:
        return {}
    suyo = notas.leer(de.documento)
    query = select(DetalleComprobante).where(DetalleComprobante.comprobante_id == de.id)
    totales = [una.total for una in ctx.session.scalars(query.order_by(DetalleComprobante.id))]
    lineas = [
        schemas.LineaVista.model_validate(una).model_copy(update={"total": total})
        for una, total in zip(suyo.detalle, totales, strict=False)
    ]
    return {
        "detalle": lineas,
        "fecha_vencimiento": suyo.fecha_vencimiento,
        "tipo_operacion": suyo.tipo_operacion,
        "orden_compra": suyo.orden_compra,
        "contado": suyo.contado,
        "cuotas": [schemas.CuotaVista.model_validate(una) for una in suyo.cuotas],
        "modifica": _modificado(ctx, de),
        "modificable_id": None if de.tipo in codigos.NOTAS else de.id,
    }


def _modificado(ctx: Ctx, de: Comprobante) -> int | None:
    if de.tipo not in codigos.NOTAS:
        return None
    query = select(NotaCreditoDebito.comprobante_origen_id).where(
        NotaCreditoDebito.comprobante_id == de.id
    )
    return ctx.session.scalars(query).first()


def _validez(ctx: Ctx, de: Comprobante) -> dict[str, Any]:
    query = (
        select(ValidezConsultada)
        .where(ValidezConsultada.comprobante_id == de.id)
        .order_by(ValidezConsultada.id.desc())
        .limit(1)
    )
    ultima = ctx.session.scalars(query).first()
    if ultima is None:
        return {}
    dicho = f"{ultima.estado} · emisor {ultima.estado_ruc}, {ultima.condicion_domicilio}".lower()
    return {"validez": dicho[:1].upper() + dicho[1:], "validez_at": ultima.created_at}


def ver_guia(ctx: Ctx, guia_id: int) -> schemas.GuiaVista:
    """Return a guía as it was issued.

    Raises:
        NotFound: there is none.
    """
    fila = ctx.session.get(GuiaRemision, guia_id)
    if fila is None:
        raise NotFound
    de = emision.encontrar(ctx, fila.comprobante_id)
    suya = guias.leer(de.documento)
    propios = set(schemas.GuiaVista.model_fields) - set(ESTADO)
    columnas = {nombre: getattr(fila, nombre) for nombre in propios if hasattr(fila, nombre)}
    dichos = {nombre: getattr(suya, nombre) for nombre in propios if hasattr(suya, nombre)}
    estado = {nombre: getattr(de, nombre) for nombre in ESTADO}
    return schemas.GuiaVista.model_validate(
        {**dichos, **columnas, "destinatario": suya.destinatario, **estado, "qr": de.qr}
    )


def ver_retencion(ctx: Ctx, retencion_id: int) -> schemas.RetencionVista:
    """Return a retención or percepción as it was issued, with what came of each payment.

    Raises:
        NotFound: there is none.
    """
    fila = ctx.session.get(RetencionPercepcion, retencion_id)
    if fila is None:
        raise NotFound
    de = emision.encontrar(ctx, fila.comprobante_id)
    suya = retenciones.leer(de.documento)
    hechos = schemas.RetencionLeida.model_validate(fila).model_dump()
    pagos = [
        schemas.DocumentoPagado.model_validate(uno.pago).model_copy(
            update={"monto": uno.monto, "neto": uno.neto}
        )
        for uno in retencion.calcular(suya).importes
    ]
    return schemas.RetencionVista(
        **hechos,
        **{nombre: getattr(de, nombre) for nombre in ESTADO},
        sujeto=schemas.PersonaVista.model_validate(suya.sujeto),
        pagos=pagos,
        observaciones=suya.observaciones,
    )


def con_estado(ctx: Ctx, filas: Sequence[dict[str, Any]]) -> None:
    """Give rows of guías and retenciones the state of their comprobantes."""
    ids = {fila["comprobante_id"] for fila in filas}
    query = select(Comprobante.id, *(getattr(Comprobante, nombre) for nombre in ESTADO)).where(
        Comprobante.id.in_(ids)
    )
    estados = {de[0]: de[1:] for de in ctx.session.execute(query)}
    for fila in filas:
        suyo = estados.get(fila["comprobante_id"], ("", "", "", None))
        fila |= dict(zip(ESTADO, suyo, strict=True))
