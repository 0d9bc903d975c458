"""Voiding: who asks, until when, and that the sale and its comprobante agree.

Facturas and notes on them are voided by RA, boletas and theirs by RC, up to seven days after their
date; later a nota de crédito does it. The comprobante of a sale that stands is voided only to be
issued again; an annulled one has it voided by itself (``anulaciones``).
Source: módulo 3; reference on SUNAT, 1.2, 1.10.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import select

from addons.sales.models import ANULADA, Venta
from addons.sunat import schemas
from addons.sunat.documents import codigos, guia, retencion
from addons.sunat.documents.escritura import legible
from addons.sunat.errors import EstadoNoPermite, PlazoVencido, VentaViva
from addons.sunat.models import (
    ACEPTADO,
    ANULADO,
    ANULAR,
    EN_COLA,
    ENVIADA,
    EXCEPCION,
    PEDIDA,
    RA,
    RC,
    RECHAZADA,
    RECHAZADO,
    RETIRADA,
    RR,
    BajaComprobante,
    Comprobante,
    NotaCreditoDebito,
    ResumenDiario,
)
from addons.sunat.services import emision, registro
from addons.sunat.services.envio import es_de_la_empresa
from addons.sunat.services.llamadas import se_resume
from addons.sunat.services.resumenes import DIAS, Fallos, Linea, fallidos, hacer, partir
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import NotFound

LARGO = 100
"""Letters of a reason."""
PAUSA, MAS_LARGA = timedelta(minutes=15), timedelta(hours=12)
"""Until a file that ended in an exception is made anew: doubled each time, and no longer than."""

PUDO_LLEGAR = Statement(
    "sunat_baja_pudo_llegar",
    """
    SELECT d.id FROM detalle_resumen d JOIN resumen_diario r ON r.id = d.resumen_id
     WHERE d.comprobante_id = %(comprobante)s AND d.condicion = '3'
       AND r.estado_envio NOT IN ('RECHAZADO', 'EXCEPCION')
     LIMIT 1
    """,
    reads=True,
)
"""Whether SUNAT may have a file that voids a comprobante, its ticket lost; whoever may see it."""


def pedir_baja(ctx: Ctx, comprobante_id: int, nueva: schemas.BajaNueva) -> BajaComprobante:
    """Return that a comprobante is to be voided; it goes to SUNAT once SUNAT has accepted it.

    Raises:
        NotFound: there is none.
        EstadoNoPermite: it was rejected or voided, or is being voided, or notes change it.
        PlazoVencido: it is older than seven days.
        VentaViva: its sale stands, and no other comprobante was asked for.
    """
    emision.encontrar(ctx, comprobante_id)
    de = ctx.session.get_one(Comprobante, comprobante_id, with_for_update={"key_share": True})
    if de.estado_sunat not in (ACEPTADO, *EN_COLA):
        raise EstadoNoPermite(f"El comprobante está {de.estado_sunat}: no se da de baja.")
    if de.tipo in guia.GUIAS:
        raise EstadoNoPermite("Una guía se da de baja en el portal de SUNAT.")
    if viva(ctx, de.id) is not None:
        raise EstadoNoPermite("Ya se pidió la baja de este comprobante.")
    if vencida(ctx, de):
        raise PlazoVencido(
            f"Pasaron más de {DIAS} días desde su emisión: emita una nota de crédito (SUNAT: 2957)."
        )
    if tiene_notas(ctx, de):
        raise EstadoNoPermite("Tiene notas de crédito o débito: dé de baja primero las notas.")
    if _venta_viva(ctx, de) and not nueva.reemitir:
        raise VentaViva(
            "Su venta sigue en pie: anule la venta, y el comprobante se da de baja solo; o pida "
            "que se emita otro."
        )
    return pedir(ctx, de, nueva.motivo, reemitir=nueva.reemitir)


def pedir(ctx: Ctx, de: Comprobante, motivo: str, *, reemitir: bool = False) -> BajaComprobante:
    """Return that a comprobante is to be voided, asked for without looking at it again."""
    limpio = " ".join(legible(motivo).split())[:LARGO]
    hecha = BajaComprobante(
        comprobante_id=de.id,
        motivo=limpio if len(limpio) > 2 else f"ANULACIÓN {limpio}".strip(),
        estado=PEDIDA,
        reemitir=reemitir,
        limite=limite(de),
        usuario_id=ctx.user_id,
    )
    ctx.session.add(hecha)
    ctx.session.flush()
    ctx.session.refresh(hecha)
    despues = {"motivo": hecha.motivo, "reemitir": reemitir}
    ctx.audit("pedir_baja", "comprobantes", de.id, despues=despues, modulo="facturacion")
    ctx.enqueue(registro.DAR_DE_BAJA)
    return hecha


def viva(ctx: Ctx, comprobante_id: int) -> BajaComprobante | None:
    """Return the voiding of a comprobante that was asked for, and not refused or withdrawn."""
    query = select(BajaComprobante).where(
        BajaComprobante.comprobante_id == comprobante_id,
        BajaComprobante.estado.not_in((RECHAZADA, RETIRADA)),
    )
    return ctx.session.scalars(query).first()


def limite(de: Comprobante) -> date:
    """Return the last day on which a comprobante may be voided."""
    return de.fecha_emision + timedelta(days=DIAS)


def vencida(ctx: Ctx, de: Comprobante) -> bool:
    """Return whether a comprobante is too old to be voided; a reversión has no term."""
    if de.tipo in retencion.TIPOS:
        return False
    return ctx.now.astimezone(ctx.time_zone).date() > limite(de)


def tiene_notas(ctx: Ctx, de: Comprobante) -> bool:
    """Return whether notes that hold change a comprobante."""
    query = (
        select(NotaCreditoDebito.id)
        .join(Comprobante, Comprobante.id == NotaCreditoDebito.comprobante_id)
        .where(
            NotaCreditoDebito.comprobante_origen_id == de.id,
            Comprobante.estado_sunat.not_in((RECHAZADO, ANULADO)),
        )
    )
    return ctx.session.scalars(query.limit(1)).first() is not None


def _venta_viva(ctx: Ctx, de: Comprobante) -> bool:
    if de.venta_id is None or de.tipo in codigos.NOTAS:
        return False
    venta = ctx.session.get(Venta, de.venta_id)
    return venta is not None and venta.estado != ANULADA


def retirar(ctx: Ctx, baja_id: int) -> BajaComprobante:
    """Return the voiding of a comprobante that is not wanted any more; nothing of it goes to SUNAT.

    The job that sends passes over a request that is locked here, and one that it has locked is
    seen here as it left it.

    Raises:
        NotFound: there is none within reach.
        EstadoNoPermite: it is on its way or over, SUNAT may have had it, or its sale is annulled.
    """
    baja = ctx.session.get(BajaComprobante, baja_id, with_for_update=True, populate_existing=True)
    if baja is None:
        raise NotFound
    if baja.estado != PEDIDA or ctx.sql(PUDO_LLEGAR, comprobante=baja.comprobante_id):
        estado = "enviada" if baja.estado == PEDIDA else baja.estado
        raise EstadoNoPermite(f"La baja está {estado}: ya no se retira.")
    de = ctx.session.get_one(Comprobante, baja.comprobante_id)
    if de.venta_id is not None and not _venta_viva(ctx, de) and de.tipo not in codigos.NOTAS:
        raise EstadoNoPermite("Su venta está anulada: el comprobante no puede quedar en pie.")
    baja.estado, baja.mensaje = RETIRADA, "Se retiró antes de enviarla a SUNAT."
    antes, despues = {"estado": PEDIDA}, {"estado": RETIRADA, "motivo": baja.motivo}
    ctx.audit(
        "retirar_baja", "comprobantes", de.id, antes=antes, despues=despues, modulo="facturacion"
    )
    ctx.session.flush()
    return baja


# Sending ------------------------------------------------------------------------------------------


def dar_de_baja(ctx: Ctx) -> list[ResumenDiario]:
    """Return the files that void what was asked for: RA for facturas, RC for boletas.

    What SUNAT rejected needs no voiding, and what is too old cannot be any more; both are said of
    the request. What it has not registered yet may still be (1.7), so its request waits; one whose
    files ended in an exception goes again, after pauses that grow.
    """
    query = (
        select(BajaComprobante, Comprobante)
        .join(Comprobante, Comprobante.id == BajaComprobante.comprobante_id)
        .where(BajaComprobante.estado == PEDIDA)
        .order_by(BajaComprobante.id)
        .with_for_update(of=BajaComprobante, skip_locked=True)
    )
    grupos: dict[tuple[str, date], list[tuple[BajaComprobante, Linea]]] = defaultdict(list)
    halladas = list(ctx.session.execute(query))
    fallos = fallidos(ctx, [de.id for _, de in halladas], ANULAR)
    for baja, de in halladas:
        if _espera(ctx, de, fallos.get(de.id)):
            continue
        if de.estado_sunat != ACEPTADO:
            _rechazar(baja, f"El comprobante está {de.estado_sunat}: no hay qué dar de baja.")
        elif vencida(ctx, de):
            _rechazar(baja, f"Pasaron más de {DIAS} días: emita una nota de crédito (SUNAT: 2957).")
        else:
            tipo = RC if se_resume(de) else RR if de.tipo in retencion.TIPOS else RA
            grupos[tipo, de.fecha_emision].append((baja, Linea(de, ANULAR, baja.motivo)))
    return [
        hecho
        for (tipo, fecha), suyas in sorted(grupos.items(), key=lambda par: par[0])
        for hecho in _enviar(ctx, tipo, fecha, suyas, fallos)
    ]


def _espera(ctx: Ctx, de: Comprobante, fallos: Fallos | None) -> bool:
    """Return whether it is too early to void a comprobante: SUNAT may still register it, it is of
    tomorrow for a clock that was set back (2671), its last file ended in an exception, or the
    company has another RUC now, in whose name its voiding would go."""
    if not es_de_la_empresa(ctx, de.nombre_archivo):
        return True
    if de.estado_sunat in EN_COLA or de.fecha_emision > ctx.now.astimezone(ctx.time_zone).date():
        return True
    if vencida(ctx, de):
        return False
    if de.estado_sunat == EXCEPCION:
        return True
    if fallos is None or not fallos.excepciones:
        return False
    pausa = min(PAUSA * (1 << min(fallos.excepciones - 1, 10)), MAS_LARGA)
    return fallos.ultimo + pausa > ctx.now


def _rechazar(baja: BajaComprobante, mensaje: str) -> None:
    baja.estado, baja.mensaje = RECHAZADA, mensaje


def _enviar(
    ctx: Ctx,
    tipo: str,
    fecha: date,
    suyas: Sequence[tuple[BajaComprobante, Linea]],
    fallos: Mapping[int, Fallos],
) -> list[ResumenDiario]:
    bajas = {linea.de.id: baja for baja, linea in suyas}
    por_veces: dict[int, list[Linea]] = defaultdict(list)
    for _, linea in suyas:
        veces = fallos[linea.de.id].veces if linea.de.id in fallos else 0
        por_veces[veces].append(linea)
    hechos = []
    for cuantas, lineas in sorted(por_veces.items()):
        for parte in partir(lineas, cuantas):
            hecho = hacer(ctx, tipo, fecha, parte)
            for una in parte:
                bajas[una.de.id].estado = ENVIADA
                bajas[una.de.id].resumen_id = hecho.id
            hechos.append(hecho)
    ctx.session.flush()
    return hechos
