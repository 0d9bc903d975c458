"""Types of an addon and of its hooks, as type checkers see them."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

from kernel import hookspecs
from kernel.checks import source
from kernel.checks.subject import Subject


def check_types(subject: Subject) -> Iterator[str]:
    """Yield what mypy --strict finds in the addon and in what it imports."""
    found = subject.mypy.result()
    if found.missing:
        yield found.missing
    yield from (f"{one.place}: {one.message}" for one in found.faults if not one.hook)


def check_pyright(subject: Subject) -> Iterator[str]:
    """Yield what pyright finds in the addon."""
    found = subject.pyright.result()
    if found.missing:
        yield found.missing
    yield from (f"{one.place}: {one.message}" for one in found.faults)


def check_hooks(subject: Subject) -> Iterator[str]:
    """Yield hooks that are none, lack annotations, or take or return what the contract doesn't."""
    for one in subject.sources:
        for function in source.functions(one) if one.part == "plugin" else ():
            if source.decorated(function, "hookimpl"):
                where = f"{one.place}:{function.lineno}: {function.name}"
                yield from (f"{where} {fault}" for fault in _signature_faults(function))
    for fault in subject.mypy.result().faults:
        if fault.hook:
            yield f"{fault.hook} does not fit the contract: {fault.message}"


def _signature_faults(function: ast.FunctionDef) -> Iterator[str]:
    """Yield what a hook's own text shows without a type checker."""
    spec = _contract().get(function.name)
    if spec is None:
        yield "is no hook of kernel/hookspecs.py"
        return
    known = {one.arg: _last_word(one.annotation) for one in spec.args.args}
    for one in function.args.args:
        if one.arg not in known:
            yield f"takes «{one.arg}», which the contract doesn't have"
        elif one.annotation is None:
            yield f"says no type of «{one.arg}»"
        elif _last_word(one.annotation) != known[one.arg]:
            yield f"takes «{one.arg}» as {ast.unparse(one.annotation)}, not {known[one.arg]}"
    if function.returns is None:
        yield "says no type of what it returns"


def _last_word(annotation: ast.expr | None) -> str:
    return "" if annotation is None else ast.unparse(annotation).strip("'\"").rpartition(".")[2]


@functools.cache
def _contract() -> dict[str, ast.FunctionDef]:
    """Return the hooks of the contract, as source."""
    page = source.read(Path(hookspecs.__file__), "kernel.hookspecs")
    return {one.name: one for one in source.functions(page) if source.decorated(one, "hookspec")}
