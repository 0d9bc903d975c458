"""What runs out of time: the certificate that signs, and documents that SUNAT has not taken yet."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import and_, or_, select

from addons.base.services.notificaciones import Noticia, con_permiso, notificar
from addons.sunat.models import (
    EN_COLA,
    ENVIADA,
    PEDIDA,
    RECHAZADA,
    BajaComprobante,
    Comprobante,
)
from addons.sunat.services import empresa
from addons.sunat.services.resumenes import DIAS
from kernel.context import Ctx
from kernel.phrases import Phrase, counted, phrase, verbatim

Dicho = tuple[str, Phrase, Phrase]
"""The reason, the title and the text of a notice."""

AVISAN = (30, 15, 7, 1)
"""Days before the end on which a certificate is spoken of; from the last one on, every day."""
PLAZO = 1
"""A document with so many days left is spoken of."""


def avisar(ctx: Ctx) -> None:
    """Tell who keeps the books, once for each day and reason."""
    hoy = ctx.now.astimezone(ctx.time_zone).date()
    dichos = [*_certificado(ctx), *_plazos(ctx), *_bajas(ctx)]
    noticias = [
        Noticia(usuario_id, "facturacion", titulo, f"sunat:{clave}:{hoy}", (texto,))
        for usuario_id in con_permiso(ctx, "certificados.ver")
        for clave, titulo, texto in dichos
    ]
    if noticias:
        notificar(ctx, noticias)


def _certificado(ctx: Ctx) -> list[Dicho]:
    found = empresa.vigente(ctx)
    if found is None:
        return []
    dias = (found.hasta - ctx.now) // timedelta(days=1)
    if dias not in AVISAN and dias >= AVISAN[-1]:
        return []
    titulo = phrase("El certificado digital vence")
    if dias > 0:
        titulo = counted(
            "El certificado digital vence en {n} día",
            "El certificado digital vence en {n} días",
            dias,
        )
    texto = phrase(
        "Vence el {dia}. Sin certificado no se emite: cargue otro antes.",
        dia=f"{found.hasta:%d/%m/%Y}",
    )
    return [("certificado", titulo, texto)]


def _plazos(ctx: Ctx) -> list[Dicho]:
    limite = ctx.now.astimezone(ctx.time_zone).date() + timedelta(days=PLAZO)
    query = (
        select(Comprobante.serie, Comprobante.numero, Comprobante.limite_envio)
        .where(Comprobante.estado_sunat.in_(EN_COLA), Comprobante.limite_envio <= limite)
        .order_by(Comprobante.limite_envio, Comprobante.id)
    )
    por_vencer = list(ctx.session.execute(query.limit(50)))
    if not por_vencer:
        return []
    cuales = ", ".join(f"{serie}-{numero} ({dia:%d/%m})" for serie, numero, dia in por_vencer)
    titulo = counted(
        "{n} comprobante está por pasar el plazo de SUNAT",
        "{n} comprobantes están por pasar el plazo de SUNAT",
        len(por_vencer),
    )
    return [("plazo", titulo, phrase("Esperan respuesta: {cuales}.", cuales=cuales))]


def _bajas(ctx: Ctx) -> list[Dicho]:
    """Return what is said of voidings whose time runs out, and of those that SUNAT refused or that
    ran out of time, for as long again."""
    hoy = ctx.now.astimezone(ctx.time_zone).date()
    corre = and_(
        BajaComprobante.estado.in_((PEDIDA, ENVIADA)),
        BajaComprobante.limite <= hoy + timedelta(days=PLAZO),
    )
    fallo = and_(
        BajaComprobante.estado == RECHAZADA, BajaComprobante.limite >= hoy - timedelta(days=DIAS)
    )
    query = (
        select(Comprobante.serie, Comprobante.numero, BajaComprobante.estado)
        .join(Comprobante, Comprobante.id == BajaComprobante.comprobante_id)
        .where(or_(corre, fallo))
        .order_by(BajaComprobante.id)
    )
    halladas = list(ctx.session.execute(query.limit(50)))
    if not halladas:
        return []
    cuales = ", ".join(f"{serie}-{numero} ({estado})" for serie, numero, estado in halladas)
    titulo = counted(
        "{n} baja de comprobante pide atención",
        "{n} bajas de comprobantes piden atención",
        len(halladas),
    )
    return [("bajas", titulo, verbatim(f"{cuales}."))]
