"""Texts: all that people read on screens, gathered from the code, for the catalogues.

``python -m kernel.texts`` (``make texts``) writes into each catalogue what is new, takes out what
nobody says any more, and lists what still lacks a translation; ``--check`` changes nothing. Texts
are the literals in the templates' ``_()`` and ``n_()``, in ``translate()``, ``number()``,
``phrase()``, ``counted()`` and ``later()``, the words of declarations (views, patches, menus,
permissions, roles, reports, jobs, settings), and the messages of refusals, where an f-string
becomes a text with named values.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from itertools import product
from pathlib import Path
from typing import Any

from kernel import registry as registries
from kernel import translations
from kernel.developer_commands import roots_of
from kernel.errors import DomainError
from kernel.manifest import discover
from kernel.registry import Registry
from kernel.solver import solve

LANGUAGE = "en"
WORDS = (
    "title", "label", "help", "text", "summary", "empty", "confirm", "saves", "titulo",
    "descripcion",
)  # fmt: skip
"""Attributes of declarations that people read."""

DECLARATIONS = (
    "register_views",
    "register_view_patches",
    "register_menus",
    "register_steps",
    "register_permissions",
    "register_words",
    "register_roles",
    "register_imports",
    "register_reports",
    "register_jobs",
)
SAYING = {"translate": (0,), "message": (0,), "phrase": (0,), "FieldError": (2,)}
"""Functions that say a text, with the places of their texts."""

Key = str | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Package:
    """A folder of code with a catalogue of its own."""

    name: str
    folder: Path

    @property
    def catalogue(self) -> Path:
        """Where its catalogue is."""
        return translations.place(self.folder, LANGUAGE)


def packages(registry: Registry) -> list[Package]:
    """Return the kernel and the installed addons."""
    addons = [Package(one.name, one.code) for one in registry.manifests]
    return [Package("kernel", translations.KERNEL), *addons]


def gathered(registry: Registry) -> dict[str, dict[Key, list[str]]]:
    """Return, by package, its texts with where they stand, without those of what it depends on."""
    refusals = frozenset(_refusals(DomainError))
    found: dict[str, dict[Key, list[str]]] = {}
    below: dict[str, set[str]] = {"kernel": set()}
    for one in registry.manifests:  # dependencies come first
        below[one.name] = {"kernel", *one.depends}.union(*(below[name] for name in one.depends))
    for package in packages(registry):
        theirs = {key for name in below[package.name] for key in found[name]}
        mine = found.setdefault(package.name, {})
        for key, where in [*_in_folder(package, refusals), *_declared(registry, package.name)]:
            if key and key not in theirs:
                mine.setdefault(key, []).append(where)
    return found


def faults(registry: Registry) -> list[str]:
    """Return what is wrong with the catalogues: texts not translated, and those nobody says."""
    found = []
    texts = gathered(registry)
    for package in packages(registry):
        told = _read(package)
        mine = texts[package.name]
        lacking = [key for key in mine if not _whole(key, told.get(key))]
        stale = told.keys() - mine.keys()
        found += [f"{package.name}: not translated: {key!r}" for key in lacking]
        found += [f"{package.name}: nobody says it any more: {key!r}" for key in stale]
    return found


def update(registry: Registry) -> None:
    """Bring the catalogues up to date; what is translated already stays."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import write_po

    texts = gathered(registry)
    for package in packages(registry):
        told = _read(package)
        made = Catalog(LANGUAGE, project="Andes", charset="utf-8", fuzzy=False)
        for key, places in texts[package.name].items():
            blank: Any = ("", "") if isinstance(key, tuple) else ""
            made.add(key, told.get(key, blank), [(one, 0) for one in dict.fromkeys(places)][:3])
        path = package.catalogue
        if texts[package.name]:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                write_po(
                    file, made, width=100, omit_header=True, sort_output=True, include_lineno=False
                )


def _read(package: Package) -> dict[Key, Any]:
    from babel.messages.pofile import read_po

    if not package.catalogue.is_file():
        return {}
    with package.catalogue.open("rb") as file:
        told: Any = read_po(file, locale=LANGUAGE)
    return {one.id: one.string for one in told if one.id}


def _whole(key: Key, told: Any) -> bool:
    """A translation is there, and holds the same values as its text."""
    forms = list(told or ()) if isinstance(key, tuple) else [told]
    wanted = set(translations.values_of(key[0] if isinstance(key, tuple) else key))
    return bool(forms) and all(one and set(translations.values_of(one)) == wanted for one in forms)


# Declarations -----------------------------------------------------------------------------------


def _declared(registry: Registry, package: str) -> Iterator[tuple[Key, str]]:
    for hook in DECLARATIONS:
        for owner, one in registries.gather(registry.plugins, hook):
            if owner.partition("+")[0] == package:
                yield from ((text, hook) for text in _words(one))
    for manifest in registry.manifests:
        if manifest.name == package:
            yield manifest.title, "manifest"
    for owner, kind in registries.gather(registry.plugins, "register_settings"):
        if owner == package:
            for name, info in kind.model_fields.items():
                yield info.description or name, "register_settings"
            yield str(kind.model_config.get("title") or ""), "register_settings"


def _words(one: Any) -> Iterator[str]:
    """Yield the words of a declaration, and of its parts."""
    for field in fields(one) if is_dataclass(one) else ():
        value = getattr(one, field.name)
        if field.name in WORDS and isinstance(value, str):
            yield value
        elif isinstance(value, tuple):
            for part in value:
                yield from _words(part)
        elif is_dataclass(value) and not isinstance(value, type):
            yield from _words(value)


