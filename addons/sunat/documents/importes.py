"""The amounts of a comprobante, line by line and of the whole; ``calculo`` works them out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from addons.sunat.documents import codigos
from addons.sunat.documents.codigos import Tributo
from addons.sunat.documents.modelo import CERO, Linea


@dataclass(frozen=True, slots=True)
class Importe:
    """The amounts of a line. ``valor_venta`` is without taxes, ``base_igv`` what IGV is due on.

    ``precio_venta`` is what a unit costs with all taxes, or the reference value of a gift.
    """

    linea: Linea
    tributo: Tributo
    tasa: Decimal
    valor_unitario: Decimal
    precio_venta: Decimal
    valor_venta: Decimal
    base_igv: Decimal
    igv: Decimal
    descuento: Decimal
    cargo: Decimal
    base_isc: Decimal
    isc: Decimal
    tasa_isc: Decimal
    icbper: Decimal
    icbper_unitario: Decimal

    @property
    def gratuito(self) -> bool:
        """Whether it is given away: its tribute stays out of all totals."""
        return self.tributo is codigos.GRATUITO

    @property
    def impuestos(self) -> Decimal:
        """The taxes that the customer pays with this line."""
        return (CERO if self.gratuito else self.igv) + self.isc + self.icbper

    @property
    def bruto(self) -> Decimal:
        """Its value before discounts and charges that change the base."""
        return self.valor_venta + self.descuento - self.cargo

    @property
    def total(self) -> Decimal:
        """What the customer pays for it."""
        ajuste = self.linea.cargo_no_afecto - self.linea.descuento_no_afecto
        pagado = CERO if self.gratuito else self.valor_venta
        return pagado + self.impuestos + ajuste


@dataclass(frozen=True, slots=True)
class CargoCalculado:
    """A discount, charge or advance of the whole as XML has it: amount, and base it is taken of."""

    codigo: str
    es_cargo: bool
    monto: Decimal
    base: Decimal
    factor: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CuotaCalculada:
    """A payment to come, its amount known."""

    fecha: str
    monto: Decimal


@dataclass(frozen=True, slots=True)
class Totales:
    """The amounts of a comprobante; ``tributos`` are those that it has, with base and amount."""

    lineas: tuple[Importe, ...]
    tributos: tuple[tuple[Tributo, Decimal, Decimal], ...]
    cargos: tuple[CargoCalculado, ...]
    valor_venta: Decimal
    precio_venta: Decimal
    impuestos: Decimal
    descuentos: Decimal
    otros_cargos: Decimal
    anticipos: Decimal
    redondeo: Decimal
    total: Decimal
    percepcion: Decimal
    detraccion: Decimal
    retencion: Decimal
    neto_pendiente: Decimal
    cuotas: tuple[CuotaCalculada, ...]

    def base(self, tributo: Tributo) -> Decimal:
        """Return the base of a tribute, zero where there is none."""
        return next((base for uno, base, _ in self.tributos if uno is tributo), CERO)

    def monto(self, tributo: Tributo) -> Decimal:
        """Return the amount of a tribute, zero where there is none."""
        return next((monto for uno, _, monto in self.tributos if uno is tributo), CERO)
