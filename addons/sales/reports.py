"""Reports of sales. Source: spec/erp-modules.md, módulo 1.

A sale counts on the day on which it was made, unless it was annulled; what came back is taken off
on the day on which it came back. So the reports of a period agree with each other to the cent.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from addons.sales.services.creditos import hoy, inicio_del_dia
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Unprocessable
from kernel.reports import Period, Report, Table
from kernel.schemas import QueryId

MOVIMIENTOS = """
    WITH linea AS (
      SELECT d.producto_id, d.cantidad, d.subtotal, d.igv, d.total, 0.00 AS devuelto
        FROM ventas v JOIN detalle_venta d ON d.venta_id = v.id
       WHERE v.estado = 'registrada' AND v.fecha >= %(desde)s AND v.fecha < %(hasta)s
         AND (%(sucursales)s::bigint[] IS NULL OR v.sucursal_id = ANY(%(sucursales)s))
      UNION ALL
      SELECT d.producto_id, -d.cantidad, -d.subtotal, -d.igv, -d.total, d.total
        FROM devoluciones r
        JOIN detalle_devolucion d ON d.devolucion_id = r.id
        JOIN ventas v ON v.id = r.venta_id
       WHERE v.estado = 'registrada' AND r.fecha >= %(desde)s AND r.fecha < %(hasta)s
         AND (%(sucursales)s::bigint[] IS NULL OR r.sucursal_id = ANY(%(sucursales)s))
    )"""
"""What was sold in a period, and what came back in it, line by line."""

DOCUMENTOS = """
    WITH hecho AS (
      SELECT id AS venta_id, fecha, cliente_id, subtotal, igv, total, 0.00 AS devuelto
        FROM ventas
       WHERE estado = 'registrada' AND fecha >= %(desde)s AND fecha < %(hasta)s
         AND (%(sucursales)s::bigint[] IS NULL OR sucursal_id = ANY(%(sucursales)s))
      UNION ALL
      SELECT NULL, r.fecha, v.cliente_id, -r.subtotal, -r.igv, -r.total, r.total
        FROM devoluciones r JOIN ventas v ON v.id = r.venta_id
       WHERE v.estado = 'registrada' AND r.fecha >= %(desde)s AND r.fecha < %(hasta)s
         AND (%(sucursales)s::bigint[] IS NULL OR r.sucursal_id = ANY(%(sucursales)s))
    )"""
"""The same, sale by sale: the lines of a document always add up to its header."""

DIARIAS = Statement(
    "reporte_ventas_diarias",
    f"""
    {DOCUMENTOS}
    SELECT (fecha AT TIME ZONE %(zona)s)::date, count(venta_id), sum(subtotal), sum(igv),
           sum(total), sum(devuelto)
      FROM hecho GROUP BY 1 ORDER BY 1
    """,  # noqa: S608  # our own constant
)
POR_PRODUCTO = Statement(
    "reporte_ventas_por_producto",
    f"""
    {MOVIMIENTOS}, suma AS (
      SELECT producto_id, sum(cantidad) AS cantidad, sum(subtotal) AS subtotal, sum(igv) AS igv,
             sum(total) AS total, sum(devuelto) AS devuelto
        FROM linea GROUP BY producto_id
    )
    SELECT p.id, p.sku, p.nombre, coalesce(c.nombre, ''), p.unidad_medida,
           s.cantidad, s.subtotal, s.igv, s.total, s.devuelto
      FROM suma s
      JOIN productos p ON p.id = s.producto_id
      LEFT JOIN categorias c ON c.id = p.categoria_id
     WHERE %(categoria)s::bigint IS NULL OR p.categoria_id = %(categoria)s
     ORDER BY s.total DESC, p.id LIMIT %(limite)s
    """,  # noqa: S608
)
POR_CLIENTE = Statement(
    "reporte_ventas_por_cliente",
    f"""
    {DOCUMENTOS}, suma AS (
      SELECT cliente_id, count(venta_id) AS ventas, sum(subtotal) AS subtotal, sum(igv) AS igv,
             sum(total) AS total, sum(devuelto) AS devuelto
        FROM hecho GROUP BY cliente_id
    )
    SELECT c.id, c.numero_doc, c.razon_social, c.categoria, s.ventas, s.subtotal, s.igv, s.total,
           s.devuelto
      FROM suma s JOIN clientes c ON c.id = s.cliente_id
     ORDER BY s.total DESC, c.id LIMIT %(limite)s
    """,  # noqa: S608
)
DIAS = 31
MAX_LINEAS = 100_000


class EnSucursal(Period):
    """The days of a report, and one sucursal instead of all within reach."""

    sucursal_id: QueryId | None = None


class DeCategoria(EnSucursal):
    """The same, and one family of products instead of all."""

    categoria_id: QueryId | None = None


def ventas_diarias(ctx: Ctx, pedido: EnSucursal) -> Table:
    """Return a row per day with sales or returns; without dates, the last 31 days."""
    columnas = ("fecha", "ventas", "subtotal", "igv", "total", "devoluciones")
    return _tabla(columnas, ctx.sql(DIARIAS, zona=ctx.time_zone.key, **_periodo(ctx, pedido)))


def ventas_por_producto(ctx: Ctx, pedido: DeCategoria) -> Table:
    """Return a row per product, the most sold first; without dates, the last 31 days."""
    columnas = (
        "producto_id",
        "sku",
        "nombre",
        "categoria",
        "unidad_medida",
        "cantidad",
        "subtotal",
        "igv",
        "total",
        "devoluciones",
    )
    hechos = {"categoria": pedido.categoria_id, "limite": MAX_LINEAS + 1}
    rows = ctx.sql(POR_PRODUCTO, **hechos, **_periodo(ctx, pedido))
    return _tabla(columnas, _completas(rows))


def ventas_por_cliente(ctx: Ctx, pedido: EnSucursal) -> Table:
    """Return a row per customer, who bought most first; without dates, the last 31 days."""
    columnas = (
        "cliente_id",
        "numero_doc",
        "razon_social",
        "categoria",
        "ventas",
        "subtotal",
        "igv",
        "total",
        "devoluciones",
    )
    rows = ctx.sql(POR_CLIENTE, limite=MAX_LINEAS + 1, **_periodo(ctx, pedido))
    return _tabla(columnas, _completas(rows))


def _completas(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the rows, unless a part would pass for the whole.

    Raises:
        Unprocessable: there are more than a report holds.
    """
    if len(rows) > MAX_LINEAS:
        text = f"El reporte pasa de {MAX_LINEAS} líneas; pida menos días o una sucursal."
        raise Unprocessable(text, code="reporte_demasiado_largo", field="desde")
    return rows


