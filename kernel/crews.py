"""Crews: a zygote and the processes that it forked, as their supervisor sees them."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from kernel.zygote import LOAD_SECONDS

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)

WAY = 10
"""How much nicer than its supervisor a process is that gives way."""

LOAD_GRACE = 5.0
"""Seconds after which a zygote that does not even say that it hangs is killed."""


@dataclass(eq=False, slots=True)
class Child:
    """A forked process; its pid is 0 until the zygote told it."""

    crew: Crew
    kind: str
    name: str
    pid: int = 0
    ready: bool = False
    leaving: bool = False
    leave_by: float = 0.0
    error: str = ""
    started: float = field(default_factory=time.monotonic)

    @property
    def state(self) -> str:
        """What a person is told."""
        if self.leaving:
            return "draining"
        return "ready" if self.ready else "starting"

    def serves(self, crew: Crew) -> bool:
        """Return whether it is a ready process of a crew, with no intention to leave."""
        return self.crew is crew and self.ready and not self.leaving

    def hear(self, report: Mapping[str, Any]) -> None:
        """Take note of what the process says of itself."""
        if report["event"] == "ready":
            self.ready = True
        elif report["event"] == "failed":
            self.error = report["error"]

    def leave(self, grace: float) -> None:
        """Ask the process to finish what it does and end."""
        if not self.leaving:
            self.leaving, self.leave_by = True, time.monotonic() + grace
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and what it started."""
        if self.pid:
            kill_group(self.pid)

    def give_way(self) -> None:
        """Let what is to take its place load faster than it works, where both want the processor.

        A process without privileges cannot take that back: one whose change fails stays nice.
        """
        nice = os.getpriority(os.PRIO_PROCESS, 0) + WAY
        with contextlib.suppress(OSError):  # it is gone, or the system has no such folder
            for thread in Path(f"/proc/{self.pid}/task").iterdir():
                os.setpriority(os.PRIO_PROCESS, int(thread.name), nice)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Crew:
    """The zygote of a generation, and its children by pid."""

    def __init__(self, number: int, argv: Sequence[str], order: str, **how: Any) -> None:
        """Start ``argv`` with the descriptor of its reports as last argument.

        ``how`` are ``env``, ``pass_fds`` and ``load_seconds``.

        Raises:
            OSError: the program could not be started.
        """
        self.number = number
        self.warm = False
        self.error = ""
        self.silent = False
        """Whether nobody is left who could report."""
        self.children: dict[int, Child] = {}
        self._pending = b""
        self._announced: list[Child] = []
        self._early: dict[int, list[Mapping[str, Any]]] = {}
        self._load_seconds = how.get("load_seconds", LOAD_SECONDS) + LOAD_GRACE
        self._load_by = time.monotonic() + self._load_seconds
        self.reports, writer = os.pipe()
        os.set_blocking(self.reports, False)
        try:
            self._process = subprocess.Popen(
                [*argv, str(writer)],
                env=how["env"],
                stdin=subprocess.PIPE,
                pass_fds=(*how.get("pass_fds", ()), writer),
                # Ctrl-C is for the supervisor alone, which then asks each process to drain.
                process_group=0,
                # Takes no lock, so that none held by another thread at the fork can stop it.
                preexec_fn=functools.partial(_tie_to, os.getpid()),  # noqa: PLW1509
            )
        except OSError:
            os.close(self.reports)
            raise
        finally:
            os.close(writer)
        self._orders = cast("IO[bytes]", self._process.stdin)
        self.pid = self._process.pid
        self._say(order)

    @property
    def everyone(self) -> list[Child]:
        """Its processes, and those that were asked for and are not born yet."""
        return [*self.children.values(), *self._announced]

    def fork(self, kind: str, name: str) -> Child:
        """Ask for a process."""
        child = Child(self, kind, name)
        self._announced.append(child)
        self._say(f"{kind} {name}")
        return child

    def started(self, name: str, pid: int) -> Child:
        """Take note of the process that was forked for the oldest order of that name."""
        child = next(one for one in self._announced if one.name == name)
        self._announced.remove(child)
        child.pid = pid
        self.children[pid] = child
        for report in self._early.pop(pid, ()):
            child.hear(report)
        if child.leaving:
            child._signal(signal.SIGTERM)
        return child

    def hear(self, report: Mapping[str, Any]) -> None:
        """Pass on what a child says, also when it speaks before its birth was announced."""
        child = self.children.get(report["pid"])
        if child is not None:
            child.hear(report)
        else:
            self._early.setdefault(report["pid"], []).append(report)

    def _say(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # its death will be noted
            self._orders.write(line.encode() + b"\n")
            self._orders.flush()

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield what was reported meanwhile."""
        with contextlib.suppress(BlockingIOError):
            while read := os.read(self.reports, 65536):
                *lines, self._pending = (self._pending + read).split(b"\n")
                for line in lines:
                    yield json.loads(line)
            self.silent = True

    def expire(self, now: float, start_seconds: float) -> None:
        """Kill a zygote that takes too long to load or to fork."""
        late = not self.warm and self._load_by < now
        if late:  # so late that it could not even say where it stands
            self.error = self.error or f"Not loaded within {self._load_seconds:g} s."
        if late or any(child.started + start_seconds < now for child in self._announced):
            kill_group(self.pid)

    def deadlines(self, start_seconds: float) -> list[float]:
        """Return when something of the crew is overdue."""
        due = [] if self.warm else [self._load_by]
        due += [child.started + start_seconds for child in self._announced]
        for child in self.children.values():
            if child.leaving:
                due.append(child.leave_by)
            elif not child.ready:
                due.append(child.started + start_seconds)
        return due

    def ended(self, exit_code: int) -> list[Child]:
        """Take note that the zygote is gone; return what it was asked for and does not come."""
        self._process.returncode = exit_code
        self.close_input()
        unborn, self._announced = self._announced, []
        return unborn

    def close_input(self) -> None:
        """Let the zygote end; its processes go on."""
        with contextlib.suppress(OSError):
            self._orders.close()

    def close(self) -> None:
        """End the zygote."""
        self.close_input()
        if self._process.returncode is None:
            kill_group(self.pid)
            self._process.returncode = -signal.SIGKILL  # the supervisor buries it
        os.close(self.reports)


def kill_group(pid: int) -> None:
    """Kill a process, dead or alive, and everything that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _tie_to(parent: int) -> None:
    """Have the system kill this process with its parent, where it can."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
