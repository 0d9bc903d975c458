"""Rules on transport of goods with detracción, on services used abroad, and on trains."""

from __future__ import annotations

from collections.abc import Iterator

from stdnum.pe import ruc

from addons.sunat.documents import codigos
from addons.sunat.documents.modelo import CERO, Comprobante, Lugar, Viaje
from addons.sunat.documents.paises import PAISES
from addons.sunat.documents.reglas.formatos import cabe, visible
from addons.sunat.documents.reglas.tabla import VENTAS, Entorno, Falta, regla

_CARGA = frozenset({codigos.TRANSPORTE_CARGA})
_TREN = frozenset({codigos.FERROVIARIO})


def _viajes(de: Comprobante) -> Iterator[tuple[str, Viaje]]:
    for indice, linea in enumerate(de.detalle):
        yield f"detalle.{indice}.viaje", linea.viaje or Viaje()


def _lugar(viaje: Viaje, cual: str) -> Lugar:
    return viaje.origen if cual == "origen" else viaje.destino


def _de_viaje(codigo: str, campo: str, cura: str, texto: str) -> None:
    @regla(codigo, texto, cura, tipos=VENTAS, operaciones=_CARGA)
    def dato_del_viaje(de: Comprobante, _: Entorno) -> Iterator[Falta]:
        for lugar, viaje in _viajes(de):
            cual, _punto, parte = campo.partition(".")
            dicho = getattr(_lugar(viaje, cual), parte) if parte else viaje.detalle
            if not visible(dicho):
                yield Falta(f"{lugar}.{campo}")


_de_viaje(
    "3116",
    "origen.ubigeo",
    "Escriba el ubigeo de donde sale la carga.",
    "El XML no contiene el tag o no existe información del ubigeo de punto de origen en "
    "Detracciones - Servicio de transporte de carga.",
)
_de_viaje(
    "3117",
    "origen.direccion",
    "Escriba la dirección de donde sale la carga.",
    "El XML no contiene el tag o no existe información de la dirección del punto de origen en "
    "Detracciones - Servicio de transporte de carga.",
)
_de_viaje(
    "3118",
    "destino.ubigeo",
    "Escriba el ubigeo adonde llega la carga.",
    "El XML no contiene el tag o no existe información del ubigeo de punto de destino en "
    "Detracciones - Servicio de transporte de carga.",
)
_de_viaje(
    "3119",
    "destino.direccion",
    "Escriba la dirección adonde llega la carga.",
    "El XML no contiene el tag o no existe información de la dirección del punto de destino en "
    "Detracciones - Servicio de transporte de carga.",
)
_de_viaje(
    "3120",
    "detalle",
    "Describa el viaje.",
    "El XML no contiene el tag o no existe información del Detalle del viaje en Detracciones - "
    "Servicio de transporte de carga.",
)

VALORES = {
    "valor_servicio": (
        "3124",
        "Detracciones - Servicio de transporte de carga, debe tener un (y solo uno) Valor "
        "Referencial del Servicio de Transporte.",
    ),
    "valor_carga_efectiva": (
        "3125",
        "Detracciones - Servicio de transporte de carga, debe tener un (y solo uno) Valor "
        "Referencial sobre la carga efectiva.",
    ),
    "valor_carga_util": (
        "3126",
        "Detracciones - Servicio de transporte de carga, debe tener un (y solo uno) Valor "
        "Referencial sobre la carga util nominal.",
    ),
}
"""The three reference values of a journey, in soles."""


def _de_valor(campo: str, codigo: str, texto: str) -> None:
    @regla(
        codigo, texto, "Escriba el valor referencial, en soles.", tipos=VENTAS, operaciones=_CARGA
    )
    def valor_referencial(de: Comprobante, _: Entorno) -> Iterator[Falta]:
        for lugar, viaje in _viajes(de):
            if getattr(viaje, campo) == CERO:
                yield Falta(f"{lugar}.{campo}")


for _campo, (_codigo, _texto) in VALORES.items():
    _de_valor(_campo, _codigo, _texto)


