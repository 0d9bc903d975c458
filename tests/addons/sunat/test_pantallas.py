"""Screens of sunat as somebody with a browser uses them: what they issue, refuse and hand out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from addons.sunat.models import CredencialSunat
from addons.sunat.sandbox.constancias import LIMA
from kernel import pdf
from kernel.context import Ctx
from tests.addons.sunat import facturas
from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.test_guias import terminar
from tests.addons.sunat.test_modulo_3 import COMPROBANTES, emitir, ver
from tests.shop import PASSWORD, abrir_caja
from tests.web.pages import Browser

FORM = "#record-form"
A_MANO = "/app/facturacion/comprobantes/nuevo/"
GUIA = "/app/facturacion/guias/nuevo/"
STALE = "UPDATE sesiones SET reautenticada_at = now() - interval '11 minutes'"


@pytest.fixture
def browser(http: TestClient, emisora: Emisora) -> Browser:
    """The administrator with a browser."""
    return Browser(http, "admin")


def fallas(browser: Browser) -> dict[str, str]:
    """Return what the page says at its fields, by the name of the input."""
    found = {}
    for uno in browser.page.cssselect("[aria-invalid=true]"):
        nombre = uno.get("name")
        if nombre.startswith("_nombre."):  # of a reference
            nombre = nombre.split(".", 2)[2]
        cerca = uno.xpath("ancestor::*[self::td or contains(@class, 'field')][1]")[0]
        found[nombre] = " ".join(p.text_content() for p in cerca.cssselect(".fault"))
    return found


def llenar(browser: Browser, **valores: str) -> None:
    """Fill in the form of the page and send it, references by their ids."""
    (form,) = browser.page.cssselect(FORM)
    dichos = [uno for uno in form.fields if uno.startswith("_nombre.")]
    sobran = {uno: None for uno in dichos if uno.split(".", 2)[2] in valores}
    browser.submit(FORM, **sobran, **valores)


def texto(browser: Browser) -> str:
    found: str = browser.page.text_content()
    return found


# Facturas and notes -------------------------------------------------------------------------------


def test_factura_by_hand_is_issued_from_its_form(browser: Browser, emisora: Emisora) -> None:
    browser.get(A_MANO)
    assert "Emitir" in texto(browser)
    producto = emisora.shop.productos[0]
    llenar(
        browser,
        cliente_id=str(emisora.cliente),
        **{"detalle.0.producto_id": str(producto), "detalle.0.cantidad": "3"},
    )
    assert browser.status == 200
    assert browser.texts(".crumbs li")[-1].endswith("F001-1")
    assert "20123456786" not in browser.texts(".crumbs li")[-1]
    emisora.trabajar()
    (una,) = browser.client.get(COMPROBANTES, headers=browser.headers).json()["items"]
    assert (una["tipo"], una["estado_sunat"], una["total_venta"]) == ("01", "ACEPTADO", "35.40")


def test_factura_by_hand_tells_all_that_sunat_would_reject_at_its_fields(
    browser: Browser, emisora: Emisora
) -> None:
    browser.get(A_MANO)
    llenar(
        browser,
        cliente_id=str(emisora.persona),
        tipo="01",
        **{
            "detalle.0.descripcion": "Cemento",
            "detalle.0.cantidad": "1",
            "detalle.0.precio_unitario": "10",
            "detalle.0.unidad_medida": "XYZ",
        },
    )
    assert browser.status == 400
    dicho = fallas(browser)
    assert "SUNAT 2800" in dicho["cliente_id"] or "SUNAT" in dicho["cliente_id"]
    assert "SUNAT 2936" in dicho["detalle.0.unidad_medida"]
    assert "Cemento" in browser.answer.text  # what was typed is still there
    assert "línea 1" in texto(browser)


def test_nota_begins_with_what_is_left_and_takes_back_a_part(
    browser: Browser, admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    emisora.trabajar()
    browser.get(f"/app/facturacion/comprobantes/{hecha['id']}/")
    (enlace,) = [
        uno.get("href")
        for uno in browser.page.cssselect("nav.files a")
        if "tipo_nota=07" in uno.get("href")
    ]
    browser.get(enlace)
    campos = dict(browser.page.cssselect(FORM)[0].fields)
    assert (campos["detalle.0.descripcion"], campos["detalle.0.cantidad"]) == ("Cemento", "2")
    llenar(browser, motivo_codigo="07", **{"detalle.0.cantidad": "0.5"})
    assert browser.status == 200, texto(browser)
    emisora.trabajar()
    (nota,) = admin.get("/api/facturacion/notas/").json()["items"]
    vista = ver(admin, nota["comprobante_id"])
    assert (vista["total_venta"], vista["estado_sunat"]) == ("5.90", "ACEPTADO")
    browser.get(enlace)
    campos = dict(browser.page.cssselect(FORM)[0].fields)
    assert campos["detalle.0.cantidad"] == "1.5"


def test_baja_is_withdrawn_on_its_page_until_it_is_sent(
    browser: Browser, admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    motivo = {"motivo": "Error en el cliente"}
    pedida = admin.post(f"{COMPROBANTES}{hecha['id']}/anular/", json=motivo).json()
    pagina = f"/app/facturacion/bajas/{pedida['id']}/"
    browser.get(pagina)
    assert "¿Retirar la baja?" in browser.answer.text
    browser.post(pagina, {"_acto": "retirar"})
    assert "Retirada" in texto(browser)
    assert "¿Retirar la baja?" not in browser.answer.text
    emisora.trabajar()
    assert ver(admin, hecha["id"])["estado_sunat"] == "ACEPTADO"


def test_ruc_that_documents_wait_under_is_kept_on_the_page_of_the_company(
    browser: Browser, admin: TestClient, emisora: Emisora
) -> None:
    emitir(admin, emisora.factura())
    browser.get("/app/ajustes/base.empresa/")
    browser.submit("main form", ruc="20131312955")
    assert browser.status == 409
    assert "esperan a SUNAT 1 comprobantes" in browser.texts(".fault")[0]
    assert admin.get("/api/configuracion/").json()["ruc"] == "20123456786"


def test_nota_de_debito_is_issued_from_its_form(
    browser: Browser, admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    emisora.trabajar()
    browser.get(f"/app/facturacion/notas/nuevo/?comprobante_origen_id={hecha['id']}&tipo_nota=08")
    llenar(
        browser,
        motivo_codigo="01",
        **{"detalle.0.descripcion": "Intereses", "detalle.0.precio_unitario": "11.80"},
    )
    assert browser.status == 200, texto(browser)
    emisora.trabajar()
    (nota,) = admin.get("/api/facturacion/notas/?tipo_nota=08").json()["items"]
    vista = ver(admin, nota["comprobante_id"])
    assert (vista["serie"], vista["total_venta"], vista["estado_sunat"]) == (
        "FD01",
        "11.80",
        "ACEPTADO",
    )


@pytest.mark.parametrize(
    ("estado", "barra"),
    [
        ("PENDIENTE", ["*Pendiente", "Enviado", "Aceptado"]),
        ("CONTINGENCIA", ["Pendiente", "*Contingencia", "Enviado", "Aceptado"]),
        ("ACEPTADO", ["Pendiente", "Enviado", "*Aceptado"]),
        ("RECHAZADO", ["Pendiente", "Enviado", "*Rechazado", "Aceptado"]),
        ("ANULADO", ["Pendiente", "Enviado", "Aceptado", "*Anulado"]),
    ],
)
def test_bar_shows_what_a_comprobante_goes_through_and_of_the_rest_only_where_it_is(
    browser: Browser, admin: TestClient, emisora: Emisora, estado: str, barra: list[str]
) -> None:
    hecha = emitir(admin, emisora.factura())
    with emisora.runtime.database.engine.begin() as connection:
        poner = text("UPDATE comprobantes SET estado_sunat = :estado")
        connection.execute(poner, {"estado": estado})
    browser.get(f"/app/facturacion/comprobantes/{hecha['id']}/")
    pasos = browser.page.cssselect(".states li")
    assert [f"{'*' * (uno.get('aria-current') == 'step')}{uno.text}" for uno in pasos] == barra


# Guías, retenciones -------------------------------------------------------------------------------


def viaje(emisora: Emisora, **cambios: str) -> dict[str, str]:
    """Return what somebody types in the form of a guía."""
    return {
        "cliente_id": str(emisora.cliente),
        "peso_bruto": "850,5",
        "partida.ubigeo": "150141",
        "partida.direccion": "Av. Angamos 1",
        "llegada.ubigeo": "40101",
        "llegada.direccion": "Jr. Uno 2",
        "bienes.0.descripcion": "Cemento",
        "bienes.0.cantidad": "20",
        "bienes.0.unidad_medida": "BX",
        "vehiculos.0.placa": "ABC123",
        "conductores.0.tipo_doc": "1",
        "conductores.0.numero_doc": "45678912",
        "conductores.0.nombres": "Luis",
        "conductores.0.apellidos": "Quispe",
        "conductores.0.licencia": "Q45678912",
        **cambios,
    }


def test_guia_is_issued_from_its_form_and_shown_with_all_it_says(
    browser: Browser, admin: TestClient, emisora: Emisora
) -> None:
    browser.get(GUIA)
    llenar(browser, **viaje(emisora))
    assert browser.status == 200, texto(browser)
    (fila,) = admin.get("/api/facturacion/guias/").json()["items"]
    assert fila["estado_sunat"] == "PENDIENTE"
    terminar(admin, emisora, fila["comprobante_id"])
    (fila,) = admin.get("/api/facturacion/guias/").json()["items"]
    assert fila["estado_sunat"] == "ACEPTADO"
    browser.get(f"/app/facturacion/guias/{fila['id']}/")
    for dicho in ("Cemento", "ABC123", "Quispe", "Arequipa", "Transporte privado", "Cliente S.A."):
        assert dicho in texto(browser)
    enlaces = [uno.get("href") for uno in browser.page.cssselect("nav.files a")]
    for uno in enlaces:
        if uno.startswith("/api/") and (not uno.endswith("/pdf/") or pdf.missing() is None):
            answer = browser.client.get(uno, headers=browser.headers)
            assert answer.status_code == (404 if uno.endswith("/pdf/") else 200), uno
    browser.get(next(uno for uno in enlaces if "guia_id=" in uno))
    campos = dict(browser.page.cssselect(FORM)[0].fields)
    assert campos["llegada.ubigeo"] == "040101"
    assert campos["vehiculos.0.placa"] == "ABC123"


def test_guia_tells_all_that_sunat_would_reject_at_its_fields(
    browser: Browser, emisora: Emisora
) -> None:
    browser.get(GUIA)
    malo = viaje(emisora, peso_bruto="0", **{"llegada.ubigeo": "", "vehiculos.0.placa": "??"})
    llenar(browser, **malo)
    assert browser.status == 400
    dicho = fallas(browser)
    assert {"peso_bruto", "llegada.ubigeo", "vehiculos.0.placa"} <= dicho.keys()
    assert "SUNAT 2775" in dicho["llegada.ubigeo"]
    assert "Punto de llegada · Distrito (ubigeo)" in texto(browser)


def test_guia_of_a_venta_begins_with_its_goods(
    browser: Browser, cajero: TestClient, emisora: Emisora
) -> None:
    caja = abrir_caja(cajero, emisora.shop)
    venta = emisora.shop.venta(caja, cliente_id=emisora.cliente)
    venta_id = cajero.post("/api/ventas/", json=venta).json()["id"]
    browser.get(f"{GUIA}?venta_id={venta_id}")
    campos = dict(browser.page.cssselect(FORM)[0].fields)
    assert (campos["bienes.0.descripcion"], campos["bienes.1.cantidad"]) == ("Producto 1", "2")
    assert campos["cliente_id"] == str(emisora.cliente)


@pytest.mark.parametrize(("tipo", "monto"), [("20", "35.40"), ("40", "23.60")])
def test_retencion_is_issued_from_its_form(
    browser: Browser, contador: TestClient, emisora: Emisora, tipo: str, monto: str
) -> None:
    hoy = emisora.runtime.clock().astimezone(LIMA).date().isoformat()
    browser.get("/app/facturacion/retenciones/nuevo/")
    assert browser.texts(".crumbs li") == ["Inicio", "Retenciones y percepciones", "Nuevo"]
    llenar(
        browser,
        tipo=tipo,
        **{
            "sujeto.tipo_doc": "6",
            "sujeto.numero_doc": "20100006376",
            "sujeto.razon_social": "Proveedor S.A.",
            "pagos.0.tipo": "01",
            "pagos.0.numero": "F001-55",
            "pagos.0.fecha_emision": hoy,
            "pagos.0.total": "1180",
            "pagos.0.fecha_pago": hoy,
            "pagos.0.pago": "1180",
        },
    )
    assert browser.status == 200, texto(browser)
    emisora.trabajar()
    (fila,) = contador.get("/api/facturacion/retenciones/").json()["items"]
    assert (fila["total_retenido"], fila["estado_sunat"]) == (monto, "ACEPTADO")
    browser.get(f"/app/facturacion/retenciones/{fila['id']}/")
    assert monto in texto(browser)
    assert "Proveedor S.A." in texto(browser)


def test_retencion_tells_what_is_wrong_at_its_fields(browser: Browser) -> None:
    browser.get("/app/facturacion/retenciones/nuevo/")
    llenar(browser, **{"sujeto.numero_doc": "20100006370", "sujeto.razon_social": "X S.A."})
    assert browser.status == 400
    assert "SUNAT" in fallas(browser)["sujeto.numero_doc"]
    assert "pagos" in browser.answer.text


# Validity, certificates, credentials --------------------------------------------------------------


def test_validez_is_asked_and_its_answer_shown(
    browser: Browser, admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    emisora.trabajar()
    place = f"/app/facturacion/comprobantes/{hecha['id']}/"
    browser.get(place)
    browser.post(place, {"_acto": "validez"})
    assert browser.status == 200
    assert "Aceptado · emisor activo, habido" in texto(browser)


def test_validez_of_a_supplier_is_asked_and_kept(browser: Browser, emisora: Emisora) -> None:
    browser.get("/app/facturacion/validez/nuevo/")
    ayer = emisora.runtime.clock().astimezone(LIMA).date() - timedelta(days=1)
    llenar(
        browser,
        ruc="20100006376",
        serie="F001",
        numero="7",
        fecha_emision=ayer.isoformat(),
        monto="118",
    )
    assert browser.status == 200, texto(browser)
    assert "No existe" in texto(browser)
    browser.get("/app/facturacion/validez/")
    assert "20100006376" in texto(browser)


def subir(browser: Browser, pfx: bytes, clave: str, **mas: str) -> dict[str, str]:
    """Send the form of a certificate; return what is wrong with which field."""
    browser.post(
        "/app/facturacion/certificados/nuevo/",
        {"clave": clave, **mas},
        {"archivo": ("empresa.pfx", pfx, "application/x-pkcs12")},
    )
    return fallas(browser)


def test_certificate_is_uploaded_on_its_screen(browser: Browser, admin: TestClient) -> None:
    browser.get("/app/facturacion/certificados/nuevo/")
    assert browser.page.cssselect("input[type=file][name=archivo]")
    assert browser.page.cssselect("input[type=password][name=clave]")
    assert browser.page.cssselect(FORM)[0].get("enctype") == "multipart/form-data"
    assert subir(browser, facturas.pfx(), "clave") == {}
    assert browser.status == 200, texto(browser)
    assert len(admin.get("/api/facturacion/certificados/").json()["items"]) == 2


def test_certificate_that_cannot_be_used_says_so_at_its_field(browser: Browser) -> None:
    assert "contraseña" in subir(browser, facturas.pfx(), "otra")["clave"]
    ajeno = subir(browser, facturas.pfx("20100006376"), "clave")
    assert "otra empresa" in ajeno["archivo"]
    assert subir(browser, b"nada", "clave")["archivo"]
    browser.post("/app/facturacion/certificados/nuevo/", {"clave": "clave"})
    assert fallas(browser)["archivo"]


def test_certificate_asks_again_who_is_there_after_ten_minutes(
    browser: Browser, emisora: Emisora
) -> None:
    with emisora.runtime.database.engine.begin() as connection:
        connection.exec_driver_sql(STALE)
    browser.get("/app/facturacion/certificados/nuevo/")
    assert browser.page.cssselect("input[name=_clave]")
    subir(browser, facturas.pfx(), "clave")
    assert browser.status == 403
    subir(browser, facturas.pfx(), "clave", _clave=PASSWORD)
    assert browser.status == 200, texto(browser)


def test_credentials_are_kept_on_their_screen_and_no_secret_comes_back(
    browser: Browser, admin: TestClient, emisora: Emisora
) -> None:
    place = "/app/ajustes/sunat.credenciales/"
    browser.get(place)
    body = {"usuario": "MODDATOS", "clave": "secreta-1", "client_id": "abc", "client_secret": "s3"}
    browser.post(place, body)
    assert browser.status == 200, texto(browser)
    browser.get(place)
    assert "MODDATOS" in browser.answer.text
    assert "secreta-1" not in browser.answer.text
    assert admin.get("/api/facturacion/credenciales/").json()["client_id"] == "abc"
    browser.post(place, {**body, "usuario": "OTRO", "clave": "", "client_secret": ""})
    assert browser.status == 200, texto(browser)
    assert guardada(emisora) == ("OTRO", "secreta-1", "s3")


def test_credentials_without_a_password_say_so(browser: Browser) -> None:
    browser.post("/app/ajustes/sunat.credenciales/", {"usuario": "MODDATOS", "clave": ""})
    assert "clave" in fallas(browser)["clave"]


def guardada(emisora: Emisora) -> tuple[str, str | None, str | None]:
    """Return what the company signs in with."""

    def leer(ctx: Ctx) -> tuple[str, str | None, str | None]:
        una = ctx.session.get_one(CredencialSunat, 1)
        return una.usuario, una.clave, una.secreto

    return emisora.runtime.transact(leer)


# Queue and numbers --------------------------------------------------------------------------------


def test_queue_shows_what_waits_and_how_long_it_may(
    browser: Browser, admin: TestClient, emisora: Emisora
) -> None:
    browser.get("/app/facturacion/cola/")
    assert "Nada espera" in texto(browser)
    emisora.sunat.ajustar(siempre="rechazar_conexion")
    emitir(admin, emisora.factura())
    emisora.trabajar(1)
    browser.get("/app/facturacion/cola/")
    assert "F001-1" in texto(browser)
    assert "Quedan 3 días" in texto(browser)
    assert "SUNAT no responde" in texto(browser)


def test_correlativos_show_numbers_that_are_missing(
    browser: Browser, admin: TestClient, emisora: Emisora
) -> None:
    browser.get("/app/facturacion/correlativos/")
    assert "No se emitió nada" in texto(browser)
    emitir(admin, emisora.factura())
    browser.get("/app/facturacion/correlativos/")
    assert "F001" in texto(browser)
    browser.get("/app/facturacion/correlativos/?desde=2026-02-02&hasta=2026-01-01")
    assert browser.page.cssselect(".alert.bad")
