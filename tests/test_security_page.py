"""docs/security.md answers every requirement that it lists, by tests that exist or by a reason."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

from kernel.manifest import ROOT
from kernel.settings import Settings
from tests import pages
from tests.pages import DOCS

PAGE = (DOCS / "security.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"\d+\.\d+\.\d+")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
MODULE = re.compile(r"`((?:kernel|addons)/[\w/]+\.py)`")
ROWS = [
    [cell.strip() for cell in line.strip("|\n ").split(" | ")]
    for line in PAGE.partition("## ASVS 5.0")[2].splitlines()
    if re.match(r"\| \d", line)
]
BY_NUMBERS = {row[0]: row for row in ROWS}


@functools.cache
def defined(path: Path) -> frozenset[str]:
    """Return the tests that a file defines at its top."""
    return frozenset(
        node.name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def test_every_requirement_of_the_list_is_answered_once() -> None:
    (block,) = [one for one in pages.blocks(PAGE, "text") if one.facts == "asvs"]
    listed = NUMBER.findall(block.text)
    answered = [number for row in ROWS for number in NUMBER.findall(row[0])]
    assert len(listed) == len(set(listed)) >= 100
    assert sorted(answered) == sorted(listed)


@pytest.mark.parametrize("numbers", BY_NUMBERS)
def test_row_names_a_control_and_tests_that_exist_or_says_why_not(numbers: str) -> None:
    row = BY_NUMBERS[numbers]
    assert re.fullmatch(r"\d+\.\d+\.\d+(, \d+\.\d+\.\d+)*", row[0])
    _, control, shown = row
    assert len(control) > 30
    assert all((ROOT / path).is_file() for path in MODULE.findall(control)), control
    named = TEST.findall(shown)
    missing = [f"{file}::{name}" for file, name in named if name not in defined(ROOT / file)]
    assert missing == []
    if not named:
        assert re.fullmatch(r"\*\*no test\*\*: .{20,}", shown)
        assert "**Not yet**: " in control
    assert shown.count("::") == len(named), "a test that is misspelt"


def test_rows_are_answered_by_tests_but_for_what_does_not_exist_yet() -> None:
    without = {numbers for numbers, row in BY_NUMBERS.items() if not TEST.search(row[2])}
    assert without == {"14.3.3"}


def test_settings_that_the_page_speaks_of_exist() -> None:
    words = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`", PAGE))
    known = {name.upper() for name in Settings.model_fields}
    assert {"TRUSTED_PROXIES", "METRICS_TOKEN", "OUTBOUND_ALLOW", "CORS_ORIGINS"} <= words
    assert words - known == {"SECRET_KEY_FILE"}
