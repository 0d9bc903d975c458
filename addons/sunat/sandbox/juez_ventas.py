"""The sandbox's judgement of a factura, boleta or note: parts and sums, read from the XML alone.

Source: SUNAT, "Validaciones" v20260212, sheets Factura, Boleta, Nota de crédito, Nota de débito.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from addons.sunat.sandbox.juez import (
    NS,
    Encontrado,
    Veredicto,
    numero_de,
    revisar_firma,
    texto_de,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

UNO = Decimal(1)
LIMITE = Decimal(10) ** 12
SIN_IGV = Decimal("0.06")
LINEAS = ("cac:InvoiceLine", "cac:CreditNoteLine", "cac:DebitNoteLine")
NOTAS = ("07", "08")
SUMAN = ("1000", "1016", "2000", "7152", "9999")
SERIES = {
    "01": re.compile(r"F[A-Z0-9]{3}-\d{1,8}"),
    "03": re.compile(r"B[A-Z0-9]{3}-\d{1,8}"),
}
DE_NOTA = re.compile(r"[FB][A-Z0-9]{3}-\d{1,8}")
CERO = Decimal(0)
NADA = (CERO, CERO, CERO)
MODIFICADO = "cac:BillingReference/cac:InvoiceDocumentReference"
UNITARIO = "cac:Price/cbc:PriceAmount"
DE_VENTA = "cac:PricingReference/cac:AlternativeConditionPrice/cbc:PriceAmount"

Tributos = dict[str, tuple[Decimal, Decimal, Decimal]]
"""Base, amount and rate of each tribute."""


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
        "motivo": texto_de(documento, "cac:DiscrepancyResponse/cbc:ResponseCode"),
        "modifica": texto_de(documento, f"{MODIFICADO}/cbc:ID"),
    }
    return Veredicto(ruc, texto_de(documento, "cbc:ID"), codigo, detalle, digest, hechos)


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


def _subtotales(nodo: _Element) -> Tributos:
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
        yield from _linea(linea, tipo)


def _linea(linea: _Element, tipo: str) -> Iterator[Encontrado]:
    """Find what is wrong with a line; a note's discounts don't count, its price is what is left."""
    tributos = _subtotales(linea)
    cargos = {} if tipo in NOTAS else _cargos(linea)
    if tipo not in NOTAS and not any(base > 0 for base, _, _ in tributos.values()):
        yield 3105, "sin base"
    yield from _valor_de_linea(linea, tributos, cargos)
    yield from _tributos_de_linea(numero_de(linea, "cbc:LineExtensionAmount"), tributos)
    yield from _precio_de_linea(linea, tributos, cargos)


def _cantidad(linea: _Element) -> Decimal:
    return next(
        Decimal((uno.text or "0").strip())
        for uno in linea
        if str(uno.tag).endswith(("InvoicedQuantity", "CreditedQuantity", "DebitedQuantity"))
    )


def _valor_de_linea(
    linea: _Element, tributos: Tributos, cargos: dict[str, Decimal]
) -> Iterator[Encontrado]:
    valor = numero_de(linea, "cbc:LineExtensionAmount")
    unitario, de_venta = numero_de(linea, UNITARIO), numero_de(linea, DE_VENTA)
    for numero, falla in ((valor, 2370), (unitario, 2369), (de_venta, 2367)):
        if not 0 <= numero < LIMITE:
            yield falla, f"{numero}"
    gratuita = tributos.get("9996", NADA)[0] > 0
    esperado = (de_venta if gratuita else unitario) * _cantidad(linea)
    esperado += cargos.get("47", CERO) - cargos.get("00", CERO)
    if _difiere(valor, esperado):
        yield 3271, f"{valor} {esperado}"


def _tributos_de_linea(valor: Decimal, tributos: Tributos) -> Iterator[Encontrado]:
    isc = tributos.get("2000", NADA)
    for codigo in {"1000", "1016"} & tributos.keys():
        base, monto, tasa = tributos[codigo]
        if (isc[0] > 0 and _difiere(base, valor + isc[1])) or (not isc[0] and base != valor):
            yield 3272, f"{base} {valor}"
        if _difiere(monto, base * tasa):
            yield 3103, f"{monto}"
        if base > SIN_IGV and not monto:
            yield 3111, f"{base}"
    if isc[2] >= 10:
        yield 3102, f"{isc}"
    if isc[0] > 0 and _difiere(isc[1], isc[0] * isc[2]):
        yield 3108, f"{isc}"


def _precio_de_linea(
    linea: _Element, tributos: Tributos, cargos: dict[str, Decimal]
) -> Iterator[Encontrado]:
    impuestos = numero_de(linea, "cac:TaxTotal/cbc:TaxAmount")
    if _difiere(impuestos, sum((tributos[c][1] for c in SUMAN if c in tributos), CERO)):
        yield 3292, f"{impuestos}"
    pagado = numero_de(linea, "cbc:LineExtensionAmount") + impuestos
    pagado += cargos.get("48", CERO) - cargos.get("01", CERO)
    de_venta = numero_de(linea, DE_VENTA)
    if not tributos.get("9996", NADA)[0] > 0 and _difiere(de_venta, pagado / _cantidad(linea)):
        yield 3270, f"{de_venta}"


class _Leido:
    """The sums of a document, as its XML has them."""

    def __init__(self, documento: _Element, tipo: str) -> None:
        self.lineas = [
            (numero_de(uno, "cbc:LineExtensionAmount"), _subtotales(uno), _cargos(uno))
            for uno in _lineas_de(documento)
        ]
        self.cargos, self.tributos = _cargos(documento), _subtotales(documento)
        if tipo in NOTAS:
            self.cargos = {c: m for c, m in self.cargos.items() if c in ("45", "46", "50")}
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
    de_lineas = leido.de_lineas("01") + leido.cargo("03") + leido.cargo("63")
    if tipo not in NOTAS and _difiere(descuentos, de_lineas):
        yield 3300, f"{descuentos}"
    globales = sum((leido.cargo(codigo) for codigo in ("45", "46", "50")), CERO)
    if tipo not in NOTAS and _difiere(cargos, leido.de_lineas("48") + globales):
        yield 3301, f"{cargos}"
    total, redondeo = leido.total("PayableAmount"), leido.total("PayableRoundingAmount")
    esperado = con_impuestos + cargos - descuentos - leido.total("PrepaidAmount") + redondeo
    if tipo in NOTAS:
        bases = ("1000", "1016", "9995", "9997", "9998")
        esperado = sum((leido.tributos.get(c, NADA)[0] for c in bases), CERO)
        esperado += sum((leido.tributos.get(c, NADA)[1] for c in SUMAN), CERO) + cargos + redondeo
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
    yield from _percepcion(documento)
    anticipos = sum(
        (numero_de(uno, "cbc:PaidAmount") for uno in documento.iterfind("cac:PrepaidPayment", NS)),
        Decimal(0),
    )
    if anticipos != numero_de(documento, "cac:LegalMonetaryTotal/cbc:PrepaidAmount"):
        yield 2509, f"{anticipos}"


def _modificado(documento: _Element, tipo: str, hoy: date) -> Iterator[Encontrado]:
    referido = documento.find(MODIFICADO, NS)
    que = texto_de(referido, "cbc:DocumentTypeCode")
    de_boleta = texto_de(documento, "cbc:ID").startswith("B")
    if tipo in NOTAS and que != ("03" if de_boleta else "01"):
        yield {"07F": 2116, "08F": 2204, "07B": 2399, "08B": 2400}[tipo + "FB"[de_boleta]], que


def _percepcion(documento: _Element) -> Iterator[Encontrado]:
    for uno in documento.iterfind("cac:AllowanceCharge", NS):
        if texto_de(uno, "cbc:AllowanceChargeReasonCode") not in ("51", "52", "53"):
            continue
        base = numero_de(uno, "cbc:BaseAmount")
        if not base:
            yield 3233, "BaseAmount"
        if numero_de(uno, "cbc:Amount") <= 0:
            yield 2968, "Amount"
        en_soles = texto_de(documento, "cbc:DocumentCurrencyCode") == "PEN"
        if en_soles and base > numero_de(documento, "cac:LegalMonetaryTotal/cbc:PayableAmount"):
            yield 2797, f"{base}"


_PRUEBAS: tuple[Callable[[_Element, str, date], Iterator[Encontrado]], ...] = (
    _versiones,
    _fechas,
    _partes,
    _lineas,
    _tributos,
    _totales,
    _pagos,
    _modificado,
)
