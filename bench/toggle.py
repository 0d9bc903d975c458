"""Addons switched under load: two hosts, eight clients, no failed request.

``python -m bench.toggle [--switches 20]``. Two supervisors with two web and one job process each
serve one PostgreSQL; eight clients, four a host, sell and look things up without pause and repeat
nothing. Meanwhile an administrator installs, disables, enables and purges an addon with tables,
foreign keys to tables in use, a column on ``clientes``, a subscriber of each sale and jobs.
"""

from __future__ import annotations

import argparse
import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any

import psycopg

from bench import company, product, report
from bench.lab import Lab, free_port, wait_for
from bench.toggle_clients import Person
from kernel.tokens import TokenSigner

DATABASE = "toggle"
CLIENTS = 8
HOSTS = 2
CYCLE = ("install", "disable", "enable", "purge")
CHANGE_SECONDS = 120.0
DRAIN_SECONDS = 60.0
SLOWEST, ACKNOWLEDGED = 2.0, 10.0

ADMIN = """
INSERT INTO usuarios (nombre, email, password_hash, rol_id)
SELECT 'Administrador', 'admin@example.pe', 'x', id FROM roles WHERE nombre = 'ADMIN';
INSERT INTO sesiones (usuario_id, token_jti, expires_at)
SELECT id, 'bench-admin', now() + interval '1 day' FROM usuarios WHERE email = 'admin@example.pe'
"""
PENDING = "SELECT count(*) FROM andes_jobs WHERE status IN ('queued', 'running')"


@dataclass
class Switch:
    """A change of an addon: its action, its generation, and the seconds of its parts."""

    action: str
    generation: int
    expanded: float = 0.0
    """Until its tables were made and processes began to be replaced."""
    acknowledged: float = 0.0
    """From then on, until every process of every host served the new generation and it alone."""
    done: float = 0.0
    error: str = ""


@dataclass
class Outcome:
    """What the run showed."""

    people: list[Person]
    switches: list[Switch] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """How many requests were answered."""
        return sum(len(one.seconds) for one in self.people)

    @property
    def failures(self) -> list[str]:
        """What was not answered as it should be."""
        return [f"{f.what}: {f.why}" for one in self.people for f in one.failures]


def main() -> None:
    """Run from the command line; exit code 1 when a figure falls short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--switches", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="four switches")
    parser.add_argument("--untimed", action="store_true", help="times are told, and judge nothing")
    chosen = parser.parse_args()
    with Lab() as lab:
        ports, token = start(lab)
        outcome = run(lab, ports, token, 4 if chosen.quick else chosen.switches, chosen.seed)
        outcome.violations += check(lab, outcome)
    raise SystemExit(0 if show(outcome, timed=not chosen.untimed) else 1)


def start(lab: Lab) -> tuple[list[int], str]:
    """Start both hosts; return their ports and an administrator's token."""
    product.make_template(lab, ("sales", "inventory", "chaos"))
    with lab.connection(product.TEMPLATE) as connection:
        company.fill(connection, CLIENTS)
        for statement in ADMIN.split(";"):
            connection.execute(statement.encode())
    lab.copy_database(DATABASE, product.TEMPLATE, product.OWNER)
    redis_url = lab.redis() or ""
    ports = [free_port() for _ in range(HOSTS)]
    for number, port in enumerate(ports):
        found = product.settings(
            lab,
            DATABASE,
            port=port,
            redis_url=redis_url,
            web_processes=2,
            job_processes=1,
            data_dir=lab.folder / f"host-{number}",
            storage_url=f"file://{lab.folder}/files",
        )
        product.start(lab, found, f"host-{number}")
    signer = TokenSigner.from_secrets([company.SECRET], issuer="andes", audience="andes")
    with lab.connection(DATABASE) as connection:
        row = connection.execute("SELECT id FROM usuarios WHERE email = 'admin@example.pe'")
        (user,) = row.fetchone() or (0,)
    return ports, signer.issue("access", user, "bench-admin", company.TOKEN_SECONDS)


def run(lab: Lab, ports: Sequence[int], token: str, switches: int, seed: int) -> Outcome:
    """Return what happened while addons were switched under load."""
    with lab.connection(DATABASE) as connection:
        clients = company.clients_of(connection)[:CLIENTS]
    people = [Person(client, ports[number % HOSTS], seed) for number, client in enumerate(clients)]
    outcome = Outcome(people)
    for one in people:
        one.start()
    try:
        time.sleep(1.0)
        for number in range(switches):
            action = CYCLE[number % len(CYCLE)]
            switch = change(ports[number % HOSTS], token, action)
            outcome.switches.append(switch)
            report.say(
                f"{number + 1:>3} {action:<8} generation {switch.generation}: tables after "
                f"{switch.expanded:.1f} s, acknowledged {switch.acknowledged:.1f} s later, "
                f"done after {switch.done:.1f} s {switch.error}"
            )
            if switch.error:
                outcome.violations.append(f"{action}: {switch.error}")
        time.sleep(1.0)
    finally:
        for one in people:
            one.stop()
    for one in people:
        one.join()
    return outcome


