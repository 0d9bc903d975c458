"""What tests begin with: ten products and a customer."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from addons.base import testing as base
from addons.sales.models import Cliente, Producto
from kernel.context import Ctx

PRECIO = Decimal("11.80")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop(base.Shop):
    """Ids of what the shop has."""

    productos: list[int]
    cliente: int

    @classmethod
    def ids(cls, ctx: Ctx) -> dict[str, Any]:
        """Return the ids by field."""
        clientes = select(Cliente.id).order_by(Cliente.id).limit(1)
        return {
            **base.Shop.ids(ctx),
            "productos": list(ctx.session.scalars(select(Producto.id).order_by(Producto.id))),
            "cliente": ctx.session.scalars(clientes).first() or 0,
        }

    def venta(self, caja_id: int, **changes: Any) -> dict[str, Any]:
        """Return the body of a valid sale of two units of each of two products."""
        detalle = [{"producto_id": one, "cantidad": 2} for one in self.productos[:2]]
        return {
            "cliente_id": self.cliente,
            "sucursal_id": self.sucursales[0],
            "caja_id": caja_id,
            "detalle": detalle,
            "formas_pago": [{"metodo": "efectivo", "monto": "1000"}],
            **changes,
        }


def abrir_caja(client: TestClient, shop: Shop, monto: str = "100.00") -> int:
    """Return the caja that the client's user just opened in the first sucursal."""
    body = {"sucursal_id": shop.sucursales[0], "monto_apertura": monto}
    answer = client.post("/api/cajas/abrir/", json=body)
    assert answer.status_code == 201, answer.text  # noqa: S101  # of a test
    caja_id: int = answer.json()["id"]
    return caja_id


def open_shop(ctx: Ctx) -> None:
    """Write the products and the customer without a document."""
    ctx.session.add(Cliente(tipo_doc="0", numero_doc="00000000", razon_social="Clientes varios"))
    ctx.session.flush()
    ctx.session.add_all(
        Producto(
            sku=f"P-{number:02d}", nombre=f"Producto {number}", precio=PRECIO, costo=Decimal(7)
        )
        for number in range(1, 11)
    )
    ctx.session.flush()


@pytest.fixture
def shop(runtime: Any) -> Shop:
    """Ids of what the shop has."""
    found: Shop = runtime.transact(Shop.of)
    return found
