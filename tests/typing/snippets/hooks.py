"""What type checkers make of hooks: a signature that differs from the contract is refused."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from kernel import hookspecs as spec
from kernel.context import Ctx
from kernel.hookspecs import hookimpl
from kernel.jobs import Job
from kernel.model import Model

P = ParamSpec("P")
R = TypeVar("R")


def fits(hook: Callable[P, R]) -> Callable[[Callable[P, R]], None]:
    """Return a function that takes only implementations of a hook."""
    raise AssertionError(hook)


@hookimpl
def register_models() -> list[type[Model]]:
    """A list is a sequence."""
    return []


@hookimpl
def register_jobs() -> list[Model]:
    """Not what the hook returns."""
    return []


@hookimpl
def register_menus(ctx: Ctx) -> list[Job]:
    """Not what the hook is given."""
    return []


@hookimpl
def addon_upgraded(ctx: Ctx, previous: str) -> None:
    """As the contract says."""


fits(spec.register_models)(register_models)
fits(spec.addon_upgraded)(addon_upgraded)
fits(spec.register_jobs)(register_jobs)  # error: mypy arg-type, pyright reportArgumentType
fits(spec.register_menus)(register_menus)  # error: mypy arg-type, pyright reportArgumentType
fits(spec.addon_installed)(addon_upgraded)  # error: mypy arg-type, pyright reportArgumentType
