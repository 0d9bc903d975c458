"""Manifests: what the kernel reads about an addon without importing anything of it.

``manifests/<name>.toml`` for the addons of a tree, ``manifest.toml`` inside a package found through
the entry-point group ``andes.addons``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import Version
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from kernel.errors import ConfigurationError
from kernel.hosts import Pattern

ROOT = Path(__file__).resolve().parent.parent
KERNEL_VERSION = "0.1.0"


class Manifest(BaseModel):
    """An addon's own description."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    summary: dict[str, str] = Field(description="One sentence per language: es, en.")
    version: str
    kernel: str = Field(default=">=0.1", description="Range of kernel versions.")
    depends: dict[str, str] = Field(default_factory=dict, description="Addon → version range.")
    optional: dict[str, str] = Field(default_factory=dict, description="Glue loaded if present.")
    conflicts: tuple[str, ...] = ()
    hosts: tuple[str, ...] = Field(
        default=(), description="Outside hosts that the addon talks to; see kernel.hosts."
    )
    country: str = ""
    required: bool = Field(default=False, description="Part of every installation.")
    package: str = Field(default="", description="Python package; default addons.<name>.")
    folder: Path = Field(default=ROOT, description="Where migrations/<name>/ stands.")

    @field_validator("version")
    @classmethod
    def check_version(cls, value: str) -> str:
        """Refuse what is not a version."""
        Version(value)
        return value

    @field_validator("hosts")
    @classmethod
    def check_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is no host."""
        for text in value:
            Pattern.parse(text)
        return value

    @property
    def module(self) -> str:
        """The Python package of the addon."""
        return self.package or f"addons.{self.name}"

    @property
    def migrations(self) -> Path:
        """The folder of the addon's Alembic revisions."""
        return self.folder / "migrations" / self.name


def read(path: Path, *, folder: Path = ROOT) -> Manifest:
    """Return the manifest in a file.

    Raises:
        ConfigurationError: it cannot be read, or a field is wrong; the message names both.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return Manifest.model_validate({"folder": folder, "name": path.stem, **data})
    except (OSError, tomllib.TOMLDecodeError, ValueError) as error:
        if isinstance(error, ValidationError):
            faults = "; ".join(
                f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
            )
            raise ConfigurationError(f"{path}: {faults}") from None
        raise ConfigurationError(f"{path}: {error}") from None


def discover(roots: Iterable[Path] = ()) -> dict[str, Manifest]:
    """Return every addon that this host's code offers, by name."""
    found: dict[str, Manifest] = {}
    for root in (ROOT, *roots):
        for path in sorted((root / "manifests").glob("*.toml")):
            found[path.stem] = read(path, folder=root)
    for entry in entry_points(group="andes.addons"):
        spec = find_spec(entry.value)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent
            found[entry.name] = read(folder / "manifest.toml", folder=folder)
    return found


def solve(available: dict[str, Manifest], wanted: Iterable[str]) -> list[Manifest]:
    """Return the wanted addons and all that they depend on, dependencies first.

    Raises:
        ConfigurationError: one is missing, a version is out of range, two exclude each other, or
            they depend on each other in a circle.
    """
    order: list[Manifest] = []
    required = [name for name, manifest in available.items() if manifest.required]
    for name in [*required, *wanted]:
        _visit(available, name, "", [], order)
    _refuse_conflicts(order)
    return order


def _visit(
    available: dict[str, Manifest], name: str, by: str, path: list[str], order: list[Manifest]
) -> None:
    if any(manifest.name == name for manifest in order):
        return
    if name in path:
        raise ConfigurationError(f"Circular dependency: {' → '.join([*path, name])}.")
    manifest = available.get(name)
    if manifest is None:
        needs = f", which {by} needs," if by else ""
        raise ConfigurationError(f"The addon «{name}»{needs} is not present on this host.")
    if Version(KERNEL_VERSION) not in SpecifierSet(manifest.kernel):
        raise ConfigurationError(
            f"{name} {manifest.version} needs kernel {manifest.kernel}; this is {KERNEL_VERSION}."
        )
    for other, versions in manifest.depends.items():
        _visit(available, other, name, [*path, name], order)
        have = available[other].version
        if Version(have) not in SpecifierSet(versions):
            raise ConfigurationError(f"{name} needs {other} {versions}; present is {have}.")
    order.append(manifest)


def _refuse_conflicts(order: list[Manifest]) -> None:
    names = {manifest.name for manifest in order}
    for manifest in order:
        for other in manifest.conflicts:
            if other in names:
                raise ConfigurationError(f"{manifest.name} and {other} exclude each other.")
