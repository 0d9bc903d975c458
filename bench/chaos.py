"""Chaos: selling goes on while processes die, PostgreSQL crashes and Redis forgets; then a count.

``python -m bench.chaos --seconds 30 --seed 1``. The real instance is started: supervisor, two web
and two job processes, PostgreSQL 18 with fsync on, a Redis of its own. Eight cashiers sell with
Idempotency-Keys and repeat a request until its outcome is known. Afterwards everything that was
answered must be there, whole and once, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from bench import chaos_checks, company, product, report
from bench.chaos_monkey import Monkey
from bench.chaos_sellers import Seller
from bench.lab import Lab, LabError, answers, free_port, wait_for

DATABASE = "chaos"
SELLERS = 8
SCARCE, LITTLE = 40, 30
OUTCOME_SECONDS = 60.0
DRAIN_SECONDS = 120.0

# Some products are nearly sold out from the start, so that sales are refused as well.
LIMIT = """
INSERT INTO movimientos_stock (producto_id, almacen_origen_id, tipo_movimiento, cantidad, motivo)
SELECT producto_id, almacen_id, 'AJUSTE', stock_actual - {little}, 'Casi agotado'
  FROM productos_almacen WHERE producto_id <= {scarce};
UPDATE productos_almacen SET stock_actual = {little} WHERE producto_id <= {scarce};
UPDATE productos SET stock_actual = {little} * {branches} WHERE id <= {scarce}
"""
PENDING = "SELECT count(*) FROM andes_jobs WHERE status IN ('queued', 'running')"


def main() -> None:
    """Run from the command line; exit code 1 when anything was violated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="8 seconds of chaos")
    parser.add_argument("--no-redis", action="store_true", help="wake through PostgreSQL")
    parser.add_argument("--report", type=Path, default=Path("var/chaos.json"))
    chosen = parser.parse_args()
    seconds = 8.0 if chosen.quick else chosen.seconds
    with Lab() as lab:
        port, supervisor, redis_url = start(lab, with_redis=not chosen.no_redis)
        monkey = Monkey(supervisor, lab.postgres, DATABASE, redis_url, chosen.seed)
        sellers = sell(lab, port, monkey, seconds, chosen.seed)
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/health/ready"), "the instance, after")
        drained = drain(lab)
        violations = check(lab, sellers, drained)
        counts = count(lab, sellers, monkey)
    show(counts, violations, chosen.seed, seconds, drained)
    write(chosen.report, counts, violations, chosen.seed, seconds)
    raise SystemExit(1 if violations else 0)


def start(lab: Lab, *, with_redis: bool) -> tuple[int, int, str | None]:
    """Start the instance; return its port, the supervisor's pid and the Redis in use."""
    product.make_template(lab, ("sales", "inventory", "chaos"))
    with lab.connection(product.TEMPLATE) as connection:
        company.fill(connection, SELLERS)
        given = {"little": LITTLE, "scarce": SCARCE, "branches": company.BRANCHES}
        for statement in LIMIT.format(**given).split(";"):
            connection.execute(statement.encode())
    lab.copy_database(DATABASE, product.TEMPLATE, product.OWNER)
    redis_url = lab.redis() if with_redis else None
    port = free_port()
    found = product.settings(
        lab,
        DATABASE,
        port=port,
        redis_url=redis_url or "",
        web_processes=2,
        job_processes=2,
    )
    return port, product.start(lab, found), redis_url


def sell(lab: Lab, port: int, monkey: Monkey, seconds: float, seed: int) -> list[Seller]:
    """Return the sellers after their time, the monkey being among them meanwhile."""
    with lab.connection(DATABASE) as connection:
        clients = company.clients_of(connection)
    sellers = [Seller(client, port, seed, SCARCE) for client in clients]
    stop_at = time.monotonic() + seconds
    for seller in sellers:
        seller.stop_at, seller.give_up_at = stop_at, stop_at + OUTCOME_SECONDS
        seller.start()
    monkey.start()
    time.sleep(max(0.0, stop_at - time.monotonic()))
    monkey.stop()
    for seller in sellers:
        seller.join()
    return sellers


def drain(lab: Lab) -> float | None:
    """Return how many seconds the outbox took to drain; None when it did not in time."""

    def drained() -> bool:
        with lab.connection(DATABASE) as connection:
            row = connection.execute(PENDING).fetchone()
        return row == (0,)

    try:
        return wait_for(drained, "the outbox to drain", DRAIN_SECONDS)
    except LabError:
        return None


def check(lab: Lab, sellers: Sequence[Seller], drained: float | None) -> list[str]:
    """Return every violation, in words."""
    found = [f"seller: {fault}" for seller in sellers for fault in seller.faults]
    if drained is None:
        found.append(f"the outbox did not drain within {DRAIN_SECONDS:g} s")
    acts = [act for seller in sellers for act in seller.acts]
    with lab.connection(DATABASE) as connection:
        found += chaos_checks.of_database(connection)
        found += chaos_checks.of_answers(connection, acts)
    return found


def count(lab: Lab, sellers: Sequence[Seller], monkey: Monkey) -> dict[str, Any]:
    """Return what happened, in numbers."""
    acts = [act for seller in sellers for act in seller.acts]
    statuses = sum((seller.statuses for seller in sellers), Counter())
    refused = Counter(act.answer.get("code") for act in acts if act.status >= 400)
    with lab.connection(DATABASE) as connection:
        rows = {
            "jobs done": _number(connection, "SELECT count(*) FROM andes_jobs"),
            "deliveries": _number(connection, "SELECT count(*) FROM chaos_entregas"),
            "tries of jobs lost": _number(connection, "SELECT count(*) FROM andes_job_attempts"),
        }
    logged = (lab.folder / "andes.log").read_text(errors="replace")
    return {
        "sales wanted": len(acts),
        "sales answered 201": sum(act.sold for act in acts),
        **{f"refused: {code}": many for code, many in refused.items()},
        "requests sent": sum(statuses.values()),
        "sales that needed a retry": sum(act.attempts > 1 for act in acts),
        **{f"answers {status}": many for status, many in sorted(statuses.items())},
        **monkey.done,
        **rows,
        "unexpected errors in the log": logged.count('"request_failed"'),
        "monkey's own troubles": len(monkey.faults),
    }


def _number(connection: psycopg.Connection[Any], query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def show(
    counts: dict[str, Any], violations: list[str], seed: int, seconds: float, drained: float | None
) -> None:
    """Print the report."""
    report.say("", f"Chaos for {seconds:g} s, seed {seed}; {report.machine()}")
    report.table(("what", "count"), [(name, f"{many:,}") for name, many in counts.items()])
    if drained is not None:
        report.say(f"The outbox was empty {drained:.1f} s after the last sale.")
    report.say(*(f"VIOLATED  {line}" for line in violations), f"{len(violations)} violations")


def write(
    path: Path, counts: dict[str, Any], violations: list[str], seed: int, seconds: float
) -> None:
    """Write the report as JSON."""
    found = {
        "machine": report.machine(),
        "seed": seed,
        "seconds": seconds,
        "counts": counts,
        "violations": violations,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
