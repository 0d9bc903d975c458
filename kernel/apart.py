"""Commands of ``server.py`` in a process of their own.

Loading another set of addons is nothing that a living process can do: its tables are mapped once.
What needs one, such as planning or making a change, is asked of a process that ends afterwards.
"""

from __future__ import annotations

import os
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
            process.kill()
            output, error = process.communicate()
            error += f"\nNo terminó en {seconds:g} s."
    return Answer(process.returncode, output, error.strip()[-LONGEST_ERROR:])
