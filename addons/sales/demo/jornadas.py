"""Days of trade at the demo company: who bought what, when, and how it was paid.

Pure: the same shop, day and dice give the same day. Saturdays are strong and Sundays short, the
hours have two peaks, some products sell all the time, and baskets keep to a theme.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

from addons.sales.demo.catalogo import Articulo, Comprador
from addons.sales.services.importes import Importe, Linea, bruto, calcular

CERO = Decimal("0.00")
APERTURA = Decimal("200.00")
DECIMO = Decimal("0.10")
"""The smallest coin in use."""

VENTAS_POR_DIA = 25
SEMANA = (0.84, 0.88, 0.94, 1.0, 1.18, 1.52, 0.64)
"""Trade by weekday, Monday first; 1 is the mean."""
HORAS = (2, 5, 9, 11, 10, 7, 5, 6, 8, 10, 11, 7)
"""Trade by hour of a working day, from 8 to 19."""
ABRE, CIERRA, CIERRA_DOMINGO = 8, 20, 14
DOMINGO = 6
LINEAS = (30, 27, 19, 12, 8, 4)
"""How many sales in a hundred have 1, 2, … 6 lines."""

CON_NOMBRE = Decimal("700.00")
"""From this total on a boleta names its customer (Reglamento de Comprobantes de Pago, art. 8)."""
TOPE_BILLETERA = Decimal("500.00")
"""The most that yape and plin move at once."""
METODOS = ("efectivo", "yape", "tarjeta", "plin", "transferencia", "mixto")
PAGAN = (44, 25, 17, 8, 2, 4)
PAGAN_EMPRESAS = (12, 8, 38, 2, 40, 0)
DESCUADRES = tuple(map(Decimal, ("-5.00", "-1.00", "-0.50", "0.50", "1.00", "10.00")))


@dataclass(frozen=True, slots=True)
class Estante:
    """Products to pick from, the ones that sell well more often."""

    articulos: Sequence[Articulo]
    acumulado: Sequence[int]

    @classmethod
    def de(cls, articulos: Sequence[Articulo]) -> "Estante":
        """Return a shelf of products."""
        return cls(articulos, list(accumulate(uno.salida for uno in articulos)))

    def elegir(self, azar: Random) -> Articulo:
        """Return a product."""
        return azar.choices(self.articulos, cum_weights=self.acumulado)[0]


@dataclass(frozen=True, slots=True)
class Tienda:
    """What the shop sells, to whom, and how its prices are read."""

    estante: Estante
    por_categoria: dict[str, Estante]
    varios: Comprador
    conocidos: Sequence[Comprador]
    incluyen_igv: bool
    tasa: Decimal
    zona: ZoneInfo

    @classmethod
    def de(
        cls,
        articulos: Sequence[Articulo],
        compradores: Sequence[Comprador],
        *,
        incluyen_igv: bool,
        tasa: Decimal,
        zona: ZoneInfo,
    ) -> "Tienda":
        """Return the shop; the first customer stands for all that don't give a name."""
        vendibles = [uno for uno in articulos if uno.salida > 0]
        categorias = dict.fromkeys(uno.categoria for uno in vendibles)
        por_categoria = {
            nombre: Estante.de([uno for uno in vendibles if uno.categoria == nombre])
            for nombre in categorias
        }
        varios, *conocidos = compradores
        estante = Estante.de(vendibles)
        return cls(estante, por_categoria, varios, conocidos, incluyen_igv, tasa, zona)


@dataclass(frozen=True, slots=True)
class Turno:
    """A cashier at work; ``peso`` is the share of the company's sales, the shares add up to 1."""

    sucursal_id: int
    cajero_id: int
    vendedor_id: int | None
    peso: float


@dataclass(frozen=True, slots=True)
class LineaVendida:
    """A sold line."""

    articulo: Articulo
    linea: Linea
    importe: Importe


