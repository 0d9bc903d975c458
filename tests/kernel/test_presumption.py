"""Lists begin for who their caller was a moment ago; whatever changed since counts all the same."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from addons.sales.models import Venta
from kernel import db, prepared
from kernel.db import Statement
from kernel.identity import Rol
from kernel.presumption import Disproved
from kernel.runtime import Runtime
from tests import journeys
from tests.conftest import Connect
from tests.shop import Shop, abrir_caja

LIST = "/api/clientes/"
VENTAS = "/api/ventas/"
WHO = Statement("who", "SELECT nombre, id FROM roles WHERE id = %(id)s", reads=True)
DIVIDE = Statement("divide", "SELECT 100 / n, n FROM unnest(%(x)s::int[]) AS n", reads=True)
DESCRIBE = Statement("describe", "SELECT descripcion FROM roles ORDER BY id LIMIT 1", reads=True)
RENAME = Statement("rename", "UPDATE roles SET descripcion = %(text)s RETURNING 1")


def change(runtime: Runtime, sql: str, **given: Any) -> None:
    """Change something behind the back of a running process, as another one would."""
    with runtime.database.engine.begin() as connection:
        connection.execute(text(sql), given)


def test_list_asks_who_it_is_and_what_it_holds_at_once(
    cajero: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = journeys.recorded(monkeypatch)
    first = cajero.get(LIST)
    assert asked[0] == ["identify_token"]
    asked.clear()
    assert cajero.get(LIST).json() == first.json()
    assert asked == [["list_presumed"]]


ENDED = (
    "UPDATE sesiones SET activo = false",
    "UPDATE sesiones SET expires_at = now()",
    "UPDATE usuarios SET activo = false",
    "DELETE FROM sesiones",
)
TAKEN = (
    "UPDATE permisos SET permitido = false WHERE modulo = 'clientes' AND accion = 'ver'",
    "DELETE FROM permisos WHERE modulo = 'clientes'",
    "WITH new AS (INSERT INTO roles (nombre) VALUES ('NADIE') RETURNING id)"
    " UPDATE usuarios SET rol_id = new.id FROM new",
)


@pytest.mark.parametrize("query", ["", "?limit=0"])
@pytest.mark.parametrize("sql", [*ENDED, *TAKEN])
def test_what_ended_counts_with_the_next_list_whatever_it_asks_for(
    cajero: TestClient, runtime: Runtime, sql: str, query: str
) -> None:
    for _ in range(2):
        assert cajero.get(LIST).status_code == 200
    change(runtime, sql)
    for _ in range(2):
        assert cajero.get(f"{LIST}{query}").status_code == (401 if sql in ENDED else 403)


def test_permission_counts_from_the_next_list_in_both_directions(
    cajero: TestClient, runtime: Runtime
) -> None:
    sql = "UPDATE permisos SET permitido = :now WHERE modulo = 'clientes' AND accion = 'ver'"
    for number in range(20):
        change(runtime, sql, now=number % 3 == 0)
        assert cajero.get(LIST).status_code == (200 if number % 3 == 0 else 403)


def test_place_that_is_given_or_taken_counts_in_the_next_list(
    cajero: TestClient, runtime: Runtime, shop: Shop
) -> None:
    abrir_caja(cajero, shop)
    assert len(cajero.get("/api/cajas/").json()["items"]) == 1
    assert len(cajero.get("/api/cajas/").json()["items"]) == 1
    sql = "UPDATE usuarios SET sucursal_id = :place WHERE id = :user"
    one, other, *_ = shop.sucursales
    for place, seen in ((other, 0), (other, 0), (one, 1), (None, 1), (other, 0)):
        change(runtime, sql, place=place, user=shop.usuarios["cajero"])
        assert len(cajero.get("/api/cajas/").json()["items"]) == seen


def test_key_that_is_revoked_narrowed_or_late_is_refused(
    admin: TestClient, connect: Connect, runtime: Runtime
) -> None:
    machine = connect("")
    for sql, status in (
        ("UPDATE claves_api SET activo = false", 401),
        ("UPDATE claves_api SET expires_at = now()", 401),
        ("UPDATE claves_api SET alcances = '{productos.ver}'", 403),
    ):
        nueva = {"nombre": "Tienda", "alcances": ["clientes.ver"]}
        clave = admin.post("/api/claves-api/", json=nueva).json()["clave"]
        machine.headers["Authorization"] = f"Bearer {clave}"
        for _ in range(3):
            assert machine.get(LIST).status_code == 200
        change(runtime, sql)
        assert machine.get(LIST).status_code == status


def test_good_caller_is_told_what_is_wrong_with_the_query(cajero: TestClient) -> None:
    for _ in range(2):
        assert cajero.get(LIST).status_code == 200
        assert cajero.get(f"{LIST}?limit=0").status_code == 400
    assert cajero.get(f"{LIST}?q=nobody-has-this-name").json() == {"items": [], "next": None}


# A sale begins likewise -----------------------------------------------------------------------

OF_SALES = tuple(sql.replace("clientes", "ventas").replace("'ver'", "'crear'") for sql in TAKEN)


@pytest.mark.parametrize("key", [False, True], ids=["plain", "keyed"])
def test_sale_takes_three_journeys(
    cajero: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch, key: bool
) -> None:
    body = shop.venta(abrir_caja(cajero, shop))
    for number in range(2):
        asked = journeys.recorded(monkeypatch) if number else []
        headers = {"Idempotency-Key": f"venta-{number}"} if key else {}
        assert cajero.post(VENTAS, json=body, headers=headers).status_code == 201
    assert asked == journeys.SALE


@pytest.mark.parametrize("body", ["good", "bad"])
@pytest.mark.parametrize("sql", [*ENDED, *OF_SALES])
def test_what_ended_counts_with_the_next_sale_and_takes_no_number(
    cajero: TestClient, connect: Connect, runtime: Runtime, shop: Shop, sql: str, body: str
) -> None:
    venta = shop.venta(abrir_caja(cajero, shop))
    first = cajero.post(VENTAS, json=venta).json()
    change(runtime, sql)
    wanted = venta if body == "good" else {"detalle": []}
    for _ in range(2):
        answer = cajero.post(VENTAS, json=wanted)
        assert answer.status_code == (401 if sql in ENDED else 403)
    with runtime.database.session() as session:
        assert session.scalars(select(Venta.numero)).all() == [first["numero"]]
        sequence = "SELECT last FROM andes_sequences WHERE name = 'venta'"
        assert session.execute(text(sequence)).scalars().all() == [first["numero"]]


def test_repeated_key_is_answered_as_before_whoever_sold_meanwhile(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    venta = shop.venta(abrir_caja(cajero, shop))
    for number in range(3):
        headers = {"Idempotency-Key": f"venta-{number}"}
        first, again = (cajero.post(VENTAS, json=venta, headers=headers) for _ in range(2))
        assert (first.status_code, again.json()) == (201, first.json())
        assert again.headers["Idempotent-Replayed"] == "true"
    with runtime.database.session() as session:
        assert len(session.scalars(select(Venta.id)).all()) == 3


@pytest.mark.parametrize(
    ("sql", "status"),
    [
        ("UPDATE claves_api SET activo = false", 401),
        ("UPDATE claves_api SET alcances = '{productos.ver}'", 403),
    ],
)
def test_key_that_is_revoked_or_narrowed_sells_and_repeats_nothing_more(
    admin: TestClient,
    cajero: TestClient,
    connect: Connect,
    shop: Shop,
    runtime: Runtime,
    sql: str,
    status: int,
) -> None:
    venta, machine = shop.venta(abrir_caja(cajero, shop)), connect("")
    nueva = {"nombre": "Tienda", "alcances": ["ventas.crear"]}
    clave = admin.post("/api/claves-api/", json=nueva).json()["clave"]
    machine.headers["Authorization"] = f"Bearer {clave}"
    asked: list[dict[str, str]] = [{}, {"Idempotency-Key": "first"}, {"Idempotency-Key": "second"}]
    for headers in asked:
        assert machine.post(VENTAS, json=venta, headers=headers).status_code == 201
    change(runtime, sql)
    for headers in (*asked, {"Idempotency-Key": "third"}):
        assert machine.post(VENTAS, json=venta, headers=headers).status_code == status
    with runtime.database.session() as session:
        assert len(session.scalars(select(Venta.id)).all()) == len(asked)


def test_sale_that_is_run_again_asks_again(
    cajero: TestClient, shop: Shop, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a deadlock undid was asked by who may not sell any more when it is tried anew."""
    venta = shop.venta(abrir_caja(cajero, shop))
    for _ in range(2):
        assert cajero.post(VENTAS, json=venta).status_code == 201
    run, met = prepared.execute, []

    def execute(connection: Any, statement: Statement, given: Any, **how: Any) -> Any:
        if statement.name == "stock_vender" and not met:
            met.append(statement)
            change(runtime, "UPDATE sesiones SET activo = false")
            raise psycopg.errors.DeadlockDetected
        return run(connection, statement, given, **how)

    monkeypatch.setattr(prepared, "execute", execute)
    assert (cajero.post(VENTAS, json=venta).status_code, len(met)) == (401, 1)
    with runtime.database.session() as session:
        assert len(session.scalars(select(Venta.id)).all()) == 2


