"""What a call about a file that SUNAT answers with a ticket comes to.

Source: reference on SUNAT, 1.6, 1.7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from addons.sunat.client import Falla, Perdida, SunatClient
from addons.sunat.documents.cdr import Cdr, CdrIlegible, Desenlace, desenlace, leer_cdr
from addons.sunat.documents.cdr import mismo_resumen as es_de
from addons.sunat.documents.paquete import empaquetar
from addons.sunat.documents.soap import CON_ERRORES, Estado, codigo_en
from addons.sunat.models import (
    ACEPTADO,
    EN_PROCESO,
    ENVIADO,
    EXCEPCION,
    PENDIENTE,
    RECHAZADO,
    SIN_TICKET,
)
from addons.sunat.services.conexion import Conexion
from addons.sunat.services.llamadas import BAJA, PREGUNTAR
from kernel.errors import CredentialsRefused, RemoteDown
from kernel.outbound import AnswerLost

ENVIAR_ = "sendSummary"
CONSULTAR = "getStatus"
LISTO, SIGUE = 0, 98
YA_PRESENTADO = frozenset({2223, 2324})
"""The name of the file is taken."""
NO_HAY_TICKET = 127
PACIENCIA = 5
"""So often a ticket that SUNAT doesn't know is asked for; then its file is sent again."""


@dataclass(frozen=True, slots=True)
class Documento:
    """A comprobante that SUNAT can be asked about in place of a lost ticket."""

    tipo: str
    serie: str
    numero: int


@dataclass(frozen=True, slots=True)
class Reserva:
    """A call that is about to be made; the row of its attempt is committed."""

    envio_id: int
    resumen_id: int
    operacion: str
    ruc: str
    identificador: str
    nombre: str
    ticket: str
    xml: bytes
    hubo_intento: bool
    """Whether an earlier call may have brought this file there."""
    consultas: int
    """How often its ticket was asked for, this time included."""
    otros: bool
    testigo: Documento | None
    conexion: Conexion


@dataclass(frozen=True, slots=True)
class Resultado:
    """What a call came to: the state of the attempt, and that of the resumen."""

    estado: str
    resumen: str
    codigo: str = ""
    mensaje: str = ""
    ticket: str = ""
    cdr: Cdr | None = None
    paquete: bytes = b""
    error: Exception | None = None
    """What the whole remote suffers from; raised after everything is saved."""


def llamar(cliente: SunatClient, reserva: Reserva) -> Resultado:
    """Return what a call comes to; nothing is raised for what SUNAT or the line may do."""
    en = EN_PROCESO if reserva.operacion == CONSULTAR else ENVIADO
    try:
        if reserva.operacion == CONSULTAR:
            return _de_ticket(
                reserva, cliente.consultar_ticket(reserva.ticket, otros=reserva.otros)
            )
        if reserva.testigo is not None and reserva.operacion == PREGUNTAR:
            return _de_testigo(cliente, reserva, reserva.testigo)
        paquete = empaquetar(reserva.nombre, reserva.xml)
        ticket = cliente.enviar_resumen(reserva.nombre, paquete, otros=reserva.otros)
        return Resultado("en_proceso", EN_PROCESO, ticket=ticket)
    except Falla as falla:
        return _de_falla(reserva, falla)
    except RemoteDown as error:
        if reserva.operacion == ENVIAR_ and not reserva.hubo_intento:
            return Resultado("no_enviado", PENDIENTE, mensaje=str(error), error=error)
        return Resultado("desconocido", en, mensaje=str(error), error=error)
    except (Perdida, AnswerLost) as error:
        return Resultado("desconocido", en, mensaje=str(error))


def _de_testigo(cliente: SunatClient, reserva: Reserva, de: Documento) -> Resultado:
    """Return whether a document is voided, which the lost file wanted."""
    sabe = cliente.consultar_cdr(reserva.ruc, de.tipo, de.serie, de.numero)
    if sabe.codigo == BAJA:
        mensaje = f"{sabe.mensaje} (dado de baja por un envío cuya respuesta se perdió; sin CDR)"
        return Resultado("aceptado", ACEPTADO, sabe.codigo, mensaje)
    return Resultado("no_enviado", ENVIADO, sabe.codigo, sabe.mensaje)


def _de_ticket(reserva: Reserva, estado: Estado) -> Resultado:
    codigo = int(estado.codigo)
    if codigo == SIGUE:
        return Resultado("en_proceso", EN_PROCESO, estado.codigo, "SUNAT lo está procesando.")
    if estado.contenido is None:
        if codigo == CON_ERRORES:
            dicho = codigo_en(estado.mensaje)
            return _segun(reserva, dicho, Resultado("", "", f"{dicho or codigo}", estado.mensaje))
        return Resultado("desconocido", EN_PROCESO, estado.codigo, "SUNAT terminó y no dio CDR.")
    try:
        cdr = leer_cdr(estado.contenido)
    except CdrIlegible as error:
        return Resultado("desconocido", EN_PROCESO, mensaje=f"CDR ilegible: {error}")
    if not es_de(cdr, reserva.ruc, reserva.identificador):
        mensaje = f"El CDR recibido es de otro documento: {cdr.ruc} {cdr.referencia}."
        return Resultado("desconocido", EN_PROCESO, mensaje=mensaje)
    texto = f"{cdr.codigo:04d}" if cdr.codigo else "0"
    hecho = Resultado("", "", texto, cdr.descripcion, cdr=cdr, paquete=estado.contenido)
    if cdr.codigo == 0:
        return replace(hecho, estado="aceptado", resumen=ACEPTADO)
    return _segun(reserva, cdr.codigo, hecho)


def _de_falla(reserva: Reserva, falla: Falla) -> Resultado:
    codigo = f"{falla.codigo:04d}" if falla.codigo else ""
    hecho = Resultado("", "", codigo, falla.mensaje)
    sistemico = desenlace(falla.codigo) is Desenlace.SISTEMICO
    if reserva.operacion == ENVIAR_ or sistemico:
        return _segun(reserva, falla.codigo, hecho)
    if falla.codigo == NO_HAY_TICKET and reserva.consultas > PACIENCIA:
        return replace(hecho, estado="desconocido", resumen=ENVIADO)
    en = EN_PROCESO if reserva.operacion == CONSULTAR else ENVIADO
    return replace(hecho, estado="desconocido", resumen=en)


def _segun(reserva: Reserva, codigo: int, hecho: Resultado) -> Resultado:
    """Return the states that a code means."""
    if codigo in YA_PRESENTADO:
        if reserva.hubo_intento or reserva.operacion == CONSULTAR:
            return replace(hecho, estado="desconocido", resumen=SIN_TICKET)
        return replace(hecho, estado="excepcion", resumen=EXCEPCION)  # somebody else's name
    fin = desenlace(codigo)
    if fin is Desenlace.SISTEMICO:
        estados = {CONSULTAR: EN_PROCESO, PREGUNTAR: ENVIADO}
        return replace(
            hecho,
            estado="sistemico",
            resumen=estados.get(reserva.operacion, ENVIADO if reserva.hubo_intento else PENDIENTE),
            error=CredentialsRefused(f"SUNAT {hecho.codigo}: {hecho.mensaje}"),
        )
    estados_fin = {
        Desenlace.ACEPTADO: ("aceptado", ACEPTADO),
        Desenlace.RECHAZADO: ("rechazado", RECHAZADO),
        Desenlace.DESCONOCIDO: ("desconocido", ENVIADO),
    }
    envio, resumen = estados_fin.get(fin, ("excepcion", EXCEPCION))
    return replace(hecho, estado=envio, resumen=resumen)
