"""Workbooks that strangers send: read within limits, or refused before they are unpacked."""

from __future__ import annotations

import contextlib
import io
import tracemalloc
import zipfile
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel import workbooks
from kernel.errors import ValidationFailed
from tests import payloads

SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def changed(members: dict[str, bytes | None]) -> bytes:
    """Return a workbook with parts replaced, or left out."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(payloads.xlsx())) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in source.namelist():
            content = members.get(name, source.read(name))
            if content is not None:
                archive.writestr(name, content)
    return target.getvalue()


def sheet(rows: str) -> bytes:
    """Return a workbook whose sheet has these rows, as XML."""
    xml = f"<worksheet xmlns='{NAMESPACE}'><sheetData>{rows}</sheetData></worksheet>"
    return changed({SHEET: xml.encode()})


def read(data: bytes, **limits: int) -> list[tuple[Any, ...]]:
    return list(workbooks.rows(workbooks.open_workbook(data).worksheets[0], **limits))


def code(data: bytes) -> str:
    """Return the code of the refusal of a workbook, which names the field."""
    with pytest.raises(ValidationFailed) as refusal:
        read(data)
    (error,) = refusal.value.errors
    assert error.field == "archivo"
    return refusal.value.code


def test_open_workbook_gives_values_without_empty_ends() -> None:
    moment = datetime(2026, 1, 31, 12, 30)  # noqa: DTZ001  # XLSX knows no zones
    data = payloads.xlsx(("sku", "precio", None), ("Ñ-1", 11.8, moment), (), (None, 3, None))
    assert read(data) == [("sku", "precio"), ("Ñ-1", 11.8, moment), (), (None, 3)]


def test_open_workbook_never_computes_a_formula() -> None:
    data = payloads.xlsx(("=1+1", "=WEBSERVICE('http://evil.example')"))
    assert read(data) == [()]


BOMBS = {
    **payloads.ZIP_BOMBS,
    **payloads.TRAVERSALS,
    "encrypted": payloads.encrypted(),
    "a workbook with a bomb": payloads.xlsx(more={"xl/media/a.bin": b"\0" * 90_000_000}),
    "a workbook in a workbook": payloads.xlsx(more={"xl/embeddings/b.bin": payloads.xlsx()}),
    "macros": payloads.xlsx(more={"xl/vbaProject.bin": b"\0"}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_open_workbook_bomb_is_refused_without_unpacking(name: str) -> None:
    tracemalloc.start()
    assert code(BOMBS[name]).startswith("archivo_")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


NO_BOOKS = {
    **payloads.DAMAGED,
    "nothing": b"",
    "text": b"sku,precio",
    "a page": b"<html></html>",
    "another archive": payloads.zipped({"a.txt": "hola"}),
    "an old workbook": payloads.UNKNOWN["libro.xls"],
    "a directory that lies": payloads.lying(),
    "no workbook part": changed({"xl/workbook.xml": b"<a/>"}),
    "no sheet": changed({SHEET: None}),
    "a sheet that is no XML": changed({SHEET: b"hola"}),
    "a sheet that ends early": changed({SHEET: f"<worksheet xmlns='{NAMESPACE}'><she".encode()}),
    "entities": changed(
        {
            SHEET: (
                "<?xml version='1.0'?><!DOCTYPE w [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]>"
                f"<worksheet xmlns='{NAMESPACE}'><sheetData/></worksheet>"
            ).encode()
        }
    ),
    "an outside entity": changed(
        {
            "xl/styles.xml": b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><sst/>",
        }
    ),
    "XML of 16 bits": changed({SHEET: "<worksheet/>".encode("utf-16")}),
    "a number that is none": sheet("<row r='1'><c r='A1' t='n'><v>x</v></c></row>"),
    "a text that is not there": sheet("<row r='1'><c r='A1' t='s'><v>999</v></c></row>"),
    "a place that is none": sheet("<row r='1'><c r='1A'><v>1</v></c></row>"),
}


@pytest.mark.parametrize("name", NO_BOOKS)
def test_open_workbook_that_is_none_is_refused(name: str) -> None:
    assert code(NO_BOOKS[name])


def test_rows_beyond_the_limits_are_refused() -> None:
    tall = sheet("<row r='1048576'><c r='A1048576'><v>1</v></c></row>")
    wide = sheet("<row r='1'><c r='XFD1'><v>1</v></c></row>")
    for data, what in ((tall, "filas"), (wide, "columnas")):
        with pytest.raises(ValidationFailed, match=what):
            read(data)
    with pytest.raises(ValidationFailed, match="más de 2 filas"):
        read(payloads.xlsx((1,), (2,), (3,)), max_rows=2)
    assert read(payloads.xlsx((1,), (2,)), max_rows=2) == [(1,), (2,)]


BOOK = payloads.xlsx()


@settings(max_examples=60)
@given(st.data())
def test_open_workbook_with_any_byte_changed_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(BOOK)
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValidationFailed):
        read(bytes(whole))
