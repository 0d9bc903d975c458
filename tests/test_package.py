"""An addon as a wheel of its own: built, installed, switched on, served, removed; the core stays.

What is packed is ``addons_contrib/loyalty``, by the page docs/addons.md; the core is a copy of the
tree without it, and the environment is a folder of the test's own on ``PYTHONPATH``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kernel.manifest import ROOT
from kernel.settings import Settings
from tests import cluster, pages, tree
from tests.cluster import RUN_VARIABLE
from tests.conftest import settings_of

pytestmark = pytest.mark.slow

NAME = "loyalty"
EMAIL = "admin@tienda.pe"
PASSWORD = "cordillera-violeta-47-tren"
MISSING = "El addon «loyalty» no está en este equipo: instale su paquete."
UV = shutil.which("uv") or str(ROOT / ".venv-tools" / "bin" / "uv")

DRIVER = """
import json, sys
from pathlib import Path
import httpx
from kernel.testing.instance import settings_of
from tests import live

owner, app, folder, email, password = sys.argv[1:]
with live.serving(settings_of(owner, app, Path(folder))) as address:
    with httpx.Client(base_url=address) as client:
        def post(path, **body):
            answer = client.post(path, json=body)
            assert answer.is_success, (path, answer.text)
            return answer.json()

        access = post("/api/auth/login/", email=email, password=password)["access"]
        client.headers["Authorization"] = f"Bearer {access}"
        sucursal = post("/api/sucursales/", codigo="001", nombre="Centro")["id"]
        producto = post("/api/productos/", sku="A", nombre="A", precio="47.20")["id"]
        cliente = post(
            "/api/clientes/", tipo_doc="1", numero_doc="45678912", razon_social="Ana"
        )["id"]
        caja = post("/api/cajas/abrir/", sucursal_id=sucursal, monto_apertura="0")["id"]
        post(
            "/api/ventas/", cliente_id=cliente, sucursal_id=sucursal, caja_id=caja,
            detalle=[{"producto_id": producto, "cantidad": 1}],
            formas_pago=[{"metodo": "efectivo", "monto": "50"}],
        )
        left = post(f"/api/clientes/{cliente}/puntos/canjear/", puntos=1)["puntos"]
        addons = {one["name"]: one["state"] for one in client.get("/api/addons/").json()}
        columns = client.get("/api/views/sales.clientes.list/").json()["columns"]
        print(json.dumps({
            "puntos": left,
            "state": addons["loyalty"],
            "columns": [one["name"] for one in columns],
        }))
"""


@dataclass
class Host:
    """A core, an environment beside it, and a database."""

    core: Path
    environment: Path
    settings: Settings
    before: dict[str, bytes] = field(default_factory=dict)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the core, with the environment."""
        known = {name: value for name, value in os.environ.items() if name != RUN_VARIABLE}
        settings = self.settings
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.core,
            env={
                **known,
                "PYTHONPATH": f"{self.core}:{self.environment}",
                "PYTHONDONTWRITEBYTECODE": "1",
                "DATABASE_URL": settings.database_url,
                "DATABASE_OWNER_URL": settings.database_owner_url,
                "SECRET_KEY": settings.secret_key.get_secret_value(),
                "MASTER_KEY": settings.master_key.get_secret_value(),
                "DATA_DIR": str(settings.data_dir),
                "PASSWORD_COST": "4",
                "ANDES_PASSWORD": PASSWORD,
            },
            capture_output=True,
            text=True,
        )

    def server(self, *words: str) -> str:
        """Return what a command of server.py prints; it must end well."""
        done = self.run("server.py", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def core_without(folder: Path) -> Path:
    """Return a copy of the tree that has never heard of the addon."""
    core = tree.copy_to(folder)
    (core / "manifests" / f"{NAME}.toml").unlink()
    for place in ("addons_contrib", "migrations", "tests/addons"):
        shutil.rmtree(core / place / NAME)
    return core


def project(folder: Path) -> Path:
    """Return a project of its own with the addon, as docs/addons.md says."""
    package = folder / NAME
    shutil.copytree(ROOT / "addons_contrib" / NAME, package, ignore=tree.CACHES)
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8").replace(f"addons_contrib.{NAME}", NAME)
        path.write_text(text, encoding="utf-8")
    manifest = (ROOT / "manifests" / f"{NAME}.toml").read_text(encoding="utf-8")
    lines = [line for line in manifest.splitlines() if not line.startswith("package")]
    (package / "manifest.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    own = package / "migrations" / NAME
    shutil.copytree(ROOT / "migrations" / NAME, own, ignore=tree.CACHES)
    (package / "py.typed").touch()
    page = (pages.DOCS / "addons.md").read_text(encoding="utf-8")
    (block,) = (one for one in pages.blocks(page, "toml") if one.facts == "pyproject")
    (folder / "pyproject.toml").write_text(block.text, encoding="utf-8")
    return folder


def uv(*words: str, cwd: Path) -> None:
    """Run uv, which needs no network for this."""
    done = subprocess.run([UV, *words], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A core without the addon, and an environment with its wheel."""
    database = cluster.create_database()
    folder = tmp_path_factory.mktemp("package")
    made = Host(
        core_without(folder / "core"),
        folder / "environment",
        settings_of(database.owner_url, database.app_url, folder / "data"),
    )
    made.before = tree.contents(made.core)
    source = project(folder / "project")
    uv("build", "--wheel", "--offline", "--no-config", cwd=source)
    (wheel,) = (source / "dist").glob("*.whl")
    install = ("pip", "install", "--offline", "--no-deps", "--python", sys.executable)
    uv(*install, "--target", str(made.environment), str(wheel), cwd=folder)
    yield made
    cluster.drop_database(database.name)


def test_wheel_is_found_checked_installed_served_and_missed(host: Host) -> None:
    found = next(line for line in host.server("addon", "list").splitlines() if NAME in line)
    assert "available" in found
    checked = json.loads(host.server("addon", "check", NAME, "--medal", "bronze", "--json"))
    assert (checked["addon"], checked["medal"]) == (NAME, "bronze")

    host.server("migrate", "--install", NAME)
    host.server("user", "create", EMAIL, "--nombre", "Ana", "--rol", "ADMIN")
    host.server("empresa", "configurar", "--ruc", "20123456786", "--razon-social", "Tienda S.A.C.")
    settings = host.settings
    done = host.run(
        "-c",
        DRIVER,
        settings.database_owner_url,
        settings.database_url,
        str(settings.data_dir),
        EMAIL,
        PASSWORD,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    served = json.loads(done.stdout.splitlines()[-1])
    assert (served["puntos"], served["state"]) == (3, "enabled")
    assert "puntos" in served["columns"]

    shutil.rmtree(host.environment)
    done = host.run("server.py", "openapi")
    assert done.returncode == 1
    assert MISSING in done.stderr
    assert "Traceback" not in done.stderr
    assert tree.changed(host.before, tree.contents(host.core)) == []
