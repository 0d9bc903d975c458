"""Notas de crédito of what comes back of a sale: of those goods alone, to the cent.

A devolución gets its note once SUNAT has accepted the comprobante of the sale, whichever of the two
comes first; an annulled sale of which a part came back before gets one on the rest. A note takes
base and IGV of what was given back, not of its own sum: a sale divides its lines so that the parts
come to the whole, and with them its notes to its comprobante.
Source: módulo 3; catalogue 09, codes 06 and 07.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import func, select

from addons.sales.models import DetalleDevolucion, DetalleVenta, Devolucion
from addons.sunat import schemas
from addons.sunat.documents import modelo
from addons.sunat.documents.calculo import calcular
from addons.sunat.documents.importes import Importe
from addons.sunat.documents.impuestos import UNIDAD
from addons.sunat.models import ACEPTADO, ANULADO, RECHAZADO, Comprobante, NotaCreditoDebito
from addons.sunat.services import bajas, emision, notas, ventas
from kernel.context import Ctx
from kernel.money import CENT, round_half_up

TOTAL, POR_ITEM = "06", "07"


class Parte(NamedTuple):
    """What came back of a line of a sale, or of what of it went out: amounts in soles."""

    cantidad: Decimal
    subtotal: Decimal
    igv: Decimal

    @property
    def total(self) -> Decimal:
        """What was given back for it."""
        return self.subtotal + self.igv

    def menos(self, otra: Parte) -> Parte:
        """Return what is left without another part."""
        return Parte(*(uno - otro for uno, otro in zip(self, otra, strict=True)))


NADA = Parte(Decimal(0), Decimal(0), Decimal(0))


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
    partes = {
        lugar: _entera(una).menos(volvio.get(una.id, NADA))
        for lugar, una in enumerate(_vendidas(ctx, de.venta_id or 0))
    }
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


def _entera(una: DetalleVenta) -> Parte:
    return Parte(una.cantidad, una.subtotal, una.igv)


def _partes(ctx: Ctx, devolucion: Devolucion) -> dict[int, Parte]:
    """Return what came back, by the place of its line in the sale."""
    lugares = {una.id: lugar for lugar, una in enumerate(_vendidas(ctx, devolucion.venta_id))}
    query = (
        select(DetalleDevolucion)
        .where(DetalleDevolucion.devolucion_id == devolucion.id)
        .order_by(DetalleDevolucion.id)
    )
    return {
        lugares[una.detalle_venta_id]: Parte(una.cantidad, una.subtotal, una.igv)
        for una in ctx.session.scalars(query)
    }


def _volvio(ctx: Ctx, venta_id: int) -> dict[int, Parte]:
    """Return all that came back, by line of the sale."""
    query = (
        select(
            DetalleDevolucion.detalle_venta_id,
            func.sum(DetalleDevolucion.cantidad),
            func.sum(DetalleDevolucion.subtotal),
            func.sum(DetalleDevolucion.igv),
        )
        .join(Devolucion, Devolucion.id == DetalleDevolucion.devolucion_id)
        .where(Devolucion.venta_id == venta_id)
        .group_by(DetalleDevolucion.detalle_venta_id)
    )
    return {una: Parte(*montos) for una, *montos in ctx.session.execute(query)}


def _emitir(
    ctx: Ctx,
    de: Comprobante,
    partes: Mapping[int, Parte],
    codigo: str,
    motivo: str,
    *,
    devolucion_id: int | None = None,
) -> Comprobante | None:
    """Return a note on parts of a sale's lines; None where they come to nothing."""
    suyo = notas.leer(de.documento)
    vendidas = _vendidas(ctx, de.venta_id or 0)
    importes = calcular(suyo).lineas
    if len(importes) != len(vendidas):  # corrected to other lines
        importes = calcular(replace(suyo, detalle=emision.de_venta(ctx, de.venta_id))).lineas
    detalle = tuple(
        _linea(importes[lugar], parte.cantidad, _devuelto(importes[lugar], vendidas[lugar], parte))
        for lugar, parte in partes.items()
        if parte.total > 0
    )
    if not detalle:
        return None
    nueva = schemas.NotaNueva(
        comprobante_origen_id=de.id,
        motivo_codigo=notas.motivo_para(suyo, codigo),
        motivo_descripcion=" ".join(motivo.split())[:250],
        precios_incluyen_igv=True,
    )
    return notas.emitir_nota(ctx, nueva, detalle=detalle, devolucion_id=devolucion_id)


def _devuelto(importe: Importe, vendida: DetalleVenta, parte: Parte) -> modelo.Devuelto:
    """Return what a note takes back of a line: what was given back, or as much with other taxes,
    where the line was issued with others than it was sold with.

    A cent more or less may have come from another line (3111); the sum of all is the sale's.
    """
    if importe.total == vendida.total and abs(importe.igv - vendida.igv) <= CENT:
        return modelo.Devuelto(parte.subtotal, parte.igv)
    base = round_half_up(parte.total * importe.base_igv / (importe.base_igv + importe.igv))
    return modelo.Devuelto(base, parte.total - base)


def _linea(importe: Importe, cantidad: Decimal, vuelve: modelo.Devuelto) -> modelo.Linea:
    vendida = importe.linea
    return modelo.Linea(
        descripcion=vendida.descripcion,
        cantidad=cantidad.normalize() + 0,
        precio_unitario=round_half_up((vuelve.valor_venta + vuelve.igv) / cantidad, UNIDAD),
        unidad_medida=vendida.unidad_medida,
        codigo_producto=vendida.codigo_producto,
        codigo_sunat=vendida.codigo_sunat,
        afectacion_igv=vendida.afectacion_igv,
        devuelto=vuelve,
    )
