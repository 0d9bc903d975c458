"""The supervisor, in a process of its own, with tiny children that report through files."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from kernel.crews import WAY, Crew
from kernel.ports import PortTaken, listen
from kernel.slots import LONGEST_PAUSE, Slot

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
READY = ("web", "ready")


def eventually(probe: Callable[[], Any], seconds: float = 120) -> Any:
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

    def want(self, number: int, action: str, state: str = "rolling") -> None:
        """Have the pulse ask for a generation."""
        want(self.folder, number, action, state)

    def beats(self) -> list[dict[str, Any]]:
        """Return what the host told last of itself, of its processes and of what failed."""
        with contextlib.suppress(FileNotFoundError):
            found: list[dict[str, Any]] = json.loads((self.folder / "beats").read_text())
            return found
        return []

    def serves(self, number: int) -> bool:
        """Return whether every process of the host serves a generation, and nothing else does."""
        return any((one["kind"], one["generation"]) == ("host", number) for one in self.beats())

    def settle(self, number: int) -> set[int]:
        """Wait until a generation is served alone and return its processes."""
        eventually(lambda: self.serves(number))
        return {one["pid"] for one in self.beats() if (one["kind"], one["state"]) == READY}

    def failure(self) -> dict[str, Any]:
        """Wait for a generation that failed and return what was told of it."""
        failed = eventually(lambda: [one for one in self.beats() if one["state"] == "failed"])
        (found,) = failed
        return dict(found)

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = (self.folder / "log").read_text().splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        return [event for event in events if event["event"] == name]

    def zygote(self, number: int) -> int:
        """Return the process that forks a generation's."""
        found = [one for one in self.events("zygote_started") if one["generation"] == number]
        return int(found[-1]["pid"])

    def numbers(self, prefix: str) -> set[int]:
        return {int(path.name.split("-")[1]) for path in self.folder.glob(f"{prefix}-*")}

    def ask(self) -> tuple[int, int]:
        """Return the process that answers and its generation, waiting for one that lives."""
        address = ("127.0.0.1", self.port)
        with (
            contextlib.suppress(ConnectionResetError),
            socket.create_connection(address, timeout=30) as connection,
        ):
            pid, number = connection.recv(40).decode().split() or ("0", "0")
            return int(pid), int(number)
        return 0, 0  # it was killed with the connection in its hands


def want(folder: Path, number: int, action: str, state: str) -> None:
    facts = {"number": number, "addons": {}, "state": state, "action": action}
    (folder / "new").write_text(json.dumps(facts))
    (folder / "new").replace(folder / "wanted")


Start = Callable[..., Supervised]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(action: str, **order: Any) -> Supervised:
        order = {"count": 2, "grace": 15.0, "start": 20.0, "load": 20.0, "program": None, **order}
        want(tmp_path, 1, action, "current")
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.kernel.supervised", json.dumps(order)],
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


def living(numbers: Iterable[int]) -> list[int]:
    found = []
    for number in numbers:
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(number).status() != psutil.STATUS_ZOMBIE:
                found.append(number)
    return found