def _periodo(ctx: Ctx, pedido: EnSucursal) -> dict[str, Any]:
    hasta = (pedido.hasta or hoy(ctx)) + timedelta(days=1)
    desde = pedido.desde or hasta - timedelta(days=DIAS)
    return {
        "desde": inicio_del_dia(ctx, desde),
        "hasta": inicio_del_dia(ctx, hasta),
        "sucursales": _sucursales(ctx, pedido),
    }


def _sucursales(ctx: Ctx, pedido: EnSucursal) -> list[int] | None:
    permitidas = ctx.scope("sucursales")
    if pedido.sucursal_id is None:
        return None if permitidas is None else list(permitidas)
    alcanza = permitidas is None or pedido.sucursal_id in permitidas
    return [pedido.sucursal_id] if alcanza else []


def _tabla(columnas: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Table:
    """Return the rows with the sums of what is money, or a number of sales."""
    sumadas = ("ventas", "subtotal", "igv", "total", "devoluciones")
    totales = {
        nombre: sum((row[index] for row in rows), 0 if nombre == "ventas" else Decimal("0.00"))
        for index, nombre in enumerate(columnas)
        if nombre in sumadas
    }
    return Table(columnas, rows, totales)


REPORTS = [
    Report("ventas-diarias", "Ventas por día", "reportes_ventas.ver", ventas_diarias, EnSucursal),
    Report(
        "ventas-por-producto",
        "Ventas por producto",
        "reportes_ventas.ver",
        ventas_por_producto,
        DeCategoria,
    ),
    Report(
        "ventas-por-cliente",
        "Ventas por cliente",
        "reportes_ventas.ver",
        ventas_por_cliente,
        EnSucursal,
    ),
]
