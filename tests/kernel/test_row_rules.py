"""Row rules: a test for each way to reach a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import (
    column,
    delete,
    exists,
    func,
    insert,
    inspect,
    literal_column,
    select,
    text,
    true,
    union,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import (
    Session,
    aliased,
    contains_eager,
    join,
    joinedload,
    make_transient_to_detached,
    outerjoin,
    selectinload,
    subqueryload,
    with_polymorphic,
)

from kernel import db
from kernel.context import Ctx
from kernel.errors import ConfigurationError, Forbidden
from kernel.model import table_of
from kernel.rbac import RowRule, UnsafeQuery
from tests.kernel.ruled import (
    House,
    RuledCliente,
    RuledLugar,
    RuledNota,
    RuledPedido,
    RuledSucursal,
    RuledVenta,
    open_house,
    visitas,
)

CLIENTES = table_of(RuledCliente)
VENTAS = table_of(RuledVenta)
NOTAS = table_of(RuledNota)
Otro = aliased(RuledCliente)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house() as one:
        yield one


@pytest.fixture
def ctx(house: House) -> Iterator[Ctx]:
    """Lima's cashier."""
    with house.ctx("lima") as one:
        yield one


@pytest.fixture
def session(ctx: Ctx) -> Session:
    return ctx.session


def rows(session: Session, statement: Any) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in session.execute(statement)), key=str)


# Reading ------------------------------------------------------------------------------------------

CLIENTES_SUBQUERY = select(RuledCliente).subquery()
CLIENTES_CTE = select(RuledCliente.id, RuledCliente.nombre).cte()
ANA, BERTA, ZOE = ("Ana",), ("Berta",), ("Zoe",)

READINGS: dict[str, tuple[Any, list[tuple[Any, ...]]]] = {
    "column": (select(RuledCliente.nombre), [ANA, BERTA]),
    "aliased": (select(Otro.nombre), [ANA, BERTA]),
    "count": (select(func.count()).select_from(RuledCliente), [(2,)]),
    "count of a column": (select(func.count(RuledCliente.id)), [(2,)]),
    "aggregate": (select(func.max(RuledCliente.nombre)), [BERTA]),
    "aggregate in an expression": (select(func.coalesce(func.max(RuledCliente.id), 0) + 1), [(3,)]),
    "group by": (select(RuledCliente.sucursal_id).group_by(RuledCliente.sucursal_id), [(1,)]),
    "distinct": (select(RuledCliente.sucursal_id).distinct(), [(1,)]),
    "window": (select(func.count().over(), RuledCliente.id), [(2, 1), (2, 2)]),
    "subquery": (select(CLIENTES_SUBQUERY.c.nombre), [ANA, BERTA]),
    "count of a subquery": (select(func.count()).select_from(CLIENTES_SUBQUERY), [(2,)]),
    "entity over a subquery": (
        select(aliased(RuledCliente, CLIENTES_SUBQUERY).nombre),
        [ANA, BERTA],
    ),
    "cte": (select(CLIENTES_CTE.c.nombre), [ANA, BERTA]),
    "lateral": (
        select(
            RuledVenta.id,
            select(RuledCliente.nombre)
            .where(RuledCliente.id == RuledVenta.cliente_id)
            .lateral()
            .c.nombre,
        ),
        [(1, "Ana")],
    ),
    "union": (union(select(RuledCliente.nombre), select(Otro.nombre)), [ANA, BERTA]),
    "union all": (
        union_all(select(RuledCliente.id), select(RuledCliente.id)),
        [(1,), (1,), (2,), (2,)],
    ),
    "union in a subquery": (
        select(union(select(RuledCliente.nombre), select(RuledCliente.nombre)).subquery().c.nombre),
        [ANA, BERTA],
    ),
    "intersect": (select(RuledCliente.id).intersect(select(Otro.id)), [(1,), (2,)]),
    "exists": (select(exists().where(RuledCliente.nombre == "Zoe")), [(False,)]),
    "exists over a select": (
        select(exists(select(RuledCliente.id).where(RuledCliente.nombre == "Zoe"))),
        [(False,)],
    ),
    "in": (select(RuledVenta.id).where(RuledVenta.cliente_id.in_(select(RuledCliente.id))), [(1,)]),
    "in a union": (
        select(RuledVenta.id).where(
            RuledVenta.cliente_id.in_(union(select(RuledCliente.id), select(Otro.id)))
        ),
        [(1,)],
    ),
    "scalar subquery": (
        select(
            RuledVenta.id,
            select(RuledCliente.nombre)
            .where(RuledCliente.id == RuledVenta.cliente_id)
            .scalar_subquery(),
        ),
        [(1, "Ana"), (2, None), (3, None)],
    ),
    "has": (select(RuledVenta.id).where(RuledVenta.cliente.has(RuledCliente.nombre == "Zoe")), []),
    "any": (
        select(RuledVenta.id).where(RuledVenta.visitantes.any(RuledCliente.nombre == "Zoe")),
        [],
    ),
    "join": (select(RuledVenta.id, RuledCliente.nombre).join(RuledVenta.cliente), [(1, "Ana")]),
    "join many to many": (select(RuledCliente.nombre).join(RuledVenta.visitantes), [ANA]),
    "outer join": (
        select(RuledVenta.id, RuledCliente.nombre).outerjoin(RuledVenta.cliente),
        [(1, "Ana"), (2, None), (3, None)],
    ),
    "join from the ruled side": (
        select(RuledVenta.id).select_from(RuledCliente).join(RuledCliente.ventas),
        [(1,)],
    ),
    "outer join from the ruled side": (
        select(RuledCliente.nombre, RuledVenta.id).outerjoin(RuledCliente.ventas),
        [("Ana", 1), ("Berta", None)],
    ),
    "orm join": (
        select(RuledVenta.id, RuledCliente.nombre).select_from(
            join(RuledVenta, RuledCliente, RuledVenta.cliente_id == RuledCliente.id)
        ),
        [(1, "Ana")],
    ),
    "orm outer join": (
        select(RuledVenta.id, RuledCliente.nombre).select_from(
            outerjoin(RuledVenta, RuledCliente, RuledVenta.cliente_id == RuledCliente.id)
        ),
        [(1, "Ana")],
    ),
    "where only": (select(RuledVenta.id).where(RuledCliente.id == RuledVenta.cliente_id), [(1,)]),
    "order by a subquery": (
        select(RuledVenta.id)
        .order_by(
            select(RuledCliente.nombre)
            .where(RuledCliente.id == RuledVenta.cliente_id)
            .scalar_subquery()
        )
        .limit(3),
        [(1,), (2,), (3,)],
    ),
    "polymorphic": (select(with_polymorphic(RuledCliente, []).nombre), [ANA, BERTA]),
    "sample": (
        select(aliased(RuledCliente, sa.tablesample(RuledCliente, func.bernoulli(100))).nombre),
        [ANA, BERTA],
    ),
    "locked": (select(RuledCliente.nombre).with_for_update(), [ANA, BERTA]),
    "inherited by a rule": (select(RuledPedido.id), [(1,)]),
    "inherited through a join": (
        select(RuledVenta.id, RuledPedido.id).join(
            RuledPedido, RuledPedido.cliente_id == RuledVenta.cliente_id
        ),
        [(1, 1)],
    ),
    "two rules": (select(RuledNota.texto), [("lima",)]),
    "a rule that reads its own table": (select(RuledSucursal.nombre), [("Lima",)]),
    "several ruled tables": (
        select(RuledCliente.nombre, RuledSucursal.nombre).join(RuledCliente.sucursal),
        [("Ana", "Lima"), ("Berta", "Lima")],
    ),
    "no table": (select(func.coalesce(None, 7)), [(7,)]),
}


