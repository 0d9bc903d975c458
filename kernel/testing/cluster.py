"""The throw-away PostgreSQL cluster and Redis of a test run, shared by all its processes.

`begin_run` and `end_run` belong to the hooks `pytest_configure` and `pytest_unconfigure`; in the
workers of pytest-xdist, which inherit the run, they do nothing. Servers start when first asked for.
With TEST_DATABASE_URL the databases are made on that server instead.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, LiteralString

import psutil
import psycopg
import redis
from psycopg import sql
from sqlalchemy import URL, make_url

from kernel.embedded import EmbeddedPostgres
from kernel.filelock import locked

RUN_VARIABLE = "ANDES_TEST_RUN"
SERVER_VARIABLE = "TEST_DATABASE_URL"
OWNER = "andes"
APPLICATION = "andes_app"
PREFIX = "andes_test_"
FOLDER_PREFIX = "andes-test-"
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108  # each run makes its own folder in it
MEMORY_NEEDED = 3 * 2**30

REDIS_DATABASES = range(15, 0, -1)
REDIS_SECONDS = 10
REDIS_ATTEMPTS = 3

_numbers = itertools.count(1)
_owned: list[Path] = []


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """A database of one test; the owner migrates, the application serves."""

    __test__: ClassVar[bool] = False

    name: str
    owner_url: str
    app_url: str


# The run ----------------------------------------------------------------------------------------


def fast_folder() -> Path:
    """Return where files are made fastest: in memory if there is plenty, else as usual.

    Copying a template database is 12 ms in memory and up to 500 ms on a cloud disk.
    """
    with contextlib.suppress(OSError):
        room = min(shutil.disk_usage(MEMORY_FOLDER).free, psutil.virtual_memory().available)
        if room > MEMORY_NEEDED and os.access(MEMORY_FOLDER, os.W_OK):
            return MEMORY_FOLDER
    return Path(tempfile.gettempdir())


def begin_run() -> None:
    """Open a run unless this process belongs to one."""
    if RUN_VARIABLE in os.environ:
        return
    _remove_dead_runs()
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-", dir=fast_folder()))
    os.environ[RUN_VARIABLE] = str(folder)
    _owned.append(folder)


def end_run() -> None:
    """Stop and delete everything of the run, if this process opened it."""
    if not _owned:
        return
    folder = _owned.pop()
    _remove_run(folder)
    os.environ.pop(RUN_VARIABLE, None)
    server.cache_clear()


def server_log() -> str:
    """Return what the run's own PostgreSQL has written so far; nothing of a server of others."""
    log = _run_folder() / "postgres" / "log" / "start.log"
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""


def _run_folder() -> Path:
    begin_run()
    return Path(os.environ[RUN_VARIABLE])


def _remove_run(folder: Path) -> None:
    ready = folder / "server.ready"
    shared_server = ready.read_text() if ready.exists() else ""
    if shared_server:
        _drop_databases(_external(shared_server), _run_prefix(folder))
    EmbeddedPostgres.throwaway(folder / "postgres").stop("immediate")
    for pid_file in folder.glob("redis-*/pid"):
        with contextlib.suppress(psutil.Error, ValueError):
            process = psutil.Process(int(pid_file.read_text()))
            if process.name() == "redis-server":
                process.kill()
    shutil.rmtree(folder, ignore_errors=True)


def _remove_dead_runs() -> None:
    """Clean up after runs that were killed."""
    for folder in fast_folder().glob(f"{FOLDER_PREFIX}*"):
        if not _alive(folder.name.split("-")[2]):
            with contextlib.suppress(OSError, RuntimeError):
                _remove_run(folder)


def _alive(pid: str) -> bool:
    return not pid.isdecimal() or psutil.pid_exists(int(pid))


# PostgreSQL -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Server:
    """Where the databases of this run are made: the administrator's address and how to copy."""

    admin: URL
    copy_strategy: LiteralString

    def url(self, database: str, user: str) -> str:
        """Return the SQLAlchemy URL of a database for one of the two roles."""
        return _text(self.admin.set(database=database, username=user))

    def execute(self, *statements: sql.Composable | LiteralString) -> None:
        """Run statements as administrator, each in its own transaction."""
        address = _text(self.admin.set(drivername="postgresql"))
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in statements:
                text = statement if isinstance(statement, str) else statement.as_string(connection)
                connection.execute(text.encode())

    def drop(self, database: str) -> None:
        """Drop a database, also while somebody is connected."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self.execute(statement.format(sql.Identifier(database)))


@functools.cache
def server() -> Server:
    """Return the server of this run, started and with both roles by the first to ask."""
    folder = _run_folder()
    with locked(folder / "server.lock"):
        shared_server = os.environ.get(SERVER_VARIABLE, "")
        found = _external(shared_server) if shared_server else _embedded(folder)
        ready = folder / "server.ready"
        if not ready.exists():
            _create_roles(found)
            ready.write_text(shared_server)
    return found


def _embedded(folder: Path) -> Server:
    cluster = EmbeddedPostgres.throwaway(folder / "postgres")
    cluster.start()
    return Server(make_url(cluster.url("postgres")), "FILE_COPY")


def _external(address: str) -> Server:
    url = make_url(address).set(drivername="postgresql+psycopg")
    found = Server(url, "WAL_LOG")
    try:
        found.execute("SELECT 1")
    except psycopg.OperationalError as fault:
        raise RuntimeError(f"No PostgreSQL at {SERVER_VARIABLE}={url!r}: {fault}") from fault
    return found


def _create_roles(found: Server) -> None:
    """Create the two roles where missing, with the administrator's password; alter none."""
    password = "" if found.admin.password is None else str(found.admin.password)
    clause = sql.SQL(" PASSWORD {}").format(sql.Literal(password)) if password else sql.SQL("")
    for name in (OWNER, APPLICATION):
        with contextlib.suppress(psycopg.errors.DuplicateObject):
            found.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)) + clause)


