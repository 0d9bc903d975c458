"""Reports of sales. Source: spec/erp-modules.md, módulo 1."""

from datetime import datetime, time, timedelta
from decimal import Decimal

from kernel.context import Ctx
from kernel.db import Statement
from kernel.reports import Period, Report, Table

DIARIAS = Statement(
    "reporte_ventas_diarias",
    """
    SELECT (fecha AT TIME ZONE %(zona)s)::date AS dia, count(*), sum(subtotal), sum(igv), sum(total)
      FROM ventas
     WHERE estado = 'registrada' AND fecha >= %(desde)s AND fecha < %(hasta)s
       AND (%(sucursales)s::bigint[] IS NULL OR sucursal_id = ANY(%(sucursales)s))
     GROUP BY 1 ORDER BY 1
    """,
)
DIAS = 31


def ventas_diarias(ctx: Ctx, periodo: Period) -> Table:
    """Return a row per day with sales; without dates, the last 31 days."""
    zona = ctx.time_zone
    hoy = ctx.now.astimezone(zona).date()
    desde = periodo.desde or hoy - timedelta(days=DIAS - 1)
    hasta = (periodo.hasta or hoy) + timedelta(days=1)
    permitidas = ctx.scope("sucursales")
    rows = ctx.sql(
        DIARIAS,
        zona=zona.key,
        desde=datetime.combine(desde, time(), zona),
        hasta=datetime.combine(hasta, time(), zona),
        sucursales=None if permitidas is None else list(permitidas),
    )
    total = sum((row[4] for row in rows), Decimal("0.00"))
    columns = ("fecha", "ventas", "subtotal", "igv", "total")
    return Table(columns, rows, {"ventas": sum(row[1] for row in rows), "total": total})


REPORTS = [Report("ventas-diarias", "Ventas por día", "reportes_ventas.ver", ventas_diarias)]
