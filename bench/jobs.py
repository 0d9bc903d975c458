"""Jobs: from enqueueing to done, with two worker processes; every job leaves a row that is counted.

``python -m bench.jobs [--quick] [--kill]``. A producer does a bit of business, one committed
transaction, and leaves jobs: one each time, or many. Andes writes them in that transaction, Celery
sends them to Redis after it. With ``--kill`` a worker process dies by ``kill -9`` in the middle of
a last round and is started again: what is lost then is counted, after a wait of ``--patience``.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from statistics import median
from typing import Any

import psycopg

from bench import product, report
from bench.lab import Lab, end
from bench.runners import Andes, Celery, Produce, Runner

WORKERS = 2
ROUND_SECONDS = 60.0
TARGET = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A round: seconds until all effects were there, jobs lost and repeated."""

    jobs: int
    seconds: float
    lost: int
    repeated: int

    @property
    def rate(self) -> float:
        """Jobs a second, from the first enqueued to the last done."""
        return (self.jobs - self.lost) / self.seconds


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short form, at most 30 s")
    parser.add_argument("--jobs", type=int, default=3000, help="a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--batches", type=int, nargs="+", default=[1, 50], help="jobs a transaction"
    )
    parser.add_argument("--kill", action="store_true", help="a last round with kill -9")
    parser.add_argument("--patience", type=float, default=45.0, help="seconds after a kill")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.jobs, chosen.rounds, chosen.batches = 300, 2, [1]
    with Lab() as lab:
        address = lab.redis()
        if address is None:
            report.fail("redis-server is not installed: Celery has nothing to run on.")
        ready = prepare(lab, str(address))
        well = True
        for batch in chosen.batches:
            results = race(lab, ready, chosen.jobs, chosen.rounds, batch)
            well &= show(results, batch)
        if chosen.kill:
            show_kill([(one.name, kill(lab, one, chosen)) for one in ready])
        for one in ready:
            one.close()
    raise SystemExit(0 if well else 1)


def prepare(lab: Lab, redis_url: str) -> list[Runner]:
    """Return the contestants with their workers started and warm."""
    product.make_template(lab, ("sales", "inventory", "chaos"))
    names = ("andes", "andes_postgres", "celery", "celery_late")
    for name in names:
        lab.copy_database(name, product.TEMPLATE, product.OWNER)
    base = redis_url.rpartition("/")[0]
    ready: list[Runner] = [
        Andes(lab, "Andes on Redis", "andes", f"{base}/0"),
        Andes(lab, "Andes without Redis", "andes_postgres", ""),
        Celery(lab, "Celery", "celery", f"{base}/1", acks_late=False),
        Celery(lab, "Celery acks late", "celery_late", f"{base}/2", acks_late=True),
    ]
    for one in ready:
        for _ in range(WORKERS):
            one.start_worker()
    for one in ready:
        run(lab, one, 100, 1)
    return ready


def race(
    lab: Lab, ready: Sequence[Runner], jobs: int, rounds: int, batch: int
) -> dict[str, list[Outcome]]:
    """Return the outcomes of each contestant; who begins changes from round to round."""
    results: dict[str, list[Outcome]] = defaultdict(list)
    for turn in range(rounds):
        first = turn % len(ready)
        for one in [*ready[first:], *ready[:first]]:
            results[one.name].append(run(lab, one, jobs, batch))
    return results


def run(
    lab: Lab,
    one: Runner,
    jobs: int,
    batch: int,
    *,
    patience: float = ROUND_SECONDS,
    midway: Callable[[], None] | None = None,
) -> Outcome:
    """Return how one round went: produce, and wait until every effect is there or time is over."""
    with lab.connection(one.database) as connection:
        connection.execute("TRUNCATE chaos_marcas, chaos_pedidos")
        started = time.perf_counter()
        threads = _produce(one, jobs, batch)
        if midway is not None:
            _wait(connection, jobs // 2, started + patience)
            midway()
        for thread in threads:
            thread.join()
        seconds = _wait(connection, jobs, started + patience) - started
        row = connection.execute("SELECT count(*), count(DISTINCT n) FROM chaos_marcas").fetchone()
    assert row is not None
    return Outcome(jobs, seconds, jobs - row[1], row[0] - row[1])


def _produce(one: Runner, jobs: int, batch: int) -> list[threading.Thread]:
    """Start the producers; they share the numbers."""
    numbers = count(0, batch)
    lock = threading.Lock()

    def work(produce: Produce) -> None:
        while True:
            with lock:
                first = next(numbers)
            if first >= jobs:
                return
            produce(range(first, min(first + batch, jobs)))

    threads = [threading.Thread(target=work, args=[produce]) for produce in one.producers()]
    for thread in threads:
        thread.start()
    return threads


def _wait(connection: psycopg.Connection[Any], jobs: int, until: float) -> float:
    """Return when that many different effects were there, or when time was over."""
    while (now := time.perf_counter()) < until:
        row = connection.execute("SELECT count(DISTINCT n) FROM chaos_marcas").fetchone()
        if row is not None and row[0] >= jobs:
            break
        time.sleep(0.02)
    return now


def kill(lab: Lab, one: Runner, chosen: argparse.Namespace) -> Outcome:
    """Return a round in which a worker process, and what it started, dies by kill -9."""

    def midway() -> None:
        victim = one.workers.pop(0)
        os.killpg(victim.pid, signal.SIGKILL)
        end(victim)
        one.start_worker()

    return run(lab, one, chosen.jobs, 1, patience=chosen.patience, midway=midway)


def show(results: dict[str, list[Outcome]], batch: int) -> bool:
    """Print the table and the verdict of one way to produce; return whether the target was met."""
    jobs = next(iter(results.values()))[0].jobs
    report.say("", f"{jobs:,} jobs, {batch} a transaction, {WORKERS} workers; {report.machine()}")
    best = max(
        median(one.rate for one in rounds)
        for name, rounds in results.items()
        if name.startswith("Celery")
    )
    report.table(
        ("contestant", "jobs/s", "rounds", "of the faster Celery", "lost", "repeated"),
        [
            (
                name,
                rate := median(one.rate for one in rounds),
                f"{min(o.rate for o in rounds):,.0f} to {max(o.rate for o in rounds):,.0f}",
                rate / best,
                sum(one.lost for one in rounds),
                sum(one.repeated for one in rounds),
            )
            for name, rounds in results.items()
        ],
    )
    ours = [one.rate for one in results["Andes on Redis"]]
    theirs = [max(pair) for pair in zip(
        *([one.rate for one in rounds] for name, rounds in results.items()
          if name.startswith("Celery")), strict=True
    )]  # fmt: skip
    lost = sum(one.lost for name in results if name.startswith("Andes") for one in results[name])
    well = report.verdict("Andes on Redis over Celery", report.median_ratio(ours, theirs), TARGET)
    return report.verdict("jobs that Andes lost", lost, most=0) and well


def show_kill(outcomes: Sequence[tuple[str, Outcome]]) -> None:
    """Print what a kill -9 in the middle of a round cost."""
    report.say("", "The same with a worker killed by kill -9 midway")
    report.table(
        ("contestant", "jobs", "lost", "repeated", "seconds"),
        [(name, o.jobs, o.lost, o.repeated, o.seconds) for name, o in outcomes],
    )


if __name__ == "__main__":
    main()
