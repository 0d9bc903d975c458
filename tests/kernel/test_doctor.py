"""The doctor: every fault is found, named and comes with its cure; none hides another."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from kernel import backup, doctor, doctor_database, doctor_host, generation, sealing
from kernel.context import Ctx
from kernel.db import Statement
from kernel.doctor import Finding
from kernel.findings import examine
from kernel.health import HealthCheck
from kernel.hookspecs import hookimpl
from kernel.identity import Usuario
from kernel.runtime import Runtime
from kernel.secrets import generate_key
from kernel.settings import Settings
from tests import cluster
from tests.conftest import ADDONS, runtime_of
from tests.shop import Shop


def admin(settings: Settings, statement: str, *given: Any) -> None:
    """Run a statement as the cluster's superuser."""
    database = make_url(settings.owner_url).database
    address = cluster.server().admin.set(drivername="postgresql", database=database)
    with psycopg.connect(address.render_as_string(hide_password=False)) as connection:
        connection.execute(statement.encode(), given)


@pytest.fixture
def serving(settings: Settings) -> Iterator[None]:
    """A process of the application is connected."""
    with psycopg.connect(settings.database_url.replace("+psycopg", "")):
        yield


def found(settings: Settings | None, name: str) -> list[Finding]:
    return [finding for finding in doctor.run(settings) if finding.name == name]


def fault(settings: Settings | None, name: str) -> Finding:
    """Return the only fault under a name, which must have a cure."""
    (finding,) = [one for one in found(settings, name) if not one.well]
    assert finding.message
    assert finding.cure
    return finding


def changed(settings: Settings, **values: Any) -> Settings:
    return settings.model_copy(update=values)


def at(url: str, **parts: Any) -> str:
    return make_url(url).set(**parts).render_as_string(hide_password=False)


# All well ----------------------------------------------------------------------------------------


def test_run_of_a_sound_instance_finds_no_fault(runtime: Runtime, settings: Settings) -> None:
    runtime.transact(sealing.seal_audit)
    findings = doctor.run(settings)
    assert [finding for finding in findings if not finding.well] == []
    names = {finding.name for finding in findings}
    assert {"ajustes", "base de datos", "roles", "auditoría", "trabajos", "disco"} <= names
    assert "inventory: stock_igual_al_libro" in names
    json.dumps([finding.as_dict() for finding in findings])


def test_run_changes_nothing(runtime: Runtime, settings: Settings) -> None:
    doctor.run(settings)
    files = settings.data_dir / "files"
    assert [path for path in files.rglob("*") if path.is_file()] == []
    assert list(settings.data_dir.glob(".doctor-*")) == []


def test_run_on_an_embedded_instance_gives_commands_for_it(settings: Settings) -> None:
    (settings.data_dir / "postgres").mkdir()
    (finding,) = found(settings, "copia de seguridad")
    assert f"python server.py --data {settings.data_dir} backup" in finding.message


# Settings and host -------------------------------------------------------------------------------


def test_run_with_broken_settings_names_each(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "MASTER_KEY", "MASTER_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRET_KEY", "corta")
    monkeypatch.setenv("PORT", "99999")
    findings = doctor.run()
    assert {one.name for one in findings} == {
        "ajuste DATABASE_URL",
        "ajuste MASTER_KEY",
        "ajuste PORT",
        "ajuste SECRET_KEY",
    }
    assert all(not one.well and one.cure for one in findings)
    assert "corta" not in repr(findings)


def test_run_without_settings_beside_an_embedded_instance_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert "instancia" not in {one.name for one in doctor.run()}
    (tmp_path / "var" / "postgres").mkdir(parents=True)
    finding = next(one for one in doctor.run() if one.name == "instancia")
    assert "python server.py --data var" in finding.cure


def test_run_with_an_unreadable_secret_file_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "nada"))
    assert "SECRET_KEY_FILE" in doctor.run()[0].name


def test_master_key_that_is_none_is_found(settings: Settings) -> None:
    broken = changed(settings, master_key=SecretStr("1:abc"))
    assert "openssl rand" in fault(broken, "llave maestra").cure
    assert found(broken, "trabajos")[0].well


