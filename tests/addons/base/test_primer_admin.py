"""The first administrator of an instance without users. Source: OWASP ASVS 5.0, 6.3.2."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from starlette.testclient import TestClient

from addons.base.services import primer_admin
from kernel import app, lifecycle, settings, welcome
from kernel.errors import Conflict
from kernel.registry import Registry
from kernel.runtime import Runtime, utc_now
from tests import cluster
from tests.conftest import runtime_of, settings_of
from tests.contents import changed, contents
from tests.live import SERVER, serving

pytestmark = pytest.mark.needs("sales", "inventory")

ADDRESS = "/api/auth/primer-admin/"
NUEVA = {"nombre": "Rosa Huamán", "email": "Rosa@Empresa.pe", "password": "cordillera-violeta-47"}


@pytest.fixture(scope="module")
def nothing(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a database with every addon and no row of anybody."""

    def build(owner_url: str) -> None:
        app_url = make_url(owner_url).set(username=cluster.APPLICATION)
        folder = tmp_path_factory.mktemp("nothing")
        url = app_url.render_as_string(hide_password=False)
        runtime = runtime_of(settings_of(owner_url, url, folder), registry)
        lifecycle.migrate(runtime)
        runtime.close()

    cluster.ensure_template("nothing", build)
    return "nothing"


@pytest.fixture
def fresh(nothing: str, registry: Registry, tmp_path: Path) -> Iterator[Runtime]:
    """An instance without users."""
    database = cluster.create_database(nothing)
    made = runtime_of(settings_of(database.owner_url, database.app_url, tmp_path), registry)
    yield made
    made.close()
    cluster.drop_database(database.name)


@pytest.fixture
def client(fresh: Runtime) -> TestClient:
    return TestClient(app.build(fresh, []), raise_server_exceptions=False)


def token_of(runtime: Runtime) -> str:
    return runtime.transact(primer_admin.nuevo_enlace).rpartition("#")[2]


def users(runtime: Runtime) -> int:
    with runtime.database.engine.connect() as connection:
        found: int = connection.scalar(text("SELECT count(*) FROM usuarios"))
    return found


def test_fresh_install_has_no_account(fresh: Runtime, client: TestClient) -> None:
    assert users(fresh) == 0
    answer = client.post(ADDRESS, json=NUEVA | {"token": "x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "enlace_invalido")


def test_link_makes_the_administrator_and_closes_the_door(
    fresh: Runtime, client: TestClient
) -> None:
    token = token_of(fresh)
    made = client.post(ADDRESS, json=NUEVA | {"token": token})
    assert made.status_code == 201, made.text
    assert made.json() == {"id": 1, "nombre": "Rosa Huamán", "email": "rosa@empresa.pe"}
    login = client.post("/api/auth/login/", json={k: NUEVA[k] for k in ("email", "password")})
    client.headers["Authorization"] = f"Bearer {login.json()['access']}"
    assert client.get("/api/auth/yo/").json()["rol"] == "ADMIN"
    assert client.get("/api/usuarios/").status_code == 200
    for given in (token, "anything"):
        again = client.post(ADDRESS, json=NUEVA | {"token": given, "email": "otra@empresa.pe"})
        assert (again.status_code, again.json()["code"]) == (409, "ya_hay_usuarios")
    with pytest.raises(Conflict):
        fresh.transact(primer_admin.nuevo_enlace)
    assert users(fresh) == 1


def test_link_is_stored_as_a_digest_and_stands_behind_the_hash(fresh: Runtime) -> None:
    """A browser sends what follows «#» to nobody, so it is in no log on the way."""
    link = fresh.transact(primer_admin.nuevo_enlace)
    address, _, token = link.partition("#")
    assert address.endswith("/primer-admin/")
    assert re.fullmatch(r"[\w-]{43}", token)
    with fresh.database.engine.connect() as connection:
        assert token not in str(connection.execute(text("SELECT * FROM enlaces")).all())
        assert token not in str(connection.execute(text("SELECT * FROM audit_logs")).all())


def test_new_link_voids_the_one_before(fresh: Runtime, client: TestClient) -> None:
    old, new = token_of(fresh), token_of(fresh)
    assert client.post(ADDRESS, json=NUEVA | {"token": old}).status_code == 400
    assert client.post(ADDRESS, json=NUEVA | {"token": new}).status_code == 201


def test_link_is_good_for_a_day(fresh: Runtime, client: TestClient) -> None:
    token = token_of(fresh)
    fresh.clock = lambda: utc_now() + timedelta(hours=24, seconds=1)
    assert client.post(ADDRESS, json=NUEVA | {"token": token}).status_code == 400
    assert users(fresh) == 0


@pytest.mark.parametrize(
    "password", ["corta", "huaman-huaman-1", "rosa@empresa.pe", "contrasena1234"]
)
def test_weak_password_is_refused_and_the_link_stays_good(
    fresh: Runtime, client: TestClient, password: str
) -> None:
    token = token_of(fresh)
    before = contents(fresh)
    answer = client.post(ADDRESS, json=NUEVA | {"token": token, "password": password})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "password")
    assert not changed(before, contents(fresh))
    assert client.post(ADDRESS, json=NUEVA | {"token": token}).status_code == 201


def test_two_at_once_make_exactly_one(fresh: Runtime, client: TestClient) -> None:
    token = token_of(fresh)

    def ask(number: int) -> int:
        body = NUEVA | {"token": token, "email": f"rosa{number}@empresa.pe"}
        one = TestClient(app.build(fresh, []), raise_server_exceptions=False)
        return one.post(ADDRESS, json=body).status_code

    with ThreadPoolExecutor(6) as pool:
        found = sorted(pool.map(ask, range(6)))
    assert found == [201, 409, 409, 409, 409, 409]
    assert users(fresh) == 1


@pytest.mark.slow
def test_server_prints_the_link_and_its_log_has_none(
    fresh: Runtime, tmp_path: Path, client: TestClient
) -> None:
    environment = {**os.environ, **settings.environment(fresh.settings)}
    run = subprocess.run(
        [sys.executable, str(SERVER), "user", "first-link"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    (printed,) = re.findall(r"http\S+/primer-admin/#([\w-]+)", run.stdout)
    assert run.returncode == 0, run.stderr
    with serving(fresh.settings) as address:
        (log,) = fresh.settings.data_dir.glob("live-*/log")
        shown = log.read_text(encoding="utf-8")
        (token,) = re.findall(r"http\S+/primer-admin/#([\w-]+)", shown)
        assert token != printed
        assert address.rpartition(":")[2] in shown
        assert '"event"' not in next(line for line in shown.splitlines() if token in line)
        assert client.post(ADDRESS, json=NUEVA | {"token": printed}).status_code == 400
        assert client.post(ADDRESS, json=NUEVA | {"token": token}).status_code == 201
        assert shown.count(token) == 1
    with serving(fresh.settings):
        logs = [
            one.read_text(encoding="utf-8") for one in fresh.settings.data_dir.glob("live-*/log")
        ]
    assert sum("primer-admin" in one for one in logs) == 1, "nothing more once there is a user"
    closed = subprocess.run(
        [sys.executable, str(SERVER), "user", "first-link"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert closed.returncode == 1
    assert "Ya hay usuarios" in closed.stderr


def test_greeting_of_an_empty_database_is_silent(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    database = cluster.create_database()
    welcome.greet(settings_of(database.owner_url, database.app_url, tmp_path))
    cluster.drop_database(database.name)
    assert capfd.readouterr() == ("", "")
