"""Notas de crédito of what comes back of a sale: of those goods alone, to the cent.

A devolución gets its note once SUNAT has accepted the comprobante of the sale, whichever of the two
comes first; an annulled sale of which a part came back before gets one on the rest. Unit prices are
what was paid after discounts, with taxes, so that a note comes to what was given back.
Source: módulo 3; catalogue 09, codes 06 and 07.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import func, select

from addons.sales.models import DetalleDevolucion, DetalleVenta, Devolucion
from addons.sunat import schemas
from addons.sunat.documents import modelo
from addons.sunat.documents.impuestos import UNIDAD
from addons.sunat.models import ACEPTADO, ANULADO, RECHAZADO, Comprobante, NotaCreditoDebito
from addons.sunat.services import bajas, emision, notas, ventas
from kernel.context import Ctx
from kernel.money import round_half_up

TOTAL, POR_ITEM = "06", "07"
Parte = tuple[int, Decimal, Decimal]
"""A line of a sale by its place, and how much came back of it: quantity, and total in soles."""


def seguir_venta(ctx: Ctx, venta_id: int) -> list[Comprobante]:
    """Return the notes of all that came back of a sale and has none, made now."""
    query = select(Devolucion.id).where(Devolucion.venta_id == venta_id).order_by(Devolucion.id)
    hechas = (seguir_devolucion(ctx, una) for una in list(ctx.session.scalars(query)))
    return [una for una in hechas if una is not None]


def seguir_devolucion(ctx: Ctx, devolucion_id: int) -> Comprobante | None:
    """Return the note of what came back, made now unless there is one or none is due yet.

    Runs in the background and may run twice: the database keeps a second one out.

    Raises:
        ComprobanteRechazado: other notes took off too much already; a person must see to it.
    """
    if not ctx.config(schemas.Facturacion).notas_de_devoluciones:
        return None
    devolucion = ctx.session.get(Devolucion, devolucion_id)
    de = _comprobante(ctx, devolucion.venta_id) if devolucion is not None else None
    if devolucion is None or de is None or _tiene_nota(ctx, devolucion.id):
        return None
    partes = _partes(ctx, devolucion)
    motivo = TOTAL if devolucion.total == de.total_venta else POR_ITEM
    return _emitir(ctx, de, partes, motivo, devolucion.motivo, devolucion_id=devolucion.id)


def tomar_resto(ctx: Ctx, de: Comprobante, motivo: str) -> Comprobante | None:
    """Return the note on what of an annulled sale had not come back before; None if all had."""
    volvio = _volvio(ctx, de.venta_id or 0)
    nada = (Decimal(0), Decimal(0))
    partes = [
        (lugar, una.cantidad - volvio.get(una.id, nada)[0], una.total - volvio.get(una.id, nada)[1])
        for lugar, una in enumerate(_vendidas(ctx, de.venta_id or 0))
    ]
    return _emitir(ctx, de, partes, POR_ITEM, motivo)


def _comprobante(ctx: Ctx, venta_id: int) -> Comprobante | None:
    """Return the accepted comprobante of a sale; locked, so that its acceptance is seen or waits.

    One that is being voided goes as a whole and needs no notes.
    """
    de = ventas.de_la_venta(ctx, venta_id)
    if de is None:
        return None
    tomado = ctx.session.get_one(
        Comprobante, de.id, with_for_update={"key_share": True}, populate_existing=True
    )
    libre = tomado.estado_sunat == ACEPTADO and bajas.viva(ctx, tomado.id) is None
    return tomado if libre else None


def _tiene_nota(ctx: Ctx, devolucion_id: int) -> bool:
    query = select(NotaCreditoDebito.id).where(
        NotaCreditoDebito.devolucion_id == devolucion_id,
        NotaCreditoDebito.estado_sunat.not_in((RECHAZADO, ANULADO)),
    )
    return ctx.session.scalars(query.limit(1)).first() is not None


def _vendidas(ctx: Ctx, venta_id: int) -> list[DetalleVenta]:
    query = select(DetalleVenta).where(DetalleVenta.venta_id == venta_id).order_by(DetalleVenta.id)
    return list(ctx.session.scalars(query))


def _partes(ctx: Ctx, devolucion: Devolucion) -> list[Parte]:
    lugares = {una.id: lugar for lugar, una in enumerate(_vendidas(ctx, devolucion.venta_id))}
    query = (
        select(DetalleDevolucion)
        .where(DetalleDevolucion.devolucion_id == devolucion.id)
        .order_by(DetalleDevolucion.id)
    )
    return [
        (lugares[una.detalle_venta_id], una.cantidad, una.total)
        for una in ctx.session.scalars(query)
    ]


def _volvio(ctx: Ctx, venta_id: int) -> dict[int, tuple[Decimal, Decimal]]:
    """Return quantity and total of what came back, by line of the sale."""
    query = (
        select(
            DetalleDevolucion.detalle_venta_id,
            func.sum(DetalleDevolucion.cantidad),
            func.sum(DetalleDevolucion.total),
        )
        .join(Devolucion, Devolucion.id == DetalleDevolucion.devolucion_id)
        .where(Devolucion.venta_id == venta_id)
        .group_by(DetalleDevolucion.detalle_venta_id)
    )
    return {una: (cantidad, total) for una, cantidad, total in ctx.session.execute(query)}


def _emitir(
    ctx: Ctx,
    de: Comprobante,
    partes: Iterable[Parte],
    codigo: str,
    motivo: str,
    *,
    devolucion_id: int | None = None,
) -> Comprobante | None:
    """Return a note on parts of a sale's lines; None where they come to nothing."""
    suyo = notas.leer(de.documento)
    vendidas = suyo.detalle
    if len(vendidas) != len(_vendidas(ctx, de.venta_id or 0)):  # corrected to other lines
        vendidas = emision.de_venta(ctx, de.venta_id)
    detalle = [
        _linea(vendidas[lugar], cantidad, total) for lugar, cantidad, total in partes if total > 0
    ]
    if not detalle:
        return None
    nueva = schemas.NotaNueva(
        comprobante_origen_id=de.id,
        motivo_codigo=codigo,
        motivo_descripcion=" ".join(motivo.split())[:250],
        precios_incluyen_igv=True,
        tasa_igv=suyo.tasa_igv,
        detalle=detalle,
    )
    return notas.emitir_nota(ctx, nueva, devolucion_id=devolucion_id)


def _linea(vendida: modelo.Linea, cantidad: Decimal, total: Decimal) -> schemas.LineaPedida:
    return schemas.LineaPedida(
        descripcion=vendida.descripcion,
        cantidad=cantidad.normalize() + 0,
        precio_unitario=round_half_up(total / cantidad, UNIDAD),
        unidad_medida=vendida.unidad_medida,
        codigo_producto=vendida.codigo_producto,
        codigo_sunat=vendida.codigo_sunat,
        afectacion_igv=vendida.afectacion_igv,
    )
