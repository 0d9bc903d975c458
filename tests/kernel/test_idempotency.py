"""Idempotency-Key: one effect and one answer, however often and however parallel it is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select
from starlette.testclient import TestClient

from addons.inventory.models import MovimientoStock
from addons.sales.models import Caja, Venta
from kernel import processes
from kernel.idempotency import IdempotencyKey
from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import PASSWORD, Shop, abrir_caja

PARALLEL = 20


def count(runtime: Runtime, model: Any, *conditions: Any) -> int:
    query = select(func.count()).select_from(model).where(*conditions)
    return int(runtime.transact(lambda ctx: ctx.session.scalars(query).one()))


def at_once(act: Callable[[], Any], times: int = PARALLEL) -> list[Any]:
    """Return what an act gives in each of many threads that start together."""
    barrier = Barrier(times)

    def start(_number: int) -> Any:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(start, range(times)))


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def test_same_key_and_body_give_the_same_answer_and_one_sale(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    body = shop.venta(abrir_caja(cajero, shop))
    first = cajero.post("/api/ventas/", json=body, headers=keyed("k-1"))
    before = contents(runtime)
    again = cajero.post("/api/ventas/", json=body, headers=keyed("k-1"))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert not changed(before, contents(runtime))


def test_same_key_of_another_body_or_address_is_a_422(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    assert cajero.post("/api/ventas/", json=shop.venta(caja), headers=keyed("k")).is_success
    before = contents(runtime)
    other = shop.venta(caja, detalle=[{"producto_id": shop.productos[0], "cantidad": 1}])
    refused = [
        cajero.post("/api/ventas/", json=other, headers=keyed("k")),
        cajero.post("/api/clientes/", json=shop.venta(caja), headers=keyed("k")),
        cajero.post(
            "/api/ventas/", content=b"{", headers=keyed("k") | {"content-type": "application/json"}
        ),
    ]
    for answer in refused:
        assert answer.status_code == 422
        assert answer.json()["code"] == "idempotencia_otro_contenido"
    assert not changed(before, contents(runtime))


def test_key_belongs_to_its_user(connect: Connect, shop: Shop, runtime: Runtime) -> None:
    for name in ("cajero", "cajera"):
        client = connect(name)
        body = shop.venta(abrir_caja(client, shop))
        answer = client.post("/api/ventas/", json=body, headers=keyed("la-misma"))
        assert answer.status_code == 201
        assert "idempotent-replayed" not in answer.headers
    assert count(runtime, Venta) == 2


def test_refused_request_keeps_no_answer_for_its_key(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    too_many = [{"producto_id": shop.productos[0], "cantidad": 1000}]
    body = shop.venta(caja, detalle=too_many, formas_pago=[{"metodo": "yape", "monto": "11800"}])
    refused = cajero.post("/api/ventas/", json=body, headers=keyed("k"))
    assert (refused.status_code, refused.json()["code"]) == (400, "stock_insuficiente")
    assert count(runtime, IdempotencyKey) == 0
    answer = cajero.post("/api/ventas/", json=shop.venta(caja), headers=keyed("k"))
    assert answer.status_code == 201


def test_key_that_no_header_can_be_is_refused(cajero: TestClient, shop: Shop) -> None:
    body = shop.venta(abrir_caja(cajero, shop))
    for key in (b"", b" ", b"a b", b"\xf1", b"\x7f", b"x" * 201):
        answer = cajero.post("/api/ventas/", json=body, headers={b"idempotency-key": key})
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotencia"), key
    assert cajero.post("/api/ventas/", json=body, headers=keyed("x" * 200)).status_code == 201


def test_key_of_a_session_that_ended_gives_no_answer(cajero: TestClient, shop: Shop) -> None:
    body = shop.venta(abrir_caja(cajero, shop))
    assert cajero.post("/api/ventas/", json=body, headers=keyed("k")).is_success
    del cajero.headers["authorization"]
    assert cajero.post("/api/ventas/", json=body, headers=keyed("k")).status_code == 401


def test_parallel_requests_with_one_key_make_one_sale_and_get_one_answer(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    body = shop.venta(abrir_caja(cajero, shop))
    found = at_once(lambda: cajero.post("/api/ventas/", json=body, headers=keyed("k")))
    assert {answer.status_code for answer in found} == {201}
    assert len({answer.content for answer in found}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in found) == 1
    assert count(runtime, Venta) == 1
    assert count(runtime, MovimientoStock, MovimientoStock.tipo_movimiento == "VENTA") == 2


def test_parallel_requests_with_one_key_for_the_last_units_all_get_the_sale(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    everything = [{"producto_id": shop.productos[0], "cantidad": 100}]
    body = shop.venta(caja, detalle=everything, formas_pago=[{"metodo": "yape", "monto": 1180}])
    found = at_once(lambda: cajero.post("/api/ventas/", json=body, headers=keyed("k")))
    assert {answer.status_code for answer in found} == {201}
    assert len({answer.content for answer in found}) == 1
    assert count(runtime, Venta) == 1


def test_parallel_requests_with_one_key_to_open_a_caja_all_get_it(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    body = {"sucursal_id": shop.sucursales[0], "monto_apertura": "100"}
    found = at_once(lambda: cajero.post("/api/cajas/abrir/", json=body, headers=keyed("k")))
    assert {answer.status_code for answer in found} == {201}
    assert len({answer.content for answer in found}) == 1
    assert count(runtime, Caja) == 1


@pytest.mark.parametrize("path", ["/api/clientes/", "/api/categorias/"])
def test_parallel_requests_with_one_key_to_a_resource_all_get_the_row(
    admin: TestClient, path: str
) -> None:
    body = {
        "/api/clientes/": {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Ana Paz"},
        "/api/categorias/": {"nombre": "Bebidas"},
    }[path]
    found = at_once(lambda: admin.post(path, json=body, headers=keyed("k")), 8)
    assert {answer.status_code for answer in found} == {201}
    assert len({answer.content for answer in found}) == 1


def test_digest_that_is_kept_gives_nobody_passwords_to_try(
    admin: TestClient, runtime: Runtime
) -> None:
    body = json.dumps({"password": PASSWORD}).encode()
    headers = {**keyed("k-1"), "Content-Type": "application/json"}
    answer = admin.post("/api/auth/reautenticar/", content=body, headers=headers)
    assert answer.status_code == 204
    [kept] = runtime.transact(lambda ctx: ctx.session.scalars(select(IdempotencyKey.digest)).all())
    facts = b"POST /api/auth/reautenticar/ []"
    for told in (body, facts + body, facts + b"\x00" + body):
        assert kept != hashlib.sha256(told).hexdigest()


def test_key_outlives_a_new_secret_key(cajero: TestClient, shop: Shop, runtime: Runtime) -> None:
    body = shop.venta(abrir_caja(cajero, shop))
    first = cajero.post("/api/ventas/", json=body, headers=keyed("k-1"))
    old = runtime.settings.secret_key.get_secret_value()
    later = replace(
        runtime,
        settings=runtime.settings.model_copy(update={"secret_key": SecretStr(f"{'n' * 40},{old}")}),
    )
    with TestClient(processes.web_app(later), raise_server_exceptions=False) as client:
        again = client.post(
            "/api/ventas/",
            json=body,
            headers={**keyed("k-1"), "Authorization": cajero.headers["Authorization"]},
        )
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
