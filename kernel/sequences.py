"""Correlativos: one counter row per sequence and series.

A gap-free sequence takes its number by ``UPDATE … RETURNING`` inside the transaction that issues
the document: the row stays locked until the commit, so a number is either used by a committed
document or not used at all. A fast sequence uses a PostgreSQL sequence, which may leave gaps.
``MAX + 1 FOR UPDATE`` is not valid SQL, and a numbered document is never renumbered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Statement
from kernel.model import Model

if TYPE_CHECKING:
    from kernel.context import Ctx


class Counter(Model):
    """The last number given of a sequence and series."""

    __tablename__ = "andes_sequences"
    __audited__ = False
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    name: Mapped[str] = mapped_column(primary_key=True)
    serie: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger, server_default="0")


NEXT = Statement(
    "next_number",
    """
    INSERT INTO andes_sequences AS c (name, serie, last) VALUES (%(name)s, %(serie)s, 1)
    ON CONFLICT (name, serie) DO UPDATE SET last = c.last + 1
    RETURNING last
    """,
)

BEGIN = Statement(
    "begin_numbers",
    """
    INSERT INTO andes_sequences AS c (name, serie, last) VALUES (%(name)s, %(serie)s, %(last)s)
    ON CONFLICT (name, serie) DO UPDATE SET last = excluded.last WHERE c.last <= excluded.last
    RETURNING last
    """,
)

FAST = Statement("fast_number", "SELECT nextval('andes_fast_numbers')")


@dataclass(frozen=True, slots=True)
class Sequence:
    """A declared correlativo. ``gapless`` serialises the transactions of one series."""

    name: str
    gapless: bool = True

    def call(self, serie: str = "") -> tuple[Statement, dict[str, str]]:
        """Return the statement that takes the next number, to be sent with others."""
        return (NEXT, {"name": self.name, "serie": serie}) if self.gapless else (FAST, {})

    def next(self, ctx: Ctx, serie: str = "") -> int:
        """Return the next number of the series, counting from 1."""
        statement, parameters = self.call(serie)
        return int(ctx.sql(statement, **parameters)[0][0])

    def begin(self, ctx: Ctx, serie: str, first: int) -> bool:
        """Have a gap-free series go on from a number; False where it is past it already."""
        return bool(ctx.sql(BEGIN, name=self.name, serie=serie, last=first - 1))
