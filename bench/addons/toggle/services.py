"""What toggle does: a stamp with each sale, and a job that looks at it."""

from addons.sales.schemas import VentaRegistrada
from kernel.context import Ctx
from kernel.db import Statement

SELLAR = Statement(
    "toggle_sellar",
    """
    WITH sello AS (
      INSERT INTO toggle_sellos (cliente_id, venta_id)
      SELECT cliente_id, id FROM ventas WHERE id = %(venta)s RETURNING cliente_id)
    UPDATE clientes SET sellos = sellos + 1 FROM sello WHERE clientes.id = sello.cliente_id
    """,
)
MIRAR = Statement("toggle_mirar", "SELECT count(*) FROM toggle_sellos WHERE venta_id = %(venta)s")


def sellar(ctx: Ctx, venta: VentaRegistrada) -> None:
    """Stamp a sale."""
    ctx.sql(SELLAR, venta=venta.venta_id)
    ctx.enqueue("toggle.mirar", venta_id=venta.venta_id)


def mirar(ctx: Ctx, venta_id: int) -> None:
    """Look at a stamp."""
    ctx.sql(MIRAR, venta=venta_id)
