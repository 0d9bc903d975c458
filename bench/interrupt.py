"""The supervisor killed in the middle of a change of addons, again and again.

``python -m bench.interrupt [--times 20] [--seed 1]``. An addon with tables and a column on a table
in use is installed and purged; at a random moment the supervisor dies by ``kill -9``, and all its
processes with it. After the next start the instance must come to rest in one clean generation, the
old one or the new one: tables, list of addons and served addresses belong together, exactly one
generation is current, and every process serves it.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import psutil
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from bench import company, product, report
from bench.lab import Lab, LabError, free_port, wait_for
from bench.toggle import ADMIN, call, change
from kernel import catalogue
from kernel.catalogue import Schema
from kernel.settings import Settings
from kernel.tokens import TokenSigner

DATABASE = "interrupt"
LONGEST = 6.0
"""Seconds within which the supervisor is killed after a change was asked for."""
SETTLE_SECONDS = 90.0

CURRENT = "SELECT id, addons ? 'toggle' FROM andes_generations WHERE state = 'current'"
UNDER_WAY = "SELECT count(*) FROM andes_generations WHERE state NOT IN ('current','past','failed')"
SERVED = (
    "SELECT DISTINCT generation, state FROM andes_processes"
    " WHERE seen_at > now() - interval '10 seconds'"
)
LISTED = "SELECT state FROM andes_addons WHERE name = 'toggle'"


@dataclass
class Site:
    """The instance, and what it looks like without and with the addon."""

    lab: Lab
    settings: Settings
    token: str
    pid: int = 0
    plain: Schema = field(default_factory=dict)
    whole: Schema = field(default_factory=dict)

    def start(self) -> None:
        """Start the supervisor."""
        self.pid = product.start(self.lab, self.settings)

    def kill(self) -> None:
        """Kill the supervisor and wait until all that it started is gone."""
        children = psutil.Process(self.pid).children(recursive=True)
        os.kill(self.pid, signal.SIGKILL)
        gone, left = psutil.wait_procs(children, timeout=30)
        if left:
            raise LabError(f"{len(left)} of {len(gone) + len(left)} processes outlived it: {left}")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return rows as they are now."""
        with self.lab.connection(DATABASE) as connection:
            return connection.execute(query.encode()).fetchall()

    def tables(self) -> Schema:
        """Return the schema as it is now."""
        engine = create_engine(self.settings.owner_url, poolclass=NullPool)
        with engine.connect() as connection:
            return catalogue.read(connection)

    def settled(self) -> bool:
        """Return whether no change is under way and every process serves the current generation."""
        (current,) = self.rows(CURRENT)
        return self.rows(UNDER_WAY) == [(0,)] and self.rows(SERVED) == [(current[0], "ready")]

    def faults(self) -> list[str]:
        """Return what does not belong together."""
        current = self.rows(CURRENT)
        if len(current) != 1:
            return [f"{len(current)} generations are current"]
        served = bool(current[0][1])
        listed = [row[0] for row in self.rows(LISTED)]
        status = call(self.settings.port, self.token, "/api/sellos/").get("status", 200)
        found = []
        if self.tables() != (self.whole if served else self.plain):
            found.append(
                f"the tables are not those of a generation {'with' if served else 'without'}"
            )
        if listed != (["enabled"] if served else []):
            found.append(f"the list of addons says {listed}")
        if (status == 200) != served:
            found.append(f"its address answers {status}")
        return found


def main() -> None:
    """Run from the command line; exit code 1 when an instance was left in between."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="three times")
    chosen = parser.parse_args()
    with Lab() as lab:
        site = begin(lab)
        found, ends = run(site, 3 if chosen.quick else chosen.times, chosen.seed)
    report.say("", f"Supervisor killed in a change; {report.machine()}")
    report.table(("the change ended as", "times"), sorted(ends.items()))
    report.say(*(f"VIOLATED  {line}" for line in found))
    raise SystemExit(0 if report.verdict("violations", len(found), most=0) else 1)


def begin(lab: Lab) -> Site:
    """Start an instance and look at it without and with the addon."""
    product.make_template(lab)
    with lab.connection(product.TEMPLATE) as connection:
        company.fill(connection, 1)
        for statement in ADMIN.split(";"):
            connection.execute(statement.encode())
    lab.copy_database(DATABASE, product.TEMPLATE, product.OWNER)
    settings = product.settings(lab, DATABASE, port=free_port(), web_processes=2, job_processes=1)
    signer = TokenSigner.from_secrets([company.SECRET], issuer="andes", audience="andes")
    with lab.connection(DATABASE) as connection:
        query = "SELECT id FROM usuarios WHERE email = 'admin@example.pe'"
        (user,) = connection.execute(query).fetchone() or (0,)
    site = Site(lab, settings, signer.issue("access", user, "bench-admin", company.TOKEN_SECONDS))
    site.start()
    site.plain = site.tables()
    switch(site, "install")
    site.whole = site.tables()
    switch(site, "purge")
    if site.tables() != site.plain:
        raise LabError("purging leaves something behind")
    return site


def switch(site: Site, action: str) -> None:
    """Make a change and wait for its end."""
    done = change(site.settings.port, site.token, action)
    if done.error:
        raise LabError(f"{action}: {done.error}")


def run(site: Site, times: int, seed: int) -> tuple[list[str], Counter[str]]:
    """Return the violations, and how the changes ended."""
    chance = random.Random(seed)
    found: list[str] = []
    ends: Counter[str] = Counter()
    for number in range(1, times + 1):
        served = bool(site.rows(CURRENT)[0][1])
        action = "purge" if served else "install"
        body = {"confirm": "toggle"} if served else {}
        asked = call(site.settings.port, site.token, f"/api/addons/toggle/{action}/", body)
        moment = chance.uniform(0.05, LONGEST)
        time.sleep(moment)
        states = site.rows(f"SELECT state FROM andes_generations WHERE id = {asked['generation']}")
        site.kill()
        site.start()
        wait_for(site.settled, f"an end of generation {asked['generation']}", SETTLE_SECONDS)
        faults = site.faults()
        (end,) = site.rows(f"SELECT state FROM andes_generations WHERE id = {asked['generation']}")
        report.say(
            f"{number:>3} {action:<8} killed after {moment:.2f} s while {states[0][0]:<12} "
            f"→ {end[0]:<8} {'; '.join(faults)}"
        )
        ends[f"{action}, killed while {states[0][0]}: {end[0]}"] += 1
        found += [f"{number}: {fault}" for fault in faults]
    return found, ends


if __name__ == "__main__":
    main()