def change(port: int, token: str, action: str) -> Switch:
    """Ask for a change and follow it to its end."""
    body = {"confirm": "toggle"} if action == "purge" else {}
    asked = call(port, token, f"/api/addons/toggle/{action}/", body)
    if "generation" not in asked:
        return Switch(action, 0, error=str(asked))
    address = f"/api/generations/{asked['generation']}/"
    found: dict[str, Any] = {}
    began, expanded = time.monotonic(), 0.0

    def ended() -> bool:
        nonlocal expanded
        time.sleep(0.05)  # who looks takes from those who work
        found.update(call(port, token, address))
        if not expanded and found.get("state") not in ("requested", "expanding"):
            expanded = time.monotonic() - began
        return found.get("state") in ("current", "failed")

    wait_for(ended, f"{action}, generation {asked['generation']}", CHANGE_SECONDS)
    created = instant(found["created_at"])
    rolled = instant(found["rolled_at"]) if found["rolled_at"] else created
    return Switch(
        action,
        asked["generation"],
        expanded=expanded,
        acknowledged=max(0.0, rolled - created - expanded),
        done=instant(found["finished_at"]) - created,
        error=found["error"] if found["state"] == "failed" else "",
    )


def instant(text: str) -> float:
    """Return a time as seconds."""
    return datetime.fromisoformat(text).timestamp()


def call(port: int, token: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the answer of the API."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        found = json.load(error)
    return found


def check(lab: Lab, outcome: Outcome) -> list[str]:
    """Return what does not add up: a sale that is missing, a delivery lost or repeated."""
    sold = [venta for one in outcome.people for venta in one.sold]

    def drained() -> bool:
        with lab.connection(DATABASE) as connection:
            return connection.execute(PENDING).fetchone() == (0,)

    wait_for(drained, "the jobs to be done", DRAIN_SECONDS)
    with lab.connection(DATABASE) as connection:
        found = [
            f"sales answered and missing: {missing}"
            for (missing,) in connection.execute(
                "SELECT s FROM unnest(%s::bigint[]) s WHERE NOT EXISTS"
                " (SELECT FROM ventas WHERE id = s) LIMIT 5",
                [sold],
            )
        ]
        found += [
            f"sale {venta} was delivered {times} times"
            for venta, times in connection.execute(
                "SELECT v.id, count(e.venta_id) FROM ventas v LEFT JOIN chaos_entregas e"
                " ON e.venta_id = v.id GROUP BY 1 HAVING count(e.venta_id) <> 1 LIMIT 5"
            )
        ]
        found += unfinished(connection)
    return found


def unfinished(connection: psycopg.Connection[Any]) -> list[str]:
    """Return jobs that ended otherwise than done, but for those whose addon was purged."""
    return [
        f"{many} jobs {name} are {status}: {error}"
        for name, status, many, error in connection.execute(
            "SELECT name, status, count(*), max(error) FROM andes_jobs WHERE status <> 'done'"
            " AND NOT (name LIKE 'toggle.%' AND status = 'cancelled') GROUP BY 1, 2"
        )
    ]


def show(outcome: Outcome, *, timed: bool) -> bool:
    """Print the report; return whether every target was met, those of time only if ``timed``."""
    seconds = [one for person in outcome.people for one in person.seconds]
    slowest = max((person.slowest for person in outcome.people), default=(0.0, ""))
    acknowledged = [one.acknowledged for one in outcome.switches]
    expanded = [one.expanded for one in outcome.switches]
    report.say("", f"Addons switched under load; {report.machine()}")
    report.table(
        ("what", "figure"),
        [
            ("switches", len(outcome.switches)),
            ("requests answered", f"{outcome.requests:,}"),
            ("sales", f"{sum(len(one.sold) for one in outcome.people):,}"),
            ("generations that answered", len({g for p in outcome.people for g in p.generations})),
            ("answer, median ms", 1000 * median(seconds or [0.0])),
            ("answer, 99th percentile ms", 1000 * report.percentile(seconds, 0.99)),
            ("slowest answer", slowest[1]),
            (
                "until tables were made, median s",
                median(expanded or [0.0]),
            ),
            ("from then to acknowledged, median s", median(acknowledged or [0.0])),
            ("until done, median s", median([one.done for one in outcome.switches] or [0.0])),
        ],
    )
    report.say(*(f"FAILED    {line}" for line in outcome.failures[:20]))
    report.say(*(f"VIOLATED  {line}" for line in outcome.violations[:20]))
    times = [
        report.verdict("slowest answer, s", slowest[0], most=SLOWEST),
        report.verdict("acknowledged by all, s", max(acknowledged, default=0.0), most=ACKNOWLEDGED),
    ]
    counts = [
        report.verdict("failed requests", len(outcome.failures), most=0),
        report.verdict("violations", len(outcome.violations), most=0),
    ]
    return all(counts) and (all(times) or not timed)


if __name__ == "__main__":
    main()
