"""Plans of changes: what they tell is what is then done, and making one does nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from kernel import (
    generation,
    lifecycle,
    migrations,
    planning,
    processes,
    rehearsal,
    table_rows,
)
from kernel.addon_changes import Action
from kernel.errors import NotFound
from kernel.planning import Loss, Plan
from kernel.revisions import Step
from kernel.settings import Settings
from tests.kernel import club
from tests.kernel.test_lifecycle import empty, migrate, owner

__all__ = ["empty", "owner"]


@pytest.fixture
def selling(empty: Settings, owner: Engine) -> Settings:
    """Settings of a database where sales is installed and has a few rows."""
    migrate(empty, "sales")
    with owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO productos (sku, nombre, precio)"
                " SELECT 'P' || n, 'Producto ' || n, 1 FROM generate_series(1, 500) n"
            )
        )
        connection.execute(text("ANALYZE productos"))
    return empty


def plan_of(settings: Settings, action: Action, *names: str) -> Plan:
    return planning.make(settings, action, names)


def executed(settings: Settings, *names: str) -> list[str]:
    """Install, and return every statement of the migrations as it was run."""
    seen: list[str] = []
    runtime = processes.make_runtime(settings, generation.load(settings, ["sales", *names]))
    upgrade = migrations.upgrade

    def watched(connection: object, *rest: object) -> None:
        with rehearsal.noted(connection, seen.append):  # type: ignore[arg-type]  # as upgrade takes
            upgrade(connection, *rest)  # type: ignore[arg-type]  # the same

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "upgrade", watched)
        try:
            lifecycle.migrate(runtime)
        finally:
            runtime.close()
    return seen


def test_plan_is_what_is_executed_statement_by_statement(selling: Settings) -> None:
    plan = plan_of(selling, "install", "inventory")
    assert plan.addons == ("inventory",)
    assert [step.addon for step in plan.steps] == ["inventory"]
    assert executed(selling, "inventory") == [one.sql for one in plan.statements]
    after = plan_of(selling, "migrate", "inventory")
    assert (after.addons, after.steps, after.statements) == (("inventory",), (), ())


def test_plan_of_an_empty_database_is_what_is_executed(empty: Settings) -> None:
    plan = plan_of(empty, "install", "sales")
    assert [step.addon for step in plan.steps] == ["kernel", "base", "sales"]
    assert executed(empty) == [one.sql for one in plan.statements]


def test_plan_names_locks_and_rows_of_tables_in_use(selling: Settings) -> None:
    plan = plan_of(selling, "install", "inventory")
    locks = {lock for one in plan.statements for lock in one.locks}
    assert rehearsal.Lock("productos", "ShareRowExclusiveLock", 500) in locks
    assert not {lock.table for lock in locks} & {"almacenes", "movimientos_stock"}
    assert plan.statements[0].sql.startswith("CREATE TABLE almacenes")


def test_plan_names_what_the_addon_declares(selling: Settings) -> None:
    plan = plan_of(selling, "install", "inventory")
    assert "GET /api/almacenes/" in plan.routes
    assert any(name.startswith("almacenes.") for name in plan.permissions)
    assert any(name.startswith("venta_registrada") for name in plan.subscribers)
    assert not any(route.endswith("/api/ventas/") for route in plan.routes)
    shown = planning.page(plan)
    assert "CREATE TABLE almacenes" in shown
    assert "ShareRowExclusiveLock sobre productos, unas 500 filas" in shown


def test_plan_changes_nothing_and_leaves_no_schema(selling: Settings, owner: Engine) -> None:
    def found() -> tuple[list[str], list[str]]:
        return sorted(inspect(owner).get_schema_names()), sorted(inspect(owner).get_table_names())

    before = found()
    plan_of(selling, "install", "inventory")
    assert found() == before


def test_plan_waits_for_no_table_in_use(selling: Settings, owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(text("LOCK TABLE productos, sucursales IN ROW EXCLUSIVE MODE"))
        connection.execute(text("UPDATE productos SET precio = 2 WHERE sku = 'P1'"))
        assert plan_of(selling, "install", "inventory").statements


def test_two_plans_at_once_take_turns(selling: Settings) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(plan_of, [selling] * 2, ["install"] * 2, ["inventory"] * 2)
    assert first == second


def test_plan_that_failed_leaves_nothing(
    selling: Settings, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_facts: object) -> None:
        raise RuntimeError("migration")

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "upgrade", broken)
        with pytest.raises(RuntimeError):
            plan_of(selling, "install", "inventory")
    assert rehearsal.WORKSHOP not in inspect(owner).get_schema_names()
    assert plan_of(selling, "install", "inventory").statements


def test_plan_of_an_unknown_addon_is_refused(selling: Settings) -> None:
    with pytest.raises(NotFound, match="«nada»"):
        plan_of(selling, "install", "nada")


# Leaving and upgrading ---------------------------------------------------------------------------


@pytest.fixture
def joined(
    empty: Settings, owner: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings of an instance with a club that has members."""
    monkeypatch.syspath_prepend(tmp_path)
    club.write(tmp_path)
    migrate(empty, "club")
    club.fill(owner)
    return empty


