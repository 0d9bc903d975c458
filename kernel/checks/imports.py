"""What an addon imports and calls: other addons, its own files, the kernel, heavy libraries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kernel import deprecation, public
from kernel.checks import source
from kernel.checks.source import HEAVY, RANKS, TOGETHER, Source
from kernel.checks.subject import Subject
from kernel.manifest import Manifest

SURFACE = ("plugin", "routes", "pages", "views", "jobs")
"""Files of an addon that no other imports."""


def check_imports(subject: Subject) -> Iterator[str]:
    """Yield imports of addons that the manifest doesn't depend on, or of their surface."""
    for one in subject.sources:
        for imported in source.imports(one):
            other, part = addon_in(imported, subject.available)
            if other in ("", subject.name):
                continue
            if other not in _allowed(subject.manifest, one):
                yield f"{one.place} imports {imported}, and the manifest doesn't depend on {other}"
            elif part in SURFACE:
                yield f"{one.place} imports {imported}: take its services, models or schemas"


def _allowed(one: Manifest, code: Source) -> set[str]:
    """Return the addons that a file may import: glue also the optional one that it is named for."""
    glue = code.path.stem.removeprefix("plugin_")
    return {*one.depends, *({glue} & set(one.optional))}


def addon_in(module: str, available: Mapping[str, Manifest]) -> tuple[str, str]:
    """Return the addon that a module belongs to, and which of its files; empty if it is of none."""
    words = module.split(".")
    for name, one in available.items():
        package = one.module.split(".")
        if words[: len(package)] == package:
            return name, words[len(package)] if len(words) > len(package) else ""
    if words[0] in ("addons", "addons_contrib") and len(words) > 1:
        return words[1], words[2] if len(words) > 2 else ""
    return "", ""


def check_layers(subject: Subject) -> Iterator[str]:
    """Yield imports inside the addon that don't point down."""
    package = f"{subject.manifest.module}."
    for one in subject.sources:
        for imported in source.imports(one):
            if imported.startswith(package) and one.part != "__init__":
                part = imported.removeprefix(package).split(".")[0]
                part = "plugin" if part.startswith("plugin_") else part
                if not _points_down(one.part, part):
                    yield f"{one.place} imports {imported}, which does not stand below it"


def _points_down(part: str, imported: str) -> bool:
    together = any({part, imported} <= pair for pair in TOGETHER)
    return part == imported or together or RANKS.get(imported, 99) < RANKS.get(part, 99)


def check_heavy(subject: Subject) -> Iterator[str]:
    """Yield heavy libraries that loading a file loads."""
    for one in subject.sources:
        for imported in source.imports(one, on_load=True):
            if imported.split(".")[0] in HEAVY:
                yield f"{one.place} imports {imported} when it is loaded"


def check_api(subject: Subject) -> Iterator[str]:
    """Yield what is used of the kernel and is not public."""
    for one in subject.sources:
        for name in source.names_of(one, "kernel"):
            if not public.is_public(name):
                yield f"{one.place} uses {name}, which is the kernel's own"


def check_deprecations(subject: Subject) -> Iterator[str]:
    """Yield names of the kernel that are going to be removed."""
    for one in subject.sources:
        for name in source.names_of(one, "kernel"):
            if (found := deprecation.DEPRECATED.get(name)) is not None:
                yield f"{one.place}: {found.sentence(name)}"


def check_transactions(subject: Subject) -> Iterator[str]:
    """Yield commits, SQL text and readings of the clock, which are the kernel's alone."""
    for one in subject.sources:
        for call in source.calls(one, "commit", "rollback"):
            yield f"{one.place}:{call.lineno}: transactions belong to the unit of work"
        for call in source.calls(one, "text") if one.part != "models" else ():
            yield f"{one.place}:{call.lineno}: SQL text; use kernel.db.Statement"
    for place in source.clock_readings(subject.sources):
        yield f"{place}: the clock is ctx.now"
