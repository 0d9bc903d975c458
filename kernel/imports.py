"""Imports: what the rows of a sheet may become, declared by addons; rows, checked and written.

An addon says with ``register_imports`` which fields a column can fill, a schema that each row must
keep, and two functions that take rows in batches: ``check`` looks them up in the database and
refuses what does not fit, ``write`` writes those that are left, set-based. Reading, mapping, the
dry run, progress and the file of what was refused are the kernel's (``kernel.import_runs``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kernel.errors import FieldError
from kernel.resource import partial
from kernel.schemas import Schema

if TYPE_CHECKING:
    from kernel.context import Ctx

MAX_ROWS = 100_000
BATCH = 500


@dataclass(frozen=True, slots=True)
class Target:
    """A field of an import that a column can fill; ``aliases`` are other heads of such a column."""

    name: str
    label: str
    help: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(slots=True)
class Row:
    """A row of a sheet. ``number`` is its line; ``given`` what its filled cells say, checked.

    ``check`` sets ``record`` to what is there already, if anything is; a row without one is new,
    and ``data`` is then the whole schema, defaults included.
    """

    number: int
    texts: tuple[str, ...]
    given: dict[str, Any] = field(default_factory=dict)
    data: Any = None
    record: Any = None
    found: Any = None
    """What else ``check`` found out for ``write``."""
    faults: list[FieldError] = field(default_factory=list)

    def refuse(self, name: str, message: str, code: str = "no_valido") -> None:
        """Say what is wrong with a field of the row, or with all of it (``""``)."""
        self.faults.append(FieldError(name, code, message))


@dataclass(frozen=True, slots=True)
class Written:
    """How many records were made, and how many were changed."""

    made: int = 0
    changed: int = 0

    def __add__(self, other: Written) -> Written:
        return Written(self.made + other.made, self.changed + other.changed)


@dataclass(frozen=True)
class Import:
    """Something that can be imported.

    ``permissions`` are all needed. ``key`` says which row is which, None where it does not: two
    rows of a file with one key are a mistake. Without ``changes`` a row cannot change what is
    there. ``check`` and ``write`` get the import's id besides.
    """

    name: str
    title: str
    permissions: tuple[str, ...]
    schema: type[Schema]
    fields: tuple[Target, ...]
    key: Callable[[Any], Hashable | None]
    check: Callable[[Ctx, Sequence[Row], int], None]
    write: Callable[[Ctx, Sequence[Row], int], Written]
    changes: bool = True

    @cached_property
    def sparse(self) -> type[Schema]:
        """The schema with every field optional: what a row says of a record that is there."""
        return partial(self.schema, versioned=False)

    @property
    def required(self) -> frozenset[str]:
        """The fields without which nothing new can be made."""
        known = self.schema.model_fields
        return frozenset(one.name for one in self.fields if known[one.name].is_required())
