"""README.md, run as it stands: a first sale at the demo company, over curl."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from kernel.manifest import ROOT
from tests import cluster, pages

pytestmark = pytest.mark.slow

PASSWORD = "cordillera-violeta-47"
PATIENCE = 120.0
CURL = '''#!{python}
"""What the README needs of curl, for machines without it."""
import sys, urllib.request
words, headers, body, url = iter(sys.argv[1:]), {{}}, None, ""
for word in words:
    if word == "-H":
        name, _, value = next(words).partition(": ")
        headers[name] = value
    elif word == "-d":
        body = next(words).encode()
    elif word != "-s":
        url = word
with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
    sys.stdout.write(answer.read().decode())
'''


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a demo company."""
    folder = tmp_path_factory.mktemp("demo")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "server.py", "demo", "--data", str(folder / "var"), "--port", port]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "ANDES_DEMO_PASSWORD": PASSWORD},
            stdout=log,
            stderr=log,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/health/ready", process, folder / "log")
        ignored = folder / "var" / ".gitignore"
        assert ignored.read_text(encoding="utf-8") == "*\n", "keys stay out of repositories"
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE)


def block(facts: str) -> str:
    """Return the commands of the README whose fence says this."""
    found = pages.blocks((ROOT / "README.md").read_text(encoding="utf-8"), "sh")
    return next(one.text for one in found if one.facts == facts)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when an address answers; fail with the log when the process ends before."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    pytest.fail(log.read_text(encoding="utf-8"))


def test_first_sale_of_the_readme_works(demo: str, tmp_path: Path) -> None:
    script, replaced = re.subn(r"http://127\.0\.0\.1:8000", demo, block("run"))
    assert replaced == 1
    (tmp_path / "curl").write_text(CURL.format(python=sys.executable), encoding="utf-8")
    (tmp_path / "curl").chmod(0o755)
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={"PATH": f"{os.environ['PATH']}:{tmp_path}", "ANDES_DEMO_PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    found, sale, product, caja = map(json.loads, run.stdout.splitlines())
    before = next(one["stock_actual"] for one in found["items"] if one["id"] == 125)
    assert (sale["total"], sale["vuelto"]) == ("59.80", "40.20")
    assert Decimal(product["stock_actual"]) == Decimal(before) - 2
    assert (caja["estado"], caja["diferencia"]) == ("cerrada", "0.00")


def test_company_of_your_own_of_the_readme_works(tmp_path: Path) -> None:
    database = cluster.create_database()
    *lines, last = block("own").splitlines()
    script, replaced = "\n".join(lines), 0
    for written, real in (
        ("postgresql://andes@db/andes", database.owner_url),
        ("postgresql://andes_app@db/andes", database.app_url),
    ):
        script, count = re.subn(re.escape(written), f"'{real}'", script)
        replaced += count
    assert (replaced, last) == (2, "python server.py serve")
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{script}\npython server.py addon list"],
        cwd=ROOT,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ANDES_PASSWORD": PASSWORD,
            "DATA_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
    )
    cluster.drop_database(database.name)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Your Company S.A.C." in run.stdout
    assert run.stdout.count("installed 0.1.0") == 4
