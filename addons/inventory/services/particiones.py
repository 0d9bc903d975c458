"""Partitions of movimientos_stock by month, made ahead. What has none yet lies in ``…_resto``."""

from kernel.context import Ctx
from kernel.db import Statement

ADELANTE = 3
"""Months that are ready besides the present one."""

PARTICIONAR = Statement(
    "movimientos_particionar",
    """
    SELECT andes_particionar_movimientos(
      least(%(ahora)s::timestamptz, (SELECT min(created_at) FROM movimientos_stock_resto)),
      %(ahora)s::timestamptz + make_interval(months => %(meses)s))
    """,
)
LISTAS = Statement(
    "movimientos_particiones",
    """
    SELECT count(*) FROM pg_inherits
     WHERE inhparent = 'movimientos_stock'::regclass
       AND inhrelid::regclass::text LIKE '%%movimientos_stock\\____\\___'
       AND inhrelid::regclass::text >= 'movimientos_stock_' ||
           to_char(%(ahora)s::timestamptz AT TIME ZONE 'UTC', 'YYYY_MM')
    """,
    reads=True,
)


def preparar(ctx: Ctx) -> None:
    """Make the partitions of the coming months, and of months whose rows have none."""
    ctx.sql(PARTICIONAR, ahora=ctx.now, meses=ADELANTE)


def revisar(ctx: Ctx) -> str | None:
    """Return what is wrong with the coming months' partitions, or None."""
    listas = ctx.sql(LISTAS, ahora=ctx.now)[0][0]
    if listas:
        return None
    return "movimientos_stock no tiene partición para este mes; los movimientos van a «_resto»"
