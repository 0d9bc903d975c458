"""Rules on the head of a document: series, days, who sells and who buys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from stdnum.pe import ruc

from addons.sunat.documents import codigos
from addons.sunat.documents.codigos import BOLETA, FACTURA, NOTA_DEBITO, NOTAS
from addons.sunat.documents.modelo import Comprobante
from addons.sunat.documents.monedas import MONEDAS
from addons.sunat.documents.reglas.formatos import GUIAS, SERIES, en_una_linea, visible
from addons.sunat.documents.reglas.tabla import VENTAS, Entorno, Falta, regla

DIAS_FACTURA = 3
DIAS_BOLETA = 5
DIAS_FUTUROS = 2
FACTURAS = frozenset({FACTURA})
_UBIGEO = re.compile(r"[0-9]{6}")
_ANEXO = re.compile(r"[0-9]{4}")
_ORDEN = re.compile(r"[^\t\r\n]{1,20}")


def es_de_factura(comprobante: Comprobante) -> bool:
    """Return whether it is a factura or a note on one."""
    return comprobante.serie.startswith("F") or comprobante.tipo == FACTURA


@regla(
    "1001",
    "ID - El dato SERIE-CORRELATIVO no cumple con el formato de acuerdo al tipo de comprobante",
    "Use una serie de 4 caracteres: F… en facturas y sus notas, B… en boletas y sus notas.",
)
def serie(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The series fits the type, the number has up to 8 digits."""
    if not SERIES[de.tipo].fullmatch(de.serie):
        yield Falta("serie")
    if not 0 <= de.numero <= 99_999_999:
        yield Falta("numero", "El número llega a 99999999: abra otra serie.")


@regla(
    "2329",
    "La fecha de emision se encuentra fuera del limite permitido",
    "Emita con fecha de hoy; no se emite con fecha futura.",
)
def fecha_futura(de: Comprobante, entorno: Entorno) -> Iterator[Falta]:
    """It is not of the future. SUNAT allows two days; the specification none."""
    if de.fecha_emision > entorno.hoy:
        yield Falta("fecha_emision")


@regla(
    "2108",
    "Presentacion fuera de fecha",
    f"Una factura se envía hasta {DIAS_FACTURA} días después de su fecha; emita con otra fecha.",
    tipos=FACTURAS | NOTAS,
)
def fecha_tardia(de: Comprobante, entorno: Entorno) -> Iterator[Falta]:
    """A factura, or a note on one, can still be sent."""
    if es_de_factura(de) and entorno.hoy - de.fecha_emision > timedelta(days=DIAS_FACTURA):
        yield Falta("fecha_emision")


@regla(
    "1079",
    "Solo puede enviar el comprobante en un resumen diario",
    f"Pasados {DIAS_BOLETA} días una boleta va en un resumen diario: emita con otra fecha.",
    tipos=frozenset({BOLETA}) | NOTAS,
)
def boleta_tardia(de: Comprobante, entorno: Entorno) -> Iterator[Falta]:
    """A boleta, or a note on one, can still be sent by itself."""
    tarde = entorno.hoy - de.fecha_emision > timedelta(days=DIAS_BOLETA)
    if tarde and not es_de_factura(de) and not entorno.en_resumen:
        yield Falta("fecha_emision")


@regla(
    "3206",
    "El dato ingresado como tipo de operación no corresponde a un valor esperado "
    "(catálogo nro. 51)",
    f"Use uno de: {', '.join(codigos.OPERACIONES)}.",
    tipos=VENTAS,
)
def operacion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The type of operation exists, for this type of document."""
    ajenas = codigos.SOLO_BOLETA if de.tipo == FACTURA else codigos.SOLO_FACTURA
    dicha = de.tipo_operacion
    if dicha and (dicha not in codigos.OPERACIONES or dicha in ajenas):
        yield Falta("tipo_operacion")


@regla(
    "3205",
    "Debe consignar el tipo de operación",
    "Diga el tipo de operación: 0101 es la venta interna.",
    tipos=VENTAS,
)
def sin_operacion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The type of operation is told."""
    if not de.tipo_operacion:
        yield Falta("tipo_operacion")


