"""Reading a CDR, SUNAT's answer, out of its package; and what a code means for a document.

A package is opened by its directory first, and takes one entry ``R-….xml`` in any case; real ones
carry a stray ``dummy/``. Source: reference on SUNAT, 1.1, 1.7; samples of CDRs.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from addons.sunat.documents.escritura import CAC, CBC
from kernel import archives
from kernel.archives import ArchiveRefused
from kernel.xml import XmlRefused, parse_xml

if TYPE_CHECKING:
    from lxml.etree import _Element

LIMITES = archives.Limits(entries=10, unpacked=4 * 1024 * 1024, ratio=200)
_NS = {"cac": CAC, "cbc": CBC}
_ENTRADA = re.compile(r"(?:.*/)?R-[^/]+\.xml", re.IGNORECASE)
_TIPO = re.compile(r"R-\d{11}-(\d{2})-")


class CdrIlegible(Exception):
    """The package is no CDR: damaged, a bomb, with a DTD, or without the facts."""


class Desenlace(Enum):
    """What became of a call."""

    ACEPTADO = "aceptado"
    RECHAZADO = "rechazado"
    EXCEPCION = "excepcion"
    """Never registered: the same number is sent again once it is mended."""
    DESCONOCIDO = "desconocido"
    """It may be registered: ask before anything else."""
    REGISTRADO = "registrado"
    """SUNAT has this number already; maybe from a call whose answer was lost."""
    SISTEMICO = "sistemico"
    """Credentials or enrolment: nothing of the company gets through."""


SISTEMICOS = frozenset(
    {101, 102, 103, 104, 105, 106, 107, 108, 110, 111, 112, 113, 154, 1078, 1086}
)
PASAJEROS = frozenset({109, 140, *range(130, 139), *range(200, 251)})
REGISTRADOS = frozenset({1032, 1033})


def desenlace(codigo: int) -> Desenlace:
    """Return what a code of SUNAT's means, whether a fault or a CDR told it."""
    if codigo in SISTEMICOS:
        return Desenlace.SISTEMICO
    if codigo in REGISTRADOS:
        return Desenlace.REGISTRADO
    if 2000 <= codigo < 4000:
        return Desenlace.RECHAZADO
    if codigo >= 4000:
        return Desenlace.ACEPTADO
    if codigo in PASAJEROS or codigo < 100:
        return Desenlace.DESCONOCIDO
    return Desenlace.EXCEPCION


@dataclass(frozen=True, slots=True)
class Cdr:
    """A constancia: of which document, its code and text, observations, digest where it tells one.

    ``enlace`` is what it says in DocumentDescription: for a guía, the address of its QR.
    """

    ruc: str
    referencia: str
    codigo: int
    descripcion: str
    notas: tuple[str, ...]
    digest: str
    enlace: str
    xml: bytes
    tipo: str = ""
    """Of the document, where the name of its file tells."""

    @property
    def desenlace(self) -> Desenlace:
        """What it means for the document."""
        return Desenlace.ACEPTADO if self.codigo == 0 else desenlace(self.codigo)


def leer_cdr(paquete: bytes) -> Cdr:
    """Return the CDR in a package.

    Raises:
        CdrIlegible: it is none; the message says why, for a person.
    """
    xml, nombre = _extraer(paquete)
    dicho = _TIPO.match(nombre.rpartition("/")[2])
    try:
        raiz = parse_xml(xml)
    except XmlRefused as error:
        raise CdrIlegible(error.message) from None
    respuesta = raiz.find(".//cac:DocumentResponse/cac:Response", _NS)
    codigo = _texto(respuesta, "cbc:ResponseCode")
    if respuesta is None or not codigo.isdigit():
        raise CdrIlegible("El CDR no dice su código de respuesta.")
    documento = raiz.find(".//cac:DocumentResponse/cac:DocumentReference", _NS)
    return Cdr(
        ruc=_texto(raiz, "cac:ReceiverParty/cac:PartyIdentification/cbc:ID"),
        referencia=_texto(respuesta, "cbc:ReferenceID") or _texto(documento, "cbc:ID"),
        codigo=int(codigo),
        descripcion=_texto(respuesta, "cbc:Description"),
        notas=tuple((uno.text or "").strip() for uno in raiz.iterfind("cbc:Note", _NS)),
        digest=_texto(documento, ".//cbc:DocumentHash"),
        enlace=_texto(documento, "cbc:DocumentDescription"),
        xml=xml,
        tipo=dicho[1] if dicho is not None else "",
    )


def mismo_documento(cdr: Cdr, ruc: str, serie: str, numero: int, tipo: str = "") -> bool:
    """Return whether a CDR is about a comprobante of a company, zeros at the left aside.

    Old rejections name no receiver.
    """
    suya, _, suyo = cdr.referencia.partition("-")
    igual = suya == serie and suyo.isdigit() and int(suyo) == numero
    return igual and cdr.ruc in ("", ruc) and (not tipo or cdr.tipo in ("", tipo))


def mismo_resumen(cdr: Cdr, ruc: str, identificador: str) -> bool:
    """Return whether a CDR is about a resumen, ``RC-20261126-1``, of a company."""
    return cdr.referencia == identificador and cdr.ruc in ("", ruc)


def _texto(nodo: _Element | None, camino: str) -> str:
    texto = nodo.findtext(camino, namespaces=_NS) if nodo is not None else None
    return (texto or "").strip()


def _extraer(paquete: bytes) -> tuple[bytes, str]:
    archivo = io.BytesIO(paquete)
    try:
        nombres = archives.inspect(archivo, LIMITES)
        suyos = [uno for uno in nombres if _ENTRADA.fullmatch(uno)]
        if len(suyos) != 1:
            raise CdrIlegible("El paquete no trae una constancia R-….xml.")
        with zipfile.ZipFile(archivo) as abierto:
            return abierto.read(suyos[0]), suyos[0]
    except ArchiveRefused as error:
        raise CdrIlegible(error.message) from None
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError):
        raise CdrIlegible("El paquete del CDR está dañado.") from None
