"""The queue: what a message may be, what wakes a worker, and what a dead transport costs."""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huey import Huey
from huey.storage import PostgresStorage

from kernel.listener import JobMessages, Listener, make_huey
from kernel.queue import UNREAD, HostileMessage, HueyQueue, postgres_ddl, read_message
from kernel.settings import Settings
from tests import cluster
from tests.kernel.workshop import House, build, close, enqueue, make_settings, wait_until

ROOT = Path(__file__).parents[2]


class Exploit:
    """What a pickle could do to whoever loads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return os.mkdir, (os.fspath(self.path), 0o700)


@pytest.fixture(scope="module")
def database() -> Iterator[cluster.TestDatabase]:
    cluster.ensure_template("jobs", build)
    made = cluster.create_database("jobs")
    yield made
    cluster.drop_database(made.name)


@pytest.fixture(params=["redis", "postgresql"])
def settings(request: pytest.FixtureRequest, database: cluster.TestDatabase) -> Iterator[Settings]:
    found = make_settings(
        database.app_url, (cluster.redis_url() or "") if request.param == "redis" else ""
    )
    with open_queue(found) as huey:
        huey.storage.flush_queue()
    yield found
    with open_queue(found) as huey:
        huey.storage.flush_queue()


@contextlib.contextmanager
def open_queue(settings: Settings) -> Iterator[Huey]:
    """Lend the queue itself."""
    huey = make_huey(settings)
    yield huey
    huey.storage.close()


@contextlib.contextmanager
def sender(settings: Settings) -> Iterator[HueyQueue]:
    """Lend a sender."""
    queue = HueyQueue.from_settings(settings)
    yield queue
    queue.close()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1]",
        b"7",
        b"null",
        b'{"job": "7"}',
        b'{"job": true}',
        b'{"job": 7.0}',
        b'{"job": 0}',
        b'{"job": -7}',
        b'{"job": 9223372036854775808}',
        b'{"job": 7, "name": "x"}',
        b'{"job": [7]}',
        b"[" * 60,
        b'{"job": ' + b"1" * 100 + b"}",
        b"\xff\xfe\x00",
        pickle.dumps({"job": 7}),
    ],
)
def test_read_message_hostile_refused(data: bytes) -> None:
    with pytest.raises(HostileMessage):
        read_message(data)


def test_read_message_own_returns_id() -> None:
    messages = JobMessages()
    assert read_message(b'{"job": 9223372036854775807}') == 2**63 - 1
    assert messages.deserialize(b'{"job": 7}').args == (7,)


def test_wake_many_ids_few_messages(settings: Settings) -> None:
    with sender(settings) as queue:
        queue.wake(range(1, 1001))
    listener = Listener(settings)
    assert [listener.hear() for _ in range(4)] == [1, 2, 3, 4]
    assert listener.hear() is None
    listener.close()


def test_wake_without_listener_bounded(settings: Settings) -> None:
    with sender(settings) as queue:
        for job_id in range(1, 100):
            queue.wake([job_id])
    with open_queue(settings) as huey:
        assert huey.storage.queue_size() == UNREAD


def test_wake_message_carries_only_the_id(settings: Settings) -> None:
    with sender(settings) as queue:
        queue.wake([42])
    with open_queue(settings) as huey:
        assert huey.storage.enqueued_items() == [b'{"job": 42}']


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{port}/0", ""])
def test_wake_transport_down_never_raises_and_rests(
    url: str, database: cluster.TestDatabase
) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        address = f"postgresql+psycopg://nobody@127.0.0.1:{port}/nothing"
        queue = HueyQueue.from_settings(make_settings(address, url.format(port=port)))
        queue.wake([1])  # nobody listens: refused
        server.listen()
        server.settimeout(0.2)
        queue.wake([2])  # within the rest: not even tried
        with pytest.raises(TimeoutError):
            server.accept()


def test_postgres_ddl_is_what_huey_makes() -> None:
    assert postgres_ddl() == PostgresStorage("andes", create_tables=False).ddl


def push(huey: Huey, settings: Settings, data: bytes) -> None:
    """Write to the queue past Andes, as an intruder would."""
    if settings.redis_url:
        huey.storage.conn.lpush(huey.storage.queue_key, data)
    else:
        huey.storage.sql("INSERT INTO huey_task (queue, data) VALUES (%s, %s)", (huey.name, data))


def test_worker_hostile_messages_refused_and_survived(
    settings: Settings, database: cluster.TestDatabase, tmp_path: Path
) -> None:
    house = House(database, settings.redis_url)
    runtime = house.runtime()
    trap = tmp_path / "executed"
    with contextlib.ExitStack() as ended:
        ended.callback(close, runtime)
        huey = ended.enter_context(open_queue(settings))
        ended.enter_context(house.working(runtime, threads=1))
        for data in (pickle.dumps(Exploit(trap)), b'{"job": "x"}', b"\x1f\x8b\x00", b"[" * 60):
            push(huey, settings, data)
        house.wait(enqueue(runtime, "note", n=1), "done")
        # A worker looks for due jobs also unasked, and may have been faster than its messages.
        wait_until(lambda: huey.storage.queue_size() == 0)
    assert not trap.exists()


def test_web_process_never_imports_huey() -> None:
    program = (
        "import sys, kernel.registry, kernel.worker, kernel.queue\n"
        "sys.exit(bool({'huey', 'redis'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT).returncode == 0
