"""Public names on their way out: announced here, warned of when used, removed when they said.

A name is announced for at least two minor versions before the one that removes it. Whoever uses it
gets a ``DeprecationWarning`` that names the replacement and that version, and
``server.py addon check`` finds the use without running anything.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from packaging.version import Version

from kernel.errors import ConfigurationError

P = ParamSpec("P")
R = TypeVar("R")

MINORS = 2
"""Minor versions for which a deprecated name stays, at least."""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """What to use in place of a name, since when, and which version no longer has the name."""

    use: str
    since: str
    removed_in: str

    def sentence(self, name: str) -> str:
        """Return what whoever uses the name is told."""
        return (
            f"{name} is deprecated since Andes {self.since} and goes with {self.removed_in}: "
            f"use {self.use}."
        )

    def faults(self, name: str, current: str) -> list[str]:
        """Return what is wrong with the announcement while the kernel is of a version."""
        since, gone = Version(self.since), Version(self.removed_in)
        soonest = Version(f"{since.major}.{since.minor + MINORS}")
        found = []
        if gone < soonest:
            found.append(f"{name} would stay for less than {MINORS} minor versions")
        if gone <= Version(current):
            found.append(f"{name} was to be gone with {self.removed_in}: remove it")
        return found


DEPRECATED: dict[str, Deprecation] = {}
"""Full name (``kernel.money.round_half_up``) → its announcement. Stands in docs/addons.md, too."""


def announced(
    name: str, table: Mapping[str, Deprecation] = DEPRECATED
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return the decorator of a deprecated function: each call warns the caller.

    Raises:
        ConfigurationError: the table of announcements doesn't have the name.
    """
    if name not in table:
        raise ConfigurationError(f"{name} is not announced in kernel.deprecation.DEPRECATED.")

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def warned(*args: P.args, **kwargs: P.kwargs) -> R:
            warnings.warn(table[name].sentence(name), DeprecationWarning, stacklevel=2)
            return function(*args, **kwargs)

        return warned

    return decorate


def moved(
    module: str, targets: Mapping[str, Any], table: Mapping[str, Deprecation] = DEPRECATED
) -> Callable[[str], Any]:
    """Return a module's ``__getattr__`` for names that went elsewhere: old name → the thing."""

    def __getattr__(attribute: str) -> Any:  # noqa: N807  # what the module assigns it to
        if attribute not in targets:
            raise AttributeError(f"module {module!r} has no attribute {attribute!r}")
        name = f"{module}.{attribute}"
        warnings.warn(table[name].sentence(name), DeprecationWarning, stacklevel=2)
        return targets[attribute]

    return __getattr__
