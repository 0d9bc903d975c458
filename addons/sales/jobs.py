"""Jobs of sales: notices, mail, and the night."""

from addons.sales.services import cotizaciones, papeles
from kernel.context import Ctx
from kernel.jobs import Job, Schedule


def notificar_venta(ctx: Ctx, venta_id: int) -> None:
    """Tell the dashboards that watch the topic ``ventas`` about a sale."""
    ctx.notify("ventas", venta_id=venta_id)


JOBS = [
    Job("sales.notificar_venta", notificar_venta, "Avisa de una venta a los tableros"),
    Job(
        "sales.vencer_cotizaciones",
        cotizaciones.vencer_cotizaciones,
        "Marca las cotizaciones cuyo plazo terminó",
    ),
    Job("sales.enviar_cotizacion", papeles.enviar_cotizacion, "Envía una cotización por correo"),
]
SCHEDULES = [
    Schedule("sales.vencer_cotizaciones", "0 23 * * *", "sales.vencer_cotizaciones"),
]