@pytest.mark.parametrize("name", READINGS)
def test_select_of_any_shape_returns_visible_rows(session: Session, name: str) -> None:
    statement, expected = READINGS[name]
    assert rows(session, statement) == expected


@pytest.mark.parametrize("name", READINGS)
def test_select_of_the_system_is_not_refused(house: House, name: str) -> None:
    with house.ctx(None) as system:
        system.session.execute(READINGS[name][0]).all()


def test_select_of_entities_returns_visible_rows(session: Session) -> None:
    assert [one.id for one in session.scalars(select(RuledCliente).order_by(RuledCliente.id))] == [
        1,
        2,
    ]
    assert [one.id for one in session.query(RuledCliente).order_by(RuledCliente.id)] == [1, 2]
    assert session.query(RuledCliente).count() == 2
    assert session.scalar(select(func.count()).select_from(select(RuledCliente).subquery())) == 2


def test_from_statement_returns_visible_rows(session: Session) -> None:
    chosen = select(RuledCliente).from_statement(union(select(RuledCliente), select(RuledCliente)))
    assert sorted(one.id for one in session.scalars(chosen)) == [1, 2]


def test_function_at_the_top_returns_visible_rows(session: Session) -> None:
    counted = func.coalesce(select(func.count(RuledCliente.id)).scalar_subquery(), 0)
    assert session.scalar(counted) == 2
    assert session.scalar(func.now()) is not None
    assert session.scalar(select(1)) == 1
    assert session.scalar(sa.lambda_stmt(lambda: select(func.count(RuledCliente.id)))) == 2


