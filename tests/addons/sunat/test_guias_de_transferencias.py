"""A transferencia that was sent asks for a guía, which the storekeeper completes and issues."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree
from sqlalchemy import text
from starlette.testclient import TestClient

from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.test_guias import CONDUCTOR, GUIAS, hacer, terminar
from tests.addons.sunat.test_modulo_3 import COMPROBANTES
from tests.shop import INSTALLED

pytestmark = pytest.mark.skipif("inventory" not in INSTALLED, reason="inventory is not installed")
TRANSFERENCIA = "/api/inventario/transferencia/"
POR_EMITIR = "/api/facturacion/guias-por-emitir/"


def enviar(almacen: TestClient, emisora: Emisora) -> int:
    """Return a transfer of ten units of a product that has left."""
    shop = emisora.shop
    body = {
        "almacen_origen_id": shop.almacenes[0],
        "almacen_destino_id": shop.almacenes[1],
        "detalle": [{"producto_id": shop.productos[0], "cantidad_enviada": "10"}],
    }
    answer = almacen.post(TRANSFERENCIA, json=body)
    assert answer.status_code == 201, answer.text
    transferencia: int = answer.json()["id"]
    answer = almacen.post(f"{TRANSFERENCIA}{transferencia}/enviar/")
    assert answer.status_code == 200, answer.text
    return transferencia


def completar(propuesta: dict[str, Any]) -> dict[str, Any]:
    """Return a proposed guía with what only the storekeeper knows."""
    dicho = {nombre: valor for nombre, valor in propuesta.items() if valor not in (None, [], "")}
    lugares = {
        "partida": {"ubigeo": "150141", "direccion": "Av. Angamos 1", "codigo_anexo": "0001"},
        "llegada": {"ubigeo": "150101", "direccion": "Jr. Unión 2", "codigo_anexo": "0002"},
    }
    for nombre, lugar in lugares.items():
        dicho[nombre] = {**propuesta[nombre], **lugar}
    return {
        **dicho,
        "peso_bruto": "12.5",
        "vehiculos": [{"placa": "ABC123"}],
        "conductores": [CONDUCTOR],
    }


def test_transferencia_sent_leaves_a_guia_to_complete_and_nothing_is_issued(
    almacen: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    transferencia = enviar(almacen, emisora)
    emisora.trabajar()
    assert admin.get(GUIAS).json()["items"] == []
    (borrador,) = almacen.get(POR_EMITIR).json()["items"]
    assert borrador["referencia_doc"] == f"transferencia:{transferencia}"
    assert borrador["estado"] == "PENDIENTE"
    assert almacen.get(f"{POR_EMITIR}cuantas/").json() == {"pendientes": 1}
    propuesta = almacen.get(f"{GUIAS}propuesta/?referencia_doc=transferencia:{transferencia}")
    dicha = propuesta.json()
    assert (dicha["motivo"], dicha["modalidad"]) == ("04", "02")
    (bien,) = dicha["bienes"]
    assert (bien["cantidad"], bien["unidad_medida"]) == ("10", "NIU")
    assert dicha["partida"]["ruc"] == dicha["llegada"]["ruc"] == "20123456786"


def test_guia_of_a_transferencia_is_completed_issued_and_accepted(
    almacen: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    transferencia = enviar(almacen, emisora)
    query = f"?referencia_doc=transferencia:{transferencia}"
    propuesta = almacen.get(f"{GUIAS}propuesta/{query}").json()
    answer = almacen.post(GUIAS, json=completar(propuesta))
    assert answer.status_code == 201, answer.text
    hecha = answer.json()
    (borrador,) = almacen.get(POR_EMITIR).json()["items"]
    assert (borrador["estado"], borrador["comprobante_id"]) == ("EMITIDA", hecha["id"])
    terminar(admin, emisora, hecha["id"])
    vista = almacen.get(f"{GUIAS}{hecha['guia_id']}/").json()
    assert (vista["estado_sunat"], vista["motivo"]) == ("ACEPTADO", "04")
    assert vista["destinatario"]["numero_doc"] == "20123456786"
    xml = etree.fromstring(almacen.get(f"{GUIAS}{hecha['guia_id']}/xml/").content)
    assert xml.findtext(".//{*}HandlingCode") == "04"
    assert almacen.get(f"{GUIAS}{hecha['guia_id']}/cdr/").status_code == 200
    assert emisora.sunat.registrados() == [("09", "T001", 1, 1, 1)]


def de_otra_sucursal(almacen: TestClient, emisora: Emisora) -> tuple[str, dict[str, Any]]:
    """Return the query and the body of a guía for goods that another sucursal sends than the
    cajero's."""
    with emisora.runtime.database.engine.begin() as connection:
        mudar = text("UPDATE usuarios SET sucursal_id = :otra WHERE email = 'cajero@tienda.pe'")
        connection.execute(mudar, {"otra": emisora.shop.sucursales[1]})
    query = f"?referencia_doc=transferencia:{enviar(almacen, emisora)}"
    body = completar(almacen.get(f"{GUIAS}propuesta/{query}").json())
    del body["sucursal_id"]  # the form of a guía has no such field
    return query, body


