"""Tables: the typed declarative base, extension of another addon's table, and column types.

Classes are collected when their module is imported and mapped once, after every installed addon
was imported (``map_models``). So an addon can add columns and relationships to a table it does not
own before the table is mapped::

    @extend
    class Cliente(sales.models.Cliente):
        puntos: Mapped[int | None] = mapped_column(default=0)

Type checkers see a subclass; at run time it *is* the owner's class. An extension adds and never
overrides; its columns are nullable or have a server default, so that the owner's code and the
generation still running keep working.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, TypeVar, cast

from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Numeric, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedColumn,
    declared_attr,
    mapped_column,
    registry,
)

from kernel.conflicts import conflict
from kernel.errors import ConfigurationError

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
"""A surrogate key made by the database."""

Ref = Annotated[int, mapped_column(BigInteger)]
"""A column that refers to another table's ``Id``."""

MoneyColumn = Annotated[Decimal, mapped_column(Numeric(12, 2))]
"""An amount in the company's currency, 2 decimals."""

PriceColumn = Annotated[Decimal, mapped_column(Numeric(16, 6))]
"""A unit price, 6 decimals."""

QuantityColumn = Annotated[Decimal, mapped_column(Numeric(14, 4))]
"""A quantity of goods, 4 decimals."""

_pending: list[type[Model]] = []
_extensions: list[tuple[type[Model], str, str]] = []


class Model(DeclarativeBase):
    """Base of every table. ``__audited__`` tables leave a before/after row on each ORM write."""

    metadata = MetaData(naming_convention=NAMING)
    registry = registry(
        metadata=metadata,
        type_annotation_map={
            str: Text(),
            datetime: DateTime(timezone=True),
            dict[str, Any]: JSONB(),
            list[Any]: JSONB(),
        },
    )
    __audited__: ClassVar[bool] = True

    def __init_subclass__(cls, **facts: Any) -> None:
        if DeclarativeBase in cls.__bases__:
            super().__init_subclass__(**facts)
        else:
            _pending.append(cls)


ModelT = TypeVar("ModelT", bound=Model)


