"""Structured logs: a constant event name plus fields, one JSON object a line.

``bind(request_id=…)`` adds fields to every line of the current request or job. Secrets are cut out
by field name, and from the finished line, traceback included, by their shape and by their value
(``kernel.redaction``); lines of libraries pass the same way.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from kernel import redaction

_SECRET_NAME = re.compile(
    r"password|token|secret|authorization|cookie|master_key|pfx", re.IGNORECASE
)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Any:
    """Replace the values of fields whose name says that they are secret."""
    for name in event:
        if _SECRET_NAME.search(name):
            event[name] = "…"
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    redact,
]


class Formatter(structlog.stdlib.ProcessorFormatter):
    """Writes a line, ours or a library's, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return redaction.clean(super().format(record))


def configure(level: str = "INFO", shape: str = "json") -> None:
    """Send all logs of this process, ours and the libraries', to standard error."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(shape))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "huey", "huey.consumer", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def formatter(shape: str = "json") -> Formatter:
    """Return what turns a record into a line of this shape."""
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if shape == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    return Formatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )


def get(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


bind = structlog.contextvars.bind_contextvars
clear = structlog.contextvars.clear_contextvars
