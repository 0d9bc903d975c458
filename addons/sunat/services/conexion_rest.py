"""Who the company is at SUNAT's REST services, and where they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from addons.sunat import schemas
from addons.sunat.client import (
    ENTORNOS_REST,
    CredencialesRest,
    DireccionesRest,
    RestClient,
    TransporteRest,
)
from addons.sunat.errors import SinConfigurar
from addons.sunat.models import CredencialSunat
from addons.sunat.services import empresa
from addons.sunat.services.conexion import LIBRE, RUTA_SANDBOX
from kernel.context import Ctx
from kernel.outbound import Limits

if TYPE_CHECKING:
    from kernel.runtime import Runtime

APLICACION_LIBRE = ("sandbox", "sandbox")
FALTA = (
    "Falta la aplicación de la empresa en SUNAT (client_id y client_secret): créela en el menú "
    "SOL y guárdela en Facturación, Credenciales."
)


@dataclass(frozen=True, slots=True)
class ConexionRest:
    """To whom, and as whom; ``espera`` in seconds."""

    direcciones: DireccionesRest
    credenciales: CredencialesRest
    espera: int


def conectar(ctx: Ctx) -> ConexionRest:
    """Return to whom the company sends its guías, and as whom.

    Raises:
        SinConfigurar: a real environment without an application, or one that has no REST services.
    """
    config = ctx.config(schemas.Facturacion)
    ruc = empresa.configuracion(ctx).ruc
    direcciones = ENTORNOS_REST[config.entorno]
    if not direcciones.guias:
        raise SinConfigurar(f"SUNAT no tiene servicios REST en el entorno {config.entorno}.")
    guardada = ctx.session.get(CredencialSunat, 1)
    if config.entorno == "sandbox":
        usuario, clave = f"{ruc}{LIBRE[0]}", LIBRE[1]
        cliente_id, secreto = APLICACION_LIBRE
    elif guardada is None or not guardada.client_id:
        raise SinConfigurar(FALTA)
    else:
        usuario, clave = f"{ruc}{guardada.usuario.removeprefix(ruc)}", guardada.clave or ""
        cliente_id, secreto = guardada.client_id, guardada.secreto or ""
    credenciales = CredencialesRest(cliente_id, secreto, usuario, clave)
    return ConexionRest(direcciones, credenciales, config.espera)


def _transporte(runtime: Runtime, conexion: ConexionRest) -> TransporteRest:
    if conexion.direcciones == ENTORNOS_REST["sandbox"]:
        from addons.sunat.sandbox.rest import SunatRest
        from addons.sunat.sandbox.servicio import Sunat
        from addons.sunat.sandbox.transporte import EnProcesoRest

        sunat = Sunat(runtime.settings.data_dir / RUTA_SANDBOX, runtime.clock)
        return EnProcesoRest(SunatRest(sunat))
    return runtime.outbound("sunat")


def _limites(conexion: ConexionRest) -> Limits:
    espera = conexion.espera
    return Limits(connect=min(5, espera), read=espera, total=espera, size=2**24)


def cliente_rest(runtime: Runtime, conexion: ConexionRest) -> RestClient:
    """Return the client of a connection; the sandbox's needs no socket."""
    transporte = _transporte(runtime, conexion)
    return RestClient(transporte, conexion.direcciones, conexion.credenciales, _limites(conexion))
