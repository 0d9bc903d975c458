"""Presumption: a list begins for who its caller was a moment ago, while the database is asked anew.

Who asks, and whether they may, is read with every request. To wait for that before the list's own
statement is sent costs a fifth of a short list, so both become one statement: the list's rows come
only if the database says of the caller now, value by value, what it said the last time. Otherwise
what was done meanwhile is void, and the request is served from the start. Nothing leaves before:
no row, and no refusal of what was asked. Work that writes may presume if it does nothing outside
of its transaction: the question goes ahead of its first statement, and nothing is committed before
it is answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kernel.prepared import Ahead, Rows, Statement

_PARAMETER = re.compile(r"%\((\w+)\)s")
_PREFIX = "kernel_asked_"
_ANSWER = "kernel_answer"


class Disproved(Exception):
    """The caller is not, or may not, what they were and might; the work so far is void."""


@dataclass(slots=True)
class Presumption:
    """The question that is still open in a session, and the only answer that lets the work count.

    The ``question`` returns one row, or none; ``answer`` is that row, written by PostgreSQL.
    """

    question: Statement
    given: Mapping[str, Any]
    answer: str
    run: Callable[[Statement, Mapping[str, Any]], Rows]
    open: bool = True

    def settle(self) -> None:
        """Ask, unless it was asked already.

        Raises:
            Disproved: the answer is another one.
        """
        if self.open:
            self.rows(NOTHING, {})

    def rows(self, statement: Statement, given: Mapping[str, Any]) -> Rows:
        """Return the rows of a statement that reads, asked along.

        Raises:
            Disproved: the answer is another one.
        """
        asked = {_PREFIX + name: value for name, value in self.given.items()}
        # Ours count where names are the same: no value of the statement may answer the question.
        given = {**given, **asked, _ANSWER: self.answer}
        found = self.run(_along(self.question, statement), given)
        if not found or found[0][0] is None:
            raise Disproved
        self.open = False
        return [row[1:] for row in found] if found[0][0] else []

    def ahead(self) -> Ahead:
        """Return the question as it goes ahead of a statement, which is void if it raises."""
        return Ahead(_alone(self.question), self.given, self._see)

    def _see(self, rows: Rows) -> None:
        if [row[0] for row in rows] != [self.answer]:
            raise Disproved
        self.open = False


NOTHING = Statement("nothing", "SELECT WHERE false", reads=True)


@lru_cache(maxsize=100)
def _alone(question: Statement) -> Statement:
    """Return the statement whose only value is the answer, as PostgreSQL writes it."""
    sql = f"SELECT asked::text FROM ({question.sql}) AS asked"  # noqa: S608  # a text of ours
    return Statement(f"{question.name}_alone", sql, reads=True)


@lru_cache(maxsize=1000)
def _along(question: Statement, statement: Statement) -> Statement:
    """Return the statement that has rows only if the question is answered as presumed.

    A row begins with true; with false, if there are none; with NULL, if the answer is another one.
    """
    asked = _PARAMETER.sub(rf"%({_PREFIX}\1)s", question.sql)
    return Statement(
        f"{statement.name}_presumed",
        f"""
        SELECT coalesce(mark.here, CASE WHEN who.same THEN false END), wanted.*
          FROM (SELECT asked::text = %({_ANSWER})s AS same FROM ({asked}) AS asked OFFSET 0) AS who
          LEFT JOIN ((SELECT true AS here) AS mark CROSS JOIN ({statement.sql}) AS wanted)
            ON who.same
        """,  # noqa: S608  # two texts of ours
        reads=True,
    )