def test_select_of_another_user_returns_their_rows(house: House) -> None:
    for who, expected in (("cusco", [ZOE]), ("nadie", []), ("jefa", [ANA, BERTA, ZOE])):
        with house.ctx(who) as other:
            assert rows(other.session, select(RuledCliente.nombre)) == expected
            assert (
                rows(other.session, select(RuledVenta.id).join(RuledVenta.cliente))
                == {"cusco": [(2,)], "nadie": [], "jefa": [(1,), (2,)]}[who]
            )


def test_rule_that_hides_all_hides_all(house: House) -> None:
    nothing = RowRule("t_nada", RuledVenta, lambda ctx: sa.false(), "Nada")
    with house.ctx("jefa", extra=(nothing,)) as ctx:
        assert rows(ctx.session, select(RuledVenta.id)) == []
        assert rows(ctx.session, select(RuledCliente.id).outerjoin(RuledCliente.ventas)) == [
            (1,),
            (2,),
            (3,),
        ]


def test_rule_of_or_stays_inside_its_parentheses(house: House) -> None:
    either = RowRule(
        "t_o", RuledVenta, lambda ctx: (RuledVenta.id == 1) | (RuledVenta.id == 3), "Una u otra"
    )
    with house.ctx("jefa", extra=(either,)) as ctx:
        assert rows(ctx.session, select(RuledVenta.id).where(RuledVenta.total > 10)) == [(3,)]


def test_rules_that_refer_to_each_other_end(house: House) -> None:
    circle = RowRule(
        "t_circulo",
        RuledVenta,
        lambda ctx: RuledVenta.cliente_id.in_(select(RuledCliente.id)),
        "Círculo",
    )
    back = RowRule(
        "t_vuelta",
        RuledCliente,
        lambda ctx: RuledCliente.id.in_(select(RuledVenta.cliente_id)),
        "Vuelta",
    )
    with house.ctx("lima", extra=(circle, back)) as ctx:
        assert rows(ctx.session, select(RuledVenta.id)) == [(1,)]
        assert rows(ctx.session, select(RuledCliente.id)) == [(1,)]


@pytest.mark.parametrize(
    "condition",
    [
        lambda: table_of(RuledVenta).c.total > 10,
        lambda: RuledVenta.cliente_id.in_(select(table_of(RuledCliente).c.id)),
    ],
    ids=["own", "other"],
)
def test_rule_that_names_a_core_column_of_a_ruled_table_is_refused(
    house: House, condition: Callable[[], Any]
) -> None:
    rule = RowRule("t_core", RuledVenta, lambda ctx: condition(), "")
    with (
        house.ctx("lima", extra=(rule,)) as ctx,
        pytest.raises(ConfigurationError, match="name the model's attribute"),
    ):
        ctx.session.execute(select(RuledVenta.id))


def test_rule_that_loads_rows_of_its_own_table_is_refused(house: House) -> None:
    def where(ctx: Ctx) -> Any:
        return RuledVenta.id.in_([one.id for one in ctx.session.scalars(select(RuledVenta))])

    own = RowRule("t_propia", RuledVenta, where, "")
    with (
        house.ctx("lima", extra=(own,)) as ctx,
        pytest.raises(UnsafeQuery, match="select the columns"),
    ):
        ctx.session.execute(select(RuledVenta.id))


# Objects ------------------------------------------------------------------------------------------


def test_get_of_an_invisible_row_returns_none(session: Session) -> None:
    assert session.get(RuledCliente, 1) is not None
    assert session.get(RuledCliente, 3) is None
    assert session.get(RuledCliente, 1) is session.get(RuledCliente, 1)


def test_many_to_one_to_an_invisible_row_is_none(session: Session) -> None:
    assert [session.get_one(RuledVenta, n).cliente is not None for n in (1, 2, 3)] == [
        True,
        False,
        False,
    ]


def test_many_to_one_of_a_new_row_to_an_invisible_row_is_none(session: Session) -> None:
    nueva = RuledVenta(cliente_id=3, total=1)
    session.add(nueva)
    session.flush()
    assert nueva.cliente is None


def test_collection_holds_visible_rows(session: Session) -> None:
    assert [one.id for one in session.get_one(RuledVenta, 1).visitantes] == [1]


@pytest.mark.parametrize("load", [joinedload, selectinload, subqueryload])
def test_eager_load_brings_visible_rows(session: Session, load: Callable[..., Any]) -> None:
    chosen = (
        select(RuledVenta)
        .options(load(RuledVenta.cliente), load(RuledVenta.visitantes))
        .order_by(RuledVenta.id)
    )
    ventas = session.scalars(chosen).unique().all()
    assert [one.cliente and one.cliente.nombre for one in ventas] == ["Ana", None, None]
    assert [[each.nombre for each in one.visitantes] for one in ventas] == [["Ana"], [], []]


