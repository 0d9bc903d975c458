"""Reports of sunat: what became of every number."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, func, select

from addons.sunat.models import (
    ANULADO,
    EN_COLA,
    EXCEPCION,
    RECHAZADO,
    Comprobante,
    SerieComprobante,
)
from kernel.context import Ctx
from kernel.reports import Period, Report, Table

COLUMNAS = (
    "tipo",
    "serie",
    "inicio",
    "desde",
    "hasta",
    "emitidos",
    "huecos",
    "faltan",
    "duplicados",
    "quemados",
    "anulados",
    "excepciones",
    "en_contingencia",
    "sin_respuesta",
)
CONTADOS = COLUMNAS.index("faltan")
DICHOS = 10
"""Gaps that are written out; the rest is counted."""


def correlativos(ctx: Ctx, periodo: Period) -> Table:
    """Return, for each series, its numbers of the period: gaps and which, burnt ones, contingency.

    Without a first day a series is looked at from its first number on. A number is used once: the
    database has it unique, and the report counts all the same.
    """
    faltan = dict(_faltan(ctx, periodo))
    filas = [
        (*fila[:CONTADOS], faltan.get((fila[0], fila[1]), ""), *fila[CONTADOS:])
        for fila in map(tuple, ctx.session.execute(_por_serie(periodo)))
    ]
    return Table(COLUMNAS, filas)


def _del_periodo(query: Select[Any], periodo: Period) -> Select[Any]:
    if periodo.desde is not None:
        query = query.where(Comprobante.fecha_emision >= periodo.desde)
    if periodo.hasta is not None:
        query = query.where(Comprobante.fecha_emision <= periodo.hasta)
    return query


def _primero(periodo: Period) -> Any:
    """Return the number from which gaps count: the series' own, or the first of the period."""
    inicio = func.coalesce(func.max(SerieComprobante.inicio), func.min(Comprobante.numero))
    hallado = func.min(Comprobante.numero)
    return hallado if periodo.desde is not None else func.least(inicio, hallado)


def _por_serie(periodo: Period) -> Select[Any]:
    distintos = func.count(Comprobante.numero.distinct())
    primero = _primero(periodo)
    query = select(
        Comprobante.tipo,
        Comprobante.serie,
        func.coalesce(func.max(SerieComprobante.inicio), 1),
        func.min(Comprobante.numero),
        func.max(Comprobante.numero),
        func.count(),
        func.max(Comprobante.numero) - primero + 1 - distintos,
        func.count() - distintos,
        func.count().filter(Comprobante.estado_sunat == RECHAZADO),
        func.count().filter(Comprobante.estado_sunat == ANULADO),
        func.count().filter(Comprobante.estado_sunat == EXCEPCION),
        func.count().filter(Comprobante.modo_emision == "contingencia"),
        func.count().filter(Comprobante.estado_sunat.in_(EN_COLA)),
    )
    query = query.outerjoin(
        SerieComprobante,
        (SerieComprobante.tipo == Comprobante.tipo) & (SerieComprobante.serie == Comprobante.serie),
    )
    return (
        _del_periodo(query, periodo)
        .group_by(Comprobante.tipo, Comprobante.serie)
        .order_by(Comprobante.tipo, Comprobante.serie)
    )


def _faltan(ctx: Ctx, periodo: Period) -> Iterable[tuple[tuple[str, str], str]]:
    """Yield the numbers that are missing, of the series that miss any: ``4, 7-9``."""
    antes = func.lag(Comprobante.numero).over(
        partition_by=(Comprobante.tipo, Comprobante.serie), order_by=Comprobante.numero
    )
    inicio = (
        select(SerieComprobante.inicio)
        .where(
            SerieComprobante.tipo == Comprobante.tipo, SerieComprobante.serie == Comprobante.serie
        )
        .scalar_subquery()
    )
    previo = func.coalesce(antes, inicio - 1) if periodo.desde is None else antes
    numerados = _del_periodo(
        select(
            Comprobante.tipo.label("tipo"),
            Comprobante.serie.label("serie"),
            Comprobante.numero.label("numero"),
            previo.label("previo"),
        ),
        periodo,
    ).subquery()
    query = (
        select(numerados.c.tipo, numerados.c.serie, numerados.c.previo + 1, numerados.c.numero - 1)
        .where(numerados.c.numero > numerados.c.previo + 1)
        .order_by(numerados.c.tipo, numerados.c.serie, numerados.c.numero)
    )
    tramos: dict[tuple[str, str], list[str]] = {}
    for tipo, serie, desde, hasta in ctx.session.execute(query):
        tramo = f"{desde}" if desde == hasta else f"{desde}-{hasta}"
        tramos.setdefault((tipo, serie), []).append(tramo)
    for clave, suyos in tramos.items():
        mas = ", …" if len(suyos) > DICHOS else ""
        yield clave, ", ".join(suyos[:DICHOS]) + mas


REPORTS = [
    Report("correlativos", "Correlativos de comprobantes", "facturacion.reenviar", correlativos)
]
