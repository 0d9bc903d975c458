"""Sheets that somebody sends, as rows of texts: XLSX and CSV, read within limits.

A CSV is UTF-8 unless its sender says Latin-1: nobody can tell one of the old code pages from
another, and a name with wrong letters is worse than a refusal that says what to do.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from kernel import exports, filetypes, workbooks
from kernel.errors import ValidationFailed
from kernel.imports import MAX_ROWS

MAX_COLUMNS = 100
MAX_CELL = 2000
"""Characters of a cell that are kept."""
SAMPLE = 5
SEPARATORS = ",;\t|"
ENCODINGS = {"utf-8": "utf-8-sig", "latin-1": "cp1252"}

Texts = tuple[str, ...]


def open_sheet(data: bytes, media: str, encoding: str, sheet: str = "") -> Iterator[Texts]:
    """Yield the rows of a sheet as texts, the first of them the heads; blank rows are kept.

    Raises:
        ValidationFailed: it is damaged or too big, has no such sheet, or is in another encoding.
    """
    rows = _workbook(data, sheet) if media == filetypes.XLSX else _csv(data, encoding)
    for number, row in enumerate(rows):
        if number > MAX_ROWS:
            raise _refused(f"Tiene más de {MAX_ROWS} filas; divídalo.", "archivo_demasiado_largo")
        yield tuple(row)


def heads(rows: Iterator[Texts]) -> tuple[Texts, list[Texts]]:
    """Return the heads of a sheet, and a few rows to look at.

    Raises:
        ValidationFailed: it has no head, one twice, or no row below them.
    """
    first = next(rows, ())
    if not any(first):
        raise _refused("La primera fila debe tener los títulos de las columnas.", "sin_titulos")
    if len(first) > MAX_COLUMNS:
        raise _refused(f"Tiene más de {MAX_COLUMNS} columnas.", "demasiadas_columnas")
    named = [one for one in first if one]
    for twice in (one for one in named if named.count(one) > 1):
        raise _refused(f"El título «{twice}» está en dos columnas.", "titulo_repetido")
    sample = list(itertools.islice((row for row in rows if any(row)), SAMPLE))
    if not sample:
        raise _refused("No hay filas debajo de los títulos.", "sin_filas")
    return first, [padded(row, len(first)) for row in sample]


def padded(row: Sequence[str], width: int) -> Texts:
    """Return a row as wide as the heads."""
    return (*row[:width], *[""] * (width - len(row)))


def _workbook(data: bytes, wanted: str) -> Iterator[list[str]]:
    book = workbooks.open_workbook(data)
    sheets = {one.title: one for one in book.worksheets}
    if wanted and wanted not in sheets:
        known = ", ".join(f"«{one}»" for one in sheets)
        raise _refused(f"El libro no tiene la hoja «{wanted}»; tiene {known}.", "sin_hoja", "hoja")
    sheet = sheets[wanted] if wanted else book.worksheets[0]
    for row in workbooks.rows(sheet, max_rows=MAX_ROWS + 1, max_columns=MAX_COLUMNS):
        yield [text_of(value) for value in row]


def text_of(value: Any) -> str:
    """Return what a cell shows, without the noise of binary fractions."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "sí" if value else "no"
    if isinstance(value, float):
        number = Decimal(f"{value:.15g}")  # what the spreadsheet itself keeps
        whole = number == number.to_integral_value()
        return format(number.to_integral_value() if whole else number, "f")
    if isinstance(value, datetime):
        plain = value.time() == datetime.min.time()
        return value.date().isoformat() if plain else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return " ".join(str(value).split())[:MAX_CELL]


def _csv(data: bytes, encoding: str) -> Iterator[list[str]]:
    try:
        text = data.decode(ENCODINGS[encoding])
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _refused(
            f"No está en {encoding.upper()} (línea {line}). Guárdelo como «CSV UTF-8», o diga que "
            f"está en {'Latin-1' if encoding == 'utf-8' else 'UTF-8'}.",
            "archivo_codificacion",
            "codificacion",
        ) from None
    if "\x00" in text:
        raise _refused("Contiene signos que no son texto.", "archivo_tipo")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    try:
        for row in reader:
            yield [exports.unmarked(text_of(cell)) for cell in row]
    except csv.Error:
        text = f"La línea {reader.line_num} no es CSV: revise sus comillas."
        raise _refused(text, "archivo_danado") from None


def _separator(text: str) -> str:
    """Return the sign that separates the heads: the one that stands there most often."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(SEPARATORS, key=first.count)


def _refused(message: str, code: str, field: str = "archivo") -> ValidationFailed:
    return ValidationFailed(message, code=code, field=field)
