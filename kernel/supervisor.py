"""Starts the web and job processes of one host, replaces those that die, drains them at the end.

The listening socket belongs to the supervisor and all web processes share it, so it stays open
while they are replaced and no connection is refused. Each child leads a process group: what it
started dies with it. POSIX systems only.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kernel import logging
from kernel.errors import ConfigurationError

log = logging.get(__name__)

GRACE_SECONDS = 15.0
BACKLOG = 2048
PARENT_VARIABLE = "ANDES_SUPERVISOR_PID"
NAME_VARIABLE = "ANDES_PROCESS"
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

# Three deaths within five seconds of running are a crash loop.
LOOP_DEATHS = 3
LOOP_SECONDS = 5.0
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 5.0


class PortTaken(ConfigurationError):
    """The address cannot be listened on; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """`count` processes of `argv`, which inherit the descriptors `pass_fds`."""

    name: str
    argv: Sequence[str]
    count: int
    pass_fds: Sequence[int] = ()


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


def die_with_parent() -> None:
    """Tie this process to the supervisor that started it; without a supervisor, do nothing.

    On Linux the kernel kills it at once, also when the supervisor had no time to say goodbye. Where
    that does not exist, a thread looks every second.
    """
    # Taken out, lest a program that we start believe that it is the supervisor's child.
    parent = int(os.environ.pop(PARENT_VARIABLE, "0"))
    if parent:
        _tie_to(parent)
        if sys.platform != "linux":
            threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _tie_to(parent: int) -> None:
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


@dataclass(slots=True)
class _Slot:
    """One place that always holds a living process, except while a crash loop pauses."""

    name: str
    spec: ProcessSpec
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_at: float = 0.0
    pause: float = 0.0
    lives: deque[float] = field(default_factory=lambda: deque(maxlen=LOOP_DEATHS))

    def died(self, now: float) -> None:
        """Decide when to start again: at once, or later in a crash loop."""
        self.process = None
        self.lives.append(now - self.started)
        looping = len(self.lives) == LOOP_DEATHS and sum(self.lives) < LOOP_SECONDS
        self.pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, 2 * self.pause)) if looping else 0.0
        self.start_at = now + self.pause


class Supervisor:
    """Keeps the processes of `specs` alive; `run` is its life.

    While it runs, every child of this process is the supervisor's to wait for, so that as process 1
    of a container it also buries what its children leave behind.
    """

    def __init__(
        self,
        specs: Sequence[ProcessSpec],
        *,
        env: Mapping[str, str],
        grace: float = GRACE_SECONDS,
    ) -> None:
        self.slots = [
            _Slot(f"{spec.name}-{number}", spec)
            for spec in specs
            for number in range(1, spec.count + 1)
        ]
        self.env = {**env, PARENT_VARIABLE: str(os.getpid())}
        self.grace = grace
        self.stop_requests = 0

    def run(self) -> None:
        """Start the processes and keep them until SIGTERM or SIGINT; return when all are gone.

        Must be called in the main thread. A second signal cuts the grace short.
        """
        with self._signals() as wake:
            try:
                while not self.stop_requests:
                    self._start_due()
                    wake.wait(self._seconds_to_next_start())
                    self._bury()
            finally:
                self._drain(wake)

    def _start_due(self) -> None:
        for slot in self.slots:
            if slot.process is None and slot.start_at <= time.monotonic():
                self._start(slot)

    def _start(self, slot: _Slot) -> None:
        """Start the process of a slot; when the system cannot, that counts as a death."""
        slot.started = time.monotonic()
        try:
            slot.process = self._spawn(slot)
        except OSError as fault:
            slot.died(time.monotonic())
            log.error("process_not_started", process=slot.name, reason=str(fault))
        else:
            log.info("process_started", process=slot.name, pid=slot.process.pid)

    def _spawn(self, slot: _Slot) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            slot.spec.argv,
            env={**self.env, NAME_VARIABLE: slot.name},
            stdin=subprocess.DEVNULL,
            pass_fds=slot.spec.pass_fds,
            # Ctrl-C is for the supervisor alone, which then asks each child to drain.
            process_group=0,
            # Takes no lock, so that none held by another thread at the fork can stop it.
            preexec_fn=functools.partial(_tie_to, os.getpid()),  # noqa: PLW1509
        )

    def _seconds_to_next_start(self) -> float | None:
        pending = [slot.start_at for slot in self.slots if slot.process is None]
        return max(0.0, min(pending) - time.monotonic()) if pending else None

    def _bury(self) -> None:
        """Take note of every child that died, and of strangers that were left to us."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for slot in self.slots:
                if slot.process is not None and slot.process.pid == pid:
                    exit_code = os.waitstatus_to_exitcode(status)
                    self._note_death(slot, slot.process, exit_code)

    def _note_death(self, slot: _Slot, process: subprocess.Popen[bytes], exit_code: int) -> None:
        process.returncode = exit_code
        _kill_group(process.pid)
        slot.died(time.monotonic())
        level = log.info if self.stop_requests else log.warning
        level(
            "process_died",
            process=slot.name,
            pid=process.pid,
            exit_code=exit_code,
            lived_seconds=round(slot.lives[-1], 3),
            restart_in_seconds=None if self.stop_requests else slot.pause,
        )

    def _drain(self, wake: _Wake) -> None:
        """Ask the children to finish, wait for them up to the grace, and kill the rest."""
        self.stop_requests = max(1, self.stop_requests)
        log.info("supervisor_draining", grace_seconds=self.grace)
        for process in self._alive():
            os.kill(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + self.grace
        requests = self.stop_requests
        while self._alive() and self.stop_requests == requests and time.monotonic() < deadline:
            wake.wait(max(0.0, deadline - time.monotonic()))
            self._bury()
        for process in self._alive():
            _kill_group(process.pid)
        while self._alive():
            wake.wait(1.0)
            self._bury()
        log.info("supervisor_stopped")

    def _alive(self) -> list[subprocess.Popen[bytes]]:
        return [slot.process for slot in self.slots if slot.process is not None]

    @contextlib.contextmanager
    def _signals(self) -> Iterator[_Wake]:
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
        wake = _Wake()
        try:
            yield wake
        finally:
            wake.close()
            for number, handler in old.items():
                signal.signal(number, handler)


def _kill_group(pid: int) -> None:
    """Kill a child, dead or alive, and everything that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


class _Wake:
    """Sleep that any signal ends, also one that arrives just before it begins."""

    def __init__(self) -> None:
        self.reader, self.writer = socket.socketpair()
        self.reader.setblocking(False)
        self.writer.setblocking(False)
        self.old = signal.set_wakeup_fd(self.writer.fileno(), warn_on_full_buffer=False)

    def wait(self, seconds: float | None) -> None:
        """Wait for a signal, at most `seconds`."""
        select.select([self.reader], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            self.reader.recv(4096)

    def close(self) -> None:
        """Give the wake-up back to whoever had it."""
        signal.set_wakeup_fd(self.old)
        self.reader.close()
        self.writer.close()