def test_eager_load_of_several_steps_brings_visible_rows(session: Session) -> None:
    chosen = select(RuledVenta).options(
        joinedload(RuledVenta.cliente).selectinload(RuledCliente.pedidos)
    )
    found = session.scalars(chosen.order_by(RuledVenta.id)).all()
    assert [one.cliente and [p.id for p in one.cliente.pedidos] for one in found] == [
        [1],
        None,
        None,
    ]


def test_eager_load_under_a_limit_brings_visible_rows(session: Session) -> None:
    chosen = (
        select(RuledVenta)
        .options(joinedload(RuledVenta.visitantes))
        .order_by(RuledVenta.id)
        .limit(2)
    )
    found = session.scalars(chosen).unique().all()
    assert [[each.nombre for each in one.visitantes] for one in found] == [["Ana"], []]


def test_contains_eager_brings_visible_rows(session: Session) -> None:
    chosen = (
        select(RuledVenta).outerjoin(RuledVenta.cliente).options(contains_eager(RuledVenta.cliente))
    )
    assert sorted(one.cliente.nombre for one in session.scalars(chosen) if one.cliente) == ["Ana"]


def test_refresh_of_a_row_gone_out_of_sight_fails(house: House, ctx: Ctx) -> None:
    ana = ctx.session.get_one(RuledCliente, 1)
    ctx.sql(db.Statement("move", "UPDATE t_rbac_clientes SET sucursal_id = 2 WHERE id = 1"))
    with pytest.raises(InvalidRequestError):
        ctx.session.refresh(ana)
    ctx.session.expire_all()
    with pytest.raises(InvalidRequestError):
        _ = ana.nombre
    assert ctx.session.get(RuledCliente, 1) is None


def test_refresh_of_a_visible_row_reads_it(ctx: Ctx) -> None:
    ana = ctx.session.get_one(RuledCliente, 1)
    ctx.sql(db.Statement("rename", "UPDATE t_rbac_clientes SET nombre = 'Ani' WHERE id = 1"))
    ctx.session.refresh(ana)
    assert ana.nombre == "Ani"


def test_object_loaded_elsewhere_is_refused(house: House, session: Session) -> None:
    with house.ctx(None) as system:
        zoe = system.session.get_one(RuledCliente, 3)
    for act in (session.add, session.delete, lambda one: session.merge(one, load=False)):
        with pytest.raises(UnsafeQuery, match="Load it here"):
            act(zoe)


def test_object_pretended_to_be_stored_is_refused(session: Session) -> None:
    zoe = RuledCliente(id=3)
    make_transient_to_detached(zoe)
    with pytest.raises(UnsafeQuery):
        session.add(zoe)


def test_merge_of_an_invisible_row_does_not_load_it(session: Session) -> None:
    merged = session.merge(RuledCliente(id=3, nombre="mía"))
    assert inspect(merged).pending


# Ways around --------------------------------------------------------------------------------------

CORE: dict[str, Any] = {
    "table": select(CLIENTES),
    "column of the table": select(CLIENTES.c.nombre),
    "alias of the table": select(CLIENTES.alias("x")),
    "lightweight table": select(sa.table("t_rbac_clientes", column("nombre"))),
    "lightweight table of a schema": select(
        sa.table("t_rbac_clientes", column("nombre"), schema="public")
    ),
    "table in a subquery": select(select(CLIENTES.c.id).subquery().c.id),
    "table in an in": select(RuledVenta.id).where(RuledVenta.cliente_id.in_(select(CLIENTES.c.id))),
    "table in a cte": select(select(CLIENTES.c.id).cte().c.id),
    "table in a union": union(select(RuledCliente.id), select(CLIENTES.c.id)),
    "table in a scalar subquery": select(select(func.count(CLIENTES.c.id)).scalar_subquery()),
    "table in a function": func.coalesce(select(func.max(CLIENTES.c.id)).scalar_subquery(), 0),
    "table joined": select(RuledVenta.id).join(CLIENTES, CLIENTES.c.id == RuledVenta.cliente_id),
    "table besides the entity": select(RuledCliente.id, CLIENTES.alias("y").c.nombre),
    "table in order by": select(RuledVenta.id).order_by(
        select(CLIENTES.c.nombre).where(CLIENTES.c.id == RuledVenta.cliente_id).scalar_subquery()
    ),
    "from_statement of the table": select(RuledCliente).from_statement(select(CLIENTES)),
    "full join": select(RuledVenta.id, RuledCliente.nombre).join(RuledVenta.cliente, full=True),
    "join inside a join": select(RuledSucursal.id, RuledVenta.id).select_from(
        join(
            RuledSucursal,
            join(RuledCliente, RuledVenta, RuledVenta.cliente_id == RuledCliente.id),
            RuledCliente.sucursal_id == RuledSucursal.id,
        )
    ),
    "core update": update(CLIENTES).values(nombre="x"),
    "core delete": delete(NOTAS),
    "core insert": insert(NOTAS).values(texto="x", sucursal_id=1),
    "update from": update(RuledVenta)
    .where(RuledVenta.cliente_id == RuledCliente.id)
    .values(total=1),
    "delete using": delete(RuledVenta).where(RuledVenta.cliente_id == RuledCliente.id),
    "update in a cte": select(
        update(RuledNota).values(sucursal_id=2).returning(RuledNota.id).cte().c.id
    ),
    "insert in a cte": select(
        insert(RuledNota).values(texto="x", sucursal_id=2).returning(RuledNota.id).cte().c.id
    ),
    "insert from_statement": select(RuledNota).from_statement(
        insert(RuledNota).values(texto="x", sucursal_id=2).returning(RuledNota)
    ),
    "insert from the table": insert(RuledVenta).from_select(["total"], select(CLIENTES.c.id)),
}


