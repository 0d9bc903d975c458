"""Plans of installations: what they tell is what is then done, and making one does nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, inspect, text

from kernel import generation, lifecycle, migrations, planning, processes
from kernel.errors import ConfigurationError
from kernel.settings import Settings
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


def executed(settings: Settings, *names: str) -> list[str]:
    """Install, and return every statement of the migrations as it was run."""
    seen: list[str] = []
    runtime = processes.make_runtime(settings, generation.load(settings, ["sales", *names]))
    upgrade = migrations.upgrade

    def watched(connection: object, *rest: object) -> None:
        with planning.noted(connection, seen.append):  # type: ignore[arg-type]  # as upgrade takes
            upgrade(connection, *rest)  # type: ignore[arg-type]  # the same

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "upgrade", watched)
        try:
            lifecycle.migrate(runtime)
        finally:
            runtime.close()
    return seen


def test_plan_is_what_is_executed_statement_by_statement(selling: Settings) -> None:
    plan = planning.install(selling, ["inventory"])
    assert plan.addons == ("inventory",)
    assert [step.addon for step in plan.steps] == ["inventory"]
    assert executed(selling, "inventory") == [one.sql for one in plan.statements]
    after = planning.install(selling, ["inventory"])
    assert (after.addons, after.steps, after.statements) == ((), (), ())


def test_plan_of_an_empty_database_is_what_is_executed(empty: Settings) -> None:
    plan = planning.install(empty, ["sales"])
    assert [step.addon for step in plan.steps] == ["kernel", "base", "sales"]
    assert executed(empty) == [one.sql for one in plan.statements]


def test_plan_names_locks_and_rows_of_tables_in_use(selling: Settings) -> None:
    plan = planning.install(selling, ["inventory"])
    locks = {lock for one in plan.statements for lock in one.locks}
    assert planning.Lock("productos", "ShareRowExclusiveLock", 500) in locks
    assert not {lock.table for lock in locks} & {"almacenes", "movimientos_stock"}
    assert plan.statements[0].sql.startswith("CREATE TABLE almacenes")


def test_plan_names_what_the_addon_declares(selling: Settings) -> None:
    plan = planning.install(selling, ["inventory"])
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
    planning.install(selling, ["inventory"])
    assert found() == before


def test_plan_waits_for_no_table_in_use(selling: Settings, owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(text("LOCK TABLE productos, sucursales IN ROW EXCLUSIVE MODE"))
        connection.execute(text("UPDATE productos SET precio = 2 WHERE sku = 'P1'"))
        assert planning.install(selling, ["inventory"]).statements


def test_two_plans_at_once_take_turns(selling: Settings) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(planning.install, [selling] * 2, [["inventory"]] * 2)
    assert first == second


def test_plan_that_failed_leaves_nothing(
    selling: Settings, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_facts: object) -> None:
        raise RuntimeError("migration")

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "upgrade", broken)
        with pytest.raises(RuntimeError):
            planning.install(selling, ["inventory"])
    assert planning.WORKSHOP not in inspect(owner).get_schema_names()
    assert planning.install(selling, ["inventory"]).statements


def test_plan_of_an_unknown_addon_is_refused(selling: Settings) -> None:
    with pytest.raises(ConfigurationError, match="«nada»"):
        planning.install(selling, ["nada"])
