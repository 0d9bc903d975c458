"""Pictures of the demo company's screens, light and dark: ``python -m tests.web.pictures [NAME]``.

Each is ``docs/img/<name>-light.webp`` and ``…-dark.webp``. The demo is made anew, with the same
seed, so a picture changes where the screen or the day does. Needs Chromium that speaks Spanish:
``apt-get install chromium chromium-l10n``.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
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
    "mapa": "/app/sucursales/?_v=map",
    "tablero-de-ventas": "/app/sales.tablero/",
    "cotizaciones": "/app/cotizaciones/2/",
    "ordenes": "/app/ordenes-venta/",
    "devoluciones": "/app/devoluciones/",
    "ventas-sin-conexion": "/app/ventas-offline/",
    "cajas": "/app/cajas/?_acto=abrir",
    "caja": "/app/cajas/1/",
    "arqueos": "/app/arqueos/1/",
    "productos": "/app/productos/",
    "producto": "/app/productos/1/",
    "listas-de-precios": "/app/listas-precio/",
    "precios": "/app/precios/",
    "categorias": "/app/categorias/",
    "clientes": "/app/clientes/2/",
    "stock": "/app/inventario/stock/",
    "movimientos": "/app/inventario/movimientos/",
    "lotes": "/app/inventario/lotes/",
    "reservas": "/app/inventario/reservas/",
    "transferencias": "/app/inventario/transferencia/",
    "transferencia": "/app/inventario/transferencia/1/",
    "incidencias": "/app/inventario/incidencias/",
    "conteos": "/app/inventario/conteos/",
    "conteo": "/app/inventario/conteos/1/",
    "almacenes": "/app/almacenes/",
    "kardex": "/app/inventario/kardex/?producto=PIN-001",
    "trazabilidad": "/app/inventario/trazabilidad/?lote=L-0412",
    "comprobantes": "/app/facturacion/comprobantes/",
    "comprobante": "/app/facturacion/comprobantes/1/",
    "envios": "/app/facturacion/envios/",
    "resumenes": "/app/facturacion/resumen-diario/",
    "bajas": "/app/facturacion/bajas/",
    "series": "/app/facturacion/series/",
    "certificados": "/app/facturacion/certificados/",
    "comprobante-nuevo": "/app/facturacion/comprobantes/nuevo/",
    "notas": "/app/facturacion/notas/",
    "nota-nueva": "/app/facturacion/notas/nuevo/?comprobante_origen_id=1",
    "cola": "/app/facturacion/cola/",
    "correlativos": "/app/facturacion/correlativos/",
    "validez": "/app/facturacion/validez/",
    "certificado-nuevo": "/app/facturacion/certificados/nuevo/",
    "guias": "/app/facturacion/guias/",
    "guia-nueva": "/app/facturacion/guias/nuevo/?venta_id=1",
    "guias-por-emitir": "/app/facturacion/guias-por-emitir/",
    "retenciones": "/app/facturacion/retenciones/",
    "importar": "/app/importaciones/",
    "claves": "/app/claves-api/",
    "ajustes": "/app/ajustes/base.empresa/",
    "configuracion": "/app/ajustes/",
    "permisos": "/app/permisos/",
    "roles": "/app/roles/",
    "sucursales": "/app/sucursales/",
    "aplicaciones": "/app/aplicaciones/",
    "tareas": "/app/jobs/",
    "auditoria": "/app/audit-logs/",
    "usuarios": "/app/usuarios/1/",
    "notificaciones": "/app/notificaciones/",
    "cuenta": "/app/cuenta/",
    "buscar": "/app/buscar/?q=ce",
    "ayuda": "/app/ayuda/",
    "ingreso": "/entrar/",
    "olvide-clave": "/olvide-clave/",
    "no-encontrado": "/app/nada/",
}
"""Name of a picture → the address that it shows."""

OUTSIDE = ("ingreso", "olvide-clave")
"""Screens of who is not signed in."""

PHONES = {
    "telefono": "lista",
    "telefono-inicio": "inicio",
    "telefono-registro": "registro",
    "telefono-nuevo": "nuevo",
    "telefono-tablero": "tablero",
}
"""Name of a picture on a phone → that of the screen."""

GOODS = ("4*pin-001", "her-004", "2*her-014")
"""What is typed at the till."""
COINS = {"100": "3", "50": "1", "20": "1", "10": "1", "5": "1", "2": "1", "1": "1", "0.20": "1"}
"""How many there are of each note and coin."""


def main() -> None:
    """Take the pictures."""
    wanted = sys.argv[1:] or [*SCREENS, *PHONES, *TILL, *TILL_PHONE]
    FOLDER.mkdir(exist_ok=True)
    with demo() as (site, password), chromium("es") as browser:
        for theme in ("light", "dark"):
            with _signed_in(browser, site, password, theme) as (inside, outside):
                for name, path in SCREENS.items():
                    if name in wanted:
                        _take(outside if name in OUTSIDE else inside, path, f"{name}-{theme}")
                if any(name in wanted for name in TILL):
                    _at_the_till(inside, theme, TILL)
                inside.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
                for name, screen in PHONES.items():
                    if name in wanted:
                        _take(inside, SCREENS[screen], f"{name}-{theme}")
                if any(name in wanted for name in TILL_PHONE):
                    _at_the_till(inside, theme, TILL_PHONE)
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
    _keep(page, name)


def _keep(page: Page, name: str) -> None:
    with Image.open(io.BytesIO(page.screenshot())) as taken:
        taken.save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)


def _at_the_till(page: Page, theme: str, scenes: dict[str, Callable[[Page], None]]) -> None:
    """Take the pictures of scenes at the till, one after the other."""
    page.goto("/app/pos/")
    _ready(page)
    if page.locator("#open-amount").count():
        page.fill("#open-amount", "200")
        page.keyboard.press("Enter")
        page.wait_for_url("**/app/pos/?caja=*")
        _ready(page)
    page.locator(".tile").first.wait_for()
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    for name, act in scenes.items():
        act(page)
        page.wait_for_timeout(300)
        _keep(page, f"{name}-{theme}")
    page.context.set_offline(False)
    page.emulate_media(media="screen")


def _ready(page: Page) -> None:
    page.locator("html[data-ready]").wait_for(state="attached")


def _fill_cart(page: Page) -> None:
    """Have a cart with a lot, a discount and more than one of something."""
    for place, typed in enumerate(GOODS):
        page.fill("#search", typed)
        page.keyboard.press("Enter")
        page.locator("#lines li").nth(place).wait_for()
    page.keyboard.press("F4")
    page.fill("#line-off", "10%")
    page.keyboard.press("Enter")
    page.locator("#line").wait_for(state="hidden")


def _pay(page: Page) -> None:
    page.click("#charge")
    page.locator("#pay [data-cash='1'] input").fill("300")


def _sold(page: Page) -> None:
    page.click("#confirm")
    page.locator("#done").wait_for()


def _ticket(page: Page) -> None:
    page.emulate_media(media="print")


def _alone(page: Page) -> None:
    """Sell without a connection, and look at what waits."""
    page.emulate_media(media="screen")
    page.locator("#done [data-close]").click()
    page.context.set_offline(True)
    for typed in GOODS[:2]:
        page.fill("#search", typed)
        page.keyboard.press("Enter")
        page.click("#charge")
        page.click("#confirm")
        page.locator("#done [data-close]").click()
    page.click("#state")


def _count(page: Page) -> None:
    """Send what waits, and count the caja."""
    page.locator("#queue [data-close]").click()
    page.context.set_offline(False)
    page.locator("#state.good").wait_for()
    page.get_by_label("Más", exact=True).click()
    page.click("[data-count=cierre]")
    page.locator("#count details summary").click()
    for value, amount in COINS.items():
        page.fill(f"[data-coin='{value}']", amount)
    page.locator("#live:not([hidden])").wait_for()


def _counted(page: Page) -> None:
    """Count the caja on its page, which needs no script."""
    caja = page.evaluate("JSON.parse(document.querySelector('#pos').dataset.facts).caja.id")
    page.goto(f"/app/cajas/{caja}/conteo/")
    for value, amount in COINS.items():
        page.fill(f"[id='c.{value}']", amount)
    page.wait_for_timeout(600)


TILL: dict[str, Callable[[Page], None]] = {
    "caja-venta": _fill_cart,
    "caja-cobro": _pay,
    "caja-cobrada": _sold,
    "caja-ticket": _ticket,
    "caja-sin-conexion": _alone,
    "caja-cierre": _count,
    "arqueo": _counted,
}
TILL_PHONE: dict[str, Callable[[Page], None]] = {
    "telefono-caja": _fill_cart,
    "telefono-cobro": _pay,
}
"""Name of a picture → what leads from the one before to it."""


if __name__ == "__main__":
    main()
