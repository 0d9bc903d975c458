"""The row and field rules of a generation, and what they come to for one user.

A rule is asked once per context; its answer, an expression with bound values, is reused for every
statement, so that compiled statements are shared between users.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Column, ColumnElement, Table, and_
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql import visitors

from kernel.errors import ConfigurationError
from kernel.model import Model, table_of
from kernel.statements import Shapes, criteria

if TYPE_CHECKING:
    from kernel.context import Ctx
    from kernel.rbac import FieldRule, RowRule


class RuleBook:
    """The rules of one generation, by what they are about; tables by their bare names."""

    def __init__(self, rows: Iterable[RowRule], fields: Iterable[FieldRule]) -> None:
        self.rows: dict[str, list[RowRule]] = {}
        self.fields: dict[type[Model], list[FieldRule]] = {}
        for rule in rows:
            self.rows.setdefault(table_of(rule.model).name, []).append(rule)
        for one in fields:
            self.fields.setdefault(one.model, []).append(one)
        self.models = {table: rules[0].model for table, rules in self.rows.items()}
        self.audited = frozenset(
            cast("Table", mapper.local_table).name
            for mapper in Model.registry.mappers
            if mapper.class_.__audited__
        )
        self.shapes = Shapes(self.models)

    def rules_of(self, model: type[Model]) -> list[RowRule]:
        """Return the row rules of a model."""
        return self.rows.get(table_of(model).name, [])


class Rules:
    """The row rules as they are for the user of one context."""

    def __init__(self, ctx: Ctx, book: RuleBook) -> None:
        self.ctx = ctx
        self.book = book
        self.resolving: list[str] = []
        """Tables whose rules are being asked right now."""
        self._resolved: dict[str, list[tuple[RowRule, ColumnElement[bool] | None]]] = {}
        self._options: dict[str, LoaderCriteriaOption | None] = {}
        self._referred: dict[str, list[str]] = {}

    def resolved(self, table: str) -> list[tuple[RowRule, ColumnElement[bool] | None]]:
        """Return the rules of a table and what each asks of a row, which may be nothing.

        A rule may itself read the table: what it runs meanwhile is not narrowed by it.
        """
        if table in self._resolved:
            return self._resolved[table]
        if table in self.resolving:
            return []
        self.resolving.append(table)
        try:
            with self.ctx.session.no_autoflush:
                found = [(rule, rule.where(self.ctx)) for rule in self.book.rows.get(table, ())]
        finally:
            self.resolving.pop()
        self._resolved[table] = found
        return found

    def condition(self, table: str) -> ColumnElement[bool] | None:
        """Return which rows of a table the user may see; None for all."""
        asked = [condition for _, condition in self.resolved(table) if condition is not None]
        return and_(*asked) if asked else None

    def options(self, tables: Iterable[str]) -> list[LoaderCriteriaOption]:
        """Return the options that narrow these tables, and those that their rules refer to."""
        found: dict[str, LoaderCriteriaOption | None] = {}
        pending = list(tables)
        for table in pending:
            if table not in found:
                found[table] = self._option(table)
                pending.extend(self._referred.get(table, ()))
        return [option for option in found.values() if option is not None]

    def alone(
        self, model: type[Model], condition: ColumnElement[bool]
    ) -> list[LoaderCriteriaOption]:
        """Return the options of one condition on a model, as if it were its only rule."""
        table = table_of(model).name
        others = [other for other in self._tables_in(condition) if other != table]
        return [criteria(model, condition), *self.options(others)]

    def refers(self, condition: ColumnElement[bool]) -> bool:
        """Return whether a condition looks into tables that have rules."""
        return bool(self._tables_in(condition))

    def _option(self, table: str) -> LoaderCriteriaOption | None:
        if table in self._options:
            return self._options[table]
        condition = self.condition(table)
        if self.resolving:
            return None if condition is None else criteria(self.book.models[table], condition)
        if condition is None:
            self._options[table] = None
        else:
            self._options[table] = criteria(self.book.models[table], condition)
            self._referred[table] = self._tables_in(condition)
        return self._options[table]

    def _tables_in(self, condition: ColumnElement[bool]) -> list[str]:
        """Return the ruled tables that a condition looks into.

        Raises:
            ConfigurationError: it names the Core column of one, which follows no alias and lets no
                other rule narrow what it looks into.
        """
        names = set()
        for element in visitors.iterate(condition):
            name = element.name if isinstance(element, Table) else _core_table(element)
            if name in self.book.rows:
                names.add(name)
                if not isinstance(element, Table):
                    raise ConfigurationError(
                        f"A row rule names the Core column «{element}»: name the model's attribute."
                    )
        return sorted(names)


def _core_table(element: Any) -> str | None:
    """Return the name of the table whose column it is, unless a model's attribute led to it."""
    of_core = isinstance(element, Column) and "parententity" not in element._annotations
    return element.table.name if of_core and isinstance(element.table, Table) else None
