"""The ledger at 5,000,000 movements: its history by date, and whether writing to it stays as fast.

``python -m bench.movimientos [--quick]``. One database holds many movements over two years, another
1 % of them, each partitioned by month; both are written to in turns, through the product's own
entries, and the ratio is the median of the rounds'. The history is what ``GET
/api/inventario/movimientos/`` asks for, with a filter by date and product, by date and almacén, and
by date alone; its time is that of ``EXPLAIN (ANALYZE, BUFFERS)``, the median of twenty.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any, LiteralString

import psycopg

from addons.inventory.schemas import EntradaNueva
from addons.inventory.services import registrar_entrada
from bench import product, report
from bench.lab import Lab
from kernel import generation, processes
from kernel.runtime import Runtime

MOVEMENTS, QUICK_MOVEMENTS = 5_000_000, 100_000
SHARE = 100
"""The other database holds one out of so many."""

PRODUCTS, WAREHOUSES, MONTHS = 5_000, 8, 24
CHUNK = 250_000
QUERIES = 20
MOST_MS, MOST_RATIO = 300.0, 1.5
ACTS, ROUNDS = 60, 15

COMPANY = f"""
INSERT INTO configuracion (id, ruc, razon_social) VALUES (1, '20131312955', 'Comercial Andina SAC');
INSERT INTO sucursales (codigo, nombre) VALUES ('001', 'Lima');
INSERT INTO almacenes (nombre, sucursal_id)
SELECT 'Almacén ' || n, 1 FROM generate_series(1, {WAREHOUSES}) n;
INSERT INTO productos (sku, nombre, precio, costo)
SELECT 'SKU-' || n, 'Producto ' || n, 10, 7 FROM generate_series(1, {PRODUCTS}) n;
SELECT andes_particionar_movimientos(now() - interval '{MONTHS} months',
                                     now() + interval '3 months');
"""
# PostgreSQL spells the index of a partitioned table without those of its partitions.
INDEXES = """
SELECT indexname, replace(indexdef, ' ON ONLY ', ' ON ') FROM pg_indexes
 WHERE tablename = 'movimientos_stock' AND indexname <> 'pk_movimientos_stock'
"""
LOAD = """
INSERT INTO movimientos_stock (producto_id, almacen_origen_id, almacen_destino_id, tipo_movimiento,
                               cantidad, costo_unitario, costo_promedio, usuario_id, referencia_doc,
                               created_at)
SELECT 1 + (random() * random() * (%(products)s - 1))::int,
       CASE WHEN n %% 10 < 8 THEN 1 + n %% %(warehouses)s END,
       CASE WHEN n %% 10 >= 8 THEN 1 + n %% %(warehouses)s END,
       CASE WHEN n %% 10 < 8 THEN 'VENTA' ELSE 'ENTRADA' END,
       CASE WHEN n %% 10 < 8 THEN 1 ELSE 4 END, 7, 7, 1, 'venta:' || n / 4,
       now() - %(span)s::interval * (1 - n::float / %(total)s)
  FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
"""
SETTLE = """
INSERT INTO productos_almacen (almacen_id, producto_id, stock_actual)
SELECT almacen_id, producto_id, sum(cantidad) FROM (
  SELECT almacen_destino_id AS almacen_id, producto_id, cantidad FROM movimientos_stock
   WHERE almacen_destino_id IS NOT NULL
  UNION ALL SELECT almacen_origen_id, producto_id, -cantidad FROM movimientos_stock
   WHERE almacen_origen_id IS NOT NULL) m GROUP BY 1, 2;
UPDATE productos p SET stock_actual = s.stock, costo_promedio = 7
  FROM (SELECT producto_id, sum(stock_actual) AS stock FROM productos_almacen GROUP BY 1) s
 WHERE s.producto_id = p.id
