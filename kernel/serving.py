"""Serving: one supervisor per host with its web and job processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from kernel import processes, registry, welcome
from kernel.settings import Settings
from kernel.supervisor import ProcessSpec, Supervisor, listen

SERVER = Path(__file__).resolve().parent.parent / "server.py"


def serve(settings: Settings, extra: dict[str, str] | None = None) -> None:
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
