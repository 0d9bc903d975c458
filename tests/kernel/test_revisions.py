"""Revisions are read from the files of a history, without running them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel import manifest, revisions
from kernel.errors import ConfigurationError
from kernel.manifest import Manifest
from kernel.revisions import Revision
from tests.kernel import club

NEVER_RUN = 'raise SystemExit("nobody runs this")\n'


def history(folder: Path, *lines: str) -> Manifest:
    """Return an addon whose history has files with these lines."""
    club.write(folder, first=None)
    for number, line in enumerate(lines, 1):
        (folder / "migrations" / "club" / f"{number:04d}_x.py").write_text(NEVER_RUN + line)
    return manifest.survey([folder]).manifests["club"]


def linear(*contracting: bool) -> list[str]:
    """Return the lines of a history whose steps contract or not."""
    return [
        f'revision = "r{number}"\n'
        + (f'down_revision = "r{number - 1}"\n' if number else "down_revision = None\n")
        + ('phase = "contract"\n' if contracts else "")
        for number, contracts in enumerate(contracting)
    ]


def test_history_is_in_order_whatever_the_files_are_called(tmp_path: Path) -> None:
    lines = linear(False, True)[::-1]
    found = revisions.history(history(tmp_path, *lines))
    assert found == [Revision("r0", "", False), Revision("r1", "r0", True)]


def test_history_with_annotated_names_is_read_as_well(tmp_path: Path) -> None:
    lines = ["revision: str = 'a'\ndown_revision: str | None = None\nphase: str = 'contract'\n"]
    assert revisions.history(history(tmp_path, *lines)) == [Revision("a", "", True)]


def test_history_of_an_addon_without_tables_is_empty(tmp_path: Path) -> None:
    one = history(tmp_path)
    assert (revisions.history(one), revisions.head(one)) == ([], None)
    assert revisions.expanded(one, None) is None


def test_head_is_the_last_of_the_line(tmp_path: Path) -> None:
    assert revisions.head(history(tmp_path, *linear(False, False, True))) == "r2"


@pytest.mark.parametrize(
    ("second", "named"),
    [
        ('revision = "b"\ndown_revision = "lost"\n', "'b'"),
        ('down_revision = "r0"\n', "says no revision"),
    ],
)
def test_history_that_is_no_line_is_refused(tmp_path: Path, second: str, named: str) -> None:
    one = history(tmp_path, *linear(False), second)
    with pytest.raises(ConfigurationError, match=named):
        revisions.history(one)


def test_history_with_two_branches_is_refused(tmp_path: Path) -> None:
    branches = ['revision = "b"\ndown_revision = "r0"\n', 'revision = "c"\ndown_revision = "r0"\n']
    with pytest.raises(ConfigurationError, match=r"not one line.*'c'"):
        revisions.history(history(tmp_path, *linear(False), *branches))


@pytest.mark.parametrize(
    ("steps", "present", "reached"),
    [
        ((False, False), "r0", "r1"),
        ((False, False, True), "r0", "r1"),
        ((False, True), "r0", "r0"),
        ((False, True, True), "r0", "r0"),
        ((False, True), "r1", "r1"),
        ((False, True, False), "r1", "r2"),
        ((False, True, False), None, "r2"),  # nobody serves it yet
    ],
)
def test_expanded_stops_before_what_takes_away(
    tmp_path: Path, steps: tuple[bool, ...], present: str | None, reached: str
) -> None:
    assert revisions.expanded(history(tmp_path, *linear(*steps)), present) == reached


def test_expanded_with_a_step_that_adds_after_one_that_takes_away_is_refused(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigurationError, match=r"r2 adds after one that takes away"):
        revisions.expanded(history(tmp_path, *linear(False, True, False)), "r0")
