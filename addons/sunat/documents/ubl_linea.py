"""A line of a factura, boleta or note as UBL 2.1: quantity, prices, discounts, taxes and goods.

Lines of notes have no discounts of their own: their price is what is left (rule 3271).
Source: UBL 2.1, InvoiceLine, CreditNoteLine, DebitNoteLine; rules v20260212.
"""

from __future__ import annotations

from collections.abc import Iterator

from addons.sunat.documents import codigos
from addons.sunat.documents.articulo import articulo, viaje
from addons.sunat.documents.codigos import Tributo
from addons.sunat.documents.escritura import diez, dos, el, en, grupo
from addons.sunat.documents.importes import CargoCalculado, Importe
from addons.sunat.documents.modelo import CERO


def linea(orden: int, uno: Importe, nombre: str, cantidad: str, moneda: str) -> str:
    """Return a line, called ``nombre``, with its quantity called ``cantidad``."""
    suya = uno.linea
    return grupo(
        f"cac:{nombre}",
        el("cbc:ID", str(orden)),
        el(f"cbc:{cantidad}", diez(suya.cantidad), unitCode=suya.unidad_medida),
        en(moneda, "LineExtensionAmount", dos(uno.valor_venta)),
        _precio_venta(uno, moneda),
        viaje(suya.viaje) if suya.viaje is not None else "",
        *(_cargos(uno, moneda) if nombre == "InvoiceLine" else ()),
        _impuestos(uno, moneda),
        articulo(suya),
        grupo("cac:Price", en(moneda, "PriceAmount", diez(uno.valor_unitario))),
    )


def cargo(uno: CargoCalculado, moneda: str) -> str:
    """Return a discount or charge, of a line or of the whole."""
    return grupo(
        "cac:AllowanceCharge",
        el("cbc:ChargeIndicator", "true" if uno.es_cargo else "false"),
        el("cbc:AllowanceChargeReasonCode", uno.codigo),
        el("cbc:MultiplierFactorNumeric", diez(uno.factor)) if uno.factor else "",
        en(moneda, "Amount", dos(uno.monto)),
        en(moneda, "BaseAmount", dos(uno.base)),
    )


def esquema(tributo: Tributo) -> str:
    """Return a tribute as XML names it."""
    return _ESQUEMAS[tributo]


def _precio_venta(uno: Importe, moneda: str) -> str:
    return grupo(
        "cac:PricingReference",
        grupo(
            "cac:AlternativeConditionPrice",
            en(moneda, "PriceAmount", diez(uno.precio_venta)),
            el("cbc:PriceTypeCode", "02" if uno.gratuito else "01"),
        ),
    )


def _cargos(uno: Importe, moneda: str) -> Iterator[str]:
    suya = uno.linea
    montos = {
        "00": uno.descuento,
        "01": suya.descuento_no_afecto,
        "47": uno.cargo,
        "48": suya.cargo_no_afecto,
    }
    base = max(uno.bruto, CERO)
    for codigo, monto in montos.items():
        if monto:
            es_cargo = codigos.CARGOS_LINEA[codigo].es_cargo
            yield cargo(CargoCalculado(codigo, es_cargo, monto, base), moneda)


def _impuestos(uno: Importe, moneda: str) -> str:
    return grupo(
        "cac:TaxTotal",
        en(moneda, "TaxAmount", dos(uno.impuestos)),
        _isc(uno, moneda) if uno.linea.isc is not None else "",
        grupo(
            "cac:TaxSubtotal",
            en(moneda, "TaxableAmount", dos(uno.base_igv)),
            en(moneda, "TaxAmount", dos(uno.igv)),
            grupo(
                "cac:TaxCategory",
                el("cbc:Percent", diez(uno.tasa * 100)),
                el("cbc:TaxExemptionReasonCode", uno.linea.afectacion_igv),
                esquema(uno.tributo),
            ),
        ),
        _icbper(uno, moneda) if uno.icbper else "",
    )


def _isc(uno: Importe, moneda: str) -> str:
    sistema = uno.linea.isc.sistema if uno.linea.isc else ""
    return grupo(
        "cac:TaxSubtotal",
        en(moneda, "TaxableAmount", dos(uno.base_isc)),
        en(moneda, "TaxAmount", dos(uno.isc)),
        grupo(
            "cac:TaxCategory",
            el("cbc:Percent", diez(uno.tasa_isc)),
            el("cbc:TierRange", sistema),
            esquema(codigos.ISC),
        ),
    )


def _icbper(uno: Importe, moneda: str) -> str:
    return grupo(
        "cac:TaxSubtotal",
        en(moneda, "TaxAmount", dos(uno.icbper)),
        el("cbc:BaseUnitMeasure", diez(uno.linea.cantidad), unitCode=uno.linea.unidad_medida),
        grupo(
            "cac:TaxCategory",
            en(moneda, "PerUnitAmount", dos(uno.icbper_unitario)),
            esquema(codigos.ICBPER),
        ),
    )


_ESQUEMAS = {
    uno: grupo(
        "cac:TaxScheme",
        el("cbc:ID", uno.codigo),
        el("cbc:Name", uno.nombre),
        el("cbc:TaxTypeCode", uno.internacional),
    )
    for uno in (*codigos.AFECTACIONES.values(), codigos.ISC, codigos.ICBPER)
}
