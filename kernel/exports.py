"""Rows as files: CSV and XLSX in which no cell can start a formula.

Numbers stay numbers: only texts are marked, with an apostrophe that a spreadsheet shows. In CSV a
text that would begin a cell under another separator (``a;=1+1`` where ``;`` separates) is marked
inside as well. Source: OWASP ASVS 5.0, 1.2.10, 2.4.1.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic_core import to_json

from kernel import downloads
from kernel.answers import Outcome
from kernel.errors import Unavailable, Unprocessable
from kernel.throttle import Limit

if TYPE_CHECKING:
    from kernel.context import Ctx

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS = 100_000
STATUSES = (422, 429, 503)
"""What ``whole`` and ``turn`` may answer besides the file."""

Row = TypeVar("Row")

_AT_ONCE = 2
_making = threading.BoundedSemaphore(_AT_ONCE)
_SIGNS = "=+\\-@＝＋－＠﹢﹣﹦﹫−"
_UNSEEN = r"\s\x00-\x1f\x7f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_DANGEROUS = re.compile(rf"[\t\r\n]|[{_UNSEEN}]*[{_SIGNS}]")
_AFTER_SEPARATOR = re.compile(rf"([;\t\r\n|])(?=[{_UNSEEN}]{{0,20}}[{_SIGNS}])")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LONGEST_CELL = 32_767


def safe_cell(value: Any) -> Any:
    """Return a value that a spreadsheet shows as it is: text never starts a formula."""
    if isinstance(value, str) and _DANGEROUS.match(value):
        return "'" + value
    return value


def unmarked(text: str) -> str:
    """Return a cell of a file of ours as it was before ``safe_cell``, for who sends it back."""
    rest = text.removeprefix("'")
    return rest if rest != text and _DANGEROUS.match(rest) else text


@contextlib.contextmanager
def turn(ctx: Ctx) -> Iterator[None]:
    """Let a file of many rows be made: so many a minute for each user, few at once in a process.

    Raises:
        TooManyAttempts: the user had EXPORTS_PER_MINUTE files made.
        Unavailable: others are being made, and the rest of the process must go on.
    """
    if not _making.acquire(blocking=False):
        raise Unavailable("Se están preparando otros archivos; intente de nuevo.", retry_after=5)
    try:
        if ctx.user is not None:
            times = ctx.runtime.settings.exports_per_minute
            ctx.runtime.throttle.admit(Limit("exportar", times), f"usuario {ctx.user.id}")
        yield
    finally:
        _making.release()


def whole(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows of a file.

    Raises:
        Unprocessable: there are more than ``MAX_ROWS``.
    """
    for number, row in enumerate(rows):
        if number >= MAX_ROWS:
            raise Unprocessable(
                f"La lista pasa de {MAX_ROWS} filas; fíltrela, por ejemplo por fechas.",
                code="archivo_demasiado_largo",
            )
        yield row


def file(name: str, form: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Outcome:
    """Return a download of the rows; ``form`` is ``csv`` or ``xlsx``."""
    body, media = (_xlsx(columns, rows), XLSX) if form == "xlsx" else (_csv(columns, rows), CSV)
    return Outcome(200, body, media, downloads.headers(f"{name}.{form}"))


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_text(name) for name in columns])
    for row in rows:
        writer.writerow([_text(value) for value in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8")


def _text(value: Any) -> Any:
    if isinstance(value, dict | list):
        value = to_json(value).decode()
    if isinstance(value, str):
        return _AFTER_SEPARATOR.sub(r"\1'", safe_cell(value))
    return value.isoformat() if isinstance(value, datetime) else value


def _xlsx(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    from openpyxl import Workbook  # 0.3 s to import, and only exports need it

    book = Workbook(write_only=True)
    target = io.BytesIO()
    try:
        _fill(book.create_sheet(), columns, rows)
    finally:
        book.save(target)  # also where the rows end in an error: it closes what openpyxl opened
    return target.getvalue()


def _fill(sheet: Any, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    from openpyxl.cell import WriteOnlyCell

    sheet.append(list(columns))
    for row in rows:
        cells = []
        for value in row:
            plain = _plain(value)
            cell = WriteOnlyCell(sheet, plain)
            if isinstance(plain, str):
                cell.data_type = "s"
                cell.quotePrefix = _DANGEROUS.match(plain) is not None
            cells.append(cell)
        sheet.append(cells)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, Decimal | int | float) or value is None:
        return value
    text = to_json(value).decode() if isinstance(value, dict | list) else str(value)
    return _UNPRINTABLE.sub("", text)[:_LONGEST_CELL] or None
