"""Plugin of pytest: a fresh instance for each test, of one addon with what it depends on.

``server.py addon test NAME`` loads it. Fixtures: ``registry``, ``settings``, ``runtime``,
``shared_runtime`` and ``http``, and those of the ``testing`` modules of the addons that are
installed, such as ``connect`` of base or ``shop`` of sales. Tests marked
``needs("inventory")``, and files that import an addon which isn't installed, are left out.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url
from starlette.testclient import TestClient

from kernel import logging, manifest, processes
from kernel import registry as registries
from kernel.checks import source
from kernel.checks.imports import addon_in
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.settings import Settings
from kernel.testing import cluster, instance

_left_out: dict[str, set[str]] = {}
"""Addon that is not installed → the tests or files that need it."""


# The run ----------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Open the run that all workers share, with the fixtures of the addons under test."""
    logging.configure("WARNING")
    config.addinivalue_line("markers", "needs(addon): left out where the addon isn't installed")
    for name in instance.testing_modules(instance.under_test()):
        config.pluginmanager.register(importlib.import_module(name), name)
    cluster.begin_run()


def pytest_unconfigure() -> None:
    """Stop what the run started."""
    cluster.end_run()


def pytest_collection(session: pytest.Session) -> None:
    """Import all addons first: a test module may map tables, and then none can be extended."""
    if not session.config.pluginmanager.hasplugin("dsession"):  # which only hands out tests
        list(registries.import_plugins(instance.under_test()))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a file that imports an addon which isn't installed."""
    asked = (Path(word.partition("::")[0]) for word in config.args)
    if instance.ADDON_VARIABLE not in os.environ or not (
        collection_path.match("test_*.py") and any(map(collection_path.is_relative_to, asked))
    ):
        return None
    absent = {name for name in _addons_in(collection_path) if name not in _installed()}
    for name in absent:
        _left_out.setdefault(name, set()).add(collection_path.name)
    return True if absent else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests that need an addon which isn't installed."""
    absent = [item for item in items if _absent(item)]
    for item in absent:
        for name in _absent(item):
            _left_out.setdefault(name, set()).add(item.nodeid)
    items[:] = [item for item in items if item not in absent]
    if absent:
        config.hook.pytest_deselected(items=absent)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, and for want of which addon."""
    for name, tests in sorted(_left_out.items()):
        terminalreporter.write_line(f"Left out, for they need {name}: {', '.join(sorted(tests))}")


def _absent(item: pytest.Item) -> list[str]:
    needed = (str(name) for mark in item.iter_markers("needs") for name in mark.args)
    return [name for name in needed if name not in _installed()]


@functools.cache
def _installed() -> frozenset[str]:
    return frozenset(one.name for one in instance.under_test())


@functools.cache
def _addons_in(path: Path) -> frozenset[str]:
    """Return the addons of this host that a file imports."""
    code = source.read(path, "tests")
    known = manifest.discover()
    found = (addon_in(name, known)[0] for name in source.imports(code))
    return frozenset(name for name in found if name in known)


# Instances --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def registry() -> Registry:
    """What the addons declare; a process loads them once."""
    return registries.load(instance.under_test())


@pytest.fixture(scope="session")
def template(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of the database that every instance is copied from: addons installed, shop open."""

    def build(owner_url: str) -> None:
        app_url = make_url(owner_url).set(username=cluster.APPLICATION)
        address = app_url.render_as_string(hide_password=False)
        folder = tmp_path_factory.mktemp("template")
        instance.build(instance.settings_of(owner_url, address, folder), registry)

    cluster.ensure_template("shop", build)
    return "shop"


@pytest.fixture
def settings(template: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a fresh copy of the shop."""
    database = cluster.create_database(template)
    yield instance.settings_of(database.owner_url, database.app_url, tmp_path)
    cluster.drop_database(database.name)


@pytest.fixture
def runtime(settings: Settings, registry: Registry) -> Iterator[Runtime]:
    """The runtime of a fresh copy of the shop."""
    made = instance.runtime_of(settings, registry)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_runtime(
    template: str, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runtime]:
    """The runtime of a shop that the tests of a module share."""
    database = cluster.create_database(template)
    folder = tmp_path_factory.mktemp("shared")
    settings = instance.settings_of(database.owner_url, database.app_url, folder)
    made = instance.runtime_of(settings, registry)
    yield made
    made.close()
    cluster.drop_database(database.name)


@pytest.fixture
def http(runtime: Runtime) -> Iterator[TestClient]:
    """A client of the web application that nobody is signed in with."""
    with TestClient(processes.web_app(runtime), raise_server_exceptions=False) as client:
        yield client