@pytest.mark.parametrize("name", CORE)
def test_statement_around_the_rules_is_refused(session: Session, name: str) -> None:
    with pytest.raises(UnsafeQuery, match=r"t_rbac_(clientes|notas)"):
        session.execute(CORE[name])


@pytest.mark.parametrize("name", CORE)
def test_statement_around_the_rules_is_refused_to_whom_no_rule_binds(
    house: House, name: str
) -> None:
    with house.ctx("jefa") as boss, pytest.raises(UnsafeQuery):
        boss.session.execute(CORE[name])


def test_statement_refused_once_is_refused_again(session: Session) -> None:
    for _ in range(3):
        assert rows(session, select(RuledCliente.nombre)) == [ANA, BERTA]
        with pytest.raises(UnsafeQuery):
            session.execute(select(CLIENTES.c.nombre))


TEXTS: dict[str, Any] = {
    "text": text("SELECT nombre FROM t_rbac_clientes"),
    "text update": text("UPDATE t_rbac_notas SET texto = 'x'"),
    "textual select": text("SELECT id FROM t_rbac_clientes").columns(RuledCliente.id),
    "textual subquery": select(
        text("SELECT id FROM t_rbac_clientes").columns(RuledCliente.id).subquery().c.id
    ),
    "from_statement of text": select(RuledCliente).from_statement(
        text("SELECT * FROM t_rbac_clientes")
    ),
    "text as condition": select(RuledVenta.id).where(text("1 IN (SELECT id FROM t_rbac_clientes)")),
    "text as from": select(column("nombre")).select_from(text("t_rbac_clientes")),
    "literal column": select(literal_column("(SELECT max(nombre) FROM t_rbac_clientes)")),
    "prefix": select(RuledVenta.id).prefix_with("/* x */"),
    "hint": select(RuledVenta.id).with_statement_hint("UNION SELECT id FROM t_rbac_clientes"),
    "operator": select(RuledVenta.id.op("+ (SELECT max(id) FROM t_rbac_clientes) +")(1)),
    "ddl": sa.schema.DropTable(CLIENTES),
}


@pytest.mark.parametrize("name", TEXTS)
def test_sql_text_is_refused(session: Session, name: str) -> None:
    with pytest.raises(UnsafeQuery, match="text"):
        session.execute(TEXTS[name])


def test_connection_of_a_user_is_refused(session: Session) -> None:
    with pytest.raises(UnsafeQuery, match=r"session.connection\(\)"):
        session.connection()


def test_system_may_use_text_and_the_connection(house: House) -> None:
    with house.ctx(None) as system:
        assert system.session.scalar(TEXTS["text"]) == "Ana"
        assert system.session.connection().scalar(text("SELECT 1")) == 1
        assert len(system.session.execute(select(CLIENTES)).all()) == 3


def test_hot_statement_is_allowed(ctx: Ctx) -> None:
    assert ctx.sql(db.Statement("all", "SELECT count(*) FROM t_rbac_clientes")) == [(3,)]


def test_session_of_another_kind_is_refused_to_a_user(house: House) -> None:
    with Session(house.runtime.database.engine) as plain:
        house.runtime.ctx(plain)
        with pytest.raises(ConfigurationError):
            house.runtime.ctx(plain, house.people["lima"])


# Writing ------------------------------------------------------------------------------------------


def notas(house: House, who: str | None = None) -> list[tuple[Any, ...]]:
    with house.ctx(who) as ctx:
        return rows(ctx.session, select(RuledNota.id, RuledNota.texto, RuledNota.sucursal_id))


def refused(act: Callable[[], Any]) -> None:
    with pytest.raises(Forbidden) as caught:
        act()
    assert (caught.value.status, caught.value.code) == (403, "fila_fuera_de_alcance")


