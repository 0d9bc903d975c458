"""What type checkers make of hooks: a signature that differs from the contract is refused."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from kernel import hookspecs
from kernel.context import Ctx
from kernel.hookspecs import hookimpl
from kernel.jobs import Job
from kernel.model import Model

P = ParamSpec("P")
R = TypeVar("R")


def implements(spec: Callable[P, R]) -> Callable[[Callable[P, R]], None]:
    """Return a function that takes only implementations of a hook."""
    raise AssertionError(spec)


@hookimpl
def register_models() -> list[type[Model]]:
    """A list is a sequence."""
    return []


@hookimpl
def register_jobs() -> list[Model]:
    """Not what the hook returns."""
    return []


@hookimpl
def register_schedules(ctx: Ctx) -> list[Job]:
    """Not what the hook is given."""
    return []


@hookimpl
def addon_upgraded(ctx: Ctx, previous: str) -> None:
    """As the contract says."""


implements(hookspecs.register_models)(register_models)
implements(hookspecs.addon_upgraded)(addon_upgraded)
implements(hookspecs.register_jobs)(register_jobs)  # error: mypy arg-type, pyright reportArgumentType
implements(hookspecs.register_schedules)(register_schedules)  # error: mypy arg-type, pyright reportArgumentType
implements(hookspecs.addon_installed)(addon_upgraded)  # error: mypy arg-type, pyright reportArgumentType
