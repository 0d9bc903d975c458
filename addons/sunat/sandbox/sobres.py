"""SOAP of the sandbox: what is asked for, the document inside it, and answers."""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
from typing import TYPE_CHECKING

from addons.sunat.documents.escritura import el, grupo
from addons.sunat.documents.soap import SERVICIO, SOAP, WSSE
from addons.sunat.sandbox import juez
from addons.sunat.sandbox.ajustes import Negativa
from kernel.xml import XmlRefused, parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element


def abrir(cuerpo: bytes) -> tuple[_Element, tuple[str, str]]:
    """Return what is asked for, and user and password."""
    try:
        sobre = parse_xml(cuerpo, limit=32 * 1024 * 1024)
    except XmlRefused:
        raise Negativa(0, "SOAP ilegible") from None
    pedido = sobre.find(f"{{{SOAP}}}Body/*")
    usuario = sobre.findtext(f".//{{{WSSE}}}Username")
    clave = sobre.findtext(f".//{{{WSSE}}}Password")
    if usuario is None or clave is None or pedido is None:
        raise Negativa(101)
    return pedido, (usuario, clave)


def decodificar(texto: str) -> bytes:
    """Return the bytes of a field."""
    try:
        return base64.b64decode(texto, validate=True)
    except (binascii.Error, ValueError):
        raise Negativa(156) from None


def desempaquetar(paquete: bytes, nombre: str) -> bytes:
    """Return the one document in a package, which has the package's name."""
    if not paquete:
        raise Negativa(155)
    try:
        with zipfile.ZipFile(io.BytesIO(paquete)) as abierto:
            entradas = [uno for uno in abierto.infolist() if not uno.is_dir()]
            if not entradas:
                raise Negativa(157)
            if len(entradas) > 1:
                raise Negativa(158)
            if entradas[0].file_size > 4 * 1024 * 1024:
                raise Negativa(156)
            xml = abierto.read(entradas[0])
    except (zipfile.BadZipFile, EOFError, RuntimeError):
        raise Negativa(156) from None
    if not entradas[0].filename.lower().endswith(".xml"):
        raise Negativa(159)
    if not xml:
        raise Negativa(160)
    if entradas[0].filename != f"{nombre}.xml":
        raise Negativa(161)
    return xml


def leer_documento(xml: bytes, esperada: str) -> _Element:
    """Return the root of a document, which is of the expected name."""
    try:
        documento = parse_xml(xml)
    except XmlRefused as error:
        raise Negativa(306, error.message) from None
    if juez.nombre_de(documento) != esperada:
        raise Negativa(306, "raíz inesperada")
    return documento


def sobre_de(dentro: str) -> bytes:
    """Return an answer."""
    return (
        f'<soap-env:Envelope xmlns:soap-env="{SOAP}"><soap-env:Header/>'
        f"<soap-env:Body>{dentro}</soap-env:Body></soap-env:Envelope>"
    ).encode()


def falla_de(codigo: int, detalle: str) -> bytes:
    """Return a refusal as SUNAT's service for comprobantes tells it."""
    return sobre_de(
        "<soap-env:Fault>"
        + el("faultcode", f"soap-env:Client.{codigo:04d}")
        + el("faultstring", f"{juez.TEXTOS.get(codigo, 'Error')} {detalle}".strip())
        + "</soap-env:Fault>"
    )


def estado_de(codigo: str, mensaje: str, cdr: bytes | None = None) -> bytes:
    """Return the answer to a question about a comprobante."""
    contenido = el("content", base64.b64encode(cdr).decode()) if cdr else ""
    estado = grupo("statusCdr", contenido, el("statusCode", codigo), el("statusMessage", mensaje))
    return sobre_de(
        f'<br:getStatusCdrResponse xmlns:br="{SERVICIO}">{estado}</br:getStatusCdrResponse>'
    )


def ticket_de(ticket: str) -> bytes:
    """Return the answer to sendSummary."""
    dentro = el("ticket", ticket)
    return sobre_de(
        f'<br:sendSummaryResponse xmlns:br="{SERVICIO}">{dentro}</br:sendSummaryResponse>'
    )


def avance_de(codigo: int, cdr: bytes = b"") -> bytes:
    """Return the answer to getStatus: 0 done, 98 in process, 99 done with errors."""
    contenido = el("content", base64.b64encode(cdr).decode()) if cdr else ""
    estado = grupo("status", contenido, el("statusCode", codigo))
    return sobre_de(f'<br:getStatusResponse xmlns:br="{SERVICIO}">{estado}</br:getStatusResponse>')
