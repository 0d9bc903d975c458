"""Codes of SUNAT's catalogues that Andes computes with, and rates by date.

Source: SUNAT, "Anexo V Catálogos" v20260212; reference on SUNAT, 1.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

FACTURA = "01"
BOLETA = "03"
NOTA_CREDITO = "07"
NOTA_DEBITO = "08"
TIPOS = {
    FACTURA: "Factura electrónica",
    BOLETA: "Boleta de venta electrónica",
    NOTA_CREDITO: "Nota de crédito electrónica",
    NOTA_DEBITO: "Nota de débito electrónica",
}
NOMBRES = TIPOS | {
    "09": "Guía de remisión remitente electrónica",
    "31": "Guía de remisión transportista electrónica",
    "20": "Comprobante de retención electrónico",
    "40": "Comprobante de percepción electrónico",
}
NOTAS = frozenset({NOTA_CREDITO, NOTA_DEBITO})

RUC = "6"
DNI = "1"
SIN_DOCUMENTO = "0"
DOCUMENTOS_IDENTIDAD = {
    "0": "Doc. trib. no dom. sin RUC",
    "1": "DNI",
    "4": "Carné de extranjería",
    "6": "RUC",
    "7": "Pasaporte",
    "A": "Cédula diplomática",
    "B": "Doc. del país de residencia",
    "C": "TIN",
    "D": "IN",
    "E": "TAM",
    "F": "PTP",
    "G": "Salvoconducto",
    "H": "CPP",
}
"""Catalogue 06."""


@dataclass(frozen=True, slots=True)
class Tributo:
    """A tribute of catalogue 05, as XML names it."""

    codigo: str
    nombre: str
    internacional: str


IGV = Tributo("1000", "IGV", "VAT")
IVAP = Tributo("1016", "IVAP", "VAT")
ISC = Tributo("2000", "ISC", "EXC")
ICBPER = Tributo("7152", "ICBPER", "OTH")
EXPORTACION = Tributo("9995", "EXP", "FRE")
GRATUITO = Tributo("9996", "GRA", "FRE")
EXONERADO = Tributo("9997", "EXO", "VAT")
INAFECTO = Tributo("9998", "INA", "FRE")

GRAVADO_ONEROSO = "10"
GRAVADO_IVAP = "17"
AFECTACIONES = (
    {"10": IGV, "17": IVAP, "20": EXONERADO, "30": INAFECTO, "40": EXPORTACION}
    | {f"1{n}": GRATUITO for n in range(1, 7)}
    | dict.fromkeys(("21", "22"), GRATUITO)
    | {f"3{n}": GRATUITO for n in range(1, 8)}
)
"""Catalogue 07: how a line stands to IGV, and the tribute that says so."""
RETIROS_GRAVADOS = frozenset(f"1{n}" for n in range(1, 7))
"""Given away, and IGV is due on the reference value all the same."""

GRAVADOS = frozenset({IGV, IVAP})
"""Tributes whose base discounts, charges and advances of the document change."""

TASA_IVAP = Decimal("0.04")
TASAS_REDUCIDAS = (
    (date(2022, 9, 1), date(2026, 2, 12), Decimal("0.10")),
    (date(2026, 2, 13), date(9999, 12, 31), Decimal("0.105")),
)
"""Restaurants and hotels, MYPE: from, to, rate. Source: V26, Control de cambios."""
TASA_GENERAL = Decimal("0.18")


def tasas_igv(dia: date) -> frozenset[Decimal]:
    """Return the rates of IGV in force on a day."""
    reducidas = (tasa for desde, hasta, tasa in TASAS_REDUCIDAS if desde <= dia <= hasta)
    return frozenset((TASA_GENERAL, *reducidas))


def icbper_por_bolsa(dia: date) -> Decimal:
    """Return the soles due per plastic bag: 0.10 in 2019 and 0.10 more each year, 0.50 from 2023.

    Source: Ley 30884, article 12.
    """
    if dia < date(2019, 8, 1):
        return Decimal(0)
    return Decimal("0.10") * min(dia.year - 2018, 5)


@dataclass(frozen=True, slots=True)
class Cargo:
    """A reason of catalogue 53."""

    codigo: str
    es_cargo: bool
    afecta_base: bool


CARGOS_LINEA = {
    "00": Cargo("00", es_cargo=False, afecta_base=True),
    "01": Cargo("01", es_cargo=False, afecta_base=False),
    "47": Cargo("47", es_cargo=True, afecta_base=True),
    "48": Cargo("48", es_cargo=True, afecta_base=False),
}
CARGOS_GLOBALES = {
    "02": Cargo("02", es_cargo=False, afecta_base=True),
    "03": Cargo("03", es_cargo=False, afecta_base=False),
    "45": Cargo("45", es_cargo=True, afecta_base=False),
    "46": Cargo("46", es_cargo=True, afecta_base=False),
    "49": Cargo("49", es_cargo=True, afecta_base=True),
    "50": Cargo("50", es_cargo=True, afecta_base=False),
    "63": Cargo("63", es_cargo=False, afecta_base=False),
}
RETENCION_RENTA = "63"
"""Of second category, taken off what is paid."""
ANTICIPOS = {"04": IGV, "05": EXONERADO, "06": INAFECTO}
"""Advances by the code of their global discount, and what they were: taxed, exempt, untaxed."""
PERCEPCIONES = {"51": Decimal("0.02"), "52": Decimal("0.01"), "53": Decimal("0.005")}
RETENCION_IGV = "62"
TASA_RETENCION = Decimal("0.03")

LEYENDAS = {
    "1000": "Monto en letras",
    "1002": "TRANSFERENCIA GRATUITA DE UN BIEN Y/O SERVICIO PRESTADO GRATUITAMENTE",
    "2000": "COMPROBANTE DE PERCEPCIÓN",
    "2001": "BIENES TRANSFERIDOS EN LA AMAZONÍA REGIÓN SELVA PARA SER CONSUMIDOS EN LA MISMA",
    "2002": "SERVICIOS PRESTADOS EN LA AMAZONÍA REGIÓN SELVA PARA SER CONSUMIDOS EN LA MISMA",
    "2003": "CONTRATOS DE CONSTRUCCIÓN EJECUTADOS EN LA AMAZONÍA REGIÓN SELVA",
    "2004": "Agencia de Viaje - Paquete turístico",
    "2005": "Venta realizada por emisor itinerante",
    "2006": "Operación sujeta a detracción",
    "2007": "Operación sujeta al IVAP",
    "2008": "VENTA EXONERADA DEL IGV-ISC-IPM. PROHIBIDA LA VENTA FUERA DE LA ZONA COMERCIAL DE "
    "TACNA",
    "2009": "PRIMERA VENTA DE MERCANCÍA IDENTIFICABLE ENTRE USUARIOS DE LA ZONA COMERCIAL",
    "2010": "Restitución Simplificada de Derechos Arancelarios",
    "2011": "EXPORTACION DE SERVICIOS - DECRETO LEGISLATIVO Nº 919",
}
"""Catalogue 52."""

MOTIVOS_CREDITO = {
    "01": "Anulación de la operación",
    "02": "Anulación por error en el RUC",
    "03": "Corrección por error en la descripción",
    "04": "Descuento global",
    "05": "Descuento por ítem",
    "06": "Devolución total",
    "07": "Devolución por ítem",
    "08": "Bonificación",
    "09": "Disminución en el valor",
    "10": "Otros conceptos",
    "11": "Ajustes de operaciones de exportación",
    "12": "Ajustes afectos al IVAP",
    "13": "Corrección del monto neto pendiente de pago o de las cuotas",
}
"""Catalogue 09."""
AJUSTE_IVAP, AJUSTE_CREDITO = "12", "13"
MOTIVOS_DEBITO = {
    "01": "Intereses por mora",
    "02": "Aumento en el valor",
    "03": "Penalidades/ otros conceptos",
    "11": "Ajustes de operaciones de exportación",
    "12": "Ajustes afectos al IVAP",
}
"""Catalogue 10."""

VENTA_INTERNA = "0101"
OPERACIONES = {
    "0101": "Venta interna",
    "0112": "Venta interna - sustenta gastos deducibles persona natural",
    "0113": "Venta interna - NRUS",
    "0200": "Exportación de bienes",
    "0201": "Exportación de servicios - realizados íntegramente en el país",
    "0202": "Exportación de servicios - hospedaje no domiciliado",
    "0203": "Exportación de servicios - transporte de navieras",
    "0204": "Exportación de servicios - naves y aeronaves de bandera extranjera",
    "0205": "Exportación de servicios - paquete turístico",
    "0206": "Exportación de servicios - complementarios al transporte de carga",
    "0207": "Exportación de servicios - energía eléctrica en ZED",
    "0208": "Exportación de servicios - realizados parcialmente en el extranjero",
    "0301": "Carta de porte aéreo, ámbito nacional",
    "0302": "Transporte ferroviario de pasajeros",
    "0401": "Ventas a no domiciliados que no califican como exportación",
    "1001": "Operación sujeta a detracción",
    "1002": "Operación sujeta a detracción - recursos hidrobiológicos",
    "1003": "Operación sujeta a detracción - transporte de pasajeros",
    "1004": "Operación sujeta a detracción - transporte de carga",
    "2001": "Operación sujeta a percepción",
    "2002": "Operación sujeta a retención de renta de segunda categoría",
    "2100": "Créditos a empresas",
    "2101": "Créditos de consumo revolvente",
    "2102": "Créditos de consumo no revolvente",
    "2103": "Otras operaciones no gravadas - sistema financiero",
    "2104": "Otras operaciones no gravadas - sistema de seguros",
    "2105": "Comprobante emitido por AFP",
    "2106": "Venta nacional a turistas - Tax Free",
}
"""Catalogue 51, but for purchases (liquidación de compra)."""
SOLO_FACTURA = frozenset({"0112", "0202", "0205", "2002", "2106"})
SOLO_BOLETA = frozenset({"0113", "2105"})
NRUS = "0113"
GASTOS_DEDUCIBLES = "0112"
TURISTAS = "2106"
PRODUCTOS_DEDUCIBLES = frozenset({"84121901", "80131501"})
HIPOTECARIO = "84121901"
EXPORTACIONES = frozenset(f"020{n}" for n in range(9))
SIN_RUC = frozenset({"0200", "0201", "0204"})
"""Exports whose factura is never for a RUC (2800)."""
USADOS_FUERA = frozenset({"0201", "0208"})
"""Exports that say in which country they are used."""
HOSPEDAJE, PORTE_AEREO, FERROVIARIO = "0202", "0301", "0302"
BIENES_POR_OPERACION = {"1002": "004", "1003": "028", "1004": "027"}
DETRACCIONES = frozenset({"1001", *BIENES_POR_OPERACION})
HIDROBIOLOGICOS, TRANSPORTE_CARGA = "1002", "1004"
PERCEPCION = "2001"
RENTA_SEGUNDA = "2002"
CREDITOS = frozenset({"2100", "2101", "2102"})
SEGUROS, AFP = "2104", "2105"

_BIENES = """
    001 002 003 004 005 007 008 009 010 011 012 013 014 015 016 017 019 020 021 022 023 024 025
    026 027 028 030 031 032 034 035 036 037 039 040 041 099
"""
BIENES_DETRACCION = frozenset(_BIENES.split())
"""Catalogue 54."""
MEDIOS_PAGO = frozenset(
    [f"{n:03d}" for n in range(1, 14)] + [f"{n}" for n in range(101, 109)] + ["999"]
)
"""Catalogue 59."""
RELACIONADOS = {"09": "Guía de remisión remitente", "31": "Guía de remisión transportista"}
