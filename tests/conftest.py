"""Fixtures: an instance with a small shop in a database of its own, and clients that sign in."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url
from starlette.testclient import TestClient

from kernel import generation, lifecycle, logging, manifest, processes
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.settings import Settings, load
from tests import cluster, logscan
from tests.shop import PASSWORD, Shop, open_shop

ADDONS = sorted(manifest.discover())
"""Every addon of the tree: a new one's tests find it installed."""


def pytest_configure(config: pytest.Config) -> None:
    """Open the run that all workers share."""
    logging.configure("WARNING")
    config.pluginmanager.register(logscan.LogScan())
    cluster.begin_run()


def pytest_unconfigure() -> None:
    """Stop what the run started."""
    cluster.end_run()


def settings_of(owner_url: str, app_url: str, folder: Path, **more: Any) -> Settings:
    """Return settings for a test's database; passwords cost little, and much may be asked."""
    return load(
        _env_file=None,
        database_url=app_url,
        database_owner_url=owner_url,
        secret_key="test-only-" + "k" * 40,
        master_key=base64.b64encode(bytes(range(32))).decode(),
        data_dir=folder,
        password_cost=4,
        login_per_minute=1000,
        exports_per_minute=1000,
        **more,
    )


def runtime_of(settings: Settings, registry: Registry) -> Runtime:
    """Return the runtime of a test's instance."""
    return processes.make_runtime(settings, registry)


@pytest.fixture(scope="session")
def registry() -> Registry:
    """What our addons declare; a process loads them once."""
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    return generation.load(settings_of(nowhere, nowhere, Path("var")), ADDONS)


@pytest.fixture(scope="session")
def template(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of the database that every instance is copied from: addons installed, shop open."""

    def build(owner_url: str) -> None:
        app_url = make_url(owner_url).set(username=cluster.APPLICATION)
        folder = tmp_path_factory.mktemp("template")
        settings = settings_of(owner_url, app_url.render_as_string(hide_password=False), folder)
        runtime = runtime_of(settings, registry)
        lifecycle.migrate(runtime)
        runtime.transact(open_shop)
        runtime.close()

    cluster.ensure_template("shop", build)
    return "shop"


@pytest.fixture
def settings(template: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a fresh copy of the shop."""
    database = cluster.create_database(template)
    yield settings_of(database.owner_url, database.app_url, tmp_path)
    cluster.drop_database(database.name)


@pytest.fixture
def runtime(settings: Settings, registry: Registry) -> Iterator[Runtime]:
    """The runtime of a fresh copy of the shop."""
    made = runtime_of(settings, registry)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_runtime(
    template: str, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runtime]:
    """The runtime of a shop that the tests of a module share."""
    database = cluster.create_database(template)
    folder = tmp_path_factory.mktemp("shared")
    made = runtime_of(settings_of(database.owner_url, database.app_url, folder), registry)
    yield made
    made.close()
    cluster.drop_database(database.name)


@pytest.fixture
def shop(runtime: Runtime) -> Shop:
    """Ids of what the shop has."""
    return runtime.transact(Shop.of)


Connect = Callable[[str], TestClient]


@pytest.fixture
def connect(runtime: Runtime) -> Iterator[Connect]:
    """Return a function that gives a client signed in as a user of the shop, by first name."""
    with TestClient(processes.web_app(runtime), raise_server_exceptions=False) as base:

        def sign_in(name: str) -> TestClient:
            client = TestClient(base.app, raise_server_exceptions=False)
            client.portal = base.portal
            if name:
                answer = base.post(
                    "/api/auth/login/", json={"email": f"{name}@tienda.pe", "password": PASSWORD}
                )
                assert answer.status_code == 200, answer.text
                client.headers["Authorization"] = f"Bearer {answer.json()['access']}"
            return client

        yield sign_in


@pytest.fixture
def cajero(connect: Connect) -> TestClient:
    """A client signed in as the cashier."""
    return connect("cajero")


@pytest.fixture
def admin(connect: Connect) -> TestClient:
    """A client signed in as the administrator."""
    return connect("admin")
