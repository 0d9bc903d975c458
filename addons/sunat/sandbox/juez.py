"""The sandbox's judgement of a document: XSD, signature and sums, read from the XML alone.

It shares nothing with the product's rules and arithmetic, or it would prove nothing: it reads a
document as SUNAT's validator does and says the first code that it would answer.
Source: SUNAT, "Validaciones" v20260212, General, Firma, Factura; XML Signature.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
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
UNO = Decimal(1)
LINEAS = ("cac:InvoiceLine", "cac:CreditNoteLine", "cac:DebitNoteLine")
SUMAN = ("1000", "1016", "2000", "7152", "9999")
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


def juzgar(documento: _Element, tipo: str, hoy: date) -> Veredicto:
    """Return SUNAT's verdict on a document of a type, received today."""
    ruc = texto_de(
        documento, "cac:AccountingSupplierParty/cac:Party/cac:PartyIdentification/cbc:ID"
    )
    codigo, digest = revisar_firma(documento, ruc, hoy)
    detalle = ""
    if not codigo:
        for prueba in _PRUEBAS:
            try:
                encontrado = next(prueba(documento, tipo, hoy), None)
            except InvalidOperation:
                encontrado = (306, "un número no se puede leer")
            if encontrado is not None:
                codigo, detalle = encontrado
                break
    totales = documento.find("cac:LegalMonetaryTotal", NS)
    if totales is None:
        totales = documento.find("cac:RequestedMonetaryTotal", NS)
    hechos = {
        "fecha": texto_de(documento, "cbc:IssueDate"),
        "importe": texto_de(totales, "cbc:PayableAmount"),
        "moneda": texto_de(documento, "cbc:DocumentCurrencyCode"),
    }
    return Veredicto(ruc, texto_de(documento, "cbc:ID"), codigo, detalle, digest, hechos)


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


# Content ------------------------------------------------------------------------------------------

Encontrado = tuple[int, str]


SERIES = {
    "01": re.compile(r"F[A-Z0-9]{3}-\d{1,8}"),
    "03": re.compile(r"B[A-Z0-9]{3}-\d{1,8}"),
}
DE_NOTA = re.compile(r"[FB][A-Z0-9]{3}-\d{1,8}")


def _versiones(documento: _Element, tipo: str, hoy: date) -> Iterator[Encontrado]:
    if texto_de(documento, "cbc:UBLVersionID") != "2.1":
        yield 2074, "UBLVersionID"
    if texto_de(documento, "cbc:CustomizationID") != "2.0":
        yield 2072, "CustomizationID"
    if not SERIES.get(tipo, DE_NOTA).fullmatch(texto_de(documento, "cbc:ID")):
        yield 1001, "ID"


def _fechas(documento: _Element, tipo: str, hoy: date) -> Iterator[Encontrado]:
    emitida = date.fromisoformat(texto_de(documento, "cbc:IssueDate"))
    if emitida > hoy + timedelta(days=2):
        yield 2329, "IssueDate"
    de_factura = texto_de(documento, "cbc:ID").startswith("F")
    if hoy - emitida > timedelta(days=3 if de_factura else 5):
        yield (2108 if de_factura else 1079), "IssueDate"


def _partes(documento: _Element, tipo: str, hoy: date) -> Iterator[Encontrado]:
    emisor = "cac:AccountingSupplierParty/cac:Party/"
    direccion = f"{emisor}cac:PartyLegalEntity/cac:RegistrationAddress/"
    if not texto_de(documento, f"{direccion}cbc:AddressTypeCode"):
        yield 3030, "AddressTypeCode"
    receptor = documento.find(
        "cac:AccountingCustomerParty/cac:Party/cac:PartyIdentification/cbc:ID", NS
    )
    if receptor is None or not (receptor.text or "").strip():
        yield 2014, "ID"
        return
    numero, clase = (receptor.text or "").strip(), receptor.get("schemeID")
    if clase == "6" and not _ruc_valido(numero):
        yield 2017, numero
    if clase == "1" and not re.fullmatch(r"\d{8}", numero):
        yield 2801, numero
    if tipo == "01" and not documento.findall("cac:PaymentTerms[cbc:ID='FormaPago']", NS):
        yield 3244, "PaymentTerms"


def _ruc_valido(numero: str) -> bool:
    if not re.fullmatch(r"(10|15|16|17|20)\d{9}", numero):
        return False
    suma = sum(
        int(cifra) * peso
        for cifra, peso in zip(numero[:10], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=True)
    )
    return (11 - suma % 11) % 10 == int(numero[10])


