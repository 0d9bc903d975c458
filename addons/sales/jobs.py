"""Jobs of sales."""

from decimal import Decimal

from addons.sales.models import Venta
from kernel.context import Ctx
from kernel.jobs import Job


def notificar_venta(ctx: Ctx, venta_id: int) -> None:
    """Tell the dashboards that watch the topic ``ventas`` about a sale."""
    venta = ctx.session.get_one(Venta, venta_id)
    ctx.notify("ventas", venta_id=venta.id, total=str(Decimal(venta.total)))


JOBS = [Job("sales.notificar_venta", notificar_venta, "Avisa de una venta a los tableros.")]