def create_database(template: str | None = None) -> TestDatabase:
    """Create a database, empty or as a copy of a template of `ensure_template`."""
    name = f"{_run_prefix(_run_folder())}{os.getpid()}_{next(_numbers)}"
    source = "template0" if template is None else _template_name(template)
    statement = f"CREATE DATABASE {{}} OWNER {{}} TEMPLATE {{}} STRATEGY {server().copy_strategy}"
    terse = "ALTER DATABASE {} SET log_error_verbosity = 'terse'"  # as an administrator is told to
    server().execute(
        sql.SQL(statement).format(*map(sql.Identifier, (name, OWNER, source))),
        sql.SQL(terse).format(sql.Identifier(name)),
    )
    return TestDatabase(name, server().url(name, OWNER), server().url(name, APPLICATION))


def drop_database(name: str) -> None:
    """Drop a database, also while somebody is connected."""
    server().drop(name)


def ensure_template(name: str, build: Callable[[str], None]) -> None:
    """Build the template `name` once per run; `build` fills the database at the owner's URL."""
    built = _run_folder() / f"template-{name}.built"
    with locked(built.with_suffix(".lock")):
        if built.exists():
            return
        database = _template_name(name)
        drop_database(database)
        server().execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
                sql.Identifier(database), sql.Identifier(OWNER)
            )
        )
        build(server().url(database, OWNER))
        _close_template(database)
        built.touch()


def _close_template(database: str) -> None:
    """Let nobody connect, for a database in use cannot be copied."""
    server().execute(
        sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(database)),
        sql.SQL(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = {}"
        ).format(sql.Literal(database)),
    )


def _run_prefix(folder: Path) -> str:
    return f"{PREFIX}{folder.name.split('-')[2]}_"


def _template_name(name: str) -> str:
    return f"{_run_prefix(_run_folder())}template_{name}"


def _drop_databases(found: Server, prefix: str) -> None:
    """Drop what a run left on a shared server."""
    with psycopg.connect(_text(found.admin.set(drivername="postgresql"))) as connection:
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        names = [str(name) for (name,) in connection.execute(query, [prefix])]
    for name in names:
        found.drop(name)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


# Redis ------------------------------------------------------------------------------------------


@functools.cache
def redis_url() -> str | None:
    """Return the URL of a Redis that tests of this process may empty, or None if there is none.

    An own server where `redis-server` is installed; else an empty database of the one on
    127.0.0.1:6379.

    Raises:
        RuntimeError: there is none, and CI=true forbids to leave tests out.
    """
    url = _own_redis() or _borrowed_redis()
    if url is None and os.environ.get("CI") == "true":
        raise RuntimeError("No Redis: install redis-server or start one on 127.0.0.1:6379.")
    return url


def _own_redis() -> str | None:
    program = shutil.which("redis-server")
    if program is None:
        return None
    folder = _run_folder() / f"redis-{os.getpid()}"
    folder.mkdir(mode=0o700)
    for _ in range(REDIS_ATTEMPTS):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        where = ["--bind", "127.0.0.1", "--port", port, "--dir", str(folder)]
        process = subprocess.Popen(
            [program, *where, "--save", "", "--logfile", "log"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        atexit.register(_end, process)
        if _answers(process, int(port)):
            (folder / "pid").write_text(str(process.pid))
            return f"redis://127.0.0.1:{port}/0"
        _end(process)
    return None


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Return whether this very server came up, and not another that was given the port."""
    deadline = time.monotonic() + REDIS_SECONDS
    with redis.Redis(port=port) as client:
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(redis.ConnectionError):
                return bool(client.info("server")["process_id"] == process.pid)
            time.sleep(0.01)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _borrowed_redis() -> str | None:
    for number in REDIS_DATABASES:
        client = redis.Redis(db=number)
        with contextlib.suppress(redis.RedisError):
            if client.dbsize() == 0 and client.set(RUN_VARIABLE, os.getpid(), nx=True, ex=3600):
                atexit.register(client.flushdb)
                return f"redis://127.0.0.1:6379/{number}"
    return None
