"""Rules of guías de remisión: what SUNAT would refuse, told before a number is taken.

SUNAT's sheets of v20260212 have none for guías; codes and texts are of its list of return codes.
Source: SUNAT, CódigosRetorno v20260212; catalogues 18, 20, 61.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum.pe import ruc

from addons.sunat.documents import codigos
from addons.sunat.documents import guia as de_guia
from addons.sunat.documents.guia import GUIAS, REMITENTE, TRANSPORTISTA, Guia
from addons.sunat.documents.reglas.encabezado import Plazo, declarar_encabezado
from addons.sunat.documents.reglas.formatos import cabe, documento_valido, en_una_linea, visible
from addons.sunat.documents.reglas.lista import Lista
from addons.sunat.documents.reglas.tabla import Entorno, Falta
from addons.sunat.documents.unidades import UNIDADES

LISTA: Lista[Guia] = Lista(lambda de: de.tipo)
DE_REMITENTE = frozenset({REMITENTE})
SERIES = {REMITENTE: re.compile(r"T[A-Z0-9]{3}"), TRANSPORTISTA: re.compile(r"V[A-Z0-9]{3}")}
_NUMERO = re.compile(r"[A-Za-z0-9/-]{1,20}")
PLAZO = Plazo(
    1,
    "2108",
    "Presentacion fuera de fecha",
    "Una guía se envía a más tardar al día siguiente de su fecha.",
)
declarar_encabezado(
    LISTA, SERIES, "Use una serie de 4 caracteres: T… del remitente, V… del transportista.", PLAZO
)


@LISTA.regla(
    "2757",
    "El XML no contiene el tag o no existe información del número de documento de identidad del "
    "destinatario.",
    "Escriba el número de documento del destinatario.",
    tipos=GUIAS,
)
def destinatario_sin_numero(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Who receives has a number."""
    if not visible(de.destinatario.numero_doc):
        yield Falta("destinatario.numero_doc")


