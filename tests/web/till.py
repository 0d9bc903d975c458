"""A cashier at the till, in a real browser, and what the database has of it."""

from __future__ import annotations

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, Locator, expect
from sqlalchemy import select, text

from addons.inventory.models import Almacen
from addons.inventory.schemas import EntradaNueva, TrazabilidadCambio
from addons.inventory.services import registrar_entrada
from addons.inventory.services.lotes import cambiar_trazabilidad
from addons.sales.models import Producto
from kernel.context import Ctx
from kernel.runtime import Runtime
from tests.web.chromium import PATIENCE_MS, Person


class Till(Person):
    """Somebody who sells. What a lost connection makes the browser say is no complaint."""

    def __init__(self, browser: Browser, site: str, name: str = "cajero", **how: Any) -> None:
        super().__init__(browser, site, name, **how)
        self.keys = self.page.keyboard
        self.pressed = 0

    def _hear(self, message: Any) -> None:
        if "net::ERR" not in message.text and "status of 5" not in message.text:
            super()._hear(message)

    def enter(self, address: str = "/app/pos/") -> None:
        """Open the till and wait until it can sell."""
        self.page.goto(address)
        self.ready()

    def ready(self) -> None:
        """Wait until the page's script is done with its beginning."""
        expect(self.page.locator("html")).to_have_attribute("data-ready", "yes")

    def open_caja(self, amount: str = "100") -> int:
        """Open a caja on the page; return its number."""
        self.enter()
        self.page.fill("#open-amount", amount)
        self.keys.press("Enter")
        self.page.wait_for_url("**/app/pos/?caja=*")
        self.ready()
        expect(self.page.locator(".tile").first).to_be_visible()
        return int(self.page.url.rpartition("=")[2])

    def installed(self) -> None:
        """Wait until the browser has all that it needs without a connection."""
        self.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not self.page.evaluate("Boolean(navigator.serviceWorker.controller)"):
            assert time.monotonic() < deadline, "the service worker does not take the page"
            self.page.wait_for_timeout(20)

    def press(self, *keys: str) -> None:
        """Press keys, and count them."""
        for key in keys:
            self.keys.press(key)
        self.pressed += len(keys)

    def type(self, typed: str) -> None:
        """Type a text as a person does, slower than a reader of barcodes; count the keys."""
        self.keys.type(typed, delay=40)
        self.pressed += len(typed)

    def scan(self, code: str) -> None:
        """Send a barcode and Enter as a reader does: 4 ms a key, however busy this machine is."""
        browser = self.context.new_cdp_session(self.page)
        began = time.time()
        for place, key in enumerate([*code, "\r"]):
            pressed = {
                "key": "Enter" if key == "\r" else key,
                "windowsVirtualKeyCode": ord(key),
                "timestamp": began + place * 0.004,
            }
            browser.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": key, **pressed})
            browser.send("Input.dispatchKeyEvent", {"type": "keyUp", **pressed})
        browser.detach()

    def add(self, *codes: str) -> None:
        """Add products by what is typed and Enter."""
        for code in codes:
            self.type(code)
            self.press("Enter")

    def charge(self) -> None:
        """Take the exact amount in cash."""
        self.page.locator("#search").focus()
        self.press("Enter", "Enter")
        expect(self.done).to_be_visible()

    def again(self) -> None:
        """Begin a new sale."""
        self.press("Enter")
        expect(self.done).to_be_hidden()

    @property
    def done(self) -> Locator:
        """What tells that a sale is made."""
        return self.page.locator("#done")

    @property
    def state(self) -> Locator:
        """How the connection and the queue are."""
        return self.page.locator("#state")

    def queue(self) -> list[dict[str, Any]]:
        """Return what waits on this device, by its instant."""
        script = "import('pos/queue').then((queue) => queue.all())"
        found: list[dict[str, Any]] = self.page.evaluate(script)
        return found


def ventas(runtime: Runtime, caja: int) -> list[dict[str, Any]]:
    """Return the sales of a caja, with lines and payments, in their order."""
    query = """
        SELECT v.id, v.numero, v.usuario_id, v.cliente_id, v.total, v.vuelto, v.descuento_global,
               v.uuid::text, v.fecha,
               (SELECT json_agg(json_build_array(d.producto_id, d.cantidad::text, d.descuento::text)
                                ORDER BY d.id)
                  FROM detalle_venta d WHERE d.venta_id = v.id) AS lineas,
               (SELECT json_agg(json_build_array(f.metodo, f.monto::text, f.referencia)
                                ORDER BY f.id)
                  FROM formas_pago f WHERE f.venta_id = v.id) AS pagos
          FROM ventas v WHERE v.caja_id = :caja ORDER BY v.numero
    """
    with runtime.database.engine.begin() as connection:
        rows = connection.execute(text(query), {"caja": caja}).mappings()
        return [dict(one) for one in rows]


def caja_de(runtime: Runtime, caja: int) -> dict[str, Any]:
    """Return a caja as the database has it."""
    with runtime.database.engine.begin() as connection:
        rows = connection.execute(text("SELECT * FROM cajas WHERE id = :caja"), {"caja": caja})
        return dict(rows.mappings().one())


def close_all(runtime: Runtime) -> None:
    """Close every caja, so that a test begins without one."""
    with runtime.database.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE cajas SET estado = 'cerrada', monto_cierre = 0, monto_esperado = 0,"
                " fecha_cierre = now() WHERE estado = 'abierta'"
            )
        )


def money(value: str) -> Decimal:
    """Return an amount as the database has it."""
    return Decimal(value)


def lot_goods(runtime: Runtime, mode: str, lots: list[tuple[str, int, str]]) -> str:
    """Make a product with lots or series (number, days until its end, how many); return its SKU."""
    sku = f"{mode[0].upper()}-{uuid4().hex[:6]}"

    def make(ctx: Ctx) -> None:
        ctx.session.add(Producto(sku=sku, nombre=f"Articulo {sku}", precio=Decimal("11.80")))
        ctx.session.flush()
        bring(ctx, sku, mode, lots)

    runtime.transact(make)
    return sku


def bring(ctx: Ctx, sku: str, mode: str, lots: list[tuple[str, int, str]]) -> None:
    """Have goods of a product come into the first almacén, by lot or series."""
    producto = ctx.session.scalars(select(Producto.id).where(Producto.sku == sku)).one()
    almacen = ctx.session.scalars(select(Almacen.id).order_by(Almacen.id)).first()
    cambiar_trazabilidad(ctx, producto, TrazabilidadCambio.model_validate({"trazabilidad": mode}))
    for numero, days, cantidad in lots:
        entrada = {
            "almacen_id": almacen,
            "producto_id": producto,
            "cantidad": cantidad,
            f"numero_{mode}": numero,
            "fecha_vencimiento": (ctx.now + timedelta(days=days)).date().isoformat(),
            "motivo": "Prueba",
        }
        registrar_entrada(ctx, EntradaNueva.model_validate(entrada))


def lotes_vendidos(runtime: Runtime, caja: int) -> list[tuple[str, Decimal]]:
    """Return (lot, how many) of the lines of a caja's sales, in their order."""
    query = """
        SELECT d.lote, d.cantidad FROM ventas v JOIN detalle_venta d ON d.venta_id = v.id
         WHERE v.caja_id = :caja ORDER BY d.id
    """
    with runtime.database.engine.begin() as connection:
        return [(one[0], one[1]) for one in connection.execute(text(query), {"caja": caja})]
