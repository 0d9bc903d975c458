"""Sending: what is saved before a call, what a call comes to, and what is saved after it.

A call is reserved in a transaction of its own (the attempt, and the hash of its bytes), made
outside of any, and its outcome saved in another. A document whose last attempt has no known outcome
is asked about before it is sent again, and what is sent again are the same bytes. The first calls
of a series go in the order of its numbers. Source: módulo 3; reference on SUNAT, 1.7.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Exists, and_, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from addons.sunat import schemas
from addons.sunat.documents import codigos, guia
from addons.sunat.errors import EstadoNoPermite
from addons.sunat.models import (
    ACEPTADO,
    CONTINGENCIA,
    EN_COLA,
    ENVIADO,
    EXCEPCION,
    INDIVIDUAL,
    PEDIDA,
    PENDIENTE,
    RESUMEN,
    BajaComprobante,
    Comprobante,
    EnvioSunat,
    NotaCreditoDebito,
)
from addons.sunat.services import correo, emision, empresa, registro
from addons.sunat.services.conexion import cliente_para, conectar
from addons.sunat.services.conexion_rest import cliente_rest
from addons.sunat.services.conexion_rest import conectar as conectar_rest
from addons.sunat.services.llamadas import (
    ENVIAR_,
    PREGUNTAR,
    Reserva,
    Resultado,
    llamar,
    se_consulta,
    se_resume,
)
from addons.sunat.services.llamadas_rest import (
    CONSULTAR_GUIA,
    EN_CURSO,
    ENVIAR_GUIA,
    llamar_guia,
)
from kernel.context import Ctx

if TYPE_CHECKING:
    from kernel.runtime import Runtime

MARGEN = timedelta(seconds=5)
"""A call that took this much longer than it may is lost: its process died."""
MAS_LARGA = timedelta(minutes=15)
ADELANTADO = timedelta(hours=1)
"""No attempt is planned so late: more than the longest pause and the longest call."""
SOLO_RESUMEN = "1079"


def enviar(ctx: Ctx, comprobante_id: int) -> None:
    """Send the series of a comprobante in order, until the comprobante has its answer.

    What waits for somebody, or for its time, is queued again for then. The job's own transaction
    stays untouched until all calls are over.

    Raises:
        RemoteDown: SUNAT is out of reach; the queue waits and drains by itself.
        CredentialsRefused: it refuses the company; a person must look.
    """
    runtime = ctx.runtime
    while (reserva := runtime.transact(lambda otro: reservar(otro, comprobante_id))) is not None:
        resultado = _llamar(runtime, reserva)
        _guardar(runtime, reserva, resultado)
        if resultado.error is not None:
            raise resultado.error
    esperar(ctx, comprobante_id)


def _llamar(runtime: Runtime, reserva: Reserva) -> Resultado:
    if reserva.rest is not None:
        return llamar_guia(cliente_rest(runtime, reserva.rest), reserva)
    return llamar(cliente_para(runtime, reserva.conexion), reserva)


def _guardar(runtime: Runtime, reserva: Reserva, resultado: Resultado) -> None:
    runtime.transact(lambda ctx: registrar_resultado(ctx, reserva, resultado))


def esperar(ctx: Ctx, comprobante_id: int) -> None:
    """Queue the sending again, if the comprobante still waits for its answer."""
    found = ctx.session.get(Comprobante, comprobante_id)
    if found is None or found.estado_sunat not in EN_COLA or found.canal != INDIVIDUAL:
        return
    if _sin_origen(ctx, found) or not es_de_la_empresa(ctx, found.nombre_archivo):
        return  # its origin starts it, or the next quarter of an hour
    pronto = ctx.now + timedelta(seconds=1)
    ctx.enqueue(
        registro.ENVIAR,
        run_at=max(found.proximo_intento or pronto, pronto),
        comprobante_id=comprobante_id,
    )


# Before a call ------------------------------------------------------------------------------------


def reservar(ctx: Ctx, comprobante_id: int) -> Reserva | None:
    """Return the next call of a comprobante's series, its attempt written; None if none is due."""
    suyo = ctx.session.get(Comprobante, comprobante_id)
    if suyo is None or suyo.estado_sunat not in EN_COLA or suyo.canal != INDIVIDUAL:
        return None
    conexion = conectar(ctx)
    de = _primero(ctx, suyo)
    if de is None:
        return None
    ultimo = _ultimo_envio(ctx, de.id)
    perdido = ultimo is not None and ultimo.estado in ("enviando", "desconocido")
    if ultimo is not None and ultimo.estado == "enviando":
        ultimo.estado = "desconocido"
        ultimo.mensaje_respuesta = "El proceso terminó antes de guardar la respuesta."
    rest = conectar_rest(ctx) if de.tipo in guia.GUIAS else None
    ticket = _ticket(ultimo) if rest is not None else ""
    pregunta = perdido and se_consulta(de.tipo, de.serie) and bool(conexion.direcciones.consulta)
    xml = de.xml or ctx.runtime.storage.get(de.xml_path or "")
    de.estado_sunat = ENVIADO
    de.intentos += 1
    de.proximo_intento = ctx.now + timedelta(seconds=conexion.espera) + MARGEN
    envio = EnvioSunat(
        comprobante_id=de.id,
        operacion=_operacion(rest is not None, ticket, pregunta),
        ticket=ticket,
        fecha_envio=ctx.now,
        intentos=de.intentos,
        hash=hashlib.sha256(xml).hexdigest(),
        proximo_intento=de.proximo_intento,
        limite=de.limite_envio,
    )
    ctx.session.add(envio)
    ctx.session.flush()
    return Reserva(
        envio_id=envio.id,
        comprobante_id=de.id,
        operacion=envio.operacion,
        ruc=de.nombre_archivo.partition("-")[0],
        tipo=de.tipo,
        serie=de.serie,
        numero=de.numero,
        nombre=de.nombre_archivo,
        digest=de.hash,
        xml=xml,
        hubo_intento=_hubo_intento(ctx, de.id, envio.id),
        conexion=conexion,
        rest=rest,
        ticket=ticket,
    )


