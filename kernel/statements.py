"""What a statement touches, and whether every ruled table in it stands next to its rule.

SQLAlchemy adds a row rule (``with_loader_criteria``) wherever it recognises an entity. This module
does not trust that it always does: the first time a statement of some shape is run, it is compiled
once more with a *probe* in the place of each rule, by a compiler that notes every table in a FROM
and every probe beside it. A table without its probe means that the statement would see all rows,
whatever the reason: a table of Core, a join that the ORM does not reach, a FULL JOIN. The facts are
kept by the statement's cache key, so that later statements of the shape cost a dictionary look-up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Boolean, ColumnElement, Dialect, Executable, FromClause, Select, true
from sqlalchemy.dialects.postgresql.base import PGCompiler
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import with_loader_criteria
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql.elements import _truncated_label
from sqlalchemy.sql.functions import FunctionElement

from kernel.model import Model

MAX_SHAPES = 1000
"""Shapes remembered before the memory starts afresh."""


class visible(FunctionElement[bool]):  # noqa: N801  # named as it reads in a statement
    """A row rule as it stands in a statement: the condition, and a column of the row it is about.

    The column is not rendered. It follows the table when the ORM gives it an alias, and so tells
    which of the tables of a statement the rule narrows.
    """

    inherit_cache = True
    type = Boolean()

    def __init__(self, condition: ColumnElement[bool], column: ColumnElement[Any]) -> None:
        super().__init__(condition, column)


@compiles(visible)
def _render(element: visible, compiler: Any, **facts: Any) -> str:
    condition, column = element.clauses
    if isinstance(compiler, Witness):
        compiler.saw_rule(column)
    return f"({compiler.process(condition, **facts)})"


def criteria(model: type[Model], condition: ColumnElement[bool]) -> LoaderCriteriaOption:
    """Return the option that narrows every occurrence of a model in a statement."""
    return with_loader_criteria(
        model, narrowed(model, condition), include_aliases=True, propagate_to_loaders=True
    )


def narrowed(model: type[Model], condition: ColumnElement[bool]) -> visible:
    """Return a row rule of a model as it goes into a statement."""
    mapper = model.__mapper__
    return visible(condition, mapper.get_property_by_column(mapper.primary_key[0]).class_attribute)


@dataclass(frozen=True, slots=True)
class Write:
    """A table that a statement writes."""

    kind: str
    table: str
    nested: bool
    """Inside another statement, as in a CTE."""
    entity: bool
    """Through the model, not through the Core table."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a statement of some shape does."""

    ruled: frozenset[str] = frozenset()
    """Ruled tables whose rows it reads, changes or deletes."""
    exposed: str | None = None
    """One of them that it would see whole."""
    text: str | None = None
    """A piece of SQL text in it."""
    writes: tuple[Write, ...] = ()
    upserts: bool = False


PLAIN = Facts()
"""Nothing that concerns a rule."""


class Shapes:
    """The facts of every shape of statement that was run, found by the statement's cache key."""

    def __init__(self, models: Mapping[str, type[Model]]) -> None:
        self._models = models
        self._known: dict[Any, Facts] = {}

    def facts(
        self, statement: Executable, dialect: Dialect, refreshed: type[Model] | None
    ) -> Facts:
        """Return what a statement does; ``refreshed`` is the model of a load by identity."""
        key = cast("Any", statement)._generate_cache_key()
        if key is None:
            return self._examine(statement, dialect, refreshed)
        found = self._known.get((key.key, refreshed))
        if found is None:
            if len(self._known) >= MAX_SHAPES:
                self._known.clear()
            found = self._known[key.key, refreshed] = self._examine(statement, dialect, refreshed)
        return found

    def _examine(
        self, statement: Executable, dialect: Dialect, refreshed: type[Model] | None
    ) -> Facts:
        statement = _alone(statement)
        seen = Witness(dialect, statement, self._models)
        ruled = frozenset(place.table for place in seen.froms)
        exposed = None
        if ruled:
            probes = [criteria(self._models[table], true()) for table in ruled]
            probed = narrow(statement, probes, refreshed, true())
            exposed = Witness(dialect, probed, self._models).exposed()
        facts = Facts(ruled, exposed, seen.text, tuple(seen.writes), seen.upserts)
        return PLAIN if facts == PLAIN else facts


def narrow(
    statement: Executable,
    options: Iterable[LoaderCriteriaOption],
    refreshed: type[Model] | None = None,
    condition: ColumnElement[bool] | None = None,
) -> Executable:
    """Return the statement with rules; those of a load by identity go into its WHERE.

    SQLAlchemy leaves options out of such a load: it takes for granted that the row may be seen.
    """
    if refreshed is not None and condition is not None and isinstance(statement, Select):
        statement = statement.where(narrowed(refreshed, condition))
    return statement.options(*options)


def _alone(statement: Executable) -> Executable:
    """Return a copy that compiles by itself: a bulk INSERT does not, and compiling leaves marks."""
    copy = cast("Any", statement).options()
    if copy._annotations.get("dml_strategy") == "bulk":
        copy = copy._annotate({"dml_strategy": "orm"})
    return cast("Executable", copy)


@dataclass(frozen=True, slots=True)
class _Place:
    """A ruled table in a FROM: in which SELECT, under which name."""

    scope: int
    name: str
    table: str


