"""A resumen diario (RC) or comunicación de baja (RA) as XML, canonical and unsigned.

The order of elements is that of SUNAT's XSD (SummaryDocuments-1, VoidedDocuments-1, over UBL 2.0).
Source: SUNAT, "Validaciones" v20260212, Resumen Diario 1.1, Comunicación de Baja 1.0; catalogues
05, 11, 19.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from addons.sunat.documents import codigos
from addons.sunat.documents.escritura import CAC, CBC, EXT, SAC, dos, el, grupo, raiz
from addons.sunat.documents.importes import Totales
from addons.sunat.documents.modelo import SOLES, Comprobante, Emisor
from addons.sunat.documents.ubl import EXTENSION, firmante
from addons.sunat.documents.ubl_linea import esquema
from kernel.money import round_half_up

PREFIJOS = {"cac": CAC, "cbc": CBC, "ext": EXT, "sac": SAC}
ESPACIO = "urn:sunat:names:specification:ubl:peru:schema:xsd:"
VALORES = {
    "01": codigos.IGV,
    "02": codigos.EXONERADO,
    "03": codigos.INAFECTO,
    "04": codigos.EXPORTACION,
    "05": codigos.GRATUITO,
}
"""Catalogue 11: what was sold, by the tribute of its lines."""

LARGO = 100
"""Letters of the company's name in such a file (2228)."""


@dataclass(frozen=True, slots=True)
class Sumario:
    """The head of a file: who sends it, on which day it was made, of which day it tells."""

    emisor: Emisor
    tipo: str
    fecha: date
    correlativo: int
    fecha_referencia: date

    @property
    def identificador(self) -> str:
        """How SUNAT names it: ``RC-20261126-1``."""
        return f"{self.tipo}-{self.fecha:%Y%m%d}-{self.correlativo}"


@dataclass(frozen=True, slots=True)
class LineaResumen:
    """A boleta or a note on one; ``condicion`` 1 tells of it, 3 voids it (catalogue 19)."""

    de: Comprobante
    totales: Totales
    condicion: str


@dataclass(frozen=True, slots=True)
class LineaBaja:
    """A document to be voided, and why."""

    tipo: str
    serie: str
    numero: int
    motivo: str


def escribir_resumen(sumario: Sumario, lineas: Sequence[LineaResumen]) -> str:
    """Return the XML of a resumen diario, without declaration, with room for its signature."""
    escritas = (_linea(orden, una) for orden, una in enumerate(lineas, 1))
    return _archivo("SummaryDocuments", "1.1", sumario, escritas)


def escribir_baja(sumario: Sumario, lineas: Sequence[LineaBaja]) -> str:
    """Return the XML of a comunicación de baja, or of a resumen de reversiones (RR)."""
    escritas = (
        grupo(
            "sac:VoidedDocumentsLine",
            el("cbc:LineID", orden),
            el("cbc:DocumentTypeCode", una.tipo),
            el("sac:DocumentSerialID", una.serie),
            el("sac:DocumentNumberID", una.numero),
            el("sac:VoidReasonDescription", una.motivo),
        )
        for orden, una in enumerate(lineas, 1)
    )
    return _archivo("VoidedDocuments", "1.0", sumario, escritas)


def _archivo(nombre: str, version: str, sumario: Sumario, lineas: Iterator[str]) -> str:
    emisor = sumario.emisor
    razon_social = emisor.razon_social[:LARGO].strip()
    partes = [
        EXTENSION,
        el("cbc:UBLVersionID", "2.0"),
        el("cbc:CustomizationID", version),
        el("cbc:ID", sumario.identificador),
        el("cbc:ReferenceDate", sumario.fecha_referencia.isoformat()),
        el("cbc:IssueDate", sumario.fecha.isoformat()),
        firmante(emisor),
        grupo(
            "cac:AccountingSupplierParty",
            el("cbc:CustomerAssignedAccountID", emisor.ruc),
            el("cbc:AdditionalAccountID", codigos.RUC),
            grupo(
                "cac:Party",
                grupo("cac:PartyLegalEntity", el("cbc:RegistrationName", razon_social)),
            ),
        ),
        *lineas,
    ]
    return raiz(nombre, f"{ESPACIO}{nombre}-1", PREFIJOS, partes)


