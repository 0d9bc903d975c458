"""Serving: one supervisor per host, its zygotes and what they fork."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from kernel import (
    db,
    filelock,
    generation,
    logging,
    processes,
    registry,
    standing,
    welcome,
    zygote,
)
from kernel.apart import SERVER
from kernel.conductor import EXPAND, Conducting
from kernel.crews import Crew
from kernel.errors import ConfigurationError
from kernel.generations import Generation
from kernel.ports import listen
from kernel.pulse import DatabasePulse
from kernel.registry import Registry
from kernel.settings import Settings
from kernel.standing import Note
from kernel.supervisor import Supervisor

log = logging.get(__name__)

NOWHERE = "-1"
"""Descriptor of a zygote without a listening socket."""

SAFE = Generation(0, {}, "current", "safe")
"""What safe mode serves: the kernel, and the addons that are part of every installation."""


@contextlib.contextmanager
def alone(folder: Path, host: str, port: int) -> Iterator[None]:
    """Be the one that serves from a data folder while the block runs, at an address.

    Raises:
        ConfigurationError: somebody does already; two would empty each other's metrics.
    """
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / ".serving"
    with filelock.claimed(folder / ".serving.lock") as ours:
        if not ours:
            raise ConfigurationError(_who(folder, note))
        note.write_text(f"{os.getpid()} http://{host}:{port}/", encoding="utf-8")
        yield


def check_free(folder: Path) -> None:
    """Refuse a data folder from which somebody serves, before anything else is looked at.

    Raises:
        ConfigurationError: somebody does.
    """
    if (folder / ".serving.lock").exists():
        with filelock.claimed(folder / ".serving.lock") as free:
            if not free:
                raise ConfigurationError(_who(folder, folder / ".serving"))


def _who(folder: Path, note: Path) -> str:
    """Return who serves from a folder, where, and how that ends."""
    known = note.read_text(encoding="utf-8").split() if note.exists() else []
    if len(known) != 2:
        return (
            f"Ya hay un Andes en marcha en {folder}.\n  → Deténgalo, o elija otra carpeta de datos."
        )
    pid, address = known
    return (
        f"Ya hay un Andes en marcha en {folder}: es el proceso {pid} y atiende en {address}\n"
        f"  → Ábralo ahí, deténgalo (Ctrl+C donde se inició, o `kill {pid}`), "
        "o elija otra carpeta de datos."
    )


def serve(settings: Settings, *, safe: bool = False) -> None:
    """Serve until SIGTERM or SIGINT, alone in its data folder; see ``serve_alone``."""
    with alone(settings.data_dir, settings.host, settings.port):
        serve_alone(settings, safe=safe)


def serve_alone(
    settings: Settings, extra: Mapping[str, str] | None = None, *, safe: bool = False
) -> None:
    """Serve until SIGTERM or SIGINT; the listening socket outlives every web process.

    ``extra`` are environment variables for the processes. ``safe`` leaves out every addon that can
    be left out, so that a broken one can be switched off.
    """
    _check(settings, safe=safe)
    welcome.greet(settings)
    listener = listen(settings.host, settings.port)
    env = {**os.environ, **(extra or {})}
    env["PROMETHEUS_MULTIPROC_DIR"] = processes.metrics_folder(settings)
    counts = (("web", settings.web_processes), ("worker", settings.job_processes))
    _supervise(settings, counts, listener.fileno(), env, SAFE if safe else None)


def work(settings: Settings) -> None:
    """Run jobs in one process until SIGTERM or SIGINT, following the generations."""
    _check(settings)
    _supervise(settings, (("worker", 1),), int(NOWHERE), dict(os.environ), None)


def _check(settings: Settings, *, safe: bool = False) -> None:
    """Stop at a wrong setting, an empty database, or code that is missing, before anything starts.

    A database that does not answer yet is waited for.
    """
    runtime = processes.make_runtime(settings, registry.load([]))
    try:
        runtime.check_settings()
        wanted = generation.served(runtime.database.engine)
        if not safe:
            generation.check_host(settings, wanted)
    except DBAPIError as error:
        if not db.is_disconnect(error):
            raise
        log.warning("database_awaited", reason=str(error.orig).partition("\n")[0])
    finally:
        runtime.close()


def _supervise(
    settings: Settings,
    counts: tuple[tuple[str, int], ...],
    descriptor: int,
    env: Mapping[str, str],
    fixed: Generation | None,
) -> None:
    note = Note()
    launch = partial(_launch, settings, (descriptor, note.descriptor), env)
    supervisor = Supervisor(counts, DatabasePulse(settings, note, fixed), launch)
    conducting = Conducting(settings, None if fixed is not None else supervisor.send)
    conducting.start()
    try:
        supervisor.run()
    finally:
        conducting.stop()
        note.close()


def _launch(
    settings: Settings,
    descriptors: tuple[int, int],
    env: Mapping[str, str],
    wanted: Generation,
    lifeline: int,
    patience: float,
) -> Crew:
    """Start a generation's zygote; ``descriptors`` are the listening socket's and the note's."""
    listener, note = descriptors
    seconds = round(settings.load_seconds * patience)
    sockets = () if listener < 0 else (listener,)
    return Crew(
        wanted.number,
        (sys.executable, str(SERVER), "zygote", "--", str(listener), str(lifeline)),
        order(wanted),
        env={**env, standing.VARIABLE: str(note), "LOAD_SECONDS": str(seconds)},
        pass_fds=(*sockets, note, lifeline),
        load_seconds=seconds,
    )


def order(wanted: Generation) -> str:
    """Return the line that tells a zygote what to load."""
    facts = {
        "number": wanted.number,
        "addons": wanted.addons,
        "action": wanted.action,
        "closed": wanted.closed,
    }
    return json.dumps(facts)


def be_zygote(settings: Settings, descriptor: int, lifeline: int, reports: int) -> None:
    """Load the generation that standard input names, and fork what the supervisor asks for."""

    def load(line: str) -> Mapping[str, zygote.Kind]:
        wanted = Generation(**json.loads(line))
        loaded = _load_safe(settings) if wanted.action == "safe" else None
        loaded = loaded or generation.load_served(settings, wanted)
        import kernel.webserver  # what forks need is loaded once
        import kernel.worker  # noqa: F401

        return {
            "web": partial(processes.serve_web, settings, loaded, wanted, descriptor),
            "worker": partial(processes.serve_jobs, settings, loaded, wanted),
            EXPAND: partial(processes.expand, settings, loaded, wanted),
        }

    zygote.run(load, reports, lifeline, settings.load_seconds)


def _load_safe(settings: Settings) -> Registry:
    """Return the kernel with what is part of every installation; alone, should that not load."""
    try:
        return generation.load(settings, ())
    except Exception:  # whatever it is, safe mode must come up
        log.exception("required_addons_not_loaded")
        return registry.load([])
