"""What becomes of the comprobante of a sale that is annulled: voided, or taken back by a note.

Source: módulo 3; reference on SUNAT, 1.2, 1.10.
"""

from __future__ import annotations

from sqlalchemy import select

from addons.sunat import schemas
from addons.sunat.documents import codigos
from addons.sunat.models import (
    ACEPTADO,
    ANULADO,
    EN_COLA,
    RECHAZADO,
    Comprobante,
    NotaCreditoDebito,
)
from addons.sunat.services import bajas, devoluciones, notas
from kernel.context import Ctx

ANULACION = "01"
"""Of catalogue 09: a nota de crédito that takes all back."""


def seguir_a_la_venta(ctx: Ctx, venta_id: int, motivo: str) -> None:
    """Void the comprobante of an annulled sale, or take it back by a nota de crédito.

    Runs in the background and may run twice.

    Raises:
        ComprobanteRechazado: notes took off a part already; a person must see to the rest.
    """
    query = (
        select(Comprobante)
        .where(
            Comprobante.venta_id == venta_id,
            Comprobante.tipo.in_((codigos.FACTURA, codigos.BOLETA)),
            Comprobante.estado_sunat.in_((ACEPTADO, *EN_COLA)),
        )
        .with_for_update(key_share=True)
    )
    de = ctx.session.scalars(query).first()
    if de is None or bajas.viva(ctx, de.id) is not None:
        return
    if not bajas.vencida(ctx, de) and not bajas.tiene_notas(ctx, de):
        bajas.pedir(ctx, de, motivo)
        return
    if notas.acreditado(ctx, de.id) >= de.total_venta:
        return
    if _de_lo_que_volvio(ctx, de):
        devoluciones.tomar_resto(ctx, de, motivo)
    else:
        notas.emitir_nota(
            ctx,
            schemas.NotaNueva(
                comprobante_origen_id=de.id,
                motivo_codigo=notas.motivo_para(notas.leer(de.documento), ANULACION),
                motivo_descripcion=motivo[:250],
            ),
        )


def _de_lo_que_volvio(ctx: Ctx, de: Comprobante) -> bool:
    """Return whether a part of the sale came back before and has its note."""
    query = select(NotaCreditoDebito.id).where(
        NotaCreditoDebito.comprobante_origen_id == de.id,
        NotaCreditoDebito.devolucion_id.is_not(None),
        NotaCreditoDebito.estado_sunat.not_in((RECHAZADO, ANULADO)),
    )
    return ctx.session.scalars(query.limit(1)).first() is not None
