"""A sale is whole or it never was: failures injected at every step of it.

Source: spec/erp-modules.md, módulo 1, "Registro de venta", steps 5 to 9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from starlette.testclient import TestClient

from addons.sales.models import Categoria
from addons.sales.schemas import VentaRegistrada
from kernel.context import Ctx
from kernel.errors import DomainError
from kernel.events import EventBus, Subscriber
from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop, abrir_caja

pytestmark = pytest.mark.needs("inventory")

WRITTEN = {
    "andes_idempotency_keys",
    "andes_jobs",
    "andes_sequences",
    "audit_logs",
    "detalle_venta",
    "formas_pago",
    "movimientos_stock",
    "productos",
    "productos_almacen",
    "ventas",
}
"""The tables that a sale leaves something in."""

KEY = {"Idempotency-Key": "venta-1"}
FAIL = "RAISE EXCEPTION 'falla a propósito' USING ERRCODE = '{}';"
ONCE = "IF nextval('intentos') = 1 THEN {} END IF;"
HANG_UP = "PERFORM pg_terminate_backend(pg_backend_pid());"


@pytest.fixture
def owner(runtime: Runtime) -> Iterator[Engine]:
    """The owner's door to the database of the test."""
    engine = create_engine(runtime.settings.owner_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE SEQUENCE intentos"))
        connection.execute(text("GRANT ALL ON SEQUENCE intentos TO PUBLIC"))
    yield engine
    engine.dispose()


def sabotage(owner: Engine, table: str, body: str, *, at_commit: bool = False) -> None:
    """Have every write to a table do what the body says, at once or when it is committed."""
    kind, when, after = ("TRIGGER", "BEFORE", "")
    if at_commit:
        kind, when, after = "CONSTRAINT TRIGGER", "AFTER", "DEFERRABLE INITIALLY DEFERRED"
    with owner.begin() as connection:
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION sabotaje() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {body} RETURN NEW; END $$"
        )
        connection.exec_driver_sql(
            f"CREATE {kind} sabotaje {when} INSERT OR UPDATE ON {table} {after}"
            " FOR EACH ROW EXECUTE FUNCTION sabotaje()"
        )


def repair(owner: Engine) -> None:
    """Take the sabotage away."""
    with owner.begin() as connection:
        connection.exec_driver_sql("DROP FUNCTION sabotaje CASCADE")


def sell(cajero: TestClient, shop: Shop, caja: int) -> Any:
    return cajero.post("/api/ventas/", json=shop.venta(caja), headers=KEY)


