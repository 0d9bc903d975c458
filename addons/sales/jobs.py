"""Jobs of sales."""

from kernel.context import Ctx
from kernel.jobs import Job


def notificar_venta(ctx: Ctx, venta_id: int) -> None:
    """Tell the dashboards that watch the topic ``ventas`` about a sale."""
    ctx.notify("ventas", venta_id=venta_id)


JOBS = [Job("sales.notificar_venta", notificar_venta, "Avisa de una venta a los tableros.")]
