"""An instance in a folder: embedded PostgreSQL, secrets, files; what ``demo`` and a laptop use."""

from __future__ import annotations

import atexit
import os
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr

from kernel import demo as demonstration
from kernel import logging, processes, serving
from kernel.embedded import EmbeddedPostgres
from kernel.errors import ConfigurationError
from kernel.secrets import generate_key
from kernel.settings import Settings, load

OWNER = "andes"
APPLICATION = "andes_app"
DATABASE = "andes"
ADDONS = ["base", "sales", "inventory"]


def demo(data: Path, host: str, port: int) -> None:
    """Serve the demo company until stopped; the first start makes it."""
    data = data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    logging.configure("WARNING", "console")
    server = EmbeddedPostgres(data / "postgres")
    server.start()
    try:
        settings = prepare(data, server, host, port)
        password = _fill(settings)
        _announce_when_ready(settings, password)
        serving.serve(settings, environment(settings))
    finally:
        server.stop()


def attach(data: Path, *, make: bool = False) -> None:
    """Put the settings of the instance in a folder into this process's environment.

    Its database is started where it isn't running, and then stopped when the process ends.
    ``make`` an empty instance where there is none: for ``migrate`` and ``restore``.

    Raises:
        ConfigurationError: there is no instance in the folder.
    """
    data = data.resolve()
    if not make and not (data / "postgres").is_dir():
        raise ConfigurationError(f"There is no instance in {data}; «demo --data» makes one.")
    data.mkdir(parents=True, exist_ok=True)
    server = EmbeddedPostgres(data / "postgres")
    if not server.running:
        server.start()
        atexit.register(server.stop)
    settings = prepare(data, server, "127.0.0.1", int(os.environ.get("PORT", "8000")))
    os.environ.update(environment(settings))


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


def environment(settings: Settings) -> dict[str, str]:
    """Return the settings as environment variables, for child processes and for a shell."""
    return {name.upper(): _plain(value) for name, value in settings.model_dump().items()}


def _plain(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)


def _fill(settings: Settings) -> str:
    """Install and load what of the demo is missing; return the demo users' password, if known."""
    processes.install(settings, ADDONS)
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
    typer.echo(f"\nAndes: {address}/api/docs")
    for email, what in demonstration.USERS.items():
        typer.echo(f"  {email:<20} {what}")
    shown = f"  password: {password}" if password else "  password: as on the first start"
    typer.echo(f"{shown}\nCtrl+C stops it.")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  # our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
