"""The address of what a till needs. Source: spec/erp-modules.md, módulo 1."""

from addons.sales import schemas
from addons.sales.services import pos
from kernel.context import Ctx
from kernel.http import endpoint


@endpoint("GET", "/api/pos/", permission="ventas.crear")
def ver_pos(ctx: Ctx) -> schemas.Pos:
    """Lo que una caja necesita para vender, también sin conexión."""
    return pos.ver_pos(ctx)
