"""Cold start of a web process: from the start of its zygote to the first 200, and its memory then.

A zygote is started as the supervisor does it, with an order that names the generation, and asked
for one web process. The later ones of a generation are forks of the same zygote and cost less; the
time from asking for another to its being ready is measured, too.

``python -m bench.cold [--quick]``. Rounds alternate with an interpreter that imports SQLAlchemy and
Starlette and nothing else, as the yardstick of the machine. Then the heaviest imports, each
package's own time, by ``-X importtime``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from bench import product, report
from bench.lab import Lab, answers, end, environment, wait_for
from kernel import generation, lifecycle, processes, serving, settings

SECONDS, MEGABYTES = 1.5, 120.0
HEAVY = ("pandas", "prophet", "weasyprint", "xgboost", "numpy", "lxml")
YARDSTICK = "import sqlalchemy, starlette"
IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds to the first 200 of each address and of another fork; memory in MB."""

    live: float
    ready: float
    fork: float
    memory: float
    own: float
    """Memory where what is shared with the zygote counts in equal parts (PSS)."""


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
    """Return how one zygote and its first web process started; they are ended again."""
    options = ["-X", "importtime"] if importtime else []
    line, env = order(lab), surroundings(lab)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pipe() as (lifeline, _life),
        pipe() as (told, reports),
        os.fdopen(os.dup(told)) as lines,
    ):
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        given = (listener.fileno(), lifeline, reports)
        command = [sys.executable, *options, str(product.SERVER), "zygote", *map(str, given)]
        began = time.perf_counter()
        zygote = lab.pipe(f"web-{number}", command, env, given)
        assert zygote.stdin is not None
        zygote.stdin.write(f"{line}\nweb web-1\n")
        zygote.stdin.flush()
        wait_for(lambda: answers(f"{address}/health/live"), "the web process")
        live = time.perf_counter() - began
        wait_for(lambda: answers(f"{address}/health/ready"), "the web process, ready")
        ready = time.perf_counter() - began
        first = psutil.Process(heard(lines, "ready"))
        memory, own = first.memory_info().rss, first.memory_full_info().pss
        began = time.perf_counter()
        zygote.stdin.write("web web-2\n")
        zygote.stdin.flush()
        heard(lines, "ready")
        fork = time.perf_counter() - began
        end(zygote)
    return Start(live, ready, fork, memory / 2**20, own / 2**20)


@contextlib.contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    """Open a pipe; its end is what ends the web processes."""
    ends = os.pipe()
    try:
        yield ends
    finally:
        for one in ends:
            os.close(one)


def heard(lines: Iterator[str], event: str) -> int:
    """Return the process that reports an event next."""
    return next(int(told["pid"]) for told in map(json.loads, lines) if told["event"] == event)


def surroundings(lab: Lab) -> dict[str, str]:
    """Return the environment that a supervisor gives to its zygotes."""
    found = product.settings(lab, product.TEMPLATE)
    return {
        **settings.environment(found),
        "PROMETHEUS_MULTIPROC_DIR": processes.metrics_folder(found),
    }


def order(lab: Lab) -> str:
    """Return what the zygote is to load."""
    with lifecycle.owner(product.settings(lab, product.TEMPLATE)) as engine:
        return serving.order(generation.served(engine))


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


def row(name: str, figures: list[float]) -> tuple[str, float, float, float]:
    """Return a line of the table."""
    return name, median(figures), min(figures), max(figures)


def show(starts: list[Start], yardsticks: list[float]) -> bool:
    """Print the figures and the verdicts; return whether all targets were met."""
    live = [one.live for one in starts]
    memory = [one.memory for one in starts]
    report.say("", f"Cold start of a zygote and its web process; {report.machine()}")
    report.table(
        ("measured", "median", "best", "worst"),
        [
            row("first 200 on /health/live, s", live),
            row("first 200 on /health/ready, s", [one.ready for one in starts]),
            row("another fork, to ready, s", [one.fork for one in starts]),
            row("resident memory, MB", memory),
            row("the same, shared pages in equal parts (PSS), MB", [one.own for one in starts]),
            row(f"python -c '{YARDSTICK}', s", yardsticks),
        ],
    )
    ratio = report.median_ratio(live, yardsticks)
    report.say(f"A zygote and its web process take {ratio:.2f} × the yardstick.")
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
