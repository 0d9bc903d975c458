"""What people of the demo company did through its services: a key for a shop on the internet, and
two sales of a till that had no connection, of which one could not be kept."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import func, select

from addons.base.schemas import ClaveApiNueva
from addons.base.services import claves_api
from addons.sales.models import ABIERTA, Caja, Cliente, Producto, Venta
from addons.sales.schemas import LoteOffline, VentaGuardada
from addons.sales.services import offline
from kernel.context import Ctx

ALCANCES = ["clientes.crear", "listas_precio.ver", "productos.ver", "ventas.crear"]
DIAS = 180
DESPUES = timedelta(minutes=9)
"""How long after the last sale the till lost its connection, and sold again."""
LLEVADO = "HER-004"
AGOTADO = "PIN-001"
MAS_DE_LO_QUE_HAY = Decimal(150)


def abrir_tienda_en_linea(ctx: Ctx) -> None:
    """Give a key to the shop on the internet."""
    clave = ClaveApiNueva(nombre="Tienda en línea", alcances=ALCANCES, vigencia_dias=DIAS)
    claves_api.crear_clave(ctx, clave)


def sincronizar(ctx: Ctx) -> None:
    """Send what the till kept: a sale, and one of more than there was."""
    ventas = [
        _guardada(ctx, LLEVADO, Decimal(2), DESPUES),
        _guardada(ctx, AGOTADO, MAS_DE_LO_QUE_HAY, 2 * DESPUES),
    ]
    offline.sincronizar(ctx, LoteOffline(ventas=ventas))


def _guardada(ctx: Ctx, sku: str, cantidad: Decimal, luego: timedelta) -> VentaGuardada:
    caja = ctx.session.scalars(
        select(Caja).where(Caja.usuario_id == ctx.user_id, Caja.estado == ABIERTA)
    ).one()
    producto = ctx.session.scalars(select(Producto).where(Producto.sku == sku)).one()
    cliente = select(Cliente.id).order_by(Cliente.id).limit(1)
    venta: dict[str, Any] = {
        "cliente_id": ctx.session.scalars(cliente).one(),
        "sucursal_id": caja.sucursal_id,
        "caja_id": caja.id,
        "detalle": [{"producto_id": producto.id, "cantidad": str(cantidad)}],
        "formas_pago": [{"metodo": "efectivo", "monto": str(producto.precio * cantidad)}],
    }
    ultima = ctx.session.scalar(select(func.max(Venta.fecha)).where(Venta.caja_id == caja.id))
    return VentaGuardada(
        uuid=uuid5(NAMESPACE_URL, f"{caja.id}/{sku}"),
        fecha_registro_local=min((ultima or caja.fecha_apertura) + luego, ctx.now),
        venta=venta,
    )
