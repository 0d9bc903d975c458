"""Rotation of the master key: every secret wrapped anew, the old key gone, everything opens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text
from starlette.testclient import TestClient

from kernel import processes, rotation
from kernel.context import Ctx
from kernel.errors import ConfigurationError
from kernel.identity import Usuario
from kernel.manifest import ROOT
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.secrets import SecretUnreadable, Vault, generate_key, key_version
from kernel.settings import Settings
from tests.shop import PASSWORD

STRAY = b"t_sealed_stray:clave:1"


def with_keys(settings: Settings, master_key: str) -> Settings:
    return Settings(**{**settings.model_dump(), "master_key": master_key}, _env_file=None)


@pytest.fixture
def old(settings: Settings) -> str:
    """The setting before: one key."""
    return f"1:{settings.master_key.get_secret_value()}"


@pytest.fixture
def both(old: str) -> str:
    """The setting during a rotation: the old key and a newer one."""
    return f"{old},2:{generate_key()}"


@pytest.fixture
def newest(both: str) -> str:
    """The setting afterwards."""
    return both.partition(",")[2]


@pytest.fixture
def sealed(runtime: Runtime) -> dict[str, str]:
    """Secrets of every user, one more in a table of an addon that is not installed."""
    engine = create_engine(runtime.settings.owner_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t_sealed_stray (id int, clave bytea)"))
        connection.execute(text("GRANT ALL ON t_sealed_stray TO andes_app"))
        blob = runtime.vault.seal(b"de un addon desactivado", STRAY)
        connection.execute(text("INSERT INTO t_sealed_stray VALUES (1, :b)"), {"b": blob})
        connection.execute(text("INSERT INTO t_sealed_stray VALUES (2, :b)"), {"b": b"x" * 300})
        noise = {"b": b"\x01" + b"\0\0\0\x01" + b"y" * 300}
        connection.execute(text("INSERT INTO t_sealed_stray VALUES (3, :b)"), noise)
    engine.dispose()

    def fill(ctx: Ctx) -> dict[str, str]:
        for user in ctx.session.scalars(select(Usuario)):
            user.dos_fa_clave = f"CLAVE{user.id:08}"
        return opened(ctx)

    return runtime.transact(fill)


def opened(ctx: Ctx) -> dict[str, str]:
    """Return every user's secret, in clear."""
    return {one.email: one.dos_fa_clave or "" for one in ctx.session.scalars(select(Usuario))}


def restarted(settings: Settings, registry: Registry, keys: str) -> Runtime:
    return processes.make_runtime(with_keys(settings, keys), registry)


def stray(runtime: Runtime) -> bytes:
    with runtime.database.engine.connect() as connection:
        found = connection.execute(text("SELECT clave FROM t_sealed_stray WHERE id = 1"))
        return bytes(found.scalar_one())


def counts(runtime: Runtime) -> dict[str, dict[int, int]]:
    return {str(one.column): dict(one.versions) for one in rotation.standing(runtime)}


def test_rotate_wraps_everything_and_the_old_key_can_go(
    settings: Settings, registry: Registry, sealed: dict[str, str], both: str, newest: str
) -> None:
    during = restarted(settings, registry, both)
    assert counts(during)["usuarios.2fa_secret"] == {1: len(sealed)}
    done = {str(one.column): one for one in rotation.rotate(during)}
    assert done["usuarios.2fa_secret"].rewrapped == len(sealed)
    assert done["usuarios.2fa_secret"].unreadable == {}
    assert done["t_sealed_stray.clave"].rewrapped == 1
    assert done["t_sealed_stray.clave"].unreadable == {"altered": 1}, "it was never sealed"
    assert counts(during)["usuarios.2fa_secret"] == {2: len(sealed)}
    during.close()

    after = restarted(settings, registry, newest)
    assert after.transact(opened) == sealed
    assert after.vault.open(stray(after), STRAY) == b"de un addon desactivado"
    client = TestClient(processes.web_app(after))
    login = {"email": "admin@tienda.pe", "password": PASSWORD}
    assert client.post("/api/auth/login/", json=login).status_code == 200
    after.close()


def test_without_rotation_the_old_key_cannot_go(
    settings: Settings, registry: Registry, sealed: dict[str, str], newest: str
) -> None:
    after = restarted(settings, registry, newest)
    with pytest.raises(SecretUnreadable, match="version 1"):
        after.transact(opened)
    after.close()


