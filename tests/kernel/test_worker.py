"""The worker: killed, robbed, stuck, cut off and drained; every effect is there exactly once."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from psycopg import sql

from kernel import worker as worker_module
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Transient
from kernel.execution import Execution
from kernel.jobs import Job, LeaseLost
from kernel.leases import Leases
from kernel.runtime import Runtime
from tests import cluster
from tests.kernel.workshop import (
    EFFECT,
    PATIENCE,
    QUICK,
    House,
    build,
    enqueue,
    wait_until,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["redis", "postgresql"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    """A database and its queue, with Redis and without."""
    cluster.ensure_template("jobs", build)
    redis_url = (cluster.redis_url() or "") if request.param == "redis" else ""
    made = House(cluster.create_database("jobs"), redis_url)
    yield made
    made.close()
    if redis_url:
        with redis.Redis.from_url(redis_url) as client:
            client.delete(f"huey.redis.andes_{made.database.name}")


@pytest.fixture
def plain() -> Iterator[House]:
    """A database without Redis, where the transport makes no difference."""
    cluster.ensure_template("jobs", build)
    made = House(cluster.create_database("jobs"))
    yield made
    made.close()


class Gate:
    """A job that waits until the test opens it."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.entered = threading.Semaphore(0)
        self.left = threading.Semaphore(0)

    def __call__(self, ctx: Ctx, n: int = 0) -> None:
        assert ctx.job is not None
        ctx.sql(EFFECT, job=ctx.job.id, n=n)
        self.entered.release()
        try:
            assert self.opened.wait(PATIENCE)
        finally:
            self.left.release()

    def enter(self) -> None:
        """Wait until a job is inside."""
        assert self.entered.acquire(timeout=PATIENCE)

    def leave(self) -> None:
        """Wait until a job is outside again."""
        assert self.left.acquire(timeout=PATIENCE)


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.opened.set()


def count(house: House, status: str) -> int:
    """Return how many jobs have a status."""
    found: int = house.rows("SELECT count(*) FROM andes_jobs WHERE status = %s", status)[0]["count"]
    return found


def enqueue_many(runtime: Runtime, number: int) -> None:
    """Leave notes 0 to number - 1, each in a transaction of its own."""
    for n in range(number):
        enqueue(runtime, "note", n=n)


def wait_done(house: House, number: int) -> None:
    """Wait until so many jobs are done."""
    wait_until(lambda: count(house, "done") >= number)


def test_worker_many_jobs_each_once(house: House) -> None:
    runtime = house.runtime()
    with house.working(runtime, threads=3), house.working(house.runtime(), threads=3):
        enqueue_many(runtime, 60)
        wait_done(house, 60)
    assert house.effects() == list(range(60))


def test_worker_job_enqueued_by_a_job_runs(house: House) -> None:
    def follow(ctx: Ctx) -> None:
        ctx.enqueue("note", n=1)

    runtime = house.runtime(Job("follow", follow))
    with house.working(runtime):
        enqueue(runtime, "follow")
        wait_until(lambda: house.effects() == [1])


def test_worker_flushed_queue_jobs_found_by_polling(house: House) -> None:
    runtime = house.runtime()
    enqueue_many(runtime, 5)
    if house.redis_url:
        with redis.Redis.from_url(house.redis_url) as client:
            client.delete(f"huey.redis.andes_{house.database.name}")
    else:
        house.rows("DELETE FROM huey_task")
    with house.working(runtime):
        wait_done(house, 5)
        # Later as well, when the worker is idle and no message ever comes.
        house.rows("INSERT INTO andes_jobs (name, args) VALUES ('note', '{\"n\": 5}')")
        wait_until(lambda: house.effects() == list(range(6)))


def test_worker_redis_down_jobs_run(plain: House) -> None:
    plain.redis_url = "redis://127.0.0.1:1/0"
    runtime = plain.runtime()
    with plain.working(runtime):
        enqueue_many(runtime, 5)
        wait_done(plain, 5)


# Connections that others hold while the pool is replaced are closed by the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_worker_connections_killed_each_effect_once(house: House) -> None:
    runtime = house.runtime()
    enqueue_many(runtime, 80)
    with house.working(house.runtime(), threads=3):
        for done in (10, 30, 50):
            wait_done(house, done)
            cluster.server().execute(
                sql.SQL(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}"
                ).format(sql.Literal(house.database.name))
            )
        wait_done(house, 80)
    assert house.effects() == list(range(80))
    house.close_runtimes()
    gc.collect()


# Leases -------------------------------------------------------------------------------------------


