"""Revisions of an addon, read from the files of its history without importing Alembic or them.

A revision whose file says ``phase = "contract"`` takes something away that the code before it still
uses: it is run only when every process serves the new generation (``kernel.lifecycle``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kernel.errors import ConfigurationError
from kernel.manifest import Manifest

_FACT = re.compile(
    r"""^(revision|down_revision|phase)(?:\s*:[^=]+)?\s*=\s*["']([^"']+)["']""", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of a history."""

    id: str
    before: str
    contracts: bool


@dataclass(frozen=True, slots=True)
class Step:
    """An addon whose tables change: its revisions before (None: none) and after."""

    addon: str
    before: str | None
    after: str | None
    phase: str = "expand"
    """``expand``, or ``contract``: once every process serves the new generation."""


def history(manifest: Manifest) -> list[Revision]:
    """Return the revisions of an addon, oldest first.

    Raises:
        ConfigurationError: they are not one line; the message names the folder.
    """
    found = [_read(path) for path in sorted(manifest.migrations.glob("*.py"))]
    after = {one.before: one for one in reversed(found)}
    line: list[Revision] = []
    while (step := after.pop(line[-1].id if line else "", None)) is not None:
        line.append(step)
    if left := sorted(one.id for one in found if one not in line):
        raise ConfigurationError(
            f"{manifest.migrations}: the revisions are not one line; {left} stand beside it."
        )
    return line


def _read(path: Path) -> Revision:
    facts = dict(_FACT.findall(path.read_text(encoding="utf-8")))
    if "revision" not in facts:
        raise ConfigurationError(f"{path}: says no revision.")
    return Revision(
        facts["revision"], facts.get("down_revision", ""), facts.get("phase") == "contract"
    )


def head(manifest: Manifest) -> str | None:
    """Return the newest revision of an addon; None where it has no history."""
    line = history(manifest)
    return line[-1].id if line else None


def knows(manifest: Manifest, present: str | None) -> bool:
    """Return whether the history leads over a revision; over none, it always does."""
    return present is None or present in (one.id for one in history(manifest))


def strangers(manifests: Iterable[Manifest], present: Mapping[str, str | None]) -> list[str]:
    """Return a sentence for each addon whose tables are of a revision unknown here."""
    return [
        f"Las tablas de «{one.name}» están en la revisión {present[one.name]}, que dejó una versión"
        f" posterior; el código de este equipo es de la {one.version} y llega hasta la "
        f"{head(one) or 'ninguna'}. Instale aquí la versión que tiene esa revisión, o una "
        "posterior, y ejecute «server.py migrate»."
        for one in manifests
        if not knows(one, present.get(one.name))
    ]


def expanded(manifest: Manifest, present: str | None) -> str | None:
    """Return how far a history may go while processes of before are still serving.

    Raises:
        ConfigurationError: a step that adds follows one that takes away; they are two releases.
    """
    line = history(manifest)
    ids = [one.id for one in line]
    if present is not None and present not in ids:
        return present  # of a later version: this code knows no way on from there
    ahead = line[ids.index(present) + 1 :] if present in ids else line
    adding = [one for one in ahead if not one.contracts]
    if present is None:
        return ids[-1] if ids else None  # nobody serves what is new
    if adding != ahead[: len(adding)]:
        raise ConfigurationError(
            f"{manifest.name}: the revision {adding[-1].id} adds after one that takes away; "
            "release them one after the other."
        )
    return adding[-1].id if adding else present
