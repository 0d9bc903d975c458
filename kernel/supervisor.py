"""The supervisor of one host: it keeps web and job processes of one generation alive.

The listening socket belongs to it and all web processes share it, so it stays open while they are
replaced and no connection is refused. Processes are forked by a zygote (``kernel.zygote``), one for
each generation. When another generation is to be served, the supervisor starts a zygote of it and
replaces one process after the other: the new one must be ready before the old one is asked to
drain. A new one that does not come up ends that, and the old generation goes on.

A process that dies is replaced at once; one that keeps dying, after growing pauses. POSIX only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from kernel import logging
from kernel.apart import Answer
from kernel.beats import Beat, Pulse
from kernel.crews import Crew, kill_group
from kernel.errands import Errands
from kernel.fleet import Fleet, Launch
from kernel.generations import Generation
from kernel.orphans import adopt_orphans, buried, said
from kernel.signals import Wake, handled
from kernel.slots import Slot
from kernel.zygote import UNBORN

log = logging.get(__name__)

GRACE_SECONDS = 15.0
RELOAD_PAUSE = 1.0
"""Seconds until a generation that did not load is tried again."""


class Supervisor:
    """Keeps ``counts`` processes of each kind alive; `run` is its life.

    While it runs, every orphan of this process tree is the supervisor's to wait for, so that as
    process 1 of a container it also buries what its children leave behind.
    """

    def __init__(
        self,
        counts: Sequence[tuple[str, int]],
        pulse: Pulse,
        launch: Launch,
        *,
        grace: float = GRACE_SECONDS,
    ) -> None:
        """Take what starts a zygote (``kernel.fleet.Launch``)."""
        self.slots = [
            Slot(f"{kind}-{number}", kind)
            for kind, count in counts
            for number in range(1, count + 1)
        ]
        self.pulse = pulse
        self.fleet = Fleet(launch)
        self.errands = Errands()
        self.grace = grace
        self.stop_requests = 0
        self.wanted: Generation | None = None
        self.served: int | None = None
        """The generation that all processes served last; where a failing roll goes back to."""
        self.failures: dict[int, Beat] = {}
        self._ring: Callable[[], None] = lambda: None
        self._prepared = 0

    # Life -----------------------------------------------------------------------------------------

    def run(self) -> None:
        """Keep the processes until SIGTERM or SIGINT; return when all are gone.

        Must be called in the main thread. A second signal cuts the grace short.
        """
        adopt_orphans()
        with handled(self._request_stop) as wake:
            self._ring = wake.ring
            self.pulse.start(wake.ring)
            try:
                while not self.stop_requests:
                    self._follow()
                    self._look(wake, self._seconds_to_next())
            finally:
                self._drain(wake)
                self.pulse.stop()

    def _request_stop(self) -> None:
        self.stop_requests += 1

    def _follow(self) -> None:
        """Do whatever brings this host nearer to the wanted generation, and tell of it."""
        wanted, coming = self.pulse.aims()
        if wanted is not None:
            self.wanted = wanted
            self._converge(wanted)
            self._prepare(coming)
            self._expire()
            self._retire(wanted, coming)
        self.errands.step(self._crew_of)
        self.pulse.tell(self._beats())

    def send(self, generation: Generation, kind: str, seconds: float) -> Answer:
        """Have a process of a generation do something, and return how it ended.

        For one other thread, which does one thing at a time.
        """
        return self.errands.send(generation, kind, seconds, self._ring)

    def _converge(self, wanted: Generation) -> None:
        self.fleet.known[wanted.number] = wanted
        if wanted.state != "rolling":  # there is nothing to go back to any more
            self.failures.pop(wanted.number, None)
        goal = self._goal(wanted)
        crew = self._crew(goal) if goal is not None else None
        if crew is None or not crew.warm:
            return
        replacing = False
        for slot in self._in_order():
            replacing = slot.advance(crew, self.grace, wait=replacing)
        if all(slot.child is not None and slot.child.serves(crew) for slot in self.slots):
            self.served = crew.number

    def _prepare(self, coming: Generation | None) -> None:
        """Start to load a generation that is being made, so that its roll need not wait for it."""
        if coming is not None and coming.number > self._prepared:
            self._prepared = coming.number
            self.fleet.known[coming.number] = coming
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

    def _crew_of(self, generation: Generation) -> Crew | None:
        self.fleet.known.setdefault(generation.number, generation)
        return self._crew(generation.number)

    def _crew(self, number: int) -> Crew | None:
        """Return the zygote of a generation, started if it isn't there."""
        try:
            return self.fleet.crew(number)
        except OSError as error:
            self._fail(number, "zygote", "host", os.getpid(), f"Not started: {error}")
            return None

    def _expire(self) -> None:
        """Kill what takes too long: loading, getting ready, or draining.

        What was reported until now is heard first: should we have stood still, it is much.
        """
        now = time.monotonic()
        if self._hear():
            self._ring()  # it may ask for a step, and this round has taken its own
        self.fleet.expire(now)

    def _retire(self, wanted: Generation, coming: Generation | None) -> None:
        """Close zygotes that nobody goes back to any more, and that are not to come either."""
        if wanted.state != "current" or self.served != wanted.number:
            return
        next_one = wanted.number if coming is None else coming.number
        self.fleet.retire({wanted.number, next_one, *self.errands.generations})
        self.failures = {n: beat for n, beat in self.failures.items() if n > wanted.number}

    # What children tell ---------------------------------------------------------------------------

    def _look(self, wake: Wake, seconds: float | None) -> None:
        """Wait for a signal, a report or the time; take note of what happened."""
        wake.wait(seconds, self.fleet.reports)
        self._hear()
        self._bury()

    def _hear(self) -> bool:
        """Take note of all that was reported; return whether that was anything."""
        heard = False
        for crew, report in self.fleet.read():
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
        for pid, exit_code in buried():
            for crew in list(self.fleet.crews.values()):
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
        error = crew.error or said(exit_code)
        self.errands.ended(crew, None, 1, error)
        self.fleet.orphan(crew)
        if not crew.warm:
            self._fail(crew.number, "zygote", "host", crew.pid, error)

    def _note_death(self, crew: Crew, pid: int, exit_code: int) -> None:
        child = crew.children.pop(pid, None)
        if child is None:
            return
        kill_group(pid)
        self.errands.ended(crew, child, exit_code, child.error or said(exit_code))
        now = time.monotonic()
        slot = next((s for s in self.slots if child in (s.child, s.heir)), None)
        if slot is not None and not self.stop_requests:
            slot.drop(child)
            slot.died(now, child.started)
            if not child.leaving and exit_code != UNBORN:
                error = child.error or said(exit_code)
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
            self.fleet.pause(number, RELOAD_PAUSE)

    # Time -----------------------------------------------------------------------------------------

    def _seconds_to_next(self) -> float | None:
        """Return how long nothing is due; None while only an event can change anything."""
        now = time.monotonic()
        due = [slot.start_at for slot in self.slots if slot.start_at > now]
        due += self.fleet.due(now)
        return max(0.0, min(due) - now) + 0.01 if due else None

    def _beats(self) -> list[Beat]:
        """Return what to tell of this host."""
        settled = self._settled_on()
        beats = [
            Beat(child.name, child.kind, child.pid, crew.number, child.state, child.error)
            for crew, child in self.fleet.children
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
            crew.number not in numbers and any(child.kind == slot.kind for slot in self.slots)
            for crew, child in self.fleet.children
        )
        if not self.slots:
            return self.served
        return numbers.pop() if whole and len(numbers) == 1 and not others else None

    # End ------------------------------------------------------------------------------------------

    def _drain(self, wake: Wake) -> None:
        """Ask the children to finish, wait for them up to the grace, and kill the rest."""
        self.stop_requests = max(1, self.stop_requests)
        log.info("supervisor_draining", grace_seconds=self.grace)
        for child in self.fleet.alive:
            child.leave(self.grace)
        deadline = time.monotonic() + self.grace
        requests = self.stop_requests
        while self.fleet.alive and self.stop_requests == requests and time.monotonic() < deadline:
            self._look(wake, max(0.0, deadline - time.monotonic()))
        for child in self.fleet.alive:
            child.kill()
        self.fleet.close()
        log.info("supervisor_stopped")
