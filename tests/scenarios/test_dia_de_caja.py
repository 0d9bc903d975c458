"""A cashier's day, told through the API of a running Andes: web process, job process, database.

Source: spec/erp-modules.md, módulo 1, "Registro de venta" and "cajas".
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

import httpx
import pytest

from kernel.runtime import Runtime
from tests.live import serving
from tests.shop import PASSWORD, Shop

PATIENCE = 30.0


class Persona:
    """Somebody of the shop with a session; what they ask must succeed unless they expect else."""

    def __init__(self, address: str, name: str) -> None:
        self.http = httpx.Client(base_url=address, timeout=30)
        body = {"email": f"{name}@tienda.pe", "password": PASSWORD}
        tokens = self.post("/api/auth/login/", body, expect=200)
        self.http.headers["Authorization"] = f"Bearer {tokens['access']}"

    def close(self) -> None:
        self.http.close()

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, *, expect: int = 201, key: str = "") -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.http.post(path, json=body, headers=headers)
        assert answer.status_code == expect, answer.text
        return answer.json()


@pytest.mark.slow
def test_dia_de_caja(runtime: Runtime, shop: Shop) -> None:
    with contextlib.ExitStack() as dia:
        address = dia.enter_context(serving(runtime.settings, web=1, jobs=1))
        cajero, gerente, admin = (
            dia.enter_context(contextlib.closing(Persona(address, name)))
            for name in ("cajero", "gerente", "admin")
        )
        arroz, azucar = shop.productos[:2]

        # In the morning the cashier opens the drawer with a hundred soles.
        apertura = {"sucursal_id": shop.sucursales[0], "monto_apertura": "100.00"}
        caja = cajero.post("/api/cajas/abrir/", apertura)
        assert (caja["estado"], caja["diferencia"]) == ("abierta", None)

        # The first customer takes two of each and pays fifty in cash.
        primera = cajero.post(
            "/api/ventas/",
            shop.venta(caja["id"], formas_pago=[{"metodo": "efectivo", "monto": "50"}]),
        )
        assert (primera["numero"], primera["total"], primera["vuelto"]) == (1, "47.20", "2.80")

        # The second wants more than there is: nothing is sold and nothing is numbered.
        demasiado = shop.venta(
            caja["id"],
            detalle=[{"producto_id": arroz, "cantidad": 99}],
            formas_pago=[{"metodo": "efectivo", "monto": "2000"}],
        )
        negada = cajero.post("/api/ventas/", demasiado, expect=400)
        assert negada["code"] == "stock_insuficiente"
        assert negada["errors"][0]["message"] == "Quedan 98."

        # The third pays by Yape; the answer is lost on the way and the till sends the sale again.
        tercera = shop.venta(
            caja["id"],
            detalle=[{"producto_id": azucar, "cantidad": 1}],
            formas_pago=[{"metodo": "yape", "monto": "11.80", "referencia": "OP-1"}],
        )
        enviada = cajero.post("/api/ventas/", tercera, key="till-7-sale-3")
        repetida = cajero.post("/api/ventas/", tercera, key="till-7-sale-3")
        assert enviada == repetida
        assert enviada["numero"] == 2

        # In the evening the drawer holds what it must: 100.00 + 50.00 - 2.80.
        cierre = {"caja_id": caja["id"], "monto_cierre": "147.20"}
        cerrada = cajero.post("/api/cajas/cerrar/", cierre, expect=200)
        assert (cerrada["monto_esperado"], cerrada["diferencia"]) == ("147.20", "0.00")
        tarde = cajero.post("/api/ventas/", tercera, expect=409)
        assert tarde["code"] == "caja_cerrada"

        # The shelves agree.
        quedan = {one["id"]: one["stock_actual"] for one in cajero.get("/api/productos/")["items"]}
        assert (quedan[arroz], quedan[azucar]) == ("98.0000", "97.0000")

        # The manager's report has two sales of fifty-nine soles.
        reporte = gerente.get("/api/reportes/ventas-diarias/")
        assert (reporte["totales"]["ventas"], reporte["totales"]["total"]) == (2, "59.00")
        assert [venta["total"] for venta in gerente.get("/api/ventas/")["items"]] == [
            "11.80",
            "47.20",
        ]

        # The audit has every act of the cashier, in order, and none of what was refused.
        actos = admin.get(
            "/api/audit-logs/", usuario_id=shop.usuarios["cajero"], sort="id", limit=50
        )["items"]
        assert [
            (one["objeto_tipo"], one["accion"]) for one in actos if one["modulo"] == "sales"
        ] == [
            ("cajas", "crear"),
            ("ventas", "crear"),
            ("ventas", "crear"),
            ("cajas", "editar"),
            ("arqueos", "crear"),
        ]
        assert all(one["ip"] == "127.0.0.1" and one["request_id"] for one in actos)

        # And each sale's notice was sent by the job process, once.
        avisos = wait_for_notices(admin)
        assert sorted(one["args"]["venta_id"] for one in avisos) == [primera["id"], enviada["id"]]
        assert {one["attempts"] for one in avisos} == {1}


def wait_for_notices(admin: Persona) -> list[dict[str, Any]]:
    """Return the jobs that tell of sales, once all are done."""
    deadline = time.monotonic() + PATIENCE
    while True:
        avisos: list[dict[str, Any]] = admin.get("/api/jobs/", name="sales.notificar_venta")[
            "items"
        ]
        if all(one["status"] == "done" for one in avisos):
            return avisos
        assert time.monotonic() < deadline, avisos
        time.sleep(0.02)
