"""Commands of inventory: ``server.py inventory …``."""

import typer

from addons.inventory import services
from kernel import processes, settings

inventory = typer.Typer(name="inventory", no_args_is_help=True, help="Stock and its ledger.")


@inventory.callback()
def group() -> None:
    """Stock and its ledger."""


@inventory.command()
def check() -> None:
    """Compare every stock with the sum of its movements; names the first that differs."""
    runtime = processes.make_runtime(settings.load())
    try:
        fault = runtime.transact(services.revisar_libro)
    finally:
        runtime.close()
    typer.echo(fault or "Every stock is the sum of its movements.")
    raise typer.Exit(1 if fault else 0)


COMMANDS = [inventory]
