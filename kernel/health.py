"""Health: what ``server.py doctor`` checks, each check with its cure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kernel.context import Ctx


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A check: ``run(ctx)`` returns None when well, else what is wrong, naming the first case."""

    name: str
    run: Callable[[Ctx], str | None]
    cure: str
