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
from tests import pages

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
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE)


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
    (block,) = [one for one in pages.blocks((ROOT / "README.md").read_text("utf-8")) if one.facts]
    script, replaced = re.subn(r"http://127\.0\.0\.1:8000", demo, block.text)
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
