"""The table of rules, and how they are applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Literal

from addons.sunat.documents import codigos
from addons.sunat.documents.calculo import calcular
from addons.sunat.documents.importes import Totales
from addons.sunat.documents.modelo import Comprobante

SIEMPRE = date(2000, 1, 1)
TODOS = frozenset(codigos.TIPOS)
VENTAS = frozenset({codigos.FACTURA, codigos.BOLETA})

PARTES = (
    "cabecera",
    "lineas",
    "tributos",
    "operaciones",
    "propiedades",
    "viajes",
    "pagos",
    "notas",
    "montos",
    "importes",
    "origen",
)
"""The modules of this package that declare rules."""

Severidad = Literal["ERROR", "OBSERV"]


@dataclass(frozen=True, slots=True)
class Entorno:
    """What a rule needs to know besides the document: today, as the company's clock has it."""

    hoy: date
    en_resumen: bool = False
    """Whether boletas and their notes may go in a summary, which has its own limit."""


@dataclass(frozen=True, slots=True)
class Hallazgo:
    """What SUNAT would say: its code and text; which field of ours, and the cure."""

    codigo: str
    severidad: Severidad
    texto: str
    campo: str
    cura: str


@dataclass(frozen=True, slots=True)
class Falta:
    """A field at fault, found by a rule; ``cura`` where it can be said more exactly."""

    campo: str
    cura: str = ""


@dataclass(frozen=True, slots=True)
class Origen:
    """What a note changes, as it stands: its state, day, currency and total, what other notes of
    credit took off it already, and whether it was paid at once."""

    estado: str
    fecha_emision: date
    moneda: str
    total: Decimal
    acreditado: Decimal
    contado: bool


Prueba = Callable[[Comprobante, Entorno], Iterable[Falta]]
PruebaTotales = Callable[[Comprobante, Totales], Iterable[Falta]]
PruebaOrigen = Callable[[Comprobante, Totales, Origen], Iterable[Falta]]


@dataclass(frozen=True, slots=True)
class Regla:
    """A rule of SUNAT's; ``de_totales`` where it looks at computed amounts, ``de_origen`` where at
    what a note changes. With ``operaciones`` it is for those types of operation only."""

    codigo: str
    texto: str
    cura: str
    tipos: frozenset[str]
    desde: date
    hasta: date
    severidad: Severidad
    datos: Prueba | None = None
    de_totales: PruebaTotales | None = None
    de_origen: PruebaOrigen | None = None
    operaciones: frozenset[str] | None = None

    def rige(self, comprobante: Comprobante) -> bool:
        """Return whether it is for this type of document, issued on this day."""
        return (
            comprobante.tipo in self.tipos and self.desde <= comprobante.fecha_emision <= self.hasta
        )

    def hallazgo(self, falta: Falta) -> Hallazgo:
        """Return what is told of a fault."""
        return Hallazgo(
            self.codigo, self.severidad, self.texto, falta.campo, falta.cura or self.cura
        )


_REGLAS: list[Regla] = []


def regla(
    codigo: str,
    texto: str,
    cura: str,
    *,
    tipos: frozenset[str] = TODOS,
    desde: date = SIEMPRE,
    hasta: date = date.max,
    severidad: Severidad = "ERROR",
    operaciones: frozenset[str] | None = None,
) -> Callable[[Prueba], Prueba]:
    """Declare a rule on what the caller said."""

    def declarar(prueba: Prueba) -> Prueba:
        una = Regla(codigo, texto, cura, tipos, desde, hasta, severidad)
        _REGLAS.append(replace(una, datos=prueba, operaciones=operaciones))
        return prueba

    return declarar


def regla_de_totales(
    codigo: str,
    texto: str,
    cura: str,
    *,
    tipos: frozenset[str] = TODOS,
    severidad: Severidad = "ERROR",
) -> Callable[[PruebaTotales], PruebaTotales]:
    """Declare a rule on computed amounts."""

    def declarar(prueba: PruebaTotales) -> PruebaTotales:
        una = Regla(codigo, texto, cura, tipos, SIEMPRE, date.max, severidad)
        _REGLAS.append(replace(una, de_totales=prueba))
        return prueba

    return declarar


def regla_de_origen(
    codigo: str, texto: str, cura: str, *, tipos: frozenset[str] = codigos.NOTAS
) -> Callable[[PruebaOrigen], PruebaOrigen]:
    """Declare a rule on a note and what it changes."""

    def declarar(prueba: PruebaOrigen) -> PruebaOrigen:
        una = Regla(codigo, texto, cura, tipos, SIEMPRE, date.max, "ERROR")
        _REGLAS.append(replace(una, de_origen=prueba))
        return prueba

    return declarar


@cache
def todas() -> tuple[Regla, ...]:
    """Return every rule, in the order in which they are applied."""
    for parte in PARTES:
        import_module(f"addons.sunat.documents.reglas.{parte}")
    return tuple(_REGLAS)


@cache
def _de(tipo: str, operacion: str) -> tuple[tuple[Regla, ...], tuple[Regla, ...]]:
    """Return the rules of a type of document and operation: on data, on totals."""
    suyas = [
        uno
        for uno in todas()
        if tipo in uno.tipos and (uno.operaciones is None or operacion in uno.operaciones)
    ]
    return (
        tuple(uno for uno in suyas if uno.datos is not None),
        tuple(uno for uno in suyas if uno.de_totales is not None),
    )


def revisar(comprobante: Comprobante, entorno: Entorno) -> tuple[list[Hallazgo], Totales | None]:
    """Return every finding, and the amounts where they can be computed."""
    operacion = comprobante.tipo_operacion
    conocida = operacion if operacion in codigos.OPERACIONES else ""
    datos, de_totales = _de(comprobante.tipo, conocida)
    hallazgos = list(_aplicar(datos, comprobante, entorno))
    if any(uno.severidad == "ERROR" for uno in hallazgos):
        return hallazgos, None
    totales = calcular(comprobante)
    for una in de_totales:
        if una.de_totales is not None and una.rige(comprobante):
            hallazgos += [una.hallazgo(falta) for falta in una.de_totales(comprobante, totales)]
    return hallazgos, totales


def revisar_con_origen(nota: Comprobante, totales: Totales, origen: Origen) -> list[Hallazgo]:
    """Return what SUNAT would find by looking at the document that a note changes."""
    return [
        una.hallazgo(falta)
        for una in todas()
        if una.de_origen is not None and una.rige(nota)
        for falta in una.de_origen(nota, totales, origen)
    ]


def _aplicar(
    reglas: Iterable[Regla], comprobante: Comprobante, entorno: Entorno
) -> Iterator[Hallazgo]:
    for una in reglas:
        if una.datos is not None and una.rige(comprobante):
            yield from map(una.hallazgo, una.datos(comprobante, entorno))
