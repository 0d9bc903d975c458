"""Fixtures: those of ``kernel.testing``, with every addon of the tree; no secret may be logged."""

from __future__ import annotations

import pytest

from addons.base.testing import Connect
from kernel import manifest
from kernel.testing.fixtures import (
    http,
    pytest_collection_modifyitems,
    pytest_ignore_collect,
    pytest_terminal_summary,
    pytest_unconfigure,
    registry,
    runtime,
    settings,
    shared_runtime,
    template,
)
from kernel.testing.fixtures import pytest_configure as configure
from kernel.testing.instance import runtime_of, settings_of
from tests import logscan

__all__ = [
    "ADDONS",
    "Connect",
    "http",
    "pytest_collection_modifyitems",
    "pytest_ignore_collect",
    "pytest_terminal_summary",
    "pytest_unconfigure",
    "registry",
    "runtime",
    "runtime_of",
    "settings",
    "settings_of",
    "shared_runtime",
    "template",
]

ADDONS = sorted(manifest.discover())
"""Every addon of the tree: a new one's tests find it installed."""


def pytest_configure(config: pytest.Config) -> None:
    """Open the run, and look through all that it logs."""
    configure(config)
    config.pluginmanager.register(logscan.LogScan())
