"""The throw-away PostgreSQL cluster and Redis of a test run, as ``kernel.testing`` gives them."""

from __future__ import annotations

from kernel.testing.cluster import (
    APPLICATION,
    OWNER,
    RUN_VARIABLE,
    SERVER_VARIABLE,
    TestDatabase,
    begin_run,
    create_database,
    drop_database,
    end_run,
    ensure_template,
    fast_folder,
    redis_url,
    server,
    server_log,
)

__all__ = [
    "APPLICATION",
    "OWNER",
    "RUN_VARIABLE",
    "SERVER_VARIABLE",
    "TestDatabase",
    "begin_run",
    "create_database",
    "drop_database",
    "end_run",
    "ensure_template",
    "fast_folder",
    "redis_url",
    "server",
    "server_log",
]