def _linea(orden: int, una: LineaResumen) -> str:
    de, totales = una.de, una.totales
    return grupo(
        "sac:SummaryDocumentsLine",
        el("cbc:LineID", orden),
        el("cbc:DocumentTypeCode", de.tipo),
        el("cbc:ID", de.identificador),
        grupo(
            "cac:AccountingCustomerParty",
            el("cbc:CustomerAssignedAccountID", de.adquirente.numero_doc),
            el("cbc:AdditionalAccountID", de.adquirente.tipo_doc),
        ),
        _modificado(de),
        _percepcion(de, totales) if una.condicion != "2" else "",
        grupo("cac:Status", el("cbc:ConditionCode", una.condicion)),
        _monto("sac:TotalAmount", totales.total, de.moneda),
        *_valores(de, totales),
        _cargos(de, totales),
        *_tributos(de, totales),
    )


def _monto(nombre: str, monto: Decimal, moneda: str) -> str:
    return el(nombre, dos(monto), currencyID=moneda)


def _modificado(de: Comprobante) -> str:
    if de.modifica is None:
        return ""
    return grupo(
        "cac:BillingReference",
        grupo(
            "cac:InvoiceDocumentReference",
            el("cbc:ID", f"{de.modifica.serie}-{de.modifica.numero}"),
            el("cbc:DocumentTypeCode", de.modifica.tipo),
        ),
    )


def _percepcion(de: Comprobante, totales: Totales) -> str:
    """Return what is collected on top of a boleta; catalogue 22 counts as 53 does, from 01."""
    if de.percepcion is None or de.tipo != codigos.BOLETA:
        return ""
    tasa = codigos.PERCEPCIONES[de.percepcion.codigo]
    base = round_half_up(totales.total * de.cambio)
    return grupo(
        "sac:SUNATPerceptionSummaryDocumentReference",
        el("sac:SUNATPerceptionSystemCode", f"{int(de.percepcion.codigo) - 50:02d}"),
        el("sac:SUNATPerceptionPercent", dos(tasa * 100)),
        _monto("cbc:TotalInvoiceAmount", totales.percepcion, SOLES),
        _monto("sac:SUNATTotalCashed", base + totales.percepcion, SOLES),
        _monto("cbc:TaxableAmount", base, SOLES),
    )


def _valores(de: Comprobante, totales: Totales) -> Iterator[str]:
    for codigo, tributo in VALORES.items():
        base = totales.base(tributo)
        if tributo is codigos.IGV:
            base += totales.base(codigos.IVAP)
        if base:
            yield grupo(
                "sac:BillingPayment",
                _monto("cbc:PaidAmount", base, de.moneda),
                el("cbc:InstructionID", codigo),
            )


def _cargos(de: Comprobante, totales: Totales) -> str:
    if not totales.otros_cargos:
        return ""
    return grupo(
        "cac:AllowanceCharge",
        el("cbc:ChargeIndicator", "true"),
        _monto("cbc:Amount", totales.otros_cargos, de.moneda),
    )


def _tributos(de: Comprobante, totales: Totales) -> Iterator[str]:
    """Yield IGV (or IVAP) always, as SUNAT wants it, and what else there is."""
    gravado = codigos.IVAP if totales.base(codigos.IVAP) else codigos.IGV
    for tributo in (gravado, codigos.ISC, codigos.ICBPER):
        monto = totales.monto(tributo)
        if monto or tributo is gravado:
            yield grupo(
                "cac:TaxTotal",
                _monto("cbc:TaxAmount", monto, de.moneda),
                grupo(
                    "cac:TaxSubtotal",
                    _monto("cbc:TaxAmount", monto, de.moneda),
                    grupo("cac:TaxCategory", esquema(tributo)),
                ),
            )
