"""Comprobantes de retención (20) and percepción (40): what they say, and their amounts.

The caller tells which documents were paid and when; what was retained or perceived of each is
computed, in soles. Source: catalogues 22, 23; rules v20260212, sheets Retenciones, Percepciones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from addons.sunat.documents.modelo import CERO, Adquirente, Emisor
from kernel.money import round_half_up

RETENCION, PERCEPCION = "20", "40"
TIPOS = frozenset({RETENCION, PERCEPCION})
REGIMENES = {
    RETENCION: {"01": Decimal(3), "02": Decimal(6)},
    PERCEPCION: {"01": Decimal(2), "02": Decimal(1), "03": Decimal("0.5")},
}
"""Catalogues 23 and 22: percent of each regime."""
NOTA_CREDITO = "07"
RELACIONADOS = {
    RETENCION: frozenset({"01", "12", NOTA_CREDITO, "08", RETENCION}),
    PERCEPCION: frozenset({"01", "03", "12", NOTA_CREDITO, "08", PERCEPCION}),
}
SIN_SUMAR = frozenset({NOTA_CREDITO, RETENCION, PERCEPCION})
"""Related documents whose amounts stay out of the totals."""


@dataclass(frozen=True, slots=True)
class Pago:
    """A document that was paid, or a part of it: ``pago`` in its currency, on ``fecha_pago``.

    ``tipo_cambio`` is soles for a unit of its currency, of the day of the payment.
    """

    tipo: str
    numero: str
    fecha_emision: date
    total: Decimal
    pago: Decimal
    fecha_pago: date
    numero_pago: int = 1
    moneda: str = "PEN"
    tipo_cambio: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Retencion:
    """A comprobante of either kind; ``sujeto`` is the supplier (20) or the customer (40)."""

    tipo: str
    serie: str
    numero: int
    fecha_emision: date
    hora_emision: time
    emisor: Emisor
    sujeto: Adquirente
    regimen: str
    pagos: tuple[Pago, ...]
    observaciones: str = ""

    @property
    def identificador(self) -> str:
        """Series and number as SUNAT writes them, ``R001-1``."""
        return f"{self.serie}-{self.numero}"

    @property
    def tasa(self) -> Decimal:
        """The percent of its regime."""
        return REGIMENES[self.tipo][self.regimen]


@dataclass(frozen=True, slots=True)
class Importe:
    """What comes of a payment, in soles: retained or perceived, and paid or collected in all."""

    pago: Pago
    monto: Decimal
    neto: Decimal


@dataclass(frozen=True, slots=True)
class TotalesRetencion:
    """The amounts of a comprobante, in soles."""

    importes: tuple[Importe, ...]
    monto: Decimal
    neto: Decimal


def calcular(de: Retencion) -> TotalesRetencion:
    """Return every amount. Its values must be sane (``reglas.retenciones`` says so)."""
    importes = tuple(_importe(de, uno) for uno in de.pagos)
    suman = [uno for uno in importes if uno.pago.tipo not in SIN_SUMAR]
    return TotalesRetencion(
        importes,
        sum((uno.monto for uno in suman), CERO),
        sum((uno.neto for uno in suman), CERO),
    )


def _importe(de: Retencion, pago: Pago) -> Importe:
    soles = pago.pago * (pago.tipo_cambio or 1)
    monto = round_half_up(soles * de.tasa / 100)
    neto = round_half_up(soles)
    return Importe(pago, monto, neto - monto if de.tipo == RETENCION else neto + monto)
