"""Orphans: processes whose parent died, which a supervisor adopts and waits for. POSIX only."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator

PR_SET_CHILD_SUBREAPER = 36


def adopts_orphans() -> bool:
    """Return whether processes whose zygote died become the supervisor's children."""
    return sys.platform == "linux"


def adopt_orphans() -> None:
    """Become the parent of what descendants leave behind, where the system can do that."""
    if adopts_orphans():
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def buried() -> Iterator[tuple[int, int]]:
    """Yield pid and exit code of each child of ours that died, adopted or not."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, os.waitstatus_to_exitcode(status)


def said(exit_code: int) -> str:
    """Return how a process ended, for a person."""
    if exit_code < 0:
        return f"Killed by {signal.Signals(-exit_code).name}."
    return f"Ended with exit code {exit_code}."
