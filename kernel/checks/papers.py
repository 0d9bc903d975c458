"""What an addon says of itself to people: README, languages, refusals, tests, outside systems."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from kernel import migrations
from kernel.checks import source
from kernel.checks.subject import Subject

CODE = re.compile(r"[a-z][a-z0-9_]*")
LANGUAGES = ("es", "en")
TEMPLATE = ("Qué hace este addon, en una frase.", "What this addon does, in a sentence.")


def check_readme(subject: Subject) -> Iterator[str]:
    """Yield tables and dependencies that README.md doesn't name."""
    page = subject.manifest.code / "README.md"
    if not page.is_file():
        yield f"{page.name}: there is none"
        return
    text = page.read_text(encoding="utf-8")
    named = migrations.owned_tables(subject.name) | set(subject.manifest.depends)
    yield from (f"README.md does not name `{it}`" for it in sorted(named) if f"`{it}`" not in text)


def check_languages(subject: Subject) -> Iterator[str]:
    """Yield languages without a summary."""
    for language in LANGUAGES:
        if not subject.manifest.summary.get(language, "").strip():
            yield f"[summary] has no {language}"
    for language in sorted(subject.manifest.summary.keys() - set(LANGUAGES)):
        yield f"[summary] has {language}, which nobody reads"


def check_tests(subject: Subject) -> Iterator[str]:
    """Yield that there are no tests."""
    if subject.tests is None:
        yield f"there is no test_*.py in tests/addons/{subject.name}, nor in tests of its project"


def check_messages(subject: Subject) -> Iterator[str]:
    """Yield refusals without a code of their own, and ones that are raised without a text."""
    for one in subject.sources:
        refusals = [node for node in one.tree.body if isinstance(node, ast.ClassDef)]
        for node in refusals if one.part == "errors" else ():
            code = _code(node)
            if code is None or not CODE.fullmatch(code):
                yield f"{one.place}:{node.lineno}: {node.name} has no code in snake_case"
        for call in _raised(one.tree):
            if source.last_name(call.func) in _own_errors(subject) and not call.args:
                yield f"{one.place}:{call.lineno}: {source.last_name(call.func)} without a text"


def _code(node: ast.ClassDef) -> str | None:
    for line in node.body:
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant):
            names = [it.id for it in line.targets if isinstance(it, ast.Name)]
            if "code" in names:
                return str(line.value.value)
    return None


def _raised(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield node.exc


def _own_errors(subject: Subject) -> set[str]:
    """Return the names of the addon's refusals that take their text from who raises them."""
    return {
        node.name
        for one in subject.sources
        if one.part == "errors"
        for node in one.tree.body
        if isinstance(node, ast.ClassDef)
        and not any(isinstance(it, ast.FunctionDef) and it.name == "__init__" for it in node.body)
    }


def check_outside(subject: Subject) -> Iterator[str]:
    """Yield what an addon lacks that talks to other systems."""
    if subject.manifest.hosts:
        for part in ("client", "sandbox"):
            if not any(one.part == part for one in subject.sources):
                yield f"it names hosts and has no {part}.py"