def _operacion(por_rest: bool, ticket: str, pregunta: bool) -> str:
    if por_rest:
        return CONSULTAR_GUIA if ticket else ENVIAR_GUIA
    return PREGUNTAR if pregunta else ENVIAR_


def _ticket(ultimo: EnvioSunat | None) -> str:
    """Return the ticket of a guía that SUNAT has taken and not answered."""
    if ultimo is None or ultimo.estado not in (EN_CURSO, "desconocido"):
        return ""
    return ultimo.ticket


def _primero(ctx: Ctx, suyo: Comprobante) -> Comprobante | None:
    """Return the first document of a series that is due, locked.

    A note waits until what it changes is registered, or SUNAT would reject it (2119); what another
    RUC signed waits until the company is that again, or it would stop the whole queue (0154).
    """
    ruc = empresa.configuracion(ctx).ruc
    vencido = and_(Comprobante.estado_sunat == ENVIADO, le_toca(ctx, Comprobante.proximo_intento))
    query = (
        select(Comprobante)
        .where(
            Comprobante.tipo == suyo.tipo,
            Comprobante.serie == suyo.serie,
            Comprobante.canal == INDIVIDUAL,
            Comprobante.nombre_archivo.startswith(f"{ruc}-"),
            or_(Comprobante.estado_sunat.in_((PENDIENTE, CONTINGENCIA)), vencido),
        )
        .order_by(Comprobante.numero)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    if suyo.tipo in codigos.NOTAS:
        query = query.where(~_espera_origen())
    return ctx.session.scalars(query).first()


def _espera_origen() -> Exists:
    """Return whether what a note changes is not registered yet."""
    origen = aliased(Comprobante)
    sin_registrar = select(origen.id).where(
        origen.id == NotaCreditoDebito.comprobante_origen_id,
        origen.estado_sunat.in_((*EN_COLA, EXCEPCION)),
    )
    nota = select(NotaCreditoDebito.id).where(
        NotaCreditoDebito.comprobante_id == Comprobante.id, sin_registrar.exists()
    )
    return nota.exists()


def _sin_origen(ctx: Ctx, de: Comprobante) -> bool:
    query = select(Comprobante.id).where(Comprobante.id == de.id, _espera_origen())
    return de.tipo in codigos.NOTAS and ctx.session.scalars(query).first() is not None


def es_de_la_empresa(ctx: Ctx, nombre_archivo: str) -> bool:
    """Return whether a file is of the company's RUC of today."""
    return nombre_archivo.startswith(f"{empresa.configuracion(ctx).ruc}-")


def le_toca(ctx: Ctx, cuando: Any) -> Any:
    """Return the condition that a next attempt is due; one that no pause explains was set by a
    clock that ran ahead, and is due as well."""
    return or_(cuando.is_(None), cuando <= ctx.now, cuando > ctx.now + ADELANTADO)


def _ultimo_envio(ctx: Ctx, comprobante_id: int) -> EnvioSunat | None:
    query = (
        select(EnvioSunat)
        .where(EnvioSunat.comprobante_id == comprobante_id)
        .order_by(EnvioSunat.id.desc())
        .limit(1)
    )
    return ctx.session.scalars(query).first()


def _hubo_intento(ctx: Ctx, comprobante_id: int, menos: int) -> bool:
    query = select(EnvioSunat.id).where(
        EnvioSunat.comprobante_id == comprobante_id,
        EnvioSunat.id != menos,
        EnvioSunat.operacion.in_((ENVIAR_, ENVIAR_GUIA)),
        EnvioSunat.estado == "desconocido",
    )
    return ctx.session.scalars(query.limit(1)).first() is not None


# After a call -------------------------------------------------------------------------------------


def registrar_resultado(ctx: Ctx, reserva: Reserva, resultado: Resultado) -> None:
    """Write what a call came to; a document that has its final state keeps it."""
    envio = ctx.session.get_one(EnvioSunat, reserva.envio_id)
    envio.estado = resultado.estado
    envio.fecha_respuesta = ctx.now
    envio.codigo_respuesta = resultado.codigo
    envio.mensaje_respuesta = resultado.mensaje[:2000]
    envio.respuesta_sunat = resultado.cdr.descripcion if resultado.cdr else ""
    envio.ticket = resultado.ticket or envio.ticket
    if resultado.cdr is not None:
        envio.cdr_xml = resultado.cdr.xml.decode("utf-8", "replace").replace("\x00", "")
    de = ctx.session.get_one(
        Comprobante, reserva.comprobante_id, with_for_update={"key_share": True}
    )
    if de.estado_sunat not in EN_COLA:
        return
    if resultado.codigo == SOLO_RESUMEN and se_resume(de):
        de.canal = RESUMEN  # too late to be sent by itself: the next resumen tells of it
        resultado = replace(resultado, comprobante=PENDIENTE)
    cambiar_estado(ctx, de, resultado)
    if resultado.comprobante == ENVIADO:
        de.proximo_intento = ctx.now + pausa(de.intentos, reserva.conexion.espera)
    envio.proximo_intento = de.proximo_intento


def pausa(intentos: int, espera: int) -> timedelta:
    """Return how long to wait before asking: a tenth of a call's time, doubled each time."""
    segundos = max(0.2, espera / 10) * 2 ** min(intentos - 1, 10)
    return min(timedelta(seconds=segundos), MAS_LARGA)


def cambiar_estado(ctx: Ctx, de: Comprobante, resultado: Resultado) -> None:
    """Write a document's state, and what SUNAT said of it."""
    antes = de.estado_sunat
    de.estado_sunat = resultado.comprobante
    de.proximo_intento = None
    de.codigo_sunat = resultado.codigo
    de.mensaje_sunat = resultado.mensaje[:2000]
    if resultado.comprobante == CONTINGENCIA:
        de.modo_emision = "contingencia"
    if resultado.cdr is not None:
        de.observaciones = list(resultado.cdr.notas)
        de.qr = de.qr or resultado.cdr.enlace
        de.cdr = resultado.paquete
    ctx.session.execute(
        update(NotaCreditoDebito)
        .where(NotaCreditoDebito.comprobante_id == de.id)
        .values(estado_sunat=de.estado_sunat)
    )
    if antes == de.estado_sunat or de.estado_sunat in EN_COLA:
        return
    despues = {"estado_sunat": de.estado_sunat, "codigo": de.codigo_sunat}
    ctx.audit(
        "respuesta_sunat",
        "comprobantes",
        de.id,
        antes={"estado_sunat": antes},
        despues=despues,
        modulo="facturacion",
    )
    ctx.enqueue(registro.ARCHIVAR, comprobante_id=de.id)
    if de.estado_sunat != EXCEPCION:
        _soltar_notas(ctx, de)
    if de.estado_sunat == ACEPTADO:
        _al_aceptar(ctx, de)
    ctx.publish(schemas.ComprobanteCambio(de.id, de.venta_id, de.estado_sunat))
    ctx.notify("comprobantes", comprobante_id=de.id)


def _soltar_notas(ctx: Ctx, de: Comprobante) -> None:
    """Queue the notes that waited for a comprobante to be registered."""
    query = (
        select(Comprobante.id)
        .join(NotaCreditoDebito, NotaCreditoDebito.comprobante_id == Comprobante.id)
        .where(
            NotaCreditoDebito.comprobante_origen_id == de.id,
            Comprobante.estado_sunat.in_(EN_COLA),
            Comprobante.canal == INDIVIDUAL,
        )
    )
    for nota_id in ctx.session.scalars(query.order_by(Comprobante.id)):
        ctx.enqueue(registro.ENVIAR, comprobante_id=nota_id)


def _al_aceptar(ctx: Ctx, de: Comprobante) -> None:
    """Start what waited for a comprobante to be accepted."""
    if de.tipo in guia.GUIAS:
        de.pdf_path = de.ticket_path = None  # its QR came with the CDR
        if ctx.config(schemas.Facturacion).imprimir:
            ctx.enqueue(registro.IMPRIMIR, comprobante_id=de.id)
    pedida = select(BajaComprobante.id).where(
        BajaComprobante.comprobante_id == de.id, BajaComprobante.estado == PEDIDA
    )
    if ctx.session.scalars(pedida.limit(1)).first() is not None:
        ctx.enqueue(registro.DAR_DE_BAJA)
    correo.al_aceptar(ctx, de)


# What people and schedules start ------------------------------------------------------------------


def reenviar(ctx: Ctx, comprobante_id: int) -> Comprobante:
    """Return a comprobante whose sending was queued anew; the bytes stay the same.

    Raises:
        NotFound: there is none.
        EstadoNoPermite: it has its answer, or its sale was annulled before SUNAT registered it.
    """
    de = emision.encontrar(ctx, comprobante_id)
    if de.canal != INDIVIDUAL:
        raise EstadoNoPermite("Va en el resumen diario: se envía con el próximo.")
    if de.estado_sunat == EXCEPCION:
        if emision.venta_anulada(ctx, de):
            raise EstadoNoPermite("Su venta está anulada: no se envía otra vez.")
        de.estado_sunat = PENDIENTE
    elif de.estado_sunat not in EN_COLA:
        raise EstadoNoPermite(f"El comprobante está {de.estado_sunat}: no se envía otra vez.")
    ctx.audit("reenviar", "comprobantes", de.id, modulo="facturacion")
    ctx.enqueue(registro.ENVIAR, comprobante_id=de.id)
    ctx.session.flush()
    return de


def reintentar_pendientes(ctx: Ctx) -> int:
    """Return for how many series the sending of the first waiting document was queued."""
    query = (
        select(Comprobante.id)
        .where(
            Comprobante.estado_sunat.in_(EN_COLA),
            Comprobante.canal == INDIVIDUAL,
            le_toca(ctx, Comprobante.proximo_intento),
        )
        .ext(distinct_on(Comprobante.tipo, Comprobante.serie))
        .order_by(Comprobante.tipo, Comprobante.serie, Comprobante.numero.desc())
    )
    ids = list(ctx.session.scalars(query))
    for comprobante_id in ids:
        ctx.enqueue(registro.ENVIAR, comprobante_id=comprobante_id)
    return len(ids)
