"""Sheets: a table as a page to be printed. Pure: rows in, HTML out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

from kernel.errors import Unprocessable

WIDE = 7
"""From so many columns on, the page lies on its side."""
ACRONYMS = frozenset({"id", "igv", "ruc", "sku"})
MAX_ROWS = 5000
"""Rows of a page to be printed; more are for a spreadsheet."""

CSS = """
@page { margin: 18mm 14mm; @bottom-right { content: counter(page) " / " counter(pages);
        font: 8pt sans-serif; color: #666; } }
body { font: 9pt/1.35 "DejaVu Sans", sans-serif; color: #1b1b1b; }
h1 { font-size: 15pt; margin: 0 0 1mm; } p { margin: 0 0 4mm; color: #555; }
table { border-collapse: collapse; width: 100%; } thead { display: table-header-group; }
th { text-align: left; border-bottom: 0.4mm solid #333; padding: 1mm 1.5mm; }
td { border-bottom: 0.1mm solid #ccc; padding: 0.8mm 1.5mm; } tr { break-inside: avoid; }
.number { text-align: right; white-space: nowrap; }
.totals { margin: 5mm 0 0 auto; width: auto; font-weight: bold; } .totals td { border: 0; }
"""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with named columns, and their totals."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    totals: dict[str, Any] = field(default_factory=dict)
    unprinted: frozenset[str] = frozenset()
    """Columns for machines, which no sheet shows."""

    def printed(self) -> Table:
        """Return the table without what is for machines."""
        shown = [n for n, name in enumerate(self.columns) if name not in self.unprinted]
        names = tuple(self.columns[n] for n in shown)
        return Table(names, [[row[n] for n in shown] for row in self.rows], self.totals)


def page(title: str, asked: Mapping[str, Any], table: Table, moment: datetime) -> str:
    """Return the HTML of a table: what was asked, the rows, the totals, when it was made.

    Raises:
        Unprocessable: there are more than ``MAX_ROWS`` rows.
    """
    rows = table.rows
    if len(rows) > MAX_ROWS:
        raise Unprocessable(
            f"El reporte pasa de {MAX_ROWS} filas; pida menos, o un XLSX.",
            code="archivo_demasiado_largo",
        )
    facts = [f"{label(name)}: {as_text(value)}" for name, value in asked.items()]
    facts.append(f"Emitido el {moment:%d/%m/%Y %H:%M}")
    head = "".join(
        f"<th{_kind(rows, n)}>{label(name)}</th>" for n, name in enumerate(table.columns)
    )
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    sums = "".join(map(_sum, table.totals, table.totals.values()))
    return (
        f'<html lang="es"><head><title>{escape(title)}</title>{_side(table)}</head>'
        f"<body><h1>{escape(title)}</h1>"
        f"<p>{' · '.join(facts)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        f'</table><table class="totals">{sums}</table></body></html>'
    )


def _side(table: Table) -> str:
    wide = len(table.columns) >= WIDE
    return "<style>@page { size: A4 landscape }</style>" if wide else ""


def label(name: str) -> str:
    """Return a column's name as people read it."""
    words = [word.upper() if word in ACRONYMS else word for word in name.split("_")]
    return escape(" ".join([words[0][:1].upper() + words[0][1:], *words[1:]]))


def as_text(value: Any) -> str:
    """Return a value as people read it, fit for HTML."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Sí" if value else "No"
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, datetime):
        return f"{value:%d/%m/%Y %H:%M}"
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else escape(str(value))


def _cell(value: Any) -> str:
    kind = ' class="number"' if _is_number(value) else ""
    return f"<td{kind}>{as_text(value)}</td>"


def _sum(name: str, value: Any) -> str:
    return f'<tr><td>{label(name)}</td><td class="number">{as_text(value)}</td></tr>'


def _kind(rows: Sequence[Sequence[Any]], number: int) -> str:
    return ' class="number"' if rows and _is_number(rows[0][number]) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