def test_insert_in_sight_is_written(session: Session) -> None:
    session.add(RuledNota(texto="nueva", sucursal_id=1))
    session.flush()
    assert ("nueva",) in rows(session, select(RuledNota.texto))


def test_insert_out_of_sight_writes_nothing(session: Session) -> None:
    with session.begin_nested():
        session.add(RuledNota(texto="buena", sucursal_id=1))
    with pytest.raises(Forbidden), session.begin_nested():
        session.add_all([RuledNota(texto="a", sucursal_id=1), RuledNota(texto="b", sucursal_id=2)])
    assert rows(session, select(RuledNota.texto)) == [("buena",), ("lima",)]


def test_insert_flushed_by_the_first_question_is_checked(session: Session) -> None:
    session.add(RuledNota(texto="b", sucursal_id=2))
    refused(lambda: session.execute(select(RuledNota.id)))


def test_rule_that_flushes_is_refused(house: House) -> None:
    def where(ctx: Ctx) -> Any:
        ctx.session.flush()
        return true()

    with house.ctx("lima", extra=(RowRule("t_escribe", RuledVenta, where, ""),)) as ctx:
        ctx.session.add(RuledVenta(total=1))
        with pytest.raises(UnsafeQuery, match="flushes"):
            ctx.session.execute(select(RuledVenta.id))


def test_insert_through_a_parent_out_of_sight_is_refused(session: Session) -> None:
    def act() -> None:
        session.add(RuledPedido(cliente_id=3))
        session.flush()

    refused(act)


def test_update_that_moves_a_row_out_of_sight_is_refused(session: Session) -> None:
    session.get_one(RuledNota, 1).sucursal_id = 2
    refused(session.flush)


def test_update_that_moves_an_audited_row_out_of_sight_leaves_no_entry(ctx: Ctx) -> None:
    with pytest.raises(Forbidden), ctx.session.begin_nested():
        ctx.session.get_one(RuledCliente, 1).sucursal_id = 2
    assert ctx.audited == []


def test_update_that_stays_in_sight_is_written(session: Session) -> None:
    session.get_one(RuledNota, 1).texto = "otra"
    session.flush()
    assert rows(session, select(RuledNota.texto)) == [("otra",)]


def test_update_of_a_row_with_two_keys_is_checked(session: Session) -> None:
    lugar = session.get_one(RuledLugar, (1, 1))
    lugar.nombre = "reja"
    session.flush()
    lugar.sucursal_id = 2
    lugar.numero = 9
    refused(session.flush)


def test_bulk_insert_in_sight_is_written(session: Session) -> None:
    session.execute(insert(RuledNota).values(texto="a", sucursal_id=1))
    session.execute(insert(RuledNota), [{"texto": t, "sucursal_id": 1} for t in "bc"])
    session.execute(insert(RuledNota).values([{"texto": t, "sucursal_id": 1} for t in "de"]))
    assert [one for (one,) in rows(session, select(RuledNota.texto))] == [*"abcde", "lima"]


def test_bulk_insert_returns_what_was_asked(session: Session) -> None:
    nueva = session.scalars(
        insert(RuledNota).values(texto="a", sucursal_id=1).returning(RuledNota)
    ).one()
    assert nueva.texto == "a"
    named = insert(RuledNota).returning(RuledNota.texto, RuledNota.sucursal_id)
    made = session.execute(named, [{"texto": t, "sucursal_id": 1} for t in "bc"])
    assert sorted(made.all()) == [("b", 1), ("c", 1)]


BULK_INSERTS: dict[str, tuple[Any, Any]] = {
    "values": (insert(RuledNota).values(texto="x", sucursal_id=2), None),
    "several values": (
        insert(RuledNota).values([{"texto": "x", "sucursal_id": n} for n in (1, 2)]),
        None,
    ),
    "parameters": (insert(RuledNota), [{"texto": "x", "sucursal_id": n} for n in (1, 2)]),
    "one parameter": (insert(RuledNota), {"texto": "x", "sucursal_id": 2}),
    "returning": (insert(RuledNota).values(texto="x", sucursal_id=2).returning(RuledNota), None),
    "from a select": (
        insert(RuledNota).from_select(
            ["texto", "sucursal_id"], select(RuledCliente.nombre, RuledCliente.id)
        ),
        None,
    ),
    "do nothing": (
        postgresql.insert(RuledNota).values(texto="x", sucursal_id=2).on_conflict_do_nothing(),
        None,
    ),
}


@pytest.mark.parametrize("name", BULK_INSERTS)
def test_bulk_insert_out_of_sight_writes_nothing(house: House, session: Session, name: str) -> None:
    statement, parameters = BULK_INSERTS[name]
    refused(lambda: session.execute(statement, parameters))
    with house.ctx("lima") as fresh:
        before = rows(fresh.session, select(RuledNota.id))
    assert rows(session, select(RuledNota.id)) == before
    assert db.execute(session, db.Statement("n", "SELECT count(*) FROM t_rbac_notas"), {}) == [(3,)]


