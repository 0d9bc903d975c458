"""The zygote: a process that loaded one generation and forks the web and job processes of it.

The supervisor writes lines to its standard input (first what to load, then ``web web-1``: fork a
process of that kind and name) and reads what it and its children report, a JSON object a line, from
one pipe. Loading is paid for once a host and generation; a fork is ready in a fraction of a second
and shares memory. A zygote that forks has one thread and no connection, so that nothing half done
is copied.

Every forked process holds the lifeline, a pipe whose other end only the supervisor has: when the
supervisor ends, however it does, they end.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

NAME_VARIABLE = "ANDES_PROCESS"
STANDARD_INPUT = 0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LONGEST_REPORT = 3_900
"""Bytes of a report: below PIPE_BUF, so that lines of several writers never mix."""

LOAD_FAILED = 3
"""Exit code of a zygote whose generation could not be loaded."""

UNBORN = 4
"""Exit code of a forked process whose zygote died before it began: no fault of its generation."""

LOAD_SECONDS = 30.0
"""How long loading may take, unless LOAD_SECONDS says so; then it says where it stands."""


@dataclass(frozen=True, slots=True)
class Reports:
    """Where a process tells its supervisor what became of it."""

    descriptor: int

    def warm(self) -> None:
        """Say that the generation is loaded."""
        self._tell(event="warm")

    def started(self, name: str, pid: int) -> None:
        """Say that a process was forked."""
        self._tell(event="started", name=name, pid=pid)

    def ready(self) -> None:
        """Say that this process serves."""
        self._tell(event="ready", pid=os.getpid())

    def failed(self, error: BaseException) -> None:
        """Say what ended this process before its time."""
        self.failed_with("".join(traceback.format_exception(error)))

    def failed_with(self, text: str) -> None:
        """Say in words what ended this process before its time."""
        while len(json.dumps(text)) > LONGEST_REPORT - 200:
            text = "…" + text[len(text) // 4 + 1 :]  # the end of a traceback says most
        self._tell(event="failed", pid=os.getpid(), error=text)

    def died(self, pid: int, exit_code: int) -> None:
        """Say that a forked process is gone."""
        self._tell(event="died", pid=pid, exit_code=exit_code)

    def _tell(self, **facts: Any) -> None:
        with contextlib.suppress(OSError):  # nobody listens: the lifeline ends us
            os.write(self.descriptor, json.dumps(facts).encode() + b"\n")


Kind = Callable[[Reports], None]
"""The life of a process: returns when it was told to stop and has drained."""


def run(
    load: Callable[[str], Mapping[str, Kind]],
    reports: int,
    lifeline: int,
    load_seconds: float | None = None,
) -> NoReturn:
    """Be a zygote until standard input ends.

    ``load`` takes the first line of standard input and returns what can be forked.
    """
    tell = Reports(reports)
    order = _read_line()
    try:
        with in_time(partial(_hang, tell), load_seconds or LOAD_SECONDS):
            kinds = load(order)
    except BaseException as error:  # noqa: BLE001  # code of addons can raise anything
        tell.failed(error)
        sys.exit(LOAD_FAILED)
    # What is here now stays: the collector of a child need not copy it page by page.
    gc.collect()
    gc.freeze()
    # The supervisor ends us by closing our input. A signal for a process that was just forked waits
    # until that is set up.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    tell.warm()
    with _waking() as wake:
        for line in _orders(wake, tell):
            kind, name = line.split(" ", 1)
            _fork(kinds[kind], name, tell, lifeline)
    sys.exit(0)


def _fork(kind: Kind, name: str, tell: Reports, lifeline: int) -> None:
    """Fork a process that begins once its birth was told.

    Should we be killed before, it ends: nobody would know of it.
    """
    gate, opener = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(opener)
        _live(kind, name, tell, lifeline, gate)
    os.close(gate)
    with contextlib.suppress(OSError):  # it did so itself, or is gone
        os.setpgid(pid, pid)
    tell.started(name, pid)
    with contextlib.suppress(BrokenPipeError):
        os.write(opener, b"\n")
    os.close(opener)


def _read_line() -> str:
    """Return the first line of standard input, and not a byte of what follows."""
    line = b""
    while not line.endswith(b"\n"):
        read = os.read(STANDARD_INPUT, 1)
        if not read:
            sys.exit(0)
        line += read
    return line.decode()


def _hang(tell: Reports, where: str) -> None:
    tell.failed_with(where)
    os._exit(LOAD_FAILED)


@contextlib.contextmanager
def in_time(give_up: Callable[[str], None], seconds: float) -> Iterator[None]:
    """Call ``give_up`` with a sentence and a traceback when the block takes too long."""
    loading = threading.get_ident()

    def tell() -> None:
        frames = "".join(traceback.format_stack(sys._current_frames()[loading]))
        give_up(f"Loading did not end within {seconds:g} s. It stands here:\n{frames}")

    timer = threading.Timer(seconds, tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _orders(wake: socket.socket, tell: Reports) -> Iterator[str]:
    """Yield the supervisor's lines, burying children meanwhile."""
    pending = b""
    while True:
        readable, _, _ = select.select([STANDARD_INPUT, wake.fileno()], [], [])
        if wake.fileno() in readable:
            with contextlib.suppress(BlockingIOError):
                wake.recv(4096)
            _bury(tell)
        if STANDARD_INPUT in readable:
            read = os.read(STANDARD_INPUT, 4096)
            if not read:
                return
            *lines, pending = (pending + read).split(b"\n")
            yield from (line.decode() for line in lines)


def _bury(tell: Reports) -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            tell.died(pid, os.waitstatus_to_exitcode(status))


def _live(kind: Kind, name: str, tell: Reports, lifeline: int, gate: int) -> NoReturn:
    """Be a forked process; its group is its own, so that what it starts dies with it."""
    code = 1
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (*STOP_SIGNALS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        if not os.read(gate, 1):
            os._exit(UNBORN)
        os.close(gate)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, STANDARD_INPUT)
        os.close(nothing)
        os.environ[NAME_VARIABLE] = name
        watch_lifeline(lifeline)
        kind(tell)
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException as error:  # noqa: BLE001  # the edge of the process
        traceback.print_exc()
        tell.failed(error)
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def watch_lifeline(descriptor: int) -> None:
    """End this process as soon as nobody holds the other end of the lifeline."""
    threading.Thread(target=_hold, args=(descriptor,), name="lifeline", daemon=True).start()


def _hold(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.read(descriptor, 1)
    os._exit(1)


@contextlib.contextmanager
def _waking() -> Iterator[socket.socket]:
    """Yield a socket that becomes readable when a child ends."""
    reader, writer = socket.socketpair()
    for one in (reader, writer):
        one.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    yield reader
