"""Workbooks: XLSX files that somebody sends, checked before a library unpacks them.

Formulas are not computed: a cell gives the value that was last saved with it. Links to other
workbooks are dropped. Source: OWASP ASVS 5.0, 5.2.3; ECMA-376.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from kernel import archives, filetypes
from kernel.archives import ArchiveRefused, Limits
from kernel.errors import ValidationFailed

LIMITS = Limits(entries=1000, unpacked=64 * 1024 * 1024)
MAX_ROWS = 100_000
MAX_COLUMNS = 256
_PROLOG = 4096
_ROOT = re.compile(rb"<[A-Za-z_]")


def open_workbook(data: bytes, *, field: str = "archivo") -> Any:
    """Return a workbook to read from, openpyxl's.

    Raises:
        ValidationFailed: it is none, is damaged, or unpacks to too much; ``field`` is named.
    """
    file = io.BytesIO(data)
    try:
        if filetypes.identify(file, "libro.xlsx") != filetypes.XLSX:
            raise ArchiveRefused("archivo_tipo", "No es un libro de Excel (.xlsx).")
        _check_members(file, archives.inspect(file, LIMITS))
    except (ArchiveRefused, filetypes.TypeRefused) as refusal:
        raise ValidationFailed(refusal.message, code=refusal.code, field=field) from None
    return _load(file, field)


def _check_members(file: io.BytesIO, names: list[str]) -> None:
    """Refuse a document type in any part: entities would grow where no directory tells."""
    with zipfile.ZipFile(file) as archive:
        for name in names:
            if name.lower().endswith((".xml", ".rels", ".vml")):
                with archive.open(name) as content:
                    _check_prolog(content.read(_PROLOG))


def _check_prolog(start: bytes) -> None:
    root = _ROOT.search(start)
    if root is None or b"<!DOCTYPE" in start[: root.start()].upper() or b"\x00" in start:
        raise ArchiveRefused("archivo_danado", "Una parte del libro no es XML que se pueda leer.")


def _load(file: io.BytesIO, field: str) -> Any:
    from openpyxl import load_workbook  # 0.3 s to import, and only readers need it

    try:
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except Exception:  # noqa: BLE001  # whatever a library makes of what a stranger sent
        raise _unreadable(field) from None
    if not book.worksheets:
        raise _unreadable(field)
    return book


def _unreadable(field: str) -> ValidationFailed:
    return ValidationFailed("El libro está dañado.", code="archivo_danado", field=field)


def rows(
    sheet: Any, *, max_rows: int = MAX_ROWS, max_columns: int = MAX_COLUMNS, field: str = "archivo"
) -> Iterator[tuple[Any, ...]]:
    """Yield the values of a sheet, row by row, without the empty cells at the end of each.

    A cell far away makes a library count all the way there: the limits end that.

    Raises:
        ValidationFailed: there are more rows or columns than the limits.
    """
    cells = sheet.iter_rows(values_only=True)
    number = 0
    while True:
        try:
            row = next(cells)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001  # a part that is read only now, and is damaged
            raise _unreadable(field) from None
        number += 1
        if number > max_rows:
            raise ValidationFailed(f"Tiene más de {max_rows} filas.", field=field)
        if len(row) > max_columns:
            raise ValidationFailed(f"Tiene más de {max_columns} columnas.", field=field)
        yield _trimmed(row)


def _trimmed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    end = len(row)
    while end and row[end - 1] is None:
        end -= 1
    return row[:end]
