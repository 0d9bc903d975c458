"""Locks between processes, held on a file; they end with the process, however it ends."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` against every other process and thread while the block runs."""
    with path.open("a") as handle:
        if sys.platform == "win32":
            while True:  # LK_LOCK gives up after ten seconds
                with contextlib.suppress(OSError):
                    msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)
                    break
        else:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Hold the lock file `path` while the block runs, if nobody does; yield whether we do."""
    with path.open("a") as handle:
        yield _take(handle)


@contextlib.contextmanager
def shared(path: Path) -> Iterator[Share]:
    """Be one of those who hold the lock file `path` together while the block runs."""
    with path.open("a") as handle:
        if sys.platform != "win32":  # which has no such lock: there everybody is the last
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield Share(handle)


class Share:
    """A lock that several hold together."""

    def __init__(self, handle: IO[str]) -> None:
        self._handle = handle

    def is_last(self) -> bool:
        """Give the share up; return whether nobody else has one, and then keep others out."""
        return _take(self._handle)


def _take(handle: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
