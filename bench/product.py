"""Andes itself as a contestant: its database, its settings, its real processes."""

from __future__ import annotations

import subprocess
import sys

from bench.company import SECRET
from bench.lab import ROOT, Lab, answers, wait_for
from kernel import installing
from kernel.secrets import generate_key
from kernel.settings import Settings, environment, load

OWNER = "andes"
APPLICATION = "andes_app"
TEMPLATE = "bench_template"
SERVER = ROOT / "server.py"
MASTER_KEY = generate_key()
ADDONS = ROOT / "bench" / "addons"
"""Folder of the addons of the benchmarks, as ``ADDON_ROOTS`` takes it."""


def settings(lab: Lab, database: str, **chosen: object) -> Settings:
    """Return the settings of an instance on a database of the lab."""
    data = lab.folder / f"data-{database}"
    data.mkdir(exist_ok=True)
    return load(
        _env_file=None,
        database_url=lab.postgres.url(database, APPLICATION),
        database_owner_url=lab.postgres.url(database, OWNER),
        secret_key=SECRET,
        master_key=MASTER_KEY,
        **{
            "data_dir": data,
            "addon_roots": [ADDONS],
            "web_processes": 1,
            "job_processes": 0,
            **chosen,
        },
    )


def make_template(
    lab: Lab, addons: tuple[str, ...] = ("sales", "inventory"), **chosen: object
) -> None:
    """Make the database that every contestant's is a copy of: the addons installed, no rows."""
    for role in (OWNER, APPLICATION):
        lab.postgres.create_role(role)
    lab.postgres.create_database(TEMPLATE, owner=OWNER)
    installing.bring_up_to_date(settings(lab, TEMPLATE, **chosen), list(addons))


def start(lab: Lab, found: Settings, name: str = "andes") -> int:
    """Start the supervisor with its processes, wait until it is ready and return its pid."""
    process = lab.spawn(name, [sys.executable, str(SERVER), "serve"], environment(found))
    address = f"http://{found.host}:{found.port}/health/ready"
    wait_for(lambda: answers(address), f"{name} on {address}; see {lab.folder}/{name}.log")
    return process.pid


def worker(lab: Lab, found: Settings, name: str) -> subprocess.Popen[bytes]:
    """Start one job process."""
    return lab.spawn(name, [sys.executable, str(SERVER), "worker"], environment(found))
