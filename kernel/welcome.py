"""Welcome: what an instance without users tells whoever runs it, so that somebody can come in.

No account exists that nobody made. What the way in is, an addon says (``register_welcomes``).
Source: OWASP ASVS 5.0, 6.3.2.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer
from sqlalchemy import create_engine, text

from kernel.errors import ConfigurationError
from kernel.manifest import ROOT
from kernel.settings import Settings

if TYPE_CHECKING:
    from kernel.context import Ctx
    from kernel.runtime import Runtime

IS_NEW = text("SELECT NOT EXISTS (SELECT FROM usuarios)")
HAS_TABLES = text("SELECT to_regclass('usuarios') IS NOT NULL")


@dataclass(frozen=True, slots=True)
class Welcome:
    """A way in: ``text(ctx)`` makes it and says it in a sentence, which is shown and not kept."""

    name: str
    text: Callable[[Ctx], str]


def sentences(runtime: Runtime) -> list[str]:
    """Return every way into this instance, just made.

    Raises:
        ConfigurationError: no installed addon has one.
        DomainError: there are users already.
    """
    welcomes: list[Welcome] = runtime.registry.gather("register_welcomes")
    if not welcomes:
        raise ConfigurationError("No installed addon offers a way in: install base.")
    return runtime.transact(lambda ctx: [one.text(ctx) for one in welcomes])


def greet(settings: Settings) -> None:
    """Print the ways in, if there is no user yet; in a process of its own, which loads addons."""
    if not _is_new(settings):
        return
    made = subprocess.run(
        [sys.executable, str(ROOT / "server.py"), "user", "first-link"],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode == 0:
        typer.echo(made.stdout, nl=False)


def _is_new(settings: Settings) -> bool:
    engine = create_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            return bool(connection.scalar(HAS_TABLES) and connection.scalar(IS_NEW))
    finally:
        engine.dispose()