@LISTA.regla(
    "2760",
    "El valor ingresado como tipo de documento del destinatario es incorrecto.",
    "Use un código del catálogo 06: 1 DNI, 6 RUC, 4 carné de extranjería.",
    tipos=GUIAS,
)
def destinatario_tipo(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The kind of document exists."""
    if de.destinatario.tipo_doc not in codigos.DOCUMENTOS_IDENTIDAD:
        yield Falta("destinatario.tipo_doc")


@LISTA.regla(
    "2758",
    "El valor ingresado como numero de documento de identidad del destinatario no cumple con el "
    "estandar.",
    "Corrija el documento del destinatario: un RUC tiene 11 dígitos, un DNI 8.",
    tipos=GUIAS,
)
def destinatario_numero(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The number can exist."""
    if visible(de.destinatario.numero_doc) and not documento_valido(de.destinatario):
        yield Falta("destinatario.numero_doc")


@LISTA.regla(
    "2761",
    "El XML no contiene el atributo o no existe información del nombre o razon social del "
    "destinatario.",
    "Escriba el nombre del destinatario, en una línea.",
    tipos=GUIAS,
)
def destinatario_nombre(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Who receives has a name."""
    if not en_una_linea(visible(de.destinatario.razon_social), 1, 250):
        yield Falta("destinatario.razon_social")


@LISTA.regla(
    "3405",
    "El valor ingresado como motivo de traslado no es valido",
    "El motivo es un código del catálogo 20: 01 venta, 04 entre establecimientos …",
    tipos=DE_REMITENTE,
)
def motivo(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The reason exists."""
    if de.motivo and de.motivo not in de_guia.MOTIVOS:
        yield Falta("motivo")


@LISTA.regla(
    "3404",
    "El XML no contiene el tag o no existe informacion del motivo de traslado",
    "Diga el motivo del traslado.",
    tipos=DE_REMITENTE,
)
def sin_motivo(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The reason is told."""
    if not de.motivo:
        yield Falta("motivo")


@LISTA.regla(
    "3457",
    "El XML no contiene el atributo o no existe informacion en descripcion del motivo de traslado.",
    "Con el motivo 13 diga también cuál es, en una línea.",
    tipos=DE_REMITENTE,
)
def motivo_descrito(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Another reason is told in words."""
    texto = visible(de.motivo_descripcion)
    if (de.motivo == de_guia.OTROS or texto) and not en_una_linea(texto, 1, 100):
        yield Falta("motivo_descripcion")


@LISTA.regla(
    "2554",
    "Para el motivo de traslado ingresado el Destinatario debe ser igual al remitente.",
    "Con este motivo los bienes llegan a la propia empresa.",
    tipos=DE_REMITENTE,
)
def a_uno_mismo(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Some goods come to the company itself."""
    if de.motivo in de_guia.A_UNO_MISMO and de.destinatario.numero_doc != de.emisor.ruc:
        yield Falta("destinatario.numero_doc")


@LISTA.regla(
    "2555",
    "Destinatario no debe ser igual al remitente.",
    "Con este motivo el destinatario es otro que la empresa.",
    tipos=DE_REMITENTE,
)
def a_otro(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Other goods go to somebody else."""
    if de.motivo in de_guia.A_OTRO and de.destinatario.numero_doc == de.emisor.ruc:
        yield Falta("destinatario.numero_doc")


@LISTA.regla(
    "3417",
    "Para el motivo de traslado 05, 06 y 17 el tipo de documento de identidad del destinatario "
    "debe ser 6-RUC",
    "Con los motivos 05, 06 y 17 el destinatario se identifica con RUC.",
    tipos=DE_REMITENTE,
)
def destinatario_con_ruc(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Some reasons are between companies."""
    if de.motivo in ("05", "06", "17") and de.destinatario.tipo_doc != codigos.RUC:
        yield Falta("destinatario.tipo_doc")


@LISTA.regla(
    "3343",
    "La Fecha de inicio del traslado debe ser mayor o igual a la Fecha de emision del documento",
    "El traslado empieza el día de la guía o después.",
    tipos=GUIAS,
)
def fecha_traslado(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The journey does not begin before the guía."""
    if de.fecha_traslado < de.fecha_emision:
        yield Falta("fecha_traslado")


@LISTA.regla(
    "2880",
    "Es obligatorio ingresar el peso bruto total de la guía",
    "Escriba el peso bruto, mayor que cero.",
    tipos=GUIAS,
)
def peso(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The weight is told."""
    if not de.peso_bruto > 0:
        yield Falta("peso_bruto")


@LISTA.regla(
    "2523",
    "GrossWeightMeasure - El dato ingresado no cumple con el formato establecido.",
    "El peso tiene hasta 12 enteros y 3 decimales.",
    tipos=GUIAS,
)
def formato_de_peso(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The weight fits."""
    if not cabe(abs(de.peso_bruto), 3):
        yield Falta("peso_bruto")


@LISTA.regla(
    "2881",
    "Es obligatorio indicar la unidad de medida del Peso Total de la guía",
    "El peso va en KGM (kilogramos) o TNE (toneladas).",
    tipos=GUIAS,
)
def unidad_de_peso(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The unit of weight is one of two."""
    if de.unidad_peso not in de_guia.UNIDADES_PESO:
        yield Falta("unidad_peso")


@LISTA.regla(
    "2772",
    "El valor ingresado como numero de bultos o pallets no cumple con el estandar.",
    "Los bultos se cuentan enteros, de 1 a 999999.",
    tipos=GUIAS,
)
def bultos(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Packages are counted."""
    if de.bultos is not None and not 1 <= de.bultos <= 999_999:
        yield Falta("bultos")


@LISTA.regla(
    "3419",
    "Si el Motivo de traslado es 08-Importacion o 09-Exportacion, debe consignar algun 'Numero "
    "de contenedor' o el 'Numero de Bultos o Pallets'",
    "En importación y exportación diga cuántos bultos son.",
    tipos=DE_REMITENTE,
)
def bultos_de_comercio(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Foreign trade tells its packages."""
    if de.motivo in de_guia.COMERCIO_EXTERIOR and de.bultos is None:
        yield Falta("bultos")


@LISTA.regla(
    "3440",
    "No se ha ingresado el tipo Declaracion Aduanera de Mercancias (DAM) o el Declaracion "
    "Simplificada (DS) para el motivo de traslado selecionado",
    "En importación y exportación relacione la DAM (50) o la DS (52).",
    tipos=DE_REMITENTE,
)
def declaracion(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Foreign trade tells its declaration."""
    dichos = {uno.tipo for uno in de.relacionados}
    if de.motivo in de_guia.COMERCIO_EXTERIOR and not dichos & {"50", "52"}:
        yield Falta("relacionados")


@LISTA.regla(
    "3445",
    "El tipo de documento relacionado no corresponde para motivo de traslado seleccionado",
    "El documento relacionado es de un tipo del catálogo 61.",
    tipos=GUIAS,
)
def tipo_relacionado(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The kind of related document exists."""
    for indice, uno in enumerate(de.relacionados):
        if uno.tipo not in de_guia.RELACIONADOS:
            yield Falta(f"relacionados.{indice}.tipo")


@LISTA.regla(
    "3441",
    "El numero de documento relacionado al traslado de mercancias no cumple con el formato "
    "establecido",
    "El número relacionado es como F001-1, hasta 20 caracteres.",
    tipos=GUIAS,
)
def numero_relacionado(de: Guia, _: Entorno) -> Iterator[Falta]:
    """A related number looks like one."""
    for indice, uno in enumerate(de.relacionados):
        if not _NUMERO.fullmatch(uno.numero):
            yield Falta(f"relacionados.{indice}.numero")


@LISTA.regla(
    "3380",
    "Debe consignar el RUC del emisor del documento relacionado",
    "Diga el RUC de quien emitió el documento relacionado.",
    tipos=GUIAS,
)
def emisor_relacionado(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Who issued a related document is told."""
    for indice, uno in enumerate(de.relacionados):
        if uno.tipo in de_guia.CON_EMISOR and not ruc.is_valid(uno.emisor):
            yield Falta(f"relacionados.{indice}.emisor")


@LISTA.regla(
    "3340",
    "El documento relacionado al traslado de mercancias se encuentra duplicado",
    "Quite el documento repetido.",
    tipos=GUIAS,
)
def relacionado_repetido(de: Guia, _: Entorno) -> Iterator[Falta]:
    """No document is told twice."""
    for indice, uno in enumerate(de.relacionados):
        if uno in de.relacionados[:indice]:
            yield Falta(f"relacionados.{indice}.numero")


@LISTA.regla(
    "3435",
    "Debe consignar el detalle de los bienes a transportar",
    "Diga qué se traslada: de 1 a 9999 bienes.",
    tipos=GUIAS,
)
def sin_bienes(de: Guia, _: Entorno) -> Iterator[Falta]:
    """What is moved is told."""
    if not 1 <= len(de.bienes) <= 9999:
        yield Falta("bienes")


@LISTA.regla(
    "2780",
    "El valor ingresado en cantidad de items no cumple con el estandar",
    "La cantidad es mayor que cero, con hasta 10 decimales.",
    tipos=GUIAS,
)
def cantidad(de: Guia, _: Entorno) -> Iterator[Falta]:
    """A quantity is above zero."""
    for indice, uno in enumerate(de.bienes):
        if not cabe(uno.cantidad, 10) or not uno.cantidad:
            yield Falta(f"bienes.{indice}.cantidad")


@LISTA.regla(
    "2781",
    "El XML no contiene el atributo o no existe informacion de descripcion del items",
    "Describa el bien.",
    tipos=GUIAS,
)
def sin_descripcion(de: Guia, _: Entorno) -> Iterator[Falta]:
    """Goods say what they are."""
    for indice, uno in enumerate(de.bienes):
        if not visible(uno.descripcion):
            yield Falta(f"bienes.{indice}.descripcion")


@LISTA.regla(
    "2782",
    "El valor ingresado en descripcion del items no cumple con el estandar",
    "La descripción tiene hasta 500 caracteres.",
    tipos=GUIAS,
)
def descripcion(de: Guia, _: Entorno) -> Iterator[Falta]:
    """What they say fits."""
    for indice, uno in enumerate(de.bienes):
        if len(uno.descripcion) > 500:
            yield Falta(f"bienes.{indice}.descripcion")


@LISTA.regla(
    "3446",
    "El dato ingresado como unidad de medida no corresponde al valor esperado",
    "Use una unidad de bienes del catálogo 03: NIU unidad, KGM kilogramo …",
    tipos=GUIAS,
)
def unidad(de: Guia, _: Entorno) -> Iterator[Falta]:
    """The unit exists, and is of goods."""
    for indice, uno in enumerate(de.bienes):
        if uno.unidad_medida not in UNIDADES or uno.unidad_medida == "ZZ":
            yield Falta(f"bienes.{indice}.unidad_medida")
