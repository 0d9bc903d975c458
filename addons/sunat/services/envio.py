"""Sending: what is saved before a call, what a call comes to, and what is saved after it.

A call is reserved in a transaction of its own (the attempt, and the hash of its bytes), made
outside of any, and its outcome saved in another. A document whose last attempt has no known outcome
is asked about before it is sent again, and what is sent again are the same bytes. The first calls
of a series go in the order of its numbers. Source: módulo 3; reference on SUNAT, 1.7.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from addons.sunat import schemas
from addons.sunat.client import ENTORNOS, Direcciones, Falla, Perdida, SunatClient
from addons.sunat.documents import codigos
from addons.sunat.documents.cdr import Cdr, CdrIlegible, Desenlace, desenlace, leer_cdr
from addons.sunat.documents.cdr import mismo_documento as es_de
from addons.sunat.documents.paquete import empaquetar
from addons.sunat.documents.soap import Estado
from addons.sunat.errors import EstadoNoPermite, SinConfigurar
from addons.sunat.models import (
    ACEPTADO,
    CONTINGENCIA,
    EN_COLA,
    ENVIADO,
    EXCEPCION,
    PENDIENTE,
    RECHAZADO,
    Comprobante,
    CredencialSunat,
    EnvioSunat,
    NotaCreditoDebito,
)
from addons.sunat.services import emision, empresa
from kernel.context import Ctx
from kernel.errors import CredentialsRefused, RemoteDown
from kernel.outbound import AnswerLost, Limits

if TYPE_CHECKING:
    from kernel.runtime import Runtime

ENVIAR_ = "sendBill"
PREGUNTAR = "getStatusCdr"
LIBRE = ("MODDATOS", "moddatos")
RUTA_SANDBOX = Path("sunat") / "sandbox.sqlite"
MARGEN = timedelta(seconds=5)
"""A call that took this much longer than it may is lost: its process died."""
MAS_LARGA = timedelta(minutes=15)

EXISTE, RECHAZADA, BAJA, CON_CDR, NO_EXISTE = "0001", "0002", "0003", "0004", "0011"


@dataclass(frozen=True, slots=True)
class Conexion:
    """To whom, and as whom; ``espera`` in seconds."""

    entorno: str
    direcciones: Direcciones
    usuario: str
    clave: str
    espera: int


@dataclass(frozen=True, slots=True)
class Reserva:
    """A call that is about to be made; the row of its attempt is committed."""

    envio_id: int
    comprobante_id: int
    operacion: str
    ruc: str
    tipo: str
    serie: str
    numero: int
    nombre: str
    digest: str
    xml: bytes
    hubo_intento: bool
    """Whether an earlier call may have registered these bytes."""
    conexion: Conexion


@dataclass(frozen=True, slots=True)
class Resultado:
    """What a call came to."""

    estado: str
    """Of the attempt: ``envios_sunat.estado``."""
    comprobante: str
    """Of the document: ``comprobantes.estado_sunat``."""
    codigo: str = ""
    mensaje: str = ""
    cdr: Cdr | None = None
    paquete: bytes = b""
    error: Exception | None = None
    """What the whole remote suffers from; raised after everything is saved."""


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
        resultado = llamar(cliente_para(runtime, reserva.conexion), reserva)
        _guardar(runtime, reserva, resultado)
        if resultado.error is not None:
            raise resultado.error
    esperar(ctx, comprobante_id)


def _guardar(runtime: Runtime, reserva: Reserva, resultado: Resultado) -> None:
    runtime.transact(lambda ctx: registrar_resultado(ctx, reserva, resultado))


def esperar(ctx: Ctx, comprobante_id: int) -> None:
    """Queue the sending again, if the comprobante still waits for its answer."""
    found = ctx.session.get(Comprobante, comprobante_id)
    if found is None or found.estado_sunat not in EN_COLA:
        return
    pronto = ctx.now + timedelta(seconds=1)
    ctx.enqueue(
        emision.ENVIAR,
        run_at=max(found.proximo_intento or pronto, pronto),
        comprobante_id=comprobante_id,
    )


# Before a call ------------------------------------------------------------------------------------


def reservar(ctx: Ctx, comprobante_id: int) -> Reserva | None:
    """Return the next call of a comprobante's series, its attempt written; None if none is due."""
    suyo = ctx.session.get(Comprobante, comprobante_id)
    if suyo is None or suyo.estado_sunat not in EN_COLA:
        return None
    conexion = _conexion(ctx)
    de = _primero(ctx, suyo)
    if de is None:
        return None
    ultimo = _ultimo_envio(ctx, de.id)
    perdido = ultimo is not None and ultimo.estado in ("enviando", "desconocido")
    if ultimo is not None and ultimo.estado == "enviando":
        ultimo.estado = "desconocido"
        ultimo.mensaje_respuesta = "El proceso terminó antes de guardar la respuesta."
    pregunta = perdido and se_consulta(de.tipo, de.serie) and bool(conexion.direcciones.consulta)
    xml = de.xml or ctx.runtime.storage.get(de.xml_path or "")
    de.estado_sunat = ENVIADO
    de.intentos += 1
    de.proximo_intento = ctx.now + timedelta(seconds=conexion.espera) + MARGEN
    envio = EnvioSunat(
        comprobante_id=de.id,
        operacion=PREGUNTAR if pregunta else ENVIAR_,
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
    )


