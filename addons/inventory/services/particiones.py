"""Partitions of movimientos_stock by month, made ahead. What has none yet lies in ``…_resto``."""

from datetime import datetime

from kernel.context import Ctx
from kernel.db import Statement

ADELANTE = 3
"""Months that are ready besides the present one."""

PARTICIONAR = Statement(
    "movimientos_particionar",
    """
    SELECT andes_particionar_movimientos(
      least(%(ahora)s::timestamptz, %(desde)s::timestamptz,
            (SELECT min(created_at) FROM movimientos_stock_resto)),
      %(ahora)s::timestamptz + make_interval(months => %(meses)s))
    """,
)
FALTAN = Statement(
    "movimientos_particiones",
    """
    SELECT nombre FROM (
      SELECT to_char(%(ahora)s::timestamptz AT TIME ZONE 'UTC' + make_interval(months => mes),
                     '"movimientos_stock_"YYYY_MM') AS nombre
        FROM generate_series(0, 1) AS mes) m
     WHERE to_regclass(nombre) IS NULL ORDER BY 1
    """,
    reads=True,
)


def preparar(ctx: Ctx, desde: datetime | None = None) -> None:
    """Make the partitions of the coming months, and of months whose rows have none.

    ``desde``: those from then on as well, for movements of the past that are about to come.
    """
    ctx.sql(PARTICIONAR, ahora=ctx.now, desde=desde, meses=ADELANTE)


def revisar(ctx: Ctx) -> str | None:
    """Return the first partition of this month and the next that is missing, or None."""
    for (nombre,) in ctx.sql(FALTAN, ahora=ctx.now):
        return f"Falta la partición {nombre}; sus movimientos van a movimientos_stock_resto."
    return None