@dataclass
class Visitor(threading.Thread):
    """Asks without pause until told to stop, and keeps every answer."""

    supervised: Supervised
    answers: list[tuple[int, int]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        while not self.over.is_set():
            try:
                self.answers.append(self.supervised.ask())
                time.sleep(0.002)  # the others shall come to their turn, too
            except OSError as fault:
                self.faults.append(repr(fault))

    def __enter__(self) -> Visitor:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.over.set()
        self.join()

    def well(self) -> bool:
        """Return whether there were answers, and each connection had one."""
        return bool(self.answers) and not self.faults and all(pid for pid, _ in self.answers)


# Processes that die ------------------------------------------------------------------------------


def test_run_child_killed_is_replaced_and_no_connection_refused(start: Start) -> None:
    supervised = start("answer")
    supervised.settle(1)
    victim, _ = supervised.ask()
    os.kill(victim, signal.SIGKILL)
    answers = {supervised.ask()[0] for _ in range(50)}
    assert answers - {victim, 0}
    eventually(lambda: len(supervised.events("process_started")) == 3)
    eventually(lambda: len(living(supervised.settle(1))) == 2)
    assert psutil.Process(supervised.zygote(1)).ppid() == supervised.process.pid
    tree = psutil.Process(supervised.process.pid).children(recursive=True)
    assert all(child.status() != psutil.STATUS_ZOMBIE for child in tree)
    (death,) = supervised.events("process_died")
    assert (death["pid"], death["exit_code"]) == (victim, -9)


def test_run_every_child_killed_keeps_connections_waiting(start: Start) -> None:
    supervised = start("answer", count=1)
    victim, _ = supervised.ask()
    os.kill(victim, signal.SIGSTOP)
    eventually(lambda: psutil.Process(victim).status() == psutil.STATUS_STOPPED)
    with socket.create_connection(("127.0.0.1", supervised.port), timeout=30) as connection:
        os.kill(victim, signal.SIGKILL)
        assert int(connection.recv(40).split()[0]) != victim


def test_run_child_killed_takes_what_it_started(start: Start) -> None:
    supervised = start("breed", count=1)
    (victim,) = supervised.settle(1)
    first = supervised.numbers("grandchild")
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: not living(first))


def test_run_crash_loop_backs_off(start: Start) -> None:
    supervised = start("crash", count=1)
    deaths = eventually(lambda: len(d := supervised.events("process_died")) >= 4 and d)
    assert [death["exit_code"] for death in deaths[:4]] == [7, 7, 7, 7]
    assert [death["restart_in_seconds"] for death in deaths[:4]] == [0, 0, 0.25, 0.5]
    supervised.process.terminate()
    assert supervised.process.wait(20) == 0


def test_run_zygote_killed_children_live_on_and_follow_a_new_one(start: Start) -> None:
    supervised = start("answer")
    before = supervised.settle(1)
    old = supervised.zygote(1)
    with Visitor(supervised) as visitor:
        os.kill(old, signal.SIGKILL)
        eventually(lambda: supervised.zygote(1) != old)
        eventually(lambda: supervised.settle(1).isdisjoint(before))
    assert visitor.well()
    assert {pid for pid, _ in visitor.answers} & before
    assert not living([old])
    eventually(lambda: not living(before))


def test_run_zygote_killed_its_children_are_still_buried(start: Start) -> None:
    supervised = start("stay", grace=0.2)
    before = supervised.settle(1)
    os.kill(supervised.zygote(1), signal.SIGKILL)
    eventually(lambda: not living(before))
    deaths = eventually(lambda: len(d := supervised.events("process_died")) == 2 and d)
    assert {one["pid"]: one["exit_code"] for one in deaths} == dict.fromkeys(before, -9)
    eventually(lambda: len(living(supervised.settle(1))) == 2)


def test_run_zygote_that_does_not_fork_any_more_is_replaced(start: Start) -> None:
    supervised = start("crash", count=1, start=2.0)
    eventually(
        lambda: [it for it in supervised.events("process_died") if it["restart_in_seconds"] >= 1]
    )
    stuck = supervised.zygote(1)
    os.kill(stuck, signal.SIGSTOP)
    eventually(lambda: supervised.zygote(1) != stuck)
    assert not living([stuck])


def test_run_missing_program_is_tried_again(start: Start) -> None:
    supervised = start("answer", program=["/no/such/program"])
    eventually(lambda: len(supervised.events("generation_not_loaded")) >= 2)
    supervised.process.terminate()
    assert supervised.process.wait(20) == 0


def test_run_current_generation_that_does_not_load_is_tried_again(start: Start) -> None:
    supervised = start("raise")
    faults = eventually(lambda: len(f := supervised.events("generation_not_loaded")) >= 2 and f)
    assert "RuntimeError: this addon does not load" in faults[0]["error"]
    descriptors = psutil.Process(supervised.process.pid).num_fds
    before = descriptors()
    eventually(lambda: len(supervised.events("generation_not_loaded")) >= 4)
    assert descriptors() <= before + 2  # those of the zygote that loads just now
    supervised.want(1, "answer", "current")
    assert len(supervised.settle(1)) == 2


