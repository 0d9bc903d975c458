"""A small house for tests of jobs: a database with the kernel's tables, some jobs, and workers.

Also the program of a job process that a test can kill: ``python -m tests.kernel.workshop``.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import create_engine, make_url, text

from kernel import logging, registry, worker
from kernel.context import Ctx
from kernel.db import Database, Statement
from kernel.jobs import Job, Schedule
from kernel.leases import Backoff
from kernel.model import Model
from kernel.queue import HueyQueue, postgres_ddl
from kernel.realtime import Hub
from kernel.runtime import Runtime, utc_now
from kernel.settings import Settings
from kernel.worker import Worker
from tests import cluster

PATIENCE = 30.0
MOMENT = 0.01
QUICK = Backoff(base=0.001, cap=0.01)
LEASE = 1.0

TABLES = """
CREATE TABLE effects (job_id bigint, n int, at timestamptz NOT NULL DEFAULT clock_timestamp());
"""
EFFECT = Statement("effect", "INSERT INTO effects (job_id, n) VALUES (%(job)s, %(n)s)")


def note(ctx: Ctx, n: int) -> None:
    """Leave one row; what most tests run."""
    assert ctx.job is not None
    ctx.sql(EFFECT, job=ctx.job.id, n=n)


NOTE = Job("note", note)


def build(url: str) -> None:
    """Make the kernel's tables, huey's, and that of the effects, as the owner."""
    registry.load([])
    engine = create_engine(url)
    with engine.begin() as connection:
        Model.metadata.create_all(connection)
        for statement in [*postgres_ddl(), TABLES]:
            connection.execute(text(statement))
        application = cluster.APPLICATION
        connection.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {application}"))
        connection.execute(text(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {application}"))
    engine.dispose()


def make_settings(database_url: str, redis_url: str = "") -> Settings:
    """Return settings that depend on nothing of this machine."""
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        secret_key="s" * 32,
        master_key="1:" + "A" * 43 + "=",
        _env_file=None,
    )


def make_runtime(
    database_url: str,
    redis_url: str = "",
    jobs: Mapping[str, Job] | None = None,
    schedules: Mapping[str, Schedule] | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Runtime:
    """Return the runtime of a process that declares these jobs."""
    settings = make_settings(database_url, redis_url)
    declared = replace(registry.load([]), jobs=dict(jobs or {}), schedules=dict(schedules or {}))
    database, queue = Database(database_url), HueyQueue.from_settings(settings)
    return Runtime(settings, declared, database, queue, Hub(), clock=clock)


@dataclass
class House:
    """One database and the workers that a test starts on it."""

    database: cluster.TestDatabase
    redis_url: str = ""
    clock: Callable[[], datetime] = utc_now
    runtimes: list[Runtime] = field(default_factory=list)

    def close(self) -> None:
        """Let go of the database, and drop it."""
        self.close_runtimes()
        cluster.drop_database(self.database.name)

    def close_runtimes(self) -> None:
        """Let go of every connection."""
        while self.runtimes:
            close(self.runtimes.pop())

    def runtime(self, *jobs: Job, schedules: tuple[Schedule, ...] = ()) -> Runtime:
        """Return a new process's runtime."""
        made = make_runtime(
            self.database.app_url,
            self.redis_url,
            {job.name: job for job in (NOTE, *jobs)},
            {schedule.name: schedule for schedule in schedules},
            self.clock,
        )
        self.runtimes.append(made)
        return made

    @contextlib.contextmanager
    def working(
        self, runtime: Runtime, *, threads: int = 2, lease_seconds: float = LEASE
    ) -> Iterator[Worker]:
        """Run a worker of this process for the length of the block."""
        made = Worker(runtime, threads=threads, lease_seconds=lease_seconds, backoff=QUICK)
        made.start()
        try:
            yield made
        finally:
            made.stop(grace=2)

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        """Return rows as the database has them now."""
        address = make_url(self.database.owner_url).set(drivername="postgresql")
        with psycopg.connect(
            address.render_as_string(hide_password=False), row_factory=dict_row
        ) as connection:
            cursor = connection.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description is not None else []

    def job(self, job_id: int) -> dict[str, Any]:
        """Return a job's row."""
        (row,) = self.rows("SELECT * FROM andes_jobs WHERE id = %s", job_id)
        return row

    def attempts(self, job_id: int) -> list[dict[str, Any]]:
        """Return the tries of a job that ended badly, in order."""
        return self.rows(
            "SELECT * FROM andes_job_attempts WHERE job_id = %s ORDER BY number", job_id
        )

    def effects(self) -> list[int]:
        """Return the numbers that ``note`` jobs left."""
        return [row["n"] for row in self.rows("SELECT n FROM effects ORDER BY n")]

    def wait(self, job_id: int, *statuses: str) -> dict[str, Any]:
        """Return a job's row once its status is one of these."""
        wait_until(lambda: self.job(job_id)["status"] in statuses)
        return self.job(job_id)


def close(runtime: Runtime) -> None:
    """Let go of a runtime's connections."""
    runtime.database.dispose()
    if isinstance(runtime.queue, HueyQueue):
        runtime.queue.close()


def wait_until(holds: Callable[[], object]) -> None:
    """Return as soon as something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(MOMENT)


def enqueue(runtime: Runtime, job: str, /, **facts: Any) -> int:
    """Return the id of a job that was enqueued and committed."""
    last = Statement("last", "SELECT max(id) FROM andes_jobs WHERE name = %(name)s")
    runtime.transact(lambda ctx: ctx.enqueue(job, **facts))
    found: int = runtime.transact(lambda ctx: ctx.sql(last, name=job)[0][0])
    return found


def main(database_url: str, redis_url: str) -> None:
    """Be a job process that runs notes."""
    logging.configure("WARNING")
    worker.run(make_runtime(database_url, redis_url, {NOTE.name: NOTE}), threads=4)


if __name__ == "__main__":
    main(*json.loads(os.environ["WORKSHOP"]))
    sys.exit(0)