@regla(
    "2070",
    "El XML no contiene el tag o no existe informacion de DocumentCurrencyCode",
    "Diga la moneda: PEN son soles.",
)
def sin_moneda(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The currency is told."""
    if not de.moneda:
        yield Falta("moneda")


@regla(
    "3088",
    "El valor ingresado como moneda del comprobante no es valido (catalogo nro 02).",
    "Escriba la moneda con su código de tres letras: PEN, USD, EUR …",
)
def moneda(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The currency exists."""
    if de.moneda and de.moneda not in MONEDAS:
        yield Falta("moneda")


@regla(
    "1034",
    "Número de RUC del nombre del archivo no coincide con el consignado en el contenido del "
    "archivo XML",
    "Corrija el RUC de la empresa: su dígito verificador no es el suyo.",
)
def ruc_emisor(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The company's RUC can exist."""
    if not ruc.is_valid(de.emisor.ruc):
        yield Falta("emisor.ruc")


@regla(
    "1037",
    "El XML no contiene el tag o no existe informacion de RegistrationName del emisor",
    "Escriba la razón social de la empresa, en una línea de 3 a 1500 caracteres.",
)
def nombre_emisor(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The company has a name."""
    if not en_una_linea(visible(de.emisor.razon_social), 3, 1500):
        yield Falta("emisor.razon_social")


@regla(
    "1500",
    "El nombre comercial del emisor no cumple con el formato establecido",
    "El nombre comercial de la empresa tiene de 3 a 1500 caracteres, en una línea.",
    tipos=frozenset({NOTA_DEBITO}),
)
def nombre_comercial(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The company's trade name, where it has one, fits on a note of debit."""
    nombre = de.emisor.nombre_comercial
    if nombre and not en_una_linea(visible(nombre), 3, 1500):
        yield Falta("emisor.nombre_comercial")


@regla(
    "3030",
    "El XML no contiene el tag o no existe información del código de local anexo del emisor",
    "El código de establecimiento tiene 4 dígitos; 0000 es el domicilio fiscal.",
)
def anexo(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The establishment is told."""
    if not _ANEXO.fullmatch(de.emisor.codigo_anexo):
        yield Falta("emisor.codigo_anexo")


@regla(
    "4093",
    "El codigo de ubigeo del domicilio fiscal del emisor no es válido",
    "El ubigeo tiene 6 dígitos.",
    severidad="OBSERV",
)
def ubigeo(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The ubigeo looks like one."""
    if de.emisor.ubigeo and not _UBIGEO.fullmatch(de.emisor.ubigeo):
        yield Falta("emisor.ubigeo")


@regla(
    "2014",
    "El XML no contiene el tag o no existe informacion del número de documento de identidad del "
    "receptor del documento",
    "Escriba el número de documento del cliente.",
    tipos=VENTAS,
)
@regla(
    "2679",
    "El XML no contiene el tag o no existe información del número de documento de identidad del "
    "cliente",
    "Escriba el número de documento del cliente.",
    tipos=NOTAS,
)
def sin_numero(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The buyer has a number."""
    if not visible(de.adquirente.numero_doc):
        yield Falta("adquirente.numero_doc")


@regla(
    "2016",
    "El dato ingresado  en el tipo de documento de identidad del receptor no cumple con el "
    "estandar o no esta permitido.",
    "Use un código del catálogo 06: 1 DNI, 6 RUC, 4 carné de extranjería, 7 pasaporte …",
)
def tipo_doc(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The kind of the buyer's document exists."""
    if de.adquirente.tipo_doc not in codigos.DOCUMENTOS_IDENTIDAD:
        yield Falta("adquirente.tipo_doc")


@regla(
    "2800",
    "El dato ingresado en el tipo de documento de identidad del receptor no esta permitido.",
    "Una factura de venta interna se emite a un RUC; a otros, una boleta.",
    tipos=VENTAS,
)
def documento_permitido(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A factura within the country is for a RUC; exports of goods and some services never are."""
    tipo, operacion = de.adquirente.tipo_doc, de.tipo_operacion
    fuera = operacion in codigos.EXPORTACIONES or operacion == "0401"
    sin_ruc = codigos.SIN_RUC if de.tipo == FACTURA else codigos.EXPORTACIONES | {"0401"}
    if operacion in sin_ruc and tipo == codigos.RUC:
        yield Falta(
            "adquirente.tipo_doc", "Una exportación se emite al documento de un no domiciliado."
        )
    gastos = operacion == codigos.GASTOS_DEDUCIBLES
    if operacion == codigos.TURISTAS:
        if tipo not in ("7", "B", "G"):
            yield Falta("adquirente.tipo_doc", "Un turista se identifica con su pasaporte (7).")
        return
    interna = de.tipo == FACTURA and not fuera
    if interna and tipo != codigos.RUC and not (gastos and tipo == codigos.DNI):
        yield Falta("adquirente.tipo_doc")


@regla(
    "2017",
    "El numero de documento de identidad del receptor debe ser  RUC",
    "Corrija el RUC del cliente: son 11 dígitos y el último verifica los demás.",
)
def ruc_adquirente(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A buyer's RUC can exist."""
    if de.adquirente.tipo_doc == codigos.RUC and not ruc.is_valid(de.adquirente.numero_doc):
        yield Falta("adquirente.numero_doc")


@regla(
    "2801",
    "El DNI ingresado no cumple con el estandar.",
    "Un DNI tiene 8 dígitos.",
)
def dni(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A DNI has 8 digits."""
    numero = de.adquirente.numero_doc
    if de.adquirente.tipo_doc == codigos.DNI and not re.fullmatch(r"[0-9]{8}", numero):
        yield Falta("adquirente.numero_doc")


@regla(
    "2802",
    "El dato ingresado como numero de documento de identidad del receptor no cumple con el "
    "formato establecido",
    "El número tiene hasta 15 caracteres, sin espacios.",
)
def otro_documento(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Other numbers have up to 15 characters."""
    otro = de.adquirente.tipo_doc not in (codigos.DNI, codigos.RUC)
    if otro and not re.fullmatch(r"[^\s]{1,15}", de.adquirente.numero_doc):
        yield Falta("adquirente.numero_doc")


@regla(
    "2022",
    "RegistrationName -  El dato ingresado no cumple con el estandar",
    "Escriba el nombre del cliente en una línea, de 3 a 1500 caracteres.",
)
def nombre_adquirente(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The buyer's name fits."""
    nombre = visible(de.adquirente.razon_social)
    if nombre and not en_una_linea(nombre, 3, 1500):
        yield Falta("adquirente.razon_social")


@regla(
    "2021",
    "El XML no contiene el tag o no existe informacion de RegistrationName del receptor del "
    "documento",
    "Escriba el nombre del cliente.",
)
def sin_nombre_adquirente(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The buyer has a name."""
    if not visible(de.adquirente.razon_social):
        yield Falta("adquirente.razon_social")


@regla(
    "3027",
    "El valor del atributo no se encuentra en el catálogo",
    "Las leyendas son códigos del catálogo 52; la 1000 la escribe Andes.",
)
def leyenda(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The legends exist; the amount in words is ours."""
    for indice, codigo in enumerate(de.leyendas):
        if codigo not in codigos.LEYENDAS or codigo == "1000":
            yield Falta(f"leyendas.{indice}")


@regla(
    "2364",
    "El comprobante contiene un tipo y número de Guía de Remisión repetido",
    "Quite la guía repetida.",
)
def guia_repetida(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """No guía is told twice."""
    for indice, guia in enumerate(de.relacionados):
        if guia in de.relacionados[:indice]:
            yield Falta(f"relacionados.{indice}.numero")


@regla(
    "4006",
    "El numero de documento de la guia de remision no cumple con el formato establecido",
    "Una guía es 09 (T001-1) o 31 (V001-1).",
    severidad="OBSERV",
)
def guia(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A guía looks like one."""
    for indice, una in enumerate(de.relacionados):
        formato = GUIAS.get(una.tipo)
        if formato is None or not formato.fullmatch(una.numero):
            yield Falta(f"relacionados.{indice}.numero")


@regla(
    "4233",
    "El dato ingresado en order de compra no cumple con el formato establecido.",
    "La orden de compra tiene hasta 20 caracteres, sin saltos de línea.",
    severidad="OBSERV",
)
def orden(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The order's number is short."""
    if de.orden_compra and not _ORDEN.fullmatch(de.orden_compra):
        yield Falta("orden_compra")


@regla(
    "4094",
    "La dirección completa y detallada del domicilio fiscal del emisor no cumple con el formato "
    "establecido",
    "La dirección de la empresa va en una línea de 3 a 200 caracteres.",
    severidad="OBSERV",
)
def direccion_emisor(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The company's address, where it is told, is a line."""
    dicha = de.emisor.direccion
    if dicha and not en_una_linea(visible(dicha), 3, 200):
        yield Falta("emisor.direccion")
