"""Jobs of inventory."""

from kernel.context import Ctx
from kernel.jobs import Job


def avisar_stock_minimo(ctx: Ctx, sucursal_id: int, productos: list[int]) -> None:
    """Tell the storekeepers of a sucursal which products reached their minimum."""
    ctx.notify("stock_minimo", sucursal_id=sucursal_id, productos=productos)


JOBS = [
    Job("inventory.avisar_stock_minimo", avisar_stock_minimo, "Avisa de productos bajo su mínimo."),
]
