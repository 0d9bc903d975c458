"""SOAP 1.1 of billService: requests as bytes, answers and their three kinds of fault as values.

Source: SUNAT's WSDL (billService, billConsultService); OASIS WS-Security UsernameToken 1.0.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from addons.sunat.documents.escritura import el, escapar
from kernel.xml import XmlRefused, parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICIO = "http://service.sunat.gob.pe"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
TEXTO = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
    "#PasswordText"
)
CON_ERRORES = 99
"""What getStatus says of a ticket that ended with errors."""
_CODIGO = re.compile(r"(?<!\d)\d{4}(?!\d)")


class RespuestaIlegible(Exception):
    """What came back is no answer of the service: cut, HTML, or something else."""


class Falla(Exception):
    """The service refused the call; ``codigo`` is SUNAT's, 0 where it told none."""

    def __init__(self, codigo: int, mensaje: str) -> None:
        super().__init__(f"{codigo:04d} {mensaje}")
        self.codigo = codigo
        self.mensaje = mensaje


@dataclass(frozen=True, slots=True)
class Estado:
    """The answer to a query: its code, and the package with the CDR where there is one."""

    codigo: str
    mensaje: str
    contenido: bytes | None


def sobre(operacion: str, usuario: str, clave: str, **campos: str) -> bytes:
    """Return a request, signed in with a user name and password."""
    dentro = "".join(el(nombre, texto) for nombre, texto in campos.items())
    return (
        f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:ser="{SERVICIO}" xmlns:wsse="{WSSE}">'
        "<soapenv:Header><wsse:Security><wsse:UsernameToken>"
        f"<wsse:Username>{escapar(usuario)}</wsse:Username>"
        f'<wsse:Password Type="{TEXTO}">{escapar(clave)}</wsse:Password>'
        "</wsse:UsernameToken></wsse:Security></soapenv:Header>"
        f"<soapenv:Body><ser:{operacion}>{dentro}</ser:{operacion}></soapenv:Body>"
        "</soapenv:Envelope>"
    ).encode()


def leer(contenido: bytes) -> _Element:
    """Return what the body of an answer holds.

    Raises:
        Falla: it is a fault.
        RespuestaIlegible: it is no SOAP answer.
    """
    try:
        raiz = parse_xml(contenido, limit=16 * 1024 * 1024)
    except XmlRefused as error:
        raise RespuestaIlegible(error.message) from None
    cuerpo = raiz.find(f"{{{SOAP}}}Body")
    if raiz.tag != f"{{{SOAP}}}Envelope" or cuerpo is None or not len(cuerpo):
        raise RespuestaIlegible("La respuesta no es SOAP.")
    if cuerpo[0].tag == f"{{{SOAP}}}Fault":
        raise _falla(cuerpo[0])
    return cuerpo[0]


def codigo_en(texto: str) -> int:
    """Return the last code of SUNAT's in a text, 0 where there is none."""
    encontrados = _CODIGO.findall(texto)
    return int(encontrados[-1]) if encontrados else 0


def _falla(nodo: _Element) -> Falla:
    """Return a fault: the last 4 digits of faultcode, else of faultstring, else of detail.

    SUNAT writes ``soap-env:Client.2800``; its service for other documents the code as faultstring;
    an OSE tells it in detail.
    """
    textos = [
        " ".join("".join(hijo.itertext()).strip() for hijo in nodo.iterfind(nombre))
        for nombre in ("faultcode", "faultstring", "detail")
    ]
    mensaje = next((texto for texto in textos[1:] if re.search(r"[^\d\s]", texto)), textos[1])
    return Falla(next(filter(None, map(codigo_en, textos)), 0), mensaje[:2000])


def contenido_de(respuesta: _Element, nombre: str) -> bytes:
    """Return the bytes of a field, decoded.

    Raises:
        RespuestaIlegible: there is none, or it is no base64.
    """
    texto = respuesta.findtext(f".//{nombre}") or ""
    try:
        datos = base64.b64decode("".join(texto.split()), validate=True)
    except (binascii.Error, ValueError):
        raise RespuestaIlegible(f"El campo {nombre} no es base64.") from None
    if not datos:
        raise RespuestaIlegible(f"La respuesta no trae {nombre}.")
    return datos


def estado_de(respuesta: _Element) -> Estado:
    """Return the answer to getStatus or getStatusCdr.

    Of a ticket that ended with errors, the content may be a text in place of a CDR.

    Raises:
        RespuestaIlegible: it has no code, or a content that is neither.
    """
    codigo = (respuesta.findtext(".//statusCode") or "").strip()
    if not codigo.isdigit():
        raise RespuestaIlegible("La respuesta no trae statusCode.")
    mensaje = (respuesta.findtext(".//statusMessage") or "").strip()
    hay = (respuesta.findtext(".//content") or "").strip()
    if not hay:
        return Estado(codigo, mensaje, None)
    try:
        return Estado(codigo, mensaje, contenido_de(respuesta, "content"))
    except RespuestaIlegible:
        if int(codigo) != CON_ERRORES:
            raise
        return Estado(codigo, hay[:2000], None)
