"""The sandbox's judgement of guías, retenciones and percepciones, read from the XML alone.

As ``juez``, it shares nothing with the product's rules. Source: SUNAT, "Validaciones" v20260212,
Retenciones, Percepciones; CódigosRetorno, for guías.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from addons.sunat.sandbox.juez import NS, Encontrado, Veredicto, numero_de, revisar_firma, texto_de

if TYPE_CHECKING:
    from lxml.etree import _Element

TIPOS = frozenset({"09", "31", "20", "40"})
RAICES = {
    "09": "DespatchAdvice",
    "31": "DespatchAdvice",
    "20": "Retention",
    "40": "Perception",
}
SERIES = {"09": "T", "31": "V", "20": "R", "40": "P"}
_NUMERO = re.compile(r"[A-Z][A-Z0-9]{3}-\d{1,8}")
EMISOR = {
    "DespatchAdvice": "cac:DespatchSupplierParty/cac:Party/cac:PartyIdentification/cbc:ID",
    "Retention": "cac:AgentParty/cac:PartyIdentification/cbc:ID",
    "Perception": "cac:AgentParty/cac:PartyIdentification/cbc:ID",
}
_NS = NS | {"sac": "urn:sunat:names:specification:ubl:peru:schema:xsd:SunatAggregateComponents-1"}
_ENVIO = "cac:Shipment/"
_ETAPA = f"{_ENVIO}cac:ShipmentStage/"
UNO = Decimal(1)


def juzgar(documento: _Element, tipo: str, hoy: date) -> Veredicto:
    """Return SUNAT's verdict on a document of a type, received today."""
    ruc = texto_de(documento, EMISOR[RAICES[tipo]])
    codigo, digest = revisar_firma(documento, ruc, hoy)
    detalle = ""
    pruebas = _DE_GUIA if tipo in ("09", "31") else _DE_RETENCION
    for prueba in pruebas if not codigo else ():
        try:
            encontrado = next(prueba(documento, tipo, hoy), None)
        except (InvalidOperation, ValueError):
            encontrado = (306, "un dato no se puede leer")
        if encontrado is not None:
            codigo, detalle = encontrado
            break
    hechos = {
        "fecha": texto_de(documento, "cbc:IssueDate"),
        "importe": texto_de(documento, "cbc:TotalInvoiceAmount") or "0.00",
        "moneda": "PEN",
    }
    return Veredicto(ruc, texto_de(documento, "cbc:ID"), codigo, detalle, digest, hechos)


def _fecha(documento: _Element, camino: str) -> date:
    return date.fromisoformat(texto_de(documento, camino))


def _identidad(documento: _Element, tipo: str, hoy: date) -> Iterator[Encontrado]:
    numero = texto_de(documento, "cbc:ID")
    if not _NUMERO.fullmatch(numero) or not numero.startswith(SERIES[tipo]):
        yield 1001, "ID"
    if _fecha(documento, "cbc:IssueDate") > hoy + timedelta(days=2):
        yield 2329, "IssueDate"


def _cabecera_de_guia(documento: _Element, tipo: str, hoy: date) -> Iterator[Encontrado]:
    if texto_de(documento, "cbc:UBLVersionID") != "2.1":
        yield 2111, "UBLVersionID"
    if texto_de(documento, "cbc:CustomizationID") != "2.0":
        yield 2113, "CustomizationID"
    if texto_de(documento, "cbc:DespatchAdviceTypeCode") != tipo:
        yield 1051, "DespatchAdviceTypeCode"
    if hoy - _fecha(documento, "cbc:IssueDate") > timedelta(days=1):
        yield 2108, "IssueDate"


def _traslado(documento: _Element, tipo: str, hoy: date) -> Iterator[Encontrado]:
    if numero_de(documento, f"{_ENVIO}cbc:GrossWeightMeasure") <= 0:
        yield 2880, "GrossWeightMeasure"
    inicio = _fecha(documento, f"{_ETAPA}cac:TransitPeriod/cbc:StartDate")
    if inicio < _fecha(documento, "cbc:IssueDate"):
        yield 3343, "StartDate"
    for camino in ("cac:DeliveryAddress", "cac:Despatch/cac:DespatchAddress"):
        lugar = f"{_ENVIO}cac:Delivery/{camino}/"
        if not re.fullmatch(r"\d{6}", texto_de(documento, f"{lugar}cbc:ID")):
            yield 2776, camino
        if not texto_de(documento, f"{lugar}cac:AddressLine/cbc:Line"):
            yield 2777, camino
    if not documento.findall("cac:DespatchLine", NS):
        yield 3435, "DespatchLine"


