"""Retención and percepción in SUNAT's own UBL 2.0 documents, canonical and unsigned.

Source: UBLPE-Retention-1.0, UBLPE-Perception-1.0; rules v20260212.
"""

from __future__ import annotations

from collections.abc import Iterator

from addons.sunat.documents.escritura import CAC, CBC, EXT, SAC, diez, dos, el, grupo, raiz
from addons.sunat.documents.modelo import Emisor
from addons.sunat.documents.retencion import (
    RETENCION,
    Importe,
    Pago,
    Retencion,
    TotalesRetencion,
    calcular,
)
from addons.sunat.documents.ubl import EXTENSION, firmante

PREFIJOS = {"cac": CAC, "cbc": CBC, "ext": EXT, "sac": SAC}


class _Forma:
    """How each of the two names its parts."""

    def __init__(self, raiz: str, total: str, neto: str) -> None:
        self.raiz, self.total, self.neto = raiz, total, neto
        self.espacio = f"urn:sunat:names:specification:ubl:peru:schema:xsd:{raiz}-1"


DE_RETENCION = _Forma("Retention", "SUNATTotalPaid", "SUNATNetTotalPaid")
DE_PERCEPCION = _Forma("Perception", "SUNATTotalCashed", "SUNATNetTotalCashed")


def escribir(de: Retencion, totales: TotalesRetencion | None = None) -> str:
    """Return the XML, without declaration, with room for its signature."""
    forma = DE_RETENCION if de.tipo == RETENCION else DE_PERCEPCION
    partes = _partes(de, totales or calcular(de), forma)
    return raiz(forma.raiz, forma.espacio, PREFIJOS, partes)


def _partes(de: Retencion, totales: TotalesRetencion, forma: _Forma) -> Iterator[str]:
    yield EXTENSION
    yield el("cbc:UBLVersionID", "2.0")
    yield el("cbc:CustomizationID", "1.0")
    yield firmante(de.emisor)
    yield el("cbc:ID", de.identificador)
    yield el("cbc:IssueDate", de.fecha_emision.isoformat())
    yield el("cbc:IssueTime", f"{de.hora_emision:%H:%M:%S}")
    yield _agente(de.emisor)
    yield grupo(
        "cac:ReceiverParty",
        grupo(
            "cac:PartyIdentification",
            el("cbc:ID", de.sujeto.numero_doc, schemeID=de.sujeto.tipo_doc),
        ),
        grupo("cac:PartyLegalEntity", el("cbc:RegistrationName", de.sujeto.razon_social)),
    )
    yield el(f"sac:SUNAT{forma.raiz}SystemCode", de.regimen)
    yield el(f"sac:SUNAT{forma.raiz}Percent", dos(de.tasa))
    if de.observaciones:
        yield el("cbc:Note", de.observaciones)
    yield el("cbc:TotalInvoiceAmount", dos(totales.monto), currencyID="PEN")
    yield el(f"sac:{forma.total}", dos(totales.neto), currencyID="PEN")
    for uno in totales.importes:
        yield _referencia(uno, forma)


def _agente(emisor: Emisor) -> str:
    nombre = emisor.nombre_comercial
    direccion = ""
    if emisor.ubigeo or emisor.direccion:
        direccion = grupo(
            "cac:PostalAddress",
            el("cbc:ID", emisor.ubigeo) if emisor.ubigeo else "",
            el("cbc:StreetName", emisor.direccion[:100]) if emisor.direccion else "",
            grupo("cac:Country", el("cbc:IdentificationCode", "PE")),
        )
    return grupo(
        "cac:AgentParty",
        grupo("cac:PartyIdentification", el("cbc:ID", emisor.ruc, schemeID="6")),
        grupo("cac:PartyName", el("cbc:Name", nombre)) if nombre else "",
        direccion,
        grupo("cac:PartyLegalEntity", el("cbc:RegistrationName", emisor.razon_social)),
    )


def _referencia(uno: Importe, forma: _Forma) -> str:
    pago = uno.pago
    return grupo(
        f"sac:SUNAT{forma.raiz}DocumentReference",
        el("cbc:ID", pago.numero, schemeID=pago.tipo),
        el("cbc:IssueDate", pago.fecha_emision.isoformat()),
        el("cbc:TotalInvoiceAmount", dos(pago.total), currencyID=pago.moneda),
        grupo(
            "cac:Payment",
            el("cbc:ID", str(pago.numero_pago)),
            el("cbc:PaidAmount", dos(pago.pago), currencyID=pago.moneda),
            el("cbc:PaidDate", pago.fecha_pago.isoformat()),
        ),
        grupo(
            f"sac:SUNAT{forma.raiz}Information",
            el(f"sac:SUNAT{forma.raiz}Amount", dos(uno.monto), currencyID="PEN"),
            el(f"sac:SUNAT{forma.raiz}Date", pago.fecha_pago.isoformat()),
            el(f"sac:{forma.neto}", dos(uno.neto), currencyID="PEN"),
            _cambio(pago),
        ),
    )


def _cambio(pago: Pago) -> str:
    if pago.tipo_cambio is None or pago.moneda == "PEN":
        return ""
    return grupo(
        "cac:ExchangeRate",
        el("cbc:SourceCurrencyCode", pago.moneda),
        el("cbc:TargetCurrencyCode", "PEN"),
        el("cbc:CalculationRate", diez(pago.tipo_cambio)),
        el("cbc:Date", pago.fecha_pago.isoformat()),
    )