LOST = (
    Loss("club_grupos", 4),
    Loss("club_socios", 39),
    Loss("sucursales.club_grupo_id", 1),
    Loss("sucursales.club_nivel", 1),
)


def test_plan_of_disabling_loses_nothing(joined: Settings) -> None:
    plan = plan_of(joined, "disable", "club")
    assert (plan.addons, plan.steps, plan.statements, plan.losses) == (("club",), (), (), ())
    assert planning.page(plan).startswith("Se desactivarían: club.")


@pytest.mark.parametrize("action", ["archive", "purge"])
def test_plan_of_removing_counts_what_goes_and_is_what_is_executed(
    joined: Settings, owner: Engine, action: Action
) -> None:
    before = club.checksums(owner)
    plan = plan_of(joined, action, "club")
    assert club.checksums(owner) == before
    assert plan.steps == (Step("club", "0001", None, "contract"),)
    assert plan.losses == LOST
    assert {one.phase for one in plan.statements} == {"contract"}
    locked = {(lock.table, lock.mode) for one in plan.statements for lock in one.locks}
    assert ("sucursales", "AccessExclusiveLock") in locked
    shown = planning.page(plan)
    assert "sucursales.club_nivel: 1 filas" in shown
    assert "DROP TABLE club_socios" in shown
    done = club.make(joined, action, "club")
    assert club.executed(joined, done.number) == [one.sql for one in plan.statements]
    gone = {table for table in before if table not in club.checksums(owner)}
    assert gone == {"club_grupos", "club_socios"}


def test_plan_of_removing_an_addon_that_does_not_load(
    joined: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_facts: object) -> None:
        raise RuntimeError("no se puede importar")

    monkeypatch.setattr(generation, "load", broken)
    plan = plan_of(joined, "purge", "club")
    assert plan.losses == LOST
    assert "no se puede importar" in plan.warnings[0]
    with pytest.raises(RuntimeError):
        plan_of(joined, "install", "sales")


def test_plan_of_an_upgrade_tells_what_is_done_before_and_after_the_roll(
    joined: Settings, tmp_path: Path
) -> None:
    club.write(tmp_path, steps=[club.ADDS, club.TAKES], version="1.1")
    plan = plan_of(joined, "upgrade", "club")
    assert [(one.sql, one.phase) for one in plan.statements] == [
        (club.ADDS[1], "expand"),
        (club.TAKES[1], "contract"),
    ]
    assert plan.warnings == ()
    number, change = club.ask(joined, "upgrade", "club")
    club.expand(joined, number, change)
    assert club.executed(joined, number) == [club.ADDS[1]]
    club.move(joined, number, "rolling", "contracting")
    club.contract(joined, number, change)
    assert club.executed(joined, number) == [one.sql for one in plan.statements]


def test_plan_warns_of_a_step_that_takes_away_and_does_not_say_so(
    joined: Settings, tmp_path: Path
) -> None:
    club.write(tmp_path, steps=[("", *club.TAKES[1:])], version="1.1")
    (warning,) = plan_of(joined, "upgrade", "club").warnings
    assert "DROP COLUMN nombre" in warning
    assert 'phase = "contract"' in warning


def test_filled_of_a_column_without_default_counts_what_is_not_null(
    joined: Settings, owner: Engine
) -> None:
    with owner.connect() as connection:
        query = table_rows.filled(connection, "sucursales", "club_grupo_id", "nombre")
        assert connection.execute(text(query)).scalars().all() == ["Norte"]


def test_measured_of_a_column_whose_default_is_hard_to_write(
    joined: Settings, owner: Engine
) -> None:
    with owner.connect() as connection:
        added = "ALTER TABLE sucursales ADD COLUMN lema text DEFAULT ' \\:lema 5% {}'"
        connection.execute(text(added))
        assert table_rows.measured(connection, "sucursales", "lema") == 0
        written = "UPDATE sucursales SET lema = NULL WHERE nombre <> 'Sur'"
        connection.execute(text(written))
        assert table_rows.measured(connection, "sucursales", "lema") == 2
