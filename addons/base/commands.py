"""Commands of base: ``server.py empresa``, for the first steps of a new instance."""

from typing import Annotated

import typer

from addons.base import schemas, services
from kernel import processes, settings

EMPRESA = typer.Typer(name="empresa", no_args_is_help=True, help="The company of this instance.")


@EMPRESA.command("ver")
def ver() -> None:
    """Show the company."""
    runtime = processes.make_runtime(settings.load())
    _show(runtime.transact(lambda ctx: _leida(services.leer_configuracion(ctx))))


@EMPRESA.command("configurar")
def configurar(
    ruc: Annotated[str, typer.Option(help="11 digits.")],
    razon_social: Annotated[str, typer.Option(help="As SUNAT has it.")],
    precios_incluyen_igv: Annotated[bool, typer.Option(help="Whether prices carry IGV.")] = True,
) -> None:
    """Say which company this is; nothing can be sold before."""
    cambio = schemas.ConfiguracionCambio(
        ruc=ruc, razon_social=razon_social, precios_incluyen_igv=precios_incluyen_igv
    )
    runtime = processes.make_runtime(settings.load())
    _show(runtime.transact(lambda ctx: _leida(services.cambiar_configuracion(ctx, cambio))))


def _leida(row: object) -> schemas.ConfiguracionLeida:
    return schemas.ConfiguracionLeida.model_validate(row)


def _show(empresa: schemas.ConfiguracionLeida) -> None:
    for name, value in empresa.model_dump(exclude={"version"}).items():
        typer.echo(f"{name:<22} {value}")
