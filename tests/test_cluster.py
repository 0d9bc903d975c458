"""The throw-away cluster itself: copies are fresh, templates are built once, nothing is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from tests import cluster

ROOT = Path(__file__).parents[1]
RUN = """
import json, os, sys
from pathlib import Path
from tests import cluster
cluster.begin_run()
made = cluster.create_database()
print(json.dumps([os.environ[cluster.RUN_VARIABLE], made.name, cluster.redis_url()]), flush=True)
if sys.argv[1] == "end":
    cluster.end_run()
else:
    os.kill(os.getpid(), 9)
"""


def build(url: str) -> None:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT current_user::text AS owner")


def build_again(url: str) -> None:
    raise AssertionError(f"built twice: {url}")


def read(url: str, query: str) -> object:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def run_elsewhere(how: str) -> tuple[Path, str, str | None]:
    environment = {k: v for k, v in os.environ.items() if k != cluster.RUN_VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", RUN, how],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    folder, name, url = json.loads(done.stdout)
    return Path(folder), name, url


def on_shared_server(name: str) -> bool:
    """Return whether a database of another run is on the server that this run uses too."""
    address = cluster.server().url("postgres", cluster.OWNER)
    return bool(read(address, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'"))


def test_create_database_from_template_copies_what_was_built() -> None:
    name = f"mine_{os.getpid()}"
    cluster.ensure_template(name, build)
    cluster.ensure_template(name, build_again)
    first, second = cluster.create_database(name), cluster.create_database(name)
    assert first.name != second.name
    assert read(first.owner_url, "SELECT owner FROM kept") == cluster.OWNER
    assert read(second.app_url, "SELECT current_user") == cluster.APPLICATION
    for made in (first, second):
        cluster.drop_database(made.name)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        read(first.owner_url, "SELECT 1")


def test_ensure_template_build_fails_is_tried_again() -> None:
    name = f"failing_{os.getpid()}"
    with pytest.raises(AssertionError, match="built twice"):
        cluster.ensure_template(name, build_again)
    cluster.ensure_template(name, build)


def test_drop_database_while_connected_drops() -> None:
    made = cluster.create_database()
    with psycopg.connect(made.owner_url.replace("+psycopg", "")) as connection:
        cluster.drop_database(made.name)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


@pytest.mark.redis
def test_redis_url_server_may_be_emptied() -> None:
    url = cluster.redis_url()
    assert url is not None
    with redis.Redis.from_url(url) as client:
        assert client.set("kept", "1")
        assert client.flushdb()


def test_end_run_leaves_nothing() -> None:
    folder, name, url = run_elsewhere("end")
    assert not folder.exists()
    if cluster.SERVER_VARIABLE in os.environ:
        left = cluster.server().url("postgres", cluster.OWNER)
        assert read(left, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 0
    if url is not None and not url.startswith("redis://127.0.0.1:6379/"):
        with pytest.raises(redis.ConnectionError), redis.Redis.from_url(url) as client:
            client.ping()


def test_begin_run_after_a_killed_run_removes_it() -> None:
    killed, name, _ = run_elsewhere("die")
    assert killed.exists()
    run_elsewhere("end")
    assert not killed.exists()
    assert not on_shared_server(name)