def test_data_dir_that_cannot_be_written_is_found(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "archivo").write_text("")
    broken = changed(settings, data_dir=tmp_path / "archivo" / "var")
    fault(broken, "carpeta de datos")


def test_disk_that_is_full_is_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_host, "FREE_BYTES", 2**80)
    fault(settings, "disco")


def test_key_file_that_others_read_is_found(settings: Settings) -> None:
    path = settings.data_dir / "master.key"
    path.write_text("x")
    path.chmod(0o644)
    assert fault(settings, "archivos de llaves").cure == f"chmod 600 {path.resolve()}"
    path.chmod(0o600)
    assert found(settings, "archivos de llaves")[0].well


def test_redis_that_does_not_answer_is_found(settings: Settings) -> None:
    fault(changed(settings, redis_url="redis://127.0.0.1:1/0"), "Redis")


@pytest.mark.redis
def test_redis_that_answers_is_well(settings: Settings) -> None:
    url = cluster.redis_url()
    assert url is not None
    assert found(changed(settings, redis_url=url), "Redis")[0].well


def test_storage_that_cannot_be_written_is_found(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "archivo").write_text("")
    fault(changed(settings, storage_url=(tmp_path / "archivo" / "x").as_uri()), "archivos")
    fault(changed(settings, storage_url="ftp://x"), "archivos")


