"""Rules on computed amounts: what no caller's field shows by itself."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from addons.sunat.documents import codigos
from addons.sunat.documents.codigos import BOLETA, EXONERADO, FACTURA, NOTA_CREDITO
from addons.sunat.documents.importes import Totales
from addons.sunat.documents.modelo import Comprobante
from addons.sunat.documents.reglas.formatos import TOPE
from addons.sunat.documents.reglas.tabla import VENTAS, Falta, regla_de_totales

CON_IDENTIDAD = Decimal(700)
UN_SOL = Decimal(1)
DE_AMAZONIA = {"2001": "3283", "2002": "3284", "2003": "3285", "2008": "3289"}


@regla_de_totales(
    "2062",
    "El dato ingresado en PayableAmount no cumple con el formato establecido",
    "Descuentos y anticipos pasan del valor de la venta.",
)
def total(de: Comprobante, totales: Totales) -> Iterator[Falta]:
    """The total is no debt of ours, and fits."""
    if totales.total < 0:
        yield Falta("anticipos" if de.anticipos else "cargos" if de.cargos else "detalle")
    if totales.total >= TOPE:
        yield Falta("detalle", "El total es demasiado grande.")


@regla_de_totales(
    "2999",
    "El dato ingresado en el total valor de venta globales no cumple con el formato establecido",
    "Los descuentos y anticipos pasan de las operaciones de su clase.",
)
def bases(de: Comprobante, totales: Totales) -> Iterator[Falta]:
    """No base is negative, and each fits."""
    for _, base, monto in totales.tributos:
        if base < 0 or monto < 0:
            yield Falta("anticipos" if de.anticipos else "cargos")
        if base >= TOPE or monto >= TOPE:
            yield Falta("detalle", "Lo que suman las líneas es demasiado grande.")


@regla_de_totales(
    "3278",
    "La sumatoria de valor de venta no corresponde a los importes consignados",
    "Un anticipo exonerado o inafecto necesita líneas de su clase.",
    tipos=VENTAS,
)
def anticipo_con_lineas(de: Comprobante, totales: Totales) -> Iterator[Falta]:
    """An exempt advance needs exempt lines."""
    presentes = {tributo for tributo, _, _ in totales.tributos}
    for indice, anticipo in enumerate(de.anticipos):
        suyo = codigos.ANTICIPOS[anticipo.codigo]
        if anticipo.codigo != "04" and suyo not in presentes:
            yield Falta(f"anticipos.{indice}.codigo")


@regla_de_totales(
    "3291",
    "El cálculo del IGV es Incorrecto",
    "El anticipo gravado no alcanza al ISC, que tiene su IGV: baje el anticipo.",
    tipos=VENTAS,
)
def anticipo_sin_el_isc(de: Comprobante, totales: Totales) -> Iterator[Falta]:
    """IGV is what is due on the base that advances leave, ISC in it, to a sol."""
    isc = totales.monto(codigos.ISC)
    debido = (totales.base(codigos.IGV) + isc) * de.tasa_igv
    if de.anticipos and isc and abs(totales.monto(codigos.IGV) - debido) > UN_SOL:
        yield Falta("anticipos")


@regla_de_totales(
    "2514",
    "No existe información de receptor de documento.",
    "Una boleta de más de S/ 700.00 identifica al cliente: escriba su DNI u otro documento.",
    tipos=frozenset({BOLETA}),
)
def identidad(de: Comprobante, totales: Totales) -> Iterator[Falta]:
    """A large boleta knows its buyer."""
    soles = totales.total * de.cambio
    anonimo = not de.adquirente.numero_doc.strip("0-")
    if soles > CON_IDENTIDAD and anonimo:
        yield Falta("adquirente.numero_doc")


@regla_de_totales(
    "3319",
    "La suma de las cuotas debe ser igual al Monto neto pendiente de pago.",
    "Las cuotas deben sumar lo pendiente.",
    tipos=frozenset({FACTURA, NOTA_CREDITO}),
)
def cuotas(de: Comprobante, totales: Totales) -> Iterator[Falta]:
    """Payments add up to what is due."""
    suma = sum((uno.monto for uno in totales.cuotas), Decimal(0))
    if de.cuotas and suma != totales.neto_pendiente:
        cura = f"Las cuotas suman {suma:.2f} y lo pendiente es {totales.neto_pendiente:.2f}."
        yield Falta("cuotas", cura)


@regla_de_totales(
    "3265",
    "El Monto neto pendiente de pago debe ser menor o igual al Importe total del comprobante",
    "Lo pagado al contado no es negativo.",
    tipos=frozenset({FACTURA}),
)
def pendiente(de: Comprobante, totales: Totales) -> Iterator[Falta]:
    """What is due is no more than the total."""
    if totales.neto_pendiente > totales.total:
        yield Falta("pagado")


@regla_de_totales(
    "3266",
    "El Monto del pago único o de las cuotas debe ser menor o igual al Importe total del "
    "comprobante",
    "Ninguna cuota pasa del total del comprobante.",
    tipos=frozenset({FACTURA}),
)
def cuota_grande(de: Comprobante, totales: Totales) -> Iterator[Falta]:
    """No payment is more than the total."""
    for indice, uno in enumerate(totales.cuotas):
        if uno.monto > totales.total:
            yield Falta(f"cuotas.{indice}.monto")


@regla_de_totales(
    "3253",
    "El Monto del pago único o de las cuotas no cumple el formato definido",
    "Las cuotas sin monto se quedan sin nada que pagar: revise las otras.",
    tipos=frozenset({FACTURA, NOTA_CREDITO}),
)
def cuota_positiva(de: Comprobante, totales: Totales) -> Iterator[Falta]:
    """Each payment is above zero."""
    for indice, uno in enumerate(totales.cuotas):
        if uno.monto <= 0:
            yield Falta(f"cuotas.{indice}.monto")


@regla_de_totales(
    "3315",
    "Si el tipo de nota de credito es 13, el Importe total debe ser cero",
    "En una nota de motivo 13 los precios van en cero.",
    tipos=frozenset({NOTA_CREDITO}),
)
def trece_en_cero(de: Comprobante, totales: Totales) -> Iterator[Falta]:
    """Reason 13 moves payments only."""
    trece = de.modifica is not None and de.modifica.motivo_codigo == codigos.AJUSTE_CREDITO
    if trece and totales.total:
        yield Falta("detalle.0.precio_unitario")


def _amazonia(leyenda: str, codigo: str) -> None:
    @regla_de_totales(
        codigo,
        f"Si se utiliza la leyenda con código {leyenda}, el total de operaciones exoneradas debe "
        "ser mayor a 0.00",
        f"La leyenda {leyenda} acompaña líneas exoneradas (20).",
        tipos=frozenset({FACTURA}),
    )
    def exoneradas(de: Comprobante, totales: Totales) -> Iterator[Falta]:
        if leyenda in de.leyendas and totales.base(EXONERADO) <= 0:
            yield Falta(f"leyendas.{de.leyendas.index(leyenda)}")


for _leyenda, _codigo in DE_AMAZONIA.items():
    _amazonia(_leyenda, _codigo)
