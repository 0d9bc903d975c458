"""Reports of loyalty."""

from datetime import datetime, time, timedelta

from kernel.context import Ctx
from kernel.db import Statement
from kernel.reports import Period, Report, Table

POR_CLIENTE = Statement(
    "reporte_puntos",
    """
    SELECT c.id, c.razon_social,
           sum(m.puntos) FILTER (WHERE m.motivo = 'venta'),
           -sum(m.puntos) FILTER (WHERE m.motivo = 'canje'),
           -sum(m.puntos) FILTER (WHERE m.motivo NOT IN ('venta', 'canje')),
           c.puntos
      FROM movimientos_puntos m JOIN clientes c ON c.id = m.cliente_id
     WHERE (%(desde)s::timestamptz IS NULL OR m.created_at >= %(desde)s)
       AND (%(hasta)s::timestamptz IS NULL OR m.created_at < %(hasta)s)
     GROUP BY c.id ORDER BY c.puntos DESC, c.id
    """,
)


def puntos_por_cliente(ctx: Ctx, periodo: Period) -> Table:
    """Return what each cliente won, redeemed and lost in the period, and has today."""
    zona = ctx.time_zone
    desde, hasta = periodo.desde, periodo.hasta
    rows = ctx.sql(
        POR_CLIENTE,
        desde=datetime.combine(desde, time(), zona) if desde else None,
        hasta=datetime.combine(hasta + timedelta(days=1), time(), zona) if hasta else None,
    )
    found = [tuple(0 if value is None else value for value in row) for row in rows]
    columns = ("cliente_id", "cliente", "ganados", "canjeados", "perdidos", "puntos")
    totals = {name: sum(row[at] for row in found) for at, name in enumerate(columns) if at > 1}
    return Table(columns, found, totals)


REPORTS = [Report("puntos-por-cliente", "Puntos por cliente", "puntos.ver", puntos_por_cliente)]
