"""SUNAT's REST services: guías de remisión (GRE), and the consulta integrada de validez.

Both sign in with OAuth2 first; a token is kept until shortly before it ends, and asked for once
more where SUNAT says that it has ended. Refusals are ``Falla``, as from the SOAP services.
Source: SUNAT, GRE OpenAPI 1.0.0; reference on SUNAT, 1.8, 1.9.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from addons.sunat.client import LIMITES, Falla, Perdida
from kernel.outbound import AnswerRefused, Limits, Reply

CREDENCIALES = 102
"""SUNAT's code for a user or password that is wrong; what a refused token comes to."""
EN_PROCESO, CON_ERROR, HECHO = "98", "99", "0"
MARGEN = 60.0
"""Seconds before its end from which on a token is not used any more."""


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


SANDBOX = "http://sandbox.invalid"
_DE_SUNAT = DireccionesRest(
    "https://api-seguridad.sunat.gob.pe", "https://api-cpe.sunat.gob.pe", "https://api.sunat.gob.pe"
)
ENTORNOS_REST = {
    "sandbox": DireccionesRest(SANDBOX, SANDBOX, SANDBOX),
    "beta": DireccionesRest("", "", ""),
    "produccion": _DE_SUNAT,
}
"""SUNAT has no beta of its REST services."""


@dataclass(frozen=True, slots=True)
class CredencialesRest:
    """An application of the company at SUNAT, and who signs in (RUC and SOL user together)."""

    client_id: str
    client_secret: str
    usuario: str
    clave: str


@dataclass(frozen=True, slots=True)
class EstadoGuia:
    """The answer about a ticket: 98 in process, 0 accepted, 99 refused; and the CDR, if any."""

    codigo: str
    error: int = 0
    mensaje: str = ""
    cdr: bytes | None = None


@dataclass(frozen=True, slots=True)
class Validez:
    """What SUNAT says of a comprobante: 0 unknown, 1 accepted, 2 voided, 3 authorised, 4 not."""

    estado: str
    estado_ruc: str = ""
    condicion_domicilio: str = ""
    observaciones: tuple[str, ...] = ()


_fichas: dict[tuple[str, str, str], tuple[str, float]] = {}
_candado = threading.Lock()


class _Rest:
    """Calls that carry a token."""

    ambito = ""

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
        self._credenciales = credenciales
        self._limites = limites

    def _pedido_de_ficha(self) -> tuple[str, dict[str, str]]:
        raise NotImplementedError

    def _llamar(self, metodo: str, url: str, cuerpo: Any = None) -> Any:
        """Return the JSON that is answered.

        Raises:
            Falla: SUNAT refused it, with a code; 102 where it refuses who signs in.
            Perdida: the outcome is unknown.
            RemoteDown: nothing was sent.
        """
        reply = self._enviar(metodo, url, cuerpo, self._ficha())
        if reply.status == 401:
            self._olvidar()
            reply = self._enviar(metodo, url, cuerpo, self._ficha())
        return _leer(reply)

    def _enviar(self, metodo: str, url: str, cuerpo: Any, ficha: str) -> Reply:
        try:
            return self._transporte.request(
                metodo,
                url,
                json=cuerpo,
                headers={"authorization": f"Bearer {ficha}"},
                limits=self._limites,
            )
        except AnswerRefused as error:
            raise Perdida(str(error)) from None

    @property
    def _clave(self) -> tuple[str, str, str]:
        dados = self._credenciales
        secreto = f"{dados.client_secret}\0{dados.clave}".encode()
        return (self.ambito, dados.client_id, hashlib.sha256(secreto).hexdigest())

    def _olvidar(self) -> None:
        with _candado:
            _fichas.pop(self._clave, None)

    def _ficha(self) -> str:
        """Return a token that still holds."""
        with _candado:
            ficha, hasta = _fichas.get(self._clave, ("", 0.0))
        if ficha and time.monotonic() < hasta:
            return ficha
        url, campos = self._pedido_de_ficha()
        try:
            reply = self._transporte.request("POST", url, form=campos, limits=self._limites)
        except AnswerRefused as error:
            raise Perdida(str(error)) from None
        if reply.status in (400, 401, 403):
            raise Falla(CREDENCIALES, "SUNAT no dio un token: revise client_id, clave y usuario.")
        dicho = _leer(reply)
        ficha = str(dicho.get("access_token") or "")
        if not ficha:
            raise Perdida("La respuesta no trae un token.")
        dura = float(dicho.get("expires_in") or 0)
        with _candado:
            _fichas[self._clave] = (ficha, time.monotonic() + max(0.0, dura - MARGEN))
        return ficha