def test_guia_of_a_transferencia_is_of_the_sucursal_that_sends(
    almacen: TestClient, cajero: TestClient, connect: Any, emisora: Emisora
) -> None:
    _, body = de_otra_sucursal(almacen, emisora)
    hecha = hacer(almacen, GUIAS, body)
    assert hecha["sucursal_id"] == emisora.shop.sucursales[0]
    assert [uno["id"] for uno in connect("cajera").get(GUIAS).json()["items"]] == [hecha["guia_id"]]
    assert cajero.get(GUIAS).json()["items"] == []
    assert cajero.get(f"{COMPROBANTES}{hecha['id']}/").status_code == 404


def test_guia_of_a_transferencia_out_of_reach_is_refused(
    almacen: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    """Else its draft would wait on, and a second guía of the same goods be issued."""
    query, body = de_otra_sucursal(almacen, emisora)
    for answer in (cajero.post(GUIAS, json=body), cajero.get(f"{GUIAS}propuesta/{query}")):
        assert answer.status_code == 400, answer.text
        assert answer.json()["errors"][0]["field"] == "referencia_doc"
        assert "otra sucursal" in answer.text
    assert almacen.get(GUIAS).json()["items"] == []
    assert cajero.post(GUIAS, json={**body, "referencia_doc": "Pedido 7"}).status_code == 201


def test_guia_of_a_transferencia_is_issued_once_while_it_holds(
    almacen: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    transferencia = enviar(almacen, emisora)
    query = f"?referencia_doc=transferencia:{transferencia}"
    propuesta = almacen.get(f"{GUIAS}propuesta/{query}").json()
    assert almacen.post(GUIAS, json=completar(propuesta)).status_code == 201
    answer = almacen.post(GUIAS, json=completar(propuesta))
    assert (answer.status_code, answer.json()["code"]) == (409, "estado_no_permite")
    with emisora.runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE comprobantes SET estado_sunat = 'RECHAZADO'"))
    assert almacen.post(GUIAS, json=completar(propuesta)).status_code == 201


def test_guia_of_a_transferencia_that_is_not_complete_tells_all_that_lacks(
    almacen: TestClient, emisora: Emisora
) -> None:
    transferencia = enviar(almacen, emisora)
    query = f"?referencia_doc=transferencia:{transferencia}"
    propuesta = almacen.get(f"{GUIAS}propuesta/{query}").json()
    dicho = {nombre: valor for nombre, valor in propuesta.items() if valor not in (None, [], "")}
    answer = almacen.post(GUIAS, json={**dicho, "peso_bruto": "0"})
    campos = {uno["field"] for uno in answer.json()["errors"]}
    assert campos >= {"peso_bruto", "vehiculos", "conductores", "partida.codigo_anexo"}
    (borrador,) = almacen.get(POR_EMITIR).json()["items"]
    assert borrador["estado"] == "PENDIENTE"


def test_guia_that_will_not_be_issued_is_discarded(almacen: TestClient, emisora: Emisora) -> None:
    enviar(almacen, emisora)
    (borrador,) = almacen.get(POR_EMITIR).json()["items"]
    path = f"{POR_EMITIR}{borrador['id']}/descartar/"
    assert almacen.post(path).json()["estado"] == "DESCARTADA"
    assert almacen.get(f"{POR_EMITIR}cuantas/").json() == {"pendientes": 0}
    again = almacen.post(path)
    assert (again.status_code, again.json()["code"]) == (409, "estado_no_permite")
