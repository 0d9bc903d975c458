"""What is left of a comprobante's lines, by what notes of credit took back of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from addons.sunat.documents import codigos, modelo
from addons.sunat.models import (
    ANULADO,
    RECHAZADO,
    DetalleComprobante,
    NotaCreditoDebito,
)
from kernel.context import Ctx
from kernel.errors import FieldError

Clave = tuple[str, str, str]
DEVUELVEN = ("01", "02", "06", "07")
"""Reasons of catalogue 09 that take goods back, not only their price."""
CERO = Decimal(0)


def clave(una: Any) -> Clave:
    """Return by what a line of a note is known to be one of its comprobante's."""
    return una.codigo_producto, una.descripcion, una.afectacion_igv


def tomado(ctx: Ctx, origen_id: int, menos: int | None = None) -> defaultdict[Clave, Decimal]:
    """Return how much notes took back, by what it was; ``menos`` names one that does not count."""
    query = (
        select(
            DetalleComprobante.codigo_producto,
            DetalleComprobante.descripcion,
            DetalleComprobante.afectacion_igv,
            func.sum(DetalleComprobante.cantidad),
        )
        .join(
            NotaCreditoDebito, NotaCreditoDebito.comprobante_id == DetalleComprobante.comprobante_id
        )
        .where(
            NotaCreditoDebito.comprobante_origen_id == origen_id,
            NotaCreditoDebito.tipo_nota == codigos.NOTA_CREDITO,
            NotaCreditoDebito.motivo_codigo.in_(DEVUELVEN),
            NotaCreditoDebito.estado_sunat.not_in((RECHAZADO, ANULADO)),
            NotaCreditoDebito.comprobante_id.is_distinct_from(menos),
        )
        .group_by(
            DetalleComprobante.codigo_producto,
            DetalleComprobante.descripcion,
            DetalleComprobante.afectacion_igv,
        )
    )
    found: defaultdict[Clave, Decimal] = defaultdict(lambda: CERO)
    for codigo, descripcion, afectacion, cantidad in ctx.session.execute(query):
        found[codigo, descripcion, afectacion] = cantidad
    return found


def de_mas(
    ctx: Ctx,
    nota: modelo.Comprobante,
    suyo: modelo.Comprobante,
    origen_id: int,
    menos: int | None = None,
) -> Iterator[FieldError]:
    """Yield the lines of a note that take back more than is left of a comprobante.

    A line in other words than the comprobante's is held to its total alone, which a gift, being
    worth nothing there, needs to be named for.
    """
    if nota.modifica is None or nota.modifica.motivo_codigo not in DEVUELVEN:
        return
    if nota.tipo != codigos.NOTA_CREDITO:
        return
    queda: dict[Clave, Decimal] = {}
    for una in suyo.detalle:
        queda[clave(una)] = queda.get(clave(una), CERO) + una.cantidad
    for cual, cantidad in tomado(ctx, origen_id, menos).items():
        queda[cual] = queda.get(cual, CERO) - cantidad
    for lugar, una in enumerate(nota.detalle):
        de_regalo = codigos.AFECTACIONES[una.afectacion_igv] is codigos.GRATUITO
        if clave(una) not in queda and not de_regalo:
            continue
        hay = max(queda.get(clave(una), CERO), CERO)
        queda[clave(una)] = hay - una.cantidad
        if una.cantidad > hay:
            cuantas = f"{hay.normalize():f}"
            yield FieldError(
                f"detalle.{lugar}.cantidad",
                "por_devolver",
                f"De «{una.descripcion}» quedan {cuantas} por devolver.",
            )
