"""Reports of sunat: what became of every number."""

from sqlalchemy import func, select

from addons.sunat.models import EN_COLA, RECHAZADO, Comprobante
from kernel.context import Ctx
from kernel.reports import Period, Report, Table

COLUMNAS = (
    "tipo",
    "serie",
    "desde",
    "hasta",
    "emitidos",
    "huecos",
    "quemados",
    "en_contingencia",
    "sin_respuesta",
)


def correlativos(ctx: Ctx, periodo: Period) -> Table:
    """Return, for each series, its numbers of the period: gaps, burnt ones, contingency.

    A number is used once by construction: the database has it unique.
    """
    suyos = select(
        Comprobante.tipo,
        Comprobante.serie,
        func.min(Comprobante.numero),
        func.max(Comprobante.numero),
        func.count(),
        func.max(Comprobante.numero) - func.min(Comprobante.numero) + 1 - func.count(),
        func.count().filter(Comprobante.estado_sunat == RECHAZADO),
        func.count().filter(Comprobante.modo_emision == "contingencia"),
        func.count().filter(Comprobante.estado_sunat.in_(EN_COLA)),
    )
    if periodo.desde is not None:
        suyos = suyos.where(Comprobante.fecha_emision >= periodo.desde)
    if periodo.hasta is not None:
        suyos = suyos.where(Comprobante.fecha_emision <= periodo.hasta)
    suyos = suyos.group_by(Comprobante.tipo, Comprobante.serie).order_by(
        Comprobante.tipo, Comprobante.serie
    )
    return Table(COLUMNAS, [tuple(row) for row in ctx.session.execute(suyos)])


REPORTS = [
    Report("correlativos", "Correlativos de comprobantes", "facturacion.reenviar", correlativos)
]
