"""The printed forms, the files in the storage, the report of numbers, the alarms."""

from __future__ import annotations

import io
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from addons.sunat.schemas import Facturacion
from addons.sunat.services import archivos, emision
from kernel import pdf
from kernel.context import Ctx
from tests.addons.base.signed_in import read
from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.test_modulo_3 import COMPROBANTES, emitir
from tests.web.pages import Browser


@pytest.mark.skipif(pdf.missing() is not None, reason="this machine makes no PDF")
def test_pdf_con_qr(admin: TestClient, emisora: Emisora, tmp_path: Path) -> None:
    """El PDF se genera correctamente y tiene QR válido"""
    hecha = emitir(admin, emisora.factura())
    direccion = f"{COMPROBANTES}{hecha['id']}/pdf/"
    pendiente = admin.get(direccion)
    assert (pendiente.status_code, pendiente.json()["code"]) == (404, "archivo_pendiente")
    emisora.trabajar()
    for formato, ancho in (("a4", 595), ("ticket", 226)):
        answer = admin.get(direccion, params={"formato": formato})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        archivo = tmp_path / f"{formato}.pdf"
        archivo.write_bytes(answer.content)
        if texto := _leer("pdftotext", archivo, "-"):
            assert f"Page size:       {ancho}" in _leer("pdfinfo", archivo)
            assert "F001-1" in texto
            assert "23.60" in texto
            assert "VEINTITRÉS CON 60/100 SOLES" in " ".join(texto.split())
    assert hecha["qr"].startswith("20123456786|01|F001|1|3.60|23.60|")


def _leer(programa: str, archivo: Path, *mas: str) -> str:
    """Return what a program of poppler says of a PDF, where there is poppler."""
    try:
        run = subprocess.run([programa, str(archivo), *mas], capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return run.stdout


def test_emitir_prepares_the_pdf_unless_told_not_to(admin: TestClient, emisora: Emisora) -> None:
    emitir(admin, emisora.factura())
    emisora.runtime.transact(
        lambda ctx: ctx.runtime.preferences.write(ctx.session, Facturacion(espera=1))
    )
    emitir(admin, emisora.factura())
    names = [name for (name,) in read(emisora.runtime, "SELECT name FROM andes_jobs ORDER BY id")]
    assert names.count("sunat.imprimir") == 1


def test_archivar_moves_xml_and_cdr_to_the_storage_and_they_stay_the_same(
    admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    antes = admin.get(f"{COMPROBANTES}{hecha['id']}/xml/").content
    emisora.trabajar()
    (fila,) = read(
        emisora.runtime, "SELECT xml IS NULL, cdr IS NULL, xml_path, cdr_path FROM comprobantes"
    )
    assert fila[:2] == (True, True)
    assert fila[2].startswith("comprobantes/")
    assert admin.get(f"{COMPROBANTES}{hecha['id']}/xml/").content == antes
    cdr = admin.get(f"{COMPROBANTES}{hecha['id']}/cdr/")
    assert io.BytesIO(cdr.content).read(2) == b"PK"


def test_record_leads_to_its_files_once_they_are_there(
    http: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    hecho = emitir(admin, emisora.factura())

    def seguir() -> dict[str, bytes]:
        person = Browser(http, "admin")
        person.get(f"/app{COMPROBANTES.removeprefix('/api')}{hecho['id']}/")
        found = {}
        for one in person.page.cssselect(".record nav.files a[href^='/api/']"):
            answer = http.get(one.get("href"), headers=person.headers)
            found[one.text_content()] = answer.content[:4] if answer.status_code == 200 else b""
        return found

    assert seguir() == {"PDF": b"", "Ticket 80 mm": b"", "XML": b"<?xm"}
    emisora.terminar()
    impreso = b"%PDF" if pdf.missing() is None else b""
    archivos = {"PDF": impreso, "Ticket 80 mm": impreso, "XML": b"<?xm", "CDR": b"PK\x03\x04"}
    assert seguir() == archivos


def test_correlativos_tells_burnt_numbers_and_gaps(admin: TestClient, emisora: Emisora) -> None:
    emitir(admin, emisora.factura())
    emisora.trabajar()
    emisora.sunat.ajustar(inactivos=["20123456786"])
    emitir(admin, emisora.factura())
    emisora.trabajar()
    reporte = admin.get("/api/reportes/correlativos/").json()
    (fila,) = reporte["items"]
    assert (fila["serie"], fila["emitidos"], fila["huecos"], fila["quemados"]) == ("F001", 2, 0, 1)


def test_alarmar_tells_of_the_certificate_and_of_terms_once_a_day(
    admin: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(siempre="rechazar_conexion")
    emitir(admin, emisora.factura())
    emisora.trabajar(1)
    (hasta,) = read(emisora.runtime, "SELECT hasta FROM certificados")[0]
    runtime = emisora.runtime
    runtime.clock = lambda: hasta - timedelta(days=15, hours=1)
    for _ in range(2):
        runtime.transact(lambda ctx: ctx.enqueue("sunat.alarmar"))
        emisora.trabajar()
    titulos = read(
        runtime,
        "SELECT titulo, count(*) FROM notificaciones JOIN usuarios u ON u.id = usuario_id"
        " WHERE u.email LIKE 'contador%' GROUP BY 1 ORDER BY 1",
    )
    assert [veces for _, veces in titulos] == [1, 1]
    assert [titulo.split()[-1] for titulo, _ in titulos] == ["SUNAT", "días"]


def test_files_that_are_put_away_while_somebody_asks_for_them_are_handed_out(
    admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    emisora.trabajar(1)  # accepted; its files are put away by a job that waits

    def pedir(ctx: Ctx) -> list[str]:
        emision.encontrar(ctx, hecha["id"])
        emisora.trabajar()
        return [archivos.xml(ctx, hecha["id"])[0], archivos.cdr(ctx, hecha["id"])[0]]

    assert emisora.runtime.transact(pedir) == [
        "20123456786-01-F001-1.xml",
        "R-20123456786-01-F001-1.zip",
    ]
