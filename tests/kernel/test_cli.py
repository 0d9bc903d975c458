"""The command line, run as a person runs it: its own process, its settings in the environment."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient

from kernel import processes
from kernel.registry import Registry
from kernel.settings import Settings, load
from tests import cluster

SERVER = Path(__file__).resolve().parents[2] / "server.py"
SETTINGS = {
    "SECRET_KEY": "k" * 40,
    "MASTER_KEY": base64.b64encode(bytes(range(32))).decode(),
    "PASSWORD_COST": "4",
}

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def database() -> Iterator[cluster.TestDatabase]:
    """An empty database."""
    made = cluster.create_database()
    yield made
    cluster.drop_database(made.name)


@pytest.fixture
def run(database: cluster.TestDatabase, tmp_path: Path) -> Command:
    """Return a function that runs a command of ``server.py`` in an empty folder."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE")}

    def command(*words: str, text: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **plain,
            **SETTINGS,
            "DATABASE_URL": database.app_url,
            "DATABASE_OWNER_URL": database.owner_url,
            "DATA_DIR": str(tmp_path),
            "COLUMNS": "200",
            **settings,
        }
        return subprocess.run(
            [sys.executable, str(SERVER), *words],
            env={name: value for name, value in environment.items() if value},
            cwd=tmp_path,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return command


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence of a command that failed: no traceback."""
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr.strip()


def settings_of(database: cluster.TestDatabase, folder: Path) -> Settings:
    return load(
        _env_file=None,
        database_url=database.app_url,
        database_owner_url=database.owner_url,
        data_dir=folder,
        secret_key=SETTINGS["SECRET_KEY"],
        master_key=SETTINGS["MASTER_KEY"],
        password_cost=4,
    )


def test_command_without_settings_beside_an_embedded_instance_names_it(
    run: Command, tmp_path: Path
) -> None:
    assert "--data" not in said(run("openapi", DATABASE_URL="", DATA_DIR=""))
    (tmp_path / "var" / "postgres").mkdir(parents=True)
    told = said(run("openapi", DATABASE_URL="", DATA_DIR=""))
    assert told.startswith("DATABASE_URL: ")
    assert told.splitlines()[-1].endswith("python server.py --data var …")


@pytest.mark.slow
def test_commands_from_an_empty_database_to_a_login(
    run: Command, database: cluster.TestDatabase, registry: Registry, tmp_path: Path
) -> None:
    assert "server.py migrate --install" in said(run("openapi"))

    installed = run("migrate", "--install", "inventory")
    assert installed.returncode == 0, installed.stderr
    *lines, welcome = installed.stdout.splitlines()
    done = [line.partition(":")[0] for line in lines]
    assert done == ["kernel", "base", "sales", "inventory"]
    assert "/primer-admin/#" in welcome

    again = run("migrate")
    lines = again.stdout.splitlines()
    assert (again.returncode, lines[0]) == (0, "Nothing to do: the database is up to date.")
    assert "/primer-admin/#" in lines[1]

    listed = run("addon", "list")
    assert listed.returncode == 0, listed.stderr
    states = {line.split()[0]: line.split()[2] for line in listed.stdout.splitlines()}
    assert {states[name] for name in ("base", "sales", "inventory")} == {"installed"}

    document = json.loads(run("openapi").stdout)
    assert document["openapi"] == "3.1.0"
    assert "/api/ventas/" in document["paths"]

    created = run(
        "user", "create", "Ana@Empresa.pe", "--nombre", "Ana Paz", ANDES_PASSWORD="clave-larga-77"
    )
    assert created.returncode == 0, created.stderr
    assert "Ana@Empresa.pe" in created.stdout
    assert "clave-larga-77" not in created.stdout + created.stderr
    assert run("migrate").stdout == "Nothing to do: the database is up to date.\n"

    runtime = processes.make_runtime(settings_of(database, tmp_path), registry)
    with TestClient(processes.web_app(runtime)) as client:
        body = {"email": "ana@empresa.pe", "password": "clave-larga-77"}
        assert client.post("/api/auth/login/", json=body).status_code == 200


@pytest.mark.slow
def test_user_create_refusals_are_sentences(run: Command, database: cluster.TestDatabase) -> None:
    assert run("migrate", "--install", "base").returncode == 0
    facts = ("user", "create", "luis@empresa.pe", "--nombre", "Luis")
    assert "REY" in said(run(*facts, "--rol", "REY", ANDES_PASSWORD="clave-larga-77"))
    assert said(run(*facts, ANDES_PASSWORD="corta"))
    typed = run(*facts, text="clave-larga-77\nclave-larga-77\n")
    assert typed.returncode == 0, typed.stderr
    assert "email" in said(run(*facts, ANDES_PASSWORD="clave-larga-77"))
    engine = create_engine(database.owner_url)
    with engine.connect() as connection:
        emails = connection.scalars(text("SELECT email FROM usuarios ORDER BY id")).all()
    engine.dispose()
    assert emails == ["luis@empresa.pe"]


def test_wrong_settings_are_sentences(run: Command) -> None:
    assert said(run("migrate", SECRET_KEY="corta", PORT="0")).splitlines() == [
        "SECRET_KEY: Value should have at least 32 items after validation, not 5. Signs tokens and "
        "links; 32 characters or more. Older keys may follow a comma.",
        "PORT: Input should be greater than or equal to 1. Port to listen on.",
    ]
    assert said(run("serve", MASTER_KEY="mala")).startswith("MASTER_KEY: ")
    assert said(run("migrate", DATABASE_URL="")).startswith("DATABASE_URL: Field required")
    nowhere = "postgresql://nadie@127.0.0.1:1/nada"
    assert "Start it or correct its address" in said(
        run("addon", "list", DATABASE_URL=nowhere, DATABASE_OWNER_URL="")
    )


def test_unknown_words_are_sentences(run: Command, tmp_path: Path) -> None:
    assert "«nada»" in said(run("migrate", "--install", "base,nada"))
    unknown = run("nada")
    assert unknown.returncode != 0
    assert "Traceback" not in unknown.stderr
    assert not list(tmp_path.iterdir())


def test_help_needs_no_settings(run: Command) -> None:
    shown = run("--help", DATABASE_URL="", SECRET_KEY="", MASTER_KEY="", DATABASE_OWNER_URL="")
    assert shown.returncode == 0, shown.stderr
    for word in ("serve", "worker", "demo", "migrate", "addon", "user", "doctor", "audit"):
        assert word in shown.stdout


def test_shell_leaves_nothing_behind(run: Command, database: cluster.TestDatabase) -> None:
    assert run("migrate", "--install", "base").returncode == 0
    lines = [
        "from addons.base.models import Sucursal",
        "ctx.session.add(Sucursal(codigo='9', nombre='X'))",
        "ctx.session.flush()",
        "print(runtime.generation)",
    ]
    done = run("shell", text="\n".join(lines) + "\n")
    assert done.returncode == 0, done.stderr
    assert "1" in done.stdout.split()
    engine = create_engine(database.owner_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM sucursales")) == 0
    engine.dispose()
