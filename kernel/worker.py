"""The worker: a job process, which claims what is due and runs it in threads.

- Runners take claims from a small shelf; whoever finds it empty claims a batch. They look when a
  message arrives (``kernel.queue``), when a batch came back full, and once a second in any case.
- The keeper extends the leases, calls overdue tries failed, and gives claims back that no runner
  can start soon.
- The clerk takes over what dead processes left, parks the jobs of disabled addons, and plans
  schedules.

A process that is killed loses nothing: its leases expire and others go on. An overdue try keeps its
thread, since Python can't kill one; another thread takes its place, and when too many are stuck the
process asks to be replaced.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import FrameType
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from kernel import logging
from kernel.claims import Claim
from kernel.events import DELIVER
from kernel.execution import Execution
from kernel.jobs import Job
from kernel.leases import LEASE_SECONDS, Backoff, Leases
from kernel.remotes import HOLD_SECONDS
from kernel.retention import purge_jobs
from kernel.schedules import Planner

if TYPE_CHECKING:
    from kernel.context import Ctx
    from kernel.runtime import Runtime

log = logging.get(__name__)

POLL_SECONDS = 1.0
TICK_SECONDS = 0.5
SWEEP_SECONDS = 2.0
PARK_SECONDS = 30.0
GRACE_SECONDS = 12.0
CLAIMS_PER_THREAD = 4
STUCK_PER_THREAD = 2


def deliver_event(ctx: Ctx, subscriber: str, payload: dict[str, object]) -> None:
    """Tell one after-commit subscriber; the body of what ``EventBus.publish`` leaves."""
    ctx.runtime.registry.events.deliver(ctx, subscriber, payload)


JOBS = (
    Job(DELIVER, deliver_event, "Entrega un evento a un suscriptor"),
    Job("kernel.purge_jobs", purge_jobs, "Borra trabajos terminados hace tiempo"),
)


class Every:
    """A thread that does something every so many seconds, whatever happened the last time."""

    def __init__(self, name: str, acts: Sequence[tuple[float, Callable[[], object]]]) -> None:
        self._acts = acts
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread; the first round is at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end and wait a moment for it."""
        self._stop.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        due = [0.0] * len(self._acts)
        while not self._stop.is_set():
            for number, (seconds, act) in enumerate(self._acts):
                if time.monotonic() >= due[number]:
                    self._do(act)
                    due[number] = time.monotonic() + seconds
            self._stop.wait(max(0.0, min(due) - time.monotonic()))

    def _do(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001  # the database or the transport is away: next time
            log.warning("worker_chore_failed", chore=self._thread.name, reason=str(error))


class Worker:
    """Runs the jobs of one process. ``start`` returns at once; ``stop`` drains."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        threads: int = 4,
        name: str = "worker",
        lease_seconds: float = LEASE_SECONDS,
        backoff: Backoff | None = None,
    ) -> None:
        self.runtime = runtime
        self.name = name
        self.stuck = threading.Event()
        """Set when too many overdue tries hold threads: the process should be replaced."""
        self.leases = Leases(
            runtime.database,
            runtime.registry.jobs,
            f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}",
            seconds=lease_seconds,
            backoff=backoff,
        )
        self._threads = threads
        self._batch = threads * CLAIMS_PER_THREAD
        self._condition = threading.Condition()
        self._shelf: deque[Claim] = deque()
        self._running: dict[int, Execution] = {}
        self._runners: set[threading.Thread] = set()
        self._abandoned: set[threading.Thread] = set()
        self._due = True
        self._claiming = False
        self._poll_at = 0.0
        self._stopping = threading.Event()
        self._planner = Planner(runtime)
        tick = min(TICK_SECONDS, lease_seconds / 4)
        self._keeper = Every(
            "keeper",
            [(lease_seconds / 4, self._extend), (tick, self._abandon), (tick, self._unshelve)],
        )
        self._clerk = Every(
            "clerk",
            [
                (PARK_SECONDS, self.leases.park),
                (min(SWEEP_SECONDS, lease_seconds / 2), self._sweep),
                (TICK_SECONDS, self._planner.plan),
            ],
        )
        self._ear = threading.Thread(target=self._listen, name="ear", daemon=True)

    def start(self) -> None:
        """Start the threads."""
        self._keeper.start()
        self._clerk.start()
        self._ear.start()
        for _ in range(self._threads):
            self._add_runner()
        log.info("worker_started", name=self.name, worker=self.leases.owner, threads=self._threads)

    def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Claim no more, give back what did not start, and wait for what runs.

        What is still running after the grace is given back as well; its thread can't commit.
        """
        self._stopping.set()
        with self._condition:
            self._condition.notify_all()
        self._clerk.stop()
        deadline = time.monotonic() + grace
        self._return_shelf()
        for runner in self._runners - self._abandoned:
            runner.join(max(0.0, deadline - time.monotonic()))
        self._return_shelf()
        self._return_running()
        self._keeper.stop()
        self._ear.join(timeout=0.1)  # it ends by itself within a second
        log.info("worker_stopped", name=self.name, worker=self.leases.owner)

    def poke(self) -> None:
        """Say that something may be due."""
        with self._condition:
            self._due = True
            self._condition.notify()

    # Runners --------------------------------------------------------------------------------------

    def _add_runner(self) -> None:
        runner = threading.Thread(target=self._run, name="runner", daemon=True)
        self._runners.add(runner)
        runner.start()

    def _run(self) -> None:
        while (execution := self._next()) is not None:
            execution.perform()
            with self._condition:
                if self._running.get(execution.id) is not execution:
                    break  # it was overdue, and another thread has this one's place
                del self._running[execution.id]
        with self._condition:
            self._runners.discard(threading.current_thread())
            self._abandoned.discard(threading.current_thread())

    def _next(self) -> Execution | None:
        """Return the next job to run; None when the process is stopping."""
        while True:
            with self._condition:
                while not (self._stopping.is_set() or self._shelf or self._may_claim()):
                    self._condition.wait(max(0.01, self._poll_at - time.monotonic()))
                if self._stopping.is_set():
                    return None
                if self._shelf:
                    if execution := self._take():
                        return execution
                    continue
                self._claiming, self._due = True, False
            self._claim()

    def _may_claim(self) -> bool:
        return not self._claiming and (self._due or time.monotonic() >= self._poll_at)

    def _take(self) -> Execution | None:
        claim = self._shelf.popleft()
        if time.monotonic() - claim.claimed > max(self.leases.seconds, 2 * HOLD_SECONDS):
            return None  # the process stood still: others may have it by now
        job = self.runtime.registry.jobs[claim.name]
        execution = Execution(self.runtime, self.leases, job, claim)
        self._running[claim.id] = execution
        return execution

    def _claim(self) -> None:
        claims: list[Claim] = []
        try:
            claims = self.leases.claim(self._batch)
        except Exception as error:  # noqa: BLE001  # the database is away: next poll
            log.warning("worker_claim_failed", reason=str(error))
        finally:
            with self._condition:
                self._claiming = False
                self._poll_at = time.monotonic() + POLL_SECONDS
                self._due = self._due or len(claims) == self._batch
                self._shelf.extend(claims)
                self._condition.notify(len(claims))

    def _listen(self) -> None:
        from kernel.listener import Listener  # huey is for job processes only

        listener = Listener(self.runtime.settings)
        while not self._stopping.is_set():
            try:
                if listener.hear() is not None:
                    self.poke()
            except Exception as error:  # noqa: BLE001  # the transport is away: the poll goes on without it
                log.warning("queue_unreachable", reason=str(error) or type(error).__name__)
                self._stopping.wait(POLL_SECONDS)
        listener.close()

    # Keeper ---------------------------------------------------------------------------------------

    def _extend(self) -> None:
        """Extend every lease; what is no longer ours must not start."""
        with self._condition:
            running = list(self._running.values())
            claims = [*self._shelf, *(execution.claim for execution in running)]
        if not claims:
            return
        ours = self.leases.extend(claims)
        for execution in running:
            if execution.id not in ours:
                execution.lost = True
            elif ours[execution.id]:
                execution.cancel_requested = True
        gone = [claim for claim in claims if claim.id not in ours]
        with self._condition:
            for claim in gone:
                if claim in self._shelf:
                    self._shelf.remove(claim)

    def _abandon(self) -> None:
        """Call overdue tries failed and put other threads in their place."""
        with self._condition:
            overdue = [one for one in self._running.values() if one.overdue]
            for execution in overdue:
                execution.lost = True
                del self._running[execution.id]
                self._abandoned.add(execution.thread)
        for execution in overdue:
            seconds = execution.job.timeout.total_seconds()
            self._add_runner()
            log.error("job_overdue", job_id=execution.id, job=execution.job.name, seconds=seconds)
            self.leases.fail(execution.claim, f"timeout: more than {seconds:g} s", again=True)
        if len(self._abandoned) > self._threads * STUCK_PER_THREAD:
            self.stuck.set()

    def _unshelve(self) -> None:
        """Give back claims that no runner took in time: another process may be free."""
        now = time.monotonic()
        with self._condition:
            stale = [claim for claim in self._shelf if now - claim.claimed > HOLD_SECONDS]
            for claim in stale:
                self._shelf.remove(claim)
        self._hand_over(stale)

    def _return_shelf(self) -> None:
        with self._condition:
            claims = list(self._shelf)
            self._shelf.clear()
        self._hand_over(claims)

    def _return_running(self) -> None:
        with self._condition:
            late = list(self._running.values())
            self._running.clear()
        for execution in late:
            execution.lost = True
        self._hand_over([execution.claim for execution in late])

    def _hand_over(self, claims: Sequence[Claim]) -> None:
        if not claims:
            return
        try:
            self.runtime.queue.wake(self.leases.give_back(claims))
        except Exception as error:  # noqa: BLE001  # the leases expire by themselves
            log.warning("claims_not_given_back", count=len(claims), reason=str(error))

    # Clerk ----------------------------------------------------------------------------------------

    def _sweep(self) -> None:
        swept = self.leases.sweep()
        if swept:
            log.warning("jobs_swept", jobs=len(swept))
            self.poke()


def allow_long_computations(runtime: Runtime) -> None:
    """Let a transaction rest as long as a try may take, where a request may rest a minute only.

    A job may compute for minutes between two statements. What an overdue try left open is ended by
    the server.
    """
    longest = max((job.timeout for job in runtime.registry.jobs.values()), default=timedelta())
    milliseconds = int(longest.total_seconds() * 1000) + 60_000

    @event.listens_for(runtime.database.engine, "connect")
    def allow(connection: Any, _record: object) -> None:
        connection.execute(f"SET idle_in_transaction_session_timeout = {milliseconds:d}")
        connection.commit()

    runtime.database.dispose()


def _left_behind(runtime: Runtime) -> bool:
    """Return whether this process is of a generation that nobody waits for any more."""
    try:
        return runtime.standing is not None and not runtime.standing.holds()
    except Exception:  # noqa: BLE001  # the database is away: nothing is claimed either
        return False


def run(
    runtime: Runtime,
    *,
    threads: int | None = None,
    name: str = "worker",
    lease_seconds: float = LEASE_SECONDS,
    ready: Callable[[], None] | None = None,
) -> None:
    """Be a job process until SIGTERM or SIGINT, then drain; a second signal ends at once.

    ``ready`` is called once jobs are claimed.
    """
    threads = threads or runtime.settings.job_threads
    allow_long_computations(runtime)
    worker = Worker(runtime, threads=threads, name=name, lease_seconds=lease_seconds)
    asked = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            os._exit(128 + number)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    worker.start()
    if ready is not None:
        ready()
    while not (asked.wait(1.0) or worker.stuck.is_set() or _left_behind(runtime)):
        pass
    worker.stop()
