"""A list as a PDF: its columns, filters and order as they are on the page, on as many sheets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from kernel import cells, pdf, sheets, translations
from kernel.answers import Outcome
from kernel.cells import Drawn, Painter
from kernel.context import Ctx
from kernel.errors import Forbidden, Unprocessable
from kernel.page import Asked, fetch
from kernel.sheets import Table
from kernel.views import ListView
from kernel.web_listed import Listed
from kernel.web_seen import may

MAX_ROWS = 1000
"""Rows of a list on paper; more are for a spreadsheet."""
PER_PAGE = 200


def print_list(ctx: Ctx, view: ListView, asked: Asked) -> Outcome:
    """Return the PDF of what a list's filters find.

    Raises:
        Forbidden: the user may not have the list as a file.
        Unprocessable: it has more than ``MAX_ROWS`` rows.
        PdfRefused, Unavailable, TooManyAttempts: see ``pdf.download``.
    """
    if not may(ctx, "GET", f"{view.resource}exportar/"):
        raise Forbidden("Su rol no puede llevarse esta lista como archivo.")
    listed = Listed(ctx, view, asked, limit=1)
    items = list(_rows(ctx, listed))
    painter = Painter(listed.how, cells.names(ctx, listed.columns, items))
    rows = [tuple(_cell(painter, one, item) for one in listed.columns) for item in items]
    heads = tuple(translations.translate(one.label) for one in listed.columns)
    sums = {
        translations.translate(one.label): sum(cells.exact(item.get(one.name)) for item in items)
        for one in listed.columns
        if one.total
    }
    told = {translations.translate("Filtros"): ", ".join(one.label for one in listed.facets.chips)}
    moment = ctx.now.astimezone(ctx.time_zone)
    page = sheets.page(
        translations.translate(view.title),
        told if listed.facets.chips else {},
        Table(heads, rows, sums),
        moment,
    )
    return pdf.download(ctx, view.resource.strip("/").rpartition("/")[2], page, css=sheets.CSS)


def _rows(ctx: Ctx, listed: Listed) -> Iterator[Mapping[str, Any]]:
    """Yield what the list's query finds, page by page."""
    names = ",".join(dict.fromkeys(["id", *(one.name for one in listed.columns)]))
    more = {"limit": str(PER_PAGE), "fields": names}
    known = {name: value for name, value in more.items() if name in listed.known}
    count, following = 0, ""
    while True:
        query = listed.query(**known, **({"next": following} if following else {}))
        answer = fetch(ctx, listed.view.resource, query)
        items = answer["items"] if isinstance(answer, dict) else answer
        count += len(items)
        following = (answer.get("next") or "") if isinstance(answer, dict) else ""
        if count > MAX_ROWS or (following and count >= MAX_ROWS):
            raise Unprocessable(
                f"La lista pasa de {MAX_ROWS} filas; fíltrela, o llévesela como XLSX.",
                code="archivo_demasiado_largo",
            )
        yield from items
        if not following:
            return


def _cell(painter: Painter, column: Drawn, item: Mapping[str, Any]) -> Any:
    value = item.get(column.name)
    if value is None:
        return ""
    if column.widget in ("money", "price", "number"):
        digits = painter.how.digits if column.widget == "money" else 2
        return _rounded(cells.exact(value), digits)
    if column.widget == "flag":
        return bool(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else painter.said(column, value)


def _rounded(value: Decimal, least: int) -> Decimal:
    """Return a number with no more decimals than it has, but ``least``."""
    plain = value.normalize()
    digits = max(least, -int(plain.as_tuple().exponent))
    return plain.quantize(Decimal(1).scaleb(-digits))
