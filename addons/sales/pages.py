"""Pages of sales: the till. Source: spec/erp-modules.md, módulo 1."""

from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.installable import Installable
from kernel.page import Asked, fetch, page
from kernel.translations import later

POS = Installable(
    "/app/pos/",
    "Punto de venta",
    short="POS",
    script="addons.sales:pos.js",
    modules={
        f"pos/{one}": f"addons.sales:pos-{one}.js"
        for one in ("base", "money", "queue", "goods", "cart", "pay", "drawer", "ticket", "scan")
    },
    styles=("addons.sales:pos.css",),
    camera=True,
)

METODOS = later(("Efectivo", "Tarjeta", "Transferencia", "Crédito", "Yape", "Plin"))
"""Names of the ways to pay that every shop starts with."""


@page("GET", POS.address, permission="ventas.crear")
def punto_de_venta(ctx: Ctx, asked: Asked) -> Outcome:
    """Vender en caja, con o sin conexión."""
    pos = fetch(ctx, "/api/pos/")
    wanted = asked.query.get("caja")
    cajas = pos["cajas"]
    caja = next((one for one in cajas if str(one["id"]) == wanted), cajas[0] if cajas else None)
    return POS.draw(ctx, asked, "addons.sales:pos.html", title=POS.title, pos=pos, caja=caja)


PAGES = [punto_de_venta, *POS.pages()]
