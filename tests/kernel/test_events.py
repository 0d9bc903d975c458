"""Events: what subscribers hear, in the act or after it, and what their failures do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Event
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text

from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import ConfigurationError, Conflict, Permanent
from kernel.events import DELIVER, EventBus, EventType, Subscriber
from kernel.identity import Usuario
from kernel.quarantine import FAULTS
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.worker import Worker
from tests.contents import changed, contents
from tests.kernel.workshop import QUICK, wait_until


@dataclass(frozen=True, slots=True)
class Linea:
    producto_id: int
    cantidad: Decimal


@dataclass(frozen=True, slots=True)
class PedidoHecho:
    id: int
    total: Decimal
    fecha: date
    momento: datetime
    lineas: tuple[Linea, ...]


@dataclass(frozen=True, slots=True)
class Otro:
    id: int


HECHO = EventType("pedido_hecho", PedidoHecho, "Se hizo un pedido.")
PEDIDO = PedidoHecho(
    7,
    Decimal("10.50"),
    date(2026, 7, 28),
    datetime(2026, 7, 28, 12, tzinfo=UTC),
    (Linea(1, Decimal("2.0000")), Linea(2, Decimal("0.5000"))),
)

heard: list[Any] = []


@pytest.fixture(autouse=True)
def silence() -> None:
    heard.clear()


def hear(_ctx: Ctx, event: Any) -> None:
    heard.append(event)


def hear_also(_ctx: Ctx, event: Any) -> None:
    heard.append(("también", event))


def write(ctx: Ctx, event: Any) -> None:
    ctx.audit("oír", "pedidos", event.id, modulo="pruebas")


def refuse(_ctx: Ctx, event: Any) -> None:
    raise Conflict(f"no al pedido {event.id}")


def break_down(_ctx: Ctx, _event: Any) -> None:
    raise RuntimeError("roto")


def with_bus(runtime: Runtime, registry: Registry, *subscribers: Subscriber) -> Runtime:
    """Return the same instance in a generation with other subscribers."""
    runtime.registry = replace(registry, events=EventBus([HECHO], subscribers))
    return runtime


def in_act(handler: Any) -> Subscriber:
    return Subscriber("pedido_hecho", handler)


def afterwards(handler: Any) -> Subscriber:
    return Subscriber("pedido_hecho", handler, "after_commit")


def publish(ctx: Ctx) -> None:
    ctx.audit("hacer", "pedidos", 7, modulo="pruebas")
    ctx.publish(PEDIDO)


def test_publish_tells_in_transaction_subscribers_at_once_and_in_order(
    runtime: Runtime, registry: Registry
) -> None:
    with_bus(runtime, registry, in_act(hear), in_act(hear_also)).transact(publish)
    assert heard == [PEDIDO, ("también", PEDIDO)]


@pytest.mark.parametrize(("handler", "error"), [(refuse, Conflict), (break_down, RuntimeError)])
def test_publish_whose_in_transaction_subscriber_raises_leaves_nothing(
    runtime: Runtime, registry: Registry, handler: Any, error: type[Exception]
) -> None:
    before = contents(runtime)
    bus = with_bus(runtime, registry, afterwards(hear), in_act(write), in_act(handler))
    with pytest.raises(error):
        bus.transact(publish)
    assert not changed(before, contents(runtime))


READS = Statement("reads", "SELECT 1", reads=True)
FAILS = Statement("fails", "SELECT 1 / %(zero)s::int")
BEFORE: dict[str, Callable[[Any], Any]] = {
    "hot": lambda ctx: ctx.sql(READS),
    "orm": lambda ctx: ctx.session.scalars(select(Usuario.id)).all(),
    "savepoint": lambda ctx: ctx.session.begin_nested(),
}


@pytest.mark.parametrize("sent", [True, False], ids=["sent", "own"])
@pytest.mark.parametrize("first", BEFORE)
def test_error_of_what_was_sent_before_is_no_fault_of_who_hears(
    runtime: Runtime, registry: Registry, monkeypatch: pytest.MonkeyPatch, first: str, sent: bool
) -> None:
    """It comes with the first statement of a subscriber, whose addon would be switched off."""

    def listen(ctx: Ctx, _event: Any) -> None:
        BEFORE[first](ctx)
        ctx.sql(FAILS, zero=0)

    def act(ctx: Ctx) -> None:
        if sent:
            ctx.send(FAILS, zero=0)
        ctx.publish(PEDIDO)

    accused = Event()
    monkeypatch.setattr(runtime, "generation", 1)
    monkeypatch.setattr(runtime.quarantine, "_ask", lambda *_facts: accused.set())
    bus = with_bus(runtime, registry, in_act(listen))
    for _ in range(FAULTS):
        with pytest.raises(psycopg.errors.DivisionByZero):
            bus.transact(act)
    assert accused.wait(0.2 if sent else 10) is not sent


def test_publish_leaves_a_delivery_for_each_after_commit_subscriber(
    runtime: Runtime, registry: Registry
) -> None:
    with_bus(runtime, registry, afterwards(hear), afterwards(hear_also)).transact(publish)
    assert heard == []
    with runtime.database.engine.connect() as connection:
        rows = connection.execute(text("SELECT name, args FROM andes_jobs ORDER BY id")).all()
    assert [name for name, _ in rows] == [DELIVER, DELIVER]
    assert [args["subscriber"] for _, args in rows] == [
        f"{__name__}:hear",
        f"{__name__}:hear_also",
    ]
    assert rows[0].args["payload"]["total"] == "10.50"


def test_deliver_gives_the_event_back_as_it_was_published(
    runtime: Runtime, registry: Registry
) -> None:
    with_bus(runtime, registry, afterwards(hear)).transact(publish)
    with runtime.database.engine.connect() as connection:
        args = connection.execute(text("SELECT args FROM andes_jobs")).scalar_one()
    runtime.transact(lambda ctx: runtime.registry.events.deliver(ctx, **args))
    assert heard == [PEDIDO]


def test_deliver_to_a_subscriber_that_is_gone_goes_to_a_person(
    runtime: Runtime, registry: Registry
) -> None:
    bus = with_bus(runtime, registry)
    with pytest.raises(Permanent, match=r"addons\.ido:f"):
        bus.transact(lambda ctx: bus.registry.events.deliver(ctx, "addons.ido:f", {"id": 1}))


def test_publish_of_what_nobody_declared_is_a_programming_error(
    runtime: Runtime, registry: Registry
) -> None:
    bus = with_bus(runtime, registry)
    with pytest.raises(ConfigurationError, match="Otro"):
        bus.transact(lambda ctx: ctx.publish(Otro(1)))


def test_bus_with_a_subscriber_to_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="pedido_desecho"):
        EventBus([HECHO], [Subscriber("pedido_desecho", hear)])


def test_failing_after_commit_subscriber_is_retried_and_hurts_nobody(
    runtime: Runtime, registry: Registry
) -> None:
    failures: list[int] = []

    def fail_twice(_ctx: Ctx, event: Any) -> None:
        if len(failures) < 2:
            failures.append(event.id)
            raise RuntimeError("aún no")
        heard.append("al fin")

    bus = with_bus(runtime, registry, afterwards(fail_twice), afterwards(hear))
    bus.transact(publish)
    worker = Worker(bus, threads=2, backoff=QUICK)
    worker.start()
    try:
        wait_until(lambda: len(heard) == 2)
    finally:
        worker.stop(grace=2)
    assert (heard.count("al fin"), heard.count(PEDIDO)) == (1, 1)
    assert failures == [7, 7]
    with runtime.database.engine.connect() as connection:
        query = "SELECT status, attempts FROM andes_jobs WHERE name = 'kernel.deliver_event'"
        rows = connection.execute(text(query)).all()  # a schedule may have been due meanwhile
    assert sorted(tuple(row) for row in rows) == [("done", 1), ("done", 3)]
