"""Reports: medians over rounds, ratios within a run, and plain-text tables."""

from __future__ import annotations

import math
import platform
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil


def say(*lines: str) -> None:
    """Print lines at once."""
    for line in lines:
        print(line, flush=True)


def machine() -> str:
    """Return what the figures were had on, in one line."""
    model = _processor()
    cores = psutil.cpu_count()
    memory = psutil.virtual_memory().total / 2**30
    today = datetime.now(UTC).date().isoformat()
    python = platform.python_version()
    return f"{today}, {cores} cores ({model}), {memory:.0f} GB, Python {python}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if "model name" in line), "?")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table whose columns stand under each other."""
    cells = [list(head), *([_shown(value) for value in row] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    lines = [_line(line, widths) for line in cells]
    lines.insert(1, "|".join(["", *("-" * (width + 2) for width in widths), ""]))
    say("", *lines, "")


def _line(values: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = [
        value.ljust(width) if number == 0 else value.rjust(width)
        for number, (value, width) in enumerate(zip(values, widths, strict=True))
    ]
    return f"| {' | '.join([first, *rest])} |"


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) < 10 else f"{value:,.0f}"
    return "" if value is None else str(value)


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios of each round, so that a slow moment counts for both."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True) if other]
    return median(ratios) if ratios else math.inf


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def verdict(name: str, value: float, least: float | None = None, most: float | None = None) -> bool:
    """Print a target with what was reached, and return whether it was met."""
    well = (least is None or value >= least) and (most is None or value <= most)
    bound = f"≥ {least:g}" if least is not None else f"≤ {most:g}"
    say(f"{'met   ' if well else 'MISSED'}  {name}: {value:.2f} (target {bound})")
    return well


def fail(message: str) -> None:
    """Print why a benchmark cannot go on, and end with code 2."""
    print(message, file=sys.stderr)
    raise SystemExit(2)
