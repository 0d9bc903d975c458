"""Jobs: from enqueueing to done, with two worker processes; every job leaves a row that is counted.

``python -m bench.jobs [--quick] [--kill]``. A producer does a bit of business, one committed
transaction, and leaves jobs: one each time, or many. Andes writes them in that transaction; Celery's
are sent to Redis after it. With ``--kill`` a worker process dies by ``kill -9`` in the middle of a
last round and is started again: what is lost then is counted, after a wait of ``--patience``.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from statistics import median
from typing import Any, Protocol

import psycopg

from bench import product, report
from bench.chaos_addon import services
from bench.lab import Lab, end
from kernel import processes
from kernel.runtime import Runtime

PRODUCERS = 4
WORKERS = 2
ADDON = product.addon_root("chaos_addon")
ROUND_SECONDS = 60.0
TASK_PROCESSES = 2
TARGET = 1.0

Produce = Callable[[range], None]


class Contestant(Protocol):
    """Whoever runs jobs."""

    name: str
    database: str
    workers: list[subprocess.Popen[bytes]]

    def start_worker(self) -> None:
        """Start one worker process."""

    def producers(self) -> Sequence[Produce]:
        """Return what each producing thread calls: business, and a job for each number."""

    def close(self) -> None:
        """Close what the producers opened."""


@dataclass
class Andes:
    """The product: jobs are rows, woken through Redis or through PostgreSQL."""

    lab: Lab
    name: str
    database: str
    redis_url: str
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    runtime: Runtime = field(init=False)

    def __post_init__(self) -> None:
        self.settings = product.settings(
            self.lab, self.database, redis_url=self.redis_url, addon_roots=[ADDON]
        )
        self.runtime = processes.make_runtime(self.settings)

    def start_worker(self) -> None:
        """Start one job process."""
        name = f"{self.name}-{len(self.workers)}"
        self.workers.append(product.worker(self.lab, self.settings, name))

    def producers(self) -> Sequence[Produce]:
        """Return functions that leave jobs in the transaction of the business."""

        def produce(numbers: range) -> None:
            self.runtime.transact(lambda ctx: services.pedir(ctx, numbers))

        return [produce] * PRODUCERS

    def close(self) -> None:
        """Close the pool."""
        self.runtime.database.dispose()


@dataclass
class Celery:
    """Celery on Redis: jobs are messages, sent after the commit."""

    lab: Lab
    name: str
    database: str
    redis_url: str
    acks_late: bool
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    connections: list[psycopg.Connection[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dsn = self.lab.postgres.dsn(self.database, product.APPLICATION)
        self.environment = {
            "RIVAL_REDIS": self.redis_url,
            "RIVAL_ACKS_LATE": str(int(self.acks_late)),
            "RIVAL_DSN": self.dsn,
        }
        os.environ.update(self.environment)
        sys.modules.pop("bench.rivals.celery_tasks", None)
        self.tasks = importlib.import_module("bench.rivals.celery_tasks")
        for _ in range(PRODUCERS):
            self.connections.append(psycopg.connect(self.dsn, autocommit=True))

    def start_worker(self) -> None:
        """Start one worker; two task processes in it are faster than one, than solo and threads."""
        number = len(self.workers)
        options = [
            *("--pool", "prefork", "--concurrency", str(TASK_PROCESSES), "--loglevel", "WARNING"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            *("--hostname", f"{self.name}-{number}@bench"),
        ]
        command = [
            sys.executable, "-m", "celery", "-A", "bench.rivals.celery_tasks", "worker", *options
        ]  # fmt: skip
        self.workers.append(self.lab.spawn(f"{self.name}-{number}", command, self.environment))

    def producers(self) -> Sequence[Produce]:
        """Return functions that commit the business and then send the messages."""
        return [partial(self._produce, connection) for connection in self.connections]

    def _produce(self, connection: psycopg.Connection[Any], numbers: range) -> None:
        connection.execute("INSERT INTO chaos_pedidos (n) VALUES (%s)", numbers[:1], prepare=True)
        for n in numbers:
            self.tasks.mark.delay(n)

    def close(self) -> None:
        """Close the producers' connections."""
        for connection in self.connections:
            connection.close()


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
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 50], help="jobs a transaction")
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


def prepare(lab: Lab, redis_url: str) -> list[Contestant]:
    """Return the contestants with their workers started and warm."""
    product.make_template(lab, ("sales", "inventory", "chaos"), addon_roots=[ADDON])
    names = ("andes", "andes_postgres", "celery", "celery_late")
    for name in names:
        lab.copy_database(name, product.TEMPLATE, product.OWNER)
    base = redis_url.rpartition("/")[0]
    ready: list[Contestant] = [
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
    lab: Lab, ready: Sequence[Contestant], jobs: int, rounds: int, batch: int
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
    one: Contestant,
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


def _produce(one: Contestant, jobs: int, batch: int) -> list[threading.Thread]:
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


def kill(lab: Lab, one: Contestant, chosen: argparse.Namespace) -> Outcome:
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
