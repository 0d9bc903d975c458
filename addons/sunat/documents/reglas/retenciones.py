"""Rules of retención (20) and percepción (40): what SUNAT would refuse.

Source: SUNAT, "Validaciones" v20260212, sheets Retenciones and Percepciones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from stdnum.pe import ruc

from addons.sunat.documents import codigos
from addons.sunat.documents.monedas import MONEDAS
from addons.sunat.documents.reglas.encabezado import Plazo, declarar_encabezado
from addons.sunat.documents.reglas.formatos import cabe, documento_valido, en_una_linea, visible
from addons.sunat.documents.reglas.lista import Lista
from addons.sunat.documents.reglas.tabla import Entorno, Falta
from addons.sunat.documents.retencion import (
    PERCEPCION,
    REGIMENES,
    RELACIONADOS,
    RETENCION,
    TIPOS,
    Retencion,
)

LISTA: Lista[Retencion] = Lista(lambda de: de.tipo)
DE_RETENCION = frozenset({RETENCION})
DE_PERCEPCION = frozenset({PERCEPCION})
MAX_PAGOS = 500
SERIES = {RETENCION: re.compile(r"R[A-Z0-9]{3}"), PERCEPCION: re.compile(r"P[A-Z0-9]{3}")}
_TICKET = re.compile(r"[a-zA-Z0-9-]{1,20}-[0-9]{1,20}")
_NUMEROS = {
    RETENCION: re.compile(r"(E001|[FR][A-Z0-9]{3}|[0-9]{4})-(?!0+$)[0-9]{1,8}"),
    PERCEPCION: re.compile(r"(E001|EB01|[FPB][A-Z0-9]{3}|[0-9]{4})-(?!0+$)[0-9]{1,8}"),
}
PLAZO = Plazo(
    40,  # the ninth working day of the month after is never later than this
    "2600",
    "El comprobante fue enviado fuera del plazo permitido.",
    "Se envía a más tardar el noveno día hábil del mes siguiente; emita con otra fecha.",
)
declarar_encabezado(
    LISTA, SERIES, "Use una serie de 4 caracteres: R… de retención, P… de percepción.", PLAZO
)


def _fuera_de_mes(de: Retencion) -> Iterator[Falta]:
    """Find payments before their document, before the month, or after the comprobante."""
    desde = de.fecha_emision.replace(day=1)
    for indice, uno in enumerate(de.pagos):
        if not max(desde, uno.fecha_emision) <= uno.fecha_pago <= de.fecha_emision:
            yield Falta(f"pagos.{indice}.fecha_pago")


@LISTA.regla(
    "2723",
    "El XML no contiene el tag o no existe información del número de documento de identidad del "
    "proveedor",
    "Escriba el RUC del proveedor.",
    tipos=DE_RETENCION,
)
def sin_sujeto(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """The supplier has a number."""
    if not visible(de.sujeto.numero_doc):
        yield Falta("sujeto.numero_doc")


@LISTA.regla(
    "2511",
    "El tipo de documento no es aceptado.",
    "Se retiene a un proveedor con RUC (6).",
    tipos=DE_RETENCION,
)
def con_ruc(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """A supplier has a RUC."""
    if de.sujeto.tipo_doc != codigos.RUC:
        yield Falta("sujeto.tipo_doc")


@LISTA.regla(
    "2724",
    "El valor ingresado como documento de identidad del proveedor es incorrecto",
    "Corrija el RUC del proveedor: son 11 dígitos y el último verifica los demás.",
    tipos=DE_RETENCION,
)
def ruc_sujeto(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """A supplier's RUC can exist."""
    if visible(de.sujeto.numero_doc) and not ruc.is_valid(de.sujeto.numero_doc):
        yield Falta("sujeto.numero_doc")


