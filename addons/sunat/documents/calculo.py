"""Arithmetic of a comprobante: from lines to every amount of its XML, to the cent.

Source: SUNAT, rules 3273-3280, 3290-3307, 3319; reference on SUNAT, 1.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from addons.sunat.documents import codigos
from addons.sunat.documents.codigos import Tributo
from addons.sunat.documents.importes import CargoCalculado, CuotaCalculada, Importe, Totales
from addons.sunat.documents.impuestos import importes, tasa_de
from addons.sunat.documents.modelo import CERO, Anticipo, CargoGlobal, Comprobante, Cuota
from kernel.money import CENT, round_half_up, share


def calcular(comprobante: Comprobante) -> Totales:
    """Return every amount of a comprobante. Its values must be sane (``reglas`` says so)."""
    lineas = importes(comprobante)
    gravado = codigos.IVAP if any(uno.tributo is codigos.IVAP for uno in lineas) else codigos.IGV
    resto = _Resto(
        _sum(uno.base_igv for uno in lineas if uno.tributo is gravado),
        _sum(uno.igv for uno in lineas if uno.tributo is gravado),
        _sum(uno.isc for uno in lineas if uno.tributo is gravado),
        tasa_de(gravado, comprobante),
    )
    ajustes = [_ajuste(uno, resto, comprobante) for uno in comprobante.cargos]
    anticipos = [_anticipo(uno, resto) for uno in comprobante.anticipos]
    cabecera = _Cabecera(lineas, gravado, comprobante, ajustes, anticipos)
    return cabecera.totales()


@dataclass(slots=True)
class _Resto:
    """What is taxed, as adjustments and advances leave it: base (ISC included) and tax."""

    base: Decimal
    igv: Decimal
    isc: Decimal
    tasa: Decimal

    def mover(self, base: Decimal, igv: Decimal) -> None:
        """Add to it."""
        self.base += base
        self.igv += igv


@dataclass(frozen=True, slots=True)
class _Ajuste:
    """A global discount, charge or advance: what it takes off the base, and off base plus tax."""

    codigo: str
    es_cargo: bool
    afecta_base: bool
    base: Decimal
    igv: Decimal


def _ajuste(cargo: CargoGlobal, resto: _Resto, comprobante: Comprobante) -> _Ajuste:
    """Return an adjustment; what it changes is by how much the rounded sums differ (3291), as if it
    had been taken off line by line."""
    regla = codigos.CARGOS_GLOBALES[cargo.codigo]
    if not regla.afecta_base:
        return _Ajuste(cargo.codigo, regla.es_cargo, False, cargo.monto, CERO)
    signo = 1 if regla.es_cargo else -1
    base, igv = _con(resto, signo * cargo.monto, con_igv=comprobante.precios_incluyen_igv)
    resto.mover(base, igv)
    return _Ajuste(cargo.codigo, regla.es_cargo, True, signo * base, signo * igv)


def _con(resto: _Resto, monto: Decimal, *, con_igv: bool) -> tuple[Decimal, Decimal]:
    """Return by how much base and tax change with an amount that has the tax inside, or not."""
    if not con_igv:
        antes = round_half_up(resto.base * resto.tasa)
        return monto, round_half_up((resto.base + monto) * resto.tasa) - antes
    antes = resto.base + resto.igv
    base = round_half_up((antes + monto) / (1 + resto.tasa))
    base -= round_half_up(antes / (1 + resto.tasa))
    return base, monto - base


def _anticipo(anticipo: Anticipo, resto: _Resto) -> _Ajuste:
    """Return an advance as its own factura split it; several that pay all leave nothing over."""
    if anticipo.codigo != "04":
        return _Ajuste(anticipo.codigo, False, False, anticipo.monto, CERO)
    base, queda = round_half_up(anticipo.monto / (1 + resto.tasa)), resto.base - resto.isc
    if anticipo.monto <= queda + resto.igv:
        base = min(max(base, anticipo.monto - resto.igv), queda)
    resto.mover(-base, base - anticipo.monto)
    return _Ajuste("04", False, True, base, anticipo.monto - base)


def _sum(montos: Iterable[Decimal]) -> Decimal:
    return sum(montos, CERO)


@dataclass(frozen=True, slots=True)
class _Cabecera:
    """The amounts of the whole, one after the other."""

    lineas: tuple[Importe, ...]
    gravado: Tributo
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
        return monto * self.comprobante.cambio

    def _retencion(self, total: Decimal) -> Decimal:
        tasa = codigos.TASA_RETENCION if self.comprobante.retencion else Decimal(0)
        return round_half_up(total * tasa)

    def _en_moneda(self, soles: Decimal) -> Decimal:
        return round_half_up(soles / self.comprobante.cambio)

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
    partes = iter(share(resto, [CENT] * len(libres)))
    return tuple(
        CuotaCalculada(uno.fecha.isoformat(), next(partes) if uno.monto is None else uno.monto)
        for uno in cuotas
    )