class Timestamps:
    """``created_at`` and ``updated_at``, UTC, set by the database and by each ORM update."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Versioned:
    """Optimistic lock: an edit that read an older ``version`` fails with 409."""

    version: Mapped[int] = mapped_column(server_default="1", default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805  # declared on the class
        return {"version_id_col": cls.version}


def addon_of(module: str) -> str:
    """Return the addon that a module belongs to (``addons.sales.models`` → ``sales``)."""
    parts = module.split(".")
    return parts[1] if parts[0] in ("addons", "addons_contrib") and len(parts) > 1 else parts[0]


def extend(extension: type[ModelT]) -> type[ModelT]:
    """Add an extension's columns and relationships to the table that it subclasses.

    Raises:
        ConfigurationError: the owner already has the name (both addons are named), the owner is
            mapped already, or the class doesn't extend exactly one table.
    """
    owner = _owner(extension)
    _pending.remove(extension)
    if owner not in _pending:
        raise ConfigurationError(
            f"{extension.__module__} extends {owner.__name__} after the tables were mapped; "
            "declare extensions in the addon's models, which its plugin imports."
        )
    addon = addon_of(extension.__module__)
    annotations = inspect.get_annotations(extension, eval_str=True)
    for name in _added_names(extension, annotations):
        _add(owner, extension, name, addon, annotations)
    return cast("type[ModelT]", owner)


def _owner(extension: type[Model]) -> type[Model]:
    owners = [base for base in extension.__bases__ if "__tablename__" in vars(base)]
    if len(owners) != 1:
        raise ConfigurationError(f"@extend {extension.__qualname__}: subclass exactly one table.")
    return cast("type[Model]", owners[0])


def _added_names(extension: type[Model], annotations: dict[str, Any]) -> Iterator[str]:
    names = dict.fromkeys([*annotations, *vars(extension)])
    return (name for name in names if not name.startswith("__"))


def _add(
    owner: type[Model],
    extension: type[Model],
    name: str,
    addon: str,
    annotations: dict[str, Any],
) -> None:
    first = _origin(owner, name)
    if first is not None:
        raise conflict("field", f"{owner.__name__}.{name}", first, addon)
    if name in annotations:
        owner.__annotations__[name] = annotations[name]
    if name in vars(extension):
        setattr(owner, name, vars(extension)[name])
    _extensions.append((owner, name, addon))


def _origin(owner: type[Model], name: str) -> str | None:
    for extended, attribute, addon in _extensions:
        if extended is owner and attribute == name:
            return addon
    if name in owner.__annotations__ or hasattr(owner, name):
        return addon_of(owner.__module__)
    return None


def map_models() -> None:
    """Map every class declared since the last call; called once the addons are imported.

    Raises:
        ConfigurationError: a class subclasses a table without ``@extend``, or an extension's column
            is neither nullable nor has a server default.
    """
    for model in _pending:
        if "__tablename__" not in vars(model):
            raise ConfigurationError(
                f"{model.__module__}.{model.__name__} subclasses a table: write @extend above it."
            )
    _refuse_shared_names()
    while _pending:
        Model.registry.map_declaratively(_pending.pop(0))
    _refuse_shared_indexes()
    Model.registry.configure()
    for owner, name, addon in _extensions:
        _check_extension(owner, name, addon)


def _refuse_shared_names() -> None:
    """Refuse a table, or a column of one, that two addons declare under whatever attribute."""
    tables = {table_of(it.class_).name: it.class_ for it in Model.registry.mappers}
    for model in _pending:
        first = tables.setdefault(model.__tablename__, model)
        if first is not model:
            whose, again = addon_of(first.__module__), addon_of(model.__module__)
            raise conflict("table", model.__tablename__, whose, again)
        columns: dict[str, str] = {}
        for attribute, value in _columns(model):
            column = value.column.name or attribute
            if column in columns:
                whose, again = (_origin(model, it) or "" for it in (columns[column], attribute))
                raise conflict("field", f"{model.__tablename__}.{column}", whose, again)
            columns[column] = attribute


def _columns(model: type[Model]) -> Iterator[tuple[str, MappedColumn[Any]]]:
    """Yield the columns of a table that is not mapped yet, by attribute."""
    for name in dict.fromkeys([*model.__annotations__, *vars(model)]):
        value = vars(model).get(name)
        if isinstance(value, MappedColumn):
            yield name, value
        elif value is None and not name.startswith("_"):
            yield name, mapped_column(name)


def _refuse_shared_indexes() -> None:
    """Refuse an index whose name another table has: PostgreSQL knows it once in a schema."""
    found: dict[str, str] = {}
    owners = {
        table_of(it.class_).name: addon_of(it.class_.__module__) for it in Model.registry.mappers
    }
    for table in Model.metadata.tables.values():
        for index in table.indexes:
            name = str(index.name)
            if name in found:
                raise conflict("index", name, owners[found[name]], owners[table.name])
            found[name] = table.name


def _check_extension(owner: type[Model], name: str, addon: str) -> None:
    attribute = owner.__mapper__.columns.get(name)
    if attribute is not None and not attribute.nullable and attribute.server_default is None:
        raise ConfigurationError(
            f"{addon} adds «{owner.__name__}.{name}» without a value for the rows that exist: "
            "make it nullable or give it a server_default."
        )


def extension_columns(addon: str) -> list[tuple[str, str]]:
    """Return (table, column) of what an addon added to tables of others."""
    found = []
    for owner, name, author in _extensions:
        column = owner.__mapper__.columns.get(name)
        if author == addon and column is not None:
            found.append((table_of(owner).name, column.name))
    return found


def table_of(model: type[Model]) -> Table:
    """Return the table of a mapped class."""
    return cast("Table", model.__table__)


def extension_authors() -> set[str]:
    """Return the addons that extend tables of others."""
    return {author for _, _, author in _extensions}
