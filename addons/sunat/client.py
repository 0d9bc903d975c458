"""SUNAT's services, or an OSE's at other addresses: SOAP, and REST for guías and validity.

A call ends in one of five ways: an answer; ``Falla``, SUNAT refused it and told a code;
``Perdida``, the outcome is unknown and must be asked for; ``RemoteDown``, nothing was sent; or the
address is not allowed. Source: SUNAT's WSDL; reference on SUNAT, 1.6.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from addons.sunat.documents import rest, soap
from addons.sunat.documents.rest import EstadoGuia, Pregunta, Validez
from addons.sunat.documents.soap import Estado, Falla, RespuestaIlegible
from kernel.errors import Transient
from kernel.outbound import AnswerRefused, Limits, Reply

if TYPE_CHECKING:
    from lxml.etree import _Element

LIMITES = Limits(connect=5, read=45, total=60, size=16 * 1024 * 1024)
"""SUNAT takes up to half a minute when it is busy."""

__all__ = [
    "ENTORNOS",
    "ENTORNOS_REST",
    "CredencialesRest",
    "Direcciones",
    "DireccionesRest",
    "Falla",
    "Perdida",
    "RestClient",
    "SunatClient",
    "Transporte",
    "TransporteRest",
]


class Perdida(Transient):
    """The document may have arrived, and no answer that can be read came back."""


class Transporte(Protocol):
    """What carries a request: the kernel's outbound client, or the sandbox in this process."""

    def post(
        self,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limits: Limits = LIMITES,
    ) -> Reply:
        """Return the reply to a POST."""
        ...


@dataclass(frozen=True, slots=True)
class Direcciones:
    """Where an environment answers; without ``consulta`` nobody can be asked for a CDR.

    ``otros`` takes retenciones, percepciones and their reversiones.
    """

    envio: str
    consulta: str
    otros: str = ""


SANDBOX = "http://sandbox.invalid"
ENTORNOS = {
    "sandbox": Direcciones(
        f"{SANDBOX}/billService", f"{SANDBOX}/billConsultService", f"{SANDBOX}/otroscpe"
    ),
    "beta": Direcciones(
        "https://e-beta.sunat.gob.pe/ol-ti-itcpfegem-beta/billService",
        "",
        "https://e-beta.sunat.gob.pe/ol-ti-itemision-otroscpe-gem-beta/billService",
    ),
    "produccion": Direcciones(
        "https://e-factura.sunat.gob.pe/ol-ti-itcpfegem/billService",
        "https://e-factura.sunat.gob.pe/ol-it-wsconscpegem/billConsultService",
        "https://e-factura.sunat.gob.pe/ol-ti-itemision-otroscpe-gem/billService",
    ),
}


