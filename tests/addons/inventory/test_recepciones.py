"""What is counted at a receipt or on a sheet, by two people, and printed. Source: módulo 2."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from kernel.runtime import Runtime
from tests.addons.inventory.almacenero import (
    INVENTARIO,
    envio,
    fields_of,
    mercaderia,
    post,
    saldo,
    trazar,
)
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop

pytestmark = pytest.mark.usefixtures("libro")


@pytest.fixture
def una(almacen: TestClient, shop: Shop) -> Any:
    """A transfer of 10 and 4 units."""
    return post(almacen, "transferencia/", envio(shop, (0, "10"), (1, "4")))


def anotar(
    client: TestClient, una: Any, *cantidades: str | None, status: int = 200, **more: Any
) -> Any:
    detalle = [
        {"id": linea["id"], "cantidad_recibida": cantidad}
        for linea, cantidad in zip(una["detalle"], cantidades, strict=False)
    ]
    body = {"detalle": detalle, **more}
    answer = client.put(f"{INVENTARIO}transferencia/{una['id']}/", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_what_was_noted_is_what_is_confirmed(
    almacen: TestClient, shop: Shop, una: Any, runtime: Runtime
) -> None:
    before = saldo(almacen, shop)
    noted = anotar(almacen, una, "9", None)
    assert [one["cantidad_recibida"] for one in noted["detalle"]] == ["9.0000", None]
    assert saldo(almacen, shop) == before
    held = contents(runtime)
    half = post(almacen, f"transferencia/{una['id']}/confirmar/", status=400)
    assert fields_of(half) == [("detalle", "faltan_lineas")]
    stale = anotar(almacen, una, "8", "4", status=409, version=una["version"])
    assert stale["code"] == "version_obsoleta"
    other = {**una, "detalle": [{"id": 999}, una["detalle"][0], una["detalle"][0]]}
    bad = anotar(almacen, other, "1", "1", "1", status=400)
    assert [field for field, _ in fields_of(bad)] == ["detalle.0.id", "detalle.2.id"]
    assert not changed(held, contents(runtime))
    anotar(almacen, una, "9", "4", version=noted["version"])
    short = post(almacen, f"transferencia/{una['id']}/confirmar/", status=200)
    assert short["estado"] == "CON_INCIDENCIA"
    anotar(almacen, una, "10", "4", status=409)
    (open_,) = almacen.get(f"{INVENTARIO}incidencias/?estado=ABIERTA").json()["items"]
    told = ("transferencia_id", "producto_id", "cantidad_enviada", "cantidad_recibida")
    assert [open_[name] for name in told] == [una["id"], shop.productos[0], "10.0000", "9.0000"]
    resuelta = {"resolucion": "recibida", "motivo": "Se contó de menos al salir"}
    done = post(almacen, f"incidencias/{open_['id']}/resolver/", resuelta, 200)
    assert done["estado"] == "CONFIRMADA"
    assert saldo(almacen, shop, almacen=1)[0] == "9.0000"
    post(almacen, f"incidencias/{open_['id']}/resolver/", resuelta, 409)


def test_receipts_and_differences_stay_with_their_almacenes(
    connect: Connect, admin: TestClient, almacen: TestClient, shop: Shop
) -> None:
    una = post(almacen, "transferencia/", envio(shop, (0, "10")))
    path = f"/api/usuarios/{shop.usuarios['almacen']}/almacenes/"
    assert admin.put(path, json={"almacenes": [shop.almacenes[0]]}).status_code == 200
    de_origen = connect("almacen")
    assert anotar(de_origen, una, "9", status=403)["code"] == "sin_permiso"
    anotar(admin, una, "9")
    post(admin, f"transferencia/{una['id']}/confirmar/", status=200)
    (incidencia,) = de_origen.get(f"{INVENTARIO}incidencias/").json()["items"]
    tercero = {"nombre": "Tercero", "sucursal_id": shop.sucursales[1]}
    otro = admin.post("/api/almacenes/", json=tercero).json()["id"]
    assert admin.put(path, json={"almacenes": [otro]}).status_code == 200
    ajeno = connect("almacen")
    assert ajeno.get(f"{INVENTARIO}incidencias/").json()["items"] == []
    assert ajeno.get(f"{INVENTARIO}incidencias/{incidencia['id']}/").status_code == 404
    resuelta = {"resolucion": "enviada", "motivo": "Estaba todo"}
    post(ajeno, f"incidencias/{incidencia['id']}/resolver/", resuelta, 404)
    anotar(ajeno, una, "9", status=404)


def test_sheet_of_a_count_is_typed_by_two_people(
    almacen: TestClient, connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    trazar(almacen, shop, "lote", 1)
    post(almacen, "entrada/", mercaderia(shop, "5", producto=1, numero_lote="B"))
    hoja = {"almacen_id": shop.almacenes[0], "productos": shop.productos[:3]}
    conteo = post(almacen, "conteos/", hoja)
    path = f"{INVENTARIO}conteos/{conteo['id']}/"
    lineas = {(one["sku"], one["numero_lote"]): one["id"] for one in conteo["lineas"]}

    uno = lineas["P-01", None]

    def teclear(client: TestClient, version: int, *typed: tuple[int, str | None]) -> Any:
        body = [{"id": one, "cantidad_contada": n} for one, n in typed]
        return client.put(path, json={"lineas": body, "version": version})

    first = teclear(
        almacen, conteo["version"], (lineas["P-01", None], "98"), (lineas["P-02", "B"], "6")
    )
    assert first.status_code == 200, first.text
    late = teclear(connect("admin"), conteo["version"], (lineas["P-01", None], "97"))
    assert (late.status_code, late.json()["code"]) == (409, "version_obsoleta")
    more = [(uno, "98"), (lineas["P-03", None], None), (lineas["P-02", "INICIAL"], "0")]
    again = teclear(connect("admin"), first.json()["version"], *more)
    assert again.status_code == 200, again.text
    counted = {
        (one["sku"], one["numero_lote"]): one["diferencia"] for one in again.json()["lineas"]
    }
    assert counted == {
        ("P-01", None): "-2.0000",
        ("P-02", "B"): "1.0000",
        ("P-02", "INICIAL"): "-100.0000",
        ("P-03", None): None,
    }
    before = contents(runtime)
    bad = teclear(
        almacen,
        again.json()["version"],
        (999, "1"),
        (lineas["P-01", None], "1"),
        (lineas["P-01", None], "1"),
    )
    assert [one["field"] for one in bad.json()["errors"]] == ["lineas.0.id", "lineas.2.id"]
    assert not changed(before, contents(runtime))
    post(almacen, f"conteos/{conteo['id']}/cerrar/", status=200)
    assert saldo(almacen, shop) == ("98.0000", "0.0000")
    assert saldo(almacen, shop, producto=1) == ("6.0000", "0.0000")


def test_sheet_of_a_count_is_printed_without_what_is_expected(
    almacen: TestClient, cajero: TestClient, shop: Shop
) -> None:
    conteo = post(almacen, "conteos/", {"almacen_id": shop.almacenes[0], "nota": "Fin de <mes>"})
    answer = almacen.get(f"{INVENTARIO}conteos/{conteo['id']}/pdf/")
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"%PDF-")
    assert f'filename="conteo-{conteo["id"]}.pdf"' in answer.headers["content-disposition"]
    assert cajero.get(f"{INVENTARIO}conteos/{conteo['id']}/pdf/").status_code == 403
    assert almacen.get(f"{INVENTARIO}conteos/999/pdf/").status_code == 404
