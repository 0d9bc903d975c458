"""Price offers and orders through the API. Source: spec/erp-modules.md, módulo 1."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from addons.sales.services import cotizaciones
from kernel import pdf
from kernel.runtime import Runtime
from tests.addons.base.signed_in import run_jobs
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop, abrir_caja

COTIZACIONES, ORDENES = "/api/cotizaciones/", "/api/ordenes-venta/"


@pytest.fixture
def vendedor(connect: Connect) -> TestClient:
    """A client signed in as the seller."""
    return connect("vendedor")


def pedido(shop: Shop, **changes: Any) -> dict[str, Any]:
    detalle = [
        {"producto_id": shop.productos[0], "cantidad": 3, "precio": "10.50", "descuento": "1.50"},
        {"producto_id": shop.productos[1], "cantidad": "0.5"},
    ]
    return {
        "cliente_id": shop.cliente,
        "sucursal_id": shop.sucursales[0],
        "detalle": detalle,
        "descuento_global": "0.90",
        "observaciones": "Entrega en tienda",
        **changes,
    }


def cotizar(client: TestClient, shop: Shop, **changes: Any) -> dict[str, Any]:
    answer = client.post(COTIZACIONES, json=pedido(shop, **changes))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def hoy(runtime: Runtime) -> date:
    return runtime.transact(lambda ctx: ctx.now.astimezone(ctx.time_zone).date())


def expire(runtime: Runtime, cotizacion_id: int) -> None:
    """Let an offer's day be over."""
    with runtime.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE cotizaciones SET fecha_vencimiento = :dia WHERE id = :id"),
            {"dia": hoy(runtime) - timedelta(days=1), "id": cotizacion_id},
        )


