"""Pictures of the demo company's screens, light and dark: ``python -m tests.web.pictures [NAME]``.

Each is ``docs/img/<name>-light.webp`` and ``…-dark.webp``. The demo is made anew, with the same
seed, so a picture changes where the screen or the day does. Needs Chromium, as the tests of pages.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from bench.lab import free_port
from kernel.manifest import ROOT
from tests.web.chromium import chromium

FOLDER = ROOT / "docs" / "img"
SIZE = (1280, 800)
PHONE = (412, 800)
QUALITY = 62
PATIENCE = 180
SCREENS: dict[str, str] = {
    "inicio": "/app/",
    "lista": "/app/ventas/?fecha__gte=@month",
    "grupos": "/app/ventas/?_por=fecha:month",
    "registro": "/app/ventas/1/",
    "nuevo": "/app/ventas/nuevo/",
    "tablero": "/app/cotizaciones/?_v=kanban",
    "grafico": "/app/ventas/?_v=graph",
    "cruce": "/app/ventas/?_v=pivot",
    "calendario": "/app/ventas/?_v=calendar",
    "tablero-de-ventas": "/app/sales.tablero/",
    "importar": "/app/importaciones/",
    "kardex": "/app/inventario/kardex/",
    "claves": "/app/claves-api/",
    "ajustes": "/app/ajustes/base.empresa/",
    "permisos": "/app/permisos/",
    "aplicaciones": "/app/aplicaciones/",
    "tareas": "/app/jobs/",
    "auditoria": "/app/audit-logs/",
    "cajas": "/app/cajas/?_acto=abrir",
    "productos": "/app/productos/",
    "clientes": "/app/clientes/2/",
    "stock": "/app/inventario/stock/",
    "conteos": "/app/inventario/conteos/",
    "transferencias": "/app/inventario/transferencia/",
    "comprobantes": "/app/facturacion/comprobantes/",
    "usuarios": "/app/usuarios/1/",
    "notificaciones": "/app/notificaciones/",
    "cuenta": "/app/cuenta/",
    "buscar": "/app/buscar/?q=ce",
    "ayuda": "/app/ayuda/",
    "ingreso": "/entrar/",
    "no-encontrado": "/app/nada/",
}
"""Name of a picture → the address that it shows."""

OUTSIDE = ("ingreso",)
"""Screens of who is not signed in."""


def main() -> None:
    """Take the pictures."""
    wanted = {name: SCREENS[name] for name in sys.argv[1:]} or SCREENS
    FOLDER.mkdir(exist_ok=True)
    with demo() as (site, password), chromium() as browser:
        for theme in ("light", "dark"):
            with _signed_in(browser, site, password, theme) as (inside, outside):
                for name, path in wanted.items():
                    _take(outside if name in OUTSIDE else inside, path, f"{name}-{theme}")
                inside.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
                if "lista" in wanted:
                    _take(inside, wanted["lista"], f"telefono-{theme}")
    total = sum(path.stat().st_size for path in FOLDER.glob("*.webp"))
    print(f"{len(list(FOLDER.glob('*.webp')))} pictures, {total / 2**20:.1f} MiB")


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """Start a demo company of its own; give its address and the password of its users."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        command = [sys.executable, "server.py", "demo", "--data", f"{folder}/var"]
        with log.open("w") as out:
            running = subprocess.Popen(
                [*command, "--port", str(port)],
                cwd=ROOT,
                stdout=out,
                stderr=out,
                env=os.environ | {"WEB_PROCESSES": "1"},
            )
        try:
            yield f"http://127.0.0.1:{port}", _password(log, running)
        finally:
            running.terminate()
            running.wait(30)


def _password(log: Path, running: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and running.poll() is None:
        if found := re.search(r"contraseña: (\S+)", log.read_text()):
            return found[1]
        time.sleep(0.5)
    raise SystemExit(f"The demo does not start:\n{log.read_text()[-2000:]}")


@contextmanager
def _signed_in(
    browser: Browser, site: str, password: str, theme: str
) -> Iterator[tuple[Page, Page]]:
    """Give a page of the administrator, and one of nobody."""
    width, height = SIZE
    contexts = [
        browser.new_context(
            viewport={"width": width, "height": height},
            base_url=site,
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            locale="es-PE",
        )
        for _ in range(2)
    ]
    inside, outside = (one.new_page() for one in contexts)
    inside.goto("/entrar/")
    inside.fill("#email", "admin@demo.pe")
    inside.fill("#password", password)
    inside.keyboard.press("Enter")
    inside.wait_for_url("**/app/**")
    yield inside, outside
    for one in contexts:
        one.close()


def _take(page: Page, path: str, name: str) -> None:
    page.goto(path, wait_until="networkidle")
    with Image.open(io.BytesIO(page.screenshot())) as taken:
        taken.save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
