"""Rules on the concepts of catalogue 55 that a type of operation asks for on its lines.

Source: sheet Factura of v20260212, fields 95 to 173."""

from __future__ import annotations

from collections.abc import Iterator

from addons.sunat.documents import codigos, conceptos
from addons.sunat.documents.codigos import BOLETA, FACTURA, NOTAS
from addons.sunat.documents.modelo import Comprobante, Linea
from addons.sunat.documents.reglas.tabla import VENTAS, Entorno, Falta, regla

_HIDROBIOLOGICOS = frozenset({codigos.HIDROBIOLOGICOS})
_HOSPEDAJE = frozenset({codigos.HOSPEDAJE})
_PORTE = frozenset({codigos.PORTE_AEREO})
_TREN = frozenset({codigos.FERROVIARIO})
_DE_FACTURA = frozenset({FACTURA})
_CON_HIPOTECA = _DE_FACTURA | NOTAS

PEDIDOS: tuple[tuple[frozenset[str], frozenset[str], tuple[tuple[str, str, str], ...]], ...] = (
    (
        _HIDROBIOLOGICOS,
        VENTAS,
        (
            (
                "3063",
                "3001",
                "El XML no contiene el tag de matricula de embarcación en Detracciones para "
                "recursos hidrobiologicos.",
            ),
            (
                "3130",
                "3002",
                "El XML no contiene el tag de nombre de embarcación en Detracciones para "
                "recursos hidrobiologicos.",
            ),
            (
                "3131",
                "3003",
                "El XML no contiene el tag de tipo de especie vendidas en Detracciones para "
                "recursos hidrobiologicos.",
            ),
            (
                "3132",
                "3004",
                "El XML no contiene el tag de lugar de descarga en Detracciones para recursos "
                "hidrobiologicos.",
            ),
            (
                "3133",
                "3006",
                "El XML no contiene el tag de cantidad de especies vendidas en Detracciones para "
                "recursos hidrobiologicos.",
            ),
            (
                "3134",
                "3005",
                "El XML no contiene el tag de fecha de descarga en Detracciones para recursos "
                "hidrobiologicos.",
            ),
        ),
    ),
    (
        _HOSPEDAJE,
        _DE_FACTURA,
        (
            ("3136", "4009", "El XML no contiene el tag de numero de documentos del huesped."),
            ("3137", "4008", "El XML no contiene el tag de tipo de documentos del huesped."),
            (
                "3138",
                "4000",
                "El XML no contiene el tag de codigo de pais de emision del documento de identidad",
            ),
            ("3139", "4007", "El XML no contiene el tag de apellidos y nombres del huesped."),
            ("3140", "4001", "El XML no contiene el tag de codigo del pais de residencia."),
            ("3141", "4002", "El XML no contiene el tag de fecha de ingreso del pais."),
            ("3142", "4003", "El XML no contiene el tag de fecha de ingreso al establecimiento."),
            ("3143", "4004", "El XML no contiene el tag de fecha de salida del establecimiento."),
            ("3144", "4006", "El XML no contiene el tag de fecha de consumo."),
            ("3145", "4005", "El XML no contiene el tag de numero de dias de permanencia."),
        ),
    ),
    (
        _PORTE,
        VENTAS,
        (
            (
                "3168",
                "4030",
                "El XML no contiene el tag de Carta Porte Aéreo: Lugar de origen - Código de "
                "ubigeo",
            ),
            (
                "3169",
                "4031",
                "El XML no contiene el tag de Carta Porte Aéreo: Lugar de origen - Dirección "
                "detallada",
            ),
            (
                "3170",
                "4032",
                "El XML no contiene el tag de Carta Porte Aéreo: Lugar de destino - Código de "
                "ubigeo",
            ),
            (
                "3171",
                "4033",
                "El XML no contiene el tag de Carta Porte Aéreo: Lugar de destino - Dirección "
                "detallada",
            ),
        ),
    ),
    (
        _TREN,
        VENTAS,
        (
            (
                "3159",
                "4040",
                "El XML no contiene el tag de BVME transporte ferroviario: Pasajero - Apellidos "
                "y Nombres",
            ),
            (
                "3160",
                "4041",
                "El XML no contiene el tag de BVME transporte ferroviario: Pasajero - Tipo de "
                "documento de identidad",
            ),
            (
                "3161",
                "4042",
                "El XML no contiene el tag de BVME transporte ferroviario: Servicio transporte: "
                "Ciudad o lugar de origen - Código de ubigeo",
            ),
            (
                "3162",
                "4043",
                "El XML no contiene el tag de BVME transporte ferroviario: Servicio transporte: "
                "Ciudad o lugar de origen - Dirección detallada",
            ),
            (
                "3163",
                "4044",
                "El XML no contiene el tag de BVME transporte ferroviario: Servicio transporte: "
                "Ciudad o lugar de destino - Código de ubigeo",
            ),
            (
                "3164",
                "4045",
                "El XML no contiene el tag de BVME transporte ferroviario: Servicio transporte: "
                "Ciudad o lugar de destino - Dirección detallada",
            ),
            (
                "3165",
                "4046",
                "El XML no contiene el tag de BVME transporte ferroviario: Servicio "
                "transporte:Número de asiento",
            ),
            (
                "3166",
                "4047",
                "El XML no contiene el tag de BVME transporte ferroviario: Servicio transporte: "
                "Hora programada de inicio de viaje",
            ),
            (
                "3167",
                "4048",
                "El XML no contiene el tag de BVME transporte ferroviario: Servicio transporte: "
                "Fecha programada de inicio de viaje",
            ),
            (
                "3204",
                "4049",
                "El XML no contiene el tag de BVME transporte ferroviario: Pasajero - Número de "
                "documento de identidad",
            ),
        ),
    ),
)
"""By operation and types of document: SUNAT's code, the concept on each line, SUNAT's text."""


