"""What is broken on its way in: certificates, a RUC, CDRs and answers. Each has a clear state."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from addons.sunat.client import LIMITES
from addons.sunat.documents.cdr import CdrIlegible, leer_cdr, mismo_documento, mismo_resumen
from addons.sunat.documents.soap import RespuestaIlegible, contenido_de, leer
from addons.sunat.sandbox.constancias import certificado
from addons.sunat.sandbox.transporte import EnProceso
from kernel.outbound import Limits, Reply
from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.facturas import RUC, pfx
from tests.addons.sunat.test_modulo_3 import COMPROBANTES, emitir, ver

CERTIFICADOS = "/api/facturacion/certificados/"
PKCS12 = "application/x-pkcs12"
R = "R-20123456786-01-F001-1.xml"
BUENO = b"""<ApplicationResponse
 xmlns="urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cac:ReceiverParty><cac:PartyIdentification><cbc:ID>20123456786</cbc:ID></cac:PartyIdentification>
</cac:ReceiverParty><cac:DocumentResponse><cac:Response><cbc:ReferenceID>F001-1</cbc:ReferenceID>
<cbc:ResponseCode>0</cbc:ResponseCode><cbc:Description>aceptada</cbc:Description></cac:Response>
</cac:DocumentResponse></ApplicationResponse>"""
CON_DTD = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + BUENO


def zip_de(**archivos: bytes) -> bytes:
    salida = io.BytesIO()
    with zipfile.ZipFile(salida, "w", zipfile.ZIP_DEFLATED) as paquete:
        for nombre, datos in archivos.items():
            paquete.writestr(nombre, datos)
    return salida.getvalue()


# Certificates and numbers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("archivo", "clave", "campo", "dice"),
    [
        (pfx, "otra", "clave", "contraseña"),
        (lambda: pfx()[:900], "clave", "clave", "PFX"),
        (lambda: pfx("20100006376"), "clave", "archivo", "2325"),
        (
            lambda: certificado(
                RUC, "Tienda", datetime(2020, 1, 1, tzinfo=UTC), clave="clave", dias=30
            ),
            "clave",
            "archivo",
            "2326",
        ),
    ],
    ids=["wrong password", "cut", "foreign", "expired"],
)
def test_certificado_that_cannot_sign_is_refused_and_the_one_before_goes_on(
    archivo: Any, clave: str, campo: str, dice: str, admin: TestClient, emisora: Emisora
) -> None:
    answer = admin.post(
        CERTIFICADOS,
        files={"archivo": ("empresa.pfx", archivo(), PKCS12)},
        data={"clave": clave},
    )
    assert answer.status_code == 400, answer.text
    assert dice in answer.text
    assert campo in {uno["field"] for uno in answer.json()["errors"]} | {answer.json().get("field")}
    assert len(admin.get(CERTIFICADOS).json()["items"]) == 1
    hecha = emitir(admin, emisora.factura())
    emisora.terminar()
    assert ver(admin, hecha["id"])["estado_sunat"] == "ACEPTADO"


def test_certificado_that_expires_meanwhile_stops_issuing_and_loses_nothing(
    admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    emisora.pasar(days=3700)
    answer = admin.post("/api/facturacion/emitir/", json=emisora.factura())
    assert (answer.status_code, answer.json()["code"]) == (422, "facturacion_sin_configurar")
    assert "venció" in answer.json()["detail"]
    assert ver(admin, hecha["id"])["estado_sunat"] == "PENDIENTE"
    assert len(admin.get(COMPROBANTES).json()["items"]) == 1


def test_cliente_whose_ruc_has_a_bad_digit_burns_no_number(
    admin: TestClient, emisora: Emisora
) -> None:
    body = {"tipo_doc": "6", "numero_doc": "20123456789", "razon_social": "Mal S.A."}
    assert admin.post("/api/clientes/", json=body).status_code == 400
    assert emitir(admin, emisora.factura())["numero"] == 1


# CDRs ---------------------------------------------------------------------------------------------


def test_leer_cdr_of_a_good_one_is_read() -> None:
    cdr = leer_cdr(zip_de(**{R: BUENO, "dummy/": b""}))
    assert (cdr.codigo, cdr.referencia) == (0, "F001-1")
    assert mismo_documento(cdr, RUC, "F001", 1)
    assert not mismo_documento(cdr, RUC, "F001", 2)
    assert not mismo_documento(cdr, "20100006376", "F001", 1)
    assert not mismo_resumen(cdr, RUC, "RC-20261126-1")


@pytest.mark.parametrize(
    "paquete",
    [
        zip_de(**{R: b"<a>" + b"0" * 50_000_000 + b"</a>"}),
        zip_de(**{f"R-{n}.xml": BUENO for n in range(11)}),
        zip_de(**{R: CON_DTD}),
        zip_de(**{R: BUENO[:200]}),
        zip_de(**{"otra.xml": BUENO}),
        zip_de(**{R: BUENO.replace(b">0<", b">ok<")}),
        zip_de(**{R: BUENO})[:150],
        b"",
        b"PK\x03\x04",
    ],
    ids=["bomb", "many", "dtd", "cut xml", "no cdr", "no code", "cut zip", "nothing", "head"],
)
def test_leer_cdr_of_a_bad_package_says_why(paquete: bytes) -> None:
    with pytest.raises(CdrIlegible, match=r"\w"):
        leer_cdr(paquete)


class Entrometido:
    """Carries calls to the sandbox, and gives another answer in the place of the first one."""

    def __init__(self, dentro: EnProceso, cuerpo: bytes) -> None:
        self.dentro, self.cuerpo, self.veces = dentro, cuerpo, 0

    def post(
        self,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limits: Limits = LIMITES,
    ) -> Reply:
        reply = self.dentro.post(url, content=content, headers=headers, limits=limits)
        self.veces += 1
        return Reply(200, {}, self.cuerpo, url) if self.veces == 1 else reply


def respuesta(paquete: bytes) -> bytes:
    import base64

    dentro = base64.b64encode(paquete).decode()
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        '<sendBillResponse xmlns="http://service.sunat.gob.pe">'
        f'<applicationResponse xmlns="">{dentro}</applicationResponse>'
        "</sendBillResponse></s:Body></s:Envelope>"
    ).encode()


@pytest.mark.parametrize(
    "cuerpo",
    [
        respuesta(zip_de(**{R: b"<a>" + b"0" * 50_000_000 + b"</a>"})),
        respuesta(zip_de(**{R: CON_DTD})),
        respuesta(zip_de(**{R: BUENO.replace(b"F001-1", b"F001-2")})),
        respuesta(zip_de(**{R: BUENO.replace(b"20123456786", b"20100006376")})),
        respuesta(zip_de(**{R: BUENO}))[:300],
        CON_DTD,
        b"<html>503</html>",
        b"",
    ],
    ids=["bomb", "dtd", "another's", "another company's", "half", "soap dtd", "html", "nothing"],
)
def test_enviar_whose_answer_is_bad_asks_and_ends_accepted_once(
    cuerpo: bytes, admin: TestClient, emisora: Emisora, monkeypatch: pytest.MonkeyPatch
) -> None:
    hecha = emitir(admin, emisora.factura())
    entrometido = Entrometido(EnProceso(emisora.sunat), cuerpo)
    monkeypatch.setattr("addons.sunat.sandbox.transporte.EnProceso", lambda _sunat: entrometido)
    emisora.trabajar(1)
    vista = ver(admin, hecha["id"])
    assert vista["estado_sunat"] == "ENVIADO", "what came is no answer: it must be asked for"
    assert vista["mensaje_sunat"]
    emisora.terminar()
    assert ver(admin, hecha["id"])["estado_sunat"] == "ACEPTADO"
    assert emisora.sunat.registrados() == [("01", "F001", 1, 1, 1)]
    envios = admin.get(f"/api/facturacion/envios/?comprobante_id={hecha['id']}").json()["items"]
    assert [uno["operacion"] for uno in envios] == ["getStatusCdr", "sendBill"]


@pytest.mark.parametrize("corte", [1, 60, 150, 250])
def test_leer_half_of_an_answer_is_no_answer(corte: int) -> None:
    entera = respuesta(zip_de(**{R: BUENO}))
    assert contenido_de(leer(entera), "applicationResponse")
    with pytest.raises(RespuestaIlegible):
        leer(entera[:corte])


def test_cdr_of_the_same_number_of_another_type_is_no_answer() -> None:
    cdr = leer_cdr(zip_de(**{"R-20123456786-07-F001-1.xml": BUENO}))
    assert mismo_documento(cdr, RUC, "F001", 1, "07")
    assert not mismo_documento(cdr, RUC, "F001", 1, "01")
    sin_nombre = leer_cdr(zip_de(**{"R-cdr.xml": BUENO}))
    assert mismo_documento(sin_nombre, RUC, "F001", 1, "01")
