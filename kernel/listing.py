"""Lists of a resource: filters, search, sort, field selection, pages and exports.

Only fields that the user may read can be shown, filtered or sorted by: a hidden column is, to such
a user, no column at all. Rows are read as columns, not as objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model
from pydantic_core import to_json
from sqlalchemy import BigInteger, Date, Select, bindparam, cast, func, select

from kernel import db, exports, filters, paging, plans, rbac, search
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.errors import FieldError
from kernel.filters import python_type
from kernel.messages import refused

if TYPE_CHECKING:
    from kernel.resource import Resource

Limit = Annotated[int, Field(ge=1, le=paging.MAX_LIMIT)]
Line = Annotated[str, Field(max_length=1000)]

FINISHED_AT_ONCE = 500
"""Rows of an export that are finished together."""


@dataclass(frozen=True)
class Finish:
    """Last changes to rows before they leave: values taken out, fields added that are no columns.

    ``run`` changes the dictionaries, which hold at least the columns that it ``reads``, and gives
    each the fields that it ``adds`` (name and type). Nobody can filter or sort by those.
    """

    run: Callable[[Ctx, list[dict[str, Any]]], None]
    reads: tuple[str, ...] = ()
    adds: Mapping[str, Any] = field(default_factory=dict)


def query_schema(resource: Resource, *, export: bool = False) -> type[BaseModel]:
    """Return the query of a list (or of its export): paging, sort, fields, search, filters."""
    fields: dict[str, Any] = {"sort": (_sorts(resource), f"{resource.sort[0]}")}
    if export:
        fields["formato"] = (Literal["csv", "xlsx"], "csv")
    else:
        fields["limit"] = (Limit, paging.DEFAULT_LIMIT)
        fields["next"] = (Line | None, None)
        fields["fields"] = (Line | None, None)
    if resource.searches:
        fields["q"] = (Line | None, None)
    for name, one in resource.filter_set.items():
        fields[name] = (Annotated[Line, AfterValidator(one.check)] | None, None)
    kind = "Exportar" if export else "Listar"
    return create_model(
        f"{kind}{resource.model.__name__}",
        __config__=ConfigDict(extra="forbid", defer_build=True),
        **fields,
    )


def _sorts(resource: Resource) -> Any:
    names = [f"{sign}{name.lstrip('-')}" for name in resource.sort for sign in ("", "-")]
    return Literal[tuple(dict.fromkeys(names))]


def page(ctx: Ctx, resource: Resource, query: Any) -> Outcome:
    """Return a page as a ready answer: ``{"items": […], "next": cursor|null}``."""
    names = _selected(ctx, resource, query.fields)
    if resource.finish is None:
        rows = _json_rows(ctx, resource, query, names)
    else:
        rows = _finished_rows(ctx, resource, resource.finish, query, names)
    following = b"null"
    if len(rows) > query.limit:
        rows = rows[: query.limit]
        following = to_json(paging.encode(query.sort, rows[-1][1], rows[-1][2]))
    items = ",".join([row[0] for row in rows]).encode()
    return Outcome(200, b'{"items":[%s],"next":%s}' % (items, following))


def _json_rows(ctx: Ctx, resource: Resource, query: Any, names: tuple[str, ...]) -> Sequence[Any]:
    """Return (JSON, sort value, id) of the rows of a page and of one more."""
    asked = _asked(ctx, resource, query)
    page = resource.pages.get((names, asked.shape))
    if page is None:
        page = plans.Page(_page_of(resource, asked.shape, [resource.json_row(names)]))
        resource.keep_page((names, asked.shape), page)
    visible = rbac.visible_rows(ctx, resource.model)
    hot = page.statement(visible, asked.values) if visible is not None else None
    if hot is None:
        return ctx.session.execute(page.select, asked.values).all()
    return db.execute(ctx.session, *hot)


def _finished_rows(
    ctx: Ctx, resource: Resource, finish: Finish, query: Any, names: tuple[str, ...]
) -> Sequence[Any]:
    """Return the same of a resource whose rows are finished in Python."""
    columns = _read(resource, names)
    asked = _asked(ctx, resource, query)
    statement = _page_of(resource, asked.shape, [resource.attribute(name) for name in columns])
    rows = ctx.session.execute(statement, asked.values).all()
    items = [dict(zip(columns, row, strict=False)) for row in rows]
    finish.run(ctx, items)
    texts = [to_json({name: item[name] for name in names}).decode() for item in items]
    return [(text, row[-2], row[-1]) for text, row in zip(texts, rows, strict=True)]


def _page_of(resource: Resource, shape: Shape, shown: Sequence[Any]) -> Select[Any]:
    """Return the SELECT of a page: what is shown, the sort value and the id; one row more."""
    sort = shape.sort.lstrip("-")
    column, key = resource.attribute(sort), resource.attribute("id")
    statement = _statement(resource, shape, (*shown, column, key))
    if shape.continues:
        position = bindparam("after", type_=column.type), bindparam("after_id", type_=key.type)
        statement = paging.after(
            statement,
            column,
            column if sort == "id" else key,
            position,
            descending=shape.sort.startswith("-"),
        )
    return statement.limit(bindparam("limit", type_=BigInteger))


def count(ctx: Ctx, resource: Resource, query: Any, cap: int) -> int:
    """Return how many rows a list's filters find, counting no further than one past ``cap``."""
    asked = _asked(ctx, resource, query)
    shape = asked.shape._replace(continues=False)
    found = _statement(resource, shape, [resource.attribute("id")]).order_by(None).limit(cap + 1)
    return ctx.session.scalar(select(func.count()).select_from(found.subquery()), asked.values) or 0