class SunatClient:
    """Calls in the name of one user of a company."""

    def __init__(
        self,
        transporte: Transporte,
        direcciones: Direcciones,
        usuario: str,
        clave: str,
        limites: Limits = LIMITES,
    ) -> None:
        """Use a transport; ``usuario`` is RUC and SOL user together."""
        self._limites = limites
        self._transporte = transporte
        self._direcciones = direcciones
        self._usuario = usuario
        self._clave = clave

    @property
    def puede_consultar(self) -> bool:
        """Whether there is anybody to ask for a CDR."""
        return bool(self._direcciones.consulta)

    def enviar(self, nombre: str, paquete: bytes, *, otros: bool = False) -> bytes:
        """Return the package with the CDR of a document.

        ``otros`` says that it goes to the service of retenciones and percepciones.

        Raises:
            Falla: SUNAT refused it; its code says what that means.
            Perdida: the outcome is unknown.
            RemoteDown: nothing was sent.
        """
        respuesta = self._llamar(
            self._servicio(otros),
            "sendBill",
            fileName=f"{nombre}.zip",
            contentFile=base64.b64encode(paquete).decode(),
        )
        try:
            return soap.contenido_de(respuesta, "applicationResponse")
        except RespuestaIlegible as error:
            raise Perdida(str(error)) from None

    def consultar_cdr(self, ruc: str, tipo: str, serie: str, numero: int) -> Estado:
        """Return what SUNAT knows of a document: 0001 accepted, 0002 rejected, 0003 voided, 0004
        here is its CDR, 0011 it does not exist.

        Raises:
            Falla, Perdida, RemoteDown: as ``enviar``; asking changes nothing.
        """
        respuesta = self._llamar(
            self._direcciones.consulta,
            "getStatusCdr",
            rucComprobante=ruc,
            tipoComprobante=tipo,
            serieComprobante=serie,
            numeroComprobante=str(numero),
        )
        try:
            return soap.estado_de(respuesta)
        except RespuestaIlegible as error:
            raise Perdida(str(error)) from None

    def enviar_resumen(self, nombre: str, paquete: bytes, *, otros: bool = False) -> str:
        """Return the ticket of a file that SUNAT works through later.

        ``otros`` says that it goes to the service of retenciones and percepciones.

        Raises:
            Falla, Perdida, RemoteDown: as ``enviar``; a ticket that is lost cannot be asked for.
        """
        respuesta = self._llamar(
            self._servicio(otros),
            "sendSummary",
            fileName=f"{nombre}.zip",
            contentFile=base64.b64encode(paquete).decode(),
        )
        ticket = (respuesta.findtext(".//ticket") or "").strip()
        if not ticket:
            raise Perdida("La respuesta no trae ticket.")
        return ticket

    def consultar_ticket(self, ticket: str, *, otros: bool = False) -> Estado:
        """Return how far a file is: 0 done and 99 done with errors, both with a CDR; 98 in process.

        Raises:
            Falla, Perdida, RemoteDown: as ``enviar``; asking changes nothing.
        """
        respuesta = self._llamar(self._servicio(otros), "getStatus", ticket=ticket)
        try:
            return soap.estado_de(respuesta)
        except RespuestaIlegible as error:
            raise Perdida(str(error)) from None

    def _servicio(self, otros: bool) -> str:
        return self._direcciones.otros if otros else self._direcciones.envio

    def _llamar(self, url: str, operacion: str, **campos: str) -> _Element:
        cuerpo = soap.sobre(operacion, self._usuario, self._clave, **campos)
        headers = {"content-type": "text/xml; charset=utf-8", "soapaction": f"urn:{operacion}"}
        try:
            reply = self._transporte.post(
                url, content=cuerpo, headers=headers, limits=self._limites
            )
        except AnswerRefused as error:
            raise Perdida(str(error)) from None
        try:
            return soap.leer(reply.content)
        except RespuestaIlegible as error:
            raise Perdida(f"Respuesta {reply.status}: {error}") from None


# REST --------------------------------------------------------------------------------------------


class TransporteRest(Protocol):
    """What carries a request: the kernel's outbound client, or the sandbox in this process."""

    def request(
        self,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        limits: Limits = LIMITES,
    ) -> Reply:
        """Return the reply to a request."""
        ...


@dataclass(frozen=True, slots=True)
class DireccionesRest:
    """Where the REST services of an environment answer; empty where there are none."""

    seguridad: str
    guias: str
    validez: str


ENTORNOS_REST = {
    "sandbox": DireccionesRest(SANDBOX, SANDBOX, SANDBOX),
    "beta": DireccionesRest("", "", ""),
    "produccion": DireccionesRest(
        "https://api-seguridad.sunat.gob.pe",
        "https://api-cpe.sunat.gob.pe",
        "https://api.sunat.gob.pe",
    ),
}
"""SUNAT has no beta of its REST services."""
MARGEN = 60.0
"""Seconds before its end from which on a token is not used any more."""


@dataclass(frozen=True, slots=True)
class CredencialesRest:
    """An application of the company at SUNAT, and who signs in (RUC and SOL user together)."""

    client_id: str
    client_secret: str
    usuario: str
    clave: str


_fichas: dict[tuple[str, str, str], tuple[str, float]] = {}
_candado = threading.Lock()


