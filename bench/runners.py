"""Who runs jobs: Andes on Redis or on PostgreSQL alone, and Celery on Redis."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import psycopg

from bench import product
from bench.addons.chaos import services
from bench.lab import Lab
from kernel import processes
from kernel.runtime import Runtime

PRODUCERS = 4
TASK_THREADS = 4

Produce = Callable[[range], None]


class Runner(Protocol):
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
        self.settings = product.settings(self.lab, self.database, redis_url=self.redis_url)
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
        """Start one worker with threads, the fastest of its pools here for short tasks."""
        number = len(self.workers)
        options = [
            *("--pool", "threads", "--concurrency", str(TASK_THREADS), "--loglevel", "WARNING"),
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
