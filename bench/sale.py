"""The sale: 5 lines, 1 payment, stock, movements, number, audit and outbox, at 1, 4 and 8 clients.

``python -m bench.sale [--quick]``. Each contestant has a database of its own in one cluster.
Afterwards every contestant's effects are counted: a sale that was written must have all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bench import company, contestants, product, race, report
from bench.contestants import Contestant, Driver, Http, Raw, Server
from bench.lab import Lab

MOST_CLIENTS = 8
BODIES = 200
SEED = 20_260_728
NAMES = ("raw", "andes", "django", "fastapi")
TARGETS = {"raw": 0.40, "django": 4.0, "fastapi": 3.0}


def main() -> None:
    """Run the benchmark from the command line."""
    parser = race.arguments(__doc__ or "", NAMES, seconds=1.5, quick=(2, 0.7, [1, 8]))
    parser.add_argument("--redis", action="store_true", help="give Andes a Redis")
    parser.add_argument("--jobs", type=int, default=0, help="job processes of Andes")
    chosen = race.chosen(parser)
    with Lab() as lab:
        ready = prepare(lab, chosen.only, redis=chosen.redis, jobs=chosen.jobs)
        run = race.Race(lab, ready, chosen.rounds, chosen.seconds)
        run.run(chosen.clients)
        written = check(lab, ready)
    run.show(f"Sale of {company.LINES} lines")
    report.say(f"Effects counted, whole: {', '.join(written)}")
    raise SystemExit(0 if run.judge(TARGETS) else 1)


def prepare(
    lab: Lab, names: Iterable[str], *, redis: bool = False, jobs: int = 0
) -> list[Contestant]:
    """Return the contestants, started, each on its own copy of the company."""
    product.make_template(lab)
    with lab.connection(product.TEMPLATE) as connection:
        company.fill(connection, MOST_CLIENTS)
        clients = company.clients_of(connection)
    requests = company.sale_requests(clients, SEED, BODIES)
    load = Driver(lab, "bench.load", "load")
    ready: list[Contestant] = []
    for name in names:
        lab.copy_database(name, product.TEMPLATE, product.OWNER)
        if name == "raw":
            dsn = lab.postgres.dsn(name, product.APPLICATION)
            acts = [_acts(client) for client in clients]
            ready.append(Raw(Driver(lab, "bench.raw", "raw"), dsn, "sale", acts))
        else:
            server = _start(lab, name, redis=redis, jobs=jobs)
            ready.append(Http(name, server, load, requests))
    return ready


def _start(lab: Lab, name: str, *, redis: bool, jobs: int) -> Server:
    if name == "django":
        return contestants.start_django(lab, name)
    if name == "fastapi":
        return contestants.start_fastapi(lab, name)
    address = (lab.redis() or "") if redis else ""
    return contestants.start_andes(lab, name, redis_url=address, job_processes=jobs)


def _acts(client: company.Client) -> list[dict[str, Any]]:
    """Return the raw statement's parameters for the bodies that the others are sent."""
    return [
        {
            "usuario": client.usuario_id,
            "caja": client.caja_id,
            "sucursal": client.sucursal_id,
            "serie": str(client.caja_id),
            "cliente": body["cliente_id"],
            "productos": [line["producto_id"] for line in body["detalle"]],
            "cantidades": [line["cantidad"] for line in body["detalle"]],
            "metodo": body["formas_pago"][0]["metodo"],
            "monto": body["formas_pago"][0]["monto"],
        }
        for body in company.bodies(client, SEED, BODIES)
    ]


def check(lab: Lab, ready: Sequence[Contestant]) -> list[str]:
    """Return how many sales each contestant wrote; each of them must be whole."""
    written = []
    for one in ready:
        with lab.connection(one.name) as connection:
            written.append(f"{one.name} {company.check_sales(connection, one.name):,}")
    return written


if __name__ == "__main__":
    main()