_compiler: Any = PGCompiler
"""The compiler that the witness watches; its methods have no types."""


class Witness(PGCompiler):
    """Compiles a statement to note what it touches; the text is thrown away."""

    def __init__(self, dialect: Dialect, statement: Executable, ruled: Collection[str]) -> None:
        self.ruled = ruled
        self.froms: list[_Place] = []
        self.rules: list[tuple[int, str]] = []
        self.writes: list[Write] = []
        self.text: str | None = None
        self.upserts = False
        self._scopes: list[Any] = []
        super().__init__(dialect, cast("Any", statement))

    def exposed(self) -> str | None:
        """Return a ruled table that stands without its rule."""
        rules = set(self.rules)
        for place in self.froms:
            if (place.scope, place.name) not in rules:
                return place.table
        return None

    def saw_rule(self, column: ColumnElement[Any]) -> None:
        """Note that the rule of a table is rendered here."""
        self.rules.append((self._scope(), self._name(cast("Any", column).table)))

    def _scope(self) -> int:
        entry = self.stack[-1] if self.stack else None
        for number, known in enumerate(self._scopes):
            if known is entry:
                return number
        self._scopes.append(entry)
        return len(self._scopes) - 1

    def _name(self, source: FromClause) -> str:
        name = cast("Any", source).name
        if isinstance(name, _truncated_label):
            return self._truncated_identifier("alias", name)
        return str(name)

    def visit_table(self, table: Any, asfrom: bool = False, *rest: Any, **facts: Any) -> Any:
        """Note a table in a FROM, under the name that its columns go by there."""
        if asfrom and table.name in self.ruled:
            alias = facts.get("enclosing_alias")
            source = alias if alias is not None and alias.element is table else table
            self.froms.append(_Place(self._scope(), self._name(source), table.name))
        return _compiler.visit_table(self, table, asfrom, *rest, **facts)

    def visit_join(
        self, join: Any, asfrom: bool = False, from_linter: Any = None, **facts: Any
    ) -> Any:
        """Accept in ON only what narrows there: an outer join keeps the rows of its left side."""
        start = len(self.froms)
        left = join.left._compiler_dispatch(self, asfrom=True, **facts)
        middle = len(self.froms)
        right = join.right._compiler_dispatch(self, asfrom=True, **facts)
        before = len(self.rules)
        on = join.onclause._compiler_dispatch(self, **facts)
        narrowed = [] if join.full else self.froms[middle if join.isouter else start :]
        places = {(place.scope, place.name) for place in narrowed}
        scope = self._scope()
        self.rules[before:] = [
            rule for rule in self.rules[before:] if rule[0] != scope or rule in places
        ]
        return f"{left} JOIN {right} ON {on}"

    def visit_insert(self, insert_stmt: Any, *rest: Any, **facts: Any) -> Any:
        """Note an INSERT."""
        self._saw_write("insert", insert_stmt)
        return _compiler.visit_insert(self, insert_stmt, *rest, **facts)

    def visit_update(self, update_stmt: Any, *rest: Any, **facts: Any) -> Any:
        """Note an UPDATE."""
        self._saw_write("update", update_stmt)
        return _compiler.visit_update(self, update_stmt, *rest, **facts)

    def visit_delete(self, delete_stmt: Any, *rest: Any, **facts: Any) -> Any:
        """Note a DELETE."""
        self._saw_write("delete", delete_stmt)
        return _compiler.visit_delete(self, delete_stmt, *rest, **facts)

    def _saw_write(self, kind: str, statement: Any) -> None:
        table = statement.table
        entity = "parententity" in table._annotations
        self.writes.append(Write(kind, table.name, bool(self.stack), entity))

    def visit_on_conflict_do_update(self, on_conflict: Any, **facts: Any) -> Any:
        """Note an upsert."""
        self.upserts = True
        return _compiler.visit_on_conflict_do_update(self, on_conflict, **facts)

    def visit_textclause(self, textclause: Any, *rest: Any, **facts: Any) -> Any:
        """Note SQL text."""
        self.text = str(textclause)
        return _compiler.visit_textclause(self, textclause, *rest, **facts)

    def visit_tstring(self, tstring: Any, *rest: Any, **facts: Any) -> Any:
        """Note SQL text."""
        self.text = "t-string"
        return _compiler.visit_tstring(self, tstring, *rest, **facts)

    def visit_textual_select(self, taf: Any, *rest: Any, **facts: Any) -> Any:
        """Note SQL text."""
        self.text = str(taf.element)
        return _compiler.visit_textual_select(self, taf, *rest, **facts)

    def visit_column(self, column: Any, *rest: Any, **facts: Any) -> Any:
        """Note a literal column that could hold a query."""
        if column.is_literal and "(" in column.name:
            self.text = column.name
        return _compiler.visit_column(self, column, *rest, **facts)

    def get_statement_hint_text(self, hint_texts: Any) -> Any:
        """Note SQL text."""
        self.text = " ".join(hint_texts)
        return _compiler.get_statement_hint_text(self, hint_texts)

    def visit_custom_op_binary(self, element: Any, operator: Any, **facts: Any) -> Any:
        """Note an operator that could hold a query."""
        if "(" in operator.opstring:
            self.text = operator.opstring
        return _compiler.visit_custom_op_binary(self, element, operator, **facts)