def test_run_current_generation_that_loads_slowly_is_given_more_time(start: Start) -> None:
    supervised = start("slow", load=1.0)
    assert len(supervised.settle(1)) == 2
    assert supervised.events("generation_not_loaded")


# The end -----------------------------------------------------------------------------------------


def test_run_sigterm_drains_children(start: Start) -> None:
    supervised = start("drain")
    ready = supervised.settle(1)
    supervised.process.terminate()
    assert supervised.process.wait(20) == 0
    assert supervised.numbers("drained") == ready
    assert not living([*ready, supervised.zygote(1)])
    assert (supervised.folder / "stopped").exists()


def test_run_child_ignores_sigterm_is_killed_after_grace(start: Start) -> None:
    supervised = start("stay", count=1, grace=0.2)
    ready = supervised.settle(1)
    supervised.process.terminate()
    assert supervised.process.wait(20) == 0
    assert not living(ready)


def test_run_second_signal_cuts_grace_short(start: Start) -> None:
    supervised = start("stay", count=1, grace=3600)
    ready = supervised.settle(1)
    supervised.process.terminate()
    eventually(lambda: supervised.events("supervisor_draining"))
    supervised.process.terminate()
    assert supervised.process.wait(20) == 0
    eventually(lambda: not living(ready))


@pytest.mark.parametrize("event", ["zygote_started", "zygote_warm", "process_started"])
def test_run_sigterm_while_it_starts_ends_at_once(start: Start, event: str) -> None:
    supervised = start("drain", grace=3600)
    eventually(lambda: supervised.events(event))
    supervised.process.terminate()
    assert supervised.process.wait(20) == 0


def test_run_supervisor_killed_takes_all_with_it(start: Start) -> None:
    supervised = start("stay")
    ready = supervised.settle(1)
    supervised.process.kill()
    supervised.process.wait()
    eventually(lambda: not living([*ready, supervised.zygote(1)]))
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", supervised.port))


# From one generation to the next -----------------------------------------------------------------


def test_run_roll_answers_throughout_and_ends_with_the_new_one_alone(start: Start) -> None:
    supervised = start("answer")
    before = supervised.settle(1)
    with Visitor(supervised) as visitor:
        supervised.want(2, "answer")
        after = supervised.settle(2)
        supervised.want(2, "answer", "current")
        eventually(lambda: not living([*before, supervised.zygote(1)]))
        eventually(lambda: visitor.answers[-1][1] == 2)
    assert visitor.well()
    assert {number for _, number in visitor.answers} == {1, 2}
    assert len(after) == 2
    assert after.isdisjoint(before)
    assert living(after) == list(after)


def test_run_generation_to_come_is_loaded_beforehand_and_served_from_then_on(start: Start) -> None:
    supervised = start("answer")
    before = supervised.settle(1)
    supervised.want(2, "answer", "expanding")
    eventually(lambda: [e for e in supervised.events("zygote_warm") if e["generation"] == 2])
    zygote = supervised.zygote(2)
    nicer = [os.getpriority(os.PRIO_PROCESS, pid) for pid in [zygote, *before]]
    assert supervised.serves(1)
    supervised.want(2, "answer")
    after = supervised.settle(2)
    assert supervised.zygote(2) == zygote
    base = os.getpriority(os.PRIO_PROCESS, 0)
    assert nicer == [base, *[min(19, base + WAY)] * 2]
    assert [os.getpriority(os.PRIO_PROCESS, pid) for pid in after] == [base] * 2


def test_run_old_child_leaves_only_after_the_new_one_is_ready(start: Start) -> None:
    supervised = start("drain")
    before = supervised.settle(1)
    supervised.want(2, "dawdle")
    eventually(lambda: len(supervised.events("process_started")) == 3)
    assert supervised.numbers("drained") == set()
    # One is tried, the others stay as they are; then another generation takes its place.
    assert len(supervised.events("process_started")) == 3
    supervised.want(3, "drain")
    supervised.settle(3)
    assert supervised.numbers("drained") == before


