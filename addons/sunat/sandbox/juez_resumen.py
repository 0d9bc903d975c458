"""The sandbox's judgement of files that are worked through by ticket, read from the XML alone.

Like ``juez`` it shares nothing with the product's own code. Source: SUNAT, "Validaciones"
v20260212, Resumen Diario 1.1, Comunicación de Baja 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from addons.sunat.sandbox.juez import Encontrado, Veredicto, numero_de, revisar_firma, texto_de

if TYPE_CHECKING:
    from lxml.etree import _Element

SAC = "urn:sunat:names:specification:ubl:peru:schema:xsd:SunatAggregateComponents-1"
LINEA_RC = f"{{{SAC}}}SummaryDocumentsLine"
LINEA_RA = f"{{{SAC}}}VoidedDocumentsLine"
RECHAZADO, ACEPTADO, DE_BAJA = 0, 1, 2
DIAS = 7
IDENTIFICABLE = Decimal(700)
TOLERANCIA = Decimal(5)
DE_BOLETA = re.compile(r"(B[A-Z0-9]{3})-(?!0+$)([0-9]{1,8})")
SERIE = re.compile(r"[A-Z][A-Z0-9]{3}")
SERIES = {
    "RA": {"01": "F", "07": "F", "08": "F", "30": "F", "34": "F", "42": "F"},
    "RR": {"20": "R", "40": "P"},
}
"""What each kind of file voids, with the first letter of its series."""


@dataclass(frozen=True, slots=True)
class Sabido:
    """What SUNAT knows of a document."""

    estado: int
    fecha: date


@dataclass(frozen=True, slots=True)
class Efecto:
    """What a line does: a document is accepted, or voided."""

    tipo: str
    serie: str
    numero: int
    estado: int
    fecha: date
    importe: str = ""
    moneda: str = ""


Saber = Callable[[str, str, int], Sabido | None]


def fecha(documento: _Element, camino: str) -> date:
    """Return a date of a file, the first of all where it has none."""
    try:
        return date.fromisoformat(texto_de(documento, camino))
    except ValueError:
        return date.min


def ruc_de(documento: _Element) -> str:
    """Return whose file it is."""
    return texto_de(documento, "cac:AccountingSupplierParty/cbc:CustomerAssignedAccountID")


def juzgar(
    documento: _Element, identificador: str, hoy: date, saber: Saber
) -> tuple[Veredicto, list[Efecto]]:
    """Return SUNAT's verdict on a file, and what it does if it is good."""
    efectos: list[Efecto] = []
    notas: list[str] = []
    codigo, digest = revisar_firma(documento, ruc_de(documento), hoy)
    detalle = ""
    if not codigo:
        de = _Archivo(documento, identificador, hoy, saber, efectos, notas)
        try:
            codigo, detalle = next(de.faltas(), (0, ""))
        except InvalidOperation:
            codigo, detalle = 306, "un número no se puede leer"
    hecho = Veredicto(ruc_de(documento), identificador, codigo, detalle, digest, {}, tuple(notas))
    return hecho, efectos


