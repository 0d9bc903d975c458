"""Commands of ``server.py`` in a process of their own.

Loading another set of addons is nothing that a living process can do: its tables are mapped once.
What needs one, such as planning or making a change, is asked of a process that ends afterwards.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel.settings import Settings, environment

SERVER = Path(__file__).resolve().parent.parent / "server.py"
LONGEST_ERROR = 8_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed, and how it ended."""

    code: int
    output: str
    error: str


if sys.platform != "win32":
    WHERE = signal.SIGUSR1
    """Asks a process to say where it stands."""
else:
    WHERE = signal.SIGTERM

SAY_SECONDS = 2.0


def tell_where_asked() -> None:
    """Have this process write its stack to standard error when it is asked."""
    if sys.platform != "win32":
        faulthandler.register(WHERE)


def _end(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Ask a process where it stands, kill it, and return all that it wrote."""
    process.send_signal(WHERE)
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.communicate(timeout=SAY_SECONDS)
    process.kill()
    return process.communicate()


def run(settings: Settings, command: Sequence[str], seconds: float | None = None) -> Answer:
    """Return what a command of ``server.py`` says for this instance; it dies with its time."""
    with subprocess.Popen(
        [sys.executable, str(SERVER), *command],
        env={**os.environ, **environment(settings)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            output, error = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            output, error = _end(process)
            error += f"\nNo terminó en {seconds:.0f} s."
    return Answer(process.returncode, output, error.strip()[-LONGEST_ERROR:])