def test_crear_venta_writes_to_these_tables_and_no_other(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    before = contents(runtime)
    assert sell(cajero, shop, caja).status_code == 201
    assert changed(before, contents(runtime)) == WRITTEN


@pytest.mark.parametrize("at_commit", [False, True], ids=["at once", "at commit"])
@pytest.mark.parametrize("table", sorted(WRITTEN))
def test_crear_venta_that_fails_at_any_table_leaves_nothing_and_works_afterwards(
    cajero: TestClient, shop: Shop, runtime: Runtime, owner: Engine, table: str, at_commit: bool
) -> None:
    caja = abrir_caja(cajero, shop)
    before = contents(runtime)
    sabotage(owner, table, FAIL.format("P0001"), at_commit=at_commit)
    refused = sell(cajero, shop, caja)
    assert (refused.status_code, refused.json()["code"]) == (500, "error_interno")
    assert "propósito" not in refused.text
    assert not changed(before, contents(runtime))
    repair(owner)
    answer = sell(cajero, shop, caja)
    assert (answer.status_code, answer.json()["numero"]) == (201, 1)


def test_crear_venta_and_its_stock_are_one_transaction(
    cajero: TestClient, shop: Shop, runtime: Runtime, owner: Engine
) -> None:
    """La venta se crea y el stock se descuenta en la misma transacción (rollback si falla alguno)"""  # noqa: E501  # verbatim
    caja = abrir_caja(cajero, shop)
    before = contents(runtime)
    for table in ("productos_almacen", "detalle_venta"):
        sabotage(owner, table, FAIL.format("P0001"))
        assert sell(cajero, shop, caja).status_code == 500
        assert not changed(before, contents(runtime))
        repair(owner)
    assert sell(cajero, shop, caja).status_code == 201
    with runtime.database.engine.connect() as connection:
        query = (
            "SELECT count(DISTINCT xmin::text) FROM ("
            " SELECT xmin FROM ventas UNION SELECT xmin FROM detalle_venta"
            " UNION SELECT xmin FROM movimientos_stock WHERE tipo_movimiento = 'VENTA'"
            " UNION SELECT xmin FROM productos_almacen WHERE stock_actual = 98"
            " UNION SELECT xmin FROM andes_jobs) t"
        )
        assert connection.scalar(text(query)) == 1


@pytest.mark.parametrize(
    ("state", "status"),
    [("23505", 409), ("23503", 409), ("23514", 400), ("22003", 400), ("55P03", 500)],
)
def test_crear_venta_whose_commit_is_refused_leaves_nothing(
    cajero: TestClient, shop: Shop, runtime: Runtime, owner: Engine, state: str, status: int
) -> None:
    caja = abrir_caja(cajero, shop)
    before = contents(runtime)
    sabotage(owner, "ventas", FAIL.format(state), at_commit=True)
    assert sell(cajero, shop, caja).status_code == status
    assert not changed(before, contents(runtime))


@pytest.mark.parametrize("at_commit", [False, True], ids=["at once", "at commit"])
@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_crear_venta_that_meets_a_conflict_is_tried_again_whole(
    cajero: TestClient, shop: Shop, runtime: Runtime, owner: Engine, state: str, at_commit: bool
) -> None:
    caja = abrir_caja(cajero, shop)
    body = ONCE.format(FAIL.format(state))
    sabotage(owner, "movimientos_stock", body, at_commit=at_commit)
    answer = sell(cajero, shop, caja)
    assert (answer.status_code, answer.json()["numero"]) == (201, 1)
    assert_one_sale(runtime)


def test_crear_venta_that_never_gets_through_is_a_503_and_leaves_nothing(
    cajero: TestClient, shop: Shop, runtime: Runtime, owner: Engine
) -> None:
    caja = abrir_caja(cajero, shop)
    before = contents(runtime)
    sabotage(owner, "movimientos_stock", FAIL.format("40001"))
    answer = sell(cajero, shop, caja)
    assert (answer.status_code, answer.json()["code"]) == (503, "no_disponible")
    assert answer.headers["retry-after"] == "1"
    assert not changed(before, contents(runtime))


def test_crear_venta_that_loses_its_connection_in_the_middle_is_tried_again(
    cajero: TestClient, shop: Shop, runtime: Runtime, owner: Engine
) -> None:
    caja = abrir_caja(cajero, shop)
    sabotage(owner, "movimientos_stock", ONCE.format(HANG_UP))
    assert sell(cajero, shop, caja).status_code == 201
    assert_one_sale(runtime)


def test_crear_venta_that_loses_its_connection_at_the_commit_is_told_and_can_be_repeated(
    cajero: TestClient, shop: Shop, runtime: Runtime, owner: Engine
) -> None:
    caja = abrir_caja(cajero, shop)
    before = contents(runtime)
    sabotage(owner, "ventas", ONCE.format(HANG_UP), at_commit=True)
    answer = sell(cajero, shop, caja)
    assert (answer.status_code, answer.json()["code"]) == (503, "no_disponible")
    assert not changed(before, contents(runtime))
    assert sell(cajero, shop, caja).status_code == 201
    assert sell(cajero, shop, caja).headers["idempotent-replayed"] == "true"
    assert_one_sale(runtime)


def assert_one_sale(runtime: Runtime) -> None:
    """There is one sale of two lines, with one of everything that belongs to it."""
    expected = {
        "SELECT count(*) FROM ventas": 1,
        "SELECT count(*) FROM detalle_venta": 2,
        "SELECT count(*) FROM formas_pago": 1,
        "SELECT count(*) FROM movimientos_stock WHERE tipo_movimiento = 'VENTA'": 2,
        "SELECT count(*) FROM audit_logs WHERE objeto_tipo = 'ventas'": 1,
        "SELECT count(*) FROM andes_jobs WHERE name = 'sales.notificar_venta'": 1,
        "SELECT count(*) FROM andes_idempotency_keys": 1,
        "SELECT sum(stock_actual)::int FROM productos_almacen": 996,
        "SELECT sum(stock_actual)::int FROM productos": 996,
        "SELECT last::int FROM andes_sequences WHERE name = 'venta'": 1,
    }
    with runtime.database.engine.connect() as connection:
        for query, value in expected.items():
            assert connection.scalar(text(query)) == value, query


# Failures of the code around the sale -------------------------------------------------------------


def refuse(_ctx: Ctx, _venta: VentaRegistrada) -> None:
    raise DomainError("Hoy no.", code="hoy_no", status=409)


def break_down(_ctx: Ctx, _venta: VentaRegistrada) -> None:
    raise ZeroDivisionError


def enqueue_unknown(ctx: Ctx, _venta: VentaRegistrada) -> None:
    ctx.enqueue("addons.ido", venta_id=1)


def enqueue_wrong(ctx: Ctx, _venta: VentaRegistrada) -> None:
    ctx.enqueue("sales.notificar_venta", venta=1)


def enqueue_unwritable(ctx: Ctx, _venta: VentaRegistrada) -> None:
    ctx.enqueue("sales.notificar_venta", venta_id=object())


def audit_unwritable(ctx: Ctx, _venta: VentaRegistrada) -> None:
    ctx.audit("x", "ventas", 1, despues={"texto": "\ud800"})


def fail_to_flush(ctx: Ctx, _venta: VentaRegistrada) -> None:
    ctx.session.add_all([Categoria(nombre="igual"), Categoria(nombre="igual")])


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        (refuse, 409),
        (break_down, 500),
        (enqueue_unknown, 500),
        (enqueue_wrong, 500),
        (enqueue_unwritable, 500),
        (audit_unwritable, 500),
        (fail_to_flush, 409),
    ],
)
def test_crear_venta_whose_subscriber_fails_leaves_nothing(
    runtime: Runtime,
    connect: Connect,
    shop: Shop,
    handler: Callable[[Ctx, Any], None],
    status: int,
) -> None:
    known = runtime.registry.gather("register_subscribers")
    failing = Subscriber("venta_registrada", handler)
    bus = EventBus(runtime.registry.events.types.values(), [*known, failing])
    runtime.registry = replace(runtime.registry, events=bus)
    cajero = connect("cajero")
    caja = abrir_caja(cajero, shop)
    before = contents(runtime)
    answer = sell(cajero, shop, caja)
    assert answer.status_code == status, answer.text
    assert not changed(before, contents(runtime))
