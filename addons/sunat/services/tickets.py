"""Tickets: files that SUNAT takes at once and works through later (RC, RA, RR).

The bytes, their name and the attempt are committed before the call, the ticket right after it: a
ticket that is lost cannot be asked for. Where the answer was lost, the same bytes go under the same
name: SUNAT refuses a name that it has, so it either gets them now or says that it had them. Then
the resumen is ``SIN_TICKET``, and one with the same documents under the next name finds out what
became of it: SUNAT takes them if it had refused the first, and says that they are there if not.
Voided facturas can be asked about, and are, before anything is sent again. A ticket is asked for
with growing pauses and never again once its answer is saved. Source: reference on SUNAT, 1.6, 1.7.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from addons.sunat.documents.firma import firmar
from addons.sunat.documents.paquete import nombre_resumen
from addons.sunat.documents.resumenes import Sumario
from addons.sunat.models import (
    EN_CURSO,
    EN_PROCESO,
    ENVIADO,
    PENDIENTE,
    RR,
    EnvioSunat,
    ResumenDiario,
)
from addons.sunat.services import empresa
from addons.sunat.services.conexion import cliente_para, conectar
from addons.sunat.services.envio import MARGEN, es_de_la_empresa, le_toca, pausa
from addons.sunat.services.llamadas import PREGUNTAR
from addons.sunat.services.llamadas_ticket import (
    CONSULTAR,
    ENVIAR_,
    YA_PRESENTADO,
    Documento,
    Reserva,
    Resultado,
    llamar,
)
from kernel.context import Ctx

__all__ = ["ARCHIVAR", "ENVIAR", "YA_PRESENTADO", "Asunto", "Asuntos", "Documento"]

ENVIAR = "sunat.enviar_resumen"
ARCHIVAR = "sunat.archivar_resumen"


@dataclass(frozen=True, slots=True)
class Asunto:
    """What differs between the kinds of file: what follows from their end, and whom to ask.

    ``al_terminar`` runs in the transaction that writes the end; ``testigo`` names a document whose
    being voided proves that the file took effect.
    """

    al_terminar: Callable[[Ctx, ResumenDiario], None]
    testigo: Callable[[Ctx, ResumenDiario], Documento | None] = lambda _ctx, _resumen: None


Asuntos = Mapping[str, Asunto]


# Making one ---------------------------------------------------------------------------------------


def numerar(ctx: Ctx, tipo: str, fecha_referencia: date) -> Sumario:
    """Return the head of the next file of a kind, made today."""
    hoy = ctx.now.astimezone(ctx.time_zone).date()
    correlativo = ctx.next_number("resumen", f"{tipo}-{hoy:%Y%m%d}")
    return Sumario(empresa.emisor(ctx), tipo, hoy, correlativo, fecha_referencia)


def registrar(
    ctx: Ctx,
    sumario: Sumario,
    xml: str,
    *,
    cantidad: int,
    limite: date,
    reemplaza_id: int | None = None,
) -> ResumenDiario:
    """Return the row of a file: signed, and its sending queued.

    Raises:
        SinConfigurar: there is no certificate that signs.
    """
    firmado = firmar(xml, empresa.llave(ctx))
    ruc = sumario.emisor.ruc
    hecho = ResumenDiario(
        tipo=sumario.tipo,
        fecha=sumario.fecha,
        correlativo=sumario.correlativo,
        fecha_referencia=sumario.fecha_referencia,
        cantidad_documentos=cantidad,
        estado_envio=PENDIENTE,
        hash=firmado.digest,
        nombre_archivo=nombre_resumen(ruc, sumario.tipo, sumario.fecha, sumario.correlativo),
        xml=firmado.xml,
        limite_envio=limite,
        reemplaza_id=reemplaza_id,
    )
    ctx.session.add(hecho)
    ctx.session.flush()
    despues = {"nombre": hecho.nombre_archivo, "documentos": cantidad, "hash": hecho.hash}
    ctx.audit("generar", "resumen_diario", hecho.id, despues=despues, modulo="facturacion")
    ctx.enqueue(ENVIAR, resumen_id=hecho.id)
    ctx.notify("resumenes", resumen_id=hecho.id)
    return hecho


# Sending and asking -------------------------------------------------------------------------------


def enviar(ctx: Ctx, resumen_id: int, asuntos: Asuntos) -> None:
    """Send a file, or ask for its ticket, as far as that goes now; the rest is queued.

    The job's own transaction stays untouched until all calls are over.

    Raises:
        RemoteDown: SUNAT is out of reach.
        CredentialsRefused: it refuses the company.
    """
    runtime = ctx.runtime
    llamo = False
    while (reserva := runtime.transact(lambda c: reservar(c, resumen_id, asuntos))) is not None:
        llamo = True
        resultado = llamar(cliente_para(runtime, reserva.conexion), reserva)
        _guardar(ctx, reserva, resultado, asuntos)
        if resultado.error is not None:
            raise resultado.error
    found = ctx.session.get(ResumenDiario, resumen_id)
    if found is None or found.estado_envio not in EN_CURSO:
        return
    if not es_de_la_empresa(ctx, found.nombre_archivo):
        return
    pronto = ctx.now + timedelta(seconds=1)
    una = f"{resumen_id}:{found.intentos}"  # one that asks is enough
    ctx.enqueue(
        ENVIAR,
        run_at=max(found.proximo_intento or pronto, pronto),
        key=una if llamo else f"{una}:{ctx.now:%d%H%M}",  # too early: again, once a minute
        resumen_id=resumen_id,
    )


def _guardar(ctx: Ctx, reserva: Reserva, resultado: Resultado, asuntos: Asuntos) -> None:
    ctx.runtime.transact(lambda c: registrar_resultado(c, reserva, resultado, asuntos))


def reservar(ctx: Ctx, resumen_id: int, asuntos: Asuntos) -> Reserva | None:
    """Return the next call about a file, its attempt written; None if none is due."""
    query = (
        select(ResumenDiario)
        .where(
            ResumenDiario.id == resumen_id,
            ResumenDiario.estado_envio.in_(EN_CURSO),
            le_toca(ctx, ResumenDiario.proximo_intento),
        )
        .with_for_update(skip_locked=True, key_share=True)
    )
    de = ctx.session.scalars(query).first()
    if de is None or not es_de_la_empresa(ctx, de.nombre_archivo):
        return None
    conexion = conectar(ctx)
    ultimo = _ultimo(ctx, de.id)
    if ultimo is not None and ultimo.estado == "enviando":
        ultimo.estado = "desconocido"
        ultimo.mensaje_respuesta = "El proceso terminó antes de guardar la respuesta."
    testigo = None
    if de.estado_envio == ENVIADO and conexion.direcciones.consulta:
        testigo = asuntos[de.tipo].testigo(ctx, de)
    xml = de.xml or ctx.runtime.storage.get(de.xml_path or "")
    operacion = _operacion(de, ultimo, testigo)
    if operacion == ENVIAR_:
        de.estado_envio = ENVIADO
    de.intentos += 1
    de.proximo_intento = ctx.now + timedelta(seconds=conexion.espera) + MARGEN
    envio = EnvioSunat(
        resumen_id=de.id,
        operacion=operacion,
        fecha_envio=ctx.now,
        intentos=de.intentos,
        hash=hashlib.sha256(xml).hexdigest(),
        ticket=de.codigo_ticket,
        proximo_intento=de.proximo_intento,
        limite=de.limite_envio,
    )
    ctx.session.add(envio)
    ctx.session.flush()
    return Reserva(
        envio_id=envio.id,
        resumen_id=de.id,
        operacion=operacion,
        ruc=de.nombre_archivo.partition("-")[0],
        identificador=de.identificador,
        nombre=de.nombre_archivo,
        ticket=de.codigo_ticket,
        xml=bytes(xml),
        hubo_intento=_hubo_intento(ctx, de.id, envio.id),
        consultas=_consultas(ctx, de) if operacion == CONSULTAR else 0,
        otros=de.tipo == RR,
        testigo=testigo,
        conexion=conexion,
    )


def _operacion(de: ResumenDiario, ultimo: EnvioSunat | None, testigo: Documento | None) -> str:
    """Return what to do next: ask for the ticket, ask about a document, or send."""
    if de.estado_envio == EN_PROCESO:
        return CONSULTAR
    perdido = ultimo is not None and ultimo.estado == "desconocido"
    return PREGUNTAR if perdido and testigo is not None else ENVIAR_


def _ultimo(ctx: Ctx, resumen_id: int) -> EnvioSunat | None:
    query = select(EnvioSunat).where(EnvioSunat.resumen_id == resumen_id)
    return ctx.session.scalars(query.order_by(EnvioSunat.id.desc()).limit(1)).first()


def _hubo_intento(ctx: Ctx, resumen_id: int, menos: int) -> bool:
    query = select(EnvioSunat.id).where(
        EnvioSunat.resumen_id == resumen_id,
        EnvioSunat.id != menos,
        EnvioSunat.operacion == ENVIAR_,
        EnvioSunat.estado.in_(("desconocido", "en_proceso")),
    )
    return ctx.session.scalars(query.limit(1)).first() is not None


# After a call -------------------------------------------------------------------------------------


def registrar_resultado(ctx: Ctx, reserva: Reserva, resultado: Resultado, asuntos: Asuntos) -> None:
    """Write what a call came to; a file that has ended stays as it is."""
    envio = ctx.session.get_one(EnvioSunat, reserva.envio_id)
    envio.estado = resultado.estado
    envio.fecha_respuesta = ctx.now
    envio.codigo_respuesta = resultado.codigo
    envio.mensaje_respuesta = resultado.mensaje[:2000]
    envio.ticket = resultado.ticket or envio.ticket
    if resultado.cdr is not None:
        envio.respuesta_sunat = resultado.cdr.descripcion
        envio.cdr_xml = resultado.cdr.xml.decode("utf-8", "replace").replace("\x00", "")
    de = ctx.session.get_one(ResumenDiario, reserva.resumen_id, with_for_update={"key_share": True})
    if de.estado_envio not in EN_CURSO:
        return
    de.estado_envio = resultado.resumen
    de.codigo_ticket = resultado.ticket or de.codigo_ticket
    de.codigo_sunat = resultado.codigo
    de.mensaje_sunat = resultado.mensaje[:2000]
    de.proximo_intento = None
    if de.estado_envio in EN_CURSO:
        if resultado.error is None and _espera(reserva, resultado):
            veces = _consultas(ctx, de) + 1 if de.estado_envio == EN_PROCESO else de.intentos
            de.proximo_intento = ctx.now + pausa(veces, reserva.conexion.espera)
        envio.proximo_intento = de.proximo_intento
        return
    envio.proximo_intento = None
    if resultado.cdr is not None:
        de.observaciones = list(resultado.cdr.notas)
        de.cdr = resultado.paquete
    terminar(ctx, de, asuntos)


def _consultas(ctx: Ctx, de: ResumenDiario) -> int:
    """Return how often a ticket was asked for."""
    query = select(func.count()).where(
        EnvioSunat.resumen_id == de.id,
        EnvioSunat.operacion == CONSULTAR,
        EnvioSunat.ticket == de.codigo_ticket,
    )
    return ctx.session.scalar(query) or 0


def _espera(reserva: Reserva, resultado: Resultado) -> bool:
    """Return whether the next call should wait: all but the sending that follows a question."""
    return not (reserva.operacion == PREGUNTAR and resultado.estado == "no_enviado")


def terminar(ctx: Ctx, de: ResumenDiario, asuntos: Asuntos) -> None:
    """Tell of a file's end, and have its kind do what follows from it."""
    despues = {"estado_envio": de.estado_envio, "codigo": de.codigo_sunat}
    ctx.audit("respuesta_sunat", "resumen_diario", de.id, despues=despues, modulo="facturacion")
    ctx.enqueue(ARCHIVAR, resumen_id=de.id)
    ctx.notify("resumenes", resumen_id=de.id)
    ctx.session.flush()
    asuntos[de.tipo].al_terminar(ctx, de)


def retomar(ctx: Ctx) -> None:
    """Queue the files that wait for an answer and are due."""
    query = select(ResumenDiario.id).where(
        ResumenDiario.estado_envio.in_(EN_CURSO),
        le_toca(ctx, ResumenDiario.proximo_intento),
    )
    for resumen_id in ctx.session.scalars(query.order_by(ResumenDiario.id)):
        ctx.enqueue(ENVIAR, resumen_id=resumen_id)
