"""What a call about a guía comes to: sent by REST, and asked about by its ticket.

A guía whose sending got no answer is sent again, the same bytes: if SUNAT has it already, it says
so of the second one. Source: reference on SUNAT, 1.7, 1.8.
"""

from __future__ import annotations

from addons.sunat.client import Falla, Perdida, RestClient
from addons.sunat.documents.cdr import Desenlace, desenlace
from addons.sunat.documents.paquete import empaquetar
from addons.sunat.documents.rest import CON_ERROR, EN_PROCESO, EstadoGuia
from addons.sunat.models import CONTINGENCIA, ENVIADO
from addons.sunat.services.llamadas import Reserva, Resultado, de_cdr, de_falla, segun
from kernel.errors import RemoteDown
from kernel.outbound import AnswerLost

ENVIAR_GUIA = "enviarGuia"
CONSULTAR_GUIA = "consultarGuia"
EN_CURSO = "en_proceso"


def llamar_guia(cliente: RestClient, reserva: Reserva) -> Resultado:
    """Return what a call comes to; nothing is raised for what SUNAT or the line may do."""
    pregunta = reserva.operacion == CONSULTAR_GUIA
    try:
        if pregunta:
            return _de_estado(reserva, cliente.consultar_guia(reserva.ticket))
        paquete = empaquetar(reserva.nombre, reserva.xml)
        return Resultado(EN_CURSO, ENVIADO, ticket=cliente.enviar_guia(reserva.nombre, paquete))
    except Falla as falla:
        if pregunta and desenlace(falla.codigo) is not Desenlace.SISTEMICO:
            return Resultado(EN_CURSO, ENVIADO, f"{falla.codigo:04d}", falla.mensaje)
        return de_falla(reserva, falla)
    except RemoteDown as error:
        estado, en = (EN_CURSO, ENVIADO) if pregunta else ("no_enviado", CONTINGENCIA)
        return Resultado(estado, en, mensaje=str(error), error=error)
    except (Perdida, AnswerLost) as error:
        return Resultado(EN_CURSO if pregunta else "desconocido", ENVIADO, mensaje=str(error))


def _de_estado(reserva: Reserva, estado: EstadoGuia) -> Resultado:
    if estado.codigo == EN_PROCESO:
        return Resultado(EN_CURSO, ENVIADO, EN_PROCESO, "SUNAT la está procesando.")
    if estado.cdr is not None:
        hecho = de_cdr(reserva, estado.cdr)
        if hecho.estado == "desconocido":  # unreadable, or another's: the ticket is asked again
            return Resultado(EN_CURSO, ENVIADO, mensaje=hecho.mensaje)
        return hecho
    if estado.codigo == CON_ERROR:
        hecho = Resultado("", "", f"{estado.error:04d}", estado.mensaje)
        return segun(reserva, desenlace(estado.error), hecho)
    return segun(reserva, Desenlace.ACEPTADO, Resultado("", "", "0", "Aceptada, sin CDR."))
