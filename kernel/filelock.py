"""A lock between processes, held on a file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

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