class Group(NamedTuple):
    """Rows that share the values of some fields: how many, and their sums."""

    values: tuple[Any, ...]
    size: int
    sums: tuple[Decimal | None, ...]


def groups(
    ctx: Ctx, resource: Resource, query: Any, by: Sequence[str], sums: Sequence[str], limit: int
) -> list[Group]:
    """Return the groups of what a list's filters find, ordered by their values.

    ``by`` names filterable fields, an instant with ``:day``, ``:month`` or ``:year``.

    Raises:
        ValidationFailed: a field is none that the user may filter by, or no number to be summed.
    """
    asked = _asked(ctx, resource, query)
    hidden = rbac.hidden_fields(ctx, resource.model)
    keys = [
        _group_key(ctx, resource, hidden, one).label(f"key_{place}") for place, one in enumerate(by)
    ]
    names = [one.name for one in keys]
    totals = [func.sum(_summed(resource, hidden, one)) for one in sums]
    shape = asked.shape._replace(continues=False)
    statement = (
        _statement(resource, shape, [*keys, func.count(), *totals])
        .order_by(None)
        .group_by(*names)
        .order_by(*names)
        .limit(limit)
    )
    rows = ctx.session.execute(statement, asked.values)
    width = len(keys)
    return [Group(tuple(row[:width]), row[width], tuple(row[width + 1 :])) for row in rows]


def _group_key(ctx: Ctx, resource: Resource, hidden: frozenset[str], asked: str) -> Any:
    name, _, unit = asked.partition(":")
    if name in hidden or name not in resource.filters or unit not in ("", "day", "month", "year"):
        raise refused([FieldError("by", "campo_desconocido", f"No se agrupa por «{name}».")])
    column = resource.attribute(name)
    if not unit:
        return column
    if python_type(column) is datetime:
        column = func.timezone(ctx.time_zone.key, column)
    return cast(func.date_trunc(unit, column), Date)


def _summed(resource: Resource, hidden: frozenset[str], name: str) -> Any:
    known = name in resource.columns and name not in hidden
    if not known or python_type(resource.attribute(name)) not in (Decimal, int):
        raise refused([FieldError("sums", "campo_desconocido", f"No se suma «{name}».")])
    return resource.attribute(name)


