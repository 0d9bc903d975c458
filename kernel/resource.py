"""Generic resources: list, detail, create, update, delete and export of a plain table.

An addon declares a table, a path and which fields may be read, written, filtered and sorted by;
permissions (``<modulo>.ver``, ``crear``, ``editar``, ``eliminar``, ``exportar``), row and field
rules, audit, keyset pages and OpenAPI come with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, create_model
from sqlalchemy import Column, ColumnElement

from kernel import exports, listing, plans, rbac
from kernel.context import Ctx
from kernel.errors import ConfigurationError, Conflict, FieldError, NotFound
from kernel.exports import CSV, XLSX
from kernel.filters import Filter, declared, python_type
from kernel.http import Endpoint
from kernel.listing import Finish
from kernel.messages import refused
from kernel.model import Model
from kernel.rbac import FieldRule, Protected
from kernel.schemas import Page, QueryId, Schema, Version

MAX_PAGES = 500
"""SELECTs of a list kept before the memory starts afresh."""

ACTIONS = ("list", "detail", "create", "update", "delete", "export")


@dataclass(frozen=True)
class Resource:
    """A table offered over REST."""

    path: str
    model: type[Model]
    modulo: str
    fields: tuple[str, ...]
    create: type[Schema] | None = None
    update: type[Schema] | None = None
    filters: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    """Text columns in which ``q`` is looked for."""
    named: tuple[str, ...] = ()
    """Columns that name a record together, as 3-15; ``q`` may be that, or its end."""
    known_by_name: bool = False
    """Whether who sees a record that refers to one of these reads its name, without more rights."""
    mention: tuple[str, str] = ("", "")
    """What begins a text that names one of its records, as ``venta:41``, and what it is called."""
    references: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Columns that refer to records, with the columns of those in which ``q`` is looked for."""
    sort: tuple[str, ...] = ("id",)
    actions: tuple[str, ...] = ACTIONS
    people_only: tuple[str, ...] = ()
    """Actions that no API key may do."""
    create_with: Callable[[Ctx, Any], Model] | None = None
    update_with: Callable[[Ctx, Any, Any], None] | None = None
    finish: Finish | None = None

    @cached_property
    def columns(self) -> dict[str, Column[Any]]:
        """The readable columns, by attribute name.

        Raises:
            ConfigurationError: a declared name is no column of the table, or a sort is nullable.
        """
        known = self.model.__mapper__.columns
        sorts = [name.lstrip("-") for name in self.sort]
        referring = [name for name, _ in self.references]
        named = (*self.search, *self.named, *referring)
        for name in (*self.fields, *self.filters, *named, *sorts):
            if name not in known:
                raise ConfigurationError(f"{self.path}: «{name}» is no column of {self.model}.")
        for name in sorts:
            if known[name].nullable:
                raise ConfigurationError(f"{self.path}: cannot sort by nullable «{name}».")
        return {name: known[name] for name in self.fields}

    @cached_property
    def filter_set(self) -> dict[str, Filter]:
        """The query parameters that filter the list."""
        return declared([self.attribute(name) for name in self.filters])

    @property
    def searches(self) -> bool:
        """Whether the list takes a text to look for."""
        return bool(self.search or self.named or self.references)

    def attribute(self, name: str) -> Any:
        """Return the mapped attribute of a column."""
        return getattr(self.model, name)

    @cached_property
    def kinds(self) -> dict[str, type[Any]]:
        """The Python types of what the list can be sorted by, by attribute name."""
        names = {name.lstrip("-") for name in self.sort}
        return {name: python_type(self.attribute(name)) for name in names}

    @cached_property
    def pages(self) -> dict[Any, plans.Page]:
        """The SELECTs of the list, by what decides them."""
        return {}

    def keep_page(self, shape: Any, page: plans.Page) -> None:
        """Keep a SELECT for the next query of its shape."""
        if len(self.pages) >= MAX_PAGES:
            self.pages.clear()
        self.pages[shape] = page

    def json_row(self, names: tuple[str, ...]) -> ColumnElement[str]:
        """Return the expression that writes these fields of a row as JSON text."""
        return plans.json_row({name: self.attribute(name) for name in names})

    @cached_property
    def list_query(self) -> type[BaseModel]:
        """The query of the list."""
        return listing.query_schema(self)

    @cached_property
    def export_query(self) -> type[BaseModel]:
        """The query of the export."""
        return listing.query_schema(self, export=True)

    @property
    def noun(self) -> str:
        """The last word of the path, for names of schemas and files."""
        return self.path.strip("/").rpartition("/")[2]

    def read_schema(self, rules: Iterable[FieldRule]) -> type[BaseModel]:
        """Return the schema of one row, fields under a field rule marked as protected."""
        permission = {rule.field: rule.permission for rule in rules if rule.model is self.model}
        fields: dict[str, Any] = {}
        for name, column in self.columns.items():
            kind: Any = python_type(column)
            kind = kind | None if column.nullable else kind
            hideable = name in permission  # then an answer may lack it
            fields[name] = (_protected(kind, permission.get(name)), None if hideable else ...)
        for name, kind in (self.finish.adds if self.finish is not None else {}).items():
            fields[name] = (kind, ...)
        return create_model(
            f"{self.model.__name__}Fila",
            __config__=ConfigDict(from_attributes=True, defer_build=True),
            **fields,
        )

    def endpoints(self, rules: Sequence[FieldRule]) -> list[Endpoint]:
        """Return the endpoints of the declared actions."""
        row = self.read_schema(rules)
        makers = {
            "list": self._list,
            "detail": self._detail,
            "create": self._create,
            "update": self._update,
            "delete": self._delete,
            "export": self._export,
        }
        made = [(action, makers[action](row)) for action in self.actions]
        return [
            replace(one, keys=action not in self.people_only)
            for action, one in made
            if one is not None
        ]

    def _endpoint(self, method: str, path: str, accion: str, run: Any, **facts: Any) -> Endpoint:
        run.__name__ = f"{facts.pop('verb')}_{self.noun.replace('-', '_')}"
        return Endpoint(
            method, f"{self.path}{path}", run, permission=f"{self.modulo}.{accion}", **facts
        )

    def _list(self, row: type[BaseModel]) -> Endpoint:
        def run(ctx: Ctx, query: Any) -> Any:
            return listing.page(ctx, self, query)

        return self._endpoint(
            "GET",
            "",
            "ver",
            run,
            verb="listar",
            query=self.list_query,
            schema_name="query",
            answer=_page_of(row),
            presumes=True,
            summary=f"Lista de {self.noun}.",
        )

    def _detail(self, row: type[BaseModel]) -> Endpoint:
        def run(ctx: Ctx, id: int) -> Any:
            return self.show(ctx, row, self.find(ctx, id))

        return self._endpoint(
            "GET",
            "{id}/",
            "ver",
            run,
            verb="ver",
            path_types={"id": QueryId},
            answer=row,
            summary=f"Un registro de {self.noun}.",
        )

    def _create(self, row: type[BaseModel]) -> Endpoint | None:
        if self.create is None:
            return None

        def run(ctx: Ctx, nuevo: Schema) -> Any:
            return self.show(ctx, row, self.insert(ctx, nuevo))

        return self._endpoint(
            "POST",
            "",
            "crear",
            run,
            verb="crear",
            status=201,
            body=self.create,
            schema_name="nuevo",
            answer=row,
            summary=f"Crea un registro de {self.noun}.",
        )

    def _update(self, row: type[BaseModel]) -> Endpoint | None:
        schema = self.update or self.create
        if schema is None:
            return None

        def run(ctx: Ctx, id: int, cambio: Any) -> Any:
            return self.show(ctx, row, self.change(ctx, id, cambio))

        return self._endpoint(
            "PUT",
            "{id}/",
            "editar",
            run,
            verb="editar",
            path_types={"id": QueryId},
            body=partial(schema, versioned=hasattr(self.model, "version")),
            schema_name="cambio",
            answer=row,
            summary=f"Cambia los campos indicados de un registro de {self.noun}.",
        )

    def _delete(self, _row: type[BaseModel]) -> Endpoint:
        def run(ctx: Ctx, id: int) -> None:
            ctx.session.delete(self.find(ctx, id))
            ctx.session.flush()

        return self._endpoint(
            "DELETE",
            "{id}/",
            "eliminar",
            run,
            verb="eliminar",
            status=204,
            path_types={"id": QueryId},
            summary=f"Elimina un registro de {self.noun}.",
        )

    def _export(self, _row: type[BaseModel]) -> Endpoint:
        def run(ctx: Ctx, query: Any) -> Any:
            with exports.turn(ctx):
                return listing.export(ctx, self, query)

        return self._endpoint(
            "GET",
            "exportar/",
            "exportar",
            run,
            verb="exportar",
            query=self.export_query,
            schema_name="query",
            files=(CSV, XLSX),
            statuses=exports.STATUSES,
            summary=f"Descarga {self.noun} en CSV o XLSX.",
        )

    def find(self, ctx: Ctx, row_id: int) -> Model:
        """Return a row that the user may see.

        Raises:
            NotFound: it doesn't exist or is out of reach.
        """
        found = ctx.session.get(self.model, row_id)
        if found is None:
            raise NotFound
        return found

    def insert(self, ctx: Ctx, nuevo: Schema) -> Model:
        """Return the new row of a body, flushed."""
        self._refuse_hidden(ctx, nuevo.model_fields_set)
        if self.create_with is not None:
            return self.create_with(ctx, nuevo)
        made = self.model(**nuevo.model_dump(exclude_unset=True))
        ctx.session.add(made)
        ctx.session.flush()
        return made

    def change(self, ctx: Ctx, row_id: int, cambio: BaseModel) -> Model:
        """Return the row with the given fields changed, flushed.

        Raises:
            Conflict: the body's ``version`` is not the row's: somebody changed it meanwhile.
        """
        found: Any = self.find(ctx, row_id)
        data = cambio.model_dump(exclude_unset=True)
        if "version" in data and data.pop("version") != found.version:
            raise Conflict(
                "Otra persona cambió este registro mientras usted lo editaba.",
                code="version_obsoleta",
                field="version",
            )
        self._refuse_hidden(ctx, data)
        for name, value in data.items():
            setattr(found, name, value)
        if self.update_with is not None:
            self.update_with(ctx, found, cambio)
        ctx.session.flush()
        return found  # type: ignore[no-any-return]  # a Model, seen as Any for its attributes

    def _refuse_hidden(self, ctx: Ctx, names: Iterable[str]) -> None:
        hidden = rbac.hidden_fields(ctx, self.model).intersection(names)
        if hidden:
            raise refused(
                FieldError(name, "sin_permiso", "Su rol no puede escribir este campo.")
                for name in sorted(hidden)
            )

    def show(self, ctx: Ctx, row: type[BaseModel], found: Model) -> BaseModel:
        """Return a row as its schema, defaults made by the database included."""
        ctx.session.refresh(found)
        if self.finish is None:
            return row.model_validate(found)
        names = dict.fromkeys([*self.columns, *self.finish.reads])
        values = {name: getattr(found, name) for name in names}
        self.finish.run(ctx, [values])
        return row.model_validate(values)


def _page_of(row: Any) -> Any:
    return Page[row]


def _protected(kind: Any, permission: str | None) -> Any:
    return Annotated[kind, Protected(permission)] if permission else kind


def partial(schema: type[Schema], *, versioned: bool) -> type[Schema]:
    """Return the schema with every field optional: only what is sent changes."""
    fields: dict[str, Any] = {
        name: (field.rebuild_annotation(), None) for name, field in schema.model_fields.items()
    }
    if versioned:
        fields["version"] = (Version, None)
    return create_model(f"{schema.__name__}Cambio", __base__=Schema, **fields)
