"""Fixtures: those of ``kernel.testing``, with every addon of the tree; no secret may be logged."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from addons.base.testing import Connect
from kernel import manifest
from kernel.testing.fixtures import (
    http,
    pytest_collection,
    pytest_ignore_collect,
    pytest_terminal_summary,
    pytest_unconfigure,
    registry,
    runtime,
    settings,
    shared_runtime,
    template,
)
from kernel.testing.fixtures import pytest_collection_modifyitems as leave_out
from kernel.testing.fixtures import pytest_configure as configure
from kernel.testing.instance import runtime_of, settings_of
from tests import logscan, order

__all__ = [
    "ADDONS",
    "Connect",
    "http",
    "pytest_collection",
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


# How fast a busy machine makes examples says nothing about what they show.
hypothesis_settings.register_profile(
    "andes", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("andes")


@pytest.hookimpl(trylast=True)  # once what nobody asked for is left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files that take long, in every worker."""
    leave_out(config, items)
    among = order.workers(config)
    items[:] = order.dealt(items, among, length=order.seconds, file=lambda item: item.path)


def pytest_configure(config: pytest.Config) -> None:
    """Open the run, and look through all that it logs."""
    configure(config)
    config.pluginmanager.register(logscan.LogScan())