"""
COLUMNS = (
    "id, producto_id, almacen_origen_id, almacen_destino_id, tipo_movimiento, cantidad, "
    "costo_unitario, motivo, usuario_id, lote_id, referencia_doc, created_at"
)
HISTORIES: Mapping[str, LiteralString] = {
    "product and 30 days": "producto_id = %(producto)s",
    "almacén and 7 days": "almacen_origen_id = %(almacen)s",
    "7 days": "true",
}
DAYS = {"product and 30 days": 30, "almacén and 7 days": 7, "7 days": 7}


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_MOVEMENTS:,} movements")
    parser.add_argument("--movements", type=int, help=f"default {MOVEMENTS:,}")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args()
    total = chosen.movements or (QUICK_MOVEMENTS if chosen.quick else MOVEMENTS)
    with Lab() as lab:
        product.make_template(lab)
        with lab.connection(product.TEMPLATE) as connection:
            connection.execute(COMPANY.encode())
        for name, count in (("few", total // SHARE), ("many", total)):
            lab.copy_database(name, product.TEMPLATE, product.OWNER)
            fill(lab, name, count)
        histories = {name: history(lab, name) for name in HISTORIES}
        ratio, few, many = insert(lab, chosen.rounds)
    report.say(report.machine())
    well = show(total, histories)
    report.say("", f"An entry through the product, median of {chosen.rounds} rounds")
    rows = [(f"{total // SHARE:,}", f"{few:.2f}"), (f"{total:,}", f"{many:.2f}")]
    report.table(("movements", "ms"), rows)
    well &= report.verdict("an entry at many / at few", ratio, most=MOST_RATIO)
    raise SystemExit(0 if well else 1)


def fill(lab: Lab, database: str, total: int) -> None:
    """Load a database with movements over the months; the indexes are made afterwards."""
    started = time.monotonic()
    with lab.connection(database) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET session_replication_role = replica")
        indexes = connection.execute(INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}".encode())
        for first in range(1, total + 1, CHUNK):
            given = {
                "products": PRODUCTS,
                "warehouses": WAREHOUSES,
                "span": timedelta(days=MONTHS * 30),
                "total": total,
                "first": first,
                "last": min(first + CHUNK - 1, total),
            }
            connection.execute(LOAD, given)
        for _, definition in indexes:
            connection.execute(str(definition).encode())
        connection.execute(SETTLE.encode())
        connection.execute("VACUUM ANALYZE movimientos_stock, productos_almacen, productos")
        connection.execute("CHECKPOINT")
        held, parts = connection.execute(
            "SELECT count(*), count(DISTINCT tableoid) FROM movimientos_stock"
        ).fetchall()[0]
    seconds = time.monotonic() - started
    report.say(f"{database}: {held:,} movements in {parts} partitions, {seconds:.0f} s")


def history(lab: Lab, name: str) -> tuple[float, float, str]:
    """Return the median and the longest execution in ms of a history, and the plan of the last."""
    chance = random.Random(name)  # no secret
    times, plan = [], ""
    with lab.connection("many") as connection:
        for _ in range(QUERIES):
            until = datetime.now(UTC) - timedelta(days=chance.randint(0, (MONTHS - 2) * 30))
            given = {
                "producto": chance.randint(1, PRODUCTS // 2),
                "almacen": chance.randint(1, WAREHOUSES),
                "desde": until - timedelta(days=DAYS[name]),
                "hasta": until,
            }
            plan = explain(connection, HISTORIES[name], given)
            times.append(_took(plan))
    return median(times), max(times), plan


def explain(
    connection: psycopg.Connection[Any], condition: LiteralString, given: Mapping[str, Any]
) -> str:
    """Return what PostgreSQL says of a page of the history."""
    query = (
        f"EXPLAIN (ANALYZE, BUFFERS) SELECT {COLUMNS} FROM movimientos_stock WHERE {condition}"
        " AND created_at >= %(desde)s AND created_at < %(hasta)s ORDER BY id DESC LIMIT 51"
    )
    rows = connection.execute(query.encode(), given).fetchall()
    return "\n".join(str(row[0]) for row in rows)


def _took(plan: str) -> float:
    """Return the ms of planning and execution."""
    return sum(float(ms) for ms in re.findall(r"(?:Planning|Execution) Time: ([0-9.]+) ms", plan))


def insert(lab: Lab, rounds: int) -> tuple[float, float, float]:
    """Return the ratio many to few of an entry's time, and the ms of each; in turns."""
    runtimes = {name: _runtime(lab, name) for name in ("few", "many")}
    took: dict[str, list[float]] = {name: [] for name in runtimes}
    for number in range(rounds + 1):
        for name in sorted(runtimes, reverse=bool(number % 2)):
            ms = enter(runtimes[name], number)
            if number:  # the first round warms up
                took[name].append(ms)
    for runtime in runtimes.values():
        runtime.close()
    ratios = [many / few for few, many in zip(took["few"], took["many"], strict=True)]
    return median(ratios), median(took["few"]), median(took["many"])


def _runtime(lab: Lab, database: str) -> Runtime:
    found = product.settings(lab, database)
    return processes.make_runtime(found, generation.load(found, ["inventory"]))


def enter(runtime: Runtime, number: int) -> float:
    """Return the ms of an entry, median of many, each a transaction of its own."""
    chance, times = random.Random(number), []  # no secret
    for _ in range(ACTS):
        nueva = EntradaNueva(
            almacen_id=chance.randint(1, WAREHOUSES),
            producto_id=chance.randint(1, PRODUCTS),
            cantidad=Decimal(1),
            motivo="Compra",
        )
        started = time.perf_counter()
        runtime.transact(lambda ctx, nueva=nueva: registrar_entrada(ctx, nueva))  # type: ignore[misc]
        times.append((time.perf_counter() - started) * 1000)
    return median(times)


def show(total: int, histories: Mapping[str, tuple[float, float, str]]) -> bool:
    """Print the histories and the plan of each; return whether all are fast enough."""
    for name, (_, _, plan) in histories.items():
        report.say("", f"EXPLAIN (ANALYZE, BUFFERS), {name}", plan)
    report.say("", f"History of {total:,} movements, {QUERIES} queries")
    rows = [(name, f"{mid:.1f}", f"{most:.1f}") for name, (mid, most, _) in histories.items()]
    report.table(("filter", "median ms", "longest ms"), rows)
    verdicts = [
        report.verdict(f"history by {name}, ms", mid, most=MOST_MS)
        for name, (mid, _, _) in histories.items()
    ]
    return all(verdicts)


if __name__ == "__main__":
    main()