def test_crear_cotizacion_computes_as_a_sale_does(
    vendedor: TestClient, cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    una = cotizar(vendedor, shop)
    assert (una["numero"], una["estado"], una["total"]) == (1, "pendiente", "35.00")
    assert date.fromisoformat(una["fecha_vencimiento"]) == hoy(runtime) + timedelta(days=15)
    assert vendedor.get(f"{COTIZACIONES}{una['id']}/").json() == una
    for name in ("subtotal", "igv", "total", "descuento_global"):
        lines = sum(round(float(linea[name]) * 100) for linea in una["detalle"])
        assert lines == round(float(una[name]) * 100)
    (row,) = vendedor.get(COTIZACIONES).json()["items"]
    assert row == {name: una[name] for name in row}
    assert cajero.post(COTIZACIONES, json=pedido(shop)).status_code == 403
    assert cotizar(vendedor, shop)["numero"] == 2


def test_crear_cotizacion_names_all_that_does_not_exist(
    vendedor: TestClient, shop: Shop, runtime: Runtime
) -> None:
    before = contents(runtime)
    detalle = [{"producto_id": 999_999, "cantidad": 1}, {"producto_id": 1, "cantidad": 0}]
    answer = vendedor.post(COTIZACIONES, json=pedido(shop, detalle=detalle))
    assert answer.json()["errors"][0]["field"] == "detalle.1.cantidad"
    wrong = pedido(shop, detalle=detalle[:1], cliente_id=999_999, sucursal_id=999_999)
    answer = vendedor.post(COTIZACIONES, json=wrong)
    assert {one["field"] for one in answer.json()["errors"]} == {
        "cliente_id",
        "sucursal_id",
        "detalle.0.producto_id",
    }
    elsewhere = vendedor.post(COTIZACIONES, json=pedido(shop, sucursal_id=shop.sucursales[1]))
    assert elsewhere.status_code == 403
    past = vendedor.post(COTIZACIONES, json=pedido(shop, fecha_vencimiento="2020-01-01"))
    assert past.json()["errors"][0]["field"] == "fecha_vencimiento"
    assert not changed(before, contents(runtime))


def test_editar_cotizacion_changes_what_is_given(
    vendedor: TestClient, shop: Shop, runtime: Runtime
) -> None:
    una = cotizar(vendedor, shop)
    address = f"{COTIZACIONES}{una['id']}/"
    notas = vendedor.put(address, json={"observaciones": "Sin apuro"}).json()
    assert notas["detalle"] == una["detalle"]
    assert (notas["observaciones"], notas["version"]) == ("Sin apuro", una["version"] + 1)
    stale = vendedor.put(address, json={"observaciones": "x", "version": una["version"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "version_obsoleta")
    detalle = [{"producto_id": shop.productos[2], "cantidad": 2}]
    otra = vendedor.put(address, json={"detalle": detalle, "descuento_global": "0"}).json()
    assert (otra["total"], len(otra["detalle"])) == ("23.60", 1)
    solo = vendedor.put(address, json={"descuento_global": "3.60"}).json()
    assert (solo["total"], solo["detalle"][0]["precio"]) == ("20.00", "11.800000")
    before = contents(runtime)
    bad = vendedor.put(address, json={"detalle": [{"producto_id": 999_999, "cantidad": 1}]})
    assert bad.status_code == 400
    assert vendedor.put(f"{COTIZACIONES}999999/", json={}).status_code == 404
    assert not changed(before, contents(runtime))


def test_duplicar_a_vencida_is_a_new_offer_of_the_same(
    vendedor: TestClient, shop: Shop, runtime: Runtime
) -> None:
    una = cotizar(vendedor, shop)
    expire(runtime, una["id"])
    address = f"{COTIZACIONES}{una['id']}/"
    assert vendedor.get(address).json()["estado"] == "vencida"  # before the night has come
    for answer in (
        vendedor.put(address, json={"observaciones": "x"}),
        vendedor.post(f"{address}convertir/", json={}),
        vendedor.post(f"{address}anular/", json={"motivo": "x"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "cotizacion_vencida")
        assert "Use duplicar" in answer.json()["detail"]
    vence = str(hoy(runtime) + timedelta(days=3))
    otra = vendedor.post(f"{address}duplicar/", json={"fecha_vencimiento": vence}).json()
    assert (otra["estado"], otra["fecha_vencimiento"], otra["origen_id"]) == (
        "pendiente",
        vence,
        una["id"],
    )
    assert [linea | {"id": 0} for linea in otra["detalle"]] == [
        linea | {"id": 0} for linea in una["detalle"]
    ]
    assert otra["fecha_emision"] > una["fecha_emision"]
    assert vendedor.post(f"{address}duplicar/").status_code == 201  # and without a body


def test_duplicar_an_annulled_offer_takes_nothing_of_why_it_was_annulled(
    vendedor: TestClient, shop: Shop
) -> None:
    una = cotizar(vendedor, shop)
    address = f"{COTIZACIONES}{una['id']}/"
    anulada = vendedor.post(f"{address}anular/", json={"motivo": "Desistió"}).json()
    assert (anulada["estado"], anulada["motivo_anulacion"]) == ("anulada", "Desistió")
    otra = vendedor.post(f"{address}duplicar/").json()
    assert (otra["observaciones"], otra["motivo_anulacion"]) == (una["observaciones"], "")


def test_vencer_cotizaciones_leaves_what_is_good_or_closed(
    vendedor: TestClient, shop: Shop, runtime: Runtime
) -> None:
    buena, pasada, hecha = (cotizar(vendedor, shop) for _ in range(3))
    assert vendedor.post(f"{COTIZACIONES}{hecha['id']}/convertir/", json={}).status_code == 201
    for una in (pasada, hecha):
        expire(runtime, una["id"])
    today = cotizar(vendedor, shop, fecha_vencimiento=str(hoy(runtime)))
    runtime.transact(cotizaciones.vencer_cotizaciones)
    with runtime.database.engine.connect() as connection:
        states = dict(connection.execute(text("SELECT id, estado FROM cotizaciones")).all())
    assert states == {
        buena["id"]: "pendiente",
        pasada["id"]: "vencida",
        hecha["id"]: "convertida",
        today["id"]: "pendiente",
    }


def test_convertir_and_sell_keeps_the_prices_that_were_offered(
    vendedor: TestClient, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    una = cotizar(vendedor, shop)
    answer = vendedor.post(f"{COTIZACIONES}{una['id']}/convertir/", json={})
    assert answer.status_code == 201, answer.text
    orden = answer.json()
    assert (orden["estado"], orden["cotizacion_id"], orden["total"]) == (
        "confirmada",
        una["id"],
        una["total"],
    )
    assert vendedor.get(f"{COTIZACIONES}{una['id']}/").json()["estado"] == "convertida"
    again = vendedor.post(f"{COTIZACIONES}{una['id']}/convertir/", json={})
    assert (again.status_code, again.json()["code"]) == (409, "cotizacion_cerrada")
    admin.put(f"/api/productos/{shop.productos[1]}/", json={"precio": "99"})
    with runtime.database.engine.begin() as connection:  # agreed is agreed, whoever sells it
        connection.execute(text("DELETE FROM permisos WHERE accion = 'cambiar_precio'"))
    body = {
        "caja_id": abrir_caja(vendedor, shop),
        "formas_pago": [{"metodo": "efectivo", "monto": "50"}],
    }
    address = f"{ORDENES}{orden['id']}/"
    venta = vendedor.post(f"{address}vender/", json=body)
    assert venta.status_code == 201, venta.text
    assert {name: venta.json()[name] for name in ("subtotal", "igv", "total", "orden_id")} == {
        "subtotal": una["subtotal"],
        "igv": una["igv"],
        "total": una["total"],
        "orden_id": orden["id"],
    }
    atendida = vendedor.get(address).json()
    assert (atendida["estado"], atendida["venta_id"]) == ("atendida", venta.json()["id"])
    for act, more in (("vender", body), ("anular", {"motivo": "x"})):
        late = vendedor.post(f"{address}{act}/", json=more)
        assert (late.status_code, late.json()["code"]) == (409, "orden_cerrada")


def test_order_that_cannot_be_sold_stays_as_it_was(
    vendedor: TestClient, shop: Shop, runtime: Runtime
) -> None:
    detalle = [{"producto_id": shop.productos[0], "cantidad": 60}]
    primera, segunda = (
        vendedor.post(ORDENES, json=pedido(shop, detalle=detalle, descuento_global="0")).json()
        for _ in range(2)
    )
    caja = abrir_caja(vendedor, shop)
    body = {"caja_id": caja, "formas_pago": [{"metodo": "yape", "monto": "708"}]}
    poor = {"caja_id": caja, "formas_pago": [{"metodo": "yape", "monto": "1"}]}
    before = contents(runtime)
    refused = vendedor.post(f"{ORDENES}{primera['id']}/vender/", json=poor)
    assert (refused.status_code, refused.json()["code"]) == (422, "pago_no_cuadra")
    assert not changed(before, contents(runtime))
    assert vendedor.post(f"{ORDENES}{primera['id']}/vender/", json=body).status_code == 201
    motivo = {"motivo": "Ya no lo quiere"}
    anulada = vendedor.post(f"{ORDENES}{segunda['id']}/anular/", json=motivo).json()
    assert (anulada["estado"], anulada["motivo_anulacion"]) == ("anulada", motivo["motivo"])


def test_convertir_at_once_makes_one_order_and_selling_it_one_sale(
    vendedor: TestClient, shop: Shop, runtime: Runtime
) -> None:
    una = cotizar(vendedor, shop)
    barrier = Barrier(6)

    def at_once(path: str, body: dict[str, Any]) -> Counter[int]:
        def act(_number: int) -> int:
            barrier.wait()
            return vendedor.post(path, json=body).status_code

        with ThreadPoolExecutor(6) as pool:
            return Counter(pool.map(act, range(6)))

    assert at_once(f"{COTIZACIONES}{una['id']}/convertir/", {}) == {201: 1, 409: 5}
    (orden,) = vendedor.get(ORDENES).json()["items"]
    body = {
        "caja_id": abrir_caja(vendedor, shop),
        "formas_pago": [{"metodo": "tarjeta", "monto": "35"}],
    }
    assert at_once(f"{ORDENES}{orden['id']}/vender/", body) == {201: 1, 409: 5}


def test_orders_and_sales_of_a_caja_at_once_are_tried_once(
    vendedor: TestClient, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """Both lock in one order, so none is a deadlock that has to be tried again."""
    detalle = [{"producto_id": una, "cantidad": 1} for una in shop.productos[:2]]
    sin_pie = pedido(shop, detalle=detalle, descuento_global="0")
    ordenes = [vendedor.post(ORDENES, json=sin_pie).json()["id"] for _ in range(12)]
    caja = abrir_caja(vendedor, shop)
    de_orden = {"caja_id": caja, "metodo": "tarjeta"}
    acts = [(f"{ORDENES}{una}/vender/", de_orden) for una in ordenes]
    acts += [("/api/ventas/", shop.venta(caja))] * 12
    barrier = Barrier(6)

    def run(share: list[tuple[str, dict[str, Any]]]) -> list[int]:
        barrier.wait()
        return [vendedor.post(path, json=body).status_code for path, body in share]

    with ThreadPoolExecutor(6) as pool:
        told = [
            one for share in pool.map(run, [acts[start::6] for start in range(6)]) for one in share
        ]
    assert told == [201] * len(acts)
    retried = [one.msg for one in caplog.records if "unit_of_work_retried" in str(one.msg)]
    assert retried == []


def test_enviar_cotizacion_mails_the_pdf(
    vendedor: TestClient, admin: TestClient, shop: Shop, runtime: Runtime, tmp_path: Path
) -> None:
    if pdf.missing() is not None:
        pytest.skip(pdf.missing() or "")
    una = cotizar(vendedor, shop)
    address = f"{COTIZACIONES}{una['id']}/enviar/"
    nowhere = vendedor.post(address, json={})
    assert (nowhere.status_code, nowhere.json()["errors"][0]["field"]) == (400, "email")
    sent = vendedor.post(address, json={"email": "ana@cliente.pe", "mensaje": "Hola, Ana"})
    assert (sent.status_code, sent.json()["email"]) == (202, "ana@cliente.pe")
    run_jobs(runtime)
    (file,) = (tmp_path / "mail").glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=default)
    assert (mail["To"], mail["Subject"]) == ("ana@cliente.pe", "Cotización 1")
    body, paper = mail.get_body(("plain",)), next(mail.iter_attachments())
    assert body is not None
    assert "Hola, Ana" in body.get_content()
    assert "S/ 35.00" in body.get_content()
    assert paper.get_filename() == "cotizacion-1.pdf"
    assert paper.get_content().startswith(b"%PDF-")
    assert vendedor.get(f"{COTIZACIONES}{una['id']}/").json()["enviada_at"] is not None


def test_papers_of_an_offer_and_of_a_caja_are_pdf_files(
    vendedor: TestClient, shop: Shop, runtime: Runtime
) -> None:
    if pdf.missing() is not None:
        pytest.skip(pdf.missing() or "")
    una = cotizar(vendedor, shop, observaciones="<script>alert(1)</script>")
    caja = abrir_caja(vendedor, shop)
    for path, name in (
        (f"{COTIZACIONES}{una['id']}/pdf/", "cotizacion-1.pdf"),
        (f"/api/cajas/{caja}/reporte-z/pdf/", f"reporte-x-caja-{caja}.pdf"),
    ):
        answer = vendedor.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/pdf"
        assert f'filename="{name}"' in answer.headers["content-disposition"]
        assert answer.content.startswith(b"%PDF-")
    assert vendedor.get(f"{COTIZACIONES}999999/pdf/").status_code == 404