def _codigos(linea: Linea) -> frozenset[str]:
    return frozenset(una.codigo for una in linea.propiedades)


def _falta_en(de: Comprobante, concepto: str) -> Iterator[Falta]:
    for indice, linea in enumerate(de.detalle):
        if concepto not in _codigos(linea):
            yield Falta(f"detalle.{indice}.propiedades")


def _cura(concepto: str) -> str:
    return f"Añada a la línea la propiedad {concepto} ({conceptos.CONCEPTOS[concepto]})."


def _pedir(
    operaciones: frozenset[str], tipos: frozenset[str], codigo: str, concepto: str, texto: str
) -> None:
    @regla(codigo, texto, _cura(concepto), tipos=tipos, operaciones=operaciones)
    def concepto_de_operacion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
        yield from _falta_en(de, concepto)


for _operaciones, _tipos, _pedidos in PEDIDOS:
    for _codigo, _concepto, _texto in _pedidos:
        _pedir(_operaciones, _tipos, _codigo, _concepto, _texto)


# Concepts that go together -----------------------------------------------------------------------

ESTADO = {
    "5000": ("3146", "El XML no contiene el tag de Proveedores Estado: Número de Expediente"),
    "5001": ("3147", "El XML no contiene el tag de Proveedores Estado: Código de Unidad Ejecutora"),
    "5002": ("3148", "El XML no contiene el tag de Proveedores Estado: N° de Proceso de Selección"),
    "5003": ("3149", "El XML no contiene el tag de Proveedores Estado: N° de Contrato"),
}
"""What is told of a sale to the State: all four or none."""


def _de_estado(concepto: str, codigo: str, texto: str) -> None:
    @regla(codigo, texto, _cura(concepto), tipos=VENTAS)
    def proveedor_del_estado(de: Comprobante, _: Entorno) -> Iterator[Falta]:
        for indice, linea in enumerate(de.detalle):
            if linea.propiedades:
                dichos = _codigos(linea)
                if concepto not in dichos and dichos & ESTADO.keys():
                    yield Falta(f"detalle.{indice}.propiedades")


for _concepto, (_codigo, _texto) in ESTADO.items():
    _de_estado(_concepto, _codigo, _texto)

HIPOTECA = (
    ("3150", "7001", False, "El XML no contiene el tag de Créditos Hipotecarios: Tipo de préstamo"),
    ("3151", "7003", True, "El XML no contiene el tag de Créditos Hipotecarios: Partida Registral"),
    (
        "3152",
        "7004",
        False,
        "El XML no contiene el tag de Créditos Hipotecarios: Número de contrato",
    ),
    (
        "3153",
        "7005",
        False,
        "El XML no contiene el tag de Créditos Hipotecarios: Fecha de otorgamiento del crédito",
    ),
    (
        "3154",
        "7006",
        True,
        "El XML no contiene el tag de Créditos Hipotecarios: Dirección del predio - Código de "
        "ubigeo",
    ),
    (
        "3155",
        "7007",
        True,
        "El XML no contiene el tag de Créditos Hipotecarios: Dirección del predio - Dirección "
        "completa",
    ),
)
"""What a mortgage's line has: code, concept, whether only for a first home (7002 = 3), text."""
PRIMERA_VIVIENDA = "3"


