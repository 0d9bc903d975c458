"""The supervisor of one host: it keeps web and job processes of one generation alive.

The listening socket belongs to it and all web processes share it, so it stays open while they are
replaced and no connection is refused. Processes are forked by a zygote (``kernel.zygote``), one for
each generation. When another generation is to be served, the supervisor starts a zygote of it and
replaces one process after the other: the new one must be ready before the old one is asked to
drain. A new one that does not come up ends that, and the old generation goes on.

A process that dies is replaced at once; one that keeps dying, after growing pauses. POSIX only.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kernel import logging
from kernel.apart import Answer
from kernel.crews import Child, Crew, kill_group
from kernel.errands import Errand
from kernel.errors import ConfigurationError
from kernel.generations import Aims, Generation

log = logging.get(__name__)

GRACE_SECONDS = 15.0
START_SECONDS = 20.0
"""How long a forked process may take until it is ready."""
BACKLOG = 2048
PR_SET_CHILD_SUBREAPER = 36
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

# Three deaths within five seconds of running are a crash loop.
LOOP_DEATHS = 3
LOOP_SECONDS = 5.0
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 5.0


class PortTaken(ConfigurationError):
    """The address cannot be listened on; the message says which and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """Return an inheritable socket that listens on `host` and `port` (0: any free one).

    Raises:
        PortTaken: another process has the port, or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as fault:
        listener.close()
        raise PortTaken(_explain(fault, host, port)) from fault
    listener.set_inheritable(True)
    return listener


def _explain(fault: OSError, host: str, port: int) -> str:
    if fault.errno == errno.EADDRINUSE:
        return (
            f"El puerto {port} de {host} ya está en uso por otro programa.\n"
            f"  → Ciérrelo (`ss -ltnp 'sport = :{port}'` dice cuál es) o elija otro con --port."
        )
    if fault.errno == errno.EACCES:
        return (
            f"El sistema no permite usar el puerto {port} de {host}.\n"
            "  → Los puertos menores de 1024 son de root: elija otro con --port."
        )
    return f"No se puede escuchar en {host}, puerto {port}: {fault}.\n  → Revise --host y --port."


@dataclass(frozen=True, slots=True)
class Beat:
    """What a supervisor tells of one process, or of itself (kind ``host``)."""

    name: str
    kind: str
    pid: int
    generation: int
    state: str
    error: str = ""


class Pulse(Protocol):
    """The supervisor's link to the database (``kernel.pulse``)."""

    def start(self, wake: Callable[[], None]) -> None:
        """Begin; ``wake`` is called when ``aims`` have changed."""

    def aims(self) -> Aims:
        """Return, of one moment, the generation to serve and the one that is to be served next.

        Nothing to serve as long as nobody could be asked; nothing to come while no tables are made.
        """

    def tell(self, beats: Sequence[Beat]) -> None:
        """Publish the state of this host."""

    def stop(self) -> None:
        """Take this host out of the table and end."""


@dataclass(slots=True)
class Slot:
    """One place that always holds a living process, except while a crash loop pauses."""

    name: str
    kind: str
    child: Child | None = None
    heir: Child | None = None
    """The process that is to take the place, once it is ready."""
    start_at: float = 0.0
    pause: float = 0.0
    lives: list[float] = field(default_factory=list)

    def died(self, now: float, started: float) -> None:
        """Decide when to start again: at once, or later in a crash loop."""
        self.lives = [*self.lives[1 - LOOP_DEATHS :], now - started]
        looping = len(self.lives) == LOOP_DEATHS and sum(self.lives) < LOOP_SECONDS
        self.pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, 2 * self.pause)) if looping else 0.0
        self.start_at = now + self.pause

    def drop(self, child: Child) -> None:
        """Take a process that is gone out of its place."""
        if self.child is child:
            self.child = None
        if self.heir is child:
            self.heir = None


