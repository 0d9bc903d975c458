"""Jobs of sunat: sending, retrying, issuing what was sold. Source: módulo 3, "Tareas"."""

from datetime import timedelta

from addons.base.schemas import RucCambiado
from addons.sales.schemas import DevolucionRegistrada, VentaAnulada, VentaRegistrada
from addons.sunat.models import ACEPTADO
from addons.sunat.schemas import ComprobanteCambio
from addons.sunat.services import (
    alarmas,
    anulaciones,
    archivos,
    bajas,
    correo,
    devoluciones,
    empresa,
    envio,
    registro,
    resumenes,
    tickets,
    ventas,
)
from kernel.context import Ctx
from kernel.events import Subscriber
from kernel.jobs import Job, Schedule


def enviar(ctx: Ctx, comprobante_id: int) -> None:
    """Send a comprobante, after those of its series that wait before it."""
    envio.enviar(ctx, comprobante_id)


def reintentar(ctx: Ctx) -> None:
    """Send what still waits for an answer, and void what still waits to be voided."""
    envio.reintentar_pendientes(ctx)
    tickets.retomar(ctx)
    bajas.dar_de_baja(ctx)


def enviar_resumen(ctx: Ctx, resumen_id: int) -> None:
    """Send a resumen or comunicación de baja, or ask for its ticket."""
    tickets.enviar(ctx, resumen_id, resumenes.ASUNTOS)


def resumen_diario(ctx: Ctx, solo_notas: bool = False) -> None:
    """Tell of the boletas that wait, and of the notes whose boletas are accepted."""
    resumenes.resumir(ctx, solo_notas=solo_notas)


def resumen_de_ayer(ctx: Ctx) -> None:
    """Tell of what the night's resumen left: boletas of its last minutes, files that failed."""
    hoy = ctx.now.astimezone(ctx.time_zone).date()
    resumenes.resumir(ctx, hasta=hoy - timedelta(days=1))


def dar_de_baja(ctx: Ctx) -> None:
    """Void the comprobantes that somebody wants voided."""
    bajas.dar_de_baja(ctx)


def emitir_venta(ctx: Ctx, venta_id: int) -> None:
    """Issue the comprobante of a sale whose first one was voided."""
    ventas.emitir_de_venta(ctx, venta_id)


def emitir_atrasadas(ctx: Ctx, certificado_id: int) -> None:
    """Issue the comprobantes of the sales since a certificate expired."""
    ventas.encargar_atrasadas(ctx, certificado_id)


def enviar_correo(ctx: Ctx, comprobante_id: int, email: str) -> None:
    """Send a comprobante to its client."""
    correo.enviar_correo(ctx, comprobante_id, email)


def archivar_resumen(ctx: Ctx, resumen_id: int) -> None:
    """Copy XML and CDR of a resumen to the storage."""
    archivos.archivar_resumen(ctx, resumen_id)


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
    ventas.emitir_de_venta(ctx, venta.venta_id)


def al_anular(ctx: Ctx, venta: VentaAnulada) -> None:
    """Void the comprobante of an annulled sale."""
    anulaciones.seguir_a_la_venta(ctx, venta.venta_id, venta.motivo)


def al_devolver(ctx: Ctx, devolucion: DevolucionRegistrada) -> None:
    """Issue the nota de crédito of what came back, if its comprobante is accepted."""
    devoluciones.seguir_devolucion(ctx, devolucion.devolucion_id)


def al_responder(ctx: Ctx, cambio: ComprobanteCambio) -> None:
    """Issue the notes of what came back before SUNAT accepted the comprobante."""
    if cambio.estado_sunat == ACEPTADO and cambio.venta_id is not None:
        devoluciones.seguir_venta(ctx, cambio.venta_id)


def al_cambiar_de_ruc(ctx: Ctx, ruc: RucCambiado) -> None:
    """Refuse it while documents signed under the former RUC wait for SUNAT."""
    empresa.exigir_que_nada_espere(ctx, ruc.antes)


JOBS = [
    Job(
        registro.ENVIAR,
        enviar,
        "Envía un comprobante a SUNAT",
        max_attempts=20,
        timeout=timedelta(minutes=30),
        remote=registro.REMOTO,
    ),
    Job(
        tickets.ENVIAR,
        enviar_resumen,
        "Envía un resumen o una comunicación de baja, y pregunta por su ticket",
        max_attempts=20,
        timeout=timedelta(minutes=30),
        remote=registro.REMOTO,
    ),
    Job(resumenes.RESUMIR, resumen_diario, "Resume las boletas que esperan"),
    Job("sunat.resumen_de_ayer", resumen_de_ayer, "Resume las boletas que quedaron de ayer"),
    Job(registro.DAR_DE_BAJA, dar_de_baja, "Da de baja los comprobantes que lo esperan"),
    Job(registro.EMITIR_VENTA, emitir_venta, "Emite otra vez el comprobante de una venta"),
    Job(empresa.EMITIR_ATRASADAS, emitir_atrasadas, "Emite lo que un certificado vencido no firmó"),
    Job(correo.ENVIAR, enviar_correo, "Envía un comprobante por correo"),
    Job(tickets.ARCHIVAR, archivar_resumen, "Guarda el XML y el CDR de un resumen"),
    Job(registro.IMPRIMIR, imprimir, "Prepara el PDF de un comprobante"),
    Job(registro.ARCHIVAR, archivar, "Guarda el XML y el CDR de un comprobante"),
    Job("sunat.alarmar", alarmar, "Avisa de certificados y comprobantes por vencer"),
    Job("sunat.reintentar", reintentar, "Reintenta los comprobantes pendientes"),
]
SCHEDULES = [
    Schedule("sunat.reintentar", "*/15 * * * *", "sunat.reintentar"),
    Schedule("sunat.resumen_diario", "50 23 * * *", resumenes.RESUMIR),
    Schedule("sunat.resumen_de_ayer", "30 6 * * *", "sunat.resumen_de_ayer"),
    Schedule("sunat.alarmar", "30 7 * * *", "sunat.alarmar"),
]
SUBSCRIBERS = [
    Subscriber("venta_registrada", al_vender, when="after_commit"),
    Subscriber("venta_anulada", al_anular, when="after_commit"),
    Subscriber("devolucion_registrada", al_devolver, when="after_commit"),
    Subscriber("comprobante_respondido", al_responder, when="after_commit"),
    Subscriber("ruc_cambiado", al_cambiar_de_ruc),
]
