"""Guías and retenciones are comprobantes: who may not see the kind finds none anywhere."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from addons.sunat.documents import guia as de_guia
from addons.sunat.documents import retencion as de_retencion
from addons.sunat.permissions import CLASES
from tests.addons.base.signed_in import write
from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.test_guias import (
    GUIAS,
    RETENCIONES,
    guia,
    hacer,
    retencion,
    terminar,
    terminar_resumen,
)
from tests.addons.sunat.test_modulo_3 import COMPROBANTES, emitir

ENVIOS = "/api/facturacion/envios/"
BAJAS = "/api/facturacion/bajas/"
RESUMENES = "/api/facturacion/resumen-diario/"
COLA = "/api/facturacion/cola-contingencia/"


def quitar(admin: TestClient, rol: str, *nombres: str) -> None:
    """Take permissions from a role."""
    roles = admin.get("/api/roles/?limit=100").json()["items"]
    (rol_id,) = (uno["id"] for uno in roles if uno["nombre"] == rol)
    permisos = [
        {"modulo": nombre.partition(".")[0], "accion": nombre.partition(".")[2], "permitido": False}
        for nombre in nombres
    ]
    answer = admin.put(f"/api/roles/{rol_id}/permisos/", json={"permisos": permisos})
    assert answer.status_code == 200, answer.text


def filas(client: TestClient, path: str) -> list[dict[str, Any]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def assert_oculto(client: TestClient, comprobante_id: int, factura_id: int) -> None:
    """Check that of two comprobantes only the factura is seen, wherever comprobantes are."""
    assert [uno["id"] for uno in filas(client, COMPROBANTES)] == [factura_id]
    assert [uno["id"] for uno in filas(client, COLA)] in ([], [factura_id])
    assert {uno["comprobante_id"] for uno in filas(client, ENVIOS)} <= {factura_id}
    assert filas(client, f"{COMPROBANTES}?tipo__in=09,31,20,40") == []
    for parte in ("", "xml/", "cdr/", "pdf/", "pdf/?formato=ticket"):
        answer = client.get(f"{COMPROBANTES}{comprobante_id}/{parte}")
        assert answer.status_code == 404, parte
    correo = client.post(f"{COMPROBANTES}{comprobante_id}/enviar-correo/", json={"email": "a@b.pe"})
    assert correo.status_code == 404


@pytest.mark.parametrize("tipo", ["20", "40"])
def test_retencion_is_no_comprobante_of_who_may_not_see_retenciones(
    cajero: TestClient, contador: TestClient, admin: TestClient, emisora: Emisora, tipo: str
) -> None:
    hecha = hacer(contador, RETENCIONES, retencion(emisora, tipo=tipo))
    factura = emitir(admin, emisora.factura())
    assert cajero.get(RETENCIONES).status_code == 403
    assert_oculto(cajero, hecha["id"], factura["id"])
    emisora.trabajar()
    assert_oculto(cajero, hecha["id"], factura["id"])
    vistos = {uno["id"] for uno in filas(contador, COMPROBANTES)}
    assert vistos == {hecha["id"], factura["id"]}
    assert contador.get(f"{COMPROBANTES}{hecha['id']}/xml/").status_code == 200


def test_reversion_is_of_who_sees_retenciones(
    cajero: TestClient, connect: Any, contador: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    quitar(admin, "GERENTE_VENTAS", "retenciones.ver", "retenciones.exportar")
    gerente = connect("gerente")
    hecha = hacer(contador, RETENCIONES, retencion(emisora))
    emisora.trabajar()
    body = {"motivo": "Pago anulado"}
    answer = contador.post(f"{COMPROBANTES}{hecha['id']}/anular/", json=body)
    assert answer.status_code == 201, answer.text
    terminar_resumen(emisora)
    (resumen,) = filas(contador, RESUMENES)
    assert filas(contador, f"{ENVIOS}?resumen_id={resumen['id']}") != []
    for client in (cajero, gerente):
        for path in (COMPROBANTES, BAJAS, RESUMENES, ENVIOS):
            assert filas(client, path) == []
        for parte in ("", "xml/", "cdr/"):
            assert client.get(f"{RESUMENES}{resumen['id']}/{parte}").status_code == 404
    export = gerente.get(f"{COMPROBANTES}exportar/?formato=csv")
    assert (export.status_code, "R001" in export.text) == (200, False)
    assert gerente.get("/api/reportes/correlativos/").json()["items"] == []


def test_resumen_is_of_the_sucursales_whose_documents_it_tells(
    cajero: TestClient, contador: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    """Its XML names and sums up every document in it."""
    suya, otra = emisora.shop.sucursales
    emisora.ajustar(boletas="resumen")
    detalle = emisora.factura(cliente_id=emisora.persona)
    serie = {"tipo": "03", "serie": "B009", "sucursal_id": otra}
    assert admin.post("/api/facturacion/series/", json=serie).status_code == 201
    emitir(admin, {**detalle, "sucursal_id": suya})
    emisora.encargar("sunat.resumen_diario")
    terminar_resumen(emisora)
    boleta = emitir(admin, {**detalle, "sucursal_id": suya})
    emitir(admin, {**detalle, "sucursal_id": otra})
    emisora.encargar("sunat.resumen_diario")
    terminar_resumen(emisora)
    suyo, de_ambas = sorted(uno["id"] for uno in filas(contador, RESUMENES))
    assert [uno["id"] for uno in filas(cajero, RESUMENES)] == [suyo]
    assert {uno["resumen_id"] for uno in filas(cajero, ENVIOS)} == {suyo}
    for parte in ("", "xml/", "cdr/"):
        assert cajero.get(f"{RESUMENES}{suyo}/{parte}").status_code == 200
        assert cajero.get(f"{RESUMENES}{de_ambas}/{parte}").status_code == 404
        assert contador.get(f"{RESUMENES}{de_ambas}/{parte}").status_code == 200
    assert contador.get(f"{COMPROBANTES}{boleta['id']}/cdr/").status_code == 200
    negado = cajero.get(f"{COMPROBANTES}{boleta['id']}/cdr/")
    assert (negado.status_code, "otra sucursal" in negado.json()["detail"]) == (404, True)


def test_baja_that_sunat_may_have_is_not_withdrawn_by_who_sees_no_file_of_it(
    contador: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    suya, otra = emisora.shop.sucursales
    for sucursal_id in (suya, otra):
        emitir(admin, {**emisora.factura(), "sucursal_id": sucursal_id})
    emisora.terminar()
    for uno in filas(admin, COMPROBANTES):
        body = {"motivo": "Error en el cliente"}
        assert admin.post(f"{COMPROBANTES}{uno['id']}/anular/", json=body).status_code == 201
    emisora.trabajar()
    write(emisora.runtime, "UPDATE resumen_diario SET estado_envio = 'SIN_TICKET'")
    write(emisora.runtime, "UPDATE bajas_comprobante SET estado = 'pedida', resumen_id = NULL")
    mudar = "UPDATE usuarios SET sucursal_id = :suya WHERE email = 'contador@tienda.pe'"
    write(emisora.runtime, mudar, suya=suya)
    (baja,) = filas(contador, BAJAS)
    assert (len(filas(admin, RESUMENES)), filas(contador, RESUMENES)) == (1, [])
    answer = contador.post(f"{BAJAS}{baja['id']}/retirar/")
    assert (answer.status_code, "enviada" in answer.text) == (409, True)


def test_guia_is_no_comprobante_of_who_may_not_see_guias(
    cajero: TestClient, connect: Any, admin: TestClient, emisora: Emisora
) -> None:
    hecha = hacer(admin, GUIAS, guia(emisora))
    factura = emitir(admin, emisora.factura())
    terminar(admin, emisora, hecha["id"])
    assert {uno["id"] for uno in filas(cajero, COMPROBANTES)} == {hecha["id"], factura["id"]}
    quitar(admin, "CAJERO", "guias.ver", "guias.emitir")
    assert cajero.get(GUIAS).status_code == 403
    assert_oculto(cajero, hecha["id"], factura["id"])
    assert filas(connect("gerente"), GUIAS) != []


def test_guia_is_issued_by_who_may_issue_it_only(
    cajero: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    quitar(admin, "CAJERO", "guias.ver")
    assert cajero.get(GUIAS).status_code == 403
    assert hacer(cajero, GUIAS, guia(emisora))["tipo"] == "09"


def test_every_type_of_guia_and_retencion_has_its_kind() -> None:
    assert set(CLASES["guias"]) == de_guia.GUIAS
    assert set(CLASES["retenciones"]) == de_retencion.TIPOS
