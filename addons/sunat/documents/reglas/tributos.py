"""Rules on what each line is taxed with: the rate of IGV, IVAP, ISC and ICBPER."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from addons.sunat.documents import codigos
from addons.sunat.documents.modelo import Comprobante
from addons.sunat.documents.reglas.lineas import cada_linea
from addons.sunat.documents.reglas.tabla import VENTAS, Entorno, Falta, regla

SISTEMAS_ISC = frozenset({"01", "02", "03"})


@regla(
    "2644",
    "Comprobante operacion sujeta IVAP solo debe tener ítems con código de afectación del IGV "
    "igual a 17",
    "El arroz pilado (IVAP) va en un comprobante sin otras afectaciones.",
)
def solo_ivap(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """IVAP is not mixed with others; a note on it has nothing else."""
    motivo = de.modifica.motivo_codigo if de.modifica else ""
    if motivo == "12" or any(linea.afectacion_igv == "17" for linea in de.detalle):
        for lugar, linea in cada_linea(de):
            if linea.afectacion_igv != "17":
                yield Falta(f"{lugar}.afectacion_igv")


@regla(
    "2650",
    "Factura de operacion sujeta al IVAP , no debe consignar valor para ISC o debe ser 0",
    "Una línea con IVAP no lleva ISC.",
)
def ivap_sin_isc(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """IVAP and ISC exclude each other."""
    for lugar, linea in cada_linea(de):
        if linea.afectacion_igv == "17" and linea.isc is not None:
            yield Falta(f"{lugar}.isc")


@regla(
    "3223",
    "La combinación de tributos no es permitida",
    "El ISC va solo en líneas gravadas con IGV (10).",
)
def isc_con_igv(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """ISC goes with IGV."""
    for lugar, linea in cada_linea(de):
        if linea.isc is not None and linea.afectacion_igv not in ("10", "17"):
            yield Falta(f"{lugar}.isc")


@regla(
    "2041",
    "El sistema de calculo del ISC es incorrecto",
    "El sistema del ISC es 01 al valor, 02 monto fijo o 03 precio de venta al público.",
    tipos=VENTAS,
)
@regla(
    "2199",
    "El sistema de calculo del ISC es incorrecto",
    "El sistema del ISC es 01 al valor, 02 monto fijo o 03 precio de venta al público.",
    tipos=codigos.NOTAS,
)
def sistema_isc(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The system of ISC exists."""
    for lugar, linea in cada_linea(de):
        if linea.isc is not None and linea.isc.sistema not in SISTEMAS_ISC:
            yield Falta(f"{lugar}.isc.sistema")


@regla(
    "3104",
    "El factor de afectación de ISC por linea debe ser diferente a 0.00.",
    "Dé la tasa del ISC (01, 03), su monto por unidad (02) y el precio al público (03).",
)
def tasa_isc(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """ISC has what it is computed with."""
    pide = {"01": ("tasa",), "02": ("monto_unitario",), "03": ("tasa", "precio_publico")}
    for lugar, linea in cada_linea(de):
        for campo in pide.get(linea.isc.sistema, ()) if linea.isc else ():
            valor = getattr(linea.isc, campo)
            if not valor > 0 or (campo == "tasa" and valor >= 10):
                yield Falta(f"{lugar}.isc.{campo}")


@regla(
    "2892",
    "El valor del tag no cumple con el formato establecido",
    "Las bolsas se cuentan enteras, hasta 99999.",
)
def bolsas(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Bags are whole."""
    for lugar, linea in cada_linea(de):
        entera = linea.cantidad == linea.cantidad.to_integral_value()
        if linea.icbper and not (entera and linea.cantidad <= 99_999):
            yield Falta(f"{lugar}.cantidad")


@regla(
    "2949",
    "El impuesto ICBPER no se encuentra vigente",
    "El ICBPER rige desde el 1 de agosto de 2019.",
    hasta=date(2019, 7, 31),
)
def icbper_vigente(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """There was no ICBPER before August 2019."""
    for lugar, linea in cada_linea(de):
        if linea.icbper:
            yield Falta(f"{lugar}.icbper")


@regla(
    "3240",
    "El impuesto ICBPER no aplica para el NRUS",
    "Quite el ICBPER: un emisor del NRUS no lo cobra.",
    tipos=frozenset({codigos.BOLETA}),
)
def icbper_nrus(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """NRUS has no ICBPER."""
    for lugar, linea in cada_linea(de):
        if linea.icbper and de.tipo_operacion == codigos.NRUS:
            yield Falta(f"{lugar}.icbper")


@regla(
    "3462",
    "La tasa del IGV debe ser la misma en todas las líneas o ítems del documento y debe "
    "corresponder con una tasa vigente.",
    "Use la tasa general 0.18, o la reducida que rige en la fecha de emisión.",
)
def tasa_vigente(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The rate of IGV is in force; notes may correct a document of an earlier rate."""
    tasas = codigos.tasas_igv(de.fecha_emision)
    if de.tipo in codigos.NOTAS:
        tasas |= {tasa for _, _, tasa in codigos.TASAS_REDUCIDAS}
    if de.tasa_igv not in tasas:
        yield Falta("tasa_igv")
