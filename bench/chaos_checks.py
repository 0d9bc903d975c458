"""Checks: what must hold after chaos; each returns the violations it found, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, LiteralString

import psycopg

from bench.chaos_sellers import Act

Database = psycopg.Connection[tuple[Any, ...]]
SHOWN = 5
EXPECTED = {"stock_insuficiente"}

# Each query returns the rows that must not be, one violation a row.
FORBIDDEN: dict[str, LiteralString] = {
    "stock below zero": "SELECT almacen_id, producto_id, stock_actual FROM productos_almacen"
    " WHERE stock_actual < 0",
    "stock was below zero for a moment": """
        SELECT DISTINCT almacen_id, producto_id FROM (
          SELECT coalesce(almacen_origen_id, almacen_destino_id) AS almacen_id, producto_id,
                 sum(CASE WHEN almacen_origen_id IS NULL THEN cantidad ELSE -cantidad END)
                   OVER (PARTITION BY coalesce(almacen_origen_id, almacen_destino_id), producto_id
                         ORDER BY id) AS saldo
            FROM movimientos_stock) m WHERE saldo < 0""",
    "stock is not initial minus sold": """
        SELECT i.almacen_id, i.producto_id, i.cantidad - coalesce(v.cantidad, 0), pa.stock_actual
          FROM (SELECT coalesce(almacen_destino_id, almacen_origen_id) AS almacen_id, producto_id,
                       sum(CASE tipo_movimiento WHEN 'ENTRADA' THEN cantidad ELSE -cantidad END)
                         AS cantidad
                  FROM movimientos_stock WHERE tipo_movimiento IN ('ENTRADA', 'AJUSTE')
                 GROUP BY 1, 2) i
          JOIN productos_almacen pa USING (almacen_id, producto_id)
          LEFT JOIN (SELECT a.id AS almacen_id, d.producto_id, sum(d.cantidad) AS cantidad
                       FROM detalle_venta d JOIN ventas v ON v.id = d.venta_id
                       JOIN almacenes a ON a.sucursal_id = v.sucursal_id GROUP BY 1, 2) v
                 USING (almacen_id, producto_id)
         WHERE pa.stock_actual <> i.cantidad - coalesce(v.cantidad, 0)""",
    "stock is not the sum of its movements": """
        SELECT almacen_id, producto_id, pa.stock_actual, m.saldo
          FROM productos_almacen pa
          FULL JOIN (SELECT coalesce(almacen_origen_id, almacen_destino_id) AS almacen_id,
                            producto_id, sum(CASE WHEN almacen_origen_id IS NULL
                                                  THEN cantidad ELSE -cantidad END) AS saldo
                       FROM movimientos_stock GROUP BY 1, 2) m USING (almacen_id, producto_id)
         WHERE pa.stock_actual IS DISTINCT FROM m.saldo""",
    "a product's stock is not that of its warehouses": """
        SELECT pr.id, pr.stock_actual, sum(pa.stock_actual) FROM productos pr
          JOIN productos_almacen pa ON pa.producto_id = pr.id
         GROUP BY pr.id HAVING pr.stock_actual <> sum(pa.stock_actual)""",
    "a sale is not whole": """
        SELECT v.id, v.total, d.lineas, d.total, p.pagos FROM ventas v
          LEFT JOIN (SELECT venta_id, count(*) AS lineas, sum(subtotal) AS subtotal,
                            sum(igv) AS igv, sum(total) AS total FROM detalle_venta GROUP BY 1) d
                 ON d.venta_id = v.id
          LEFT JOIN (SELECT venta_id, count(*) AS pagos, sum(monto) AS monto
                       FROM formas_pago GROUP BY 1) p ON p.venta_id = v.id
         WHERE (v.subtotal, v.igv, v.total, v.total + v.vuelto, 1)
               IS DISTINCT FROM (d.subtotal, d.igv, d.total, p.monto, p.pagos)""",
    "lines and movements of a sale differ": """
        SELECT coalesce(d.venta_id, m.venta_id) FROM
          (SELECT venta_id, producto_id, sum(cantidad) AS cantidad
             FROM detalle_venta GROUP BY 1, 2) d
          FULL JOIN (SELECT split_part(referencia_doc, ':', 2)::bigint AS venta_id, producto_id,
                            sum(cantidad) AS cantidad FROM movimientos_stock
                      WHERE tipo_movimiento = 'VENTA' GROUP BY 1, 2) m
                 USING (venta_id, producto_id)
         WHERE d.cantidad IS DISTINCT FROM m.cantidad""",
    "not exactly one delivery of a sale": """
        SELECT coalesce(v.id, e.venta_id), coalesce(e.veces, 0) FROM ventas v
          FULL JOIN (SELECT venta_id, count(*) AS veces, min(total) AS total
                       FROM chaos_entregas GROUP BY 1) e ON e.venta_id = v.id
         WHERE v.id IS NULL OR e.veces IS DISTINCT FROM 1 OR e.total <> v.total""",
    "not exactly one audit row of a sale": """
        SELECT v.id, count(a.id) FROM ventas v
          LEFT JOIN audit_logs a ON a.objeto_tipo = 'ventas' AND a.objeto_id = v.id::text
         GROUP BY v.id HAVING count(a.id) <> 1""",
    "not exactly two jobs of a sale, done": """
        SELECT v.id, count(j.id), count(j.id) FILTER (WHERE j.status = 'done') FROM ventas v
          LEFT JOIN andes_jobs j
                 ON coalesce(j.args ->> 'venta_id', j.args -> 'payload' ->> 'venta_id') = v.id::text
         GROUP BY v.id HAVING count(j.id) <> 2 OR count(*) FILTER (WHERE j.status = 'done') <> 2""",
    "numbers of a series have a gap or a repeat": """
        SELECT v.serie, count(*), count(DISTINCT v.numero), min(v.numero), max(v.numero), s.last
          FROM ventas v
          LEFT JOIN andes_sequences s ON s.name = 'venta' AND s.serie = v.serie
         GROUP BY v.serie, s.last
        HAVING (count(*), count(DISTINCT v.numero), min(v.numero), max(v.numero))
               IS DISTINCT FROM (s.last, s.last, 1, s.last)""",
    "a job did not end well": "SELECT id, name, status, attempts, error FROM andes_jobs"
    " WHERE status <> 'done'",
}


def of_database(connection: Database) -> Iterator[str]:
    """Yield what the database itself shows to be wrong."""
    for name, query in FORBIDDEN.items():
        rows = connection.execute(query).fetchall()
        if rows:
            yield f"{name}: {len(rows)}, e.g. {rows[:SHOWN]}"


def of_answers(connection: Database, acts: Sequence[Act]) -> Iterator[str]:
    """Yield where the sellers were told something else than what is written."""
    unknown = [act.key for act in acts if not act.status]
    if unknown:
        yield f"outcome never known: {len(unknown)}, e.g. {unknown[:SHOWN]}"
    other = {str(act.answer.get("code")) for act in acts if 400 <= act.status < 500} - EXPECTED
    if other:
        yield f"refused for another reason than stock: {sorted(other)}"
    sold = {int(act.answer["id"]): act for act in acts if act.sold}
    told = sum(act.sold for act in acts)
    if told != len(sold):
        yield f"two keys got the same sale: {told} answers 201, {len(sold)} sales"
    rows = connection.execute("SELECT id, total FROM ventas").fetchall()
    written: dict[int, Decimal] = {row[0]: row[1] for row in rows}
    if missing := sold.keys() - written.keys():
        yield f"answered 201 and not there: {sorted(missing)[:SHOWN]}"
    if phantoms := written.keys() - sold.keys():
        yield f"there and never answered: {sorted(phantoms)[:SHOWN]}"
    lines = _lines(connection)
    different = [
        number
        for number in sold.keys() & written.keys()
        if not _same(sold[number], written[number], lines.get(number, Counter()))
    ]
    if different:
        yield f"written otherwise than answered: {different[:SHOWN]}"
    keys = {row[0] for row in connection.execute("SELECT key FROM andes_idempotency_keys")}
    if keys != (wanted := {act.key for act in acts if act.sold}):
        yield f"stored answers differ from sales: {len(keys ^ wanted)}"


def _lines(connection: Database) -> dict[int, Counter[tuple[int, Decimal, Decimal]]]:
    found: dict[int, Counter[tuple[int, Decimal, Decimal]]] = {}
    query = "SELECT venta_id, producto_id, cantidad, total FROM detalle_venta"
    for sale, product, quantity, total in connection.execute(query):
        found.setdefault(sale, Counter())[product, quantity, total] += 1
    return found


def _same(act: Act, total: Decimal, lines: Counter[tuple[int, Decimal, Decimal]]) -> bool:
    answered = Counter(
        (line["producto_id"], Decimal(line["cantidad"]), Decimal(line["total"]))
        for line in act.answer["detalle"]
    )
    wanted = Counter(
        (line["producto_id"], Decimal(line["cantidad"])) for line in act.body["detalle"]
    )
    told = Counter((product, quantity) for product, quantity, _ in answered.elements())
    return Decimal(act.answer["total"]) == total and answered == lines and told == wanted
