"""The raw limit: hand-written statements through psycopg, without HTTP, framework or validation.

Run as a process of its own that takes plans, one a line of JSON. A thread and a connection a
client; each act is one prepared statement in autocommit, so one round trip.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import psycopg
from pydantic_core import to_json

from bench.load import Measured

SALE = """
WITH caja AS (
  SELECT c.id, c.sucursal_id FROM cajas c
   WHERE c.id = %(caja)s AND c.sucursal_id = %(sucursal)s AND c.estado = 'abierta' FOR SHARE
), almacen AS (
  SELECT id FROM almacenes WHERE sucursal_id = %(sucursal)s AND activo
   ORDER BY tipo <> 'PRINCIPAL', id LIMIT 1
), fila AS (
  SELECT pa.id, pa.producto_id, p.cantidad, p.linea, pr.precio,
         CASE pr.afectacion_igv WHEN '10' THEN cfg.tasa_igv ELSE 0 END AS tasa,
         pa.stock_actual >= p.cantidad OR pr.permite_venta_sin_stock AS alcanza
    FROM unnest(%(productos)s::bigint[], %(cantidades)s::numeric[]) WITH ORDINALITY
         AS p(producto_id, cantidad, linea)
    JOIN productos pr ON pr.id = p.producto_id AND pr.activo
    JOIN productos_almacen pa ON pa.producto_id = pr.id
         AND pa.almacen_id = (SELECT id FROM almacen)
    CROSS JOIN (SELECT tasa_igv FROM configuracion WHERE id = 1) cfg
   ORDER BY pa.producto_id
     FOR NO KEY UPDATE OF pa, pr
), suma AS (
  SELECT f.*, round(cantidad * precio, 2) AS valor,
         sum(round(cantidad * precio, 2)) OVER (PARTITION BY tasa ORDER BY linea) AS ahora
    FROM fila f
), linea AS (
  SELECT s.*, round(ahora / (1 + tasa), 2) - round((ahora - valor) / (1 + tasa), 2) AS base
    FROM suma s
), total AS (
  SELECT sum(base) AS subtotal, sum(valor - base) AS igv, sum(valor) AS total FROM linea
), bien AS (
  SELECT caja.id AS caja, m.id AS metodo, t.* FROM caja, total t, metodos_pago m
   WHERE m.codigo = %(metodo)s AND m.activo AND %(monto)s::numeric >= t.total
     AND EXISTS (SELECT FROM clientes WHERE id = %(cliente)s)
     AND (SELECT count(*) FROM fila WHERE alcanza) = cardinality(%(productos)s::bigint[])
), numero AS (
  INSERT INTO andes_sequences AS c (name, serie, last)
  SELECT 'venta', %(serie)s, 1 FROM bien
  ON CONFLICT (name, serie) DO UPDATE SET last = c.last + 1
  RETURNING last
), venta AS (
  INSERT INTO ventas (serie, numero, cliente_id, usuario_id, sucursal_id, caja_id, fecha, subtotal,
                      igv, total, vuelto, estado, modo_emision, metodo_pago_id)
  SELECT %(serie)s, numero.last, %(cliente)s, %(usuario)s, %(sucursal)s, bien.caja, now(),
         bien.subtotal, bien.igv, bien.total, %(monto)s::numeric - bien.total, 'registrada', 'pos',
         bien.metodo
    FROM bien, numero
  RETURNING id, numero, subtotal, igv, total
), detalle AS (
  INSERT INTO detalle_venta (venta_id, producto_id, cantidad, precio_unitario, descuento, subtotal,
                             igv, total)
  SELECT venta.id, l.producto_id, l.cantidad, l.precio, 0, l.base, l.valor - l.base, l.valor
    FROM venta, linea l ORDER BY l.linea
), pago AS (
  INSERT INTO formas_pago (venta_id, metodo, monto) SELECT id, %(metodo)s, %(monto)s FROM venta
), stock AS (
  UPDATE productos_almacen pa SET stock_actual = pa.stock_actual - f.cantidad
    FROM fila f, venta WHERE pa.id = f.id
), producto AS (
  UPDATE productos pr SET stock_actual = pr.stock_actual - f.cantidad
    FROM fila f, venta WHERE pr.id = f.producto_id
), movimiento AS (
  INSERT INTO movimientos_stock (producto_id, almacen_origen_id, tipo_movimiento, cantidad,
                                 usuario_id, referencia_doc)
  SELECT f.producto_id, almacen.id, 'VENTA', f.cantidad, %(usuario)s, 'venta:' || venta.id
    FROM fila f, almacen, venta
), auditoria AS (
  INSERT INTO audit_logs (usuario_id, modulo, accion, objeto_tipo, objeto_id, datos_nuevos_json)
  SELECT %(usuario)s, 'sales', 'crear', 'ventas', id,
         jsonb_build_object('serie', %(serie)s::text, 'numero', numero, 'total', total)
    FROM venta
), trabajo AS (
  INSERT INTO andes_jobs (name, args, usuario_id)
  SELECT 'sales.notificar_venta', jsonb_build_object('venta_id', id), %(usuario)s FROM venta
)
SELECT id, numero, subtotal, igv, total FROM venta
"""

LIST = """
SELECT id, serie, numero, cliente_id, usuario_id, sucursal_id, caja_id, fecha, subtotal, igv, total,
       vuelto, estado, modo_emision
  FROM ventas WHERE cliente_id = %(cliente)s AND id < %(antes)s ORDER BY id DESC LIMIT 51
