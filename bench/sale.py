"""The sale: 5 lines, 1 payment, stock, movements, number, audit and outbox, at 1, 4 and 8 clients.

``python -m bench.sale [--quick]``. Contestants take turns within each round, each on a database of
its own in one cluster; a ratio is the median of the rounds' ratios. Afterwards every contestant's
effects are counted: a sale that was answered must have left all of them.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median


from bench import company, contestants, product, report
from bench.contestants import Contestant, Driver, Http, Raw, Server, metered
from bench.lab import Lab
from bench.load import Measured

MOST_CLIENTS = 8
BODIES = 200
SEED = 20_260_728
NAMES = ("raw", "andes", "django", "fastapi")
TARGETS = {"raw": 0.40, "django": 4.0, "fastapi": 3.0}

Results = dict[int, dict[str, list[Measured]]]


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short form, at most 30 s")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="per contestant and round")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--redis", action="store_true", help="give Andes a Redis")
    parser.add_argument("--jobs", type=int, default=0, help="job processes of Andes")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rounds, chosen.seconds, chosen.clients = 2, 0.8, [1, 8]
    with Lab() as lab:
        ready = prepare(lab, chosen.only, redis=chosen.redis, jobs=chosen.jobs)
        results = rounds(lab, ready, chosen.clients, chosen.rounds, chosen.seconds)
        written = check(lab, ready)
    show(results, chosen.only)
    report.say(f"Effects counted, whole: {', '.join(written)}")
    raise SystemExit(0 if judge(results) else 1)


def prepare(lab: Lab, names: Iterable[str], *, redis: bool, jobs: int) -> list[Contestant]:
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


def _acts(client: company.Client) -> list[dict[str, object]]:
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


def rounds(
    lab: Lab, ready: Sequence[Contestant], clients: Sequence[int], count: int, seconds: float
) -> Results:
    """Return what each round measured; who begins changes from round to round."""
    results: Results = {}
    for number in clients:
        found: dict[str, list[Measured]] = defaultdict(list)
        for turn in range(count):
            first = turn % len(ready)
            for one in [*ready[first:], *ready[:first]]:
                measured = metered(lab, one, number, seconds)
                found[one.name].append(measured)
                _complain(one.name, measured)
        results[number] = found
        rates = "  ".join(
            f"{one.name} {median(m.rate for m in found[one.name]):,.0f}/s" for one in ready
        )
        report.say(f"{number} clients: {rates}")
    return results


def _complain(name: str, measured: Measured) -> None:
    bad = {status: n for status, n in measured.statuses.items() if not status.startswith("2")}
    if bad:
        report.say(f"{name}: {bad}", *measured.faults[:1])


def check(lab: Lab, ready: Sequence[Contestant]) -> list[str]:
    """Return how many sales each contestant wrote; each of them must be whole."""
    written = []
    for one in ready:
        with lab.connection(one.name) as connection:
            written.append(f"{one.name} {company.check_sales(connection, one.name):,}")
    return written


def show(results: Results, names: Sequence[str]) -> None:
    """Print the table: medians over the rounds, latencies over all of them."""
    report.say("", f"Sale of {company.LINES} lines, {report.machine()}")
    rows = []
    for clients, found in results.items():
        for name in names:
            rounds_of = found[name]
            latencies = [value for one in rounds_of for value in one.latencies]
            rates = [one.rate for one in rounds_of]
            rows.append(
                (
                    f"{clients} × {name}",
                    median(rates),
                    f"{min(rates):,.0f} to {max(rates):,.0f}",
                    report.percentile(latencies, 0.5) * 1000,
                    report.percentile(latencies, 0.95) * 1000,
                    _ratio(found, name),
                    _milliseconds(rounds_of, "server_cpu"),
                    _milliseconds(rounds_of, "postgres_cpu"),
                    f"{median(one.client_share for one in rounds_of):.0%}",
                )
            )
    head = (
        *("clients", "sales/s", "rounds", "p50 ms", "p95 ms", "Andes is ×"),
        *("server ms", "PostgreSQL ms", "client CPU"),
    )
    report.table(head, rows)


def _milliseconds(rounds_of: Sequence[Measured], what: str) -> str:
    """Return the CPU of one sale in milliseconds, over all rounds."""
    done = sum(one.done for one in rounds_of)
    return f"{sum(getattr(one, what) for one in rounds_of) / done * 1000:.2f}" if done else ""


def _ratio(found: dict[str, list[Measured]], name: str) -> float | None:
    if "andes" not in found or name == "andes":
        return None
    ours = [one.rate for one in found["andes"]]
    return report.median_ratio(ours, [one.rate for one in found[name]])


def judge(results: Results) -> bool:
    """Print each target with what was reached at the most clients; return whether all were met."""
    found = results[max(results)]
    well = True
    for name, least in TARGETS.items():
        ratio = _ratio(found, name) if name in found else None
        if ratio is not None:
            well &= report.verdict(f"Andes over {name}, {max(results)} clients", ratio, least)
    return well




if __name__ == "__main__":
    main()
