"""Processes: how a web process, a job process and a command get their runtime."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import AsyncIterator

from sqlalchemy import create_engine
from starlette.types import ASGIApp

from kernel import app, generation, installed, logging, pages, redaction
from kernel.db import Database
from kernel.queue import HueyQueue
from kernel.realtime import Hub
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.settings import Settings
from kernel.supervisor import die_with_parent
from kernel.transports import transport_for
from kernel.waking import Waker


def make_runtime(settings: Settings, registry: Registry | None = None) -> Runtime:
    """Return the runtime of this process; without a registry, of what the database has installed.

    Raises:
        ConfigurationError: the database has no addons yet, or one is missing on this host.
    """
    with contextlib.ExitStack() as unless_made:
        database = Database(settings.database_url, pool=settings.database_pool)
        unless_made.callback(database.dispose)
        if registry is None:
            registry = generation.load_installed(settings, database.engine)
        transport = transport_for(settings.redis_url, settings.database_url)
        queue = Waker(HueyQueue.from_settings(settings))
        unless_made.pop_all()
    return Runtime(settings, registry, database, queue, Hub(transport))


def install(settings: Settings, names: list[str]) -> list[str]:
    """Install addons and migrate, in a runtime of their own; return what was done."""
    from kernel import lifecycle  # Alembic is nothing that a web process needs

    engine = create_engine(settings.owner_url)
    try:
        wanted = [*installed.versions(engine), *names]
    finally:
        engine.dispose()
    runtime = make_runtime(settings, generation.load(settings, wanted))
    try:
        return lifecycle.migrate(runtime)
    finally:
        runtime.close()


def web_app(runtime: Runtime) -> ASGIApp:
    """Return the web application, with health, metrics, OpenAPI and the documentation page."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        async with runtime.realtime.running():
            yield
        runtime.close()

    return app.build(runtime, pages.routes(runtime), lifespan)


def serve_socket(settings: Settings, descriptor: int) -> None:
    """Serve the shared listening socket until told to stop; the life of a web process."""
    import uvicorn  # only web processes need it

    die_with_parent()
    logging.configure(settings.log_level, settings.log_format)
    redaction.hide(settings.secrets())
    runtime = make_runtime(settings)
    config = uvicorn.Config(
        web_app(runtime),
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=64 * 1024,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


def metrics_folder(settings: Settings) -> str:
    """Return the folder through which web processes add up their metrics, emptied."""
    folder = settings.data_dir / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink()
    return os.fspath(folder)
