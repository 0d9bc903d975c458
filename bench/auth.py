"""Signing in: what the full check of a request (token, session, permission, scope) costs a list.

``python -m bench.auth [--quick]``. One server offers the first page of a customer's sales, 50 rows,
twice: as the product does, and at an address that anybody may read, where the same row rules hold
for a user whom nobody identified. Both take turns.
"""

from __future__ import annotations

from bench import company, contestants, product, race, report
from bench.addons.unguarded.routes import PATH
from bench.contestants import Contestant, Driver, Http
from bench.lab import Lab
from bench.list import CUSTOMERS, PAGE
from bench.load import request

DATABASE = "shop"
MOST_CLIENTS = 8
SALES = 100_000
NAMES = ("andes", "unchecked")
MOST = 0.15
"""Share of a list's time that the check may take."""


def main() -> None:
    """Run the benchmark from the command line."""
    parser = race.arguments(__doc__ or "", NAMES, seconds=1.2, quick=(5, 0.7, [1, 8]))
    chosen = race.chosen(parser)
    with Lab() as lab:
        run = race.Race(lab, prepare(lab), chosen.rounds, chosen.seconds)
        run.run(chosen.clients)
    run.show(f"First page of {PAGE} sales with the full check and with none")
    costs = [1 - (run.ratio(number, "unchecked") or 0.0) for number in chosen.clients]
    verdicts = [
        report.verdict(f"share of the check, {number} clients", cost, most=MOST)
        for number, cost in zip(chosen.clients, costs, strict=True)
    ]
    raise SystemExit(0 if all(verdicts) else 1)


def prepare(lab: Lab) -> list[Contestant]:
    """Return the two addresses of one server, on one company with its history."""
    product.make_template(lab, ("sales", "inventory", "unguarded"))
    with lab.connection(product.TEMPLATE) as connection:
        company.fill(connection, MOST_CLIENTS)
        company.fill_sales(connection, SALES)
        clients = company.clients_of(connection)
    lab.copy_database(DATABASE, product.TEMPLATE, product.OWNER)
    server = contestants.start_andes(lab, DATABASE)
    load = Driver(lab, "bench.load", "load")
    paths = {"andes": "/api/ventas/", "unchecked": PATH}
    return [
        Http(name, server, load, [_requests(path, one.token) for one in clients])
        for name, path in paths.items()
    ]


def _requests(path: str, token: str) -> list[str]:
    wanted = range(1, CUSTOMERS + 1)
    return [request("GET", f"{path}?cliente_id={one}&limit={PAGE}", token) for one in wanted]


if __name__ == "__main__":
    main()