def test_worker_long_job_keeps_its_lease(plain: House, gate: Gate) -> None:
    runtime = plain.runtime(Job("gate", gate))
    with (
        plain.working(runtime, lease_seconds=0.4),
        plain.working(plain.runtime(Job("gate", gate)), lease_seconds=0.4),
    ):
        job_id = enqueue(runtime, "gate", n=1)
        gate.enter()
        first = plain.job(job_id)["lease_until"]
        wait_until(lambda: plain.rows("SELECT 1 WHERE now() > %s + interval '1 second'", first))
        assert plain.job(job_id)["status"] == "running"
        gate.opened.set()
        assert plain.wait(job_id, "done")["attempts"] == 1
    assert plain.effects() == [1]


def test_perform_lease_stolen_effect_once(plain: House) -> None:
    def robbed(ctx: Ctx) -> None:
        assert ctx.job is not None
        ctx.sql(EFFECT, job=ctx.job.id, n=ctx.job.attempt)
        if ctx.job.attempt == 1:
            plain.rows("UPDATE andes_jobs SET lease_until = now() - interval '1 second'")
            assert thief.sweep() == {ctx.job.id: "queued"}
            (claim,) = thief.claim(9)
            assert Execution(runtime, thief, job, claim).perform() == "done"

    job = Job("robbed", robbed)
    runtime = plain.runtime(job)
    owner, thief = (
        Leases(runtime.database, runtime.registry.jobs, name, backoff=QUICK)
        for name in ("owner", "thief")
    )
    job_id = enqueue(runtime, "robbed")
    (claim,) = owner.claim(9)
    assert Execution(runtime, owner, job, claim).perform() == "lost"
    assert plain.effects() == [2]
    assert plain.job(job_id)["status"] == "done"
    (lost,) = plain.attempts(job_id)
    assert (lost["number"], lost["worker"], lost["error"]) == (1, "owner", "worker lost")


def test_check_cancelled_lease_stolen_raises(plain: House) -> None:
    def work(ctx: Ctx) -> None:
        assert ctx.job is not None
        plain.rows("UPDATE andes_jobs SET leased_by = 'thief'")
        with pytest.raises(LeaseLost):
            ctx.job.check_cancelled()
        stopped.set()

    stopped = threading.Event()
    job = Job("work", work)
    runtime = plain.runtime(job)
    leases = Leases(runtime.database, runtime.registry.jobs, "owner")
    job_id = enqueue(runtime, "work")
    (claim,) = leases.claim(9)
    assert Execution(runtime, leases, job, claim).perform() == "lost"
    assert stopped.is_set()
    assert plain.job(job_id)["leased_by"] == "thief"


def test_sweep_lost_at_the_last_try_failed(plain: House) -> None:
    runtime = plain.runtime(Job("note", lambda ctx, n: None, max_attempts=1))
    runtime.registry.jobs["note"] = Job("note", lambda ctx, n: None, max_attempts=1)
    job_id = enqueue(runtime, "note", n=1)
    leases = Leases(runtime.database, runtime.registry.jobs, "owner", seconds=-1)
    assert len(leases.claim(1)) == 1
    assert leases.sweep() == {job_id: "failed"}
    assert plain.job(job_id)["error"] == "worker lost"


def test_worker_lost_jobs_taken_over(plain: House) -> None:
    runtime = plain.runtime()
    job_id = enqueue(runtime, "note", n=1)
    dead = Leases(runtime.database, runtime.registry.jobs, "dead", seconds=0.1)
    assert len(dead.claim(1)) == 1
    with plain.working(runtime):
        assert plain.wait(job_id, "done")["attempts"] == 2
    assert [one["worker"] for one in plain.attempts(job_id)] == ["dead"]


def test_worker_busy_gives_claims_to_others(
    plain: House, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "HOLD_SECONDS", 0.1)
    runtime = plain.runtime(Job("gate", gate))
    enqueue(runtime, "gate", n=99, priority=1)
    for n in range(3):
        enqueue(runtime, "note", n=n)
    with plain.working(runtime, threads=1):
        gate.enter()
        with plain.working(plain.runtime(), threads=1):
            wait_done(plain, 3)
        gate.opened.set()
        wait_done(plain, 4)
    attempts = plain.rows("SELECT DISTINCT attempts FROM andes_jobs")
    assert [row["attempts"] for row in attempts] == [1]


# Stuck and stopped --------------------------------------------------------------------------------


