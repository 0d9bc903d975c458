"""The lines of a note that takes back a whole comprobante, so that its amounts are the same.

A note tells neither advances nor discounts of the whole, and SUNAT adds it up from its lines alone
(3277, 3280), so each line takes its part of them. Bases and taxes are then those of the comprobante
to the cent. A discount beside the base (01, 03, 63) lets them differ: SUNAT takes no note above the
total (3286) and none whose total is not its bases and taxes, so what goes back is the total, and
its taxes are those of it. Source: SUNAT, "Validaciones" v20260212, Nota de crédito, 42 to 49.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from addons.sunat.documents import codigos
from addons.sunat.documents.calculo import calcular
from addons.sunat.documents.importes import Importe, Totales
from addons.sunat.documents.impuestos import SIN_IGV
from addons.sunat.documents.modelo import CERO, CargoGlobal, Comprobante, Devuelto, Linea
from kernel.money import CENT, round_half_up, share


@dataclass(slots=True)
class _Parte:
    """What is taken back of a line."""

    importe: Importe
    valor: Decimal
    igv: Decimal
    isc: Decimal
    base_isc: Decimal
    icbper: Decimal
    cargo: Decimal
    """Beside its price: ``cargo_no_afecto``."""

    @property
    def pagado(self) -> Decimal:
        """What a discount can be taken off; a tax on bags is what it is."""
        return self.precio + self.cargo

    @property
    def precio(self) -> Decimal:
        """What was paid for it, but for what is beside its price."""
        return self.base + self.igv

    @property
    def total(self) -> Decimal:
        """What the customer gets back for it."""
        return self.pagado + self.icbper

    @property
    def base(self) -> Decimal:
        """What IGV is due on."""
        return self.valor + self.isc

    def descontar(self, monto: Decimal) -> None:
        """Take a discount off, of the charge only what the price leaves over."""
        del_cargo = max(monto - self.precio, CERO)
        self.cargo -= del_cargo
        self.valor -= monto - del_cargo

    def dividir(self, base: Decimal) -> None:
        """Divide its price into base and IGV; ISC that passes the base goes back up to it."""
        self.igv = self.precio - base
        if self.isc > base:
            self.base_isc = round_half_up(self.base_isc * base / self.isc)
            self.isc = base if self.base_isc else CERO
        self.valor = base - self.isc


@dataclass(frozen=True, slots=True)
class Entero:
    """All of a comprobante, as a note takes it back: its lines, and what was charged beside their
    prices (FISE, tips and the like)."""

    detalle: tuple[Linea, ...]
    cargos: tuple[CargoGlobal, ...]


def todo_de(de: Comprobante) -> Entero:
    """Return all of a comprobante, what changed it as a whole shared out to its lines."""
    totales = calcular(de)
    partes = [_parte(uno) for uno in totales.lineas]
    for tributo, base, igv in totales.tributos:
        suyas = [una for una in partes if una.importe.tributo is tributo]
        if suyas and tributo is not codigos.GRATUITO:
            _ajustar(suyas, base, igv)
    gravadas = [una for una in partes if una.importe.tributo in codigos.GRAVADOS]
    cargos = _aparte(de)
    queda = _de_mas(partes, cargos, totales)
    if queda:
        queda = _descontar(partes, queda)
        _dividir(gravadas)
        _quitar_bolsas(partes, queda - sum((uno.monto for uno in cargos), CERO))
    _completar(gravadas)
    return Entero(tuple(_linea(una, de) for una in partes), _rebajados(cargos, queda))


def _parte(importe: Importe) -> _Parte:
    """Return a line as it was; nothing was paid for a gift but what was charged beside it."""
    valor, igv = importe.valor_venta, importe.igv
    if importe.gratuito:
        valor = igv = CERO
    cargo = importe.linea.cargo_no_afecto
    return _Parte(importe, valor, igv, importe.isc, importe.base_isc, importe.icbper, cargo)


def _aparte(de: Comprobante) -> list[CargoGlobal]:
    return [
        uno
        for uno in de.cargos
        if codigos.CARGOS_GLOBALES[uno.codigo].es_cargo
        and not codigos.CARGOS_GLOBALES[uno.codigo].afecta_base
    ]


def _de_mas(partes: Sequence[_Parte], cargos: Sequence[CargoGlobal], totales: Totales) -> Decimal:
    """Return how much more lines and charges come to than the whole: what is discounted beside the
    base, or off the base of a tribute that no line has."""
    lineas = sum((una.total for una in partes), CERO)
    aparte = sum((uno.monto for uno in cargos), CERO)
    return lineas + aparte + totales.redondeo - totales.total


def _rebajados(cargos: Sequence[CargoGlobal], menos: Decimal) -> tuple[CargoGlobal, ...]:
    partes = share(menos, [uno.monto for uno in cargos])
    return tuple(
        replace(uno, monto=uno.monto - parte)
        for uno, parte in zip(cargos, partes, strict=True)
        if uno.monto > parte
    )


def _ajustar(partes: Sequence[_Parte], base: Decimal, igv: Decimal) -> None:
    """Have the lines of a tribute come to its base and amount."""
    for una, valor in zip(partes, share(base, [u.valor for u in partes]), strict=True):
        una.valor = valor
    for una, suyo in zip(partes, share(igv, [u.base for u in partes]), strict=True):
        una.igv = suyo


def _descontar(partes: Sequence[_Parte], monto: Decimal) -> Decimal:
    """Take a discount off what lines cost with taxes: first each its own, then all by weight.

    Returns what they could not bear.
    """
    propios = [min(una.importe.linea.descuento_no_afecto, una.pagado) for una in partes]
    quedan = [una.pagado - propio for una, propio in zip(partes, propios, strict=True)]
    resto = monto - sum(propios, CERO)
    de_todas = min(resto, sum(quedan, CERO))
    for una, propio, otro in zip(partes, propios, share(de_todas, quedan), strict=True):
        una.descontar(propio + otro)
    return resto - de_todas


def _dividir(gravadas: Sequence[_Parte]) -> None:
    """Divide anew what lines cost into base and tax, as lines with prices that have it inside."""
    corrido = antes = CERO
    for una in gravadas:
        corrido += una.precio
        ahora = round_half_up(corrido / (1 + una.importe.tasa))
        una.dividir(ahora - antes)
        antes = ahora


def _quitar_bolsas(partes: Sequence[_Parte], monto: Decimal) -> None:
    """Take off the tax on bags what neither prices nor charges bear: of those lines nothing of it
    goes back as such, and what is left of it as a charge."""
    for una in partes:
        if una.icbper and monto > 0:
            una.cargo += max(una.icbper - monto, CERO)
            monto -= una.icbper
            una.icbper = CERO


# Cents --------------------------------------------------------------------------------------------


def _completar(gravadas: Sequence[_Parte]) -> None:
    """Have no line of a few cents without its tax (3111)."""
    for una in gravadas:
        if una.base > SIN_IGV and not una.igv:
            _dar_centimo(una, gravadas)


def _dar_centimo(una: _Parte, gravadas: Sequence[_Parte]) -> None:
    """Give a line a cent of tax: one that another can spare; or have the largest take what is too
    much of its value. Else, where the comprobante has too few, a cent of value or ISC is tax."""
    mayor = max(gravadas, key=lambda otra: otra.valor)
    da = max(gravadas, key=_sobra)
    de_mas = una.base - SIN_IGV
    if _sobra(da) > 0:
        una.igv, da.igv = CENT, da.igv - CENT
    elif mayor.igv and una.valor >= de_mas:
        una.valor, mayor.valor = una.valor - de_mas, mayor.valor + de_mas
    elif mayor.valor:
        suya = una if una.valor else mayor
        una.igv, suya.valor = CENT, suya.valor - CENT
    else:
        una.igv, una.isc = CENT, una.isc - CENT


def _sobra(una: _Parte) -> Decimal:
    """Return how much tax a line can do without."""
    return una.igv - CENT if una.base > SIN_IGV else una.igv


def _linea(una: _Parte, de: Comprobante) -> Linea:
    linea, importe = una.importe.linea, una.importe
    if importe.gratuito:
        return replace(
            linea,
            descuento_no_afecto=CERO,
            cargo_no_afecto=una.cargo,
            icbper=una.icbper > 0,
        )
    neto = una.precio if de.precios_incluyen_igv else una.valor
    menos = round_half_up(linea.cantidad * linea.precio_unitario) - neto
    igual = menos == linea.descuento - linea.cargo
    return replace(
        linea,
        descuento=linea.descuento if igual else max(menos, CERO),
        cargo=linea.cargo if igual else max(-menos, CERO),
        descuento_no_afecto=CERO,
        cargo_no_afecto=una.cargo,
        icbper=una.icbper > 0,
        devuelto=Devuelto(una.valor, una.igv, una.base_isc, una.isc),
    )
