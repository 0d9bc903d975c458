"""The supervisor, in a process of its own, with tiny children that report through files."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from kernel.supervisor import (
    LONGEST_PAUSE,
    PARENT_VARIABLE,
    PortTaken,
    ProcessSpec,
    _Slot,
    die_with_parent,
    listen,
)

ROOT = Path(__file__).parents[2]
SUPERVISOR = """
import json, os, sys
from kernel import logging
from kernel.supervisor import ProcessSpec, Supervisor, listen
logging.configure()
listener = listen("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)
code, count, grace = json.loads(sys.argv[1])
argv = [sys.executable, "-SE", "-c", code, str(listener.fileno())]
spec = ProcessSpec("web", argv, count, pass_fds=[listener.fileno()])
Supervisor([spec], env=os.environ, grace=grace).run()
"""
# Each answers a connection with its own number.
WEB = """
import os, socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    connection, _ = listener.accept()
    connection.sendall(str(os.getpid()).encode())
    connection.close()
"""
DRAINING = """
import os, signal, sys
def finish(*_):
    open(f"drained-{os.getpid()}", "w").close()
    sys.exit(0)
signal.signal(signal.SIGTERM, finish)
open(f"ready-{os.getpid()}", "w").close()
while True:
    signal.pause()
"""
STUBBORN = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(f"ready-{os.getpid()}", "w").close()
while True:
    signal.pause()
"""
WITH_GRANDCHILD = """
import os, subprocess, time
child = subprocess.Popen(["sleep", "100"])
open(f"grandchild-{child.pid}", "w").close()
time.sleep(100)
"""
CRASHING = "raise SystemExit(7)"


def eventually(probe: Callable[[], Any], seconds: float = 20) -> Any:
    """Return the first true value of `probe`."""
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
    return found


@dataclass
class Supervised:
    """A running supervisor, its folder and its log."""

    process: subprocess.Popen[str]
    port: int
    folder: Path

    def children(self) -> list[psutil.Process]:
        return list(psutil.Process(self.process.pid).children())

    def events(self, name: str) -> list[dict[str, object]]:
        lines = (self.folder / "log").read_text().splitlines()
        return [event for line in lines if (event := json.loads(line))["event"] == name]

    def numbers(self, prefix: str) -> set[int]:
        return {int(path.name.split("-")[1]) for path in self.folder.glob(f"{prefix}-*")}

    def ask(self) -> int:
        """Return the number of the child that answers, waiting for one that lives."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            return int(connection.recv(20) or b"0")


Start = Callable[..., Supervised]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(code: str, count: int = 2, grace: float = 15.0) -> Supervised:
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", SUPERVISOR, json.dumps([code, count, grace])],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        started.append(process)
        assert process.stdout is not None
        return Supervised(process, int(process.stdout.readline()), tmp_path)

    yield run
    for process in started:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.communicate()


def living(numbers: Sequence[int] | set[int]) -> list[int]:
    return [n for n in numbers if psutil.pid_exists(n) and psutil.Process(n).status() != "zombie"]


def test_run_child_killed_is_replaced_and_no_connection_refused(start: Start) -> None:
    supervised = start(WEB)
    victim = supervised.ask()
    os.kill(victim, signal.SIGKILL)
    answers = {supervised.ask() for _ in range(50)}
    assert answers - {victim, 0}
    eventually(lambda: len(supervised.events("process_started")) == 3)
    assert len(supervised.children()) == 2
    assert all(child.status() != "zombie" for child in supervised.children())
    (death,) = supervised.events("process_died")
    assert (death["pid"], death["exit_code"]) == (victim, -9)


def test_run_every_child_killed_keeps_connections_waiting(start: Start) -> None:
    supervised = start(WEB, count=1)
    victim = supervised.ask()
    os.kill(victim, signal.SIGSTOP)
    eventually(lambda: psutil.Process(victim).status() == psutil.STATUS_STOPPED)
    with socket.create_connection(("127.0.0.1", supervised.port), timeout=20) as connection:
        os.kill(victim, signal.SIGKILL)
        assert int(connection.recv(20)) != victim


def test_run_sigterm_drains_children(start: Start) -> None:
    supervised = start(DRAINING)
    ready = eventually(lambda: len(n := supervised.numbers("ready")) == 2 and n)
    supervised.process.terminate()
    assert supervised.process.wait(20) == 0
    assert supervised.numbers("drained") == ready
    assert not living(ready)


def test_run_child_ignores_sigterm_is_killed_after_grace(start: Start) -> None:
    supervised = start(STUBBORN, count=1, grace=0.2)
    ready = eventually(lambda: supervised.numbers("ready"))
    supervised.process.terminate()
    assert supervised.process.wait(20) == 0
    assert supervised.events("process_died")[0]["exit_code"] == -9
    assert not living(ready)


def test_run_second_signal_cuts_grace_short(start: Start) -> None:
    supervised = start(STUBBORN, count=1, grace=3600)
    eventually(lambda: supervised.numbers("ready"))
    supervised.process.terminate()
    eventually(lambda: supervised.events("supervisor_draining"))
    supervised.process.terminate()
    assert supervised.process.wait(20) == 0


def test_run_supervisor_killed_takes_children_with_it(start: Start) -> None:
    supervised = start(STUBBORN)
    ready = eventually(lambda: len(n := supervised.numbers("ready")) == 2 and n)
    supervised.process.kill()
    supervised.process.wait()
    eventually(lambda: not living(ready))
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", supervised.port))


def test_run_child_killed_takes_what_it_started(start: Start) -> None:
    supervised = start(WITH_GRANDCHILD, count=1)
    grandchildren = eventually(lambda: supervised.numbers("grandchild"))
    supervised.children()[0].kill()
    eventually(lambda: not living(grandchildren))


def test_run_crash_loop_backs_off(start: Start) -> None:
    supervised = start(CRASHING, count=1)
    deaths = eventually(lambda: len(d := supervised.events("process_died")) >= 4 and d)
    assert [death["exit_code"] for death in deaths[:4]] == [7, 7, 7, 7]
    assert [death["restart_in_seconds"] for death in deaths[:4]] == [0, 0, 0.25, 0.5]
    supervised.process.terminate()
    assert supervised.process.wait(20) == 0


def test_run_missing_program_is_tried_again(tmp_path: Path) -> None:
    code = (
        "import os; from kernel import logging\n"
        "from kernel.supervisor import ProcessSpec, Supervisor\n"
        "logging.configure()\n"
        "Supervisor([ProcessSpec('web', ['/no/such/program'], 1)], env=os.environ).run()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        events = [json.loads(process.stderr.readline())["event"] for _ in range(3)]
        process.terminate()
    assert events == ["process_not_started"] * 3


def test_slot_died_pauses_grow_to_the_longest_and_reset() -> None:
    slot = _Slot("web-1", ProcessSpec("web", ["true"], 1))
    pauses = []
    for _ in range(9):
        slot.started = 100.0
        slot.died(100.1)
        pauses.append(slot.pause)
    assert pauses == [0, 0, 0.25, 0.5, 1, 2, 4, LONGEST_PAUSE, LONGEST_PAUSE]
    slot.died(3600.0)
    assert slot.pause == 0


def test_die_with_parent_without_supervisor_lives_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(PARENT_VARIABLE, raising=False)
    die_with_parent()


def test_die_with_parent_orphan_ends() -> None:
    """The supervisor died while this process was starting."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from kernel.supervisor import *; die_with_parent(); print('alive')",
        ],
        cwd=ROOT,
        env={**os.environ, PARENT_VARIABLE: "999999"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"")


def test_listen_port_taken_names_port_and_cure() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"(?s)El puerto {port} .*--port"):
            listen("127.0.0.1", port)


def test_listen_socket_is_inheritable() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert listener.get_inheritable()


def test_listen_foreign_address_explains() -> None:
    with pytest.raises(PortTaken, match=r"No se puede escuchar en 192\.0\.2\.1"):
        listen("192.0.2.1", 8000)
