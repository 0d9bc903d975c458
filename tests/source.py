"""The addons of the tree, and the reading of source code that tests share with ``addon check``."""

from __future__ import annotations

from kernel import manifest
from kernel.checks.source import (
    HEAVY,
    Source,
    calls,
    clock_readings,
    decorated,
    functions,
    imports,
    kernel_sources,
    read,
    sources_of,
    texts,
)
from kernel.manifest import ROOT

__all__ = [
    "ADDONS",
    "HEAVY",
    "Source",
    "calls",
    "clock_readings",
    "decorated",
    "functions",
    "imports",
    "kernel_sources",
    "read",
    "sources_of",
    "texts",
]

ADDONS = {name: one for name, one in manifest.discover().items() if one.folder == ROOT}
"""The addons of the tree."""
