"""To whom the company sends, and as whom: SUNAT's environments, or an OSE's addresses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from addons.sunat import schemas
from addons.sunat.client import ENTORNOS, Direcciones, SunatClient
from addons.sunat.errors import SinConfigurar
from addons.sunat.models import CredencialSunat
from addons.sunat.services import empresa
from kernel.context import Ctx
from kernel.outbound import Limits

if TYPE_CHECKING:
    from kernel.runtime import Runtime

LIBRE = ("MODDATOS", "moddatos")
RUTA_SANDBOX = Path("sunat") / "sandbox.sqlite"


@dataclass(frozen=True, slots=True)
class Conexion:
    """To whom, and as whom; ``espera`` in seconds."""

    entorno: str
    direcciones: Direcciones
    usuario: str
    clave: str
    espera: int


def conectar(ctx: Ctx) -> Conexion:
    """Return to whom the company sends, and as whom.

    Raises:
        SinConfigurar: a real environment without SOL user.
    """
    config = ctx.config(schemas.Facturacion)
    ruc = empresa.configuracion(ctx).ruc
    direcciones = ENTORNOS[config.entorno]
    credencial = ctx.session.get(CredencialSunat, 1)
    if credencial is None:
        if config.entorno == "produccion":
            raise SinConfigurar("Falta el usuario SOL: guárdelo en Facturación, Credenciales.")
        return Conexion(config.entorno, direcciones, f"{ruc}{LIBRE[0]}", LIBRE[1], config.espera)
    direcciones = Direcciones(
        credencial.url_envio or direcciones.envio,
        credencial.url_consulta or direcciones.consulta,
        credencial.url_envio or direcciones.otros,
    )
    usuario = f"{ruc}{credencial.usuario.removeprefix(ruc)}"
    return Conexion(config.entorno, direcciones, usuario, credencial.clave or "", config.espera)


def cliente_para(runtime: Runtime, conexion: Conexion) -> SunatClient:
    """Return the client of a connection; the sandbox's needs no socket."""
    limites = Limits(
        connect=min(5, conexion.espera), read=conexion.espera, total=conexion.espera, size=2**24
    )
    if conexion.direcciones == ENTORNOS["sandbox"]:
        from addons.sunat.sandbox.servicio import Sunat
        from addons.sunat.sandbox.transporte import EnProceso

        transporte = EnProceso(Sunat(runtime.settings.data_dir / RUTA_SANDBOX, runtime.clock))
        return SunatClient(
            transporte, conexion.direcciones, conexion.usuario, conexion.clave, limites
        )
    http = runtime.outbound("sunat")
    return SunatClient(http, conexion.direcciones, conexion.usuario, conexion.clave, limites)
