"""Reports: rows with typed columns, asked for by permission, as JSON, CSV, XLSX or PDF."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, create_model

from kernel import exports, pdf, sheets
from kernel.answers import Outcome
from kernel.errors import Unprocessable
from kernel.http import Endpoint
from kernel.schemas import Day
from kernel.sheets import Table as Table  # its usual address

if TYPE_CHECKING:
    from kernel.context import Ctx


Format = Literal["json", "csv", "xlsx", "pdf"]


class Period(BaseModel):
    """The days a report covers, both included, in the company's time zone."""

    model_config = ConfigDict(extra="forbid")

    desde: Day | None = None
    hasta: Day | None = None


class ReportAnswer(BaseModel):
    """A report as JSON: one object per row, and the totals."""

    items: list[dict[str, Any]]
    totales: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """A report at ``/api/reportes/<name>/``; ``run(ctx, parameters)`` returns its table."""

    name: str
    title: str
    permission: str
    run: Callable[[Ctx, Any], Table]
    parameters: type[BaseModel] = Period


def endpoint_of(report: Report) -> Endpoint:
    """Return ``GET /api/reportes/<name>/``: the report's parameters plus ``formato``."""
    query = create_model(
        f"Reporte{report.name.title().replace('-', '')}",
        __base__=report.parameters,
        formato=(Format, "json"),
    )

    def run(ctx: Ctx, query: Any) -> Any:
        _check_order(query)
        if query.formato == "pdf":
            return _pdf(ctx, report, query)
        if query.formato != "json":
            with exports.turn(ctx):
                table = report.run(ctx, query)
                return exports.file(report.name, query.formato, table.columns, table.rows)
        table = report.run(ctx, query)
        items = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        return ReportAnswer(items=items, totales=table.totals)

    run.__name__ = f"reporte_{report.name.replace('-', '_')}"
    return Endpoint(
        "GET",
        f"/api/reportes/{report.name}/",
        run,
        permission=report.permission,
        query=query,
        schema_name="query",
        answer=ReportAnswer,
        files=(exports.CSV, exports.XLSX, pdf.MEDIA),
        statuses=exports.STATUSES,
        summary=report.title,
    )


def _pdf(ctx: Ctx, report: Report, query: Any) -> Outcome:
    table = report.run(ctx, query)
    asked = query.model_dump(exclude={"formato"}, exclude_none=True)
    moment = ctx.now.astimezone(ctx.time_zone)
    page = sheets.page(report.title, asked, table.printed(), moment)
    return pdf.download(ctx, report.name, page, css=sheets.CSS)


def _check_order(query: BaseModel) -> None:
    """Refuse a period that ends before it begins."""
    if isinstance(query, Period) and query.desde and query.hasta and query.hasta < query.desde:
        raise Unprocessable("El periodo termina antes de empezar.", field="hasta")