@dataclass(frozen=True, slots=True)
class Pago:
    """What the customer gave."""

    metodo: str
    monto: Decimal
    referencia: str = ""


@dataclass(frozen=True, slots=True)
class VentaHecha:
    """A sale."""

    fecha: datetime
    usuario_id: int
    comprador: Comprador
    lineas: Sequence[LineaVendida]
    total: Importe
    pagos: Sequence[Pago]
    vuelto: Decimal


@dataclass(frozen=True, slots=True)
class Jornada:
    """A cashier's day, which is a caja; ``descuadre`` is counted minus expected cash."""

    turno: Turno
    abre: datetime
    cierra: datetime | None
    ventas: Sequence[VentaHecha]
    descuadre: Decimal = CERO

    @property
    def esperado(self) -> Decimal:
        """The cash that should be in the drawer."""
        pagos = (pago for venta in self.ventas for pago in venta.pagos)
        entra = sum((pago.monto for pago in pagos if pago.metodo == "efectivo"), CERO)
        return APERTURA + entra - sum((venta.vuelto for venta in self.ventas), CERO)


Numerada = tuple[int, int, int, Jornada, VentaHecha]
"""A sale with what it gets when written: its id, its caja's id, its number in the caja."""


def jornada(tienda: Tienda, turno: Turno, dia: date, avance: float, azar: Random) -> Jornada:
    """Return a past day; ``avance`` runs from 0 to 1 over the history, along which trade grows."""
    domingo = dia.weekday() == DOMINGO
    ritmo = SEMANA[dia.weekday()] * (0.92 + 0.16 * avance) * azar.uniform(0.75, 1.25)
    cuantas = max(1, round(VENTAS_POR_DIA * turno.peso * ritmo))
    fechas = sorted(_hora(dia, tienda.zona, azar, domingo=domingo) for _ in range(cuantas))
    abre = datetime.combine(dia, time(ABRE - 1, 45), tienda.zona)
    cierra = datetime.combine(dia, time(CIERRA_DOMINGO if domingo else CIERRA), tienda.zona)
    return Jornada(
        turno,
        abre + timedelta(seconds=azar.randrange(600)),
        cierra + timedelta(seconds=300 + azar.randrange(1200)),
        [_venta(tienda, turno, fecha, azar) for fecha in fechas],
        azar.choice(DESCUADRES) if azar.random() < 0.08 else CERO,
    )


def jornada_en_curso(tienda: Tienda, turno: Turno, ahora: datetime, azar: Random) -> Jornada:
    """Return today's day with two early sales, the caja still open.

    The instants are the same from nine o'clock on; before, they fall between midnight and now.
    """
    cero = datetime.combine(ahora.astimezone(tienda.zona).date(), time(), tienda.zona)
    transcurrido = min(ahora - cero, timedelta(hours=9))
    abre, primera, segunda = (cero + transcurrido * parte for parte in (0.9, 0.94, 0.98))
    ventas = [_venta(tienda, turno, fecha, azar) for fecha in (primera, segunda)]
    return Jornada(turno, abre, None, ventas)


def _hora(dia: date, zona: ZoneInfo, azar: Random, *, domingo: bool) -> datetime:
    pesos = HORAS[: CIERRA_DOMINGO - ABRE] if domingo else HORAS
    hora = ABRE + azar.choices(range(len(pesos)), pesos)[0]
    return datetime.combine(dia, time(hora, azar.randrange(60), azar.randrange(60)), zona)


def _venta(tienda: Tienda, turno: Turno, fecha: datetime, azar: Random) -> VentaHecha:
    comprador = _comprador(tienda, azar)
    articulos = canasta(tienda, azar)
    lineas = [_linea(uno, comprador, tienda.tasa, azar) for uno in articulos]
    total, importes = calcular(lineas, incluyen_igv=tienda.incluyen_igv)
    if comprador is tienda.varios and total.total >= CON_NOMBRE:
        comprador = azar.choice(tienda.conocidos)
    pagos, vuelto = _pagar(comprador, total.total, azar)
    return VentaHecha(
        fecha=fecha,
        usuario_id=_atiende(turno, azar),
        comprador=comprador,
        lineas=[LineaVendida(*una) for una in zip(articulos, lineas, importes, strict=True)],
        total=total,
        pagos=pagos,
        vuelto=vuelto,
    )


