"""Rules of docs/security.md that hold for all code of the product, read as source.

Source: OWASP ASVS 5.0; docs/security.md names each test.
"""

from __future__ import annotations

import ast
import importlib
import re
import re._constants as words
import re._parser as regular
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from kernel import processes
from kernel.manifest import ROOT
from kernel.runtime import Runtime
from kernel.settings import Settings
from tests import source
from tests.source import Source

SOURCES = [
    *source.kernel_sources(),
    *(one for addon in source.ADDONS.values() for one in source.sources_of(addon)),
]


def snippet(text: str, module: str = "addons.x.services") -> Source:
    """Return a line of code as a file of an addon, to see that a rule finds it."""
    return Source(ROOT / "addons" / "x" / "services.py", module, ast.parse(text))


def calls(sources: Iterable[Source]) -> Iterator[tuple[Source, ast.Call]]:
    for one in sources:
        for node in ast.walk(one.tree):
            if isinstance(node, ast.Call):
                yield one, node


def called(call: ast.Call) -> str:
    """Return what a call names: ``os.system``."""
    return ast.unparse(call.func)


def keywords(sources: Iterable[Source], name: str) -> Iterator[str]:
    """Yield ``file:line=value`` of each keyword argument of a name."""
    for one, call in calls(sources):
        for given in call.keywords:
            if given.arg == name:
                yield f"{one.place}:{call.lineno}={ast.unparse(given.value)}"


# SQL ----------------------------------------------------------------------------------------------

RAW = re.compile(r"(^|(^|\.)(sa|sqlalchemy|db|session|connection)\.)(text|literal_column)$")
DRIVER = re.compile(r"\.(exec_driver_sql|raw_connection)$|(^|\.)TextClause$")
MADE_OF_OURS = {
    "kernel.addon_archive",  # tables that an addon brought
    "kernel.table_rows",  # tables and columns that the catalogue has
    "kernel.catalogue",  # runs constants of its own
    "kernel.doctor_work",  # hands a constant of its own on
    "kernel.ending",  # the version table of an addon, and one of two constants
    "kernel.lifecycle",  # what PostgreSQL is granted, by names of tables
    "kernel.installed",  # the version table of an addon
    "kernel.planning",  # counts the rows of tables that the catalogue has
    "kernel.plans",  # literals of JSON, by names of fields
}
"""Kernel modules whose SQL text is put together: of names that are ours, never of a request's."""

MADE_BY_KERNEL = {"kernel.plans", "kernel.identity"}
"""Statements that SQLAlchemy compiled, or that join those of addons."""

_CONSTANT = re.compile(r"(\w+\.)?_?[A-Z][A-Z0-9_]*(\.sql)?")


def faults_of_sql(sources: Iterable[Source]) -> Iterator[str]:
    """Yield the places where SQL could be made of what somebody typed."""
    for one, call in calls(sources):
        place, name = f"{one.place}:{call.lineno}", called(call)
        if (RAW.search(name) or DRIVER.search(name)) and not _is_ours(one, call):
            yield f"{place}: {name}"
        hot = name == "db.Statement" or (name == "Statement" and _knows_hot_ones(one))
        if hot and one.module not in MADE_BY_KERNEL and not _is_constant(call.args[1]):
            yield f"{place}: a statement that is no constant"


def _knows_hot_ones(one: Source) -> bool:
    return "kernel.db.Statement" in source.imports(one)


def _is_ours(one: Source, call: ast.Call) -> bool:
    """Whether SQL text stands in the kernel, or in the declaration of a table, and is constant."""
    if not one.module.startswith("kernel."):
        return _in_table(one, call)
    return one.module in MADE_OF_OURS or (bool(call.args) and _is_constant(call.args[0]))


def _in_table(one: Source, call: ast.Call) -> bool:
    """Whether it is a constant in the declaration of a table: of an index, of a default."""
    declares = any(isinstance(node, ast.ClassDef) for node in one.tree.body)
    return declares and called(call) == "text" and _is_constant(call.args[0])


def _is_constant(node: ast.expr) -> bool:
    """Whether an expression is a text, put together of constants of modules at most."""
    if isinstance(node, ast.JoinedStr):
        return all(map(_is_constant, node.values))
    if isinstance(node, ast.FormattedValue):
        return _is_constant(node.value)
    return isinstance(node, ast.Constant) or _CONSTANT.fullmatch(ast.unparse(node)) is not None


def test_sql_is_constant_text() -> None:
    """1.2.4: a statement is written whole by us; what people type is a parameter of it."""
    assert list(faults_of_sql(SOURCES)) == []


@pytest.mark.parametrize(
    "text",
    [
        "session.execute(text(f'SELECT {x}'))",
        "session.execute(sa.text('SELECT 1'))",
        "connection.exec_driver_sql('SELECT 1')",
        "order = literal_column(name)",
        "from kernel.db import Statement\nS = Statement('s', f'SELECT {name}')",
        "S = db.Statement('s', 'SELECT ' + name)",
        "from kernel.db import Statement\nS = Statement('s', 'SELECT {}'.format(name))",
    ],
)
def test_sql_of_another_kind_is_found(text: str) -> None:
    assert list(faults_of_sql([snippet(text)]))


# Code, commands, objects --------------------------------------------------------------------------

