"""Reports: one declaration, three forms, its own permission, the company's days."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook
from starlette.testclient import TestClient

from addons.sales.schemas import VentaNueva
from addons.sales.services import ventas
from kernel import pdf, processes, reports, sheets
from kernel.context import Ctx
from kernel.errors import Unprocessable
from kernel.identity import Identity
from kernel.registry import Registry
from kernel.reports import Period, Report, Table
from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.shop import PASSWORD, Shop, abrir_caja

DIARIAS = "/api/reportes/ventas-diarias/"


def write_sales(runtime: Runtime, shop: Shop, caja: int, moments: list[datetime]) -> None:
    """Write a sale of 47.20 at each moment."""
    cajero = Identity(shop.usuarios["cajero"], "", "", 1, "CAJERO", 1)

    def work(ctx: Ctx, moment: datetime) -> None:
        ctx.now = moment
        ventas.registrar_venta(ctx, VentaNueva.model_validate(shop.venta(caja)))

    for moment in moments:
        runtime.transact(lambda ctx, at=moment: work(ctx, at), user=cajero)


MOMENTS = [
    datetime(2026, 7, 27, 4, 59, tzinfo=UTC),  # the 26th in Lima, a minute before midnight
    datetime(2026, 7, 27, 5, 0, tzinfo=UTC),
    datetime(2026, 7, 28, 4, 59, tzinfo=UTC),
    datetime(2026, 7, 28, 5, 0, tzinfo=UTC),
]
DAYS = [("26", 1, "40.00", "7.20", "47.20"), ("27", 2, "80.00", "14.40", "94.40")]
DAYS += [("28", 1, "40.00", "7.20", "47.20")]
ROWS = [
    {
        "fecha": f"2026-07-{day}",
        "ventas": sales,
        "subtotal": subtotal,
        "igv": igv,
        "total": total,
        "devoluciones": "0.00",
    }
    for day, sales, subtotal, igv, total in DAYS
]


@pytest.fixture
def gerente(connect: Connect, runtime: Runtime, shop: Shop) -> TestClient:
    """A manager's client of a shop that sold around midnight on three days."""
    write_sales(runtime, shop, abrir_caja(connect("cajero"), shop), MOMENTS)
    return connect("gerente")


def test_ventas_diarias_counts_the_companys_days(gerente: TestClient) -> None:
    answer = gerente.get(f"{DIARIAS}?desde=2026-07-01&hasta=2026-07-31")
    totals = {"ventas": 4, "subtotal": "160.00", "igv": "28.80", "total": "188.80"}
    assert answer.json() == {"items": ROWS, "totales": totals | {"devoluciones": "0.00"}}


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("desde=2026-07-27&hasta=2026-07-27", ROWS[1:2]),
        ("desde=2026-07-27&hasta=2026-07-28", ROWS[1:]),
        ("hasta=2026-07-26&desde=2026-07-01", ROWS[:1]),
        ("desde=2026-08-01&hasta=2026-08-31", []),
        ("desde=1900-01-01&hasta=2999-12-31", ROWS),
    ],
)
def test_ventas_diarias_of_a_period_has_both_ends(
    gerente: TestClient, query: str, days: list[dict[str, Any]]
) -> None:
    answer = gerente.get(f"{DIARIAS}?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"] == days


def test_ventas_diarias_as_files_have_the_same_rows(gerente: TestClient) -> None:
    query = "desde=2026-07-01&hasta=2026-07-31"
    text = gerente.get(f"{DIARIAS}?{query}&formato=csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["total"] for row in rows] == ["47.20", "94.40", "47.20"]
    answer = gerente.get(f"{DIARIAS}?{query}&formato=xlsx")
    assert "ventas-diarias.xlsx" in answer.headers["content-disposition"]
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    totals = [row[4] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert totals == [47.2, 94.4, 47.2]


def test_ventas_diarias_as_pdf_is_made_by_a_process_of_its_own(gerente: TestClient) -> None:
    lack = pdf.missing()
    answer = gerente.get(f"{DIARIAS}?desde=2026-07-01&hasta=2026-07-31&formato=pdf")
    if lack is not None:
        assert (answer.status_code, lack in answer.json()["detail"]) == (503, True)
        return
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert "ventas-diarias.pdf" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"%PDF-")


def test_page_of_a_table_escapes_what_people_wrote() -> None:
    rows = [("<b>Ana</b>", Decimal("1234.50"), None, True)]
    table = Table(("razon_social", "total", "nada", "activo"), rows, {"total": Decimal("1234.50")})
    page = sheets.page("Ventas & más", {"q": "<i>"}, table, MOMENTS[0])
    assert "<b>Ana" not in page
    assert "<i>" not in page
    assert "<td>&lt;b&gt;Ana&lt;/b&gt;</td>" in page
    assert '<td class="number">1,234.50</td><td></td><td>Sí</td>' in page
    assert "Ventas &amp; más" in page
    assert "Razon social" in page
    assert "landscape" not in page
    wide = Table(tuple(f"igv_{number}" for number in range(9)), [])
    page = sheets.page("Ancha", {}, wide, MOMENTS[0])
    assert "landscape" in page
    assert "<th>IGV 8</th>" in page
    long = Table(("n",), [(1,)] * (sheets.MAX_ROWS + 1))
    with pytest.raises(Unprocessable):
        sheets.page("Ventas", {}, long, MOMENTS[0])


def test_ventas_diarias_of_bad_parameters_names_them(gerente: TestClient) -> None:
    query = "desde=ayer&hasta=0&formato=doc&mes=7"
    answer = gerente.get(f"{DIARIAS}?{query}")
    assert answer.status_code == 400
    fields = {one["field"] for one in answer.json()["errors"]}
    assert fields == {"desde", "hasta", "formato", "mes"}
    for day in ("9999-12-31", "0001-01-01", "2026-02-30", "2026-7-1", "20260701", "1751328000"):
        assert gerente.get(f"{DIARIAS}?hasta={day}").status_code == 400, day


def test_ventas_diarias_of_a_period_that_ends_before_it_begins_is_a_422(
    gerente: TestClient,
) -> None:
    answer = gerente.get(f"{DIARIAS}?desde=2026-07-02&hasta=2026-07-01")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "hasta")


def test_ventas_diarias_needs_its_permission(connect: Connect) -> None:
    assert connect("cajero").get(DIARIAS).status_code == 403
    assert connect("contador").get(DIARIAS).status_code == 200
    assert connect("").get(DIARIAS).status_code == 401


def test_report_of_an_addon_is_an_address_of_its_own(registry: Registry, runtime: Runtime) -> None:
    def run(ctx: Ctx, period: Period) -> Table:
        return Table(("mes", "monto"), [("=1+1", Decimal("1.50"))], {"monto": Decimal("1.50")})

    report = Report("mi-reporte", "Mi reporte", "reportes_ventas.ver", run)
    endpoint = reports.endpoint_of(report).owned_by("pruebas")
    assert (endpoint.method, endpoint.path) == ("GET", "/api/reportes/mi-reporte/")
    runtime.registry = replace(registry, endpoints=(*registry.endpoints, endpoint))
    with TestClient(processes.web_app(runtime)) as client:
        body = {"email": "admin@tienda.pe", "password": PASSWORD}
        access = client.post("/api/auth/login/", json=body).json()["access"]
        client.headers["Authorization"] = f"Bearer {access}"
        assert client.get(endpoint.path).json() == {
            "items": [{"mes": "=1+1", "monto": "1.50"}],
            "totales": {"monto": "1.50"},
        }
        assert "'=1+1,1.50" in client.get(f"{endpoint.path}?formato=csv").text
