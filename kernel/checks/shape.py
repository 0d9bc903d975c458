"""The one shape of an addon: its files, what each may hold, how large it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from kernel.checks import source
from kernel.checks.source import BESIDES, PACKAGES, RANKS, Source
from kernel.checks.subject import Subject

MAX_FUNCTION = 80
MAX_FILE = 400
PLUGIN_LINES = 3


def check_shape(subject: Subject) -> Iterator[str]:
    """Yield files and folders that the shape doesn't know, and an ``__init__`` with code."""
    folder = subject.manifest.code
    if not (folder / "plugin.py").is_file():
        yield f"{folder}: there is no plugin.py"
    known = {"__init__", *RANKS, *(f"plugin_{other}" for other in subject.manifest.optional)}
    folders = PACKAGES | BESIDES | ({"migrations"} if _is_package(subject) else set())
    for path in sorted(folder.iterdir()):
        if path.suffix == ".py" and path.stem not in known:
            yield f"{_near(subject, path.name)}: the shape has no file of this name"
        elif path.is_dir() and path.name not in folders and path.name[0] not in "._":
            yield f"{_near(subject, path.name)}: the shape has no folder of this name"
    yield from _check_init(subject)


def _is_package(subject: Subject) -> bool:
    """Return whether manifest and migrations stand inside the package."""
    return subject.manifest.code == subject.manifest.folder


def _near(subject: Subject, name: str) -> str:
    return f"{subject.manifest.module.replace('.', '/')}/{name}"


def _check_init(subject: Subject) -> Iterator[str]:
    for one in subject.sources:
        if one.part == "__init__" and one.module == subject.manifest.module:
            if ast.get_docstring(one.tree) is None:
                yield f"{one.place}: no docstring that says what the addon is for"
            if len(one.tree.body) > 1:
                yield f"{one.place}: more than a docstring"


def check_plugin(subject: Subject) -> Iterator[str]:
    """Yield what stands in a plugin and is no hook of three lines."""
    for one in subject.sources:
        for function in source.functions(one) if one.part == "plugin" else ():
            where = f"{one.place}:{function.lineno}: {function.name}"
            if not source.decorated(function, "hookimpl"):
                yield f"{where} is no hook"
            if source.body_lines(function) > PLUGIN_LINES:
                yield f"{where} has {source.body_lines(function)} lines of its own"


def check_sizes(subject: Subject) -> Iterator[str]:
    """Yield functions and files that are too long."""
    for one in subject.sources:
        lines = len(one.path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_FILE:
            yield f"{one.place}: {lines} lines"
        for node in ast.walk(one.tree):
            if isinstance(node, ast.FunctionDef) and source.body_lines(node) > MAX_FUNCTION:
                yield f"{one.place}:{node.lineno}: {node.name} has {source.body_lines(node)} lines"


def check_docstrings(subject: Subject) -> Iterator[str]:
    """Yield modules, and public classes and functions, that don't say what they are for."""
    for one in subject.sources:
        if ast.get_docstring(one.tree) is None:
            yield f"{one.place}: the module has no docstring"
        for node in _public(one):
            if ast.get_docstring(node) is None:
                yield f"{one.place}:{node.lineno}: {node.name} has no docstring"


def _public(one: Source) -> Iterator[ast.ClassDef | ast.FunctionDef]:
    for node in one.tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield node