def test_worker_overdue_try_fails_and_its_thread_is_replaced(plain: House) -> None:
    gate, second = Gate(), threading.Event()

    def stick(ctx: Ctx) -> None:
        assert ctx.job is not None
        if ctx.job.attempt == 1:
            gate(ctx, n=1)
        else:
            ctx.sql(EFFECT, job=ctx.job.id, n=2)
            second.set()

    runtime = plain.runtime(Job("stick", stick, timeout=timedelta(seconds=0.2)))
    with plain.working(runtime, threads=1):
        job_id = enqueue(runtime, "stick")
        gate.enter()
        assert second.wait(PATIENCE)  # with its only thread stuck
        assert plain.wait(job_id, "done")["attempts"] == 2
        gate.opened.set()
        gate.leave()
    assert plain.effects() == [2]
    (late,) = plain.attempts(job_id)
    assert late["error"] == "timeout: more than 0.2 s"


def test_worker_too_many_stuck_asks_to_be_replaced(plain: House, gate: Gate) -> None:
    runtime = plain.runtime(Job("gate", gate, timeout=timedelta(seconds=0.1), max_attempts=1))
    with plain.working(runtime, threads=1) as made:
        for _ in range(4):
            enqueue(runtime, "gate")
        assert made.stuck.wait(PATIENCE)
        gate.opened.set()


def test_stop_unstarted_given_back_and_running_too_after_the_grace(
    plain: House, gate: Gate
) -> None:
    runtime = plain.runtime(Job("gate", gate))
    running = enqueue(runtime, "gate", n=1, priority=1)
    enqueue_many(runtime, 3)
    with plain.working(runtime, threads=1) as made:
        gate.enter()
        wait_until(lambda: count(plain, "running") >= 1)
        made.stop(grace=0.1)
        assert count(plain, "queued") == 4
        gate.opened.set()
        gate.leave()
    rows = plain.rows("SELECT DISTINCT attempts, leased_by, started_at FROM andes_jobs")
    assert rows == [{"attempts": 0, "leased_by": None, "started_at": None}]
    assert plain.attempts(running) == []
    with plain.working(plain.runtime(Job("gate", gate))):
        wait_done(plain, 4)
    assert plain.effects() == [0, 1, 1, 2]


def test_stop_running_finished_within_the_grace(plain: House, gate: Gate) -> None:
    runtime = plain.runtime(Job("gate", gate))
    job_id = enqueue(runtime, "gate", n=1)
    with plain.working(runtime, threads=1) as made:
        gate.enter()
        timer = threading.Timer(0.2, gate.opened.set)
        timer.start()
        made.stop(grace=PATIENCE)
        assert plain.job(job_id)["status"] == "done"
        timer.join()


def test_worker_retries_by_itself(plain: House) -> None:
    def stumble(ctx: Ctx) -> None:
        assert ctx.job is not None
        if ctx.job.attempt < 3:
            raise Transient

    runtime = plain.runtime(Job("stumble", stumble))
    with plain.working(runtime):
        job_id = enqueue(runtime, "stumble")
        assert plain.wait(job_id, "done")["attempts"] == 3


def test_allow_long_computations_transaction_may_rest_as_long_as_a_try(plain: House) -> None:
    runtime = plain.runtime(Job("long", lambda ctx: None, timeout=timedelta(minutes=30)))
    show = Statement("show", "SHOW idle_in_transaction_session_timeout")
    assert runtime.transact(lambda ctx: ctx.sql(show)) == [("1min",)]
    worker_module.allow_long_computations(runtime)
    assert runtime.transact(lambda ctx: ctx.sql(show)) == [("31min",)]


# Real processes -----------------------------------------------------------------------------------


@contextlib.contextmanager
def child(house: House) -> Iterator[subprocess.Popen[bytes]]:
    """Run a job process; whatever happens, it is gone afterwards."""
    given = json.dumps([house.database.app_url, house.redis_url])
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.kernel.workshop"],
        cwd=ROOT,
        env={**os.environ, "WORKSHOP": given},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_run_killed_again_and_again_each_effect_once(house: House) -> None:
    runtime = house.runtime()
    enqueue_many(runtime, 200)
    chance = random.Random(2)
    for _ in range(2):
        done = count(house, "done")
        with child(house) as process:
            wait_done(house, done + chance.randint(5, 40))
            process.send_signal(signal.SIGKILL)
    # What the dead ones held comes back when their leases end; tests don't wait for that.
    house.rows("UPDATE andes_jobs SET lease_until = now() WHERE status = 'running'")
    with child(house):
        wait_done(house, 200)
    assert house.effects() == list(range(200))


def test_run_sigterm_drains_and_ends_well(plain: House) -> None:
    runtime = plain.runtime()
    enqueue_many(runtime, 300)
    with child(plain) as process:
        wait_done(plain, 20)
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert count(plain, "running") == 0
    assert count(plain, "done") == len(plain.effects())
    rows = plain.rows("SELECT max(attempts) FROM andes_jobs WHERE status = 'queued'")
    assert rows[0]["max"] in (0, None)
