"""The sandbox's judgement of a document: XSD and signature, and what its other judges share.

It shares nothing with the product's rules and arithmetic, or it would prove nothing: it reads a
document as SUNAT's validator does and says the first code that it would answer.
Source: SUNAT, "Validaciones" v20260212, General, Firma; XML Signature.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from kernel.xml import parse_xml, read_schema

if TYPE_CHECKING:
    from lxml.etree import XMLSchema, _Element

NS = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    "ext": "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
TEXTOS = {
    0: "El pedido no se entiende",
    101: "El encabezado de seguridad es incorrecto",
    102: "Usuario o contraseña incorrectos",
    103: "El Usuario ingresado no existe",
    109: "El sistema no puede responder su solicitud. (El servicio de autenticación no está "
    "disponible)",
    130: "El sistema no puede responder su solicitud. (No se pudo obtener el ticket de proceso)",
    151: "El nombre del archivo ZIP es incorrecto",
    154: "El RUC del archivo no corresponde al RUC del usuario o el proveedor no esta autorizado",
    155: "El archivo ZIP esta vacio",
    156: "El archivo ZIP esta corrupto",
    157: "El archivo ZIP no contiene comprobantes",
    158: "El archivo ZIP contiene demasiados comprobantes para este tipo de envío",
    159: "El nombre del archivo XML es incorrecto",
    160: "El archivo XML esta vacio",
    161: "El nombre del archivo XML no coincide con el nombre del archivo ZIP",
    306: "No se puede leer (parsear) el archivo XML",
    1032: "El comprobante ya esta informado y se encuentra con estado anulado o rechazado",
    1033: "El comprobante fue registrado previamente con otros datos",
    1034: "Número de RUC del nombre del archivo no coincide con el consignado",
    1035: "Numero de Serie del nombre del archivo no coincide con el consignado",
    1036: "Número de documento en el nombre del archivo no coincide con el consignado",
    1079: "Solo puede enviar el comprobante en un resumen diario",
    2017: "El numero de documento de identidad del receptor debe ser RUC",
    2072: "CustomizationID - La versión del documento no es la correcta",
    2074: "UBLVersionID - La versión del UBL no es correcta",
    2108: "Presentacion fuera de fecha",
    2325: "El certificado usado no es el comunicado a SUNAT",
    2326: "El certificado usado se encuentra de baja",
    2329: "La fecha de emision se encuentra fuera del limite permitido",
    2335: "El documento electrónico ingresado ha sido alterado",
    1085: "Debe enviar las guias de remisión por el nuevo sistema de recepción de guias "
    "electronicas",
    126: "El ticket no le pertenece",
    127: "El ticket no existe",
    2223: "El archivo ya fue presentado anteriormente",
    2236: "La fecha del IssueDate no debe ser mayor a la fecha de recepción",
    2301: "La fecha del IssueDate no debe ser mayor a la fecha de recepción",
    2324: "El archivo de comunicacion de baja ya fue presentado anteriormente",
    2346: "La fecha de generación del resumen debe ser igual a la del nombre del archivo",
    2076: "No existe información de la firma",
}
Encontrado = tuple[int, str]
"""A code that a document comes to, and where."""


@dataclass(frozen=True, slots=True)
class Veredicto:
    """What a document comes to: code 0 accepted; else the first code, and where."""

    ruc: str
    identificador: str
    codigo: int
    detalle: str
    digest: str
    hechos: dict[str, str]
    observaciones: tuple[str, ...] = field(default=())


def error_de_esquema(documento: _Element, esquemas: Path | None) -> str:
    """Return how a document breaks its XSD; nothing where there are no schemas to ask."""
    if esquemas is None:
        return ""
    nombre = nombre_de(documento)
    de_sunat = esquemas / "sunat-1.0" / "maindoc" / f"UBLPE-{nombre}-1.0.xsd"
    de_ubl = esquemas / "ubl-2.1" / "maindoc" / f"UBL-{nombre}-2.1.xsd"
    esquema = _esquema(de_sunat if de_sunat.is_file() else de_ubl)
    if esquema.validate(documento):
        return ""
    return str(esquema.error_log.last_error)


def nombre_de(nodo: _Element) -> str:
    """Return an element's name without its namespace."""
    return str(nodo.tag).rpartition("}")[2]


@cache
def _esquema(ruta: Path) -> XMLSchema:
    return read_schema(ruta)


def texto_de(nodo: _Element | None, camino: str) -> str:
    """Return the text of an element, nothing where there is none."""
    texto = nodo.findtext(camino, namespaces=NS) if nodo is not None else None
    return (texto or "").strip()


def numero_de(nodo: _Element | None, camino: str) -> Decimal:
    """Return the number in an element, zero where there is none."""
    return Decimal(texto_de(nodo, camino) or "0")


# Signature ----------------------------------------------------------------------------------------


def revisar_firma(documento: _Element, ruc: str, hoy: date) -> tuple[int, str]:
    """Return 0 and the digest of a good signature, or the code of what is wrong with it."""
    firma = documento.find(".//ext:ExtensionContent/ds:Signature", NS)
    digest = texto_de(firma, "ds:SignedInfo/ds:Reference/ds:DigestValue")
    texto = texto_de(firma, "ds:KeyInfo/ds:X509Data/ds:X509Certificate")
    if firma is None or not digest or not texto:
        return 2076, digest
    certificado = x509.load_der_x509_certificate(base64.b64decode(texto))
    if not _verificada(documento, firma, certificado):
        return 2335, digest
    if not any(ruc in str(uno.value) for uno in certificado.subject):
        return 2325, digest
    vence = certificado.not_valid_after_utc.date()
    if not certificado.not_valid_before_utc.date() <= hoy <= vence:
        return 2326, digest
    return 0, digest


def _verificada(documento: _Element, firma: _Element, certificado: x509.Certificate) -> bool:
    from copy import deepcopy

    from lxml import etree

    info = firma.find("ds:SignedInfo", NS)
    publica = certificado.public_key()
    if info is None or not isinstance(publica, rsa.RSAPublicKey):
        return False
    metodo = info.find("ds:CanonicalizationMethod", NS)
    exclusiva = metodo is not None and "exc-c14n" in (metodo.get("Algorithm") or "")
    suelta = parse_xml(etree.tostring(info, with_tail=False))
    canonica = etree.tostring(suelta, method="c14n", exclusive=exclusiva)
    valor = base64.b64decode(texto_de(firma, "ds:SignatureValue"))
    try:
        publica.verify(valor, canonica, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    copia = deepcopy(documento)
    suya = copia.find(".//ext:ExtensionContent/ds:Signature", NS)
    padre = suya.getparent() if suya is not None else None
    if suya is None or padre is None:
        return False
    padre.remove(suya)
    resumen = hashlib.sha256(etree.tostring(copia, method="c14n")).digest()
    return base64.b64encode(resumen).decode() == texto_de(info, "ds:Reference/ds:DigestValue")