def se_consulta(tipo: str, serie: str) -> bool:
    """Return whether SUNAT can be asked for the CDR of a document."""
    return tipo != codigos.BOLETA and serie.startswith("F")


def _primero(ctx: Ctx, suyo: Comprobante) -> Comprobante | None:
    """Return the first document of a series that is due, locked."""
    vencido = and_(Comprobante.estado_sunat == ENVIADO, Comprobante.proximo_intento <= ctx.now)
    query = (
        select(Comprobante)
        .where(
            Comprobante.tipo == suyo.tipo,
            Comprobante.serie == suyo.serie,
            or_(Comprobante.estado_sunat.in_((PENDIENTE, CONTINGENCIA)), vencido),
        )
        .order_by(Comprobante.numero)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return ctx.session.scalars(query).first()


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
        EnvioSunat.operacion == ENVIAR_,
        EnvioSunat.estado == "desconocido",
    )
    return ctx.session.scalars(query.limit(1)).first() is not None


def _conexion(ctx: Ctx) -> Conexion:
    """Return to whom the company sends, and as whom.

    Raises:
        SinConfigurar: a real environment without SOL user.
    """
    config = ctx.config(schemas.Facturacion)
    ruc = empresa.configuracion(ctx).ruc
    direcciones = ENTORNOS[config.entorno]
    credencial = ctx.session.get(CredencialSunat, 1)
    if credencial is None:
        if config.entorno == "produccion":
            raise SinConfigurar("Falta el usuario SOL: guárdelo en Facturación, Credenciales.")
        return Conexion(config.entorno, direcciones, f"{ruc}{LIBRE[0]}", LIBRE[1], config.espera)
    direcciones = Direcciones(
        credencial.url_envio or direcciones.envio, credencial.url_consulta or direcciones.consulta
    )
    usuario = f"{ruc}{credencial.usuario.removeprefix(ruc)}"
    return Conexion(config.entorno, direcciones, usuario, credencial.clave or "", config.espera)


def cliente_para(runtime: Runtime, conexion: Conexion) -> SunatClient:
    """Return the client of a connection; the sandbox's needs no socket."""
    limites = Limits(
        connect=min(5, conexion.espera), read=conexion.espera, total=conexion.espera, size=2**24
    )
    if conexion.direcciones == ENTORNOS["sandbox"]:
        from addons.sunat.sandbox.servicio import Sunat
        from addons.sunat.sandbox.transporte import EnProceso

        transporte = EnProceso(Sunat(runtime.settings.data_dir / RUTA_SANDBOX, runtime.clock))
        return SunatClient(
            transporte, conexion.direcciones, conexion.usuario, conexion.clave, limites
        )
    http = runtime.outbound("sunat")
    return SunatClient(http, conexion.direcciones, conexion.usuario, conexion.clave, limites)


# The call -----------------------------------------------------------------------------------------


