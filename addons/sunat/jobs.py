"""Jobs of sunat: sending, retrying, issuing what was sold. Source: módulo 3, "Tareas"."""

from datetime import timedelta

from addons.sales.schemas import VentaRegistrada
from addons.sunat.services import alarmas, archivos, emision, envio
from kernel.context import Ctx
from kernel.events import Subscriber
from kernel.jobs import Job, Schedule


def enviar(ctx: Ctx, comprobante_id: int) -> None:
    """Send a comprobante, after those of its series that wait before it."""
    envio.enviar(ctx, comprobante_id)


def reintentar(ctx: Ctx) -> None:
    """Send what still waits for an answer."""
    envio.reintentar_pendientes(ctx)


def imprimir(ctx: Ctx, comprobante_id: int) -> None:
    """Make the printed forms of a comprobante."""
    archivos.imprimir(ctx, comprobante_id)


def archivar(ctx: Ctx, comprobante_id: int) -> None:
    """Copy XML and CDR of a comprobante to the storage."""
    archivos.archivar(ctx, comprobante_id)


def alarmar(ctx: Ctx) -> None:
    """Tell who keeps the books of certificates and documents that run out of time."""
    alarmas.avisar(ctx)


def al_vender(ctx: Ctx, venta: VentaRegistrada) -> None:
    """Issue the comprobante of a sale."""
    emision.emitir_de_venta(ctx, venta.venta_id)


JOBS = [
    Job(
        emision.ENVIAR,
        enviar,
        "Envía un comprobante a SUNAT.",
        max_attempts=20,
        timeout=timedelta(minutes=30),
        remote=emision.REMOTO,
    ),
    Job(emision.IMPRIMIR, imprimir, "Prepara el PDF de un comprobante."),
    Job(emision.ARCHIVAR, archivar, "Guarda el XML y el CDR de un comprobante."),
    Job("sunat.alarmar", alarmar, "Avisa de certificados y comprobantes por vencer."),
    Job("sunat.reintentar", reintentar, "Reintenta los comprobantes pendientes."),
]
SCHEDULES = [
    Schedule("sunat.reintentar", "*/15 * * * *", "sunat.reintentar"),
    Schedule("sunat.alarmar", "30 7 * * *", "sunat.alarmar"),
]
SUBSCRIBERS = [Subscriber("venta_registrada", al_vender, when="after_commit")]
