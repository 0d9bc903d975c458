"""A report on an addon as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator

from kernel.checks.examination import Report, Verdict
from kernel.quality import MEDALS, RULES

MARKS = {"fulfilled": "ok ", "exempt": "—  ", "broken": "BAD", "unknown": " ? "}
SHOWN = 12
"""Faults of one rule that are shown; ``--json`` has all."""


def page(report: Report) -> str:
    """Return the verdict: each rule, what is wrong, and what the next medal takes."""
    lines = [f"{report.addon} {report.version}"]
    for medal in MEDALS:
        found = [it for it in report.verdicts if RULES[it.rule].medal == medal]
        lines += ["", f"{medal}", *(line for it in found for line in _lines(it))] if found else []
    return "\n".join([*lines, "", *_sum(report)])


def _lines(verdict: Verdict) -> Iterator[str]:
    rule = RULES[verdict.rule]
    yield f"  {MARKS[verdict.state]} {verdict.rule:<13} {rule.says}"
    if verdict.reason:
        yield f"      {verdict.reason}"
    yield from (f"      {fault}" for fault in verdict.faults[:SHOWN])
    if len(verdict.faults) > SHOWN:
        yield f"      … and {len(verdict.faults) - SHOWN} more"
    if not verdict.passes and verdict.state != "unknown":
        yield f"      → {rule.cure}"


def _sum(report: Report) -> Iterator[str]:
    missing = report.missing()
    if report.medal == MEDALS[-1]:
        yield f"Medal: {report.medal}, the highest."
        return
    yield f"Medal: {report.medal or 'none'}."
    if missing:
        medal = RULES[missing[0].rule].medal
        yield f"Missing for {medal}: {', '.join(it.rule for it in missing)}."
