"""Manifests: what the kernel reads about an addon without importing anything of it.

``manifests/<name>.toml`` for the addons of a tree, ``manifest.toml`` inside a package found through
the entry-point group ``andes.addons``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from kernel.errors import ConfigurationError
from kernel.hosts import Pattern
from kernel.quality import RULES, Mark, check_list

ROOT = Path(__file__).resolve().parent.parent
KERNEL_VERSION = "0.1.0"


class Manifest(BaseModel):
    """An addon's own description; published as docs/manifest.schema.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$",
        max_length=50,  # PostgreSQL would cut the name of its version table
        description="The folder's name, too.",
    )
    title: str = Field(min_length=1, description="What a person calls it.")
    summary: dict[str, str] = Field(description="One sentence per language: es, en.")
    version: str = Field(description="Its own version, as PEP 440 writes them.")
    kernel: str = Field(default=">=0.1", description="Range of kernel versions.")
    depends: dict[str, str] = Field(default_factory=dict, description="Addon → version range.")
    optional: dict[str, str] = Field(
        default_factory=dict, description="Addon → version range, for glue loaded if present."
    )
    conflicts: tuple[str, ...] = Field(default=(), description="Addons it cannot stand beside.")
    hosts: tuple[str, ...] = Field(
        default=(), description="Outside hosts that the addon talks to; see docs/outbound.md."
    )
    country: str = Field(
        default="", pattern=r"^([A-Z]{2})?$", description="ISO 3166-1, where it is for one only."
    )
    icon: str = Field(
        default="", pattern=r"^[a-z0-9-]*$", description="Name of an icon of the client's set."
    )
    extras: tuple[str, ...] = Field(
        default=(), description="Extras of Andes whose packages it needs: pdf, ml, fiscal, tns."
    )
    retention_years: int = Field(
        default=0, ge=0, le=100, description="Years its rows must be kept by law."
    )
    quality: dict[str, Mark] = Field(
        default_factory=dict,
        description="Rule of the quality scale → done, or why the addon is exempt.",
        json_schema_extra={"propertyNames": {"enum": list(RULES)}},
    )
    required: bool = Field(default=False, description="Part of every installation.")
    package: str = Field(default="", description="Python package; default addons.<name>.")
    folder: Path = Field(
        default=ROOT, exclude=True, description="Where migrations/<name>/ stands; set on reading."
    )

    @field_validator("kernel")
    @classmethod
    def check_range(cls, value: str) -> str:
        """Refuse what is no range of versions."""
        SpecifierSet(value)
        return value

    @field_validator("depends", "optional")
    @classmethod
    def check_ranges(cls, value: dict[str, str]) -> dict[str, str]:
        """Refuse a dependency whose range is none."""
        for versions in value.values():
            SpecifierSet(versions)
        return value

    @field_validator("summary")
    @classmethod
    def check_languages(cls, value: dict[str, str]) -> dict[str, str]:
        """Refuse a summary without Spanish."""
        if not value.get("es"):
            raise ValueError("falta el resumen en español (es)")
        return value

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

    @field_validator("quality")
    @classmethod
    def check_quality(cls, value: dict[str, Mark]) -> dict[str, Mark]:
        """Refuse what is no rule, and exemptions from what nobody is exempt from."""
        check_list(value)
        return value

    @model_validator(mode="after")
    def check_package(self) -> Manifest:
        """Refuse a package of another name: the kernel tells by it whose a table is."""
        if self.package and self.package.rpartition(".")[2] != self.name:
            raise ValueError(f"package: el paquete de «{self.name}» debe llamarse así también")
        return self

    @property
    def module(self) -> str:
        """The Python package of the addon."""
        return self.package or f"addons.{self.name}"

    @property
    def code(self) -> Path:
        """The folder of the addon's code: in a tree by its module, else the package itself."""
        inside = self.folder.joinpath(*self.module.split("."))
        return inside if inside.is_dir() else self.folder

    @property
    def migrations(self) -> Path:
        """The folder of the addon's Alembic revisions."""
        return self.folder / "migrations" / self.name


KERNEL = Manifest(
    name="kernel",
    title="Kernel",
    summary={"es": "El núcleo.", "en": "The kernel."},
    version=KERNEL_VERSION,
    package="kernel",
)
"""The kernel's own history is that of an addon of this name."""


def read(path: Path, *, name: str = "", folder: Path = ROOT, package: str = "") -> Manifest:
    """Return the manifest in a file; its ``name`` is the file's unless given.

    ``package`` is where the code is, if the manifest says nothing of it.

    Raises:
        ConfigurationError: it cannot be read, or a field is wrong; the message names both.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        own = {"name": name or path.stem, "folder": folder}
        if refused := sorted(own.keys() & data.keys()):
            raise ValueError(f"{', '.join(refused)}: la ruta del archivo ya lo dice; quítelo")
        return Manifest.model_validate({"package": package, **data, **own})
    except (OSError, tomllib.TOMLDecodeError, ValueError) as error:
        if isinstance(error, ValidationError):
            faults = "; ".join(
                f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
            )
            raise ConfigurationError(f"{path}: {faults}") from None
        raise ConfigurationError(f"{path}: {error}") from None


@dataclass(frozen=True, slots=True)
class Invalid:
    """A manifest that cannot be used: whose, where it stands, and what is wrong with it."""

    name: str
    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What a host's code offers: good manifests by name, and bad ones, which hurt nobody."""

    manifests: dict[str, Manifest]
    invalid: dict[str, Invalid]


def survey(roots: Iterable[Path] = ()) -> Survey:
    """Return every addon of the trees and of the installed packages."""
    found = Survey({}, {})
    for name, path, folder, package in _places(roots):
        try:
            found.manifests[name] = read(path, name=name, folder=folder, package=package)
        except ConfigurationError as error:
            found.manifests.pop(name, None)
            found.invalid[name] = Invalid(name, path, str(error))
    return found


def discover(roots: Iterable[Path] = ()) -> dict[str, Manifest]:
    """Return every usable addon that this host's code offers, by name."""
    return survey(roots).manifests


def _places(roots: Iterable[Path]) -> Iterator[tuple[str, Path, Path, str]]:
    """Yield name, manifest, folder and package (empty: the usual one) of each addon."""
    for root in (ROOT, *roots):
        for path in sorted((root / "manifests").glob("*.toml")):
            yield path.stem, path, root, ""
    for entry in entry_points(group="andes.addons"):
        spec = find_spec(entry.value)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent
            yield entry.name, folder / "manifest.toml", folder, entry.value


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a manifest file."""
    made = Manifest.model_json_schema()
    for name in ("name", "folder"):  # where the file stands says them
        del made["properties"][name]
    made["required"].remove("name")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
