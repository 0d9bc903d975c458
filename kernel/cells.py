"""Cells: values of the API as people read them, in lists, forms and charts.

What a field holds decides how it is shown (its type, its choices, the record that it refers to),
unless its column names a widget. Names of records that a page refers to are read once a page.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from kernel import rbac, translations, words
from kernel.context import Ctx
from kernel.registry import Registry
from kernel.resource import Resource
from kernel.schemas import plain_type as plain_type  # its usual address here
from kernel.views import Choice, Column, Field

MONTHS = {
    "es": ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"],
    "en": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
}
NUMERIC = ("money", "price", "number")


@dataclass(frozen=True, slots=True)
class Style:
    """How numbers and instants are written where the company is."""

    zone: ZoneInfo
    today: date
    currency: str
    symbol: str = ""
    thousands: str = ","
    decimal: str = "."
    digits: int = 2


STYLES: Mapping[str, tuple[str, str, str, int]] = {
    "PEN": ("S/", ",", ".", 2),
    "CLP": ("$", ".", ",", 0),
    "COP": ("$", ".", ",", 2),
    "USD": ("$", ",", ".", 2),
}


def style(ctx: Ctx) -> Style:
    """Return the style of the company."""
    regional = ctx.runtime.regional(ctx.session)
    zone = ZoneInfo(regional.zona_horaria)
    symbol, thousands, decimal, digits = STYLES.get(regional.moneda, (regional.moneda, ",", ".", 2))
    today = ctx.now.astimezone(zone).date()
    return Style(zone, today, regional.moneda, symbol, thousands, decimal, digits)


def number(value: Any, how: Style, *, least: int = 0, most: int = 6) -> str:
    """Return a number with thousands marked, and no more decimals than it has."""
    if value is None or value == "":
        return ""
    exact = Decimal(str(value))
    text = f"{exact:,.{most}f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(least, "0")
    whole = whole.replace(",", how.thousands)
    return f"{whole}{how.decimal}{decimals}" if decimals else whole


def exact(value: Any) -> Decimal:
    """Return a number that the API answered, 0 for what is none."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)


def money(value: Any, how: Style) -> str:
    """Return an amount without its symbol: 1,234.50."""
    return number(value, how, least=how.digits, most=how.digits)


def amount(value: Any, how: Style) -> str:
    """Return an amount with its symbol, where it stands alone: S/ 1,234.50."""
    return f"{how.symbol} {money(value, how)}"


def price(value: Any, how: Style) -> str:
    """Return a unit price, which may have more decimals than an amount: 32.90, 0.0125."""
    return number(value, how, least=how.digits)


def moment(value: Any, how: Style) -> str:
    """Return an instant, in the company's zone: 20 nov 18:42."""
    if not value:
        return ""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    local = at.astimezone(how.zone)
    if local.year == how.today.year:
        return f"{_day(local)} {local:%H:%M}"
    return f"{_day(local)} {local.year} {local:%H:%M}"


def period(start: date, unit: str, how: Style) -> str:
    """Return the day, month or year that begins on a day."""
    if unit == "month":
        return f"{MONTHS[translations.spoken()][start.month - 1]} {start.year}"
    return str(start.year) if unit == "year" else day(start, how)


def local_day(value: Any, how: Style) -> date | None:
    """Return the day of an instant or day, where the company is."""
    if not value:
        return None
    if len(value) == len("2026-01-31"):
        return date.fromisoformat(value)
    return datetime.fromisoformat(value).astimezone(how.zone).date()


def resolved(value: str, today: date) -> str:
    """Return a value with ``@today``, ``@week``, ``@month`` or ``@year`` as a day."""
    days = {
        "@today": today,
        "@week": today - timedelta(days=today.weekday()),
        "@month": today.replace(day=1),
        "@year": today.replace(month=1, day=1),
    }
    return days[value].isoformat() if value in days else value


def day(value: Any, how: Style) -> str:
    """Return a calendar day: 20 nov, and the year where it is another one."""
    if not value:
        return ""
    on = value if isinstance(value, date) else date.fromisoformat(value[:10])
    return _day(on) if on.year == how.today.year else f"{_day(on)} {on.year}"


