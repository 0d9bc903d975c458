"""Jobs: what becomes of each try, in whose name it runs, and what a person can do about it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kernel import jobs, remotes, retention
from kernel.context import Ctx, RequestFacts
from kernel.errors import (
    ConfigurationError,
    Conflict,
    CredentialsRefused,
    DomainError,
    NotFound,
    Permanent,
    RemoteDown,
    Transient,
    Unavailable,
)
from kernel.events import DELIVER, EventBus, EventType, Subscriber
from kernel.execution import Execution
from kernel.identity import Identity
from kernel.jobs import Job
from kernel.leases import Leases
from kernel.runtime import Runtime
from kernel.worker import JOBS
from tests import cluster
from tests.kernel.workshop import EFFECT, QUICK, House, build, enqueue, wait_until


@pytest.fixture
def house() -> Iterator[House]:
    cluster.ensure_template("jobs", build)
    made = House(cluster.create_database("jobs"))
    yield made
    made.close()


class Fault:
    """A job that leaves its effect and then raises what a test gives it, once each."""

    def __init__(self, *errors: BaseException, remote: str | None = None) -> None:
        self.errors = list(errors)
        self.remote = remote

    def __call__(self, ctx: Ctx, n: int = 0) -> None:
        assert ctx.job is not None
        ctx.sql(EFFECT, job=ctx.job.id, n=n)
        if self.errors:
            raise self.errors.pop(0)

    def declared(self, **facts: Any) -> Job:
        """Return the job, named ``fault``."""
        return Job("fault", self, remote=self.remote, **facts)


def process(runtime: Runtime, name: str = "test") -> Leases:
    """Return the claims of a process, without its threads."""
    declared = runtime.registry.jobs
    return Leases(runtime.database, declared, name, seconds=30, backoff=QUICK)


def perform(runtime: Runtime, leases: Leases) -> list[str]:
    """Run what is due, one after the other, and return how each try ended."""
    ended = []
    for claim in leases.claim(100):
        job = runtime.registry.jobs[claim.name]
        ended.append(Execution(runtime, leases, job, claim).perform())
    return ended


# How a try ends -----------------------------------------------------------------------------------


def test_enqueue_rolled_back_leaves_no_job(house: House) -> None:
    runtime = house.runtime()

    def fail(ctx: Ctx) -> None:
        ctx.enqueue("note", n=1)
        raise Conflict("no")

    with pytest.raises(Conflict):
        runtime.transact(fail)
    assert house.rows("SELECT * FROM andes_jobs") == []


def test_enqueue_same_key_one_job(house: House) -> None:
    runtime = house.runtime()
    for _ in range(3):
        runtime.transact(lambda ctx: ctx.enqueue("note", key="k", n=1))
    assert perform(runtime, process(runtime)) == ["done"]
    runtime.transact(lambda ctx: ctx.enqueue("note", key="k", n=1))
    assert house.effects() == [1]


def test_enqueue_wrong_arguments_refused(house: House) -> None:
    runtime = house.runtime()
    with pytest.raises(ConfigurationError, match="note"):
        runtime.transact(lambda ctx: ctx.enqueue("note", m=1))


def test_perform_well_effect_and_end_together(house: House) -> None:
    runtime = house.runtime()
    job_id = enqueue(runtime, "note", n=7)
    assert perform(runtime, process(runtime)) == ["done"]
    row = house.job(job_id)
    assert (row["status"], row["attempts"], row["leased_by"]) == ("done", 1, None)
    assert row["finished_at"] >= row["started_at"]
    assert house.effects() == [7]


def test_claim_most_urgent_first_and_not_before_its_time(house: House) -> None:
    runtime = house.runtime()
    later = datetime.now(UTC) + timedelta(hours=1)
    earlier = datetime.now(UTC) - timedelta(hours=1)
    enqueue(runtime, "note", n=1)
    enqueue(runtime, "note", n=2, run_at=later)
    enqueue(runtime, "note", n=3, run_at=earlier)
    enqueue(runtime, "note", n=4, priority=5)
    enqueue(runtime, "note", n=5, priority=-5)
    leases = process(runtime)
    assert [claim.args["n"] for claim in leases.claim(2)] == [4, 3]
    assert [claim.args["n"] for claim in leases.claim(9)] == [1, 5]
    assert leases.claim(9) == []


def test_perform_transient_tried_again_until_the_last_try(house: House) -> None:
    fault = Fault(*[Transient(f"no {n}") for n in range(9)])
    runtime = house.runtime(fault.declared(max_attempts=3))
    job_id = enqueue(runtime, "fault")
    leases = process(runtime)
    for status in ("queued", "queued", "failed"):
        wait_until(lambda: house.rows("SELECT 1 FROM andes_jobs WHERE run_at <= now()"))
        assert perform(runtime, leases) == [status]
    row = house.job(job_id)
    assert (row["status"], row["attempts"], row["error"]) == ("failed", 3, "Transient: no 2")
    tries = house.attempts(job_id)
    assert [one["number"] for one in tries] == [1, 2, 3]
    assert "Traceback" in tries[0]["error"]
    assert tries[0]["worker"] == "test"
    assert house.effects() == []


def test_perform_failed_try_backs_off(house: House) -> None:
    runtime = house.runtime(Fault(Transient()).declared())
    leases = Leases(runtime.database, runtime.registry.jobs, "test")
    job_id = enqueue(runtime, "fault")
    perform(runtime, leases)
    row = house.job(job_id)
    wait = row["run_at"] - house.attempts(job_id)[0]["finished_at"]
    assert timedelta(0) <= wait <= timedelta(seconds=2 * 5)


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("oops"), SystemExit(3), Unavailable("no"), ValueError("a\x00b")]
)
def test_perform_unexpected_error_tried_again(house: House, error: BaseException) -> None:
    runtime = house.runtime(Fault(error).declared())
    job_id = enqueue(runtime, "fault", n=1)
    leases = process(runtime)
    assert perform(runtime, leases) == ["queued"]
    wait_until(lambda: perform(runtime, leases) == ["done"])
    row = house.job(job_id)
    assert (row["attempts"], row["error"]) == (2, None)
    assert house.effects() == [1]


@pytest.mark.parametrize("error", [Permanent("never"), DomainError("no"), CredentialsRefused("x")])
def test_perform_hopeless_failed_at_once(house: House, error: Exception) -> None:
    runtime = house.runtime(Fault(error).declared())
    job_id = enqueue(runtime, "fault")
    assert perform(runtime, process(runtime)) == ["failed"]
    assert str(error) in house.job(job_id)["error"]
    assert house.effects() == []


def test_perform_deadline_passed_failed(house: House) -> None:
    fault = Fault(Transient("late"))
    runtime = house.runtime(fault.declared(deadline=timedelta(hours=1)))
    first, second = enqueue(runtime, "fault"), enqueue(runtime, "fault")
    leases = process(runtime)
    (claim, other) = leases.claim(2)
    leases.give_back([other])
    house.rows("UPDATE andes_jobs SET deadline = now() - interval '1 second'")
    execution = Execution(runtime, leases, runtime.registry.jobs["fault"], claim)
    assert execution.perform() == "failed"  # too late for another try
    assert leases.claim(9) == []
    assert leases.sweep() == {second: "failed"}
    assert house.job(second)["error"] == "deadline passed"
    assert claim.id == first


# In whose name ------------------------------------------------------------------------------------


@dataclass(eq=False)
class Seen:
    """What a job saw of its context."""

    user: Identity | None = None
    request_id: str = ""
    may: bool = False
    attempt: int = 0

    def __call__(self, ctx: Ctx) -> None:
        assert ctx.job is not None
        self.user, self.request_id, self.may = (
            ctx.user,
            ctx.request.request_id,
            ctx.can("ventas.ver"),
        )
        self.attempt = ctx.job.attempt


def hire(house: House) -> Identity:
    """Return a user whose role may see sales."""
    (person,) = house.rows(
        "WITH r AS (INSERT INTO roles (nombre) VALUES ('CAJERO') RETURNING id),"
        " p AS (INSERT INTO permisos (rol_id, modulo, accion) SELECT id, 'ventas', 'ver' FROM r)"
        " INSERT INTO usuarios (nombre, email, password_hash, rol_id)"
        " SELECT 'Ana', 'ana@demo.pe', '', id FROM r RETURNING id, rol_id"
    )
    return Identity(person["id"], "ana@demo.pe", "Ana", person["rol_id"], "CAJERO", 1)


def enqueue_as(runtime: Runtime, user: Identity) -> None:
    facts = RequestFacts("req-1", "10.0.0.1")
    runtime.transact(lambda ctx: ctx.enqueue("seen"), user=user, request=facts)


def test_perform_starter_active_runs_in_the_same_name(house: House) -> None:
    seen = Seen()
    runtime = house.runtime(Job("seen", seen))
    enqueue_as(runtime, hire(house))
    assert perform(runtime, process(runtime)) == ["done"]
    assert seen.user is not None
    assert (seen.user.nombre, seen.user.rol, seen.may) == ("Ana", "CAJERO", True)
    assert (seen.request_id, seen.attempt) == ("req-1", 1)


def test_perform_starter_gone_keeps_the_name_without_permissions(house: House) -> None:
    seen = Seen()
    runtime = house.runtime(Job("seen", seen))
    enqueue_as(runtime, hire(house))
    house.rows("UPDATE usuarios SET activo = false")
    assert perform(runtime, process(runtime)) == ["done"]
    assert seen.user is not None
    assert (seen.user.nombre, seen.may) == ("Ana", False)


def test_perform_system_job_may_all(house: House) -> None:
    seen = Seen()
    runtime = house.runtime(Job("seen", seen))
    enqueue(runtime, "seen")
    assert perform(runtime, process(runtime)) == ["done"]
    assert (seen.user, seen.may) == (None, True)


# While it runs ------------------------------------------------------------------------------------


def test_progress_seen_by_others_while_running_and_at_the_end(house: House) -> None:
    def count(ctx: Ctx) -> None:
        assert ctx.job is not None
        ctx.job.progress(1, 3, "uno")
        during.append(house.job(ctx.job.id))
        for done in (2, 2, 2):
            ctx.job.progress(done, 3, "dos")

    during: list[dict[str, Any]] = []
    runtime = house.runtime(Job("count", count))
    job_id = enqueue(runtime, "count")
    assert perform(runtime, process(runtime)) == ["done"]
    row = during[0]
    assert (row["progress_done"], row["progress_total"], row["progress_line"]) == (1, 3, "uno")
    assert house.job(job_id)["progress_done"] == 2


def test_progress_pushed_to_open_screens(house: House) -> None:
    def count(ctx: Ctx) -> None:
        assert ctx.job is not None
        ctx.job.progress(1, 1)

    runtime = house.runtime(Job("count", count))
    job_id = enqueue(runtime, "count")

    async def watch() -> list[Any]:
        async with runtime.realtime.running() as hub, asyncio.timeout(20):
            with hub.subscribe([f"job:{job_id}"]) as events:
                await asyncio.to_thread(perform, runtime, process(runtime))
                return [(await anext(events)).payload for _ in range(2)]

    shown = asyncio.run(watch())
    assert shown == [{"done": 1, "total": 1, "line": None}, {"status": "done"}]


def test_cancel_waiting_job_never_runs(house: House) -> None:
    runtime = house.runtime()
    job_id = enqueue(runtime, "note", n=1)
    assert runtime.transact(lambda ctx: jobs.cancel(ctx, job_id)) == "cancelled"
    assert perform(runtime, process(runtime)) == []
    assert house.job(job_id)["finished_at"] is not None
    (act,) = house.rows("SELECT * FROM audit_logs")
    assert (act["accion"], act["objeto_id"]) == ("cancelar", str(job_id))


def test_cancel_running_job_stops_where_it_asks(house: House) -> None:
    def work(ctx: Ctx) -> None:
        assert ctx.job is not None
        ctx.sql(EFFECT, job=ctx.job.id, n=1)
        ctx.job.check_cancelled()
        asked = runtime.transact(lambda other: jobs.cancel(other, job_id))
        assert asked == "running"
        while True:
            ctx.job.check_cancelled()

    runtime = house.runtime(Job("long", work))
    job_id = enqueue(runtime, "long")
    assert perform(runtime, process(runtime)) == ["cancelled"]
    assert house.job(job_id)["status"] == "cancelled"
    assert house.effects() == []


def test_cancel_running_job_that_fails_not_tried_again(house: House) -> None:
    def work(ctx: Ctx) -> None:
        runtime.transact(lambda other: jobs.cancel(other, job_id))
        raise Transient

    runtime = house.runtime(Job("long", work))
    job_id = enqueue(runtime, "long")
    assert perform(runtime, process(runtime)) == ["cancelled"]


def test_cancel_ended_or_unknown_job_refused(house: House) -> None:
    runtime = house.runtime()
    job_id = enqueue(runtime, "note", n=1)
    perform(runtime, process(runtime))
    with pytest.raises(Conflict, match="done"):
        runtime.transact(lambda ctx: jobs.cancel(ctx, job_id))
    with pytest.raises(NotFound):
        runtime.transact(lambda ctx: jobs.cancel(ctx, 10**9))


def test_retry_failed_job_has_all_its_tries_again(house: House) -> None:
    fault = Fault(Permanent("no"), *[Transient("no") for _ in range(4)])
    runtime = house.runtime(fault.declared(max_attempts=2))
    job_id = enqueue(runtime, "fault", n=1)
    leases = process(runtime)
    assert perform(runtime, leases) == ["failed"]
    assert runtime.transact(lambda ctx: jobs.retry(ctx, job_id)) == "queued"
    row = house.job(job_id)
    assert (row["attempts"], row["max_attempts"], row["error"]) == (1, 3, None)
    ended: list[str] = []
    while len(ended) < 2:
        ended += perform(runtime, leases)
    assert ended == ["queued", "failed"]
    assert [one["number"] for one in house.attempts(job_id)] == [1, 2, 3]


def test_retry_waiting_for_its_next_try_runs_at_once(house: House) -> None:
    runtime = house.runtime(Fault(Transient()).declared())
    job_id = enqueue(runtime, "fault", n=1)
    leases = process(runtime)
    perform(runtime, leases)
    house.rows("UPDATE andes_jobs SET run_at = now() + interval '1 day'")
    runtime.transact(lambda ctx: jobs.retry(ctx, job_id))
    assert perform(runtime, leases) == ["done"]


def test_retry_done_or_unknown_job_refused(house: House) -> None:
    runtime = house.runtime()
    job_id = enqueue(runtime, "note", n=1)
    perform(runtime, process(runtime))
    with pytest.raises(Conflict, match="reintentar"):
        runtime.transact(lambda ctx: jobs.retry(ctx, job_id))
    with pytest.raises(NotFound):
        runtime.transact(lambda ctx: jobs.retry(ctx, 10**9))


# Remotes ------------------------------------------------------------------------------------------


def test_per_minute_holds_over_processes(house: House) -> None:
    runtime = house.runtime(Fault(remote="sunat").declared(per_minute=3))
    for _ in range(8):
        enqueue(runtime, "fault")
    enqueue(runtime, "note", n=1)
    first, second = process(runtime, "a"), process(runtime, "b")
    assert [claim.name for claim in first.claim(3)] == ["fault"] * 3
    assert [claim.name for claim in second.claim(5)] == ["note"]
    assert first.claim(5) == second.claim(5) == []
    waiting = house.rows("SELECT attempts FROM andes_jobs WHERE status = 'queued'")
    assert [row["attempts"] for row in waiting] == [0] * 5
    house.rows(
        "UPDATE andes_remotes SET starts ="
        " ARRAY(SELECT s - interval '62 seconds' FROM unnest(starts) s)"
    )
    assert len(process(runtime, "c").claim(9)) == 3


def test_per_minute_processes_at_once_never_more(house: House) -> None:
    runtime = house.runtime(Fault().declared(per_minute=10))
    for _ in range(40):
        enqueue(runtime, "fault")
    claimed: list[int] = []

    def claim(name: str) -> None:
        leases = process(runtime, name)
        for _ in range(4):
            claimed.extend(one.id for one in leases.claim(3))

    threads = [threading.Thread(target=claim, args=(str(n),)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 10


def test_credentials_refused_stops_the_remote_until_resumed(house: House) -> None:
    fault = Fault(CredentialsRefused("clave vencida"), remote="sunat")
    runtime = house.runtime(fault.declared())
    ids = [enqueue(runtime, "fault", n=n) for n in range(3)]
    enqueue(runtime, "note", n=9)
    leases = process(runtime)
    (first,) = leases.claim(1)
    job = runtime.registry.jobs["fault"]
    assert Execution(runtime, leases, job, first).perform() == "queued"
    assert perform(runtime, leases) == ["done"]  # the note: others go on
    for job_id in ids:
        assert (house.job(job_id)["status"], house.job(job_id)["attempts"]) == ("queued", 0)
    (stopped,) = house.rows("SELECT * FROM andes_remotes")
    assert stopped["stopped_at"] is not None
    assert "clave vencida" in stopped["reason"]
    runtime.transact(lambda ctx: remotes.resume_remote(ctx, "sunat"))
    assert perform(runtime, leases) == ["done"] * 3
    assert house.effects() == [0, 1, 2, 9]


def test_resume_remote_unknown_refused(house: House) -> None:
    with pytest.raises(NotFound):
        house.runtime().transact(lambda ctx: remotes.resume_remote(ctx, "nobody"))


def test_remote_down_pauses_then_one_tries_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remotes, "FIRST_PAUSE_SECONDS", 0.2)
    fault = Fault(*[RemoteDown("caído") for _ in range(3)], remote="sunat")
    runtime = house.runtime(fault.declared(max_attempts=1))
    for n in range(4):
        enqueue(runtime, "fault", n=n)
    for turn in range(3):
        leases = process(runtime, str(turn))
        (probe,) = leases.claim(1)
        assert (
            Execution(runtime, leases, runtime.registry.jobs["fault"], probe).perform() == "queued"
        )
        assert leases.claim(9) == []  # paused
        wait_until(lambda: house.rows("SELECT 1 FROM andes_remotes WHERE paused_until < now()"))
    leases = process(runtime, "last")
    (probe,) = leases.claim(9)  # of four, one tries
    assert process(runtime, "another").claim(9) == []
    job = runtime.registry.jobs["fault"]
    assert Execution(runtime, leases, job, probe).perform() == "done"
    assert perform(runtime, process(runtime, "free")) == ["done"] * 3
    (remote,) = house.rows("SELECT * FROM andes_remotes")
    assert (remote["failures"], remote["paused_until"]) == (0, None)
    assert house.effects() == [0, 1, 2, 3]


def test_remote_down_side_by_side_is_one_failure(house: House) -> None:
    fault = Fault(*[RemoteDown("caído") for _ in range(3)], remote="sunat")
    runtime = house.runtime(fault.declared())
    for _ in range(3):
        enqueue(runtime, "fault")
    assert perform(runtime, process(runtime)) == ["queued"] * 3
    assert house.rows("SELECT failures FROM andes_remotes") == [{"failures": 1}]


# Parking, delivery, retention ---------------------------------------------------------------------


def test_park_undeclared_and_unpark_when_declared_again(house: House) -> None:
    both = house.runtime(Fault().declared())
    job_id = enqueue(both, "fault", n=1)
    without = house.runtime()
    leases = process(without)
    assert leases.claim(9) == []
    assert leases.park() == (1, 0)
    assert house.job(job_id)["status"] == "parked"
    leases = process(both)
    assert leases.park() == (0, 1)
    assert perform(both, leases) == ["done"]


@dataclass(frozen=True)
class Sold:
    """A business event of these tests."""

    n: int


def test_deliver_event_failing_subscriber_hurts_no_other(house: House) -> None:
    def record(ctx: Ctx, event: Sold) -> None:
        heard.append(("record", event.n))

    def stumble(ctx: Ctx, event: Sold) -> None:
        heard.append(("stumble", event.n))
        if heard.count(("stumble", event.n)) < 2:
            raise ZeroDivisionError

    heard: list[tuple[str, int]] = []
    runtime = house.runtime(*JOBS)
    kinds = [EventType("sold", Sold, "A sale")]
    handlers: list[Callable[[Ctx, Any], None]] = [stumble, record]
    bus = EventBus(kinds, [Subscriber("sold", one, "after_commit") for one in handlers])
    runtime.registry = replace(runtime.registry, events=bus)
    runtime.transact(lambda ctx: ctx.publish(Sold(7)))
    leases = process(runtime)
    assert sorted(perform(runtime, leases)) == ["done", "queued"]
    wait_until(lambda: perform(runtime, leases) == ["done"])
    assert sorted(heard) == [("record", 7), ("stumble", 7), ("stumble", 7)]
    assert {row["name"] for row in house.rows("SELECT name FROM andes_jobs")} == {DELIVER}


def test_purge_jobs_old_ended_ones_only(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    runtime = house.runtime(*JOBS, Fault(Permanent()).declared())
    for n in range(5):
        enqueue(runtime, "note", n=n)
    enqueue(runtime, "fault")
    perform(runtime, process(runtime))
    house.rows("UPDATE andes_jobs SET finished_at = now() - interval '31 days'")
    house.rows(
        "INSERT INTO andes_schedule_runs (schedule, planned_at)"
        " SELECT s, now() - make_interval(days => d) FROM unnest(ARRAY['a','b']) s,"
        " unnest(ARRAY[40, 50, 60]) d"
    )
    enqueue(runtime, "note", n=9)
    purge = enqueue(runtime, "kernel.purge_jobs")
    assert perform(runtime, process(runtime)) == ["done", "done"]
    left = house.rows("SELECT name, status FROM andes_jobs ORDER BY id")
    assert [(row["name"], row["status"]) for row in left] == [
        ("fault", "failed"),
        ("note", "done"),
        ("kernel.purge_jobs", "done"),
    ]
    assert house.job(purge)["progress_done"] == 5 + 4
    runs = house.rows(
        "SELECT now() - planned_at < interval '41 days' AS last FROM andes_schedule_runs"
    )
    assert [row["last"] for row in runs] == [True, True]