class GuiasClient(_Rest):
    """Sends guías and asks for their tickets."""

    ambito = "https://api-cpe.sunat.gob.pe"

    def _pedido_de_ficha(self) -> tuple[str, dict[str, str]]:
        dados = self._credenciales
        url = f"{self._direcciones.seguridad}/v1/clientessol/{dados.client_id}/oauth2/token/"
        return url, {
            "grant_type": "password",
            "scope": self.ambito,
            "client_id": dados.client_id,
            "client_secret": dados.client_secret,
            "username": dados.usuario,
            "password": dados.clave,
        }

    def enviar(self, nombre: str, paquete: bytes) -> str:
        """Return the ticket of a guía.

        Raises:
            Falla, Perdida, RemoteDown: as the SOAP services; a lost ticket cannot be asked for.
        """
        archivo = {
            "nomArchivo": f"{nombre}.zip",
            "arcGreZip": base64.b64encode(paquete).decode(),
            "hashZip": hashlib.sha256(paquete).hexdigest(),
        }
        url = f"{self._direcciones.guias}/v1/contribuyente/gem/comprobantes/{nombre}"
        dicho = self._llamar("POST", url, {"archivo": archivo})
        ticket = str(dicho.get("numTicket") or "")
        if not ticket:
            raise Perdida("La respuesta no trae ticket.")
        return ticket

    def consultar(self, ticket: str) -> EstadoGuia:
        """Return how far a guía is.

        Raises:
            Falla, Perdida, RemoteDown: as ``enviar``; asking changes nothing.
        """
        url = f"{self._direcciones.guias}/v1/contribuyente/gem/comprobantes/envios/{ticket}"
        dicho = self._llamar("GET", url)
        codigo = str(dicho.get("codRespuesta") or "")
        if codigo not in (EN_PROCESO, CON_ERROR, HECHO):
            raise Perdida(f"SUNAT respondió un estado que no se conoce: {codigo[:20]}")
        error = dicho.get("error") or {}
        numero = str(error.get("numError") or "")
        return EstadoGuia(
            codigo,
            int(numero) if numero.isdigit() else 0,
            str(error.get("desError") or "")[:2000],
            _cdr(dicho),
        )


def _cdr(dicho: Mapping[str, Any]) -> bytes | None:
    texto = dicho.get("arcCdr")
    if not texto or str(dicho.get("indCdrGenerado") or "1") == "0":
        return None
    try:
        return base64.b64decode(str(texto), validate=True)
    except (binascii.Error, ValueError):
        raise Perdida("El CDR de la respuesta no es base64.") from None


class ValidezClient(_Rest):
    """Asks whether a comprobante of anybody's is valid."""

    ambito = "https://api.sunat.gob.pe/v1/contribuyente/contribuyentes"

    def _pedido_de_ficha(self) -> tuple[str, dict[str, str]]:
        dados = self._credenciales
        url = f"{self._direcciones.seguridad}/v1/clientesextranet/{dados.client_id}/oauth2/token/"
        return url, {
            "grant_type": "client_credentials",
            "scope": self.ambito,
            "client_id": dados.client_id,
            "client_secret": dados.client_secret,
        }

    def validar(self, pregunta: Pregunta) -> Validez:
        """Return what SUNAT says of a comprobante.

        Raises:
            Falla, Perdida, RemoteDown: as the SOAP services; asking changes nothing.
        """
        url = (
            f"{self._direcciones.validez}/v1/contribuyente/contribuyentes/"
            f"{pregunta.quien}/validarcomprobante"
        )
        cuerpo = {
            "numRuc": pregunta.emisor,
            "codComp": pregunta.tipo,
            "numeroSerie": pregunta.serie,
            "numero": str(pregunta.numero),
            "fechaEmision": pregunta.fecha,
            "monto": f"{pregunta.monto:.2f}",
        }
        dicho = self._llamar("POST", url, cuerpo)
        datos = dicho.get("data")
        if not isinstance(datos, dict) or "estadoCp" not in datos:
            raise Perdida(f"SUNAT no respondió: {str(dicho.get('message') or '')[:200]}")
        return Validez(
            str(datos["estadoCp"]),
            str(datos.get("estadoRuc") or ""),
            str(datos.get("condDomiRuc") or ""),
            tuple(str(una)[:500] for una in datos.get("observaciones") or ()),
        )


@dataclass(frozen=True, slots=True)
class Pregunta:
    """Which comprobante is asked about: ``quien`` asks; ``fecha`` as DD/MM/AAAA."""

    quien: str
    emisor: str
    tipo: str
    serie: str
    numero: int
    fecha: str
    monto: Decimal


def _leer(reply: Reply) -> Any:
    """Return the JSON object of a reply.

    Raises:
        Falla: it is a refusal with a code.
        Perdida: it is neither.
    """
    if reply.status == 401:
        raise Falla(CREDENCIALES, "SUNAT no admite el token.")
    dicho = reply.json()
    if not isinstance(dicho, dict):
        raise Perdida(f"Respuesta {reply.status}: no es un objeto.")
    if 200 <= reply.status < 300:
        return dicho
    errores = dicho.get("errors")
    primero = errores[0] if isinstance(errores, list) and errores else dicho
    if not isinstance(primero, dict):
        primero = dicho
    codigo = str(primero.get("cod") or "")
    mensaje = str(primero.get("msg") or dicho.get("msg") or "")[:2000]
    if codigo.isdigit() and reply.status < 500:
        raise Falla(int(codigo), mensaje)
    raise Perdida(f"Respuesta {reply.status}: {codigo} {mensaje}".strip())