@regla(
    "3122",
    "El XML no contiene el tag o no existe información del monto del valor referencial en "
    "Detracciones - Servicios de transporte de carga.",
    "La línea lleva «viaje»: origen, destino, detalle y los tres valores referenciales.",
    tipos=VENTAS,
    operaciones=_CARGA,
)
def sin_viaje(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Transport of goods tells its journey on each line."""
    for indice, linea in enumerate(de.detalle):
        if linea.viaje is None:
            yield Falta(f"detalle.{indice}.viaje")


@regla(
    "3123",
    "El dato ingresado como monto valor referencial en Detracciones - Servicios de transporte de "
    "carga no cumple con el formato establecido.",
    "El valor referencial es mayor que cero, con hasta 2 decimales.",
    tipos=VENTAS,
    operaciones=_CARGA,
)
def valor_de_viaje(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Reference values are amounts."""
    for lugar, viaje in _viajes(de):
        for campo in VALORES:
            if not cabe(getattr(viaje, campo), 2):
                yield Falta(f"{lugar}.{campo}")


@regla(
    "3129",
    "El dato ingresado como codigo de BBSS de detracción no corresponde al valor esperado.",
    "El bien de la operación 1002 es 004, el de 1003 es 028 y el de 1004 es 027.",
    tipos=VENTAS,
    operaciones=frozenset(codigos.BIENES_POR_OPERACION),
)
def bien_de_operacion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Some operations with detracción are about one kind of goods."""
    suyo = codigos.BIENES_POR_OPERACION[de.tipo_operacion]
    if de.detraccion is not None and de.detraccion.codigo != suyo:
        yield Falta("detraccion.codigo", f"El bien de la operación {de.tipo_operacion} es {suyo}.")


# Exports and trains -------------------------------------------------------------------------------


@regla(
    "3098",
    "El XML no contiene el tag o no existe información del pais de uso, exploración o "
    "aprovechamiento",
    "Diga en qué país se usa el servicio.",
    tipos=VENTAS,
    operaciones=codigos.USADOS_FUERA,
)
def sin_pais(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """An exported service tells where it is used."""
    if not de.pais_uso:
        yield Falta("pais_uso")


@regla(
    "3099",
    "El dato ingresado como pais de uso, exploracion o aprovechamiento es incorrecto.",
    "El país es un código de dos letras (catálogo 04), que no es PE.",
    tipos=VENTAS,
    operaciones=codigos.USADOS_FUERA,
)
def pais(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The country exists, and is not Peru."""
    if de.pais_uso and (de.pais_uso not in PAISES or de.pais_uso == "PE"):
        yield Falta("pais_uso")


def _de_tren(codigo: str, campo: str, cura: str, texto: str) -> None:
    @regla(codigo, texto, cura, tipos=VENTAS, operaciones=_TREN)
    def dato_del_tren(de: Comprobante, _: Entorno) -> Iterator[Falta]:
        dicho = getattr(de, campo)
        if not visible(dicho) or (campo == "agente_viajes" and not ruc.is_valid(dicho)):
            yield Falta(campo)


_de_tren(
    "3156",
    "agente_viajes",
    "Escriba el RUC del agente de viajes.",
    "El XML no contiene el tag de BVME transporte ferroviario: Agente de Viajes: Numero de Ruc",
)
_de_tren(
    "3173",
    "medio_pago",
    "Diga con qué se pagó (catálogo 59).",
    "El XML no contiene el tag de BVME transporte ferroviario: Servicio transporte: Forma de Pago",
)
_de_tren(
    "3175",
    "autorizacion_pago",
    "Escriba el número de autorización del pago.",
    "El XML no contiene el tag de BVME transporte ferroviario: Servicio de transporte: Número de "
    "autorización de la transacción",
)


@regla(
    "4041",
    "El codigo de pais debe ser PE",
    "Solo las operaciones 0201 y 0208 dicen en qué otro país se usa el servicio: quítelo.",
    tipos=VENTAS,
    severidad="OBSERV",
)
def pais_de_mas(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Only services used abroad tell where."""
    if de.pais_uso not in ("", "PE") and de.tipo_operacion not in codigos.USADOS_FUERA:
        yield Falta("pais_uso")
