"""What tests begin with: an almacén per sucursal, and stock of the ten products in the first."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from addons.base.models import Sucursal
from addons.inventory import services
from addons.inventory.models import Almacen
from addons.inventory.schemas import EntradaNueva
from addons.sales import testing as sales
from addons.sales.models import Producto
from kernel.context import Ctx

STOCK = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop(sales.Shop):
    """Ids of what the shop has."""

    almacenes: list[int]

    @classmethod
    def ids(cls, ctx: Ctx) -> dict[str, Any]:
        """Return the ids by field."""
        almacenes = select(Almacen.id).order_by(Almacen.id)
        return {**sales.Shop.ids(ctx), "almacenes": list(ctx.session.scalars(almacenes))}


def open_shop(ctx: Ctx) -> None:
    """Write the almacenes and the stock."""
    sucursales = ctx.session.scalars(select(Sucursal).order_by(Sucursal.id))
    almacenes = [Almacen(nombre=f"Almacén {one.codigo}", sucursal_id=one.id) for one in sucursales]
    ctx.session.add_all(almacenes)
    ctx.session.flush()
    for producto_id in ctx.session.scalars(select(Producto.id).order_by(Producto.id)):
        entrada = EntradaNueva(
            almacen_id=almacenes[0].id, producto_id=producto_id, cantidad=STOCK, motivo="Inicial"
        )
        services.registrar_entrada(ctx, entrada)


@pytest.fixture
def shop(runtime: Any) -> Shop:
    """Ids of what the shop has."""
    found: Shop = runtime.transact(Shop.of)
    return found