# The session itself ---------------------------------------------------------------------------


@pytest.fixture
def role(runtime: Runtime) -> int:
    """Id of a role."""
    with runtime.database.session() as session:
        return session.scalars(select(Rol.id).order_by(Rol.id)).first() or 0


def presume(runtime: Runtime, role: int, answer: str) -> Any:
    session = runtime.database.session()
    db.presume(session, WHO, {"id": role}, answer)
    return session


def test_rows_come_only_with_the_presumed_answer(runtime: Runtime, role: int) -> None:
    [(name, _)] = runtime.database.run(lambda one: db.execute(one, WHO, {"id": role}))
    for answer, good in ((f"({name},{role})", True), ("(NADIE,1)", False), ("", False)):
        for numbers in ([], [1, 50]):
            with presume(runtime, role, answer) as session:
                if not good:
                    with pytest.raises(Disproved):
                        db.execute(session, DIVIDE, {"x": numbers})
                    continue
                rows = db.execute(session, DIVIDE, {"x": numbers})
                assert rows == [(100 // number, number) for number in numbers]
                assert db.execute(session, DIVIDE, {"x": [5]}) == [(20, 5)]
    with presume(runtime, 0, "(NADIE,1)") as session, pytest.raises(Disproved):
        db.settle(session)


def test_statement_cannot_answer_the_question_itself(runtime: Runtime, role: int) -> None:
    """Whatever its parameters are called, and whoever chose their values."""
    [(name, _)] = runtime.database.run(lambda one: db.execute(one, WHO, {"id": role}))
    for own in ("answer", "kernel_answer", "kernel_asked_id", "asked_id", "id"):
        echo = Statement("echo", f"SELECT %({own})s::text", reads=True)
        for value in (f"({name},{role})", str(role)):
            with (
                presume(runtime, role, "(NADIE,1)") as session,
                pytest.raises((Disproved, psycopg.Error)),
            ):
                db.execute(session, echo, {own: value})


def test_write_goes_with_the_question_and_is_void_with_another_answer(
    runtime: Runtime, role: int
) -> None:
    [(name, _)] = runtime.database.run(lambda one: db.execute(one, WHO, {"id": role}))
    broken = Statement("broken", "INSERT INTO roles (nombre) SELECT nombre FROM roles RETURNING 1")
    for statement in (RENAME, broken):
        with presume(runtime, role, "(NADIE,1)") as session, pytest.raises(Disproved):
            db.execute(session, statement, {"text": "never"}, last=True)
        with presume(runtime, role, "(NADIE,1)") as session:
            db.send(session, statement, {"text": "never"})
            with pytest.raises(Disproved):
                db.execute(session, DESCRIBE, {})
    assert runtime.database.run(lambda one: db.execute(one, DESCRIBE, {})) != [("never",)]
    with presume(runtime, role, f"({name},{role})") as session:
        db.execute(session, RENAME, {"text": "at once"}, last=True)
        db.commit(session)
        db.settle(session)
    assert runtime.database.run(lambda one: db.execute(one, DESCRIBE, {})) == [("at once",)]


def test_write_and_orm_wait_for_the_answer(runtime: Runtime, role: int) -> None:
    with presume(runtime, role, "(NADIE,1)") as session, pytest.raises(Disproved):
        db.execute(session, RENAME, {"text": "never"})
    with presume(runtime, role, "(NADIE,1)") as session, pytest.raises(Disproved):
        session.scalars(select(Rol)).all()
    with runtime.database.session() as session:
        assert "never" not in session.scalars(select(Rol.descripcion)).all()


def test_error_of_a_statement_answers_nothing(runtime: Runtime, role: int) -> None:
    with presume(runtime, role, "(NADIE,1)") as session:
        with pytest.raises((psycopg.errors.DivisionByZero, Disproved)):
            db.execute(session, DIVIDE, {"x": [0]})
        with pytest.raises(Disproved):
            db.settle(session)
