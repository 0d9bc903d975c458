"""The amounts of each line: its value, IGV, ISC and ICBPER, and what a unit of it costs.

With taxes in the prices the customer pays exactly the sum of the shelf prices and what is split is
the base; without them, bases add up and IGV is split. Either way each line takes what the running
sum of its rate grew by, so lines always add up to the header and rounding never drifts with their
number: the same division as a sale's, so a sale and its comprobante agree.
Source: SUNAT, rules 3103-3111, 3270-3272; reference on SUNAT, 1.4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from addons.sunat.documents import codigos
from addons.sunat.documents.codigos import Tributo
from addons.sunat.documents.importes import Importe
from addons.sunat.documents.modelo import CERO, Comprobante, Isc, Linea
from kernel.money import CENT, round_half_up

UNIDAD = Decimal("0.0000000001")
"""Unit prices have up to 10 decimals."""
PORCENTAJE = Decimal("0.00001")
SIN_IGV = Decimal("0.06")
"""A larger base has some IGV (3111)."""
_UNO = Decimal(1)

Suma = dict[tuple[Tributo, Decimal], Decimal]


@dataclass(slots=True)
class _Parte:
    """What a line adds to its tribute: base and IGV of an amount that has IGV inside or not."""

    linea: Linea
    tributo: Tributo
    tasa: Decimal
    bruto: Decimal
    base: Decimal
    igv: Decimal


def importes(comprobante: Comprobante) -> tuple[Importe, ...]:
    """Return the amounts of each line."""
    suma: Suma = {}
    partes = [_parte(linea, comprobante, suma) for linea in comprobante.detalle]
    _mover_centimos(partes, con_impuestos=comprobante.precios_incluyen_igv)
    return tuple(_importe(parte, comprobante) for parte in partes)


def tasa_de(tributo: Tributo, comprobante: Comprobante) -> Decimal:
    """Return the rate of IGV or IVAP."""
    return codigos.TASA_IVAP if tributo is codigos.IVAP else comprobante.tasa_igv


def _tasa(linea: Linea, tributo: Tributo, comprobante: Comprobante) -> Decimal:
    if tributo in codigos.GRAVADOS or linea.afectacion_igv in codigos.RETIROS_GRAVADOS:
        return tasa_de(tributo, comprobante)
    return Decimal(0)


# Division -----------------------------------------------------------------------------------------


def _parte(linea: Linea, comprobante: Comprobante, suma: Suma) -> _Parte:
    tributo = codigos.AFECTACIONES[linea.afectacion_igv]
    tasa = _tasa(linea, tributo, comprobante)
    bruto = round_half_up(linea.cantidad * linea.precio_unitario) - linea.descuento + linea.cargo
    vuelve = linea.devuelto
    if vuelve is not None:
        base = vuelve.valor_venta + vuelve.isc
        return _Parte(linea, tributo, tasa, bruto, base, vuelve.igv)
    con_impuestos = comprobante.precios_incluyen_igv
    monto = bruto
    if linea.isc is not None and not con_impuestos:
        monto += _isc_aparte(linea, linea.isc, bruto)[1]
    base, igv = _repartir(suma, (tributo, tasa), monto, con_impuestos=con_impuestos)
    return _Parte(linea, tributo, tasa, bruto, base, igv)


def _repartir(
    suma: Suma, clave: tuple[Tributo, Decimal], monto: Decimal, *, con_impuestos: bool
) -> tuple[Decimal, Decimal]:
    """Return base and IGV of what a line adds to the running sum of its tribute and rate."""
    tasa = clave[1]
    antes = suma.get(clave, CERO)
    ahora = suma[clave] = antes + monto
    if con_impuestos:
        base = round_half_up(ahora / (1 + tasa)) - round_half_up(antes / (1 + tasa))
        return base, monto - base
    return monto, round_half_up(ahora * tasa) - round_half_up(antes * tasa)


def _mover_centimos(partes: Sequence[_Parte], *, con_impuestos: bool) -> None:
    """Have no line of a few cents without its IGV (3111), or with IGV and no base (3105).

    The cent is another line's of the same rate, so sums stay as they are.
    """
    for una in partes:
        if una.tasa and una.base > SIN_IGV and not una.igv:
            _pasar(partes, una, CENT, con_impuestos=con_impuestos, da=_con_igv_de_mas)
        elif una.igv and not una.base:
            _pasar(partes, una, -CENT, con_impuestos=con_impuestos, da=_con_base_de_mas)


def _pasar(
    partes: Sequence[_Parte],
    a: _Parte,
    igv: Decimal,
    *,
    con_impuestos: bool,
    da: Callable[[_Parte], bool],
) -> None:
    suyas = [u for u in partes if u.tributo is a.tributo and u.tasa == a.tasa and da(u)]
    if not suyas:
        return  # the rules tell
    de = max(suyas, key=lambda una: una.base)
    a.igv, de.igv = a.igv + igv, de.igv - igv
    if con_impuestos:
        a.base, de.base = a.base - igv, de.base + igv


def _con_igv_de_mas(una: _Parte) -> bool:
    return una.igv > CENT


def _con_base_de_mas(una: _Parte) -> bool:
    return una.base > CENT


# ISC ----------------------------------------------------------------------------------------------


def _divisor(tasa: Decimal, isc: Isc | None) -> Decimal:
    al_valor = isc.tasa if isc is not None and isc.sistema == "01" else Decimal(0)
    return (1 + tasa) * (1 + al_valor)


def _isc_incluido(linea: Linea, isc: Isc, base_igv: Decimal) -> tuple[Decimal, Decimal]:
    """Return base and ISC of a line whose price has it inside."""
    if isc.sistema == "01":
        valor = round_half_up(base_igv / (1 + isc.tasa))
        return valor, base_igv - valor
    base, monto = _isc_fijo(linea, isc)
    return (base if base is not None else base_igv - monto), monto


def _isc_aparte(linea: Linea, isc: Isc, valor: Decimal) -> tuple[Decimal, Decimal]:
    """Return base and ISC of a line whose price is without it."""
    if isc.sistema == "01":
        return valor, round_half_up(valor * isc.tasa)
    base, monto = _isc_fijo(linea, isc)
    return (base if base is not None else valor), monto


def _isc_fijo(linea: Linea, isc: Isc) -> tuple[Decimal | None, Decimal]:
    """Return the ISC that doesn't depend on our price; of soles a unit the base is the value."""
    if isc.sistema == "02":
        return None, round_half_up(isc.monto_unitario * linea.cantidad)
    base = round_half_up(isc.precio_publico * linea.cantidad)
    return base, round_half_up(base * isc.tasa)