def _quien_lleva(documento: _Element, tipo: str, hoy: date) -> Iterator[Encontrado]:
    lleva = texto_de(documento, f"{_ETAPA}cac:CarrierParty/cac:PartyIdentification/cbc:ID")
    conductor = texto_de(documento, f"{_ETAPA}cac:DriverPerson/cbc:ID")
    equipo = f"{_ENVIO}cac:TransportHandlingUnit/cac:TransportEquipment/cbc:ID"
    placa = texto_de(documento, equipo)
    indicadores = [uno.text for uno in documento.iterfind(f"{_ENVIO}cbc:SpecialInstructions", NS)]
    menor = "SUNAT_Envio_IndicadorTrasladoVehiculoM1L" in indicadores
    publico = texto_de(documento, f"{_ETAPA}cbc:TransportModeCode") == "01"
    if tipo == "31" and not texto_de(
        documento,
        f"{_ENVIO}cac:Delivery/cac:Despatch/cac:DespatchParty/cac:PartyIdentification/cbc:ID",
    ):
        yield 3383, "DespatchParty"
    if tipo == "09" and not texto_de(documento, f"{_ENVIO}cbc:HandlingCode"):
        yield 3404, "HandlingCode"
    if tipo == "09" and publico:
        if not lleva:
            yield 2558, "CarrierParty"
        if placa or conductor:
            yield 2774, "TransportEquipment"
        return
    if not menor and not placa:
        yield 2566, "TransportEquipment"
    if not menor and not conductor:
        yield 3357, "DriverPerson"


def _retencion(documento: _Element, tipo: str, hoy: date) -> Iterator[Encontrado]:
    nombre, neto_de = {
        "20": ("Retention", "SUNATNetTotalPaid"),
        "40": ("Perception", "SUNATNetTotalCashed"),
    }[tipo]
    tasas = {"20": {"01": "3", "02": "6"}, "40": {"01": "2", "02": "1", "03": "0.5"}}[tipo]
    regimen = (documento.findtext(f"sac:SUNAT{nombre}SystemCode", namespaces=_NS) or "").strip()
    tasa = Decimal(documento.findtext(f"sac:SUNAT{nombre}Percent", namespaces=_NS) or "0")
    if regimen not in tasas:
        yield (2618 if tipo == "20" else 2602), regimen
        return
    if tasa != Decimal(tasas[regimen]):
        yield (2619 if tipo == "20" else 2603), f"{tasa}"
    total = neto = Decimal(0)
    for uno in documento.iterfind(f"sac:SUNAT{nombre}DocumentReference", _NS):
        informe = uno.find(f"sac:SUNAT{nombre}Information", _NS)
        if informe is None:
            yield 2740, "Information"
            return
        cambio = numero_de(informe, "cac:ExchangeRate/cbc:CalculationRate") or UNO
        pagado = numero_de(uno, "cac:Payment/cbc:PaidAmount") * cambio
        monto = Decimal(informe.findtext(f"sac:SUNAT{nombre}Amount", namespaces=_NS) or "0")
        suyo = Decimal(informe.findtext(f"sac:{neto_de}", namespaces=_NS) or "0")
        signo = -1 if tipo == "20" else 1
        mal = abs(monto - pagado * tasa / 100) > UNO or abs(suyo - pagado - signo * monto) > UNO
        if mal:
            yield (2623 if tipo == "20" else 2608), f"{monto}"
        referido = uno.find("cbc:ID", _NS)
        if referido is not None and referido.get("schemeID") not in ("07", tipo):
            total, neto = total + monto, neto + suyo
    if total != numero_de(documento, "cbc:TotalInvoiceAmount"):
        yield (2628 if tipo == "20" else 2667), f"{total}"
    pagado_en = {"20": "SUNATTotalPaid", "40": "SUNATTotalCashed"}[tipo]
    if neto != Decimal(documento.findtext(f"sac:{pagado_en}", namespaces=_NS) or "0"):
        yield (2629 if tipo == "20" else 2668), f"{neto}"


_Prueba = Callable[["_Element", str, date], Iterator[Encontrado]]
_DE_GUIA: tuple[_Prueba, ...] = (_identidad, _cabecera_de_guia, _traslado, _quien_lleva)
_DE_RETENCION: tuple[_Prueba, ...] = (_identidad, _retencion)
