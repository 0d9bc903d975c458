"""Addons as source code: their files, what each imports and calls; read without importing them."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel.manifest import ROOT, Manifest

HEAVY = ("matplotlib", "numpy", "openpyxl", "pandas", "prophet", "sklearn", "weasyprint", "xgboost")
"""Libraries that take seconds or much memory to load: in functions, in job processes."""

LAYERS: tuple[tuple[str, ...], ...] = (
    ("plugin",),
    ("testing",),
    ("routes", "pages", "views", "jobs", "reports", "commands", "demo"),
    ("services",),
    ("sandbox",),
    ("client",),
    ("documents",),
    ("permissions",),
    ("models", "schemas"),
    ("errors", "messages"),
)
"""The files of an addon, from top to bottom; one imports only what stands below it."""

TOGETHER = ({"models", "schemas"}, {"errors", "messages"})
"""Neighbours of one layer that may import each other."""

RANKS = {part: rank for rank, layer in enumerate(reversed(LAYERS)) for part in layer}
PACKAGES = frozenset(
    {"routes", "views", "services", "sandbox", "documents", "models", "schemas", "demo"}
)
"""Parts that may be a folder."""

BESIDES = frozenset({"README.md", "templates", "static", "locale", "py.typed"})
"""What may stand beside the Python files."""


@dataclass(frozen=True)
class Source:
    """A Python file."""

    path: Path
    module: str
    tree: ast.Module
    package: str = ""
    """The package of the addon."""

    @property
    def part(self) -> str:
        """Which file of the one shape it belongs to: ``services`` for ``services/ventas.py``."""
        name = self.module.removeprefix(self.package).lstrip(".").partition(".")[0] or "__init__"
        return "plugin" if name.startswith("plugin_") else name

    @property
    def place(self) -> str:
        """The file, as messages name it."""
        return str(self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path)


@functools.cache
def read(path: Path, module: str, package: str = "") -> Source:
    """Return a file as source."""
    return Source(path, module, ast.parse(path.read_text(encoding="utf-8")), package)


def sources_of(one: Manifest) -> list[Source]:
    """Return the Python files of an addon."""
    return list(_sources(one.code, one.module))


def kernel_sources() -> list[Source]:
    """Return the Python files of the kernel."""
    return list(_sources(ROOT / "kernel", "kernel"))


def _sources(folder: Path, package: str) -> Iterator[Source]:
    for path in sorted(folder.rglob("*.py")):
        if "migrations" in path.relative_to(folder).parts:
            continue  # a history inside a package: Alembic's, not the addon's shape
        words = path.relative_to(folder).with_suffix("").parts
        module = ".".join([package, *(word for word in words if word != "__init__")])
        yield read(path, module, package)


def imports(source: Source, *, on_load: bool = False) -> list[str]:
    """Return what a file imports (``addons.sales.models.Caja``), or only what loading it does."""
    nodes = _outside_functions(source.tree) if on_load else ast.walk(source.tree)
    found: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.extend(f"{_origin(source, node)}.{alias.name}" for alias in node.names)
    return found


def names_of(source: Source, package: str) -> list[str]:
    """Return the names of a package that a file imports, or uses of a module that it imports."""
    modules: dict[str, str] = {}
    found = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name)
                modules[alias.asname or alias.name] = name
        elif isinstance(node, ast.Import):
            found |= {it.name for it in node.names if it.name.split(".")[0] == package}
    used = {
        f"{modules[node.value.id]}.{node.attr}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and modules.get(node.value.id, "").count(".") == 1
    }
    return sorted(found | used)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _outside_functions(child)


def _origin(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    words = source.module.split(".")
    depth = node.level - (source.path.name == "__init__.py")
    return ".".join([*words[: len(words) - depth], *filter(None, [node.module])])


def calls(source: Source, *names: str) -> list[ast.Call]:
    """Return the calls of functions or methods of these names."""
    return [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and last_name(node.func) in names
    ]


def last_name(node: ast.expr) -> str:
    """Return the last word of a dotted name, or nothing."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def texts(source: Source, call: ast.Call) -> list[str]:
    """Return the texts among a call's arguments, constants of the module looked up."""
    known = _constants(source.tree)
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    named = [known.get(one.id) if isinstance(one, ast.Name) else one for one in arguments]
    return [
        one.value for one in named if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def functions(source: Source) -> Iterator[ast.FunctionDef]:
    """Yield the functions at the top of a file."""
    return (node for node in source.tree.body if isinstance(node, ast.FunctionDef))


def body_lines(function: ast.FunctionDef) -> int:
    """Return how many lines a function has after its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def decorated(function: ast.FunctionDef, decorator: str) -> bool:
    """Return whether a function carries a decorator."""
    return any(last_name(one) == decorator for one in function.decorator_list)


def clock_readings(sources: Iterable[Source]) -> list[str]:
    """Return the places that read the system's clock: ``datetime.now``, ``utcnow``, ``today``."""
    return [
        f"{source.place}:{node.lineno}"
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today")
        and last_name(node.value) in ("datetime", "date")
    ]