def _tasa_isc(isc: Isc | None, base: Decimal, monto: Decimal) -> Decimal:
    """Return the rate in percent; of soles a unit, the rate that they come to."""
    if isc is None or not base:
        return Decimal(0)
    tasa = monto / base if isc.sistema == "02" else isc.tasa
    return _redondo(tasa * 100, PORCENTAJE)


# A line -------------------------------------------------------------------------------------------


def _importe(parte: _Parte, comprobante: Comprobante) -> Importe:
    linea, isc, gratuito = parte.linea, parte.linea.isc, parte.tributo is codigos.GRATUITO
    base_isc = monto_isc = CERO
    if linea.devuelto is not None:
        base_isc, monto_isc = linea.devuelto.base_isc, linea.devuelto.isc
    elif isc is not None and comprobante.precios_incluyen_igv:
        base_isc, monto_isc = _isc_incluido(linea, isc, parte.base)
    elif isc is not None:
        base_isc, monto_isc = _isc_aparte(linea, isc, parte.bruto)
    valor = parte.base - monto_isc
    descuento, cargo = _afectos(parte, comprobante)
    por_bolsa = codigos.icbper_por_bolsa(comprobante.fecha_emision) if linea.icbper else CERO
    icbper = round_half_up(por_bolsa * linea.cantidad)
    unitario = _por_unidad(max(valor + descuento - cargo, CERO), linea)
    impuestos = monto_isc + icbper + (CERO if gratuito else parte.igv)
    if comprobante.tipo not in codigos.NOTAS:  # a note's price is taken of value and taxes alone
        impuestos += linea.cargo_no_afecto - linea.descuento_no_afecto
    return Importe(
        linea=linea,
        tributo=parte.tributo,
        tasa=parte.tasa,
        valor_unitario=Decimal(0) if gratuito else unitario,
        precio_venta=unitario if gratuito else _por_unidad(valor + impuestos, linea),
        valor_venta=valor,
        base_igv=parte.base,
        igv=parte.igv,
        descuento=descuento,
        cargo=cargo,
        base_isc=base_isc,
        isc=monto_isc,
        tasa_isc=_tasa_isc(isc, base_isc, monto_isc),
        icbper=icbper,
        icbper_unitario=por_bolsa,
    )


def _afectos(parte: _Parte, comprobante: Comprobante) -> tuple[Decimal, Decimal]:
    """Return discount and charge without taxes; SUNAT's notes have them in the price (3271)."""
    linea = parte.linea
    if comprobante.tipo in codigos.NOTAS or not (linea.descuento or linea.cargo):
        return CERO, CERO
    divisor = _divisor(parte.tasa, linea.isc) if comprobante.precios_incluyen_igv else _UNO
    return round_half_up(linea.descuento / divisor), round_half_up(linea.cargo / divisor)


def _por_unidad(monto: Decimal, linea: Linea) -> Decimal:
    return _redondo(monto / linea.cantidad, UNIDAD)


def _redondo(numero: Decimal, lugar: Decimal) -> Decimal:
    """Return a number rounded; one too large for it as it is, for the rules to tell of."""
    try:
        return round_half_up(numero, lugar)
    except InvalidOperation:
        return numero
