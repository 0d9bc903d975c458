"""A sheet with bad rows, imported in a real browser: columns, the dry run, what is left over."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from kernel.runtime import Runtime
from tests import live
from tests.web.chromium import Person, chromium, needs_chromium

pytestmark = [needs_chromium, pytest.mark.slow]

SHEET = """RUC/DNI;Nombre;Quién sabe;Correo
20131312955;Ferretería Ñandú S.A.C.;A;compras@nandu.pe
45678912;Ana Quispe;B;
20131312954;Mal Dígito S.A.;A;
45678913;;;sin-arroba
"""
GOOD, BAD = ["Ana Quispe", "Ferretería Ñandú S.A.C."], [4, 5]


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A browser."""
    with chromium() as made:
        yield made


def names(runtime: Runtime) -> list[tuple[str, str]]:
    """Return what was imported: names and categories."""
    query = "SELECT razon_social, categoria FROM clientes WHERE numero_doc <> '00000000' ORDER BY 1"
    with runtime.database.engine.connect() as connection:
        return [(one.razon_social, one.categoria) for one in connection.execute(text(query))]


def send(page: Page, content: str) -> None:
    """Choose a file and send it."""
    page.goto("/app/importaciones/")
    page.get_by_label("Qué se importa").select_option(label="Clientes")
    file = {"name": "clientes.csv", "mimeType": "text/csv", "buffer": content.encode()}
    page.get_by_label("Archivo (XLSX o CSV").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Subir y ver las columnas").click()
    page.wait_for_url("**/app/importaciones/*/")


def test_sheet_with_bad_rows_is_tried_imported_and_corrected(
    browser: Browser, runtime: Runtime
) -> None:
    with live.serving(runtime.settings, jobs=1) as site:
        person = Person(browser, site, "gerente")
        page = person.page
        send(page, SHEET)
        expect(page.get_by_label("Razón social")).to_have_value("1")  # known by its head
        expect(page.get_by_label("Categoría")).to_have_value("")
        page.get_by_label("Categoría").select_option(label="Quién sabe")

        page.get_by_role("button", name="Probar sin escribir").click()
        state = page.locator("#import-state .badge")
        expect(state).to_have_text("Probada")
        bad = page.get_by_role("region", name="Filas con errores").locator("tbody tr")
        expect(bad).to_have_count(2)
        assert [int(one.split("\t")[0]) for one in bad.all_inner_texts()] == BAD
        expect(bad.nth(0)).to_contain_text("dígito")
        assert names(runtime) == []

        page.get_by_label("Si hay filas con errores").select_option(label="Importar las buenas")
        page.get_by_role("button", name="Importar", exact=True).click()
        expect(state).to_have_text("Importada")
        assert [name for name, _ in names(runtime)] == GOOD
        with page.expect_download() as kept:
            page.get_by_role("link", name="Descargarlas para corregir").click()
        sheet = io.BytesIO(kept.value.path().read_bytes())
        heads, *rows = load_workbook(sheet).worksheets[0].iter_rows(values_only=True)
        assert heads[-2:] == ("fila", "motivo")
        assert [one[0] for one in rows] == ["20131312954", "45678913"]

        corrected = "RUC/DNI;Nombre;Quién sabe;Correo\n20131312955;Ferretería Ñandú;C;\n"
        send(page, corrected)
        expect(page.get_by_label("Categoría")).to_have_value("2")  # as last time
        page.get_by_role("button", name="Importar", exact=True).click()
        expect(state).to_have_text("Importada")
        assert ("Ferretería Ñandú", "C") in names(runtime)
        assert person.complaints == []