def llamar(cliente: SunatClient, reserva: Reserva) -> Resultado:
    """Return what a call comes to; nothing is raised for what SUNAT or the line may do."""
    try:
        if reserva.operacion == PREGUNTAR:
            sabe = cliente.consultar_cdr(reserva.ruc, reserva.tipo, reserva.serie, reserva.numero)
            return _de_consulta(reserva, sabe)
        paquete = cliente.enviar(reserva.nombre, empaquetar(reserva.nombre, reserva.xml))
        return _de_cdr(reserva, paquete)
    except Falla as falla:
        return _de_falla(reserva, falla)
    except RemoteDown as error:
        en = ENVIADO if reserva.operacion == PREGUNTAR else CONTINGENCIA
        estado = "desconocido" if reserva.operacion == PREGUNTAR else "no_enviado"
        return Resultado(estado, en, mensaje=str(error), error=error)
    except (Perdida, AnswerLost) as error:
        return Resultado("desconocido", ENVIADO, mensaje=str(error))


def _de_consulta(reserva: Reserva, estado: Estado) -> Resultado:
    if estado.contenido is not None:
        return _de_cdr(reserva, estado.contenido)
    if estado.codigo in (EXISTE, RECHAZADA):
        aceptada = estado.codigo == EXISTE
        return Resultado(
            "aceptado" if aceptada else "rechazado",
            ACEPTADO if aceptada else RECHAZADO,
            estado.codigo,
            estado.mensaje,
        )
    if estado.codigo == BAJA:
        return Resultado("excepcion", EXCEPCION, estado.codigo, estado.mensaje)
    # It does not exist, or SUNAT cannot say: the same bytes are sent, and a second registration
    # is refused with 1033.
    return Resultado("no_enviado", PENDIENTE, estado.codigo, estado.mensaje)


def _de_cdr(reserva: Reserva, paquete: bytes) -> Resultado:
    try:
        cdr = leer_cdr(paquete)
    except CdrIlegible as error:
        return Resultado("desconocido", ENVIADO, mensaje=f"CDR ilegible: {error}")
    if not es_de(cdr, reserva.ruc, reserva.serie, reserva.numero):
        mensaje = f"El CDR recibido es de otro documento: {cdr.ruc} {cdr.referencia}."
        return Resultado("desconocido", ENVIADO, mensaje=mensaje)
    codigo = f"{cdr.codigo:04d}" if cdr.codigo else "0"
    if cdr.digest and cdr.digest != reserva.digest:
        mensaje = "SUNAT tiene registrado otro documento con este número: revíselo en el portal."
        return Resultado("excepcion", EXCEPCION, "1033", mensaje, cdr, paquete)
    return _segun(reserva, cdr.desenlace, Resultado("", "", codigo, cdr.descripcion, cdr, paquete))


def _de_falla(reserva: Reserva, falla: Falla) -> Resultado:
    codigo = f"{falla.codigo:04d}" if falla.codigo else ""
    if reserva.operacion == PREGUNTAR and falla.codigo not in range(101, 114):
        return Resultado("desconocido", ENVIADO, codigo, falla.mensaje)
    return _segun(reserva, desenlace(falla.codigo), Resultado("", "", codigo, falla.mensaje))


def _segun(reserva: Reserva, fin: Desenlace, hecho: Resultado) -> Resultado:
    """Return the states that an outcome means."""
    if fin is Desenlace.REGISTRADO:
        return _registrado(reserva, hecho)
    if fin is Desenlace.SISTEMICO:
        error = CredentialsRefused(f"SUNAT {hecho.codigo}: {hecho.mensaje}")
        perdido = reserva.operacion == PREGUNTAR
        return replace(
            hecho,
            estado="desconocido" if perdido else "sistemico",
            comprobante=ENVIADO if perdido else CONTINGENCIA,
            error=error,
        )
    estados = {
        Desenlace.ACEPTADO: ("aceptado", ACEPTADO),
        Desenlace.RECHAZADO: ("rechazado", RECHAZADO),
        Desenlace.EXCEPCION: ("excepcion", EXCEPCION),
        Desenlace.DESCONOCIDO: ("desconocido", ENVIADO),
    }
    envio, comprobante = estados[fin]
    return replace(hecho, estado=envio, comprobante=comprobante)


