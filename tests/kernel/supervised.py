"""A supervisor with tiny children, for its tests: ``python -m tests.kernel.supervised ORDER``.

Its pulse is a folder: ``wanted`` holds the generation to serve, ``beats`` what the host tells. A
generation's action names what its zygote and its children do.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kernel import zygote
from kernel.zygote import Kind, Reports

if TYPE_CHECKING:
    from kernel.beats import Beat
    from kernel.generations import Aims, Generation

LOAD_VARIABLE = "LOAD_SECONDS"


# Children ----------------------------------------------------------------------------------------


def answer(listener: socket.socket, number: int, tell: Reports) -> None:
    """Answer each connection with this process and its generation, also the last one."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    signal.set_wakeup_fd(writer.fileno())
    listener.setblocking(False)
    tell.ready()
    while True:
        readable, _, _ = select.select([listener, reader], [], [])
        if reader in readable:
            return
        try:
            connection, _ = listener.accept()
        except BlockingIOError:  # a sibling was faster
            continue
        with connection:
            connection.sendall(f"{os.getpid()} {number}".encode())


def drain(tell: Reports) -> None:
    """Note that it was asked to end, and end."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    mark("ready", tell)
    signal.sigwait([signal.SIGTERM])
    Path(f"drained-{os.getpid()}").touch()


def stay(tell: Reports) -> None:
    """Do not end when asked to."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    mark("ready", tell)
    while True:
        signal.pause()


def breed(tell: Reports) -> None:
    """Start a process of its own."""
    with subprocess.Popen(["sleep", "100"]) as child:
        Path(f"grandchild-{child.pid}").touch()
        tell.ready()


def crash(_tell: Reports) -> None:
    """End at once."""
    sys.exit(7)


def fail(_tell: Reports) -> None:
    """Raise at once."""
    raise RuntimeError("no database")


def dawdle(_tell: Reports) -> None:
    """Never be ready."""
    time.sleep(600)


def mark(what: str, tell: Reports) -> None:
    """Leave a file with this process's number, and be ready."""
    Path(f"{what}-{os.getpid()}").touch()
    tell.ready()


def second_fails(listener: socket.socket, number: int, tell: Reports) -> None:
    """Answer as ``answer``, but for the second process."""
    if os.environ[zygote.NAME_VARIABLE].endswith("-2"):
        raise RuntimeError("the second one fails")
    answer(listener, number, tell)


# The zygote --------------------------------------------------------------------------------------


def die_at_a_birth() -> None:
    """Have the first zygote die after it told of a process, and before that may begin."""
    told = Reports.started

    def started(tell: Reports, name: str, pid: int) -> None:
        told(tell, name, pid)
        if not Path("died").exists():
            Path("died").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    Reports.started = started  # type: ignore[method-assign]


def load(listener: socket.socket, order: str) -> Mapping[str, Kind]:
    """Return what a generation's action names."""
    facts = json.loads(order)
    if facts["action"] == "raise":
        raise RuntimeError("this addon does not load")
    if facts["action"] == "hang":
        time.sleep(600)
    if facts["action"] == "stand":
        os.kill(os.getpid(), signal.SIGSTOP)
    if facts["action"] == "slow":
        time.sleep(3)
    if facts["action"] == "die-at-a-birth":
        die_at_a_birth()
    if facts["action"] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    kinds: dict[str, Kind] = {
        "answer": partial(answer, listener, facts["number"]),
        "slow": partial(answer, listener, facts["number"]),
        "die-at-a-birth": partial(answer, listener, facts["number"]),
        "second-fails": partial(second_fails, listener, facts["number"]),
        "drain": drain,
        "stay": stay,
        "breed": breed,
        "crash": crash,
        "fail": fail,
        "dawdle": dawdle,
    }
    return {"web": kinds[facts["action"]]}


def be_zygote(descriptor: int, lifeline: int, reports: int) -> None:
    """Be the program that a crew starts."""
    loading = partial(load, socket.socket(fileno=descriptor))
    zygote.run(loading, reports, lifeline, float(os.environ[LOAD_VARIABLE]))


# The supervisor ----------------------------------------------------------------------------------


class FolderPulse:
    """A pulse that follows a file; what is expanding there is to come."""

    def __init__(self) -> None:
        self._aims: Aims = (None, None)
        self._text = ""

    def start(self, wake: Callable[[], None]) -> None:
        """Begin."""
        threading.Thread(target=self._run, args=(wake,), daemon=True).start()

    def _run(self, wake: Callable[[], None]) -> None:
        from kernel.generations import Generation

        while True:
            text = Path("wanted").read_text(encoding="utf-8")
            if text != self._text:
                self._text, found = text, Generation(**json.loads(text))
                expanding = found.state == "expanding"
                self._aims = (self._aims[0], found) if expanding else (found, None)
                wake()
            time.sleep(0.01)

    def aims(self) -> Aims:
        """Return what the file says."""
        return self._aims

    def tell(self, beats: Sequence[Beat]) -> None:
        """Write the beats, whole at any moment."""
        Path("beats.new").write_text(json.dumps([asdict(one) for one in beats]), encoding="utf-8")
        Path("beats.new").replace("beats")

    def stop(self) -> None:
        """End."""
        Path("stopped").touch()


def main(order: dict[str, Any]) -> None:
    """Supervise; the port is told on standard output."""
    from kernel import crews, fleet, logging, ports, supervisor
    from kernel.crews import Crew

    logging.configure()
    crews.LOAD_GRACE = 20.0
    fleet.START_SECONDS = order["start"]
    listener = ports.listen("127.0.0.1", 0)
    print(listener.getsockname()[1], flush=True)
    program = order["program"] or [sys.executable, "-m", "tests.kernel.supervised"]

    def launch(wanted: Generation, lifeline: int, patience: float) -> Crew:
        facts = json.dumps({"number": wanted.number, "action": wanted.action})
        argv = [*program, str(listener.fileno()), str(lifeline)]
        fds = (listener.fileno(), lifeline)
        seconds = order["load"] * patience
        env = {**os.environ, LOAD_VARIABLE: str(seconds)}
        return Crew(wanted.number, argv, facts, env=env, pass_fds=fds, load_seconds=seconds)

    counts = (("web", order["count"]),)
    supervisor.Supervisor(counts, FolderPulse(), launch, grace=order["grace"]).run()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        main(json.loads(sys.argv[1]))
    else:
        be_zygote(*map(int, sys.argv[1:]))
