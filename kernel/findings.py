"""Findings: what ``server.py doctor`` says, a line each, and the cure of what is not well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its name, whether all is well, what was seen, and what to do about it."""

    name: str
    well: bool
    message: str
    cure: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON takes it."""
        return asdict(self)


def well(name: str, message: str) -> Finding:
    """Return that nothing needs to be done."""
    return Finding(name, True, message)


def ill(name: str, message: str, cure: str) -> Finding:
    """Return what is wrong and what to do."""
    return Finding(name, False, message, cure)


Check = Callable[[], Finding | Iterable[Finding]]


def examine(checks: Iterable[tuple[str, Check]]) -> Iterator[Finding]:
    """Yield what each check finds; one that fails is a finding and hides no other."""
    for name, check in checks:
        try:
            found = check()
            yield from [found] if isinstance(found, Finding) else list(found)
        except Exception as error:  # noqa: BLE001  # the doctor looks at what is broken
            yield ill(
                name,
                f"No se pudo comprobar: {first_line(error)}",
                "Corrija lo anterior y vuelva a ejecutar: python server.py doctor",
            )


def first_line(error: BaseException) -> str:
    """Return what an error says, in a line."""
    said = str(getattr(error, "orig", None) or error).strip()
    return said.partition("\n")[0] or type(error).__name__
