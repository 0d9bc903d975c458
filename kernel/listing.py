"""Lists of a resource: filters, search, sort, field selection, pages and exports.

Only fields that the user may read can be shown, filtered or sorted by: a hidden column is, to such
a user, no column at all. Rows are read as columns, not as objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model
from pydantic_core import to_json
from sqlalchemy import Select, select

from kernel import exports, filters, paging, rbac
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.errors import FieldError
from kernel.messages import refused

if TYPE_CHECKING:
    from kernel.resource import Resource

Limit = Annotated[int, Field(ge=1, le=paging.MAX_LIMIT)]
Line = Annotated[str, Field(max_length=1000)]


def query_schema(resource: Resource, *, export: bool = False) -> type[BaseModel]:
    """Return the query of a list (or of its export): paging, sort, fields, search, filters."""
    fields: dict[str, Any] = {"sort": (_sorts(resource), f"{resource.sort[0]}")}
    if export:
        fields["formato"] = (Literal["csv", "xlsx"], "csv")
    else:
        fields["limit"] = (Limit, paging.DEFAULT_LIMIT)
        fields["next"] = (Line | None, None)
        fields["fields"] = (Line | None, None)
    if resource.search:
        fields["q"] = (Line | None, None)
    for name, one in resource.filter_set.items():
        fields[name] = (Annotated[Line, AfterValidator(one.check)] | None, None)
    kind = "Exportar" if export else "Listar"
    return create_model(
        f"{kind}{resource.model.__name__}", __config__=ConfigDict(extra="forbid"), **fields
    )


def _sorts(resource: Resource) -> Any:
    names = [f"{sign}{name.lstrip('-')}" for name in resource.sort for sign in ("", "-")]
    return Literal[tuple(dict.fromkeys(names))]


def page(ctx: Ctx, resource: Resource, query: Any) -> Outcome:
    """Return a page as a ready answer: ``{"items": […], "next": cursor|null}``."""
    names = _selected(ctx, resource, query.fields)
    sort = query.sort.lstrip("-")
    statement = _statement(ctx, resource, query, (*names, sort, "id"))
    if query.next:
        column = resource.attribute(sort)
        kind = filters.python_type(column)
        position = paging.decode(query.next, query.sort, kind)
        key = column if sort == "id" else resource.attribute("id")
        descending = query.sort.startswith("-")
        statement = paging.after(statement, column, key, position, descending=descending)
    rows = ctx.session.execute(statement.limit(query.limit + 1)).all()
    following = None
    if len(rows) > query.limit:
        rows = rows[: query.limit]
        following = paging.encode(query.sort, rows[-1][-2], rows[-1][-1])
    items = [dict(zip(names, row, strict=False)) for row in rows]
    return Outcome(200, to_json({"items": items, "next": following}))


def export(ctx: Ctx, resource: Resource, query: Any) -> Outcome:
    """Return the whole filtered list as a file, at most ``exports.MAX_ROWS`` rows."""
    names = _selected(ctx, resource, None)
    statement = _statement(ctx, resource, query, names).limit(exports.MAX_ROWS)
    return exports.file(resource.noun, query.formato, names, ctx.session.execute(statement))


def _selected(ctx: Ctx, resource: Resource, wanted: str | None) -> tuple[str, ...]:
    hidden = rbac.hidden_fields(ctx, resource.model)
    visible = tuple(name for name in resource.columns if name not in hidden)
    if wanted is None:
        return visible
    names = tuple(dict.fromkeys(part.strip() for part in wanted.split(",")))
    unknown = [name for name in names if name not in visible]
    if unknown:
        raise refused(
            FieldError("fields", "campo_desconocido", f"Esta lista no tiene «{name}».")
            for name in unknown
        )
    return names


def _statement(ctx: Ctx, resource: Resource, query: Any, names: tuple[str, ...]) -> Select[Any]:
    hidden = rbac.hidden_fields(ctx, resource.model)
    sort = query.sort.lstrip("-")
    if sort in hidden:
        raise refused([FieldError("sort", "campo_desconocido", f"Esta lista no tiene «{sort}».")])
    conditions, faults = filters.conditions(
        _visible_filters(resource.filter_set, hidden), _given(resource, query), ctx.time_zone
    )
    if faults:
        raise refused(faults)
    statement = select(*(resource.attribute(name) for name in names)).where(*conditions)
    text = getattr(query, "q", None)
    if text and text.strip():
        columns = [resource.attribute(name) for name in resource.search if name not in hidden]
        statement = statement.where(filters.search(columns, text.strip()))
    return statement.order_by(*_order(resource, query.sort))


def _visible_filters(
    known: Mapping[str, filters.Filter], hidden: frozenset[str]
) -> Mapping[str, filters.Filter]:
    if not hidden:
        return known
    return {name: one for name, one in known.items() if one.column.key not in hidden}


def _given(resource: Resource, query: Any) -> dict[str, str]:
    return {
        name: getattr(query, name)
        for name in resource.filter_set
        if getattr(query, name) is not None
    }


def _order(resource: Resource, sort: str) -> list[Any]:
    names = dict.fromkeys([sort.lstrip("-"), "id"])
    columns = [resource.attribute(name) for name in names]
    return [column.desc() for column in columns] if sort.startswith("-") else columns