def _lineas_de(documento: _Element) -> list[_Element]:
    return [uno for nombre in LINEAS for uno in documento.iterfind(nombre, NS)]


def _subtotales(nodo: _Element) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """Return base, amount and rate of each tribute of a line or of the whole."""
    return {
        texto_de(uno, "cac:TaxCategory/cac:TaxScheme/cbc:ID"): (
            numero_de(uno, "cbc:TaxableAmount"),
            numero_de(uno, "cbc:TaxAmount"),
            numero_de(uno, "cac:TaxCategory/cbc:Percent") / 100,
        )
        for uno in nodo.iterfind("cac:TaxTotal/cac:TaxSubtotal", NS)
    }


def _cargos(nodo: _Element) -> dict[str, Decimal]:
    montos: dict[str, Decimal] = {}
    for uno in nodo.iterfind("cac:AllowanceCharge", NS):
        codigo = texto_de(uno, "cbc:AllowanceChargeReasonCode")
        montos[codigo] = montos.get(codigo, Decimal(0)) + numero_de(uno, "cbc:Amount")
    return montos


def _difiere(uno: Decimal, otro: Decimal) -> bool:
    return abs(uno - otro) > UNO


def _lineas(documento: _Element, tipo: str, hoy: date) -> Iterator[Encontrado]:
    lineas = _lineas_de(documento)
    if not lineas:
        yield 2023, "líneas"
    for linea in lineas:
        yield from _linea(linea)


def _linea(linea: _Element) -> Iterator[Encontrado]:
    cantidad = next(
        Decimal((uno.text or "0").strip())
        for uno in linea
        if str(uno.tag).endswith(("InvoicedQuantity", "CreditedQuantity", "DebitedQuantity"))
    )
    valor = numero_de(linea, "cbc:LineExtensionAmount")
    cargos, tributos = _cargos(linea), _subtotales(linea)
    cero = Decimal(0)
    gratuita = tributos.get("9996", (cero, cero, cero))[0] > 0
    de_venta = numero_de(
        linea, "cac:PricingReference/cac:AlternativeConditionPrice/cbc:PriceAmount"
    )
    unitario = de_venta if gratuita else numero_de(linea, "cac:Price/cbc:PriceAmount")
    esperado = unitario * cantidad - cargos.get("00", cero) + cargos.get("47", cero)
    if _difiere(valor, esperado):
        yield 3271, f"{valor} {esperado}"
    isc = tributos.get("2000", (cero, cero, cero))
    for codigo in ("1000", "1016"):
        if codigo in tributos:
            base, monto, tasa = tributos[codigo]
            if (isc[0] > 0 and _difiere(base, valor + isc[1])) or (not isc[0] and base != valor):
                yield 3272, f"{base} {valor}"
            if _difiere(monto, base * tasa):
                yield 3103, f"{monto}"
    if isc[0] > 0 and _difiere(isc[1], isc[0] * isc[2]):
        yield 3108, f"{isc}"
    impuestos = numero_de(linea, "cac:TaxTotal/cbc:TaxAmount")
    if _difiere(impuestos, sum((tributos[c][1] for c in SUMAN if c in tributos), cero)):
        yield 3292, f"{impuestos}"
    pagado = valor + impuestos - cargos.get("01", cero) + cargos.get("48", cero)
    if not gratuita and _difiere(de_venta, pagado / cantidad):
        yield 3270, f"{de_venta}"


CERO = Decimal(0)
NADA = (CERO, CERO, CERO)


class _Leido:
    """The sums of a document, as its XML has them."""

    def __init__(self, documento: _Element, tipo: str) -> None:
        self.lineas = [
            (numero_de(uno, "cbc:LineExtensionAmount"), _subtotales(uno), _cargos(uno))
            for uno in _lineas_de(documento)
        ]
        self.cargos, self.tributos = _cargos(documento), _subtotales(documento)
        self.ajuste = self.cargo("49") - self.cargo("02")
        self.gravado = "1016" if "1016" in self.tributos else "1000"
        gravadas = [t[self.gravado] for _, t, _ in self.lineas if self.gravado in t]
        self.bases = sum((base for base, _, _ in gravadas), CERO)
        self.tasa = gravadas[0][2] if gravadas else CERO
        self.impuestos = numero_de(documento, "cac:TaxTotal/cbc:TaxAmount")
        nombre = "cac:RequestedMonetaryTotal" if tipo == "08" else "cac:LegalMonetaryTotal"
        self.totales = documento.find(nombre, NS)

    def cargo(self, codigo: str) -> Decimal:
        """Return what is charged or discounted for a reason."""
        return self.cargos.get(codigo, CERO)

    def de_lineas(self, codigo: str) -> Decimal:
        """Return the same of all lines."""
        return sum((cargos.get(codigo, CERO) for _, _, cargos in self.lineas), CERO)

    def valor(self, tributo: str) -> Decimal:
        """Return the value of the lines of a tribute."""
        return sum((v for v, t, _ in self.lineas if t.get(tributo, NADA)[0] > 0), CERO)

    def total(self, nombre: str) -> Decimal:
        """Return an amount of the document's totals."""
        return numero_de(self.totales, f"cbc:{nombre}")