class _Archivo:
    """One file being judged."""

    def __init__(
        self,
        documento: _Element,
        identificador: str,
        hoy: date,
        saber: Saber,
        efectos: list[Efecto],
        notas: list[str],
    ) -> None:
        self.documento = documento
        self.identificador = identificador
        self.tipo = identificador[:2]
        self.hoy = hoy
        self.saber = saber
        self.efectos = efectos
        self.notas = notas
        self.referencia = fecha(documento, "cbc:ReferenceDate")
        self.vistas: set[tuple[str, ...]] = set()

    def faltas(self) -> Iterator[Encontrado]:
        """Yield what is wrong with the head, then with each line."""
        if texto_de(self.documento, "cbc:UBLVersionID") != "2.0":
            yield 2074, "UBLVersionID"
        version = "1.1" if self.tipo == "RC" else "1.0"
        if texto_de(self.documento, "cbc:CustomizationID") != version:
            yield 2072, "CustomizationID"
        if texto_de(self.documento, "cbc:ID") != self.identificador:
            yield 2220, "ID"
        if self.referencia > fecha(self.documento, "cbc:IssueDate"):
            yield 2671, "ReferenceDate"
        nombre = "cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName"
        if not texto_de(self.documento, nombre):
            yield 2229, "RegistrationName"
        if not re.fullmatch(r"[^\t\r\n]{3,100}", texto_de(self.documento, nombre)):
            yield 2228, "RegistrationName"
        if self.tipo == "RC" and (self.hoy - self.referencia).days > DIAS:
            self.notas.append("4443 - El comprobante fue informado fuera del plazo establecido.")
        numeros: set[str] = set()
        for linea in self.documento.iterfind(LINEA_RC if self.tipo == "RC" else LINEA_RA):
            numero = texto_de(linea, "cbc:LineID")
            if numero in numeros:
                yield 2752, numero
            numeros.add(numero)
            yield from self.linea_rc(linea) if self.tipo == "RC" else self.linea_ra(linea)

    def linea_rc(self, linea: _Element) -> Iterator[Encontrado]:
        """Yield what is wrong with a line of a resumen diario; note what it does."""
        tipo = texto_de(linea, "cbc:DocumentTypeCode")
        nombre, que = texto_de(linea, "cbc:ID"), texto_de(linea, "cac:Status/cbc:ConditionCode")
        total = numero_de(linea, f"{{{SAC}}}TotalAmount")
        if tipo not in ("03", "07", "08"):
            yield 2241, tipo
        partes = DE_BOLETA.fullmatch(nombre)
        if partes is None:
            yield 2513, nombre
            return
        if que not in ("1", "2", "3"):
            yield 2896, que
        if (tipo, nombre, que) in self.vistas:
            yield 3094, nombre
        self.vistas.add((tipo, nombre, que))
        yield from self._cliente(linea, total)
        serie, numero = partes[1], int(partes[2])
        yield from self._contra_registro(tipo, serie, numero, que)
        if tipo != "03" and que != "3":
            yield from self._modificado(linea)
        yield from self._montos(linea, total)
        yield from self._percepcion(linea, total)
        self.efectos.append(
            Efecto(
                tipo,
                serie,
                numero,
                DE_BAJA if que == "3" else ACEPTADO,
                self.referencia,
                f"{total:.2f}",
                "PEN",
            )
        )

    def _cliente(self, linea: _Element, total: Decimal) -> Iterator[Encontrado]:
        cliente = linea.find("{*}AccountingCustomerParty")
        if cliente is None:
            if total > IDENTIFICABLE:
                yield 2514, f"{total}"
            return
        numero = texto_de(cliente, "cbc:CustomerAssignedAccountID")
        clase = texto_de(cliente, "cbc:AdditionalAccountID")
        if not numero:
            yield 2014, "CustomerAssignedAccountID"
        if not clase:
            yield 2015, "AdditionalAccountID"
        if clase == "6" and not re.fullmatch(r"\d{11}", numero):
            yield 2017, numero

    def _contra_registro(
        self, tipo: str, serie: str, numero: int, que: str
    ) -> Iterator[Encontrado]:
        sabido = self.saber(tipo, serie, numero)
        cual = f"{serie}-{numero}"
        if sabido is None:
            if que in ("2", "3"):
                yield 2663, cual
            return
        if sabido.estado in (RECHAZADO, DE_BAJA):
            yield 2987, cual
        elif que == "1":
            yield 2282, cual
        elif que == "3" and (self.hoy - self.referencia).days > DIAS:
            yield 2957, cual

    def _modificado(self, linea: _Element) -> Iterator[Encontrado]:
        camino = "cac:BillingReference/cac:InvoiceDocumentReference/"
        nombre = texto_de(linea, f"{camino}cbc:ID")
        if not nombre:
            yield 2524, "BillingReference"
            return
        if texto_de(linea, f"{camino}cbc:DocumentTypeCode") != "03":
            yield 2513, nombre
        partes = DE_BOLETA.fullmatch(nombre)
        if partes is None:
            yield 2920, nombre
            return
        sabido = self.saber("03", partes[1], int(partes[2]))
        if sabido is None:
            yield 2989, nombre
        elif sabido.estado != ACEPTADO:
            yield 2990, nombre

    def _montos(self, linea: _Element, total: Decimal) -> Iterator[Encontrado]:
        tributos: dict[str, Decimal] = {}
        for uno in linea.iterfind("{*}TaxTotal"):
            monto = numero_de(uno, "cbc:TaxAmount")
            codigo = texto_de(uno, "cac:TaxSubtotal/cac:TaxCategory/cac:TaxScheme/cbc:ID")
            if codigo in tributos:
                yield 2355, codigo
            if monto != numero_de(uno, "cac:TaxSubtotal/cbc:TaxAmount"):
                yield 2344, codigo
            tributos[codigo] = monto
        if not {"1000", "1016"} & tributos.keys():
            yield 2278, "TaxTotal"
        valores: dict[str, Decimal] = {}
        for uno in linea.iterfind(f"{{{SAC}}}BillingPayment"):
            codigo = texto_de(uno, "cbc:InstructionID")
            if codigo in valores:
                yield 2357, codigo
            if codigo not in ("01", "02", "03", "04", "05"):
                yield 2256, codigo
            valores[codigo] = numero_de(uno, "cbc:PaidAmount")
        cargos = numero_de(linea, "cac:AllowanceCharge/cbc:Amount")
        pagado = sum((monto for codigo, monto in valores.items() if codigo != "05"), Decimal(0))
        suma = pagado + cargos + sum(tributos.values(), Decimal(0))
        if abs(total - suma) > TOLERANCIA:
            self.notas.append(f"4027 - {total} {suma}")

    def _percepcion(self, linea: _Element, total: Decimal) -> Iterator[Encontrado]:
        dicha = linea.find(f"{{{SAC}}}SUNATPerceptionSummaryDocumentReference")
        if dicha is None:
            return
        monto, cobrado = numero_de(dicha, "cbc:TotalInvoiceAmount"), f"{{{SAC}}}SUNATTotalCashed"
        base = numero_de(dicha, "cbc:TaxableAmount")
        for numero, falla in ((monto, 2893), (numero_de(dicha, cobrado), 2895), (base, 2897)):
            if numero <= 0:
                yield falla, f"{numero}"
        importe = linea.find(f"{{{SAC}}}TotalAmount")
        en_soles = importe is not None and importe.get("currencyID") == "PEN"
        if en_soles and abs(numero_de(dicha, cobrado) - total - monto) > 1:
            yield 2608, f"{total}"

    def linea_ra(self, linea: _Element) -> Iterator[Encontrado]:
        """Yield what is wrong with a line that voids a document; note what it does."""
        tipo = texto_de(linea, "cbc:DocumentTypeCode")
        serie = texto_de(linea, f"{{{SAC}}}DocumentSerialID")
        numero = texto_de(linea, f"{{{SAC}}}DocumentNumberID")
        letra = SERIES[self.tipo].get(tipo)
        if letra is None:
            yield 2308, tipo
            return
        if not SERIE.fullmatch(serie) or serie[0] != letra:
            yield 2310, serie
        if not re.fullmatch(r"\d{1,8}", numero):
            yield 2312, numero
            return
        if (tipo, serie, numero) in self.vistas:
            yield 2348, numero
        self.vistas.add((tipo, serie, numero))
        if not texto_de(linea, f"{{{SAC}}}VoidReasonDescription"):
            yield 2315, numero
        yield from self._se_puede_anular(tipo, serie, int(numero))
        self.efectos.append(Efecto(tipo, serie, int(numero), DE_BAJA, self.referencia))

    def _se_puede_anular(self, tipo: str, serie: str, numero: int) -> Iterator[Encontrado]:
        sabido = self.saber(tipo, serie, numero)
        cual = f"{serie}-{numero}"
        if sabido is None:
            yield 2105, cual
        elif sabido.estado == RECHAZADO:
            yield 2398, cual
        elif sabido.estado == DE_BAJA:
            yield 2323, cual
        elif sabido.fecha != self.referencia:
            yield 2375, cual
        elif (self.hoy - sabido.fecha).days > DIAS:
            yield 2957, cual
