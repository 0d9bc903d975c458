"""Serving: one supervisor per host with its web and job processes."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from kernel import filelock, processes, registry, welcome
from kernel.errors import ConfigurationError
from kernel.settings import Settings
from kernel.supervisor import ProcessSpec, Supervisor, listen

SERVER = Path(__file__).resolve().parent.parent / "server.py"


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Be the one that serves from a data folder while the block runs.

    Raises:
        ConfigurationError: somebody does already; two would empty each other's metrics.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with filelock.claimed(settings.data_dir / ".serving.lock") as ours:
        if not ours:
            raise ConfigurationError(
                f"Ya hay un Andes en marcha en {settings.data_dir}.\n"
                "  → Deténgalo, o elija otra carpeta de datos."
            )
        yield


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, alone in its data folder; see ``serve_alone``."""
    with alone(settings):
        serve_alone(settings)


def serve_alone(settings: Settings, extra: dict[str, str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; the listening socket outlives every web process.

    ``extra`` are environment variables for the children.
    """
    # A wrong setting stops here, with a sentence, and not in every child again and again.
    runtime = processes.make_runtime(settings, registry.load([]))
    runtime.check_settings()
    runtime.close()
    welcome.greet(settings)
    listener = listen(settings.host, settings.port)
    env = {**os.environ, **(extra or {})}
    env["PROMETHEUS_MULTIPROC_DIR"] = processes.metrics_folder(settings)
    descriptor = str(listener.fileno())
    specs = [
        ProcessSpec(
            "web",
            (sys.executable, str(SERVER), "web", descriptor),
            settings.web_processes,
            (listener.fileno(),),
        ),
        ProcessSpec("worker", (sys.executable, str(SERVER), "worker"), settings.job_processes),
    ]
    Supervisor(specs, env=env).run()
