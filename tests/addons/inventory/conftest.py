"""Fixtures of inventory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from addons.inventory import services
from kernel.runtime import Runtime
from tests.conftest import Connect


@pytest.fixture
def almacen(connect: Connect) -> TestClient:
    """A client signed in as the storekeeper."""
    return connect("almacen")


@pytest.fixture
def libro(runtime: Runtime) -> Iterator[None]:
    """After the test, stock, lots, reservations and costs are what the movements come to."""
    yield
    assert runtime.transact(services.revisar_libro) is None
    assert runtime.transact(services.revisar_costos) is None
