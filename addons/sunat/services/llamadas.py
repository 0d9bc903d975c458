"""What a call about a comprobante comes to. Source: reference on SUNAT, 1.7."""

from __future__ import annotations

from dataclasses import dataclass, replace

from addons.sunat.client import Falla, Perdida, SunatClient
from addons.sunat.documents import codigos, retencion
from addons.sunat.documents.cdr import Cdr, CdrIlegible, Desenlace, desenlace, leer_cdr
from addons.sunat.documents.cdr import mismo_documento as es_de
from addons.sunat.documents.paquete import empaquetar
from addons.sunat.documents.soap import Estado
from addons.sunat.models import (
    ACEPTADO,
    CONTINGENCIA,
    ENVIADO,
    EXCEPCION,
    PENDIENTE,
    RECHAZADO,
    Comprobante,
)
from addons.sunat.services.conexion import Conexion
from addons.sunat.services.conexion_rest import ConexionRest
from kernel.errors import CredentialsRefused, RemoteDown
from kernel.outbound import AnswerLost

ENVIAR_ = "sendBill"
PREGUNTAR = "getStatusCdr"

_CON_CONSULTA = frozenset({codigos.FACTURA, *codigos.NOTAS})
EXISTE, RECHAZADA, BAJA, CON_CDR, NO_EXISTE = "0001", "0002", "0003", "0004", "0011"


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
    rest: ConexionRest | None = None
    """For guías, which go by REST."""
    ticket: str = ""
    """What is asked about, of a guía that SUNAT has taken."""


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
    ticket: str = ""
    error: Exception | None = None
    """What the whole remote suffers from; raised after everything is saved."""


def se_consulta(tipo: str, serie: str) -> bool:
    """Return whether SUNAT can be asked for the CDR of a document."""
    return tipo in _CON_CONSULTA and serie.startswith("F")


def se_resume(de: Comprobante) -> bool:
    """Return whether a resumen diario may tell of a document: boletas, and notes on them."""
    return de.serie.startswith("B")


def llamar(cliente: SunatClient, reserva: Reserva) -> Resultado:
    """Return what a call comes to; nothing is raised for what SUNAT or the line may do."""
    try:
        if reserva.operacion == PREGUNTAR:
            sabe = cliente.consultar_cdr(reserva.ruc, reserva.tipo, reserva.serie, reserva.numero)
            return _de_consulta(reserva, sabe)
        paquete = cliente.enviar(
            reserva.nombre,
            empaquetar(reserva.nombre, reserva.xml),
            otros=reserva.tipo in retencion.TIPOS,
        )
        return de_cdr(reserva, paquete)
    except Falla as falla:
        return de_falla(reserva, falla)
    except RemoteDown as error:
        en = ENVIADO if reserva.operacion == PREGUNTAR else CONTINGENCIA
        estado = "desconocido" if reserva.operacion == PREGUNTAR else "no_enviado"
        return Resultado(estado, en, mensaje=str(error), error=error)
    except (Perdida, AnswerLost) as error:
        return Resultado("desconocido", ENVIADO, mensaje=str(error))


def _de_consulta(reserva: Reserva, estado: Estado) -> Resultado:
    if estado.contenido is not None:
        return de_cdr(reserva, estado.contenido)
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


def de_cdr(reserva: Reserva, paquete: bytes) -> Resultado:
    """Return what a CDR comes to; one that is unreadable or another's is no answer."""
    try:
        cdr = leer_cdr(paquete)
    except CdrIlegible as error:
        return Resultado("desconocido", ENVIADO, mensaje=f"CDR ilegible: {error}")
    if not es_de(cdr, reserva.ruc, reserva.serie, reserva.numero, reserva.tipo):
        mensaje = f"El CDR recibido es de otro documento: {cdr.ruc} {cdr.referencia}."
        return Resultado("desconocido", ENVIADO, mensaje=mensaje)
    codigo = f"{cdr.codigo:04d}" if cdr.codigo else "0"
    if cdr.digest and cdr.digest != reserva.digest:
        mensaje = "SUNAT tiene registrado otro documento con este número: revíselo en el portal."
        return Resultado("excepcion", EXCEPCION, "1033", mensaje, cdr, paquete)
    return segun(reserva, cdr.desenlace, Resultado("", "", codigo, cdr.descripcion, cdr, paquete))


def de_falla(reserva: Reserva, falla: Falla) -> Resultado:
    """Return what a refusal comes to."""
    codigo = f"{falla.codigo:04d}" if falla.codigo else ""
    if reserva.operacion == PREGUNTAR and falla.codigo not in range(101, 114):
        return Resultado("desconocido", ENVIADO, codigo, falla.mensaje)
    return segun(reserva, desenlace(falla.codigo), Resultado("", "", codigo, falla.mensaje))


def segun(reserva: Reserva, fin: Desenlace, hecho: Resultado) -> Resultado:
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