@LISTA.regla(
    "2620",
    "El Proveedor no puede ser el mismo que el Emisor del comprobante de retención.",
    "El proveedor es otro que la empresa.",
    tipos=DE_RETENCION,
)
def otro_proveedor(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """Nobody retains of itself."""
    if de.sujeto.numero_doc == de.emisor.ruc:
        yield Falta("sujeto.numero_doc")


@LISTA.regla(
    "2604",
    "El Cliente no puede ser el mismo que el Emisor del comprobante de percepción.",
    "El cliente es otro que la empresa.",
    tipos=DE_PERCEPCION,
)
def otro_cliente(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """Nobody perceives of itself."""
    if de.sujeto.numero_doc == de.emisor.ruc:
        yield Falta("sujeto.numero_doc")


@LISTA.regla(
    "2606",
    "Documento de identidad del Cliente no existe.",
    "Corrija el documento del cliente: un RUC tiene 11 dígitos, un DNI 8.",
    tipos=DE_PERCEPCION,
)
def documento_cliente(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """The customer's number can exist."""
    if not documento_valido(de.sujeto):
        yield Falta("sujeto.numero_doc")


@LISTA.regla(
    "1500",
    "El nombre comercial del emisor no cumple con el formato establecido",
    "Escriba el nombre de quien paga o cobra, en una línea.",
    tipos=TIPOS,
)
def nombre(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """Who pays or is paid has a name."""
    if not en_una_linea(visible(de.sujeto.razon_social), 1, 1500):
        yield Falta("sujeto.razon_social")


@LISTA.regla(
    "2618",
    "El régimen retención enviado no corresponde con su condición de Agente de retención.",
    "El régimen de retención es 01 (3 %) o 02 (6 %).",
    tipos=DE_RETENCION,
)
def regimen(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """The regime exists."""
    if de.regimen not in REGIMENES[de.tipo]:
        yield Falta("regimen")


@LISTA.regla(
    "2602",
    "El régimen percepción enviado no corresponde con su condición de Agente de percepción.",
    "El régimen de percepción es 01 (2 %), 02 (1 %) o 03 (0.5 %).",
    tipos=DE_PERCEPCION,
)
def regimen_de_percepcion(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """The regime exists."""
    if de.regimen not in REGIMENES[de.tipo]:
        yield Falta("regimen")


@LISTA.regla(
    "2693",
    "El XML no contiene el tag o no existe información del número de documento relacionado",
    "Diga qué documento se pagó.",
    tipos=TIPOS,
)
def sin_pagos(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """There are payments, each of a document."""
    if not 1 <= len(de.pagos) <= MAX_PAGOS:
        yield Falta("pagos", f"Diga de 1 a {MAX_PAGOS} pagos.")
    for indice, uno in enumerate(de.pagos):
        if not uno.numero.strip():
            yield Falta(f"pagos.{indice}.numero")


@LISTA.regla(
    "2692",
    "El tipo de documento relacionado no es válido",
    "El documento pagado es 01 factura, 03 boleta (solo percepción), 12, 07 u 08.",
    tipos=TIPOS,
)
def tipo_relacionado(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """The kind of document is one of these."""
    for indice, uno in enumerate(de.pagos):
        if uno.tipo not in RELACIONADOS[de.tipo]:
            yield Falta(f"pagos.{indice}.tipo")


@LISTA.regla(
    "2694",
    "El número de documento relacionado no está permitido o no es valido",
    "El documento pagado es como F001-1.",
    tipos=TIPOS,
)
def numero_relacionado(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """The document's number looks like one."""
    for indice, uno in enumerate(de.pagos):
        formato = _TICKET if uno.tipo == "12" else _NUMEROS[de.tipo]
        if uno.numero.strip() and not formato.fullmatch(uno.numero):
            yield Falta(f"pagos.{indice}.numero")


@LISTA.regla(
    "2985",
    "Solo se acepta comprobantes con fecha de emisión hasta el 28/02/2014 si la tasa del "
    "comprobante de retencion 6%",
    "La tasa de 6 % es de documentos hasta el 28 de febrero de 2014: use el régimen 01.",
    tipos=DE_RETENCION,
)
def tasa_vieja(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """Six percent is of another time."""
    for indice, uno in enumerate(de.pagos):
        if de.regimen == "02" and uno.fecha_emision > date(2014, 2, 28):
            yield Falta(f"pagos.{indice}.fecha_emision")


@LISTA.regla(
    "2696",
    "El dato ingresado en el importe total documento relacionado debe ser numérico mayor a cero",
    "El total del documento es mayor que cero, con 2 decimales.",
    tipos=TIPOS,
)
def total(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """The document came to something."""
    for indice, uno in enumerate(de.pagos):
        if not cabe(uno.total, 2) or not uno.total:
            yield Falta(f"pagos.{indice}.total")


@LISTA.regla(
    "2736",
    "El dato ingresado en el Importe del pago debe ser numérico mayor a cero",
    "El pago es mayor que cero, con 2 decimales.",
    tipos=DE_RETENCION,
)
def pagado(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """Something was paid."""
    for indice, uno in enumerate(de.pagos):
        if not cabe(uno.pago, 2) or not uno.pago:
            yield Falta(f"pagos.{indice}.pago")


@LISTA.regla(
    "2700",
    "El dato ingresado en el Importe del cobro debe ser numérico mayor a cero",
    "El cobro es mayor que cero, con 2 decimales.",
    tipos=DE_PERCEPCION,
)
def cobrado(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """Something was collected."""
    for indice, uno in enumerate(de.pagos):
        if not cabe(uno.pago, 2) or not uno.pago:
            yield Falta(f"pagos.{indice}.pago")


@LISTA.regla(
    "2626",
    "El Nro. de documento con el número de pago ya se encuentra en la Relación de Documentos "
    "Relacionados agregados.",
    "Quite el pago repetido, o dele otro número de pago.",
    tipos=TIPOS,
)
def pago_repetido(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """No payment is told twice."""
    dichos = [(uno.numero, uno.numero_pago) for uno in de.pagos]
    for indice, uno in enumerate(dichos):
        if uno in dichos[:indice]:
            yield Falta(f"pagos.{indice}.numero_pago")


@LISTA.regla(
    "2625",
    "La fecha de pago debe estar entre el primer día calendario del mes al cual corresponde la "
    "fecha de emisión del comprobante de retención o desde la fecha de emisión del comprobante "
    "relacionado.",
    "El pago es del mes de la retención, después del documento y hasta su fecha.",
    tipos=DE_RETENCION,
)
def fecha_de_pago(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """A payment is of the month of the retention."""
    yield from _fuera_de_mes(de)


@LISTA.regla(
    "2612",
    "La fecha de cobro debe estar entre el primer día calendario del mes al cual corresponde la "
    "fecha de emisión del comprobante de percepción o desde la fecha de emisión del comprobante "
    "relacionado.",
    "El cobro es del mes de la percepción, después del documento y hasta su fecha.",
    tipos=DE_PERCEPCION,
)
def fecha_de_cobro(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """A collection is of the month of the perception."""
    yield from _fuera_de_mes(de)


@LISTA.regla(
    "2719",
    "El XML no contiene el tag o no existe información de la moneda de referencia para el tipo "
    "de cambio",
    "Escriba la moneda con su código: PEN, USD, EUR …",
    tipos=TIPOS,
)
def moneda(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """The currency exists."""
    for indice, uno in enumerate(de.pagos):
        if uno.moneda not in MONEDAS:
            yield Falta(f"pagos.{indice}.moneda")


@LISTA.regla(
    "2721",
    "El XML no contiene el tag o no existe información del tipo de cambio",
    "En otra moneda que soles dé el tipo de cambio del día del pago.",
    tipos=TIPOS,
)
def sin_cambio(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """Another currency has its rate."""
    for indice, uno in enumerate(de.pagos):
        if uno.moneda != "PEN" and uno.tipo_cambio is None:
            yield Falta(f"pagos.{indice}.tipo_cambio")


@LISTA.regla(
    "2716",
    "El dato ingresado en el tipo de cambio debe ser numérico mayor a cero",
    "El tipo de cambio es mayor que cero, con hasta 4 enteros y 6 decimales.",
    tipos=TIPOS,
)
def cambio(de: Retencion, _: Entorno) -> Iterator[Falta]:
    """A rate is one."""
    for indice, uno in enumerate(de.pagos):
        cambio = uno.tipo_cambio
        if cambio is not None and not (cabe(cambio, 6) and 0 < cambio < 10_000):
            yield Falta(f"pagos.{indice}.tipo_cambio")