def export(ctx: Ctx, resource: Resource, query: Any) -> Outcome:
    """Return the whole filtered list as a file.

    Raises:
        Unprocessable: it has more than ``exports.MAX_ROWS`` rows; a part would pass for the whole.
    """
    names = _selected(ctx, resource, None)
    columns = _read(resource, names)
    asked = _asked(ctx, resource, query)
    statement = _statement(resource, asked.shape, [resource.attribute(name) for name in columns])
    rows = exports.whole(ctx.session.execute(statement.limit(exports.MAX_ROWS + 1), asked.values))
    finish = resource.finish
    shown = rows if finish is None else _finished(ctx, finish, columns, names, rows)
    return exports.file(resource.noun, query.formato, names, shown)


def _read(resource: Resource, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns behind the fields that are shown, and those that finishing them reads."""
    if resource.finish is None:
        return names
    shown = [name for name in names if name not in resource.finish.adds]
    return tuple(dict.fromkeys([*shown, *resource.finish.reads]))


def _finished(
    ctx: Ctx,
    finish: Finish,
    columns: Sequence[str],
    names: Sequence[str],
    rows: Iterator[Sequence[Any]],
) -> Iterator[list[Any]]:
    while some := [dict(zip(columns, row, strict=True)) for row in islice(rows, FINISHED_AT_ONCE)]:
        finish.run(ctx, some)
        yield from ([one[name] for name in names] for one in some)


def _selected(ctx: Ctx, resource: Resource, wanted: str | None) -> tuple[str, ...]:
    hidden = rbac.hidden_fields(ctx, resource.model)
    added = resource.finish.adds if resource.finish is not None else ()
    visible = tuple(name for name in (*resource.columns, *added) if name not in hidden)
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


class Shape(NamedTuple):
    """What of a query decides its SELECT."""

    sort: str
    filters: tuple[tuple[str, tuple[str, ...]], ...]
    """Each parameter with the operators of its terms."""
    searched: tuple[str, ...]
    continues: bool


class Asked(NamedTuple):
    """A query, taken apart: the shape, and the values by the names that its SELECT gives them."""

    shape: Shape
    values: dict[str, Any]


def _asked(ctx: Ctx, resource: Resource, query: Any) -> Asked:
    hidden = rbac.hidden_fields(ctx, resource.model)
    sort = query.sort.lstrip("-")
    if sort in hidden:
        raise refused([FieldError("sort", "campo_desconocido", f"Esta lista no tiene «{sort}».")])
    known = _visible_filters(resource.filter_set, hidden)
    found, faults = filters.read(known, _given(resource, query), ctx.time_zone)
    if faults:
        raise refused(faults)
    shapes = [(name, tuple(operator for operator, _ in terms)) for name, terms in found.items()]
    values = {
        known[name].name(place): value
        for name, terms in found.items()
        for place, (_, value) in enumerate(terms)
    }
    searched = _searched(ctx, resource, query, hidden, values)
    continues = _continued(resource, query, values)
    return Asked(Shape(query.sort, tuple(shapes), searched, continues), values)


def _searched(
    ctx: Ctx, resource: Resource, query: Any, hidden: frozenset[str], values: dict[str, Any]
) -> tuple[str, ...]:
    """Return the arms of the search; what the text comes to goes into the values."""
    text = (getattr(query, "q", None) or "").strip()
    if not text:
        return ()
    return search.asked(ctx, resource, text, hidden, values)


def _continued(resource: Resource, query: Any, values: dict[str, Any]) -> bool:
    """Return whether a page follows another; its limit and position go into the values."""
    limit = getattr(query, "limit", None)
    if limit is not None:
        values["limit"] = limit + 1
    cursor = getattr(query, "next", None)
    if cursor:
        kind = resource.kinds[query.sort.lstrip("-")]
        values["after"], values["after_id"] = paging.decode(cursor, query.sort, kind)
    return bool(cursor)


def _statement(resource: Resource, shape: Shape, columns: Sequence[Any]) -> Select[Any]:
    conditions = [
        condition
        for name, operators in shape.filters
        for condition in resource.filter_set[name].comparisons(operators)
    ]
    if shape.searched:
        conditions.append(search.condition(resource, shape.searched))
    return select(*columns).where(*conditions).order_by(*_order(resource, shape.sort))


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