# Code -------------------------------------------------------------------------------------------


def _in_folder(package: Package, refusals: frozenset[str]) -> Iterator[tuple[Key, str]]:
    for path in sorted(package.folder.rglob("*.py")):
        where = path.relative_to(package.folder).as_posix()
        for key in _in_code(ast.parse(path.read_text(encoding="utf-8")), refusals, where):
            yield key, where
    for path in sorted(package.folder.rglob("*.html")):
        where = path.relative_to(package.folder).as_posix()
        for key in _in_template(path.read_text(encoding="utf-8")):
            yield key, where


def _in_template(source: str) -> Iterator[Key]:
    from jinja2 import Environment
    from jinja2.ext import extract_from_ast

    tree = Environment(autoescape=True).parse(source)
    for _, function, found in extract_from_ast(tree, ("_", "n_"), babel_style=False):
        texts = [one for one in found or () if isinstance(one, str)]
        if function == "n_" and len(texts) > 1:
            yield texts[0], texts[1]
        elif texts:
            yield texts[0]


def _refusals(kind: type[DomainError]) -> Iterator[str]:
    yield kind.__name__
    for one in kind.__subclasses__():
        yield from _refusals(one)


class _Spelled(ast.NodeTransformer):
    """Puts texts in the place of the names that a module, or a function in it, gives them."""

    def __init__(self, tree: ast.Module) -> None:
        self.texts = _named(tree.body)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outer, self.texts = self.texts, self.texts | _named(ast.walk(node))
        found = self.generic_visit(node)
        self.texts = outer
        return found

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.texts.get(node.id, node) if isinstance(node.ctx, ast.Load) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        return node  # whose values are names in its text


def _named(nodes: Iterable[ast.AST]) -> dict[str, ast.expr]:
    """Return the texts that names stand for; of a name with several, any of them."""
    found: dict[str, ast.expr] = {}
    for node in nodes:
        if not isinstance(node, ast.Assign):
            continue
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        for name, text in product(names, _texts([node.value])):
            one, before = ast.Constant(text), found.get(name)
            found[name] = ast.IfExp(ast.Constant(True), one, before) if before else one
    return found


def _in_code(tree: ast.Module, refusals: frozenset[str], where: str) -> Iterator[Key]:
    for node in ast.walk(_Spelled(tree).visit(tree)):
        if isinstance(node, ast.Call):
            yield from _in_call(node, refusals, where)
        elif isinstance(node, ast.ClassDef) and node.name in refusals:
            yield from _in_class(node)


def _in_call(node: ast.Call, refusals: frozenset[str], where: str) -> Iterator[Key]:
    name = _name(node.func)
    if name == "later":
        yield from (one for argument in node.args for one in _literals(argument))
    elif name in ("number", "counted") and len(node.args) > 1:
        one, many = (_text(argument) for argument in node.args[:2])
        if one and many:
            yield one, many
    elif name in SAYING:
        given = [one for place, one in enumerate(node.args) if place in SAYING[name]]
        yield from _texts([*given, *_message(node)])
    elif name in refusals or (name == "ValueError" and "schemas" in where):
        yield from _sentences([*node.args[:1], *_message(node)])


def _message(node: ast.Call) -> list[ast.expr]:
    return [one.value for one in node.keywords if one.arg == "message"]


def _in_class(node: ast.ClassDef) -> Iterator[str]:
    """Yield what a kind of refusal says by itself."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and _name(inner.func) == "__init__":
            yield from _sentences(inner.args[:1])
        elif isinstance(inner, ast.arguments):
            yield from _sentences(inner.defaults)


def _sentences(arguments: Any) -> Iterator[str]:
    """Yield the texts that are no mere codes."""
    yield from (one for one in _texts(arguments) if " " in one)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _texts(arguments: Any) -> Iterator[str]:
    for one in arguments:
        if isinstance(one, ast.IfExp):
            yield from _texts([one.body, one.orelse])
        elif one is not None and (text := _text(one)):
            yield text


def _literals(node: ast.expr) -> Iterator[str]:
    """Yield the texts in a literal; the keys of a mapping are none."""
    if isinstance(node, ast.Dict):
        for one in node.values:
            yield from _literals(one)
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        for one in node.elts:
            yield from _literals(one)
    elif text := _text(node):
        yield text


def _text(node: ast.expr) -> str:
    """Return the text of a literal; the values in an f-string become names."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    found, names = "", list[str]()
    for part in node.values:
        if isinstance(part, ast.Constant):
            found += str(part.value)
        elif isinstance(part, ast.FormattedValue):
            name = _value_name(part.value)
            name += str(names.count(name) + 1) if name in names else ""
            names.append(name)
            found += f"{{{name}}}"
    return found


def _value_name(node: ast.expr) -> str:
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and one.attr != "join":
            return one.attr
        if isinstance(one, ast.Name):
            return one.id
    return "value"


def of_tree() -> Registry:
    """Return the registry of every addon of this tree, and of those that ADDON_ROOTS names."""
    available = discover(roots_of(None))
    return registries.load(solve(available, available))


def main() -> None:
    """Update or check the catalogues."""
    registry = of_tree()
    if "--check" not in sys.argv:
        update(registry)
    found = faults(registry)
    for one in found:
        print(one)  # noqa: T201  # a command
    if found:
        raise SystemExit(f"{len(found)} texts; fill in msgstr in kernel/locale or addons/…/locale.")


if __name__ == "__main__":
    main()
