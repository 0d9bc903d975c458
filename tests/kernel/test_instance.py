"""An instance in a folder: its PostgreSQL, who stops it, and who may serve from it."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from kernel import instance, serving
from kernel.embedded import EmbeddedPostgres
from kernel.errors import ConfigurationError
from kernel.ports import PortTaken
from kernel.runtime import Runtime
from kernel.settings import Settings
from tests.cluster import fast_folder
from tests.live import working

PATIENCE = 120.0


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder whose PostgreSQL was made, and is stopped."""
    with tempfile.TemporaryDirectory(prefix="in-", dir=fast_folder()) as name:
        made = Path(name).resolve()
        with instance.running(made):
            pass
        yield made


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def postmaster(server: EmbeddedPostgres) -> int:
    found = server._postmaster()
    assert found is not None
    return found.pid


def test_running_ends_with_the_block(folder: Path) -> None:
    with instance.running(folder) as server:
        assert server.running
    assert not server.running


def test_running_postgresql_killed_is_started_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance, "LOOK_EVERY", 0.05)
    with instance.running(folder) as server:
        first = server._postmaster()
        assert first is not None
        first.send_signal(signal.SIGKILL)
        first.wait(PATIENCE)
        wait_until(lambda: server.running)
        assert postmaster(server) != first.pid
    assert not server.running


def test_running_needed_by_two_is_stopped_by_the_last(folder: Path) -> None:
    with instance.running(folder) as server:
        with instance.running(folder):
            first = postmaster(server)
        assert server.running
        assert postmaster(server) == first
    assert not server.running


def test_alone_second_in_a_folder_is_refused(tmp_path: Path) -> None:
    with serving.alone(tmp_path, "127.0.0.1", 8001):
        with (
            pytest.raises(ConfigurationError) as refused,
            serving.alone(tmp_path, "127.0.0.1", 8002),
        ):
            pytest.fail("two serve")
        for told in (str(tmp_path), f"kill {os.getpid()}", "http://127.0.0.1:8001/"):
            assert told in str(refused.value)
        with serving.alone(tmp_path / "otra", "127.0.0.1", 8002):
            pass
    with serving.alone(tmp_path, "127.0.0.1", 8001):
        pass


def test_demo_of_a_folder_that_is_served_says_who_serves_it(tmp_path: Path) -> None:
    """Also where the first is still at its preparations, and has the port or not yet."""
    with (
        socket.create_server(("127.0.0.1", 0)) as first,
        serving.alone(tmp_path, "127.0.0.1", port := first.getsockname()[1]),
        pytest.raises(ConfigurationError, match=f"proceso {os.getpid()} .*:{port}/"),
    ):
        instance.demo(tmp_path, "127.0.0.1", port)
    assert not (tmp_path / "postgres").exists()


def test_demo_on_a_port_that_is_taken_makes_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken):
            instance.demo(tmp_path / "var", "127.0.0.1", port)
    assert not (tmp_path / "var").exists()


@pytest.mark.slow
def test_worker_command_does_jobs_on_a_host_without_pages(
    settings: Settings, runtime: Runtime
) -> None:
    query = text("SELECT count(*) FROM andes_jobs WHERE status = 'done'")
    runtime.transact(lambda ctx: ctx.enqueue("kernel.seal_audit"))
    with working(settings):
        wait_until(lambda: runtime.transact(lambda ctx: bool(ctx.session.scalar(query))))
