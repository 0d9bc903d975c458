"""PostgreSQL's own programs for backups: which of those on this host, and how they are run."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import psycopg
from sqlalchemy import make_url

from kernel.embedded_account import EmbeddedError, find_binaries
from kernel.errors import ConfigurationError

PROGRAMS = ("pg_dump", "pg_restore", "psql")
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
FIT = ("--no-owner", "--no-privileges", "--no-comments", "--no-publications", "--no-subscriptions")

NOT_FOR_ALL = re.compile(
    rb"SET transaction_timeout = 0;\n"
    rb"|ALTER TABLE ONLY [^;]+ ALTER COLUMN [^;]+ SET \(pg_attver=\d+\);\n"
)
"""Lines of a script that only some servers understand and none needs."""


class BackupError(ConfigurationError):
    """A backup or a restore cannot go on; ``cure`` says what a person can do."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(f"{message}\n  → {cure}")
        self.message = message
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Tools:
    """The programs of one PostgreSQL version."""

    folder: Path
    major: int

    def start(self, program: str, *arguments: str, url: str = "", **pipes: Any) -> Process:
        """Return a started program, connected to a database where it has one."""
        environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC", **(libpq(url) if url else {})}
        return Process(program, [str(self.folder / program), *arguments], environment, pipes)


class Process:
    """A running program, whose complaints are kept; leaving the block ends it."""

    def __init__(
        self, program: str, command: list[str], environment: dict[str, str], pipes: dict[str, Any]
    ) -> None:
        self.program = program
        self._said = TemporaryFile()  # noqa: SIM115  # closed with the process
        pipes.setdefault("stdin", subprocess.DEVNULL)
        pipes.setdefault("stdout", self._said)
        self._process = subprocess.Popen(command, env=environment, stderr=self._said, **pipes)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_facts: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._said.close()

    @property
    def input(self) -> IO[bytes]:
        """Where the program reads from."""
        assert self._process.stdin is not None  # noqa: S101  # asked for by whoever started it
        return self._process.stdin

    @property
    def output(self) -> IO[bytes]:
        """What the program writes."""
        assert self._process.stdout is not None  # noqa: S101  # asked for by whoever started it
        return self._process.stdout

    def finish(self, cure: str) -> None:
        """Wait for the end.

        Raises:
            BackupError: the program failed; in its own words.
        """
        if self._process.wait() == 0:
            return
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").strip()
        raise BackupError(f"{self.program} falló: {_worst(said)}", cure)


def _worst(said: str) -> str:
    lines = said.splitlines()
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["sin explicación"])[0]


def libpq(url: str) -> dict[str, str]:
    """Return a database's address as libpq's environment variables; passwords stay out of sight."""
    made = make_url(url)
    _, given = made.get_dialect()().create_connect_args(made)
    names = {
        option.keyword.decode(): option.envvar.decode()
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.envvar is not None
    }
    return {names[key]: str(value) for key, value in given.items() if key in names}


def connect(url: str, **facts: Any) -> psycopg.Connection[tuple[Any, ...]]:
    """Return a connection of our own to a database.

    Raises:
        BackupError: it does not answer.
    """
    made = make_url(url)
    _, given = made.get_dialect()().create_connect_args(made)
    try:
        return psycopg.connect(
            **{"connect_timeout": 10, "application_name": "andes-backup", **given, **facts}
        )
    except psycopg.OperationalError as error:
        said = str(error).strip().partition("\n")[0]
        raise BackupError(
            f"No se puede entrar a la base de datos: {said}",
            "Corrija DATABASE_OWNER_URL; compruebe con: python server.py doctor",
        ) from None


def find_tools(server: int) -> Tools:
    """Return the programs closest to a server's major version, and not older.

    Raises:
        BackupError: this host has none.
    """
    fitting = [tools for tools in _present() if tools.major >= server]
    if fitting:
        return min(fitting, key=lambda tools: tools.major)
    raise BackupError(
        f"No hay pg_dump de PostgreSQL {server} o posterior en este equipo.",
        f"Instale el cliente: apt-get install postgresql-client-{server}",
    )


@functools.cache
def _present() -> tuple[Tools, ...]:
    found = {folder: _major(folder) for folder in _folders()}
    return tuple(Tools(folder, major) for folder, major in found.items() if major)


def _folders() -> Iterator[Path]:
    root = Path("/")
    for place in PLACES:
        yield from sorted(root.glob(place.lstrip("/")))
    with contextlib.suppress(EmbeddedError):
        yield find_binaries()
    on_path = shutil.which("pg_dump")
    if on_path is not None:
        yield Path(on_path).parent


def _major(folder: Path) -> int:
    """Return the version of the programs in a folder; 0 unless all are there and run."""
    if any(shutil.which(program, path=str(folder)) is None for program in PROGRAMS):
        return 0
    try:
        done = subprocess.run(
            [folder / "pg_dump", "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r"(\d+)", done.stdout)
    return int(found[1]) if found else 0


def understood(script: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a script that every server understands; data are not touched."""
    copying = False
    for line in script:
        if copying:
            copying = line != b"\\.\n"
        elif line.startswith(b"COPY ") and line.endswith(b" FROM stdin;\n"):
            copying = True
        elif NOT_FOR_ALL.fullmatch(line):
            continue
        yield line
