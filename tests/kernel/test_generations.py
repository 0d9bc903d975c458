"""Changes of addons on a running server: what goes wrong leaves the old generation answering.

Each test runs ``server.py serve`` with real processes on a copy of the shop.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from kernel import catalogue
from kernel.settings import Settings
from tests.kernel import faulty
from tests.live import Server, running
from tests.shop import PASSWORD

pytestmark = pytest.mark.slow(seconds=10)
PATIENCE = 120.0


@dataclass
class Site:
    """A running server, and an administrator's connection to it."""

    server: Server
    settings: Settings
    client: httpx.Client
    sold: list[int] = field(default_factory=list)

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self.client.post(path, json=body)

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def ask(self, action: str, name: str, **body: Any) -> int:
        answer = self.post(f"/api/addons/{name}/{action}/", **body)
        assert answer.status_code == 202, answer.text
        number: int = answer.json()["generation"]
        return number

    def state(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/api/generations/{number}/").json()
        return found

    def ended(self, number: int) -> dict[str, Any]:
        """Return a change once it has ended."""
        wait_until(lambda: self.state(number)["state"] in ("current", "failed"))
        return self.state(number)

    def change(self, action: str, name: str, **body: Any) -> dict[str, Any]:
        return self.ended(self.ask(action, name, **body))

    def addon(self, name: str) -> dict[str, Any]:
        (found,) = [one for one in self.get("/api/addons/").json() if one["name"] == name]
        assert isinstance(found, dict)
        return found

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        address = make_url(self.settings.owner_url).set(drivername="postgresql")
        with psycopg.connect(address.render_as_string(hide_password=False)) as connection:
            return connection.execute(query.encode()).fetchall()

    def schema(self) -> catalogue.Schema:
        engine = create_engine(self.settings.owner_url, poolclass=NullPool)
        with engine.connect() as connection:
            return catalogue.read(connection)


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


@contextlib.contextmanager
def site(settings: Settings, *, web: int = 1, jobs: int = 1, **more: Any) -> Iterator[Site]:
    (root,) = settings.addon_roots
    with (
        running(settings, web=web, jobs=jobs, PYTHONPATH=faulty.path(root), **more) as server,
        httpx.Client(base_url=server.address, timeout=30) as client,
    ):
        login = {"email": "admin@tienda.pe", "password": PASSWORD}
        access = client.post("/api/auth/login/", json=login).json()["access"]
        client.headers["Authorization"] = f"Bearer {access}"
        yield Site(server, settings, client)


@pytest.fixture
def rooted(settings: Settings, tmp_path: Path) -> Settings:
    """Settings of a shop with a folder for addons of the test."""
    root = tmp_path / "addons"
    root.mkdir()
    return settings.model_copy(update={"addon_roots": [root]})


@contextlib.contextmanager
def asking(site: Site) -> Iterator[list[str]]:
    """Ask again and again while the block runs; yield what went wrong."""
    wrong: list[str] = []
    over = threading.Event()

    def ask() -> None:
        headers = dict(site.client.headers)
        with httpx.Client(base_url=site.server.address, headers=headers, timeout=60) as client:
            while not over.is_set():
                try:
                    answer = client.get("/api/productos/?limit=5")
                except httpx.HTTPError as error:
                    wrong.append(repr(error))
                else:
                    if answer.status_code != 200:
                        wrong.append(answer.text)
                time.sleep(0.005)  # the others shall come to their turn, too

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for one in threads:
        one.start()
    try:
        yield wrong
    finally:
        over.set()
        for one in threads:
            one.join()


def test_life_of_an_addon_without_a_failed_request(rooted: Settings) -> None:
    faulty.write(rooted.addon_roots[0], "sano")
    with site(rooted, web=2) as here, asking(here) as wrong:
        before = here.schema()
        assert here.get("/api/sano/").json()["code"] == "no_encontrado"
        done = here.change("install", "sano")
        assert (done["state"], done["acknowledged"]) == ("current", done["awaited"]), done
        assert any("CREATE TABLE cosas_sano" in sql for sql in done["statements"])
        assert here.get("/api/sano/").json() == {"version": "1.0"}
        assert here.get("/api/sano/").headers["x-generation"] == str(done["generation"])
        here.change("disable", "sano")
        assert here.get("/api/sano/").json()["code"] == "addon_disabled"
        assert here.addon("sano")["state"] == "disabled"
        here.change("enable", "sano")
        assert here.get("/api/sano/").status_code == 200
        here.change("archive", "sano")
        (key,) = here.addon("sano")["archives"]
        assert here.schema() == before
        here.change("import", "sano", archive=key)
        assert here.get("/api/sano/").status_code == 200
        assert here.change("purge", "sano", confirm="sano")["state"] == "current"
        assert here.schema() == before
    assert wrong == []


def test_roll_asks_open_sockets_to_connect_again(rooted: Settings) -> None:
    faulty.write(rooted.addon_roots[0], "sano")
    with site(rooted, jobs=0) as here:
        address = here.server.address.replace("http", "ws") + "/ws/"
        headers = {"Authorization": here.client.headers["Authorization"]}
        with connect(address, additional_headers=headers) as socket:
            number = here.ask("install", "sano")
            with contextlib.suppress(ConnectionClosed):
                while True:
                    socket.recv(timeout=PATIENCE)
            assert socket.close_code == 1012
        assert here.ended(number)["state"] == "current"
        with connect(address, additional_headers=headers) as socket:
            socket.ping().wait(PATIENCE)


def test_host_with_other_code_stops_the_change_and_is_named(
    rooted: Settings, tmp_path: Path
) -> None:
    faulty.write(rooted.addon_roots[0], "sano")
    other = rooted.model_copy(update={"addon_roots": [], "data_dir": tmp_path / "other"})
    other.data_dir.mkdir()
    with running(other) as second, site(rooted) as here, asking(here) as wrong:
        before = here.schema()
        done = here.change("install", "sano")
        assert done["state"] == "failed"
        assert "«sano» no está en este equipo" in done["error"]
        assert here.schema() == before
        assert httpx.get(f"{second.address}/health/ready").status_code == 200
        assert here.addon("sano")["state"] == "available"
    assert wrong == []


def test_addon_that_raises_at_import_changes_nothing_and_says_why(rooted: Settings) -> None:
    faulty.write(rooted.addon_roots[0], "explota", plugin='raise RuntimeError("al importar")')
    with site(rooted) as here, asking(here) as wrong:
        before = here.schema()
        done = here.change("install", "explota")
        assert done["state"] == "failed"
        assert "RuntimeError: al importar" in done["error"]
        assert here.schema() == before
        assert here.addon("explota")["state"] == "available"
    assert wrong == []


def test_addon_that_hangs_at_start_changes_nothing_and_says_where(rooted: Settings) -> None:
    hang = "import threading\nthreading.Event().wait()"
    faulty.write(rooted.addon_roots[0], "cuelga", plugin=hang)
    with site(rooted, LOAD_SECONDS="15") as here, asking(here) as wrong:
        before = here.schema()
        done = here.change("install", "cuelga")
        assert done["state"] == "failed"
        assert "plugin.py" in done["error"]
        assert ".wait()" in done["error"]
        assert here.schema() == before
    assert wrong == []


def test_addon_with_a_bad_migration_changes_nothing_and_says_why(rooted: Settings) -> None:
    faulty.write(rooted.addon_roots[0], "malo", migrating='op.execute("SELECT 1/0")')
    with site(rooted) as here, asking(here) as wrong:
        before = here.schema()
        done = here.change("install", "malo")
        assert done["state"] == "failed"
        assert "division by zero" in done["error"]
        assert here.schema() == before
        assert here.rows("SELECT to_regclass('alembic_malo')") == [(None,)]
        done = here.change("install", "malo")  # asked again, it is tried again
        assert done["state"] == "failed"
    assert wrong == []


def test_worker_killed_in_mid_roll_leaves_the_old_generation(rooted: Settings) -> None:
    # A fork that takes long to be ready gives us the time to kill it.
    slow = (
        "@hookimpl\ndef register_health() -> list[object]:\n"
        '    """Nothing."""\n    return []\n'
        "import os, time\n"
        "os.register_at_fork(after_in_child=lambda: time.sleep(5))\n"
    )
    faulty.write(rooted.addon_roots[0], "lento", plugin=slow)
    with site(rooted, web=2) as here, asking(here) as wrong:
        before = here.schema()
        old = here.get("/api/sucursales/").headers["x-generation"]
        number = here.ask("install", "lento")

        def starting() -> list[int]:
            return [
                one["pid"]
                for one in here.state(number)["processes"]
                if one["generation"] == number and one["state"] == "starting"
            ]

        wait_until(starting)
        os.kill(starting()[0], signal.SIGKILL)
        done = here.ended(number)
        assert done["state"] == "failed"
        assert "SIGKILL" in done["error"]
        assert here.get("/api/sucursales/").headers["x-generation"] == old
        assert here.schema() == before
        assert here.addon("lento")["state"] == "available"
    assert wrong == []


def test_addon_whose_subscriber_keeps_raising_is_quarantined(rooted: Settings) -> None:
    faulty.write(rooted.addon_roots[0], "rompe", hearing='raise KeyError("siempre")')
    with site(rooted) as here:
        here.change("install", "rompe")
        sucursal = here.get("/api/sucursales/").json()["items"][0]["id"]
        cliente = here.get("/api/clientes/").json()["items"][0]["id"]
        (producto,) = here.rows(
            "SELECT pa.producto_id FROM productos_almacen pa JOIN almacenes a ON a.id ="
            f" pa.almacen_id WHERE a.sucursal_id = {sucursal} AND pa.stock_actual > 9 LIMIT 1"
        )
        opened = here.post("/api/cajas/abrir/", sucursal_id=sucursal, monto_apertura="0").json()
        sale = {
            "cliente_id": cliente,
            "sucursal_id": sucursal,
            "caja_id": opened["id"],
            "detalle": [{"producto_id": producto[0], "cantidad": 1}],
            "formas_pago": [{"metodo": "efectivo", "monto": "5000"}],
        }

        def sells() -> bool:
            return here.post("/api/ventas/", **sale).status_code == 201

        assert not sells()
        wait_until(sells)
        wait_until(lambda: here.addon("rompe")["state"] == "disabled")
        found = here.addon("rompe")
        assert "KeyError: 'siempre'" in found["reason"]
        assert here.change("enable", "rompe")["state"] == "current"  # a person may try again
        assert here.addon("rompe")["reason"] == ""


def test_safe_mode_lets_a_broken_addon_be_switched_off(rooted: Settings) -> None:
    root = faulty.write(rooted.addon_roots[0], "luego")
    with site(rooted) as here:
        here.change("install", "luego")
    faulty.write(root, "luego", plugin='raise RuntimeError("ya no carga")')
    with site(rooted, options=["--safe"]) as here:
        assert here.get("/api/sucursales/").status_code == 200
        assert here.get("/api/ventas/").status_code == 404
        assert here.change("disable", "luego")["state"] == "current"
    with site(rooted) as here:
        assert here.get("/api/ventas/").status_code == 200
        assert here.addon("luego")["state"] == "disabled"


def test_supervisor_killed_in_a_change_comes_back_in_one_clean_generation(
    rooted: Settings,
) -> None:
    faulty.write(rooted.addon_roots[0], "sano")
    plain: catalogue.Schema | None = None
    whole: catalogue.Schema | None = None
    for delay in (0.2, 2.5):
        with site(rooted) as here:
            if plain is None:
                plain = here.schema()
                here.change("install", "sano")
                whole = here.schema()
                here.change("purge", "sano", confirm="sano")
            here.ask("install", "sano")
            time.sleep(delay)
            children = psutil.Process(here.server.process.pid).children(recursive=True)
            here.server.kill()
            psutil.wait_procs(children, timeout=PATIENCE)
        with site(rooted) as here:
            wait_until(lambda here=here: settled(here))
            found = here.schema()
            installed = here.get("/api/sano/").status_code == 200
            assert found == (whole if installed else plain)
            if installed:
                here.change("purge", "sano", confirm="sano")


def test_supervisor_stopped_in_a_roll_serves_nothing_that_is_gone(
    rooted: Settings, tmp_path: Path
) -> None:
    """Others stop waiting for its host; its processes live on, and must not answer as before."""
    faulty.write(rooted.addon_roots[0], "sano")
    other = rooted.model_copy(update={"data_dir": tmp_path / "other"})
    other.data_dir.mkdir()
    with site(rooted) as here:
        here.change("install", "sano")
        headers = dict(here.client.headers)
        with (
            running(other, PYTHONPATH=faulty.path(rooted.addon_roots[0])) as second,
            httpx.Client(base_url=second.address, headers=headers, timeout=30) as client,
        ):
            assert client.get("/api/sano/").status_code == 200
            number = here.ask("purge", "sano", confirm="sano")
            stopped = psutil.Process(second.process.pid)
            stopped.suspend()
            try:
                assert here.ended(number)["state"] == "current"
                for path in ("/api/sano/", "/api/sucursales/", "/health/ready"):
                    assert client.get(path).status_code == 503
                assert client.get("/health/live").status_code == 200
            finally:
                stopped.resume()
            wait_until(lambda: client.get("/api/sucursales/").status_code == 200)
            answer = client.get("/api/sucursales/")
            assert answer.headers["x-generation"] == str(number)
            assert client.get("/api/sano/").status_code == 404
            wait_until(lambda: settled(here))


def settled(here: Site) -> bool:
    """Return whether no change is under way and every process serves the current generation."""
    newest, *_ = here.get("/api/generations/").json()
    if newest["state"] not in ("current", "failed"):
        return False
    (current,) = here.rows("SELECT id FROM andes_generations WHERE state = 'current'")
    processes = here.rows(
        "SELECT DISTINCT generation, state FROM andes_processes"
        " WHERE seen_at > now() - interval '10 seconds'"
    )
    return processes == [(current[0], "ready")]