def _day(on: date) -> str:
    month = MONTHS[translations.spoken()][on.month - 1]
    return f"{month} {on.day}" if translations.spoken() == "en" else f"{on.day} {month}"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A column or field with what decides how it is drawn."""

    name: str
    label: str
    widget: str
    choices: Mapping[str, Choice]
    refers: str = ""
    total: bool = False
    optional: bool = False

    @property
    def numeric(self) -> bool:
        """Whether it stands at the right."""
        return self.widget in NUMERIC


def drawn(registry: Registry, resource: str, part: Column | Field, kind: Any) -> Drawn:
    """Return how a part of a view over a resource is drawn; ``kind`` is its type in the API."""
    refers = part.refers or referred(registry, resource, part.name)
    given: Iterable[Choice] = part.choices
    if part.widget == "job":
        given = _jobs(registry)
    elif part.widget in words.WIDGETS:
        given = words.choices(registry, part.widget)
    choices = {one.value: one for one in given}
    return Drawn(
        part.name,
        part.label,
        part.widget or _widget(part, kind, refers),
        choices,
        refers,
        getattr(part, "total", False),
        getattr(part, "optional", False),
    )


def _jobs(registry: Registry) -> list[Choice]:
    """Return the jobs by name, each with what it does in words."""
    named = [Choice(one.name, one.summary or one.name) for one in registry.jobs.values()]
    return sorted(named, key=lambda one: one.label)


def _widget(part: Column | Field, kind: Any, refers: str) -> str:
    if part.choices:
        return "choice"
    if refers:
        return "reference"
    plain = plain_type(kind)
    for known, widget in WIDGETS.items():
        if isinstance(plain, type) and issubclass(plain, known):
            return widget
    return "text"


WIDGETS: Mapping[type, str] = {
    bool: "flag",
    datetime: "moment",
    date: "day",
    int: "integer",
    Decimal: "number",
    list: "tags",
    dict: "json",
}


def resource_at(registry: Registry, path: str) -> Resource | None:
    """Return the resource at a path."""
    return next((one for one in registry.resources if one.path == path), None)


def referred(registry: Registry, path: str, name: str) -> str:
    """Return the path of the resource that a column refers to by a foreign key, or nothing."""
    resource = resource_at(registry, path)
    column = resource.model.__mapper__.columns.get(name) if resource is not None else None
    for key in getattr(column, "foreign_keys", ()):
        for one in registry.resources:
            if one.model.__tablename__ == key.column.table.name:
                return one.path
    return ""


def guessed(registry: Registry, name: str) -> str:
    """Return the resource that a field named ``producto_id`` refers to, if its name says it."""
    noun = name.removesuffix("_id")
    if noun == name:
        return ""
    for one in registry.resources:
        if one.model.__name__.lower() == noun.replace("_", ""):
            return one.path
    return ""


def titles_of(resource: Resource) -> tuple[str, ...]:
    """Return the fields that name a record of a resource together."""
    if resource.named:
        return resource.named
    names = [*resource.search, *(n for n in ("nombre", "razon_social") if n in resource.columns)]
    preferred = [n for n in names if n in ("nombre", "razon_social", "titulo")]
    return (next(iter([*preferred, *names]), "id"),)


def joined(values: Iterable[Any]) -> str:
    """Return the name of a record that several fields name together: 3-15."""
    return "-".join(map(str, values))


Names = Mapping[tuple[str, int | str], str]
"""Names by resource and id. Of a text that mentions a record, its name stands under ``MENTION``
and its page, if the user may open it, under ``PAGE``."""
MENTION, PAGE = "mention", "page"


def names(ctx: Ctx, columns: Sequence[Drawn], rows: Iterable[Mapping[str, Any]]) -> Names:
    """Return the names of the records that rows refer to: one query for each resource.

    Only of what the user may see, by row and field rules and by permission, unless a resource is
    ``known_by_name``; the rest stays a number.
    """
    wanted: dict[str, set[int]] = {}
    texts: set[str] = set()
    for row in rows:
        for column in columns:
            value = row.get(column.name)
            if column.refers and isinstance(value, int):
                wanted.setdefault(column.refers, set()).add(value)
            elif column.widget == MENTION and value:
                texts.add(value)
    found: dict[tuple[str, int | str], str] = {}
    for path, ids in wanted.items():
        found |= {(path, one): name for one, name in _named(ctx, path, ids)}
    return found | _mentioned(ctx, texts) if texts else found


def _mentioned(ctx: Ctx, texts: Iterable[str]) -> dict[tuple[str, int | str], str]:
    from kernel import mentions  # which calls records by their names with us

    found: dict[tuple[str, int | str], str] = {}
    for text, one in mentions.told(ctx, texts).items():
        found |= {(MENTION, text): one.name, (PAGE, text): one.address}
    return found


def _named(ctx: Ctx, path: str, ids: set[int]) -> list[tuple[int, str]]:
    resource = resource_at(ctx.runtime.registry, path)
    if resource is None:
        return []
    if not (resource.known_by_name or ctx.can(f"{resource.modulo}.ver")):
        return []
    return called(ctx, resource, ids) if _readable_titles(ctx, resource) else []


def called(ctx: Ctx, resource: Resource, ids: Collection[int]) -> list[tuple[int, str]]:
    """Return (id, name) of the records that row rules let the user see.

    The name is "" where a record has none, or the user may not read it.
    """
    titles, key = _readable_titles(ctx, resource), resource.attribute("id")
    query = select(key, *map(resource.attribute, titles)).where(rbac.among(key, ids))
    return [(one, joined(name)) for one, *name in ctx.session.execute(query)]


def _readable_titles(ctx: Ctx, resource: Resource) -> tuple[str, ...]:
    titles = titles_of(resource)
    hidden = rbac.hidden_fields(ctx, resource.model).intersection(titles)
    return () if hidden or titles == ("id",) else titles


@dataclass(frozen=True, slots=True)
class Painter:
    """Says values as people read them, with the names of the records that they refer to."""

    how: Style
    names: Names

    def said(self, column: Drawn, value: Any) -> str:
        """Return what a value is read as."""
        if value is None:
            return ""
        if column.refers:
            return self.names.get((column.refers, value)) or translations.translate(
                "N.º {n}", n=value
            )
        if column.widget == MENTION:
            return self.names.get((MENTION, value), str(value))
        if column.choices and column.widget != "changes":
            choice = column.choices.get(str(value))
            if choice is not None:
                return translations.translate(choice.label)
            return words.plain(value) if column.widget in words.WIDGETS else str(value)
        writer = WRITERS.get(column.widget)
        return writer(value, self.how) if writer else str(value)


WRITERS = {"money": money, "price": price, "number": number, "moment": moment, "day": day}


def writers(ctx: Ctx) -> dict[str, Callable[[Any], str]]:
    """Return how values are written where the company is, by the name of a widget."""
    how = functools.cache(lambda: style(ctx))
    return {
        name: lambda value, write=write: write(value, how())  # type: ignore[misc]
        for name, write in {**WRITERS, "amount": amount}.items()
    }
