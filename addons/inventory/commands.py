"""Commands of inventory: ``server.py inventory …``."""

import typer

from addons.inventory import services
from kernel import processes, settings
from kernel.context import Ctx

inventory = typer.Typer(name="inventory", no_args_is_help=True, help="Stock and its ledger.")


@inventory.callback()
def group() -> None:
    """Stock and its ledger."""


@inventory.command()
def check() -> None:
    """Compare every stock and cost with its movements; names the first that differs."""
    runtime = processes.make_runtime(settings.load())
    try:
        fault = runtime.transact(_revisar)
    finally:
        runtime.close()
    typer.echo(fault or "Every stock and cost is what its movements come to.")
    raise typer.Exit(1 if fault else 0)


COMMANDS = [inventory]


def _revisar(ctx: Ctx) -> str | None:
    return services.revisar_libro(ctx) or services.revisar_costos(ctx)
