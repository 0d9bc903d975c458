"""Arithmetic of a comprobante: from lines to every amount of its XML, to the cent.

With taxes in the prices the customer pays exactly the sum of the shelf prices and what is split is
the base; without them, bases add up and IGV is split. Either way each line takes what the running
sum of its rate grew by, so lines always add up to the header and rounding never drifts with their
number: the same division as a sale's, so a sale and its comprobante agree.
Source: SUNAT, rules 3103, 3108, 3270-3280, 3290-3307, 3319; reference on SUNAT, 1.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from addons.sunat.documents import codigos
from addons.sunat.documents.codigos import Tributo
from addons.sunat.documents.modelo import (
    CERO,
    Anticipo,
    CargoGlobal,
    Comprobante,
    Cuota,
    Isc,
    Linea,
)
from kernel.money import round_half_up

UNIDAD = Decimal("0.0000000001")
"""Unit prices have up to 10 decimals."""
PORCENTAJE = Decimal("0.00001")
SOL = Decimal(1)


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


def calcular(comprobante: Comprobante) -> Totales:
    """Return every amount of a comprobante. Its values must be sane (``reglas`` says so)."""
    lineas = importes(comprobante)
    gravado = codigos.IVAP if any(uno.tributo is codigos.IVAP for uno in lineas) else codigos.IGV
    tasa = _tasa_de(gravado, comprobante)
    ajustes = [_ajuste(uno, tasa, comprobante) for uno in comprobante.cargos]
    anticipos = [_anticipo(uno, tasa) for uno in comprobante.anticipos]
    cabecera = _Cabecera(lineas, gravado, tasa, comprobante, ajustes, anticipos)
    return cabecera.totales()


def importes(comprobante: Comprobante) -> tuple[Importe, ...]:
    """Return the amounts of each line."""
    suma: dict[tuple[Tributo, Decimal], Decimal] = {}
    return tuple(_importe(linea, comprobante, suma) for linea in comprobante.detalle)


def _tasa_de(tributo: Tributo, comprobante: Comprobante) -> Decimal:
    return codigos.TASA_IVAP if tributo is codigos.IVAP else comprobante.tasa_igv


def _tasa(linea: Linea, comprobante: Comprobante) -> Decimal:
    tributo = codigos.AFECTACIONES[linea.afectacion_igv]
    if tributo in codigos.GRAVADOS or linea.afectacion_igv in codigos.RETIROS_GRAVADOS:
        return _tasa_de(tributo, comprobante)
    return Decimal(0)


def _importe(
    linea: Linea, comprobante: Comprobante, suma: dict[tuple[Tributo, Decimal], Decimal]
) -> Importe:
    tributo = codigos.AFECTACIONES[linea.afectacion_igv]
    tasa = _tasa(linea, comprobante)
    con_impuestos = comprobante.precios_incluyen_igv
    bruto = round_half_up(linea.cantidad * linea.precio_unitario) - linea.descuento + linea.cargo
    base_isc = isc = CERO
    if con_impuestos:
        base, igv = _repartir(suma, (tributo, tasa), bruto, con_impuestos=True)
        if linea.isc is not None:
            base_isc, isc = _isc_incluido(linea, linea.isc, base)
        valor = base - isc
    else:
        valor = bruto
        if linea.isc is not None:
            base_isc, isc = _isc_aparte(linea, linea.isc, valor)
        base, igv = _repartir(suma, (tributo, tasa), valor + isc, con_impuestos=False)
    divisor = _divisor(tasa, linea.isc) if con_impuestos else SOL
    descuento, cargo = (round_half_up(uno / divisor) for uno in (linea.descuento, linea.cargo))
    por_bolsa = codigos.icbper_por_bolsa(comprobante.fecha_emision) if linea.icbper else CERO
    icbper = round_half_up(por_bolsa * linea.cantidad)
    gratuito = tributo is codigos.GRATUITO
    unitario = _por_unidad(valor + descuento - cargo, linea)
    impuestos = isc + icbper + (CERO if gratuito else igv)
    ajuste = linea.cargo_no_afecto - linea.descuento_no_afecto
    return Importe(
        linea=linea,
        tributo=tributo,
        tasa=tasa,
        valor_unitario=Decimal(0) if gratuito else unitario,
        precio_venta=unitario if gratuito else _por_unidad(valor + impuestos + ajuste, linea),
        valor_venta=valor,
        base_igv=base,
        igv=igv,
        descuento=descuento,
        cargo=cargo,
        base_isc=base_isc,
        isc=isc,
        tasa_isc=_tasa_isc(linea.isc, base_isc, isc),
        icbper=icbper,
        icbper_unitario=por_bolsa,
    )


def _repartir(
    suma: dict[tuple[Tributo, Decimal], Decimal],
    clave: tuple[Tributo, Decimal],
    monto: Decimal,
    *,
    con_impuestos: bool,
) -> tuple[Decimal, Decimal]:
    """Return base and IGV of what a line adds to the running sum of its tribute and rate."""
    tasa = clave[1]
    antes = suma.get(clave, CERO)
    ahora = suma[clave] = antes + monto
    if con_impuestos:
        base = round_half_up(ahora / (1 + tasa)) - round_half_up(antes / (1 + tasa))
        return base, monto - base
    return monto, round_half_up(ahora * tasa) - round_half_up(antes * tasa)


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
    return round_half_up(tasa * 100, PORCENTAJE)


def _por_unidad(monto: Decimal, linea: Linea) -> Decimal:
    return round_half_up(monto / linea.cantidad, UNIDAD)


# The whole ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ajuste:
    """A global discount, charge or advance: what it takes off the base, and off base plus tax."""

    codigo: str
    es_cargo: bool
    afecta_base: bool
    base: Decimal
    igv: Decimal


def _ajuste(cargo: CargoGlobal, tasa: Decimal, comprobante: Comprobante) -> _Ajuste:
    regla = codigos.CARGOS_GLOBALES[cargo.codigo]
    base, igv = cargo.monto, CERO
    if regla.afecta_base and comprobante.precios_incluyen_igv:
        base = round_half_up(cargo.monto / (1 + tasa))
        igv = cargo.monto - base
    elif regla.afecta_base:
        igv = round_half_up(base * tasa)
    return _Ajuste(cargo.codigo, regla.es_cargo, regla.afecta_base, base, igv)


def _anticipo(anticipo: Anticipo, tasa: Decimal) -> _Ajuste:
    if anticipo.codigo != "04":
        return _Ajuste(anticipo.codigo, False, False, anticipo.monto, CERO)
    base = round_half_up(anticipo.monto / (1 + tasa))
    return _Ajuste("04", False, True, base, anticipo.monto - base)


def _sum(montos: Iterable[Decimal]) -> Decimal:
    return sum(montos, CERO)


@dataclass(frozen=True, slots=True)
class _Cabecera:
    """The amounts of the whole, one after the other."""

    lineas: tuple[Importe, ...]
    gravado: Tributo
    tasa: Decimal
    comprobante: Comprobante
    ajustes: Sequence[_Ajuste]
    anticipos: Sequence[_Ajuste]

    def totales(self) -> Totales:
        """Return them."""
        onerosas = [uno for uno in self.lineas if not uno.gratuito]
        afectan = [uno for uno in self.ajustes if uno.afecta_base]
        delta = _sum(uno.base if uno.es_cargo else -uno.base for uno in afectan)
        delta_igv = _sum(uno.igv if uno.es_cargo else -uno.igv for uno in afectan)
        valor_venta = _sum(uno.valor_venta for uno in onerosas) + delta
        isc = _sum(uno.isc for uno in self.lineas)
        icbper = _sum(uno.icbper for uno in self.lineas)
        igv = _sum(uno.igv for uno in onerosas) + delta_igv
        precio_venta = valor_venta + isc + icbper + igv
        tributos = self._tributos(delta, igv)
        descuentos, otros = self._no_afectos()
        anticipos = _sum(uno.monto for uno in self.comprobante.anticipos)
        redondeo = self.comprobante.redondeo
        total = precio_venta + otros - descuentos - anticipos + redondeo
        ajuste = self.comprobante.modifica
        if ajuste is not None and self._solo_cuotas():
            return self._de_cuotas(total)
        percepcion = self._percepcion(total)
        detraccion, retencion = self._detraccion(total), self._retencion(total)
        neto = total - retencion - self._en_moneda(detraccion) - self.comprobante.pagado
        return Totales(
            lineas=self.lineas,
            tributos=tuple(tributos),
            cargos=tuple(self._cargos(total, percepcion, retencion)),
            valor_venta=valor_venta,
            precio_venta=precio_venta,
            impuestos=_sum(m for t, _, m in tributos if t is not codigos.GRATUITO),
            descuentos=descuentos,
            otros_cargos=otros,
            anticipos=anticipos,
            redondeo=redondeo,
            total=total,
            percepcion=percepcion,
            detraccion=detraccion,
            retencion=retencion,
            neto_pendiente=_pendiente(self.comprobante.cuotas, neto),
            cuotas=repartir_cuotas(self.comprobante.cuotas, neto),
        )

    def _solo_cuotas(self) -> bool:
        comprobante = self.comprobante
        motivo = comprobante.modifica.motivo_codigo if comprobante.modifica else ""
        return comprobante.tipo == codigos.NOTA_CREDITO and motivo == codigos.AJUSTE_CREDITO

    def _de_cuotas(self, total: Decimal) -> Totales:
        """Return the amounts of a note that moves payments only: nothing but the payments."""
        neto = _sum(uno.monto or CERO for uno in self.comprobante.cuotas)
        return Totales(
            lineas=self.lineas,
            tributos=tuple(self._tributos(CERO, _sum(uno.igv for uno in self.lineas))),
            cargos=(),
            valor_venta=CERO,
            precio_venta=CERO,
            impuestos=CERO,
            descuentos=CERO,
            otros_cargos=CERO,
            anticipos=CERO,
            redondeo=CERO,
            total=total,
            percepcion=CERO,
            detraccion=CERO,
            retencion=CERO,
            neto_pendiente=neto,
            cuotas=repartir_cuotas(self.comprobante.cuotas, neto),
        )

    def _tributos(self, delta: Decimal, igv: Decimal) -> list[tuple[Tributo, Decimal, Decimal]]:
        por_tributo: dict[Tributo, list[Importe]] = {}
        for uno in self.lineas:
            por_tributo.setdefault(uno.tributo, []).append(uno)
        quitado: dict[Tributo, Decimal] = {}
        for antes in self.anticipos:
            suyo = self.gravado if antes.codigo == "04" else codigos.ANTICIPOS[antes.codigo]
            quitado[suyo] = quitado.get(suyo, CERO) + antes.base
        encontrados = []
        for tributo, lineas in por_tributo.items():
            base = _sum(uno.valor_venta for uno in lineas) - quitado.get(tributo, CERO)
            monto = CERO
            if tributo is self.gravado:
                base += delta
                monto = igv - _sum(uno.igv for uno in self.anticipos)
            elif tributo is codigos.GRATUITO:
                monto = _sum(uno.igv for uno in lineas)
            encontrados.append((tributo, base, monto))
        encontrados += self._especiales()
        return sorted(encontrados, key=lambda uno: uno[0].codigo)

    def _especiales(self) -> list[tuple[Tributo, Decimal, Decimal]]:
        """Return ISC and ICBPER, where a line has them."""
        found = []
        if any(uno.isc for uno in self.lineas):
            base = _sum(uno.base_isc for uno in self.lineas)
            found.append((codigos.ISC, base, _sum(uno.isc for uno in self.lineas)))
        if any(uno.icbper for uno in self.lineas):
            found.append((codigos.ICBPER, CERO, _sum(uno.icbper for uno in self.lineas)))
        return found

    def _no_afectos(self) -> tuple[Decimal, Decimal]:
        """Return discounts and charges that leave the base alone, lines and whole together."""
        globales = [uno for uno in self.ajustes if not uno.afecta_base]
        descuentos = _sum(uno.linea.descuento_no_afecto for uno in self.lineas)
        cargos = _sum(uno.linea.cargo_no_afecto for uno in self.lineas)
        return (
            descuentos + _sum(uno.base for uno in globales if not uno.es_cargo),
            cargos + _sum(uno.base for uno in globales if uno.es_cargo),
        )

    def _percepcion(self, total: Decimal) -> Decimal:
        percepcion = self.comprobante.percepcion
        if percepcion is None:
            return CERO
        return round_half_up(self._soles(total) * codigos.PERCEPCIONES[percepcion.codigo])

    def _detraccion(self, total: Decimal) -> Decimal:
        """Return the deposit in soles; with cents, as SUNAT's rule takes it."""
        detraccion = self.comprobante.detraccion
        if detraccion is None:
            return CERO
        return round_half_up(self._soles(total) * detraccion.porcentaje / 100)

    def _soles(self, monto: Decimal) -> Decimal:
        return monto * (self.comprobante.tipo_cambio or SOL)

    def _retencion(self, total: Decimal) -> Decimal:
        tasa = codigos.TASA_RETENCION if self.comprobante.retencion else Decimal(0)
        return round_half_up(total * tasa)

    def _en_moneda(self, soles: Decimal) -> Decimal:
        return round_half_up(soles / (self.comprobante.tipo_cambio or SOL))

    def _cargos(
        self, total: Decimal, percepcion: Decimal, retencion: Decimal
    ) -> Iterable[CargoCalculado]:
        onerosas = _sum(uno.valor_venta for uno in self.lineas if not uno.gratuito)
        for uno in (*self.ajustes, *self.anticipos):
            yield CargoCalculado(uno.codigo, uno.es_cargo, uno.base, max(onerosas, uno.base))
        if self.comprobante.percepcion is not None:
            codigo = self.comprobante.percepcion.codigo
            factor = codigos.PERCEPCIONES[codigo]
            base = round_half_up(self._soles(total))
            yield CargoCalculado(codigo, True, percepcion, base, factor)
        if retencion:
            factor = codigos.TASA_RETENCION
            yield CargoCalculado(codigos.RETENCION_IGV, False, retencion, total, factor)


def _pendiente(cuotas: Sequence[Cuota], neto: Decimal) -> Decimal:
    return neto if cuotas else CERO


def repartir_cuotas(cuotas: Sequence[Cuota], neto: Decimal) -> tuple[CuotaCalculada, ...]:
    """Return the payments with their amounts; those without share what the others leave."""
    libres = [uno for uno in cuotas if uno.monto is None]
    resto = neto - _sum(uno.monto or CERO for uno in cuotas)
    hechas = 0
    found = []
    for uno in cuotas:
        monto = uno.monto
        if monto is None:
            antes = round_half_up(resto * hechas / len(libres))
            hechas += 1
            monto = round_half_up(resto * hechas / len(libres)) - antes
        found.append(CuotaCalculada(uno.fecha.isoformat(), monto))
    return tuple(found)
