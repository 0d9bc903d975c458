"""SUNAT's services for comprobantes, or an OSE's: the same calls at other addresses.

A call ends in one of five ways: an answer; ``Falla``, SUNAT refused it and told a code;
``Perdida``, the outcome is unknown and must be asked for; ``RemoteDown``, nothing was sent; or the
address is not allowed. Source: SUNAT's WSDL; reference on SUNAT, 1.6.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from addons.sunat.documents import soap
from addons.sunat.documents.soap import Estado, Falla, RespuestaIlegible
from kernel.errors import Transient
from kernel.outbound import AnswerRefused, Limits, Reply

if TYPE_CHECKING:
    from lxml.etree import _Element

LIMITES = Limits(connect=5, read=45, total=60, size=16 * 1024 * 1024)
"""SUNAT takes up to half a minute when it is busy."""

__all__ = ["ENTORNOS", "Direcciones", "Falla", "Perdida", "SunatClient", "Transporte"]


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

    def enviar(self, nombre: str, paquete: bytes) -> bytes:
        """Return the package with the CDR of a document.

        Raises:
            Falla: SUNAT refused it; its code says what that means.
            Perdida: the outcome is unknown.
            RemoteDown: nothing was sent.
        """
        respuesta = self._llamar(
            self._direcciones.envio,
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
            self._de_resumenes(otros),
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
        respuesta = self._llamar(self._de_resumenes(otros), "getStatus", ticket=ticket)
        try:
            return soap.estado_de(respuesta)
        except RespuestaIlegible as error:
            raise Perdida(str(error)) from None

    def _de_resumenes(self, otros: bool) -> str:
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
