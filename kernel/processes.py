"""Processes: how a web process, a job process and a command get their runtime."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator

from starlette.types import ASGIApp

from kernel import app, generation, generations, pages, standing
from kernel.db import Database
from kernel.errors import ConfigurationError, DomainError
from kernel.generations import Generation
from kernel.queue import HueyQueue
from kernel.realtime import Hub
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.settings import Settings
from kernel.transports import transport_for
from kernel.waking import Waker
from kernel.zygote import Reports


def make_runtime(
    settings: Settings, registry: Registry | None = None, served: Generation | None = None
) -> Runtime:
    """Return the runtime of this process; without a registry, of what the database has current.

    Raises:
        ConfigurationError: the database has no addons yet, or one is missing on this host.
    """
    with contextlib.ExitStack() as unless_made:
        database = Database(settings.database_url, pool=settings.database_pool)
        unless_made.callback(database.dispose)
        if registry is None:
            served = generation.served(database.engine)
            registry = generation.load_served(settings, served)
        transport = transport_for(settings.redis_url, settings.database_url)
        queue = Waker(HueyQueue.from_settings(settings))
        unless_made.pop_all()
    return Runtime(
        settings,
        registry,
        database,
        queue,
        Hub(transport),
        generation=served.number if served else 0,
        closed=served.closed if served else {},
    )


def web_app(runtime: Runtime) -> ASGIApp:
    """Return the web application, with health, metrics, OpenAPI and the documentation page."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        async with runtime.realtime.running():
            yield
        runtime.close()

    return app.build(runtime, pages.routes(runtime), lifespan)


def serve_web(
    settings: Settings, registry: Registry, served: Generation, descriptor: int, tell: Reports
) -> None:
    """Serve the shared listening socket until told to stop; the life of a web process."""
    from kernel.webserver import Server  # only web processes need uvicorn

    runtime = make_runtime(settings, registry, served)
    runtime.standing = standing.of_process(served.number, runtime.database.engine.connect)
    server = Server(web_app(runtime), tell.ready, runtime.drain)
    server.run(sockets=[socket.socket(fileno=os.dup(descriptor))])


def serve_jobs(settings: Settings, registry: Registry, served: Generation, tell: Reports) -> None:
    """Run jobs until told to stop; the life of a job process."""
    from kernel import worker

    runtime = make_runtime(settings, registry, served)
    runtime.standing = standing.of_process(served.number, runtime.database.engine.connect)
    worker.run(runtime, ready=tell.ready)


def expand(settings: Settings, registry: Registry, served: Generation, tell: Reports) -> None:
    """Do what the change to a generation adds; the life of a process that does nothing else."""
    from kernel import addon_changes, lifecycle  # and Alembic

    tell.ready()
    runtime = make_runtime(settings, registry, served)
    try:
        web_app(runtime)  # what cannot be assembled must not get any further
        with lifecycle.owner(settings) as engine, engine.connect() as connection:
            found = generations.by_number(connection, served.number)
            change = addon_changes.of(connection, settings, found or served)
        lifecycle.expand(runtime, served.number, change)
    except (ConfigurationError, DomainError) as refusal:
        tell.failed_with(str(refusal))
        sys.exit(1)
    finally:
        runtime.close()


def metrics_folder(settings: Settings) -> str:
    """Return the folder through which web processes add up their metrics, emptied."""
    folder = settings.data_dir / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink()
    return os.fspath(folder)