def test_mail_server_is_asked(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        smtp = changed(settings, smtp_url=f"smtp://127.0.0.1:{port}?tls=none")
        assert found(smtp, "correo")[0].well
    assert str(port) in fault(smtp, "correo").cure
    fault(changed(settings, smtp_url="http://x"), "correo")


# Reaching the database ---------------------------------------------------------------------------


def test_database_that_is_down_is_found(settings: Settings) -> None:
    down = changed(settings, database_url="postgresql+psycopg://ana:secreta@127.0.0.1:1/andes")
    finding = fault(down, "base de datos")
    assert "pg_isready -h 127.0.0.1 -p 1" in finding.cure
    assert "secreta" not in repr(finding)


def test_database_that_does_not_exist_is_found(settings: Settings) -> None:
    absent = changed(settings, database_url=at(settings.database_url, database="no_hay"))
    assert "createdb" in fault(absent, "base de datos").cure


def test_owner_that_does_not_exist_is_found(settings: Settings) -> None:
    absent = changed(settings, database_owner_url=at(settings.owner_url, username="no_hay"))
    assert "CREATE ROLE no_hay" in fault(absent, "base de datos (dueño)").cure


def test_database_that_is_empty_is_found(settings: Settings) -> None:
    made = cluster.create_database()
    try:
        empty = changed(settings, database_url=made.app_url, database_owner_url=made.owner_url)
        assert "migrate --install" in fault(empty, "instalación").cure
    finally:
        cluster.drop_database(made.name)


def test_clocks_that_differ_are_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    late = SimpleNamespace(time=lambda: datetime.now(UTC).timestamp() - 60)
    monkeypatch.setattr(doctor_database, "time", late)
    assert "+60." in fault(settings, "reloj").message


def test_server_that_is_too_old_is_found(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_database, "OLDEST_SERVER", 99)
    fault(settings, "versión de PostgreSQL")


# Roles and tables --------------------------------------------------------------------------------


def test_server_that_logs_the_rows_it_refuses_is_found(settings: Settings) -> None:
    database = make_url(settings.owner_url).database
    admin(settings, f"ALTER DATABASE {database} SET log_error_verbosity = 'default'")
    cure = fault(settings, "registro de PostgreSQL").cure
    [statement] = re.findall(r"ALTER DATABASE [^;]*", cure)
    admin(settings, statement)
    assert [one.well for one in found(settings, "registro de PostgreSQL")] == [True]


def test_application_that_owns_the_tables_is_found(settings: Settings) -> None:
    one = changed(settings, database_url=settings.owner_url)
    assert "DATABASE_OWNER_URL" in fault(one, "roles").cure
    fault(one, "protección de la auditoría")


def test_application_that_is_superuser_is_found(settings: Settings) -> None:
    database = make_url(settings.owner_url).database
    url = cluster.server().admin.set(database=database).render_as_string(hide_password=False)
    assert "superusuario" in fault(changed(settings, database_url=url), "roles").message


def test_application_without_its_rights_is_found(settings: Settings) -> None:
    admin(settings, f"REVOKE ALL ON productos FROM {cluster.APPLICATION}")
    finding = fault(settings, "roles")
    assert "productos" in finding.message
    assert finding.cure == "python server.py migrate"


def test_application_that_may_change_the_audit_is_found(settings: Settings) -> None:
    admin(settings, f"GRANT UPDATE ON audit_logs TO {cluster.APPLICATION}")
    assert "UPDATE" in fault(settings, "protección de la auditoría").message


@pytest.mark.parametrize("how", ["DISABLE TRIGGER ALL", "ENABLE TRIGGER ALL"])
def test_audit_without_its_trigger_is_found(settings: Settings, how: str) -> None:
    admin(settings, f"ALTER TABLE andes_audit_chain {how}")
    assert "ENABLE ALWAYS" in fault(settings, "protección de la auditoría").cure


def test_migration_that_is_pending_is_found(settings: Settings) -> None:
    admin(settings, "DELETE FROM alembic_sales")
    finding = fault(settings, "migraciones")
    assert "sales" in finding.message
    assert finding.cure == "python server.py migrate"


def test_migration_of_an_addon_that_rests_waits_for_it(settings: Settings) -> None:
    rests = "UPDATE andes_addons SET state = 'disabled', version = '0.0' WHERE name = 'sales'"
    admin(settings, rests)
    assert all(finding.well for finding in found(settings, "migraciones"))


def test_addon_without_its_code_is_found(settings: Settings) -> None:
    admin(settings, "INSERT INTO andes_addons (name, version) VALUES ('warranty', '1.0')")
    served = json.dumps({"warranty": {"version": "1.0", "revision": ""}})
    admin(settings, "UPDATE andes_generations SET addons = addons || %s::jsonb", served)
    assert "warranty" in fault(settings, "migraciones").message
    assert "warranty" in fault(settings, "addons").message


# Work that goes on -------------------------------------------------------------------------------

JOB = "INSERT INTO andes_jobs (name, args, status, run_at, finished_at, lease_until) VALUES "


def test_job_that_failed_is_found(settings: Settings) -> None:
    admin(settings, JOB + "('facturar', '{}', 'failed', now(), now(), NULL)")
    finding = fault(settings, "trabajos")
    assert "facturar" in finding.message
    assert "/retry/" in finding.cure


def test_job_that_failed_long_ago_is_forgotten(settings: Settings) -> None:
    admin(settings, JOB + "('x', '{}', 'failed', now(), now() - '60 days'::interval, NULL)")
    assert found(settings, "trabajos")[0].well


def test_job_that_is_stuck_is_found(settings: Settings, serving: None) -> None:
    admin(settings, JOB + "('x', '{}', 'running', now(), NULL, now() - '1 hour'::interval)")
    assert "a medias" in fault(settings, "trabajos").message


def test_job_that_waits_is_found_while_processes_run(settings: Settings, serving: None) -> None:
    admin(settings, JOB + "('x', '{}', 'queued', now() - '1 hour'::interval, NULL, NULL)")
    assert "esperan desde" in fault(settings, "trabajos").message


def test_job_that_waits_for_the_start_is_no_fault(settings: Settings) -> None:
    admin(settings, JOB + "('x', '{}', 'queued', now() - '1 hour'::interval, NULL, NULL)")
    assert found(settings, "trabajos") == [
        Finding("trabajos", True, "1 esperan al inicio."),
    ]


def test_remotes_that_are_stopped_or_down_are_found(settings: Settings) -> None:
    admin(settings, "INSERT INTO andes_remotes (name, stopped_at, reason) "
          "VALUES ('sunat', now(), 'clave SOL rechazada')")  # fmt: skip
    finding = fault(settings, "remotos")
    assert "clave SOL rechazada" in finding.message
    assert "/api/remotes/sunat/resume/" in finding.cure
    admin(settings, "UPDATE andes_remotes SET stopped_at = NULL, "
          "paused_until = now() + '1 min'::interval")  # fmt: skip
    assert "se reintenta solo" in fault(settings, "remotos").message


def test_audit_that_was_altered_is_found(runtime: Runtime, settings: Settings) -> None:
    sealing.seal(runtime.database)
    admin(settings, "ALTER TABLE audit_logs DISABLE TRIGGER ALL")
    admin(settings, "UPDATE audit_logs SET accion = 'nada' WHERE id = 2")
    finding = fault(settings, "auditoría")
    assert "La fila 2" in finding.message
    assert "audit verify" in finding.cure


def test_audit_that_nobody_seals_is_found_while_processes_run(
    settings: Settings, serving: None
) -> None:
    admin(
        settings,
        "INSERT INTO audit_logs (modulo, accion, objeto_tipo, created_at) "
        "VALUES ('x', 'x', 'x', now() - '1 hour'::interval)",
    )
    assert "esperan su sello" in fault(settings, "auditoría").message


def test_sealed_data_of_another_key_is_found(
    runtime: Runtime, settings: Settings, shop: Shop
) -> None:
    def seal(ctx: Ctx) -> None:
        user = ctx.session.get_one(Usuario, shop.usuarios["admin"])
        user.dos_fa_secret = runtime.vault.seal(b"x", b"y")

    runtime.transact(seal)
    assert "1 valores" in found(settings, "datos sellados")[0].message
    other = changed(settings, master_key=SecretStr(generate_key()))
    assert "usuarios.2fa_secret" in fault(other, "datos sellados").message


def test_backup_age_is_judged(settings: Settings, tmp_path: Path) -> None:
    admin(settings, "UPDATE andes_addons SET installed_at = now() - '8 days'::interval")
    assert "server.py backup" in fault(settings, "copia de seguridad").cure

    backup.create(settings, tmp_path)
    assert found(settings, "copia de seguridad")[0].well

    record = settings.data_dir / backup.RECORD
    data = json.loads(record.read_text())
    data["at"] = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    record.write_text(json.dumps(data))
    fault(settings, "copia de seguridad")


# Addons ------------------------------------------------------------------------------------------


def test_stock_that_differs_from_its_movements_is_found(settings: Settings, shop: Shop) -> None:
    admin(settings, "UPDATE productos_almacen SET stock_actual = 1 WHERE producto_id = %s",
          shop.productos[0])  # fmt: skip
    finding = fault(settings, "inventory: stock_igual_al_libro")
    assert f"producto {shop.productos[0]}" in finding.message


WRITE = Statement("write", "UPDATE productos SET nombre = 'x'")


def write(ctx: Ctx) -> None:
    ctx.sql(WRITE)


def explode(ctx: Ctx) -> None:
    raise RuntimeError("se rompió\nmucho")


class Sick:
    """A plugin with health checks of every kind."""

    @hookimpl
    def register_health(self) -> Sequence[HealthCheck]:
        """Return them."""
        return [
            HealthCheck("explota", explode, "nada"),
            HealthCheck("escribe", write, "nada"),
            HealthCheck("falla", lambda ctx: "está mal", "cúrelo"),
            HealthCheck("bien", lambda ctx: None, "nada"),
        ]


def test_health_checks_that_fail_or_raise_stand_alone(settings: Settings, template: str) -> None:
    loaded = generation.load(settings, ADDONS)
    loaded.plugins.register(Sick(), name="sick")
    runtime = runtime_of(settings, loaded)
    try:
        findings = {one.name: one for one in doctor._health(runtime)}
    finally:
        runtime.close()
    assert "se rompió" in findings["sick: explota"].message
    assert "read-only" in findings["sick: escribe"].message
    assert findings["sick: falla"] == Finding("sick: falla", False, "está mal", "cúrelo")
    assert findings["sick: bien"].well
    assert findings["inventory: stock_igual_al_libro"].well


def test_examine_a_check_that_raises_hides_no_other() -> None:
    def broken() -> Finding:
        raise ValueError

    names = [one.name for one in examine([("a", broken), ("b", lambda: Finding("b", True, ""))])]
    assert names == ["a", "b"]