def test_upsert_is_refused(session: Session) -> None:
    upsert = postgresql.insert(RuledNota).values(id=2, texto="x", sucursal_id=1)
    upsert = upsert.on_conflict_do_update(index_elements=["id"], set_={"sucursal_id": 1})
    with pytest.raises(UnsafeQuery):
        session.execute(upsert)


def test_bulk_update_reaches_visible_rows(session: Session, house: House) -> None:
    changed = session.execute(update(RuledNota).values(texto="x"))
    assert changed.rowcount == 1  # type: ignore[attr-defined]  # a CursorResult
    everything = db.Statement("n", "SELECT texto FROM t_rbac_notas ORDER BY id")
    assert db.execute(session, everything, {}) == [("x",), ("cusco",), ("secreto",)]


def test_bulk_update_returns_what_was_asked(session: Session) -> None:
    assert session.scalars(update(RuledNota).values(texto="x").returning(RuledNota.id)).all() == [1]
    ids = session.execute(
        update(RuledNota).where(RuledNota.id == 2).values(texto="y").returning(RuledNota.id)
    )
    assert ids.all() == []


def test_bulk_update_sees_loaded_objects(session: Session) -> None:
    nota = session.get_one(RuledNota, 1)
    session.execute(update(RuledNota).values(texto="x"))
    assert nota.texto == "x"


BULK_UPDATES: dict[str, Any] = {
    "values": update(RuledNota).values(sucursal_id=2),
    "where": update(RuledNota).where(RuledNota.id == 1).values(sucursal_id=2),
    "expression": update(RuledNota).values(sucursal_id=RuledNota.sucursal_id + 1),
    "second rule": update(RuledNota).values(oculta=True),
    "key": update(RuledLugar).values(sucursal_id=2, numero=9),
    "returning": update(RuledNota).values(sucursal_id=2).returning(RuledNota.id),
}


@pytest.mark.parametrize("name", BULK_UPDATES)
def test_bulk_update_out_of_sight_writes_nothing(session: Session, name: str) -> None:
    refused(lambda: session.execute(BULK_UPDATES[name]))
    assert rows(session, select(RuledNota.id, RuledNota.sucursal_id)) == [(1, 1)]
    assert rows(session, select(RuledLugar.numero)) == [(1,)]


def test_bulk_update_with_parameters_of_its_own_is_checked(session: Session) -> None:
    chosen = update(RuledNota).where(RuledNota.id == sa.bindparam("one")).values(sucursal_id=2)
    refused(lambda: session.execute(chosen, {"one": 1}))
    session.execute(chosen, {"one": 2})
    assert rows(session, select(RuledNota.id)) == [(1,)]


def test_bulk_update_by_keys_is_refused(session: Session) -> None:
    with pytest.raises(UnsafeQuery):
        session.execute(update(RuledNota), [{"id": 2, "texto": "x"}])


STRATEGIES: dict[str, tuple[Any, str]] = {
    "update": (update(RuledNota).values(texto="x"), "core_only"),
    "delete": (delete(RuledNota), "core_only"),
    "insert": (insert(RuledNota).values(texto="x", sucursal_id=2), "raw"),
    "subquery": (
        update(RuledVenta).values(total=select(func.max(RuledCliente.id)).scalar_subquery()),
        "core_only",
    ),
}


@pytest.mark.parametrize("name", STRATEGIES)
def test_bulk_statement_with_another_strategy_is_refused(session: Session, name: str) -> None:
    statement, strategy = STRATEGIES[name]
    with pytest.raises(UnsafeQuery):
        session.execute(statement, execution_options={"dml_strategy": strategy})
    with pytest.raises(UnsafeQuery):
        session.execute(statement.execution_options(dml_strategy=strategy))


def test_query_update_and_delete_reach_visible_rows(session: Session) -> None:
    assert session.query(RuledNota).update({"texto": "x"}) == 1
    assert session.query(RuledNota).delete() == 1
    assert db.execute(session, db.Statement("n", "SELECT count(*) FROM t_rbac_notas"), {}) == [(2,)]


def test_bulk_delete_reaches_visible_rows(session: Session) -> None:
    gone = session.execute(delete(RuledNota).where(RuledNota.id.in_([1, 2, 3])))
    assert gone.rowcount == 1  # type: ignore[attr-defined]  # a CursorResult
    assert session.execute(delete(RuledNota).returning(RuledNota.id)).all() == []


