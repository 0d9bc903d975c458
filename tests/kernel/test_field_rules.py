"""Field rules: what a role may not see is in no answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, TypedDict

import pytest
from pydantic import BaseModel, ConfigDict, Field, RootModel, TypeAdapter, computed_field

from kernel.rbac import Protected, hidden_fields, protected_paths, prune
from kernel.schemas import Answer, Page
from tests.kernel.ruled import House, RuledCliente, RuledVenta, open_house

Costo = Annotated[Decimal | None, Protected("t_clientes.ver_costo")]
PERMISSION = "t_clientes.ver_costo"


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house() as one:
        yield one


class Linea(Answer):
    """A protected field among others."""

    nombre: str
    costo: Costo = None


class Venta(Answer):
    """Protected fields below."""

    lineas: list[Linea]
    principal: Linea | None = None
    por_nombre: dict[str, Linea] = Field(default_factory=dict)


class Nodo(Answer):
    """Contains itself."""

    costo: Costo = None
    hijos: list[Nodo] = Field(default_factory=list)


class Padre(Answer):
    """Contains itself through another."""

    hijo: Hijo | None = None


class Hijo(Answer):
    """The other."""

    padre: Padre | None = None
    costo: Costo = None


class Renombrado(Answer):
    """Another name in JSON."""

    model_config = ConfigDict(serialize_by_alias=True)

    costo: Costo = Field(default=None, serialization_alias="costoUnitario")


class Calculado(Answer):
    """A computed field."""

    @computed_field  # type: ignore[prop-decorator]  # as pydantic documents it
    @property
    def costo(self) -> Costo:
        """Return a cost."""
        return Decimal(1)


class Raiz(RootModel[list[Linea]]):
    """A model without a name of its own in JSON."""


@dataclass
class Ficha:
    """A dataclass."""

    costo: Costo
    lineas: tuple[Linea, ...]


class Registro(TypedDict):
    """A typed dictionary."""

    costo: Costo


class Opcional(Answer):
    """The mark inside the type."""

    costo: Annotated[Decimal, Protected(PERMISSION)] | None = None
    costos: list[Annotated[int, Protected(PERMISSION)]] = Field(default_factory=list)


class Gato(Answer):
    """One of two."""

    tipo: Literal["gato"]
    costo: Costo = None


class Perro(Answer):
    """The other."""

    tipo: Literal["perro"]
    raza: Annotated[str, Protected("t_clientes.ver")]


PATHS: dict[str, tuple[Any, set[str]]] = {
    "field": (Linea, {"costo"}),
    "below": (Venta, {"lineas.*.costo", "principal.costo", "por_nombre.*.costo"}),
    "page": (Page[Linea], {"items.*.costo"}),
    "list": (list[Linea], {"*.costo"}),
    "optional": (Linea | None, {"costo"}),
    "annotated": (Annotated[Linea, "nota"], {"costo"}),
    "tree": (Nodo, {"costo", "hijos.*.**.costo"}),
    "circle": (Padre, {"hijo.costo", "hijo.padre.**.hijo.costo"}),
    "alias": (Renombrado, {"costo", "costoUnitario"}),
    "computed": (Calculado, {"costo"}),
    "root": (Raiz, {"*.costo"}),
    "dataclass": (Ficha, {"costo", "lineas.*.costo"}),
    "typed dictionary": (list[Registro], {"*.costo"}),
    "mark inside": (Opcional, {"costo", "costos.*"}),
    "union": (Gato | Perro, {"costo", "raza"}),
    "none": (Page[int], set()),
    "plain": (dict[str, Any], set()),
    "any": (Any, set()),
}


@pytest.mark.parametrize("name", PATHS)
def test_protected_paths_finds_every_mark(name: str) -> None:
    kind, expected = PATHS[name]
    assert {path for path, _ in protected_paths(kind)} == expected


ANSWERS: dict[str, tuple[Any, Any, Any]] = {
    "field": (Linea, Linea(nombre="a", costo=Decimal(1)), {"nombre": "a"}),
    "below": (
        Venta,
        Venta(
            lineas=[Linea(nombre="a", costo=Decimal(1)), Linea(nombre="b")],
            por_nombre={"x": Linea(nombre="c", costo=Decimal(2))},
        ),
        {
            "lineas": [{"nombre": "a"}, {"nombre": "b"}],
            "principal": None,
            "por_nombre": {"x": {"nombre": "c"}},
        },
    ),
    "page": (
        Page[Linea],
        Page[Linea](items=[Linea(nombre="a", costo=Decimal(1))]),
        {"items": [{"nombre": "a"}], "next": None},
    ),
    "tree": (
        Nodo,
        Nodo(costo=Decimal(1), hijos=[Nodo(costo=Decimal(2), hijos=[Nodo(costo=Decimal(3))])]),
        {"hijos": [{"hijos": [{"hijos": []}]}]},
    ),
    "circle": (
        Padre,
        Padre(hijo=Hijo(costo=Decimal(1), padre=Padre(hijo=Hijo(costo=Decimal(2))))),
        {"hijo": {"padre": {"hijo": {"padre": None}}}},
    ),
    "alias": (Renombrado, Renombrado(costo=Decimal(1)), {}),
    "computed": (Calculado, Calculado(), {}),
    "root": (Raiz, Raiz([Linea(nombre="a", costo=Decimal(1))]), [{"nombre": "a"}]),
    "mark inside": (Opcional, Opcional(costo=Decimal(1), costos=[1, 2]), {"costos": []}),
    "union": (Gato | Perro, Perro(tipo="perro", raza="x"), {"tipo": "perro", "raza": "x"}),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_prune_drops_what_the_user_may_not_see(house: House, name: str) -> None:
    kind, value, expected = ANSWERS[name]
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    with house.ctx("lima") as ctx:
        data = adapter.dump_python(value, mode="json")
        assert prune(ctx, protected_paths(kind), data) == expected


@pytest.mark.parametrize("who", ["jefa", None])
def test_prune_leaves_all_to_who_may_see_it(house: House, who: str | None) -> None:
    value = Venta(lineas=[Linea(nombre="a", costo=Decimal(1))])
    with house.ctx(who) as ctx:
        data = value.model_dump(mode="json")
        assert prune(ctx, protected_paths(Venta), data) == value.model_dump(mode="json")


def test_prune_of_nothing_returns_nothing(house: House) -> None:
    with house.ctx("lima") as ctx:
        assert prune(ctx, protected_paths(Linea | None), None) is None


def test_hidden_fields_are_those_without_permission(house: House) -> None:
    for who, expected in (("lima", {"costo"}), ("jefa", set()), (None, set())):
        with house.ctx(who) as ctx:
            assert hidden_fields(ctx, RuledCliente) == expected
            assert hidden_fields(ctx, RuledVenta) == frozenset()


def test_protected_paths_of_no_model_is_empty() -> None:
    assert protected_paths(type(None)) == ()
    assert protected_paths(BaseModel) == ()
