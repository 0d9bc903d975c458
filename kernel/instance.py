"""An instance in a folder: embedded PostgreSQL, secrets, files; what ``demo`` and a laptop use."""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import typer

from kernel import demo as demonstration
from kernel import filelock, installing, logging, processes, serving
from kernel.embedded import EmbeddedError, EmbeddedPostgres
from kernel.errors import ConfigurationError
from kernel.ports import listen
from kernel.secrets import generate_key
from kernel.settings import Settings, environment, load

log = logging.get(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks at whether PostgreSQL runs."""

OWNER = "andes"
APPLICATION = "andes_app"
DATABASE = "andes"
ADDONS = ["base", "sales", "inventory", "sunat"]


def demo(data: Path, host: str, port: int) -> None:
    """Serve the demo company until stopped; the first start makes it.

    Raises:
        ConfigurationError: the port is taken, or somebody serves from this folder already.
    """
    data = data.resolve()
    serving.check_free(data)  # who serves from it may well be who has the port
    listen(host, port).close()  # before anything is made
    _make(data)
    logging.configure("WARNING", "console")
    with serving.alone(data, host, port), running(data) as server:
        settings = prepare(data, server, host, port)
        password = _fill(settings)
        _announce_when_ready(settings, password)
        serving.serve_alone(settings, environment(settings))


def attach(data: Path, *, make: bool = False) -> None:
    """Put the settings of the instance in a folder into this process's environment.

    Its database runs as long as this process does; see ``running``.
    ``make`` an empty instance where there is none: for ``migrate`` and ``restore``.

    Raises:
        ConfigurationError: there is no instance in the folder.
    """
    data = data.resolve()
    if not make and not (data / "postgres").is_dir():
        raise ConfigurationError(
            f"There is no instance in {data}: «migrate --install base,sales,inventory» makes a "
            "company of your own there, «demo» one to look around in."
        )
    _make(data)
    held = contextlib.ExitStack()
    server = held.enter_context(running(data))
    atexit.register(held.close)
    settings = prepare(data, server, "127.0.0.1", int(os.environ.get("PORT", "8000")))
    os.environ.update(environment(settings))


def _make(data: Path) -> None:
    """Make the folder of an instance; it holds keys, so no repository around it takes it up."""
    data.mkdir(parents=True, exist_ok=True)
    if not (data / ".gitignore").exists():
        (data / ".gitignore").write_text("*\n", encoding="utf-8")


@contextlib.contextmanager
def running(data: Path) -> Iterator[EmbeddedPostgres]:
    """Have the PostgreSQL of a folder run while the block does; the last who needs it stops it.

    Should it be killed meanwhile, it is started again.
    """
    server = EmbeddedPostgres(data / "postgres")
    with filelock.shared(data / ".postgres.lock") as share:
        server.start()
        over = threading.Event()
        keeper = threading.Thread(target=_keep, args=(server, over), name="keeper", daemon=True)
        keeper.start()
        try:
            yield server
        finally:
            over.set()
            keeper.join()
            if share.is_last():
                server.stop()


def _keep(server: EmbeddedPostgres, over: threading.Event) -> None:
    while not over.wait(LOOK_EVERY):
        if not server.running:
            try:
                server.start()
                log.warning("postgresql_started_again")
            except EmbeddedError as error:
                log.error("postgresql_not_started", reason=str(error))


def prepare(data: Path, server: EmbeddedPostgres, host: str, port: int) -> Settings:
    """Return the settings of the instance, its roles, database and keys made when missing."""
    for role in (OWNER, APPLICATION):
        server.create_role(role)
    server.create_database(DATABASE, owner=OWNER)
    return load(
        _env_file=None,
        database_url=server.url(DATABASE, APPLICATION),
        database_owner_url=server.url(DATABASE, OWNER),
        secret_key=_kept(data / "secret.key", lambda: secrets.token_urlsafe(48)),
        master_key=_kept(data / "master.key", generate_key),
        data_dir=data,
        host=host,
        port=port,
        docs_public=True,
        **_chosen(),
    )


def _chosen() -> dict[str, str]:
    """Return what the environment may still choose for an embedded instance."""
    names = (
        "WEB_PROCESSES",
        "JOB_PROCESSES",
        "JOB_THREADS",
        "LOAD_SECONDS",
        "REDIS_URL",
        "LOG_LEVEL",
        "OUTBOUND_ALLOW",
        "OUTBOUND_AUTHORITIES",
        "LOGIN_PER_MINUTE",
    )
    found = {name.lower(): os.environ[name] for name in names if name in os.environ}
    # Whoever tries out the demo changes from one user to another more often than people at work.
    usual = {"log_level": "WARNING", "log_format": "console", "login_per_minute": "30"}
    return {**usual, **found}


def _kept(path: Path, make: Callable[[], str]) -> str:
    """Return the secret in a file of ours, made on the first start, readable by us only."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(make())
    return path.read_text(encoding="utf-8").strip()


def _fill(settings: Settings) -> str:
    """Install and load what of the demo is missing; return the demo users' password, if known."""
    installing.bring_up_to_date(settings, ADDONS)
    runtime = processes.make_runtime(settings)
    try:
        password = os.environ.get("ANDES_DEMO_PASSWORD", "")
        if not password and not demonstration.loaded(runtime):
            password = secrets.token_urlsafe(9)
        demonstration.load(runtime, password)
    finally:
        runtime.close()
    return password


def _announce_when_ready(settings: Settings, password: str) -> None:
    threading.Thread(target=_announce, args=(settings, password), daemon=True).start()


def _announce(settings: Settings, password: str) -> None:
    address = f"http://{settings.host}:{settings.port}"
    while not _answers(f"{address}/health/ready"):
        time.sleep(0.05)
    typer.echo(f"\nAndes: {address}/\nAPI:   {address}/api/docs")
    for email, what in demonstration.USERS.items():
        typer.echo(f"  {email:<20} {what}")
    typer.echo(f"  contraseña: {password or 'la del primer inicio'}\nCtrl+C detiene todo.")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  # our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
