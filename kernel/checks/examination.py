"""The examination of an addon: every rule in turn, and the medal that comes of it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kernel import manifest, quality, registry, solver
from kernel.checks import declarations, history, imports, papers, shape, signatures
from kernel.checks.subject import Check, Subject
from kernel.errors import ConfigurationError
from kernel.quality import MEDALS, RULES, Exempt, Medal

State = Literal["fulfilled", "broken", "exempt", "unknown"]

CHECKS: Mapping[str, Check] = {
    "shape": shape.check_shape,
    "imports": imports.check_imports,
    "layers": imports.check_layers,
    "loads": declarations.check_loads,
    "hooks": signatures.check_hooks,
    "routes": declarations.check_routes,
    "tables": declarations.check_tables,
    "history": history.check_history,
    "migrations": history.check_migrations,
    "transactions": imports.check_transactions,
    "types": signatures.check_types,
    "api": imports.check_api,
    "plugin": shape.check_plugin,
    "heavy": imports.check_heavy,
    "permissions": declarations.check_permissions,
    "fields": declarations.check_fields,
    "docstrings": shape.check_docstrings,
    "readme": papers.check_readme,
    "tests": papers.check_tests,
    "languages": papers.check_languages,
    "pyright": signatures.check_pyright,
    "messages": papers.check_messages,
    "used": declarations.check_used,
    "outside": papers.check_outside,
    "sizes": shape.check_sizes,
    "deprecations": imports.check_deprecations,
}
"""Rule → the function that judges it."""

LOADED = ("routes", "tables", "migrations", "permissions", "fields", "readme", "used")
"""Rules that can be judged only of an addon that loads."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an addon stands to one rule."""

    rule: str
    state: State
    faults: tuple[str, ...] = ()
    reason: str = ""
    """Why it is exempt, or could not be judged."""

    @property
    def passes(self) -> bool:
        """Whether a medal may be given in spite of this rule."""
        return self.state in ("fulfilled", "exempt")


@dataclass(frozen=True, slots=True)
class Report:
    """All verdicts on an addon."""

    addon: str
    version: str
    verdicts: tuple[Verdict, ...]

    @property
    def medal(self) -> Medal | None:
        """The highest medal all of whose rules, and those of the lower ones, are fulfilled."""
        found: Medal | None = None
        for medal in MEDALS:
            judged = [it for it in self.verdicts if RULES[it.rule].medal == medal]
            if len(judged) < len(rules_of(medal)) or not all(it.passes for it in judged):
                break
            found = medal
        return found

    def missing(self) -> list[Verdict]:
        """Return what stands between the addon and the next medal."""
        for medal in MEDALS:
            found = [it for it in self.verdicts if RULES[it.rule].medal == medal and not it.passes]
            if found:
                return found
        return []

    def document(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        return {
            "addon": self.addon,
            "version": self.version,
            "medal": self.medal,
            "rules": [
                {
                    "rule": it.rule,
                    "medal": RULES[it.rule].medal,
                    "says": RULES[it.rule].says,
                    "state": it.state,
                    "faults": it.faults,
                    "reason": it.reason,
                    "cure": "" if it.passes else RULES[it.rule].cure,
                }
                for it in self.verdicts
            ],
        }


def rules_of(*medals: Medal) -> list[str]:
    """Return the rules of medals."""
    return [name for name, rule in RULES.items() if rule.medal in medals]


def examine(subject: Subject, rules: Sequence[str] = tuple(RULES)) -> Report:
    """Return the verdict on an addon, rule by rule. Type checkers run meanwhile."""
    for rule, tool in (("types", "mypy"), ("pyright", "pyright")):
        if rule in rules and not isinstance(_mark(subject, rule), Exempt):
            getattr(subject, tool)
    slow_last = sorted(rules, key=lambda it: it in ("hooks", "types", "pyright"))
    found = {rule: judge(subject, rule) for rule in slow_last}
    one = subject.manifest
    return Report(one.name, one.version, tuple(found[rule] for rule in rules))


def judge(subject: Subject, rule: str) -> Verdict:
    """Return the verdict on one rule."""
    mark = _mark(subject, rule)
    if isinstance(mark, Exempt):
        return Verdict(rule, "exempt", reason=mark.exempt)
    if not RULES[rule].judged:
        return Verdict(rule, "fulfilled" if mark == "done" else "broken")
    if rule in LOADED and subject.registry is None:
        return Verdict(rule, "unknown", reason="it does not load")
    faults: dict[str, None] = {}
    try:
        for fault in CHECKS[rule](subject):
            faults[fault] = None
    except Exception as error:  # noqa: BLE001  # any code of the addon may run, or not even parse
        faults[_sentence(error)] = None
    return Verdict(rule, "broken" if faults else "fulfilled", tuple(faults))


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


def _mark(subject: Subject, rule: str) -> quality.Mark | None:
    return subject.manifest.quality.get(rule)


def load(name: str, roots: Iterable[Path] = ()) -> Subject:
    """Return an addon to examine, loaded with what it depends on and nothing else.

    A process loads addons once: examine one addon in each.

    Raises:
        ConfigurationError: there is no such addon, or its manifest cannot be used.
    """
    roots = tuple(roots)
    found = manifest.survey(roots)
    if name in found.invalid:
        raise ConfigurationError(found.invalid[name].reason)
    if name not in found.manifests:
        known = ", ".join(sorted(found.manifests))
        raise ConfigurationError(f"There is no addon «{name}» here; there are: {known}.")
    sys.path.extend(str(root) for root in roots if str(root) not in sys.path)
    one = found.manifests[name]
    try:
        loaded = registry.load(solver.solve(found.manifests, [name], found.invalid))
    except Exception as error:  # noqa: BLE001  # any code of the addon ran
        return Subject(one, found.manifests, fault=_sentence(error), roots=roots)
    return Subject(one, found.manifests, loaded, roots=roots)