DANGEROUS = re.compile(
    r"^(eval|exec|compile|__import__)$"
    r"|^os\.(system|popen|exec\w*|spawn\w*)$"
    r"|^subprocess\.(getoutput|getstatusoutput)$"
    r"|(^|\.)(Markup|mark_safe)$"
)
WRITERS = ("kernel/web.py:", "kernel/web_rows.py:")
"""Where HTML is written in Python; tests of pages fill every text of theirs with markup."""
UNPICKLERS = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"}


def faults_of_code(sources: Iterable[Source]) -> Iterator[str]:
    """Yield the places where a text could become code, a command line or an object."""
    sources = list(sources)
    for one, call in calls(sources):
        known = called(call) == "Markup" and (
            f"{one.place}:".startswith(WRITERS)
            or all(isinstance(it, ast.Constant) for it in call.args)
        )
        if DANGEROUS.search(called(call)) and not known:
            yield f"{one.place}:{call.lineno}: {called(call)}"
    yield from (place for place in keywords(sources, "shell") if not place.endswith("=False"))
    for one in sources:
        loaded = {name.partition(".")[0] for name in source.imports(one)}
        yield from (f"{one.place}: {name}" for name in sorted(loaded & UNPICKLERS))


def test_nothing_evaluates_unpickles_or_starts_a_shell() -> None:
    """1.2.5, 1.3.2, 1.5.2."""
    assert list(faults_of_code(SOURCES)) == []


@pytest.mark.parametrize(
    "text",
    [
        "eval(formula)",
        "os.system('ls ' + name)",
        "subprocess.run(line, shell=True)",
        "import pickle",
        "from joblib import load",
        "page = markupsafe.Markup(text)",
    ],
)
def test_code_of_another_kind_is_found(text: str) -> None:
    assert list(faults_of_code([snippet(text)]))


# Pages --------------------------------------------------------------------------------------------

UNSAFE = re.compile(
    r"\|\s*safe\b|autoescape\s+false|\son\w+\s*=(?!=)|javascript:|\sstyle\s*=", re.IGNORECASE
)


def templates() -> list[str]:
    """Return the text of every template of the product."""
    folders = [ROOT / "kernel" / "web", *(one.code for one in source.ADDONS.values())]
    return [
        path.read_text(encoding="utf-8")
        for folder in folders
        for form in ("html", "jinja", "j2")
        for path in folder.rglob(f"*.{form}")
        if "vendor" not in path.parts
    ]


def test_templates_escape_and_nothing_is_marked_safe() -> None:
    """1.2.1, 1.2.3."""
    made = [call for _, call in calls(SOURCES) if called(call).endswith("Environment")]
    assert made
    for call in made:
        assert {"autoescape": "True"}.items() <= {
            (one.arg, ast.unparse(one.value)) for one in call.keywords
        }
    assert templates()
    assert [UNSAFE.findall(text) for text in templates()] == [[]] * len(templates())
    for text in ("{{ x|safe }}", '<a onclick="x">', '<p style="x">', "{% autoescape false %}"):
        assert UNSAFE.search(text)


# Debugging ----------------------------------------------------------------------------------------


def test_debug_is_off_and_no_setting_turns_it_on(runtime: Runtime) -> None:
    """13.4.2."""
    app: Any = processes.web_app(runtime)
    assert app.app.debug is False
    assert not any("debug" in name for name in Settings.model_fields)
    assert [place for place in keywords(SOURCES, "debug") if not place.endswith("=False")] == []


# Patterns -----------------------------------------------------------------------------------------

UNBOUNDED = (words.MAX_REPEAT, words.MIN_REPEAT)
SEPARATED = {
    "[a-z][a-z0-9]*(_[a-z0-9]+)*",
    r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*",
}
"""Each turn of the outer one begins with a sign that the inner one cannot take: one way only."""


def nested(tree: Any, *, inside: bool = False) -> bool:
    """Return whether a repetition without end stands within another one: exponential time."""
    for operator, given in tree:
        repeats = operator in UNBOUNDED and given[1] is words.MAXREPEAT
        if repeats and inside:
            return True
        for part in given if isinstance(given, tuple | list) else (given,):
            trees = part if isinstance(part, list) else [part]
            for one in trees:
                deeper = isinstance(one, regular.SubPattern)
                if deeper and nested(one, inside=inside or repeats):
                    return True
    return False


def patterns() -> Iterator[tuple[str, str]]:
    """Yield place and text of every pattern: constants of modules, and what functions use."""
    for one in SOURCES:
        if "scaffolding" not in one.path.parts:
            for name, value in vars(importlib.import_module(one.module)).items():
                if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                    yield f"{one.place}: {name}", value.pattern
    for one, call in calls(SOURCES):
        if re.fullmatch(r"re\.(search|match|fullmatch|sub|findall|split)", called(call)):
            given = call.args[0]
            assert isinstance(given, ast.Constant), f"{one.place}:{call.lineno}: not constant"
            yield f"{one.place}:{call.lineno}", str(given.value)


def test_patterns_have_no_repetition_within_a_repetition() -> None:
    """1.3.12: no text takes exponential time, and no pattern is made from what somebody typed."""
    assert nested(regular.parse(r"(a+)+$"))
    assert nested(regular.parse(r"x(?:(a|b+)*c)?"))
    assert not nested(regular.parse(r"(a+b)?c{2,5}"))
    found = dict(patterns())
    assert len(found) > 45
    slow = {place for place, text in found.items() if nested(regular.parse(text))}
    assert {place for place in slow if found[place] not in SEPARATED} == set()
