"""What the addon does: one row for each time that it is told something."""

from addons.sales.schemas import VentaRegistrada
from kernel.context import Ctx
from kernel.db import Statement

ENTREGA = Statement(
    "chaos_entrega",
    "INSERT INTO chaos_entregas (venta_id, total) VALUES (%(venta)s, %(total)s)",
)
PEDIDO = Statement("chaos_pedido", "INSERT INTO chaos_pedidos (n) VALUES (%(n)s)")
MARCA = Statement("chaos_marca", "INSERT INTO chaos_marcas (n) VALUES (%(n)s)")


def anotar_entrega(ctx: Ctx, venta: VentaRegistrada) -> None:
    """Note that the delivery of a sale arrived."""
    ctx.sql(ENTREGA, venta=venta.venta_id, total=venta.total)


def marcar(ctx: Ctx, n: int) -> None:
    """Note that a job ran."""
    ctx.sql(MARCA, n=n)


def pedir(ctx: Ctx, numbers: range) -> None:
    """Do a bit of business and leave a job for each number."""
    ctx.sql(PEDIDO, n=numbers[0])
    for n in numbers:
        ctx.enqueue("chaos.marcar", n=n)
