"""A list: the second page, by key, of a customer's sales, 50 out of 1,000,000.

``python -m bench.list [--quick]``. Everybody reads the same database; the second page is asked for
with the cursor that each contestant's own first page gave. Two raw limits, without HTTP: ``rows``
is one prepared SELECT whose rows are fetched as Python values; ``raw`` also makes the page of them,
as JSON bytes, which is what everybody else answers with.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Sequence
from typing import Any

from bench import company, contestants, product, race
from bench.contestants import Contestant, Driver, Http, Raw, Server
from bench.lab import Lab, LabError
from bench.load import request

DATABASE = "shop"
MOST_CLIENTS = 8
CUSTOMERS = 40
NAMES = ("rows", "raw", "andes", "django", "fastapi")
TARGETS = {"raw": 0.35, "django": 3.0}
SALES = 1_000_000
QUICK_SALES = 200_000
PAGE = 50


def main() -> None:
    """Run the benchmark from the command line."""
    parser = race.arguments(__doc__ or "", NAMES, seconds=1.2, quick=(2, 0.7, [1, 8]))
    parser.add_argument("--sales", type=int, help=f"default {SALES:,}; quick {QUICK_SALES:,}")
    chosen = race.chosen(parser)
    sales = chosen.sales or (QUICK_SALES if chosen.quick else SALES)
    with Lab() as lab:
        ready = prepare(lab, chosen.only, sales)
        run = race.Race(lab, ready, chosen.rounds, chosen.seconds)
        run.run(chosen.clients)
    run.show(f"List of {PAGE} out of {sales:,} sales, second page of one customer")
    raise SystemExit(0 if run.judge(TARGETS) else 1)


def prepare(lab: Lab, names: Iterable[str], sales: int) -> list[Contestant]:
    """Return the contestants, started, on one company with its history."""
    product.make_template(lab)
    with lab.connection(product.TEMPLATE) as connection:
        company.fill(connection, MOST_CLIENTS)
        company.fill_sales(connection, sales)
        clients = company.clients_of(connection)
    lab.copy_database(DATABASE, product.TEMPLATE, product.OWNER)
    load = Driver(lab, "bench.load", "load")
    ready: list[Contestant] = []
    for name in names:
        if name in ("rows", "raw"):
            dsn = lab.postgres.dsn(DATABASE, product.APPLICATION)
            driver = Driver(lab, "bench.raw", name)
            acts = [_acts(lab)] * len(clients)
            ready.append(Raw(driver, dsn, "list", acts, name=name, as_json=name == "raw"))
        else:
            server = _start(lab, name)
            ready.append(Http(name, server, load, [_pages(server, one) for one in clients]))
    return ready


def _start(lab: Lab, name: str) -> Server:
    if name == "django":
        return contestants.start_django(lab, DATABASE)
    if name == "fastapi":
        return contestants.start_fastapi(lab, DATABASE)
    return contestants.start_andes(lab, DATABASE)


def _acts(lab: Lab) -> list[dict[str, Any]]:
    """Return the raw statement's parameters: the last id of each customer's first page."""
    query = b"SELECT id FROM ventas WHERE cliente_id = %s ORDER BY id DESC LIMIT 1 OFFSET 49"
    acts = []
    with lab.connection(DATABASE) as connection:
        for customer in range(1, CUSTOMERS + 1):
            row = connection.execute(query, [customer]).fetchone()
            assert row is not None
            acts.append({"cliente": customer, "antes": row[0]})
    return acts


def _pages(server: Server, client: company.Client) -> Sequence[str]:
    """Return the requests for second pages, with cursors from this server's first pages."""
    requests = []
    for customer in range(1, CUSTOMERS + 1):
        path = f"/api/ventas/?cliente_id={customer}&limit={PAGE}"
        first = _get(server, path, client.token)
        second_path = f"{path}&next={first['next']}"
        second = _get(server, second_path, client.token)
        ids = [one["id"] for one in [*first["items"], *second["items"]]]
        if len(ids) != 2 * PAGE or ids != sorted(set(ids), reverse=True):
            raise LabError(f"{path}: the pages do not follow each other")
        requests.append(request("GET", second_path, client.token))
    return requests


def _get(server: Server, path: str, token: str) -> Any:
    asked = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main()
