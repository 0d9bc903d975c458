"""A small shop: two sucursales, a user per role, ten products with stock, a client."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from starlette.testclient import TestClient

from addons.base.models import Configuracion, Sucursal
from addons.inventory import services
from addons.inventory.models import Almacen
from addons.inventory.schemas import EntradaNueva
from addons.sales.models import Cliente, Producto
from kernel import passwords
from kernel.context import Ctx
from kernel.identity import Rol, Usuario

PASSWORD = "clave-de-prueba-9"
PRECIO = Decimal("11.80")
STOCK = Decimal(100)

USERS = {
    "admin": "ADMIN",
    "gerente": "GERENTE_VENTAS",
    "vendedor": "VENDEDOR",
    "cajero": "CAJERO",
    "cajera": "CAJERO",
    "almacen": "SUPERVISOR_ALMACEN",
    "contador": "CONTADOR",
    "chofer": "TRANSPORTISTA",
}
CONFINED = ("cajero", "cajera", "vendedor")
"""Users of the first sucursal only."""


@dataclass(frozen=True, slots=True)
class Shop:
    """Ids of what the shop has."""

    sucursales: list[int]
    almacenes: list[int]
    productos: list[int]
    cliente: int
    usuarios: dict[str, int]

    @classmethod
    def of(cls, ctx: Ctx) -> Shop:
        """Return the ids of an open shop."""
        session = ctx.session
        usuarios = session.execute(select(Usuario.email, Usuario.id)).all()
        return cls(
            sucursales=list(session.scalars(select(Sucursal.id).order_by(Sucursal.id))),
            almacenes=list(session.scalars(select(Almacen.id).order_by(Almacen.id))),
            productos=list(session.scalars(select(Producto.id).order_by(Producto.id))),
            cliente=session.scalars(select(Cliente.id).order_by(Cliente.id)).first() or 0,
            usuarios={email.partition("@")[0]: user_id for email, user_id in usuarios},
        )

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
    assert answer.status_code == 201, answer.text
    caja_id: int = answer.json()["id"]
    return caja_id


def open_shop(ctx: Ctx) -> None:
    """Write the shop."""
    session = ctx.session
    session.add(Configuracion(id=1, ruc="20123456786", razon_social="Tienda de Prueba S.A.C."))
    sucursales = [Sucursal(codigo=code, nombre=f"Sucursal {code}") for code in ("001", "002")]
    session.add_all(sucursales)
    session.add(Cliente(tipo_doc="0", numero_doc="00000000", razon_social="Clientes varios"))
    session.flush()
    _add_users(ctx, sucursales[0].id)
    almacenes = [Almacen(nombre=f"Almacén {one.codigo}", sucursal_id=one.id) for one in sucursales]
    productos = [
        Producto(
            sku=f"P-{number:02d}", nombre=f"Producto {number}", precio=PRECIO, costo=Decimal(7)
        )
        for number in range(1, 11)
    ]
    session.add_all([*almacenes, *productos])
    session.flush()
    for producto in productos:
        entrada = EntradaNueva(
            almacen_id=almacenes[0].id, producto_id=producto.id, cantidad=STOCK, motivo="Inicial"
        )
        services.registrar_entrada(ctx, entrada)


def _add_users(ctx: Ctx, sucursal_id: int) -> None:
    roles = {rol.nombre: rol.id for rol in ctx.session.scalars(select(Rol))}
    stored = passwords.hash_password(PASSWORD, cost=4)
    for name, rol in USERS.items():
        confined = {"sucursal_id": sucursal_id} if name in CONFINED else {}
        ctx.session.add(
            Usuario(
                nombre=name.title(),
                email=f"{name}@tienda.pe",
                rol_id=roles[rol],
                password_hash=stored,
                **confined,
            )
        )
    ctx.session.flush()