def _valor(linea: Linea, concepto: str) -> str:
    return next((una.valor for una in linea.propiedades if una.codigo == concepto), "")


def _de_hipoteca(codigo: str, concepto: str, primera: bool, texto: str) -> None:
    @regla(codigo, texto, _cura(concepto), tipos=_CON_HIPOTECA)
    def credito_hipotecario(de: Comprobante, _: Entorno) -> Iterator[Falta]:
        for indice, linea in enumerate(de.detalle):
            if linea.codigo_sunat != codigos.HIPOTECARIO:
                continue
            pide = not primera or _valor(linea, "7002") == PRIMERA_VIVIENDA
            if pide and concepto not in _codigos(linea):
                yield Falta(f"detalle.{indice}.propiedades")


for _codigo, _concepto, _primera, _texto in HIPOTECA:
    _de_hipoteca(_codigo, _concepto, _primera, _texto)


@regla(
    "3241",
    "Para el tipo de operación 2100, 2101 y 2102 (Creditos) debe consignar Numero de contrato, "
    "Fecha de otorgamiento y Monto del crédito otorgado (capital)",
    "Una línea lleva las propiedades 7004 (contrato), 7005 (fecha) y 7012 (monto del crédito).",
    tipos=VENTAS,
    operaciones=codigos.CREDITOS,
)
def credito(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A line of a credit tells contract, day and amount together."""
    if not any(_codigos(linea) >= {"7004", "7005", "7012"} for linea in de.detalle):
        yield Falta("detalle.0.propiedades")


@regla(
    "3242",
    "Para el tipo de operación 2104 - Empresas del sistema de seguros, debe consignar "
    "Información adicional a nivel de ítem",
    "Una línea lleva la propiedad 7015 (tipo de seguro: 1, 2 o 3).",
    tipos=VENTAS,
    operaciones=frozenset({codigos.SEGUROS}),
)
def seguro(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """An insurer tells the kind of insurance."""
    if not any("7015" in _codigos(linea) for linea in de.detalle):
        yield Falta("detalle.0.propiedades")


def _seguro(de: Comprobante, clases: str, pide: frozenset[str]) -> Iterator[Falta]:
    for indice, linea in enumerate(de.detalle):
        if _valor(linea, "7015") in clases.split() and not _codigos(linea) >= pide:
            yield Falta(f"detalle.{indice}.propiedades")


@regla(
    "2898",
    "Para los tipos de seguro 1 y 2, debe consignar el numero de poliza, la fecha de cobertura y "
    "el monto asegurado",
    "Con el tipo de seguro 1 o 2 la línea lleva también 7013, 7014 y 7016.",
    tipos=VENTAS,
    operaciones=frozenset({codigos.SEGUROS}),
)
def seguro_de_vida(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Insurance 1 and 2 tell policy, days and amount."""
    yield from _seguro(de, "1 2", frozenset({"7013", "7014", "7016"}))


@regla(
    "2899",
    "Para el tipo de seguro 3 - Otros debe consignar el numero de poliza",
    "Con el tipo de seguro 3 la línea lleva también 7013 (póliza).",
    tipos=VENTAS,
    operaciones=frozenset({codigos.SEGUROS}),
)
def otro_seguro(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Insurance 3 tells its policy."""
    yield from _seguro(de, "3", frozenset({"7013"}))


DE_AFP = {
    "7017": ("2595", "Falta consignar informacion del CUSPP"),
    "7018": ("2596", "Falta consignar informacion del Periodo"),
    "7019": ("2597", "Falta consignar información del monto de interes moratorio"),
}
"""What a comprobante of an AFP tells on a line."""


def _de_afp(concepto: str, codigo: str, texto: str) -> None:
    @regla(
        codigo,
        texto,
        _cura(concepto),
        tipos=frozenset({BOLETA}),
        operaciones=frozenset({codigos.AFP}),
    )
    def afp(de: Comprobante, _: Entorno) -> Iterator[Falta]:
        if not any(concepto in _codigos(linea) for linea in de.detalle):
            yield Falta("detalle.0.propiedades")


for _concepto, (_codigo, _texto) in DE_AFP.items():
    _de_afp(_concepto, _codigo, _texto)