def _tributos(documento: _Element, tipo: str, hoy: date) -> Iterator[Encontrado]:
    leido = _Leido(documento, tipo)
    for codigo, anticipo, falla in (
        ("9995", "", 3273),
        ("9998", "06", 3274),
        ("9997", "05", 3275),
        (leido.gravado, "04", 3277),
    ):
        if codigo in leido.tributos:
            ajuste = leido.ajuste if codigo == leido.gravado else CERO
            base = leido.tributos[codigo][0]
            if _difiere(base, leido.valor(codigo) + ajuste - leido.cargo(anticipo)):
                yield falla, f"{base}"
    igv = (leido.bases + leido.ajuste - leido.cargo("04")) * leido.tasa
    if leido.gravado in leido.tributos and _difiere(leido.tributos[leido.gravado][1], igv):
        yield 3291, f"{igv}"
    suma = sum((leido.tributos[c][1] for c in SUMAN if c in leido.tributos), CERO)
    if _difiere(leido.impuestos, suma):
        yield 3294, f"{leido.impuestos}"


def _totales(documento: _Element, tipo: str, hoy: date) -> Iterator[Encontrado]:
    leido = _Leido(documento, tipo)
    valor, con_impuestos = leido.total("LineExtensionAmount"), leido.total("TaxInclusiveAmount")
    if tipo in ("01", "03"):
        cobrable = sum((leido.valor(c) for c in ("1000", "1016", "9995", "9997", "9998")), CERO)
        if _difiere(valor, cobrable + leido.ajuste):
            yield 3278, f"{valor}"
        otros = sum((leido.tributos.get(c, NADA)[1] for c in ("2000", "7152", "9999")), CERO)
        igv = (leido.bases + leido.ajuste) * leido.tasa
        if _difiere(con_impuestos, valor + otros + igv):
            yield 3279, f"{con_impuestos}"
    descuentos, cargos = leido.total("AllowanceTotalAmount"), leido.total("ChargeTotalAmount")
    if _difiere(descuentos, leido.de_lineas("01") + leido.cargo("03") + leido.cargo("63")):
        yield 3300, f"{descuentos}"
    globales = sum((leido.cargo(codigo) for codigo in ("45", "46", "50")), CERO)
    if _difiere(cargos, leido.de_lineas("48") + globales):
        yield 3301, f"{cargos}"
    total, redondeo = leido.total("PayableAmount"), leido.total("PayableRoundingAmount")
    esperado = con_impuestos + cargos - descuentos - leido.total("PrepaidAmount") + redondeo
    if _difiere(total, esperado):
        yield 3280, f"{total}"
    if abs(redondeo) > 1:
        yield 3303, f"{redondeo}"


def _pagos(documento: _Element, tipo: str, hoy: date) -> Iterator[Encontrado]:
    cuotas = Decimal(0)
    pendiente = None
    for uno in documento.iterfind("cac:PaymentTerms[cbc:ID='FormaPago']", NS):
        cual = texto_de(uno, "cbc:PaymentMeansID")
        if cual == "Credito":
            pendiente = numero_de(uno, "cbc:Amount")
        elif cual.startswith("Cuota"):
            cuotas += numero_de(uno, "cbc:Amount")
            if texto_de(uno, "cbc:PaymentDueDate") <= texto_de(documento, "cbc:IssueDate"):
                yield 3267, cual
    if pendiente is not None and pendiente != cuotas:
        yield 3319, f"{cuotas} {pendiente}"
    anticipos = sum(
        (numero_de(uno, "cbc:PaidAmount") for uno in documento.iterfind("cac:PrepaidPayment", NS)),
        Decimal(0),
    )
    if anticipos != numero_de(documento, "cac:LegalMonetaryTotal/cbc:PrepaidAmount"):
        yield 2509, f"{anticipos}"


_PRUEBAS: tuple[Callable[[_Element, str, date], Iterator[Encontrado]], ...] = (
    _versiones,
    _fechas,
    _partes,
    _lineas,
    _tributos,
    _totales,
    _pagos,
)