class RestClient:
    """Calls of the REST services, each with a token (OAuth2) that is kept while it holds.

    A token that SUNAT says has ended is asked for once more.
    """

    GUIAS = "https://api-cpe.sunat.gob.pe"
    VALIDEZ = "https://api.sunat.gob.pe/v1/contribuyente/contribuyentes"

    def __init__(
        self,
        transporte: TransporteRest,
        direcciones: DireccionesRest,
        credenciales: CredencialesRest,
        limites: Limits = LIMITES,
    ) -> None:
        """Use a transport, addresses and an application."""
        self._transporte = transporte
        self._direcciones = direcciones
        self._dados = credenciales
        self._limites = limites

    def enviar_guia(self, nombre: str, paquete: bytes) -> str:
        """Return the ticket of a guía.

        Raises:
            Falla, Perdida, RemoteDown: as ``SunatClient``; a lost ticket cannot be asked for.
        """
        url = f"{self._direcciones.guias}/v1/contribuyente/gem/comprobantes/{nombre}"
        dicho = self._llamar(self.GUIAS, "POST", url, rest.archivo_de(nombre, paquete))
        ticket = str(dicho.get("numTicket") or "")
        if not ticket:
            raise Perdida("La respuesta no trae ticket.")
        return ticket

    def consultar_guia(self, ticket: str) -> EstadoGuia:
        """Return how far a guía is.

        Raises:
            Falla, Perdida, RemoteDown: as ``SunatClient``; asking changes nothing.
        """
        url = f"{self._direcciones.guias}/v1/contribuyente/gem/comprobantes/envios/{ticket}"
        dicho = self._llamar(self.GUIAS, "GET", url)
        try:
            return rest.estado_de(dicho)
        except RespuestaIlegible as error:
            raise Perdida(str(error)) from None

    def validar(self, pregunta: Pregunta) -> Validez:
        """Return what SUNAT says of a comprobante.

        Raises:
            Falla, Perdida, RemoteDown: as ``SunatClient``; asking changes nothing.
        """
        contribuyente = f"{self._direcciones.validez}/v1/contribuyente/contribuyentes"
        url = f"{contribuyente}/{pregunta.quien}/validarcomprobante"
        dicho = self._llamar(self.VALIDEZ, "POST", url, pregunta.cuerpo())
        try:
            return rest.validez_de(dicho)
        except RespuestaIlegible as error:
            raise Perdida(str(error)) from None

    def _llamar(self, ambito: str, metodo: str, url: str, cuerpo: Any = None) -> dict[str, Any]:
        reply = self._enviar(metodo, url, self._ficha(ambito), cuerpo)
        if reply.status == 401:
            with _candado:
                _fichas.pop(self._clave(ambito), None)
            reply = self._enviar(metodo, url, self._ficha(ambito), cuerpo)
        return self._leer(reply)

    def _leer(self, reply: Reply) -> dict[str, Any]:
        if reply.status == 401:
            raise Falla(rest.CREDENCIALES, "SUNAT no admite el token.")
        try:
            return rest.leer(reply.status, reply.json())
        except RespuestaIlegible as error:
            raise Perdida(str(error)) from None

    def _enviar(self, metodo: str, url: str, ficha: str, cuerpo: Any) -> Reply:
        headers = {"authorization": f"Bearer {ficha}"}
        try:
            return self._transporte.request(
                metodo, url, json=cuerpo, headers=headers, limits=self._limites
            )
        except AnswerRefused as error:
            raise Perdida(str(error)) from None

    def _clave(self, ambito: str) -> tuple[str, str, str]:
        secreto = f"{self._dados.client_secret}\0{self._dados.usuario}\0{self._dados.clave}"
        return (ambito, self._dados.client_id, hashlib.sha256(secreto.encode()).hexdigest())

    def _ficha(self, ambito: str) -> str:
        """Return a token that still holds."""
        with _candado:
            ficha, hasta = _fichas.get(self._clave(ambito), ("", 0.0))
        if ficha and time.monotonic() < hasta:
            return ficha
        url, campos = self._pedido_de_ficha(ambito)
        try:
            reply = self._transporte.request("POST", url, form=campos, limits=self._limites)
        except AnswerRefused as error:
            raise Perdida(str(error)) from None
        if reply.status in (400, 401, 403):
            raise Falla(rest.CREDENCIALES, "SUNAT no dio un token: revise aplicación y usuario.")
        dicho = self._leer(reply)
        ficha = str(dicho.get("access_token") or "")
        if not ficha:
            raise Perdida("La respuesta no trae un token.")
        hasta = time.monotonic() + max(0.0, float(dicho.get("expires_in") or 0) - MARGEN)
        with _candado:
            _fichas[self._clave(ambito)] = (ficha, hasta)
        return ficha

    def _pedido_de_ficha(self, ambito: str) -> tuple[str, dict[str, str]]:
        dados = self._dados
        campos = {
            "grant_type": "client_credentials",
            "scope": ambito,
            "client_id": dados.client_id,
            "client_secret": dados.client_secret,
        }
        servicio = "clientesextranet"
        if ambito == self.GUIAS:
            servicio = "clientessol"
            campos |= {"grant_type": "password", "username": dados.usuario, "password": dados.clave}
        return (
            f"{self._direcciones.seguridad}/v1/{servicio}/{dados.client_id}/oauth2/token/",
            campos,
        )