def test_rotate_interrupted_goes_on_where_it_stopped(
    settings: Settings,
    registry: Registry,
    sealed: dict[str, str],
    both: str,
    newest: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 3)
    during = restarted(settings, registry, both)
    wrapped = 0

    def rewrap(vault: Vault, blob: bytes) -> bytes:
        nonlocal wrapped
        wrapped += key_version(blob) != vault.current
        if wrapped == 5:
            raise ConfigurationError("se cortó la luz")
        return original(vault, blob)

    original = Vault.rewrap
    monkeypatch.setattr(Vault, "rewrap", rewrap)
    with pytest.raises(ConfigurationError):
        rotation.rotate(during)
    monkeypatch.setattr(Vault, "rewrap", original)
    assert sum(counts(during)["usuarios.2fa_secret"].values()) == len(sealed)
    assert 2 in {**counts(during)["usuarios.2fa_secret"], **counts(during)["t_sealed_stray.clave"]}
    rotation.rotate(during)
    again = {str(one.column): one.rewrapped for one in rotation.rotate(during)}
    assert set(again.values()) == {0}
    during.close()
    after = restarted(settings, registry, newest)
    assert after.transact(opened) == sealed
    after.close()


def test_rotate_leaves_an_audit_row_with_counts_and_no_key(
    settings: Settings, registry: Registry, sealed: dict[str, str], both: str, admin: TestClient
) -> None:
    during = restarted(settings, registry, both)
    rotation.rotate(during)
    during.close()
    (row,) = admin.get("/api/audit-logs/?accion=rotar_llave").json()["items"]
    assert row["objeto_id"] == "2"
    assert row["datos_nuevos_json"]["valores"] == {
        "t_sealed_stray.clave": 1,
        "usuarios.2fa_secret": len(sealed),
    }
    assert both.rpartition(":")[2] not in str(row)


def test_rotate_while_a_row_changes_loses_no_change(
    settings: Settings, registry: Registry, sealed: dict[str, str], both: str
) -> None:
    during = restarted(settings, registry, both)
    original = Vault.rewrap
    changed = False

    def change_meanwhile(vault: Vault, blob: bytes) -> bytes:
        nonlocal changed
        if not changed:
            changed = True

            def change(ctx: Ctx) -> None:
                for user in ctx.session.scalars(select(Usuario)):
                    user.dos_fa_clave = f"NUEVA{user.id:08}"

            during.transact(change)
        return original(vault, blob)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Vault, "rewrap", change_meanwhile)
        rotation.rotate(during)
    assert all(one.startswith("NUEVA") for one in during.transact(opened).values())
    assert counts(during)["usuarios.2fa_secret"] == {2: len(sealed)}
    during.close()


# The command line -------------------------------------------------------------------------------


Command = Callable[[str, str], subprocess.CompletedProcess[str]]


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Command:
    """Return a function that runs ``server.py secrets …`` with a master key."""

    def command(word: str, master_key: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "server.py"), "secrets", word],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "COLUMNS": "200",
                "DATABASE_URL": settings.database_url,
                "DATABASE_OWNER_URL": settings.database_owner_url,
                "SECRET_KEY": settings.secret_key.get_secret_value(),
                "MASTER_KEY": master_key,
                "DATA_DIR": str(tmp_path),
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    return command


def test_commands_rotate_from_the_first_key_to_the_next(
    run: Command, settings: Settings, sealed: dict[str, str]
) -> None:
    bare = settings.master_key.get_secret_value()
    made = run("new-key", bare)
    assert made.returncode == 0, made.stderr
    name, _, both = made.stdout.strip().partition("=")
    assert (name, both.startswith(f"1:{bare},2:")) == ("MASTER_KEY", True)

    status = run("status", both)
    assert status.returncode == 0
    assert f"version 1: {len(sealed)} (older" in status.stdout
    rotated = run("rotate", both)
    assert f"{len(sealed)} wrapped by version 2" in rotated.stdout
    newest = both.partition(",")[2]
    status = run("status", newest)
    assert f"version 2: {len(sealed)} (newest" in status.stdout
    lost = run("status", bare)
    assert lost.returncode == 1
    assert "NOT in MASTER_KEY" in lost.stdout
    for output in (status.stdout, rotated.stdout, rotated.stderr):
        assert bare not in output
        assert newest.partition(":")[2] not in output
