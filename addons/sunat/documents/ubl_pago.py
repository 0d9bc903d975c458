"""How a factura, boleta or note is paid, as UBL 2.1: detracción, percepción, payments, advances.

Source: UBL 2.1, PaymentMeans, PaymentTerms, PrepaidPayment; rules v20260212.
"""

from __future__ import annotations

from collections.abc import Iterator

from addons.sunat.documents import codigos
from addons.sunat.documents.escritura import diez, dos, el, en, grupo
from addons.sunat.documents.importes import Totales
from addons.sunat.documents.modelo import SOLES, Comprobante
from kernel.money import round_half_up


def pago(de: Comprobante, totales: Totales) -> Iterator[str]:
    """Yield means and terms of payment, in the order of the XSD."""
    detraccion = de.detraccion
    if detraccion is not None:
        yield grupo(
            "cac:PaymentMeans",
            el("cbc:ID", "Detraccion"),
            el("cbc:PaymentMeansCode", detraccion.medio_pago),
            grupo("cac:PayeeFinancialAccount", el("cbc:ID", detraccion.cuenta)),
        )
    if de.medio_pago:
        autorizacion = de.autorizacion_pago
        yield grupo(
            "cac:PaymentMeans",
            el("cbc:PaymentMeansCode", de.medio_pago),
            el("cbc:PaymentID", autorizacion) if autorizacion else "",
        )
    if detraccion is not None:
        yield grupo(
            "cac:PaymentTerms",
            el("cbc:ID", "Detraccion"),
            el("cbc:PaymentMeansID", detraccion.codigo),
            el("cbc:PaymentPercent", diez(detraccion.porcentaje)),
            en(SOLES, "Amount", dos(totales.detraccion)),
        )
    if de.percepcion is not None:
        soles = round_half_up(totales.total * de.cambio) + totales.percepcion
        yield grupo(
            "cac:PaymentTerms",
            el("cbc:ID", "Percepcion"),
            en(SOLES, "Amount", dos(soles)),
        )
    yield from _forma_de_pago(de, totales)


def _forma_de_pago(de: Comprobante, totales: Totales) -> Iterator[str]:
    nota_de_cuotas = de.tipo in codigos.NOTAS and bool(de.cuotas)
    if de.tipo != codigos.FACTURA and not nota_de_cuotas:
        return
    if de.contado:
        yield _termino("Contado")
        return
    yield _termino("Credito", en(de.moneda, "Amount", dos(totales.neto_pendiente)))
    for orden, cuota in enumerate(totales.cuotas, 1):
        yield _termino(
            f"Cuota{orden:03d}",
            en(de.moneda, "Amount", dos(cuota.monto)),
            el("cbc:PaymentDueDate", cuota.fecha),
        )


def _termino(cual: str, *partes: str) -> str:
    forma = el("cbc:ID", "FormaPago")
    return grupo("cac:PaymentTerms", forma, el("cbc:PaymentMeansID", cual), *partes)


def anticipos(de: Comprobante) -> Iterator[str]:
    """Yield the advances, each with the order in which its comprobante is told."""
    for orden, anticipo in enumerate(de.anticipos, 1):
        yield grupo(
            "cac:PrepaidPayment",
            el("cbc:ID", str(orden)),
            en(de.moneda, "PaidAmount", dos(anticipo.monto)),
        )
