"""A race: contestants take turns within each round, so that a slow moment of the machine hits all.

Figures are medians over the rounds; a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench import report
from bench.contestants import Contestant, metered
from bench.lab import Lab
from bench.load import Measured

OURS = "andes"
HEAD = (
    *("clients", "a second", "rounds", "p50 ms", "p95 ms", "Andes is ×"),
    *("server CPU ms", "PostgreSQL CPU ms", "client CPU"),
)


@dataclass
class Race:
    """Rounds of the same act by several contestants, at several numbers of clients."""

    lab: Lab
    contestants: Sequence[Contestant]
    rounds: int
    seconds: float
    results: dict[int, dict[str, list[Measured]]] = field(default_factory=dict)

    def run(self, clients: Sequence[int]) -> None:
        """Measure; who begins changes from round to round."""
        for number in clients:
            found: dict[str, list[Measured]] = defaultdict(list)
            self.results[number] = found
            for turn in range(self.rounds):
                first = turn % len(self.contestants)
                for one in [*self.contestants[first:], *self.contestants[:first]]:
                    measured = metered(self.lab, one, number, self.seconds)
                    found[one.name].append(measured)
                    _complain(one.name, measured)
            rates = (
                f"{name} {median(one.rate for one in rounds):,.0f}/s"
                for name, rounds in sorted(found.items())
            )
            report.say(f"{number} clients: {'  '.join(rates)}")

    def show(self, title: str) -> None:
        """Print the table."""
        report.say("", f"{title}; {report.machine()}")
        names = [one.name for one in self.contestants]
        report.table(HEAD, [self._row(number, name) for number in self.results for name in names])

    def _row(self, clients: int, name: str) -> tuple[object, ...]:
        rounds = self.results[clients][name]
        latencies = [value for one in rounds for value in one.latencies]
        rates = [one.rate for one in rounds]
        return (
            f"{clients} × {name}",
            median(rates),
            f"{min(rates):,.0f} to {max(rates):,.0f}",
            report.percentile(latencies, 0.5) * 1000,
            report.percentile(latencies, 0.95) * 1000,
            self.ratio(clients, name),
            _cpu(rounds, "server_cpu"),
            _cpu(rounds, "postgres_cpu"),
            f"{median(one.client_share for one in rounds):.0%}",
        )

    def ratio(self, clients: int, name: str) -> float | None:
        """Return how many times as much as a contestant Andes did; None for Andes itself."""
        found = self.results[clients]
        if OURS not in found or name not in found or name == OURS:
            return None
        ours = [one.rate for one in found[OURS]]
        return report.median_ratio(ours, [one.rate for one in found[name]])

    def judge(self, targets: Mapping[str, float]) -> bool:
        """Print each target with what was reached at the most clients; whether all were met."""
        clients = max(self.results)
        well = True
        for name, least in targets.items():
            ratio = self.ratio(clients, name)
            if ratio is not None:
                well &= report.verdict(f"Andes over {name}, {clients} clients", ratio, least)
        return well


def arguments(
    description: str, names: Sequence[str], *, seconds: float, quick: tuple[int, float, list[int]]
) -> argparse.ArgumentParser:
    """Return a parser of what every race is told; ``quick`` is (rounds, seconds, clients)."""
    parser = argparse.ArgumentParser(description=description)
    rounds, short, clients = quick
    parser.add_argument(
        "--quick", action="store_true", help=f"{rounds} rounds of {short:g} s at {clients} clients"
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=seconds, help="a contestant and round")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--only", nargs="+", choices=names, default=list(names))
    parser.set_defaults(short=quick)
    return parser


def chosen(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Return the options, the quick form spelt out."""
    found = parser.parse_args()
    if found.quick:
        found.rounds, found.seconds, found.clients = found.short
    return found


def _complain(name: str, measured: Measured) -> None:
    bad = {status: n for status, n in measured.statuses.items() if not status.startswith("2")}
    if bad:
        report.say(f"{name}: {bad}", *measured.faults[:1])


def _cpu(rounds: Sequence[Measured], what: str) -> str:
    """Return the CPU of one act in milliseconds, over all rounds."""
    done = sum(one.done for one in rounds)
    return f"{sum(getattr(one, what) for one in rounds) / done * 1000:.2f}" if done else ""