"""

PAGE = 50
STATEMENTS = {"sale": SALE, "list": LIST}


class Caller(threading.Thread):
    """One client: runs its acts over and over on its own connection."""

    def __init__(self, plan: dict[str, Any], acts: Sequence[dict[str, Any]]) -> None:
        super().__init__(daemon=True)
        self.statement = STATEMENTS[plan["statement"]].encode()
        self.acts = acts
        self.as_json: bool = plan["as_json"]
        self.names: list[str] = []
        self.connection = psycopg.connect(
            plan["dsn"], autocommit=True, options=f"-c plan_cache_mode={plan['plan_cache_mode']}"
        )
        self.latencies: list[float] = []
        self.done = self.empty = 0
        self.start_at = self.stop_at = 0.0

    def run(self) -> None:
        """Act until the time is over; what ends before the warm-up does not count."""
        for act in cycle(self.acts):
            began = time.perf_counter()
            if began >= self.stop_at:
                break
            cursor = self.connection.execute(self.statement, act, prepare=True)
            rows = cursor.fetchall()
            if self.as_json:
                self.names = self.names or [column.name for column in cursor.description or ()]
                page(self.names, rows)
            self.done += 1
            if began >= self.start_at:
                self.latencies.append(time.perf_counter() - began)
                self.empty += not rows
        self.connection.close()


def page(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> bytes:
    """Return rows as the JSON that a list answers with."""
    items = [dict(zip(names, row, strict=True)) for row in rows[:PAGE]]
    following = rows[PAGE - 1][0] if len(rows) > PAGE else None
    return to_json({"items": items, "next": following})


def measure(plan: dict[str, Any]) -> Measured:
    """Return what a round measured."""
    callers = [Caller(plan, acts) for acts in plan["clients"]]
    start = time.perf_counter() + plan["warmup"]
    for caller in callers:
        caller.start_at, caller.stop_at = start, start + plan["seconds"]
        caller.start()
    for caller in callers:
        caller.join()
    found = Measured(seconds=plan["seconds"])
    for caller in callers:
        found.done += caller.done
        found.latencies += caller.latencies
        found.statuses["200"] += len(caller.latencies) - caller.empty
        if caller.empty:
            found.statuses["empty"] += caller.empty
    return found


def main() -> None:
    """Serve plans, one a line, until standard input ends."""
    for line in sys.stdin:
        sys.stdout.write(measure(json.loads(line)).line())
        sys.stdout.flush()
