"""What type checkers make of ``@extend``."""

from collections.abc import Sequence
from typing import assert_type

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from addons.sales import models as sales
from kernel.context import Ctx
from kernel.model import Model, extend


@extend
class Cliente(sales.Cliente):
    """A column with a default, one that may be empty, and a relationship."""

    puntos: Mapped[int] = mapped_column(server_default="0", default=0)
    apodo: Mapped[str | None]
    padrino: Mapped["Cliente | None"] = relationship()


def right(ctx: Ctx) -> None:
    """The extension has its own columns and the owner's, wherever it is used."""
    cliente = ctx.session.get_one(Cliente, 1)
    assert_type(cliente, Cliente)
    assert_type(cliente.puntos, int)
    assert_type(cliente.apodo, str | None)
    assert_type(cliente.razon_social, str)
    assert_type(cliente.padrino, Cliente | None)
    assert_type(ctx.session.scalars(select(Cliente.puntos)).all(), Sequence[int])
    owner: sales.Cliente = cliente
    table: type[Model] = Cliente
    print(owner, table, Cliente(puntos=3, razon_social="Ana"))


def wrong(ctx: Ctx) -> None:
    """What is misspelt or of another type is refused."""
    cliente = ctx.session.get_one(Cliente, 1)
    cliente.puntos = "tres"  # error: mypy assignment, pyright reportAttributeAccessIssue
    print(cliente.punto)  # error: mypy attr-defined, pyright reportAttributeAccessIssue
    print(Cliente.punto)  # error: mypy attr-defined, pyright reportAttributeAccessIssue
    nombre: str = cliente.puntos  # error: mypy assignment, pyright reportAssignmentType
    apodo: str = cliente.apodo  # error: mypy assignment, pyright reportAssignmentType
    print(nombre, apodo)


def owner_alone(ctx: Ctx) -> None:
    """The owner's class doesn't show what others add: import the extension to use it."""
    cliente = ctx.session.get_one(sales.Cliente, 1)
    print(cliente.puntos)  # error: mypy attr-defined, pyright reportAttributeAccessIssue


@extend
class Producto(sales.Producto):
    """An extension never overrides."""

    precio: Mapped[str]  # error: mypy assignment, pyright reportIncompatibleVariableOverride


@extend  # error: pyright reportArgumentType
class Ajeno:  # error: mypy type-var
    """Not a table."""

    puntos: Mapped[int]
