"""Cold start of a web process: from its start to the first 200, and the memory that it has then.

``python -m bench.cold [--quick]``. Rounds alternate with an interpreter that imports SQLAlchemy and
Starlette and nothing else, as the yardstick of the machine. Then the heaviest imports, each
package's own time, by ``-X importtime``.
"""

from __future__ import annotations

import argparse
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from bench import product, report
from bench.lab import Lab, answers, end, environment, wait_for
from kernel import instance

SECONDS, MEGABYTES = 1.5, 120.0
HEAVY = ("pandas", "prophet", "weasyprint", "xgboost", "numpy", "lxml")
YARDSTICK = "import sqlalchemy, starlette"
IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds to the first 200 of each address, resident memory in MB."""

    live: float
    ready: float
    memory: float


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 rounds")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--imports", type=int, default=20, help="how many packages to list")
    chosen = parser.parse_args()
    with Lab() as lab:
        product.make_template(lab)
        start(lab, 0)  # compiles what is not compiled yet
        yardstick()
        starts, yardsticks = [], []
        for number in range(3 if chosen.quick else chosen.rounds):
            yardsticks.append(yardstick())
            starts.append(start(lab, number + 1))
        imports = heaviest(lab)
    well = show(starts, yardsticks)
    show_imports(imports, chosen.imports)
    found = [name for name in HEAVY if name in imports]
    well &= report.verdict("heavy libraries in a web process", len(found), most=0)
    raise SystemExit(0 if well else 1)


def start(lab: Lab, number: int, *, importtime: bool = False) -> Start:
    """Return how one web process started; it is ended again."""
    found = product.settings(lab, product.TEMPLATE)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.set_inheritable(True)
        options = ["-X", "importtime"] if importtime else []
        command = [sys.executable, *options, str(product.SERVER), "web", str(listener.fileno())]
        began = time.perf_counter()
        process = lab.spawn(
            f"web-{number}", command, instance.environment(found), (listener.fileno(),)
        )
        wait_for(lambda: answers(f"{address}/health/live"), "the web process")
        live = time.perf_counter() - began
        wait_for(lambda: answers(f"{address}/health/ready"), "the web process, ready")
        ready = time.perf_counter() - began
        memory = psutil.Process(process.pid).memory_info().rss / 2**20
        end(process)
    return Start(live, ready, memory)


def yardstick() -> float:
    """Return the seconds that an interpreter takes for the imports that nobody could spare."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", YARDSTICK], check=True, env=environment())
    return time.perf_counter() - began


def heaviest(lab: Lab) -> Counter[str]:
    """Return the milliseconds that each top-level package took to import, its own modules only."""
    start(lab, 999, importtime=True)
    log: Path = lab.folder / "web-999.log"
    found: Counter[str] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        if (match := IMPORT.match(line)) is not None:
            found[match[2].partition(".")[0]] += int(match[1])
    return found


def show(starts: list[Start], yardsticks: list[float]) -> bool:
    """Print the figures and the verdicts; return whether all targets were met."""
    live = [one.live for one in starts]
    memory = [one.memory for one in starts]
    report.say("", f"Cold start of a web process; {report.machine()}")
    report.table(
        ("measured", "median", "best", "worst"),
        [
            ("first 200 on /health/live, s", median(live), min(live), max(live)),
            (
                "first 200 on /health/ready, s",
                median(one.ready for one in starts),
                min(one.ready for one in starts),
                max(one.ready for one in starts),
            ),
            ("resident memory, MB", median(memory), min(memory), max(memory)),
            (f"python -c '{YARDSTICK}', s", median(yardsticks), min(yardsticks), max(yardsticks)),
        ],
    )
    ratio = report.median_ratio(live, yardsticks)
    report.say(f"A web process takes {ratio:.2f} × the yardstick.")
    seconds = report.verdict("cold start, s", median(live), most=SECONDS)
    return report.verdict("resident memory, MB", median(memory), most=MEGABYTES) and seconds


def show_imports(imports: Counter[str], many: int) -> None:
    """Print the packages whose own modules took longest."""
    total = sum(imports.values()) / 1000
    report.say("", f"Imports: {total:,.0f} ms in all (tracing included), by package:")
    report.table(
        ("package", "own ms"),
        [(name, f"{us / 1000:.1f}") for name, us in imports.most_common(many)],
    )


if __name__ == "__main__":
    main()