def _atiende(turno: Turno, azar: Random) -> int:
    """Return who sells: the cashier, or now and then a seller of the sucursal."""
    if turno.vendedor_id is not None and azar.random() < 0.25:
        return turno.vendedor_id
    return turno.cajero_id


def _comprador(tienda: Tienda, azar: Random) -> Comprador:
    """Return who buys: mostly nobody in particular, and some customers more than others."""
    if azar.random() < 0.6:
        return tienda.varios
    return tienda.conocidos[int(len(tienda.conocidos) * azar.betavariate(1, 1.3))]


def canasta(tienda: Tienda, azar: Random) -> list[Articulo]:
    """Return different products, about half of them for the same kind of work."""
    primero = tienda.estante.elegir(azar)
    canasta = {primero.id: primero}
    cuantos = azar.choices(range(1, len(LINEAS) + 1), LINEAS)[0]
    while len(canasta) < cuantos:
        afin = azar.random() < 0.5
        otro = (tienda.por_categoria[primero.categoria] if afin else tienda.estante).elegir(azar)
        canasta[otro.id] = otro
    return list(canasta.values())


def _linea(articulo: Articulo, comprador: Comprador, tasa: Decimal, azar: Random) -> Linea:
    tope = articulo.tope * (2 if comprador.compra_mas else 1)
    cantidad = Decimal(1 + int(tope * azar.random() ** 2))
    if articulo.unidad == "KGM":
        cantidad /= 2
    tasa = tasa if articulo.gravado else CERO
    linea = Linea(cantidad, articulo.precio, CERO, tasa)
    if azar.random() > (0.3 if comprador.compra_mas else 0.03):
        return linea
    descuento = (bruto(linea) * azar.choice((5, 10)) / 100) // DECIMO * DECIMO
    return Linea(cantidad, articulo.precio, descuento, tasa)


def _pagar(comprador: Comprador, total: Decimal, azar: Random) -> tuple[list[Pago], Decimal]:
    """Return the payments and the change."""
    metodo = azar.choices(METODOS, PAGAN_EMPRESAS if comprador.compra_mas else PAGAN)[0]
    if metodo in ("yape", "plin") and total > TOPE_BILLETERA:
        metodo = "tarjeta"
    if metodo == "mixto":
        return _pagar_mixto(total, azar), CERO
    if metodo == "efectivo":
        entregado = _entregado(total, azar)
        return [Pago(metodo, entregado)], entregado - total
    return [Pago(metodo, total, _referencia(metodo, azar))], CERO


def _pagar_mixto(total: Decimal, azar: Random) -> list[Pago]:
    billetera = min(total // 20 * 10, TOPE_BILLETERA)
    if not billetera:
        return [Pago("yape", total, _referencia("yape", azar))]
    return [
        Pago("efectivo", total - billetera),
        Pago("yape", billetera, _referencia("yape", azar)),
    ]


def _entregado(total: Decimal, azar: Random) -> Decimal:
    """Return the notes handed over: the exact amount, or up to the next round one."""
    billete = azar.choice((DECIMO, Decimal(5), Decimal(10), Decimal(20), Decimal(50), Decimal(100)))
    return (total / billete).to_integral_value(ROUND_CEILING) * billete


def _referencia(metodo: str, azar: Random) -> str:
    if metodo == "tarjeta":
        return f"Lote {azar.randrange(1, 1000):03d} ref. {azar.randrange(1_000_000):06d}"
    return f"Op. {azar.randrange(10_000_000, 100_000_000)}"