def test_delete_in_a_cte_reaches_visible_rows(session: Session) -> None:
    gone = delete(RuledNota).returning(RuledNota.id).cte()
    assert rows(session, select(gone.c.id)) == [(1,)]


def test_subquery_of_a_bulk_statement_sees_visible_rows(session: Session) -> None:
    session.execute(
        update(RuledVenta).values(total=select(func.count(RuledCliente.id)).scalar_subquery())
    )
    assert session.scalars(select(RuledVenta.total).distinct()).all() == [2]
    session.execute(delete(RuledVenta).where(RuledVenta.cliente_id.not_in(select(RuledCliente.id))))
    assert rows(session, select(RuledVenta.id)) == [(1,), (3,)]
    session.execute(insert(RuledVenta).from_select(["total"], select(RuledCliente.id + 100)))
    assert rows(session, select(RuledVenta.total).where(RuledVenta.total > 100)) == [(101,), (102,)]


def test_bulk_methods_of_old_are_refused(house: House, session: Session) -> None:
    acts: tuple[Callable[[Any], None], ...] = (
        lambda one: one.bulk_save_objects([RuledNota(texto="x", sucursal_id=2)]),
        lambda one: one.bulk_insert_mappings(RuledNota, [{"texto": "x", "sucursal_id": 2}]),
        lambda one: one.bulk_update_mappings(RuledNota, [{"id": 2, "texto": "x"}]),
    )
    for act in acts:
        with pytest.raises(UnsafeQuery):
            act(session)
        with house.ctx(None) as system, pytest.raises(UnsafeQuery):
            act(system.session)


# Audit --------------------------------------------------------------------------------------------

UNAUDITED: dict[str, tuple[Any, Any]] = {
    "update": (update(RuledSucursal).values(nombre="x"), None),
    "update by keys": (update(RuledSucursal), [{"id": 1, "nombre": "x"}]),
    "delete": (delete(RuledCliente).where(RuledCliente.id == 1), None),
    "insert": (insert(RuledCliente).values(nombre="x", sucursal_id=1), None),
    "insert of many": (insert(RuledCliente), [{"nombre": "x", "sucursal_id": 1}] * 2),
    "core insert": (insert(CLIENTES).values(nombre="x", sucursal_id=1), None),
    "core update": (update(table_of(RuledSucursal)).values(nombre="x"), None),
    "in a cte": (select(delete(RuledCliente).returning(RuledCliente.id).cte().c.id), None),
}


@pytest.mark.parametrize("who", ["lima", "jefa", None])
@pytest.mark.parametrize("name", UNAUDITED)
def test_bulk_statement_on_an_audited_table_is_refused(
    house: House, name: str, who: str | None
) -> None:
    statement, parameters = UNAUDITED[name]
    with house.ctx(who) as ctx, pytest.raises(UnsafeQuery, match="leaves no audit row"):
        ctx.session.execute(statement, parameters)


def test_bulk_statement_on_other_tables_is_free(session: Session) -> None:
    session.execute(update(RuledVenta).values(total=1))
    session.execute(update(VENTAS).values(total=2))
    session.execute(update(RuledVenta), [{"id": 1, "total": 3}])
    session.execute(insert(VENTAS), [{"total": 4}, {"total": 5}])
    session.execute(insert(visitas).values(venta_id=1, cliente_id=2))
    raw = insert(RuledVenta).values(total=3)
    session.execute(raw, execution_options={"dml_strategy": "raw"})
    session.execute(delete(VENTAS).where(VENTAS.c.total == 4))
    assert sorted(session.scalars(select(VENTAS.c.total))) == [2, 2, 3, 3, 5]


# Cost ---------------------------------------------------------------------------------------------


def test_statement_of_a_known_shape_is_not_compiled_again(house: House) -> None:
    def ask(who: str, total: int) -> list[int]:
        chosen = select(RuledVenta).join(RuledVenta.cliente).where(RuledVenta.total >= total)
        with house.ctx(who) as ctx:
            return sorted(one.id for one in ctx.session.scalars(chosen))

    assert ask("lima", 1) == [1]
    cache = house.runtime.database.engine._compiled_cache
    shapes = house.runtime.rule_book.shapes._known
    before = len(cache or ()), len(shapes)
    assert ask("cusco", 2) == [2]
    assert ask("lima", 11) == []
    assert (len(cache or ()), len(shapes)) == before


def test_rule_is_resolved_once_for_a_context(house: House) -> None:
    asked = []

    def where(ctx: Ctx) -> Any:
        asked.append(ctx)
        return true()

    with house.ctx("lima", extra=(RowRule("t_una", RuledVenta, where, ""),)) as ctx:
        for _ in range(3):
            ctx.session.execute(select(RuledVenta.id))
        assert asked == [ctx]
        ctx.session.execute(select(RuledNota.id))
        assert asked == [ctx]
