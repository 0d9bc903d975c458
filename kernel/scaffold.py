"""A new addon from the template, so that the one shape of all addons is the easy path.

The template is the tree ``kernel/scaffolding``: ``NAME`` in a path and ``$name``, ``$Name``,
``$path`` and ``$title`` in a text become the addon's own.
"""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from string import Template

from kernel.errors import ConfigurationError
from kernel.manifest import ROOT

TEMPLATE = Path(__file__).with_name("scaffolding")
SUFFIX = ".tmpl"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST = 18
"""Longer names would make lines of the template too long."""


def create(name: str, root: Path = ROOT) -> list[Path]:
    """Return the files of a new addon, written: code, manifest, first migration, test.

    Raises:
        ConfigurationError: the name is no name for an addon, or one of the files exists.
    """
    check_name(name)
    files = {root / _place(source, name): source for source in sorted(TEMPLATE.rglob(f"*{SUFFIX}"))}
    existing = [path for path in files if path.exists()]
    if existing:
        raise ConfigurationError(f"There is an addon «{name}» already: {existing[0]}.")
    for path, source in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_filled(source, name), encoding="utf-8")
    return list(files)


def check_name(name: str) -> None:
    """Raise ConfigurationError unless an addon can be called this."""
    if not NAME.fullmatch(name) or len(name) > LONGEST or keyword.iskeyword(name):
        raise ConfigurationError(
            f"«{name}» is no name for an addon: give an English noun of at most {LONGEST} "
            "lower-case letters, digits and single underscores, such as «warranty»."
        )
    if name == "kernel" or Path(__file__).with_name(f"{name}.py").exists():
        raise ConfigurationError(f"«{name}» is a part of the kernel: choose another name.")


def _place(source: Path, name: str) -> Path:
    relative = str(source.relative_to(TEMPLATE)).removesuffix(SUFFIX)
    return Path(relative.replace("NAME", name))


def _filled(source: Path, name: str) -> str:
    words = name.split("_")
    return Template(source.read_text(encoding="utf-8")).substitute(
        name=name,
        Name="".join(word.capitalize() for word in words),
        path=name.replace("_", "-"),
        title=" ".join(words).capitalize(),
    )
