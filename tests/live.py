"""A real Andes for tests: supervisor, web and job processes on a test's database."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from kernel.settings import Settings
from tests import logscan

SERVER = Path(__file__).resolve().parent.parent / "server.py"
PATIENCE = 300.0


@dataclass
class Server:
    """A running supervisor; ``folder`` holds its log and its data."""

    process: subprocess.Popen[bytes]
    address: str
    folder: Path

    @property
    def log(self) -> str:
        """What it wrote so far."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """End the supervisor as a power cut would."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def serving(settings: Settings, *, web: int = 1, jobs: int = 0) -> Iterator[str]:
    """Run ``server.py serve`` for the length of the block; give its address."""
    with running(settings, web=web, jobs=jobs) as server:
        yield server.address


@contextlib.contextmanager
def running(
    settings: Settings,
    *,
    web: int = 1,
    jobs: int = 0,
    options: Sequence[str] = (),
    **more: str,
) -> Iterator[Server]:
    """Run ``server.py serve`` for the length of the block; ``more`` are environment variables."""
    port = _free_port()
    folder = settings.data_dir / f"live-{port}"
    folder.mkdir(parents=True)
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(SERVER), "serve", *options],
            env={**os.environ, **_environment(settings, folder, port, web, jobs), **more},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        server = Server(process, f"http://127.0.0.1:{port}", folder)
        try:
            _wait(process, server.address, log)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)
    found = logscan.leaks(server.log)
    assert not found, "\n".join(["The server's log holds a secret:", *found])
    stopped = [line for line in server.log.splitlines() if "csp_violation" in line]
    assert not stopped, "\n".join(["Browsers reported what the policy of pages stopped:", *stopped])


@contextlib.contextmanager
def working(settings: Settings) -> Iterator[None]:
    """Run ``server.py worker``, a host that serves no page, for the length of the block."""
    folder = settings.data_dir / "live-worker"
    folder.mkdir(parents=True)
    with (folder / "log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(SERVER), "worker"],
            env={**os.environ, **_environment(settings, folder, _free_port(), 1, 1)},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(timeout=PATIENCE) == 0


def _environment(
    settings: Settings, folder: Path, port: int, web: int, jobs: int
) -> dict[str, str]:
    return {
        "DATABASE_URL": settings.database_url,
        "DATABASE_OWNER_URL": settings.database_owner_url,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "MASTER_KEY": settings.master_key.get_secret_value(),
        "PASSWORD_COST": str(settings.password_cost),
        "LOGIN_PER_MINUTE": str(settings.login_per_minute),
        "EXPORTS_PER_MINUTE": str(settings.exports_per_minute),
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "WEB_PROCESSES": str(web),
        "JOB_PROCESSES": str(jobs),
        "ADDON_ROOTS": ",".join(map(str, settings.addon_roots)),
        "DOCS_PUBLIC": "true",
        "LOG_LEVEL": "INFO",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Return once a web process answers."""
    deadline = time.monotonic() + PATIENCE
    with httpx.Client(base_url=address) as client:  # one: it costs as much as a hundred requests
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if client.get("/health/ready").status_code == 200:
                    return
            time.sleep(0.02)
    raise AssertionError(f"it did not start:\n{log.read_text(encoding='utf-8')[-4000:]}")
