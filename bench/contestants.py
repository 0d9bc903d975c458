"""Contestants: whoever is measured, raw through psycopg or a server over HTTP, one process each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import make_url

from bench import product
from bench.company import SECRET
from bench.lab import Lab, LabError, answers, cpu_of, free_port, wait_for
from bench.load import Measured
from kernel.tokens import TokenSigner

WARMUP_SECONDS = 0.3
THREADS = 10


class Contestant(Protocol):
    """Somebody who can be measured."""

    @property
    def name(self) -> str:
        """What the tables call it."""

    @property
    def pid(self) -> int:
        """The process whose CPU counts as the server's."""

    def measure(self, clients: int, seconds: float) -> Measured:
        """Return what one round with so many clients measured."""


class Driver:
    """A process that measures: takes a plan as a line of JSON and answers with a line."""

    def __init__(self, lab: Lab, module: str, name: str) -> None:
        self.name = name
        self.process: subprocess.Popen[str] = lab.pipe(
            name, [sys.executable, "-c", f"from {module} import main; main()"]
        )

    def run(self, plan: dict[str, Any]) -> Measured:
        """Return what the process measured.

        Raises:
            LabError: it died.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(plan) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise LabError(f"{self.name} died; see its log")
        return Measured.of(json.loads(line))


@dataclass(frozen=True, slots=True)
class Server:
    """A started server: where it listens and its first process."""

    port: int
    pid: int


@dataclass
class Http:
    """A server, driven by the load client."""

    name: str
    server: Server
    driver: Driver
    requests: Sequence[Sequence[str]]

    @property
    def pid(self) -> int:
        """The process whose CPU counts as the server's."""
        return self.server.pid

    def measure(self, clients: int, seconds: float) -> Measured:
        """Return what one round with so many clients measured."""
        return self.driver.run(
            {
                "host": "127.0.0.1",
                "port": self.server.port,
                "clients": self.requests[:clients],
                "seconds": seconds,
                "warmup": WARMUP_SECONDS,
            }
        )


@dataclass
class Raw:
    """One hand-written statement on the driver."""

    driver: Driver
    dsn: str
    statement: str
    acts: Sequence[Sequence[dict[str, Any]]]
    name: str = "raw"
    plan_cache_mode: str = "force_generic_plan"
    as_json: bool = False

    @property
    def pid(self) -> int:
        """The process whose CPU counts as the server's."""
        return self.driver.process.pid

    def measure(self, clients: int, seconds: float) -> Measured:
        """Return what one round with so many clients measured."""
        return self.driver.run(
            {
                "dsn": self.dsn,
                "statement": self.statement,
                "clients": self.acts[:clients],
                "seconds": seconds,
                "warmup": WARMUP_SECONDS,
                "plan_cache_mode": self.plan_cache_mode,
                "as_json": self.as_json,
            }
        )


def metered(lab: Lab, one: Contestant, clients: int, seconds: float) -> Measured:
    """Return what one round measured, with the CPU of the server and of PostgreSQL."""
    server, postgres = cpu_of(one.pid), cpu_of(lab.postmaster)
    found = one.measure(clients, seconds)
    found.server_cpu = cpu_of(one.pid) - server
    found.postgres_cpu = cpu_of(lab.postmaster) - postgres
    return found


def start_andes(lab: Lab, database: str, **chosen: object) -> Server:
    """Start the product as anybody would, with one web process."""
    port = free_port()
    return Server(port, product.start(lab, product.settings(lab, database, port=port, **chosen)))


def start_django(lab: Lab, database: str) -> Server:
    """Start the Django REST rival under gunicorn, one process with threads."""
    port = free_port()
    options = [
        *("--workers", "1", "--worker-class", "gthread", "--threads", str(THREADS)),
        *("--bind", f"127.0.0.1:{port}", "--keep-alive", "75", "--log-level", "warning"),
        *("--worker-tmp-dir", str(lab.folder), "--no-control-socket"),
    ]
    command = [sys.executable, "-m", "gunicorn", *options, "bench.rivals.django_rest.wsgi"]
    environment = {
        "DJANGO_SETTINGS_MODULE": "bench.rivals.django_rest.settings",
        "RIVAL_DATABASE": database,
        "RIVAL_USER": product.APPLICATION,
        "RIVAL_HOST": str(lab.socket_folder),
        "RIVAL_KEY": _key(),
    }
    process = lab.spawn("django", command, environment)
    _wait(lab, "django", port)
    return Server(port, process.pid)


def start_fastapi(lab: Lab, database: str) -> Server:
    """Start the FastAPI rival under uvicorn with uvloop and httptools."""
    port = free_port()
    options = [
        *("--host", "127.0.0.1", "--port", str(port), "--loop", "uvloop", "--http", "httptools"),
        *("--no-access-log", "--log-level", "warning", "--no-proxy-headers"),
    ]
    command = [sys.executable, "-m", "uvicorn", *options, "bench.rivals.fastapi_orm.app:app"]
    url = make_url(lab.postgres.url(database, product.APPLICATION))
    shown = url.render_as_string(hide_password=False)
    process = lab.spawn("fastapi", command, {"RIVAL_URL": shown, "RIVAL_KEY": _key()})
    _wait(lab, "fastapi", port)
    return Server(port, process.pid)


def _wait(lab: Lab, name: str, port: int) -> None:
    address = f"http://127.0.0.1:{port}/ready"
    wait_for(lambda: answers(address), f"{name} on {address}; see {lab.folder}/{name}.log")


def _key() -> str:
    """Return the key that the product's tokens are signed with, so that rivals can check them."""
    signer = TokenSigner.from_secrets([SECRET], issuer="andes", audience="andes")
    (key,) = signer._keys.values()
    return key.hex()