def test_run_supervisor_stopped_in_a_roll_goes_on_with_it(start: Start) -> None:
    supervised = start("answer", start=2.0)
    supervised.settle(1)
    supervised.want(2, "answer")
    eventually(lambda: len(supervised.events("process_started")) >= 3)
    os.kill(supervised.process.pid, signal.SIGSTOP)
    time.sleep(2.5)  # longer than a process may take to start
    os.kill(supervised.process.pid, signal.SIGCONT)
    assert len(supervised.settle(2)) == 2
    assert not supervised.events("roll_failed")


@pytest.mark.parametrize(
    ("action", "process", "error"),
    [
        ("raise", "zygote", "RuntimeError: this addon does not load"),
        ("hang", "zygote", "time.sleep(600)"),
        ("stand", "zygote", "Not loaded within"),
        ("die", "zygote", "SIGKILL"),
        ("crash", "web-1", "exit code 7"),
        ("fail", "web-1", "RuntimeError: no database"),
        ("dawdle", "web-1", "Not ready within 4 s"),
        ("second-fails", "web-2", "RuntimeError: the second one fails"),
    ],
)
def test_run_generation_that_fails_leaves_the_old_one_and_says_why(
    start: Start, action: str, process: str, error: str
) -> None:
    supervised = start("answer", load=2.0, start=4.0)
    supervised.settle(1)
    with Visitor(supervised) as visitor:
        supervised.want(2, action)
        failure = supervised.failure()
        supervised.want(1, "answer", "current")
        after = supervised.settle(1)
    assert visitor.well()
    assert (failure["name"], failure["generation"]) == (process, 2)
    assert error in failure["error"]
    assert sorted(living(after)) == sorted(after)
    eventually(lambda: not living([supervised.zygote(2)]))
    assert supervised.failure() == failure  # whoever asks later is still told
    supervised.want(3, "answer")
    supervised.settle(3)


def test_run_generation_that_failed_here_and_became_the_current_one_is_tried_again(
    start: Start,
) -> None:
    """The other hosts served it, and this one was not waited for."""
    supervised = start("answer")
    supervised.settle(1)
    supervised.want(2, "raise")
    supervised.failure()
    supervised.want(2, "answer", "current")
    eventually(lambda: supervised.ask()[1] == 2)
    eventually(lambda: all(one["state"] == "ready" for one in supervised.beats()))


def test_run_child_killed_in_mid_roll_goes_back(start: Start) -> None:
    supervised = start("answer", count=3)
    supervised.settle(1)
    with Visitor(supervised) as visitor:
        supervised.want(2, "answer")
        newer = eventually(
            lambda: [it for it in supervised.beats() if it["generation"] == 2 and it["pid"]]
        )
        os.kill(newer[0]["pid"], signal.SIGKILL)
        failure = supervised.failure()
        supervised.want(1, "answer", "current")  # as the conductor does, if all served it already
        supervised.settle(1)
    assert "SIGKILL" in failure["error"]
    assert not visitor.faults
    assert supervised.ask()[1] == 1


def test_run_zygote_killed_in_mid_roll_goes_on(start: Start) -> None:
    supervised = start("answer", count=3)
    supervised.settle(1)
    with Visitor(supervised) as visitor:
        supervised.want(2, "answer")
        eventually(lambda: any(it["generation"] == 2 for it in supervised.beats()))
        os.kill(supervised.zygote(2), signal.SIGKILL)
        supervised.settle(2)
    assert visitor.well()
    assert len(supervised.settle(2)) == 3


def test_run_zygote_killed_before_what_it_told_of_could_begin_goes_on(start: Start) -> None:
    supervised = start("answer", count=3)
    supervised.settle(1)
    with Visitor(supervised) as visitor:
        supervised.want(2, "die-at-a-birth")
        assert len(supervised.settle(2)) == 3
    assert visitor.well()
    assert supervised.events("zygote_died")


