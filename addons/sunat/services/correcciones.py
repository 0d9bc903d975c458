"""Correct and issue again: what SUNAT refused, with what was wrong put right.

One that was rejected has burnt its number, and so has one whose number SUNAT knows from somebody
else: the correction gets the next. One that was never registered keeps its number. Either way what
was refused stays, with SUNAT's answer. Source: reference on SUNAT, 1.7.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from addons.sales.models import Cliente
from addons.sunat import schemas
from addons.sunat.documents import codigos, modelo
from addons.sunat.documents.cdr import REGISTRADOS
from addons.sunat.documents.importes import Totales
from addons.sunat.errors import EstadoNoPermite
from addons.sunat.models import EXCEPCION, RECHAZADO, Comprobante, NotaCreditoDebito
from addons.sunat.services import emision, empresa, notas, registro
from kernel.context import Ctx
from kernel.errors import ValidationFailed


def corregir(ctx: Ctx, comprobante_id: int, cambios: schemas.Correccion) -> Comprobante:
    """Return the comprobante that takes the place of one that SUNAT refused, on its way.

    What ``cambios`` does not say is as it was; the cliente is as he is known today.

    Raises:
        NotFound: there is none.
        EstadoNoPermite: SUNAT did not refuse it, it was corrected already, or its sale is annulled.
        ComprobanteRechazado: SUNAT would reject the correction as well.
    """
    emision.encontrar(ctx, comprobante_id)
    de = ctx.session.get_one(Comprobante, comprobante_id, with_for_update={"key_share": True})
    if de.tipo not in codigos.TIPOS:
        raise EstadoNoPermite("Corrija los datos y emita otra guía o retención.")
    if de.estado_sunat not in (RECHAZADO, EXCEPCION):
        raise EstadoNoPermite(f"El comprobante está {de.estado_sunat}: no hay qué corregir.")
    if ctx.session.scalars(select(Comprobante.id).where(Comprobante.corrige_id == de.id)).first():
        raise EstadoNoPermite("Este comprobante ya se corrigió con otro.")
    if emision.venta_anulada(ctx, de):
        raise EstadoNoPermite("Su venta está anulada: no hay qué corregir.")
    cliente = ctx.session.get(Cliente, cambios.cliente_id or de.cliente_id)
    if cliente is None:
        raise ValidationFailed("Diga un cliente que exista.", field="cliente_id")
    nuevo = _corregido(ctx, de, cambios, cliente)
    totales = registro.exigir_valido(ctx, nuevo)
    origen = _origen(ctx, de)
    if origen is not None:
        notas.comprobar_con_origen(ctx, nuevo, totales, origen, menos=de.id)
    antes = {"estado_sunat": de.estado_sunat, "codigo": de.codigo_sunat, "hash": de.hash}
    if de.estado_sunat == RECHAZADO or _de_otro(de):
        hecho = _con_otro_numero(ctx, de, nuevo, totales, cliente.id)
    else:
        de.cliente_id = cliente.id
        hecho = registro.reescribir(ctx, de, replace(nuevo, numero=de.numero), totales)
    despues = {"comprobante_id": hecho.id, "numero": hecho.numero, "hash": hecho.hash}
    ctx.audit("corregir", "comprobantes", de.id, antes=antes, despues=despues, modulo="facturacion")
    return hecho


def _origen(ctx: Ctx, de: Comprobante) -> Comprobante | None:
    """Return what a note changes."""
    suya = select(NotaCreditoDebito.comprobante_origen_id).where(
        NotaCreditoDebito.comprobante_id == de.id
    )
    return ctx.session.scalars(select(Comprobante).where(Comprobante.id.in_(suya))).first()


def _corregido(
    ctx: Ctx, de: Comprobante, cambios: schemas.Correccion, cliente: Cliente
) -> modelo.Comprobante:
    local = ctx.now.astimezone(ctx.time_zone)
    suyo = notas.leer(de.documento)
    cuotas = tuple(modelo.Cuota(**uno.model_dump()) for uno in cambios.cuotas)
    return replace(
        suyo,
        numero=0,
        fecha_emision=local.date(),
        hora_emision=local.time().replace(microsecond=0),
        emisor=empresa.emisor(ctx),
        adquirente=emision.adquirente(cliente),
        detalle=emision.lineas(cambios.detalle) or suyo.detalle,
        cuotas=cuotas or suyo.cuotas,
    )


def _de_otro(de: Comprobante) -> bool:
    """Return whether SUNAT knows the number from somebody else."""
    return de.codigo_sunat.isdigit() and int(de.codigo_sunat) in REGISTRADOS


def _con_otro_numero(
    ctx: Ctx, de: Comprobante, nuevo: modelo.Comprobante, totales: Totales, cliente_id: int
) -> Comprobante:
    de.estado_sunat = RECHAZADO
    ctx.session.flush()
    quien = registro.De(cliente_id, de.venta_id, de.sucursal_id, corrige_id=de.id)
    hecho = registro.registrar(ctx, nuevo, quien, totales)
    nota = select(NotaCreditoDebito).where(NotaCreditoDebito.comprobante_id == de.id)
    if (suya := ctx.session.scalars(nota).first()) is not None:
        suya.estado_sunat = RECHAZADO
        notas.anotar(ctx, hecho, nuevo, suya.comprobante_origen_id, suya.devolucion_id)
    return hecho