def _registrado(reserva: Reserva, hecho: Resultado) -> Resultado:
    """Return what follows where SUNAT has the number already.

    Who can be asked is asked for the CDR. Else it is ours if an earlier call of ours may have
    brought it there, and somebody's else if none did.
    """
    consulta = se_consulta(reserva.tipo, reserva.serie)
    if consulta and reserva.conexion.direcciones.consulta:
        return replace(hecho, estado="desconocido", comprobante=ENVIADO)
    if reserva.hubo_intento:
        aceptado = hecho.codigo == "1033"
        mensaje = f"{hecho.mensaje} (registrado por un envío cuya respuesta se perdió; sin CDR)"
        return replace(
            hecho,
            estado="aceptado" if aceptado else "rechazado",
            comprobante=ACEPTADO if aceptado else RECHAZADO,
            mensaje=mensaje,
        )
    return replace(hecho, estado="excepcion", comprobante=EXCEPCION)


# After a call -------------------------------------------------------------------------------------


def registrar_resultado(ctx: Ctx, reserva: Reserva, resultado: Resultado) -> None:
    """Write what a call came to; a document that has its final state keeps it."""
    envio = ctx.session.get_one(EnvioSunat, reserva.envio_id)
    envio.estado = resultado.estado
    envio.fecha_respuesta = ctx.now
    envio.codigo_respuesta = resultado.codigo
    envio.mensaje_respuesta = resultado.mensaje[:2000]
    envio.respuesta_sunat = resultado.cdr.descripcion if resultado.cdr else ""
    if resultado.cdr is not None:
        envio.cdr_xml = resultado.cdr.xml.decode("utf-8", "replace").replace("\x00", "")
    de = ctx.session.get_one(
        Comprobante, reserva.comprobante_id, with_for_update={"key_share": True}
    )
    if de.estado_sunat not in EN_COLA:
        return
    cambiar_estado(ctx, de, resultado)
    if resultado.comprobante == ENVIADO:
        de.proximo_intento = ctx.now + _pausa(de.intentos, reserva.conexion.espera)
    envio.proximo_intento = de.proximo_intento


def _pausa(intentos: int, espera: int) -> timedelta:
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
    ctx.enqueue(emision.ARCHIVAR, comprobante_id=de.id)
    ctx.publish(schemas.ComprobanteCambio(de.id, de.venta_id, de.estado_sunat))
    ctx.notify("comprobantes", comprobante_id=de.id)


# What people and schedules start ------------------------------------------------------------------


def reenviar(ctx: Ctx, comprobante_id: int) -> Comprobante:
    """Return a comprobante whose sending was queued anew; the bytes stay the same.

    Raises:
        NotFound: there is none.
        EstadoNoPermite: it has its answer.
    """
    de = emision.encontrar(ctx, comprobante_id)
    if de.estado_sunat == EXCEPCION:
        de.estado_sunat = PENDIENTE
    elif de.estado_sunat not in EN_COLA:
        raise EstadoNoPermite(f"El comprobante está {de.estado_sunat}: no se envía otra vez.")
    ctx.audit("reenviar", "comprobantes", de.id, modulo="facturacion")
    ctx.enqueue(emision.ENVIAR, comprobante_id=de.id)
    ctx.session.flush()
    return de


def reintentar_pendientes(ctx: Ctx) -> int:
    """Return for how many series the sending of the first waiting document was queued."""
    query = (
        select(Comprobante.id)
        .where(
            Comprobante.estado_sunat.in_(EN_COLA),
            or_(Comprobante.proximo_intento.is_(None), Comprobante.proximo_intento <= ctx.now),
        )
        .ext(distinct_on(Comprobante.tipo, Comprobante.serie))
        .order_by(Comprobante.tipo, Comprobante.serie, Comprobante.numero.desc())
    )
    ids = list(ctx.session.scalars(query))
    for comprobante_id in ids:
        ctx.enqueue(emision.ENVIAR, comprobante_id=comprobante_id)
    return len(ids)
