"""Looks through all that a run logs, and fails the test that let a secret out.

Two sources per test: what loggers wrote, from INFO on, in the form in which a production log has it
(``Collector``), and what reached standard error, access lines and child processes included. The
log of a server that a test starts is looked through when it ends (``tests.live``), the log of the
run's own PostgreSQL at the end. A plugin of pytest, registered by ``tests/conftest.py``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from kernel.logging import formatter
from tests import cluster
from tests.shop import PASSWORD

SHAPES = {
    "a signed token": re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}", re.ASCII),
    "an API key": re.compile(r"\bsk_[\w-]{20,}", re.ASCII),
    "a password's hash": re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{20,}"),
    "a key or certificate": re.compile(r"-----BEGIN [A-Z ]+-----[\s\\n]*[A-Za-z0-9+/]{20}"),
    "a second factor": re.compile(r"otpauth://\S*secret=\w{8}", re.IGNORECASE),
    "a session's cookie": re.compile(r"__Host-sid=[\w-]{20,}"),
    "a password in an address": re.compile(r"://[^\s/:@\"']+:[^\s/@\"'…]+@"),
}
KNOWN = {
    "the password of the shop": PASSWORD,
    "the signing key": "test-only-" + "k" * 40,
    "the master key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
}
OURS = ("kernel", "addons", "addons_contrib")
LOGGERS = (*OURS, "uvicorn", "huey", "httpx", "starlette", "asyncio", "weasyprint", "sqlalchemy")


def leaks(text: str) -> list[str]:
    """Return what a text gives away, each with the line it stands in."""
    found = []
    for line in text.splitlines():
        names = [name for name, value in KNOWN.items() if value in line]
        names += [name for name, shape in SHAPES.items() if shape.search(line)]
        found += [f"{name}: {line[:500]}" for name in names]
    return found


class Collector(logging.Handler):
    """Keeps the lines of a test as they would be written in production."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(formatter("json"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(self.format(record))

    def taken(self) -> str:
        """Return the lines since the last call."""
        lines, self.lines = self.lines, []
        return "\n".join(lines)


class LogScan:
    """The plugin: looks after each phase of each test."""

    def __init__(self) -> None:
        self.collector = Collector()
        for shown in logging.getLogger().handlers:
            shown.setLevel(logging.WARNING)
        for name in LOGGERS:
            logger = logging.getLogger(name)
            logger.addHandler(self.collector)
        for name in OURS:
            logging.getLogger(name).setLevel(logging.INFO)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, Any]:
        """Turn a phase that wrote a secret into a failed one."""
        report = yield
        if item.get_closest_marker("writes_secrets") is None:
            found = [one for text in self._texts(item, call.when) for one in leaks(text)]
            if found and not report.failed:
                report.outcome = "failed"
                report.longrepr = "A log line holds a secret:\n" + "\n".join(found)
        return report

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run whose database server wrote a secret; its log is read once, at the end."""
        if hasattr(session.config, "workerinput"):
            return
        found = leaks(cluster.server_log())
        if found:
            print("\nThe log of PostgreSQL holds a secret:", *dict.fromkeys(found), sep="\n")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _texts(self, item: pytest.Item, when: str) -> Iterator[str]:
        yield self.collector.taken()
        for phase, source, text in item._report_sections:
            if phase == when and source == "stderr":
                yield text