class Supervisor:
    """Keeps ``counts`` processes of each kind alive; `run` is its life.

    While it runs, every orphan of this process tree is the supervisor's to wait for, so that as
    process 1 of a container it also buries what its children leave behind.
    """

    def __init__(
        self,
        counts: Sequence[tuple[str, int]],
        pulse: Pulse,
        launch: Callable[[Generation, int], Crew],
        *,
        grace: float = GRACE_SECONDS,
    ) -> None:
        """Take ``launch(generation, lifeline)``, which starts a zygote."""
        self.slots = [
            Slot(f"{kind}-{number}", kind)
            for kind, count in counts
            for number in range(1, count + 1)
        ]
        self.pulse = pulse
        self.launch = launch
        self.grace = grace
        self.stop_requests = 0
        self.crews: dict[int, Crew] = {}
        self.wanted: Generation | None = None
        self.served: int | None = None
        """The generation that all processes served last; where a failing roll goes back to."""
        self.failures: dict[int, Beat] = {}
        self._errand: Errand | None = None
        self._ring: Callable[[], None] = lambda: None
        self._lifeline = os.pipe()
        self._launch_at: dict[int, float] = {}
        self._known: dict[int, Generation] = {}
        self._prepared = 0

    # Life -----------------------------------------------------------------------------------------

    def run(self) -> None:
        """Keep the processes until SIGTERM or SIGINT; return when all are gone.

        Must be called in the main thread. A second signal cuts the grace short.
        """
        adopt_orphans()
        with self._signals() as wake:
            self._ring = wake.ring
            self.pulse.start(wake.ring)
            try:
                while not self.stop_requests:
                    self._follow()
                    self._look(wake, self._seconds_to_next())
            finally:
                self._drain(wake)
                self.pulse.stop()

    def _follow(self) -> None:
        """Do whatever brings this host nearer to the wanted generation, and tell of it."""
        wanted, coming = self.pulse.aims()
        if wanted is not None:
            self.wanted = wanted
            self._converge(wanted)
            self._prepare(coming)
            self._expire()
            self._retire(wanted, coming)
        self._run_errand()
        self.pulse.tell(self._beats())

    def send(self, generation: Generation, kind: str, seconds: float) -> Answer:
        """Have a process of a generation do something, and return how it ended.

        For one other thread, which does one thing at a time.
        """
        errand = self._errand = Errand(generation, kind)
        self._ring()
        try:
            return errand.wait(seconds, self._ring)
        finally:
            self._errand = None

    def _run_errand(self) -> None:
        errand = self._errand
        if errand is None or errand.done.is_set():
            return
        number = errand.generation.number
        if errand.given_up:
            if errand.child is not None:
                errand.child.kill()
        elif errand.child is None:
            self._known.setdefault(number, errand.generation)
            crew = self._crew(number)
            if crew is not None and crew.warm:
                errand.child = crew.fork(errand.kind, f"{errand.kind}-{number}")

    def _end_errand(self, crew: Crew, child: Child | None, code: int, error: str) -> None:
        """Take note that a process ended, or a zygote and with it what it should have forked."""
        errand = self._errand
        if errand is None or errand.generation.number != crew.number:
            return
        unborn = errand.child is None or not errand.child.pid
        if errand.child is child or (child is None and unborn):
            errand.end(code, error)

    def _converge(self, wanted: Generation) -> None:
        self._known[wanted.number] = wanted
        if wanted.state != "rolling":  # there is nothing to go back to any more
            self.failures.pop(wanted.number, None)
        goal = self._goal(wanted)
        crew = self._crew(goal) if goal is not None else None
        if crew is None or not crew.warm:
            return
        replacing = False
        for slot in self._in_order():
            replacing = self._advance(slot, crew, wait=replacing)
        if all(slot.child is not None and slot.child.serves(crew) for slot in self.slots):
            self.served = crew.number

    def _prepare(self, coming: Generation | None) -> None:
        """Start to load a generation that is being made, so that its roll need not wait for it."""
        if coming is not None and coming.number > self._prepared:
            self._prepared = coming.number
            self._known[coming.number] = coming
            self._crew(coming.number)
            for slot in self.slots:
                if slot.child is not None:
                    slot.child.give_way()

    def _goal(self, wanted: Generation) -> int | None:
        """Return the generation that processes are to be of: the wanted one unless it failed."""
        return self.served if wanted.number in self.failures else wanted.number

    def _in_order(self) -> list[Slot]:
        """Return the slots, job processes first: they know a job before it is asked for."""
        return sorted(self.slots, key=lambda slot: slot.kind == "web")

    def _advance(self, slot: Slot, crew: Crew, *, wait: bool) -> bool:
        """Take the next step towards a process of the crew; return whether one is being replaced.

        Empty places are filled at once; living processes are replaced one after the other.
        """
        if slot.heir is not None and slot.heir.crew is not crew:
            slot.heir.leave(self.grace)
            slot.heir = None
        if slot.child is None:
            if slot.heir is None and slot.start_at <= time.monotonic():
                slot.heir = crew.fork(slot.kind, slot.name)
            slot.child, slot.heir = slot.heir, None
            return wait
        if slot.child.crew is crew:
            return wait or not slot.child.ready
        if slot.heir is not None and slot.heir.ready:
            slot.child.leave(self.grace)
            slot.child, slot.heir = slot.heir, None
            return wait
        if slot.heir is None and not wait and slot.start_at <= time.monotonic():
            slot.heir = crew.fork(slot.kind, slot.name)
        return True

    def _crew(self, number: int) -> Crew | None:
        """Return the zygote of a generation, started if it isn't there."""
        crew = self.crews.get(number)
        if crew is None and self._launch_at.get(number, 0.0) <= time.monotonic():
            try:
                crew = self.crews[number] = self.launch(self._known[number], self._lifeline[0])
            except OSError as error:
                self._fail(number, "zygote", "host", os.getpid(), f"Not started: {error}")
            else:
                log.info("zygote_started", generation=number, pid=crew.pid)
        return crew

    def _expire(self) -> None:
        """Kill what takes too long: loading, getting ready, or draining.

        What was reported until now is heard first: should we have stood still, it is much.
        """
        now = time.monotonic()
        if self._hear():
            self._ring()  # it may ask for a step, and this round has taken its own
        for crew in list(self.crews.values()):
            crew.expire(now, START_SECONDS)
            for child in list(crew.children.values()):
                if not child.ready and not child.leaving and child.started + START_SECONDS < now:
                    child.error = child.error or f"Not ready within {START_SECONDS:g} s."
                    child.kill()
                elif child.leaving and child.leave_by < now:
                    child.kill()

    def _retire(self, wanted: Generation, coming: Generation | None) -> None:
        """Close zygotes that nobody goes back to any more, and that are not to come either."""
        if wanted.state != "current" or self.served != wanted.number:
            return
        needed = {wanted.number, coming.number if coming is not None else wanted.number}
        if (errand := self._errand) is not None:
            needed.add(errand.generation.number)
        for number, crew in list(self.crews.items()):
            if number not in needed and not crew.everyone:
                crew.close()
                del self.crews[number]
        self.failures = {n: beat for n, beat in self.failures.items() if n > wanted.number}

    # What children tell ---------------------------------------------------------------------------

    def _look(self, wake: Wake, seconds: float | None) -> None:
        """Wait for a signal, a report or the time; take note of what happened."""
        wake.wait(seconds, [crew.reports for crew in self.crews.values() if not crew.silent])
        self._hear()
        self._bury()

    def _hear(self) -> bool:
        """Take note of all that was reported; return whether that was anything."""
        heard = False
        for crew in list(self.crews.values()):
            if not crew.silent:
                for report in crew.read():
                    self._note(crew, report)
                    heard = True
        return heard

    def _note(self, crew: Crew, report: dict[str, Any]) -> None:
        event = report["event"]
        if event == "warm":
            crew.warm = True
            log.info("zygote_warm", generation=crew.number)
        elif event == "started":
            self._note_start(crew, report)
        elif event == "died":
            self._note_death(crew, report["pid"], report["exit_code"])
        elif report["pid"] == crew.pid:
            crew.error = report["error"]
        else:
            crew.hear(report)

    def _note_start(self, crew: Crew, report: dict[str, Any]) -> None:
        child = crew.started(report["name"], report["pid"])
        log.info("process_started", process=child.name, pid=child.pid, generation=crew.number)

    def _bury(self) -> None:
        """Take note of zygotes that died, of orphans of theirs, and of strangers left to us."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            exit_code = os.waitstatus_to_exitcode(status)
            for crew in list(self.crews.values()):
                if pid == crew.pid:
                    self._note_zygote_death(crew, exit_code)
                elif pid in crew.children:
                    self._note_death(crew, pid, exit_code)

    def _note_zygote_death(self, crew: Crew, exit_code: int) -> None:
        for report in crew.read():
            self._note(crew, report)
        unborn = crew.ended(exit_code)
        for slot in self.slots:
            for child in unborn:
                slot.drop(child)
        if self.stop_requests:
            return
        log.warning("zygote_died", generation=crew.number, exit_code=exit_code)
        del self.crews[crew.number]
        self._end_errand(crew, None, 1, crew.error or _said(exit_code))
        self._orphan(crew)
        if not crew.warm:
            self._fail(crew.number, "zygote", "host", crew.pid, crew.error or _said(exit_code))

    def _orphan(self, crew: Crew) -> None:
        """Let processes outlive their zygote where the system gives them to us, else end them."""
        for child in crew.children.values():
            if not adopts_orphans():
                child.kill()
        if crew.children:
            self.crews[-crew.pid] = crew  # their deaths are still heard of
        else:
            crew.close()

    def _note_death(self, crew: Crew, pid: int, exit_code: int) -> None:
        child = crew.children.pop(pid, None)
        if child is None:
            return
        kill_group(pid)
        self._end_errand(crew, child, exit_code, child.error or _said(exit_code))
        now = time.monotonic()
        slot = next((s for s in self.slots if child in (s.child, s.heir)), None)
        if slot is not None and not self.stop_requests:
            slot.drop(child)
            slot.died(now, child.started)
            if not child.leaving:
                error = child.error or _said(exit_code)
                self._fail(crew.number, child.name, child.kind, pid, error)
        expected = self.stop_requests or child.leaving or (slot is None and exit_code == 0)
        (log.info if expected else log.warning)(
            "process_died",
            process=child.name,
            pid=pid,
            generation=crew.number,
            exit_code=exit_code,
            lived_seconds=round(now - child.started, 3),
            restart_in_seconds=None if expected or slot is None else slot.pause,
        )

    def _fail(self, number: int, name: str, kind: str, pid: int, error: str) -> None:
        """Note that something of a generation ended before its time.

        While it is being rolled out, that ends the roll. Once all hosts acknowledged it, there is
        nothing to go back to: it is started again.
        """
        wanted = self.wanted
        if wanted is not None and wanted.number == number and wanted.state == "rolling":
            if number not in self.failures:
                self.failures[number] = Beat(name, kind, pid, number, "failed", error)
                log.error("roll_failed", generation=number, process=name, error=error)
        elif name == "zygote":
            log.error("generation_not_loaded", generation=number, error=error)
            self._launch_at[number] = time.monotonic() + FIRST_PAUSE * 4

    # Time -----------------------------------------------------------------------------------------

    def _seconds_to_next(self) -> float | None:
        """Return how long nothing is due; None while only an event can change anything."""
        now = time.monotonic()
        due = [slot.start_at for slot in self.slots if slot.start_at > now]
        due += [at for at in self._launch_at.values() if at > now]
        for crew in self.crews.values():
            due += crew.deadlines(START_SECONDS)
        return max(0.0, min(due) - now) + 0.01 if due else None

    def _beats(self) -> list[Beat]:
        """Return what to tell of this host."""
        settled = self._settled_on()
        beats = [
            Beat(child.name, child.kind, child.pid, crew.number, child.state, child.error)
            for crew in self.crews.values()
            for child in crew.children.values()
        ]
        number = self.wanted.number if self.wanted else 0
        state = "ready" if settled == number and number is not None else "rolling"
        host = Beat("host", "host", os.getpid(), settled if settled is not None else -1, state)
        return [host, *beats, *self.failures.values()]

    def _settled_on(self) -> int | None:
        """Return the one generation that every process here serves, ready; None in between."""
        numbers = {slot.child.crew.number for slot in self.slots if slot.child and slot.child.ready}
        whole = all(slot.child is not None and slot.child.ready for slot in self.slots)
        others = any(
            child.crew.number not in numbers and any(child.kind == slot.kind for slot in self.slots)
            for crew in self.crews.values()
            for child in crew.children.values()
        )
        if not self.slots:
            return self.served
        return numbers.pop() if whole and len(numbers) == 1 and not others else None

    # End ------------------------------------------------------------------------------------------

    def _drain(self, wake: Wake) -> None:
        """Ask the children to finish, wait for them up to the grace, and kill the rest."""
        self.stop_requests = max(1, self.stop_requests)
        log.info("supervisor_draining", grace_seconds=self.grace)
        for child in self._alive():
            child.leave(self.grace)
        deadline = time.monotonic() + self.grace
        requests = self.stop_requests
        while self._alive() and self.stop_requests == requests and time.monotonic() < deadline:
            self._look(wake, max(0.0, deadline - time.monotonic()))
        for child in self._alive():
            child.kill()
        for crew in self.crews.values():
            crew.close()
        os.close(self._lifeline[1])  # whatever is left ends now
        log.info("supervisor_stopped")

    def _alive(self) -> list[Child]:
        return [child for crew in self.crews.values() for child in crew.everyone]

    @contextlib.contextmanager
    def _signals(self) -> Iterator[Wake]:
        """Handle the signals of a supervisor, save those that our parent chose to ignore."""

        def request_stop(number: int, _: object) -> None:
            self.stop_requests += 1

        handlers: dict[signal.Signals, Callable[[int, object], None]] = {
            number: request_stop
            for number in STOP_SIGNALS
            if signal.getsignal(number) != signal.SIG_IGN
        }
        handlers[signal.SIGCHLD] = lambda number, frame: None
        old = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        wake = Wake()
        try:
            yield wake
        finally:
            wake.close()
            for number, handler in old.items():
                signal.signal(number, handler)


def _said(exit_code: int) -> str:
    if exit_code < 0:
        return f"Killed by {signal.Signals(-exit_code).name}."
    return f"Ended with exit code {exit_code}."


def adopts_orphans() -> bool:
    """Return whether processes whose zygote died become the supervisor's children."""
    return sys.platform == "linux"


def adopt_orphans() -> None:
    """Become the parent of what descendants leave behind, where the system can do that."""
    if adopts_orphans():
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


class Wake:
    """Sleep that any signal and any ``ring`` ends, also one that comes just before it begins."""

    def __init__(self) -> None:
        self.reader, self.writer = socket.socketpair()
        self.reader.setblocking(False)
        self.writer.setblocking(False)
        self.old = signal.set_wakeup_fd(self.writer.fileno(), warn_on_full_buffer=False)

    def ring(self) -> None:
        """End the sleep; from any thread."""
        with contextlib.suppress(OSError):
            self.writer.send(b"\0")

    def wait(self, seconds: float | None, others: Iterable[int] = ()) -> list[int]:
        """Return which of the other descriptors can be read, after at most `seconds`."""
        mine = self.reader.fileno()
        readable, _, _ = select.select([mine, *others], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            self.reader.recv(4096)
        return [one for one in readable if one != mine]

    def close(self) -> None:
        """Give the wake-up back to whoever had it."""
        signal.set_wakeup_fd(self.old)
        self.reader.close()
        self.writer.close()
