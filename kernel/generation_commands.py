"""Commands by which the conductor makes a change in a process of its own; see ``kernel.apart``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from kernel.addon_changes import Change
    from kernel.generations import Generation
    from kernel.settings import Settings

commands = typer.Typer(no_args_is_help=True, hidden=True, help="Steps of a change of addons.")


def _ready() -> Settings:
    from kernel import apart, cli

    apart.tell_where_asked()
    return cli.ready()


def _change(settings: Settings, number: int) -> tuple[Generation, Change]:
    from kernel import addon_changes, generations, lifecycle

    with lifecycle.owner(settings) as engine, engine.connect() as connection:
        found = generations.by_number(connection, number)
        if found is None:
            raise typer.BadParameter(f"There is no generation {number}.")
        return found, addon_changes.of(connection, settings, found)


@commands.command()
def expand(number: int) -> None:
    """Load a generation as a trial, and do what its change adds."""
    from kernel import lifecycle, processes, registry, zygote

    settings = _ready()
    found, change = _change(settings, number)
    with zygote.in_time(_give_up, settings.load_seconds):
        runtime = processes.make_runtime(settings, registry.load(change.manifests), found)
        processes.web_app(runtime)
    try:
        lifecycle.expand(runtime, number, change)
    finally:
        runtime.close()


def _give_up(where: str) -> None:
    from kernel import zygote

    sys.stderr.write(where)
    sys.stderr.flush()
    os._exit(zygote.LOAD_FAILED)


@commands.command()
def contract(number: int) -> None:
    """Do what a change takes away, once nobody serves it."""
    from kernel import ending, processes, registry

    settings = _ready()
    _, change = _change(settings, number)
    runtime = processes.make_runtime(settings, registry.load([]))
    try:
        ending.contract(runtime, number, change)
    finally:
        runtime.close()


@commands.command("take-back")
def take_back(number: int) -> None:
    """Undo an expansion whose generation did not come to serve."""
    from kernel import ending

    ending.take_back(_ready(), number)
