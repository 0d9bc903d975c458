"""Extensions of another addon's table: merged before mapping, and refused with a reason.

Mapping is global and happens once, so each case is a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

from kernel.manifest import ROOT

PRELUDE = """
from decimal import Decimal
from sqlalchemy import BigInteger, ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship
from kernel import model
from kernel.errors import ConfigurationError
from kernel.model import Id, Model, Timestamps, Versioned, extend, map_models, table_of


class Cliente(Timestamps, Versioned, Model):
    __module__ = "addons.sales.models"
    __tablename__ = "clientes"
    id: Mapped[Id]
    nombre: Mapped[str]


class Sucursal(Model):
    __module__ = "addons.base.models"
    __tablename__ = "sucursales"
    id: Mapped[Id]

"""


def run(case: str) -> str:
    """Return the last line that a case prints; it must end well."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRELUDE + dedent(case)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().rpartition("\n")[2]


def refusal(case: str) -> str:
    """Return why a case is refused."""
    wrapped = f"try:{''.join(f'{chr(10)}    {line}' for line in dedent(case).splitlines())}\n"
    return run(wrapped + "except ConfigurationError as error:\n    print(error)\n")


def test_extend_merges_columns_and_relationships_before_mapping() -> None:
    case = """
    @extend
    class Extendido(Cliente):
        __module__ = "addons.loyalty.models"
        puntos: Mapped[int] = mapped_column(server_default="0", default=0)
        apodo: Mapped[str | None]
        sucursal_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("sucursales.id"))
        sucursal: Mapped[Sucursal | None] = relationship()

    map_models()
    assert Extendido is Cliente
    assert {"puntos", "apodo", "sucursal_id"} < set(table_of(Cliente).c.keys())
    assert Cliente(nombre="Ana", puntos=3, sucursal=Sucursal()).puntos == 3
    assert "clientes.puntos" in str(select(Cliente.puntos).join(Cliente.sucursal))
    assert model.extension_authors() == {"loyalty"}
    print(model.extension_columns("loyalty"))
    """
    merged = [("clientes", "puntos"), ("clientes", "apodo"), ("clientes", "sucursal_id")]
    assert run(case) == str(merged)


def test_extend_by_two_addons_adds_both_columns() -> None:
    case = """
    @extend
    class Uno(Cliente):
        __module__ = "addons.loyalty.models"
        puntos: Mapped[int | None]

    @extend
    class Dos(Cliente):
        __module__ = "addons.credit.models"
        deuda: Mapped[Decimal | None]

    map_models()
    print([c.name for c in table_of(Cliente).c if c.name in ("puntos", "deuda")])
    """
    assert run(case) == "['puntos', 'deuda']"


def test_extend_with_a_name_of_another_extension_names_both_addons() -> None:
    case = """
    @extend
    class Uno(Cliente):
        __module__ = "addons.loyalty.models"
        puntos: Mapped[int | None]

    @extend
    class Dos(Cliente):
        __module__ = "addons.credit.models"
        puntos: Mapped[int | None]
    """
    sentence = "Los addons loyalty y credit declaran ambos el campo «Cliente.puntos»"
    assert sentence in refusal(case)


def test_extend_with_a_name_of_the_owner_names_both_addons() -> None:
    for name in ("nombre", "version", "created_at", "metadata"):
        case = f"""
        @extend
        class Uno(Cliente):
            __module__ = "addons.loyalty.models"
            {name}: Mapped[str | None]
        """
        sentence = f"Los addons sales y loyalty declaran ambos el campo «Cliente.{name}»"
        assert sentence in refusal(case)


def test_map_models_with_a_required_new_column_is_refused() -> None:
    case = """
    @extend
    class Uno(Cliente):
        __module__ = "addons.loyalty.models"
        puntos: Mapped[int] = mapped_column(default=0)

    map_models()
    """
    assert "loyalty adds «Cliente.puntos» without a value for the rows" in refusal(case)


def test_map_models_with_a_subclass_that_is_no_extension_is_refused() -> None:
    case = """
    class Uno(Cliente):
        __module__ = "addons.loyalty.models"
        puntos: Mapped[int | None]

    map_models()
    """
    assert "addons.loyalty.models.Uno subclasses a table: write @extend" in refusal(case)


def test_extend_after_mapping_is_refused() -> None:
    case = """
    map_models()

    @extend
    class Uno(Cliente):
        __module__ = "addons.loyalty.models"
        puntos: Mapped[int | None]
    """
    assert "addons.loyalty.models extends Cliente after the tables were mapped" in refusal(case)


def test_extend_of_no_table_or_two_is_refused() -> None:
    for bases in ("Model", "Cliente, Sucursal"):
        case = f"""
        @extend
        class Uno({bases}):
            __module__ = "addons.loyalty.models"
            puntos: Mapped[int | None]
        """
        assert "subclass exactly one table" in refusal(case)


def test_map_models_twice_maps_what_came_later() -> None:
    case = """
    map_models()

    class Punto(Model):
        __tablename__ = "puntos"
        id: Mapped[Id]

    map_models()
    print(table_of(Punto).name)
    """
    assert run(case) == "puntos"
