"""Commands of base: ``server.py empresa``, for the first steps of a new instance."""

from collections.abc import Callable
from typing import Annotated

import typer
from pydantic import ValidationError

from addons.base import schemas
from addons.base.models import Configuracion
from addons.base.services import empresa
from kernel import processes, settings
from kernel.context import Ctx
from kernel.errors import ValidationFailed
from kernel.messages import validation_failed

EMPRESA = typer.Typer(name="empresa", no_args_is_help=True, help="The company of this instance.")


@EMPRESA.command("ver")
def ver() -> None:
    """Show the company."""
    _show(empresa.leer_configuracion)


@EMPRESA.command("configurar")
def configurar(
    ruc: Annotated[str, typer.Option(help="11 digits.")],
    razon_social: Annotated[str, typer.Option(help="As SUNAT has it.")],
    precios_incluyen_igv: Annotated[bool, typer.Option(help="Whether prices carry IGV.")] = True,
) -> None:
    """Say which company this is; nothing can be sold before."""
    try:
        cambio = schemas.ConfiguracionCambio(
            ruc=ruc, razon_social=razon_social, precios_incluyen_igv=precios_incluyen_igv
        )
    except ValidationError as error:
        faults = validation_failed(error).errors
        text = "\n".join(f"{fault.field}: {fault.message}" for fault in faults)
        raise ValidationFailed(text) from None
    _show(lambda ctx: empresa.cambiar_configuracion(ctx, cambio))


def _show(act: Callable[[Ctx], Configuracion]) -> None:
    runtime = processes.make_runtime(settings.load())
    try:
        leida = runtime.transact(lambda ctx: schemas.ConfiguracionLeida.model_validate(act(ctx)))
    finally:
        runtime.close()
    for name, value in leida.model_dump(exclude={"version"}).items():
        typer.echo(f"{name:<22} {value}")


COMMANDS = [EMPRESA]
