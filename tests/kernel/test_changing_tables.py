"""A process keeps serving while another one changes tables under it, as an installation does."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import OperationalError

from addons.sales.models import Cliente, Venta
from kernel import db
from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.shop import Shop, abrir_caja

CHANGES = (
    ("ALTER TABLE {t} ADD COLUMN nueva text", "ALTER TABLE {t} ADD COLUMN cuenta int DEFAULT 7"),
    ("ALTER TABLE {t} DROP COLUMN nueva", "ALTER TABLE {t} DROP COLUMN cuenta"),
    ("CREATE TABLE x_{t} (id bigint PRIMARY KEY, {t}_id bigint REFERENCES {t} (id))",),
    ("DROP TABLE x_{t}",),
    ("CREATE INDEX ix_x ON {t} (id, (id % 7))", "ALTER TABLE {t} ADD CHECK (id > 0) NOT VALID"),
    ("DROP INDEX ix_x", "ALTER TABLE {t} DROP CONSTRAINT {t}_id_check"),
)
WIDER = (
    "ALTER TABLE usuarios ALTER COLUMN nombre TYPE varchar(300)",
    "ALTER TABLE cajas ALTER COLUMN estado TYPE varchar(300)",
)
NARROWER = tuple(one.replace("varchar(300)", "text") for one in WIDER)
"""What changes the result of statements that are prepared."""
TABLES = ("clientes", "ventas", "usuarios", "sesiones", "permisos", "productos_almacen")


@pytest.fixture
def owner(runtime: Runtime) -> Iterator[Engine]:
    """The owner of the tables, who installs addons."""
    engine = create_engine(runtime.settings.owner_url)
    yield engine
    engine.dispose()


def alter(owner: Engine, *statements: str) -> int:
    """Run statements in one transaction that waits briefly for each lock; return the tries."""
    for tries in count(1):
        try:
            with owner.begin() as connection:
                connection.execute(text("SET LOCAL lock_timeout = '300ms'"))
                for one in statements:
                    connection.execute(text(one))
            return tries
        except OperationalError as error:
            if db.sqlstate(error) not in ("55P03", "40P01"):
                raise
    raise AssertionError


@contextmanager
def busy(acts: list[Callable[[], str]]) -> Iterator[Counter[str]]:
    """Do each act over and over in a thread of its own; count what came of it."""
    seen: Counter[str] = Counter()
    ended = threading.Event()

    def work(act: Callable[[], str]) -> None:
        while not ended.is_set():
            seen[act()] += 1

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_no_request_fails_while_tables_change(
    connect: Connect, runtime: Runtime, owner: Engine, shop: Shop
) -> None:
    """Lists, ORM reads and writes, exports and sales, by eight threads, under fifty changes."""
    cajero, cajera, admin = connect("cajero"), connect("cajera"), connect("admin")
    cajas = {one: abrir_caja(one, shop) for one in (cajero, cajera)}
    cliente = f"/api/clientes/{shop.cliente}/"
    for producto in shop.productos:
        runtime.database.run(
            lambda one, id=producto: db.execute(one, PLENTY, {"producto": id})  # type: ignore[misc]
        )

    def told(method: str, client: Any, path: str, **body: Any) -> Callable[[], str]:
        def act() -> str:
            answer = client.request(method, path, **body)
            good = answer.status_code < 300
            return "well" if good else f"{method} {path} {answer.status_code}: {answer.text[:300]}"

        return act

    def sale(client: Any) -> Callable[[], str]:
        return told("POST", client, "/api/ventas/", json=shop.venta(cajas[client]))

    def read() -> str:
        found = runtime.transact(
            lambda ctx: ctx.session.scalars(select(Venta).join(Cliente).limit(5)).all()
        )
        return "well" if all(one.cliente_id for one in found) else "a row without its cliente"

    acts = [
        told("GET", cajero, "/api/ventas/"),
        told("GET", admin, "/api/clientes/?q=varios"),
        told("GET", admin, "/api/ventas/exportar/"),
        told("PUT", admin, cliente, json={"razon_social": "Clientes varios"}),
        told("GET", cajera, cliente),
        sale(cajero),
        sale(cajera),
        read,
    ]
    tries = 0
    with busy(acts) as seen:
        for table in TABLES:
            for statements in CHANGES:
                tries += alter(owner, *(one.format(t=table) for one in statements))
            tries += alter(owner, *WIDER) + alter(owner, *NARROWER)
    assert seen.keys() == {"well"}, seen
    assert tries >= len(TABLES) * (len(CHANGES) + 2)
    assert seen.total() > len(acts)


PLENTY = db.Statement(
    "plenty", "UPDATE productos_almacen SET stock_actual = 999999 WHERE producto_id = %(producto)s"
)
