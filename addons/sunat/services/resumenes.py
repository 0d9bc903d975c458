"""Resúmenes diarios and comunicaciones de baja: what goes into one, and what its end means.

SUNAT takes a file whole or not at all. One that it does not take is split: its documents go again
in smaller files, so that a bad one holds up nobody else. One that is rejected alone waits for a
person; what ended in an exception was never registered, and goes again. Notes go when their boleta
is accepted. Source: módulo 3; reference on SUNAT, 1.2, 1.7, 1.10, 1.13.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import aliased

from addons.sunat.documents import codigos
from addons.sunat.documents.calculo import calcular
from addons.sunat.documents.resumenes import (
    LineaBaja,
    LineaResumen,
    escribir_baja,
    escribir_resumen,
)
from addons.sunat.errors import NadaQueResumir
from addons.sunat.models import (
    ACEPTADA,
    ACEPTADO,
    ADICIONAR,
    ANULADO,
    ANULAR,
    CONTINGENCIA,
    ENVIADO,
    EXCEPCION,
    PEDIDA,
    PENDIENTE,
    RA,
    RC,
    RECHAZADA,
    RECHAZADO,
    RESUMEN,
    RETIRADA,
    RR,
    SIN_TICKET,
    BajaComprobante,
    Comprobante,
    DetalleResumen,
    EnvioSunat,
    NotaCreditoDebito,
    ResumenDiario,
)
from addons.sunat.services import empresa, notas, registro, tickets
from addons.sunat.services.envio import cambiar_estado
from addons.sunat.services.llamadas import Resultado, se_consulta
from addons.sunat.services.tickets import Asunto, Documento
from kernel.context import Ctx

RESUMIR = "sunat.resumen_diario"
LINEAS = 500
"""Documents in a file. SUNAT says no limit; what others send stays below this."""
DIAS = 7
"""How many days after their date documents may be told of in a resumen, or voided."""
YA_ESTA = {ADICIONAR: frozenset({2282}), ANULAR: frozenset({2987, 2323, 2751})}
"""What SUNAT says of a document that it has, or has voided, by what a line wanted of it."""


@dataclass(frozen=True, slots=True)
class Linea:
    """A comprobante in a file: what is wanted of it, and why."""

    de: Comprobante
    condicion: str
    motivo: str = ""


# Making -------------------------------------------------------------------------------------------


def resumir(
    ctx: Ctx, *, desde: date | None = None, hasta: date | None = None, solo_notas: bool = False
) -> list[ResumenDiario]:
    """Return the resúmenes diarios of the boletas, and of notes on them, that wait for one.

    Several at once are safe: each document is in the file of one of them.

    Raises:
        SinConfigurar: there is no certificate that signs.
    """
    hoy = ctx.now.astimezone(ctx.time_zone).date()
    pendientes = _pendientes(ctx, desde, min(hasta or hoy, hoy), solo_notas=solo_notas)
    grupos: dict[tuple[date, int], list[Linea]] = defaultdict(list)
    fallos = fallidos(ctx, [uno.id for uno in pendientes], ADICIONAR)
    for uno in pendientes:
        veces = fallos[uno.id].veces if uno.id in fallos else 0
        grupos[uno.fecha_emision, veces].append(Linea(uno, ADICIONAR))
    return [
        hacer(ctx, RC, fecha, lineas)
        for (fecha, veces), suyas in sorted(grupos.items(), key=lambda par: par[0])
        for lineas in partir(suyas, veces)
    ]


def resumir_ahora(ctx: Ctx, fecha: date | None) -> list[ResumenDiario]:
    """Return the resúmenes that somebody asks for, of one day or of all.

    Raises:
        NadaQueResumir: no boleta waits for one.
    """
    hechos = resumir(ctx, desde=fecha, hasta=fecha)
    if not hechos:
        raise NadaQueResumir("No hay boletas que esperen un resumen.")
    return hechos


def _pendientes(
    ctx: Ctx, desde: date | None, hasta: date, *, solo_notas: bool
) -> Sequence[Comprobante]:
    origen = aliased(Comprobante)
    aceptados = select(origen.id).where(origen.estado_sunat == ACEPTADO, origen.serie.like("B%"))
    listas = select(NotaCreditoDebito.comprobante_id).where(
        NotaCreditoDebito.comprobante_origen_id.in_(aceptados)
    )
    de_nota = and_(Comprobante.tipo.in_(codigos.NOTAS), Comprobante.id.in_(listas))
    query = (
        select(Comprobante)
        .where(
            Comprobante.canal == RESUMEN,
            Comprobante.estado_sunat.in_((PENDIENTE, CONTINGENCIA)),
            Comprobante.fecha_emision <= hasta,
            Comprobante.nombre_archivo.startswith(f"{empresa.configuracion(ctx).ruc}-"),
            de_nota if solo_notas else or_(Comprobante.tipo == codigos.BOLETA, de_nota),
        )
        .order_by(Comprobante.tipo, Comprobante.serie, Comprobante.numero)
        .with_for_update(of=Comprobante, skip_locked=True, key_share=True)
    )
    if desde is not None:
        query = query.where(Comprobante.fecha_emision >= desde)
    return ctx.session.scalars(query).all()


class Fallos(NamedTuple):
    """How many files with a comprobante SUNAT did not take: in all, and those that it refused as
    files and never registered (1.7); when the last of them was sent."""

    veces: int
    excepciones: int
    ultimo: datetime


def fallidos(ctx: Ctx, ids: Sequence[int], condicion: str) -> dict[int, Fallos]:
    """Return what failed of the files with each comprobante, where any did."""
    excepcion = ResumenDiario.estado_envio == EXCEPCION
    nombre_libre = ResumenDiario.codigo_sunat.not_in([str(uno) for uno in tickets.YA_PRESENTADO])
    enviado = (
        select(func.max(EnvioSunat.fecha_envio))
        .where(EnvioSunat.resumen_id == ResumenDiario.id)
        .scalar_subquery()
    )
    query = (
        select(
            DetalleResumen.comprobante_id,
            func.count(),
            func.count().filter(excepcion),
            func.max(enviado),
        )
        .join(ResumenDiario, ResumenDiario.id == DetalleResumen.resumen_id)
        .where(
            DetalleResumen.comprobante_id.in_(ids),
            DetalleResumen.condicion == condicion,
            or_(ResumenDiario.estado_envio == RECHAZADO, and_(excepcion, nombre_libre)),
        )
        .group_by(DetalleResumen.comprobante_id)
    )
    return {
        uno: Fallos(veces, excepciones, ultimo)
        for uno, veces, excepciones, ultimo in ctx.session.execute(query)
    }


def partir(lineas: Sequence[Linea], veces: int) -> Iterator[Sequence[Linea]]:
    """Yield lines in files: 500 together, 31 after one that failed, each alone after two."""
    tope = max(1, LINEAS >> 4 * veces)
    for desde in range(0, len(lineas), tope):
        yield lineas[desde : desde + tope]


def hacer(
    ctx: Ctx,
    tipo: str,
    fecha: date,
    lineas: Sequence[Linea],
    *,
    reemplaza_id: int | None = None,
) -> ResumenDiario:
    """Return the file of some comprobantes of one day, signed and on its way."""
    sumario = tickets.numerar(ctx, tipo, fecha)
    if tipo == RC:
        documentos = [(notas.leer(una.de.documento), una.condicion) for una in lineas]
        xml = escribir_resumen(
            sumario, [LineaResumen(de, calcular(de), que) for de, que in documentos]
        )
    else:
        xml = escribir_baja(
            sumario,
            [LineaBaja(u.de.tipo, u.de.serie, u.de.numero, u.motivo) for u in lineas],
        )
    hecho = tickets.registrar(
        ctx,
        sumario,
        xml,
        cantidad=len(lineas),
        limite=fecha + timedelta(days=DIAS),
        reemplaza_id=reemplaza_id,
    )
    for orden, una in enumerate(lineas, 1):
        ctx.session.add(
            DetalleResumen(
                resumen_id=hecho.id,
                orden=orden,
                comprobante_id=una.de.id,
                condicion=una.condicion,
                motivo=una.motivo,
            )
        )
        if una.condicion == ADICIONAR:
            una.de.estado_sunat = ENVIADO
    ctx.session.flush()
    return hecho


# What its end means -------------------------------------------------------------------------------


def al_terminar(ctx: Ctx, resumen: ResumenDiario) -> None:
    """Do what follows from the end of an RC or RA."""
    lineas = _lineas(ctx, resumen)
    if resumen.estado_envio == SIN_TICKET:
        otro = hacer(ctx, resumen.tipo, resumen.fecha_referencia, lineas, reemplaza_id=resumen.id)
        ctx.session.execute(
            update(BajaComprobante)
            .where(BajaComprobante.resumen_id == resumen.id)
            .values(resumen_id=otro.id)
        )
    elif resumen.estado_envio == ACEPTADO:
        _cerrar_perdidos(ctx, resumen, RECHAZADO)
        _aceptar(ctx, resumen, lineas)
    elif _ya_estaba(ctx, resumen, lineas):
        _cerrar_perdidos(ctx, resumen, ACEPTADO)
        _aceptar(ctx, resumen, lineas)
    else:
        _soltar(ctx, resumen, lineas)


def _lineas(ctx: Ctx, resumen: ResumenDiario) -> list[Linea]:
    query = (
        select(Comprobante, DetalleResumen)
        .join(DetalleResumen, DetalleResumen.comprobante_id == Comprobante.id)
        .where(DetalleResumen.resumen_id == resumen.id)
        .order_by(DetalleResumen.orden)
        .with_for_update(of=Comprobante, key_share=True)
    )
    return [Linea(de, una.condicion, una.motivo) for de, una in ctx.session.execute(query)]


def _ya_estaba(ctx: Ctx, resumen: ResumenDiario, lineas: Sequence[Linea]) -> bool:
    """Return whether SUNAT refused a file because an earlier call of ours did what it wanted."""
    if resumen.estado_envio != RECHAZADO or not resumen.codigo_sunat.isdigit():
        return False
    if any(int(resumen.codigo_sunat) not in YA_ESTA[una.condicion] for una in lineas):
        return False
    return resumen.reemplaza_id is not None or (
        len(lineas) == 1 and _pudo_llegar(ctx, lineas[0].de.id)
    )


def _pudo_llegar(ctx: Ctx, comprobante_id: int) -> bool:
    """Return whether a comprobante may have come there by a call whose answer was lost."""
    solo = select(EnvioSunat.id).where(
        EnvioSunat.comprobante_id == comprobante_id, EnvioSunat.estado == "desconocido"
    )
    junto = (
        select(DetalleResumen.id)
        .join(ResumenDiario, ResumenDiario.id == DetalleResumen.resumen_id)
        .where(
            DetalleResumen.comprobante_id == comprobante_id,
            ResumenDiario.estado_envio == SIN_TICKET,
        )
    )
    return bool(ctx.session.scalar(select(or_(solo.exists(), junto.exists()))))


def _cerrar_perdidos(ctx: Ctx, resumen: ResumenDiario, fin: str) -> None:
    """Write what became of the files whose tickets were lost, now that it is known."""
    perdido = resumen.reemplaza_id
    while perdido is not None:
        uno = ctx.session.get_one(ResumenDiario, perdido)
        uno.estado_envio = fin
        uno.mensaje_sunat = (
            f"Su ticket se perdió; lo que fue de él lo dice {resumen.identificador}."
        )
        perdido = uno.reemplaza_id


def _aceptar(ctx: Ctx, resumen: ResumenDiario, lineas: Sequence[Linea]) -> None:
    mensaje = f"{resumen.identificador}: {resumen.mensaje_sunat or 'aceptado'}"
    codigo = "0" if resumen.estado_envio == ACEPTADO else resumen.codigo_sunat
    for una in lineas:
        fin = ACEPTADO if una.condicion == ADICIONAR else ANULADO
        if una.de.estado_sunat in (ANULADO, RECHAZADO):
            continue
        cambiar_estado(ctx, una.de, Resultado("aceptado", fin, codigo, mensaje))
        if fin == ANULADO:
            _cerrar_baja(ctx, una.de, ACEPTADA, mensaje)
    if any(una.de.tipo == codigos.BOLETA for una in lineas):
        ctx.enqueue(RESUMIR, solo_notas=True)


def _soltar(ctx: Ctx, resumen: ResumenDiario, lineas: Sequence[Linea]) -> None:
    """Let the documents of a file go again, or leave the one that is at fault to a person."""
    solo = len(lineas) == 1 and resumen.estado_envio == RECHAZADO
    mensaje = f"{resumen.identificador}: {resumen.mensaje_sunat}"
    if resumen.estado_envio == EXCEPCION:
        mensaje += " (SUNAT no lo registró: se intentará otra vez)"
    for una in lineas:
        if una.condicion == ADICIONAR:
            fin = EXCEPCION if solo else PENDIENTE
            estado = "excepcion" if solo else "no_enviado"
            cambiar_estado(ctx, una.de, Resultado(estado, fin, resumen.codigo_sunat, mensaje))
        else:
            _cerrar_baja(ctx, una.de, RECHAZADA if solo else PEDIDA, mensaje)
    pronto = resumen.estado_envio == RECHAZADO or _nombre_ajeno(resumen)
    if solo or not pronto:
        return  # what is wrong with the whole file waits for the next day's
    if any(una.condicion == ADICIONAR for una in lineas):
        ctx.enqueue(RESUMIR)
    if any(una.condicion == ANULAR for una in lineas):
        ctx.enqueue(registro.DAR_DE_BAJA)


def _nombre_ajeno(resumen: ResumenDiario) -> bool:
    codigo = resumen.codigo_sunat
    return codigo.isdigit() and int(codigo) in tickets.YA_PRESENTADO


def _cerrar_baja(ctx: Ctx, de: Comprobante, estado: str, mensaje: str) -> None:
    query = select(BajaComprobante).where(
        BajaComprobante.comprobante_id == de.id,
        BajaComprobante.estado.not_in((RECHAZADA, RETIRADA)),
    )
    baja = ctx.session.scalars(query).first()
    if baja is None:
        return
    baja.estado, baja.mensaje = estado, mensaje[:2000]
    if estado == PEDIDA:
        baja.resumen_id = None
    if estado == ACEPTADA and baja.reemitir and de.venta_id is not None:
        ctx.enqueue(registro.EMITIR_VENTA, venta_id=de.venta_id)
    despues = {"estado": estado, "mensaje": baja.mensaje}
    ctx.audit("baja", "comprobantes", de.id, despues=despues, modulo="facturacion")


def testigo(ctx: Ctx, resumen: ResumenDiario) -> Documento | None:
    """Return a document of an RA that SUNAT can be asked about."""
    query = (
        select(Comprobante.tipo, Comprobante.serie, Comprobante.numero)
        .join(DetalleResumen, DetalleResumen.comprobante_id == Comprobante.id)
        .where(DetalleResumen.resumen_id == resumen.id)
        .order_by(DetalleResumen.orden)
        .limit(1)
    )
    found = ctx.session.execute(query).first()
    return Documento(*found) if found is not None and se_consulta(*found[:2]) else None


ASUNTOS = {
    RC: Asunto(al_terminar),
    RA: Asunto(al_terminar, testigo),
    RR: Asunto(al_terminar),
}
"""What follows from the end of each kind of file."""
