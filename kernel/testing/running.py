"""``server.py addon test``: pytest over one addon's tests, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from kernel import manifest
from kernel.checks.subject import Subject
from kernel.errors import ConfigurationError
from kernel.manifest import ROOT, Manifest
from kernel.testing.cluster import RUN_VARIABLE
from kernel.testing.instance import ADDON_VARIABLE


def run(name: str, roots: Iterable[Path], words: Sequence[str]) -> int:
    """Return how pytest ended over the tests of an addon; the words are pytest's.

    Raises:
        ConfigurationError: there is no such addon, it has no tests, or pytest is missing.
    """
    roots = tuple(roots)
    found = manifest.discover(roots)
    if name not in found:
        raise ConfigurationError(f"There is no addon «{name}» here; there are: {sorted(found)}.")
    if find_spec("pytest") is None:
        raise ConfigurationError("pytest is not installed here: `make check` installs the tools.")
    tests = Subject(found[name], found).tests
    if tests is None:
        raise ConfigurationError(f"The addon «{name}» has no tests; see docs/addons.md.")
    ours = tests.is_relative_to(ROOT)
    plugin = () if ours else ("-p", "kernel.testing.fixtures", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugin, str(tests), *words],
        check=False,
        cwd=ROOT if ours else tests.parent,
        env=_environment(found[name], roots),
    )
    return done.returncode


def _environment(one: Manifest, roots: Sequence[Path]) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if key != RUN_VARIABLE}
    places = [str(it) for it in (ROOT, *roots)]
    given = os.environ.get("PYTHONPATH", "")
    return {
        **inherited,
        ADDON_VARIABLE: one.name,
        "ADDON_ROOTS": ",".join(map(str, roots)),
        "PYTHONPATH": os.pathsep.join([*places, *filter(None, [given])]),
    }
