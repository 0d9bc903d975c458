"""What tests begin with: a company with two sucursales, a user per role, clients that sign in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from addons.base.models import Configuracion, Sucursal
from kernel import passwords
from kernel.context import Ctx
from kernel.identity import Rol, Usuario

PASSWORD = "clave-de-prueba-9"  # noqa: S105  # of databases that are thrown away

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
"""First name → role."""

CONFINED = ("cajero", "cajera", "vendedor")
"""Users of the first sucursal only."""

Connect = Callable[[str], TestClient]
"""Gives a client that is signed in as a user, by first name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Ids of what the company has."""

    sucursales: list[int]
    usuarios: dict[str, int]

    @classmethod
    def of(cls, ctx: Ctx) -> Self:
        """Return the ids of an open shop."""
        return cls(**cls.ids(ctx))

    @classmethod
    def ids(cls, ctx: Ctx) -> dict[str, Any]:
        """Return the ids by field."""
        usuarios = ctx.session.execute(select(Usuario.email, Usuario.id)).all()
        return {
            "sucursales": list(ctx.session.scalars(select(Sucursal.id).order_by(Sucursal.id))),
            "usuarios": {email.partition("@")[0]: user_id for email, user_id in usuarios},
        }


def open_shop(ctx: Ctx) -> None:
    """Write the company, its sucursales and users."""
    session = ctx.session
    session.add(Configuracion(id=1, ruc="20123456786", razon_social="Tienda de Prueba S.A.C."))
    sucursales = [Sucursal(codigo=code, nombre=f"Sucursal {code}") for code in ("001", "002")]
    session.add_all(sucursales)
    session.flush()
    _add_users(ctx, sucursales[0].id)


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


@pytest.fixture
def connect(http: TestClient) -> Connect:
    """Return a function that gives a client signed in as a user of the shop, by first name."""

    def sign_in(name: str) -> TestClient:
        client = TestClient(http.app, raise_server_exceptions=False)
        client.portal = http.portal
        if name:
            answer = http.post(
                "/api/auth/login/", json={"email": f"{name}@tienda.pe", "password": PASSWORD}
            )
            assert answer.status_code == 200, answer.text  # noqa: S101  # of a test
            client.headers["Authorization"] = f"Bearer {answer.json()['access']}"
        return client

    return sign_in


@pytest.fixture
def shop(runtime: Any) -> Shop:
    """Ids of what the shop has."""
    found: Shop = runtime.transact(Shop.of)
    return found


@pytest.fixture
def cajero(connect: Connect) -> TestClient:
    """A client signed in as the cashier."""
    return connect("cajero")


@pytest.fixture
def admin(connect: Connect) -> TestClient:
    """A client signed in as the administrator."""
    return connect("admin")
