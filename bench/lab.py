"""The lab: a temporary folder with everything that one benchmark starts.

A real PostgreSQL 18 with fsync on and the product's own parameters, processes with their logs, a
Redis where ``redis-server`` is installed. All of it ends with the ``with`` block, come what may.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any, Self

import psutil
import psycopg

from kernel import logging
from kernel.embedded import EmbeddedPostgres

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0
STOP_SECONDS = 10.0


class LabError(RuntimeError):
    """Something of the benchmark itself did not work; the message says what and where to look."""


@dataclass
class Lab:
    """A folder, a PostgreSQL cluster in it, and the processes of one benchmark."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="andes-bench-")))
    postgres: EmbeddedPostgres = field(init=False)
    processes: list[subprocess.Popen[Any]] = field(default_factory=list)
    keep: bool = False

    def __post_init__(self) -> None:
        self.postgres = EmbeddedPostgres(self.folder / "pg")

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        logging.configure("WARNING", "console")
        try:
            self.postgres.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and not isinstance(error, KeyboardInterrupt | SystemExit):
            self._show_logs()
        self.close()

    def close(self) -> None:
        """End every process, stop PostgreSQL, remove the folder."""
        for process in reversed(self.processes):
            end(process)
        self.postgres.stop("immediate")
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _show_logs(self) -> None:
        for log in sorted(self.folder.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()
            faults = [line for line in lines if '"event":"request"' not in line][-12:]
            if faults:
                print(f"--- {log.name}", *faults, sep="\n", file=sys.stderr)

    # Processes ----------------------------------------------------------------------------------

    def spawn(
        self,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Start a process of the benchmark in a group of its own, its output in ``name.log``."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                argv,
                cwd=ROOT,
                env=environment(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def pipe(
        self,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[str]:
        """Start a process that takes orders on standard input and answers on standard output."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                argv,
                cwd=ROOT,
                env=environment(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def redis(self) -> str | None:
        """Return the URL of a Redis of our own, or None where it is not installed."""
        program = shutil.which("redis-server")
        if program is None:
            return None
        port = free_port()
        where = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(self.folder)]
        self.spawn("redis", [program, *where, "--save", "", "--appendonly", "no"])
        wait_for(lambda: _listens(port), f"redis-server on port {port}")
        return f"redis://127.0.0.1:{port}/0"

    # Databases ----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def connection(self, database: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Open a connection of the administrator."""
        with psycopg.connect(self.postgres.dsn(database), autocommit=True) as connection:
            yield connection

    def copy_database(self, name: str, template: str, owner: str) -> None:
        """Create a database as a copy of another that nobody uses."""
        self.postgres.create_database(name, owner=owner, template=template)

    @property
    def postmaster(self) -> int:
        """The process id of PostgreSQL."""
        return int((self.postgres.data / "postmaster.pid").read_text().split("\n", 1)[0])

    @property
    def socket_folder(self) -> Path:
        """Where PostgreSQL listens."""
        return self.postgres.directory / "run"


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a process: ours, and bytecode is kept as on anybody's machine."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **(more or {})}


def end(process: subprocess.Popen[Any], seconds: float = STOP_SECONDS) -> None:
    """End a process that we started, and what it started itself."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout):
        _close(stream)


def _close(stream: IO[Any] | None) -> None:
    if stream is not None:
        with contextlib.suppress(OSError):
            stream.close()


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process, of its living children and of those that ended."""
    total = 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])
    return total


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> float:
    """Wait until the condition holds and return how long it took.

    Raises:
        LabError: it did not hold in time.
    """
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise LabError(f"{what}: not within {seconds:g} s")
        time.sleep(0.01)
    return time.monotonic() - started


def answers(url: str) -> bool:
    """Return whether an address of ours answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
