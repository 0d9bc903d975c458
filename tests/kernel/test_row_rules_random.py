"""Row rules, whatever the shape: a guarded session answers as if the hidden rows did not exist.

Random statements run twice: guarded, in a house with everybody's rows, and as the system in a house
where only the visible rows were ever written. The answers are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import and_, exists, func, not_, or_, select, text, union, union_all
from sqlalchemy.orm import aliased

from tests.kernel.ruled import (
    House,
    RuledCliente,
    RuledNota,
    RuledPedido,
    RuledVenta,
    open_house,
)

MODELS = (RuledCliente, RuledVenta, RuledPedido, RuledNota)
TO_ONE = {RuledVenta: "cliente", RuledPedido: "cliente"}
TO_MANY = {RuledVenta: "visitantes", RuledCliente: "pedidos"}
TARGET = {"cliente": RuledCliente, "visitantes": RuledCliente, "pedidos": RuledPedido}

HIDDEN = """
ALTER TABLE t_rbac_ventas DROP CONSTRAINT fk_t_rbac_ventas_cliente_id;
ALTER TABLE t_rbac_visitas DROP CONSTRAINT fk_t_rbac_visitas_cliente_id;
DELETE FROM t_rbac_pedidos WHERE cliente_id = 3;
DELETE FROM t_rbac_clientes WHERE sucursal_id = 2;
DELETE FROM t_rbac_notas WHERE sucursal_id = 2 OR oculta;
"""


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house() as one:
        yield one


@pytest.fixture(scope="module")
def small_house() -> Iterator[House]:
    """A house where what Lima's cashier may not see was never there."""
    with open_house() as one:
        with one.runtime.database.engine.begin() as connection:
            for statement in HIDDEN.split(";"):
                if statement.strip():
                    connection.execute(text(statement))
        yield one


Draw = Any


def source(draw: Draw, model: Any) -> Any:
    """Return an entity of the model: itself, an alias, or an alias of a subquery or CTE."""
    kind = draw(st.sampled_from(["model", "alias", "subquery", "cte"]))
    if kind == "model":
        return model
    if kind == "alias":
        return aliased(model)
    chosen = select(model).where(model.id >= draw(st.integers(0, 2)))
    return aliased(model, chosen.subquery() if kind == "subquery" else chosen.cte())


def condition(draw: Draw, entity: Any, model: Any, depth: int) -> Any:
    """Return a condition on an entity that may look into others."""
    kinds = ["compare", "compare"]
    if depth:
        kinds += ["not", "or", "and", "exists", "in", "scalar", "relationship", "relationship"]
    kind = draw(st.sampled_from(kinds))
    number = draw(st.integers(0, 3))
    if kind == "not":
        return not_(condition(draw, entity, model, depth - 1))
    if kind in ("or", "and"):
        join = or_ if kind == "or" else and_
        return join(*(condition(draw, entity, model, depth - 1) for _ in range(2)))
    if kind == "exists":
        other_model = draw(st.sampled_from(MODELS))
        other = aliased(other_model)
        return exists().where(other.id == entity.id, condition(draw, other, other_model, depth - 1))
    if kind == "in":
        return entity.id.in_(ids(draw, depth - 1))
    if kind == "scalar":
        other = source(draw, draw(st.sampled_from(MODELS)))
        return select(func.count(other.id)).scalar_subquery() > number
    if kind == "relationship":
        return through(draw, entity, model, depth)
    return entity.id > number


def through(draw: Draw, entity: Any, model: Any, depth: int) -> Any:
    """Return a condition on what a relationship leads to."""
    names = [kinds[model] for kinds in (TO_ONE, TO_MANY) if model in kinds]
    if not names:
        return entity.id > 1
    name = draw(st.sampled_from(names))
    target = TARGET[name]
    inner = condition(draw, target, target, 0)
    attribute = getattr(entity, name)
    asked = attribute.has(inner) if name in TO_ONE.values() else attribute.any(inner)
    return and_(asked, condition(draw, entity, model, depth - 1))


def ids(draw: Draw, depth: int) -> Any:
    """Return a select of one column of ids."""
    model = draw(st.sampled_from(MODELS))
    entity = source(draw, model)
    chosen = select(entity.id).where(condition(draw, entity, model, depth))
    kind = draw(st.sampled_from(["plain", "union", "subquery", "cte", "joined"]))
    if kind == "union" and depth:
        return draw(st.sampled_from([union, union_all]))(chosen, ids(draw, depth - 1))
    if kind == "subquery":
        return select(chosen.subquery().c.id)
    if kind == "cte":
        return select(chosen.cte().c.id)
    if kind == "joined" and model in TO_ONE:
        target = source(draw, RuledCliente)
        outer = draw(st.booleans())
        return chosen.join(getattr(entity, TO_ONE[model]).of_type(target), isouter=outer)
    return chosen


@st.composite
def statements(draw: Draw) -> Any:
    """Draw a statement of a supported shape."""
    model = draw(st.sampled_from(MODELS))
    entity = source(draw, model)
    kind = draw(st.sampled_from(["rows", "joined", "count", "ids", "grouped"]))
    if kind == "ids":
        return ids(draw, 2)
    asked = condition(draw, entity, model, 2)
    if kind == "count":
        return select(func.count()).select_from(entity).where(asked)
    if kind == "grouped":
        return select(entity.id, func.count()).where(asked).group_by(entity.id)
    if kind == "joined" and model in TO_ONE:
        target = source(draw, RuledCliente)
        path = getattr(entity, TO_ONE[model]).of_type(target)
        chosen = select(entity.id, target.nombre).join(path, isouter=draw(st.booleans()))
        return chosen.where(asked)
    return select(entity.id).where(asked).order_by(entity.id).limit(draw(st.integers(1, 3)))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(statement=statements())
def test_random_select_answers_as_if_hidden_rows_did_not_exist(
    house: House, small_house: House, statement: Any
) -> None:
    with house.ctx("lima") as mine, small_house.ctx(None) as truth:
        found = sorted(map(tuple, mine.session.execute(statement)), key=str)
        assert found == sorted(map(tuple, truth.session.execute(statement)), key=str)
