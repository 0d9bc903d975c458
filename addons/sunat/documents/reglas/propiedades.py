"""Rules on how each concept of catalogue 55 is told: by a text, a day, an hour or a quantity."""

from __future__ import annotations

from collections.abc import Iterator

from addons.sunat.documents import conceptos
from addons.sunat.documents.modelo import Comprobante, Propiedad
from addons.sunat.documents.reglas.formatos import cabe, visible
from addons.sunat.documents.reglas.tabla import TODOS, VENTAS, Entorno, Falta, regla


def _cada_propiedad(de: Comprobante) -> Iterator[tuple[str, Propiedad]]:
    for indice, linea in enumerate(de.detalle):
        for orden, una in enumerate(linea.propiedades):
            yield f"detalle.{indice}.propiedades.{orden}", una


@regla(
    "3064",
    "El XML no contiene tag o no existe información del valor del concepto por linea.",
    "Escriba el valor de la propiedad; 7019 lleva una cantidad.",
)
def con_valor(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A concept that is told by a text has one; its code exists."""
    for lugar, una in _cada_propiedad(de):
        if una.codigo not in conceptos.CONCEPTOS:
            yield Falta(f"{lugar}.codigo", "El concepto es un código del catálogo 55.")
        elif una.codigo in conceptos.TEXTOS and not visible(una.valor):
            yield Falta(f"{lugar}.valor")
        elif una.codigo == "7019" and not _positiva(una):
            yield Falta(f"{lugar}.cantidad")


def _positiva(una: Propiedad) -> bool:
    return una.cantidad is not None and cabe(una.cantidad, 2) and una.cantidad > 0


def _sin_fecha(de: Comprobante, cuales: frozenset[str]) -> Iterator[Falta]:
    for lugar, una in _cada_propiedad(de):
        if una.codigo in cuales and una.fecha is None:
            yield Falta(f"{lugar}.fecha")


@regla(
    "3065",
    "El XML no contiene tag de la fecha del concepto por linea.",
    "Escriba la fecha de la propiedad.",
    tipos=VENTAS,
)
def con_fecha(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A concept that is told by a day has one."""
    yield from _sin_fecha(de, conceptos.FECHAS - {"7014"})


@regla(
    "3243",
    "El XML no contiene tag o no existe información de la fecha del concepto por linea",
    "Escriba desde cuándo rige el seguro.",
    tipos=TODOS,
)
def con_vigencia(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Insurance tells from when it holds."""
    yield from _sin_fecha(de, frozenset({"7014"}))


@regla(
    "3172",
    "El XML no contiene tag de la Hora del concepto por linea.",
    "Escriba la hora de la propiedad.",
    tipos=VENTAS,
)
def con_hora(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A concept that is told by an hour has one."""
    for lugar, una in _cada_propiedad(de):
        if una.codigo in conceptos.HORAS and una.hora is None:
            yield Falta(f"{lugar}.hora")


@regla(
    "3135",
    "El XML no contiene tag de la cantidad del concepto por linea.",
    "Escriba la cantidad de la propiedad: toneladas (3006) o días (4005).",
    tipos=VENTAS,
)
def con_cantidad(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A concept that is told by a quantity has one."""
    for lugar, una in _cada_propiedad(de):
        if una.codigo in ("3006", conceptos.DIAS) and not _positiva(una):
            yield Falta(f"{lugar}.cantidad")
