"""Heads: what the audit chain ended with at some instants, kept outside the database.

Whoever may do anything in the database can rewrite the whole chain there, and then it agrees with
itself. ``DATA_DIR/audit/head.log`` is what it does not agree with. A line is ``instant number
position hash``; a restore adds one that begins with ``restored``, and voids the heads of seals that
came after it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kernel.filelock import locked

EVERY = timedelta(hours=1)
"""How often a head is kept while the chain grows."""

RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: the number of its last seal, how many rows it holds, and its hash."""

    number: int
    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class KeptHead:
    """A head and when it was kept."""

    at: datetime
    head: Head


class HeadLog:
    """The file of one host."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "audit" / "head.log"

    def keep(self, head: Head, now: datetime, *, every: timedelta = EVERY) -> bool:
        """Append a head unless the last one is the same or recent; return whether it was kept."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(self.path.with_suffix(".lock")):
            last = self._last()
            if last is not None and (last.head == head or last.at <= now < last.at + every):
                return False
            self._append(_line(now, head))
        return True

    def replace(self, heads: Path, head: Head, now: datetime) -> None:
        """Go on from the heads of a backup, whose chain ends with ``head``; keep the old file."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(self.path.with_suffix(".lock")):
            if self.path.exists():
                self.path.rename(self.path.with_name(f"head-{now:%Y%m%dT%H%M%S%f}.log"))
            if heads.exists():
                shutil.copyfile(heads, self.path)
            self._append(f"{RESTORED} {_line(now, head)}")

    def read(self) -> dict[int, KeptHead]:
        """Return the heads that count, by the number of their seal.

        Raises:
            ValueError: a line is not one of ours; the message names it.
        """
        found: dict[int, KeptHead] = {}
        for number, line in enumerate(self._lines(), 1):
            try:
                kept = _parse(line.removeprefix(f"{RESTORED} "))
            except ValueError:
                raise ValueError(f"{self.path}:{number}") from None
            if line.startswith(RESTORED):
                found = {n: one for n, one in found.items() if n <= kept.head.number}
            if kept.head.number:
                found.setdefault(kept.head.number, kept)
        return found

    def _last(self) -> KeptHead | None:
        last = None
        for line in self._lines():
            last = line
        return _parse(last.removeprefix(f"{RESTORED} ")) if last is not None else None

    def _lines(self) -> Iterator[str]:
        if not self.path.exists():
            return
        with self.path.open(encoding="ascii", errors="replace") as file:
            for line in file:
                if line.endswith("\n"):  # a line without its end was cut by a power failure
                    yield line.rstrip("\n")

    def _append(self, line: str) -> None:
        with self.path.open("a+b") as file:
            file.seek(0, os.SEEK_END)
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(f"{line}\n".encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        self.path.chmod(0o600)


def _line(at: datetime, head: Head) -> str:
    return f"{at.isoformat(timespec='seconds')} {head.number} {head.position} {head.hash.hex()}"


def _parse(line: str) -> KeptHead:
    at, number, position, digest = line.split(" ")
    return KeptHead(
        datetime.fromisoformat(at), Head(int(number), int(position), bytes.fromhex(digest))
    )