def test_run_roll_asked_for_while_another_goes_on(start: Start) -> None:
    supervised = start("answer", count=3)
    supervised.settle(1)
    with Visitor(supervised) as visitor:
        supervised.want(2, "answer")
        eventually(lambda: any(it["generation"] == 2 for it in supervised.beats()))
        supervised.want(3, "answer")
        last = supervised.settle(3)
        supervised.want(3, "answer", "current")
        eventually(lambda: not living([supervised.zygote(1), supervised.zygote(2)]))
    assert visitor.well()
    started = {one["pid"] for one in supervised.events("process_started")}
    assert set(living(started)) == last


def test_run_generation_asked_back_in_mid_roll(start: Start) -> None:
    """The conductor gives a roll up, though nothing failed here."""
    supervised = start("answer", count=3)
    supervised.settle(1)
    with Visitor(supervised) as visitor:
        supervised.want(2, "answer")
        eventually(lambda: any(it["generation"] == 2 for it in supervised.beats()))
        supervised.want(1, "answer", "current")
        supervised.settle(1)
    assert visitor.well()
    assert supervised.ask()[1] == 1


# Birth -------------------------------------------------------------------------------------------


@pytest.fixture
def crew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Crew]]:
    """Return a function that starts a warm crew whose children are of one action."""
    monkeypatch.chdir(tmp_path)
    lifeline, life = os.pipe()
    listener = listen("127.0.0.1", 0)
    made: list[Crew] = []

    def begin(action: str) -> Crew:
        argv = [sys.executable, "-m", "tests.kernel.supervised"]
        one = Crew(
            1,
            [*argv, str(listener.fileno()), str(lifeline)],
            json.dumps({"number": 1, "action": action}),
            env={**os.environ, "PYTHONPATH": str(ROOT), "LOAD_SECONDS": "20"},
            pass_fds=(listener.fileno(), lifeline),
        )
        made.append(one)
        assert next(heard(one))["event"] == "warm"
        return one

    yield begin
    os.close(life)
    os.close(lifeline)
    for one in made:
        one.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(one.pid, 0)
    listener.close()


def heard(crew: Crew) -> Iterator[dict[str, Any]]:
    """Yield reports until nobody is left who could write one."""
    while not crew.silent:
        yield from crew.read()
        time.sleep(0.001)


def test_fork_signal_at_the_moment_of_birth_is_not_lost(crew: Callable[[str], Crew]) -> None:
    one = crew("dawdle")
    reports = heard(one)
    for number in range(40):
        one.fork("web", f"web-{number}")
        born = next(reports)
        os.kill(born["pid"], signal.SIGTERM)
        died = next(reports)
        assert (died["event"], died["pid"], died["exit_code"]) == ("died", born["pid"], -15)


def test_fork_zygote_killed_meanwhile_leaves_nobody_unknown(crew: Callable[[str], Crew]) -> None:
    for number in range(5):
        one = crew("drain")
        for child in range(30):
            one.fork("web", f"web-{child}")
        time.sleep(0.004 * number)
        os.kill(one.pid, signal.SIGKILL)
        os.waitpid(one.pid, 0)
        one.ended(-9)
        told, began = set(), set()
        for report in heard(one):
            (told if report["event"] == "started" else began).add(report["pid"])
            if report["event"] == "ready":
                os.kill(report["pid"], signal.SIGTERM)
        assert began <= told


# Places and addresses ----------------------------------------------------------------------------


def test_slot_died_pauses_grow_to_the_longest_and_reset() -> None:
    slot = Slot("web-1", "web")
    pauses = []
    for _ in range(9):
        slot.died(100.1, 100.0)
        pauses.append(slot.pause)
    assert pauses == [0, 0, 0.25, 0.5, 1, 2, 4, LONGEST_PAUSE, LONGEST_PAUSE]
    slot.died(3600.0, 100.0)
    assert slot.pause == 0


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
