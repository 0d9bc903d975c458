"""Verification: whether the audit is as it was when it was sealed.

The chain is followed row by row in bounded memory; what is found first is named. Then come the rows
outside the chain, which must be newer than the last seal, and the heads kept outside the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg

from kernel import chain, db
from kernel.heads import Head, HeadLog, KeptHead

if TYPE_CHECKING:
    from kernel.context import Ctx

PAGE = 5_000

LINKS = f"""
SELECT l.position, l.audit_id, l.hash, {chain.FIELDS}
  FROM andes_audit_chain l LEFT JOIN audit_logs a ON a.id = l.audit_id
 WHERE l.position > %s AND l.position <= %s ORDER BY l.position
"""  # noqa: S608  # parts of constant text
SEALS = f"""
SELECT s.hash, {chain.SEAL_FIELDS} FROM andes_audit_seals s
 WHERE s.position > %s AND s.position <= %s ORDER BY s.number
"""  # noqa: S608  # parts of constant text
EXTENT = """
SELECT coalesce(greatest((SELECT max(position) FROM andes_audit_chain),
                         (SELECT max(position) FROM andes_audit_seals)), 0)
"""
START = """
SELECT position, hash, number FROM andes_audit_seals
 WHERE position <= %s ORDER BY number DESC LIMIT 1
"""
OUTSIDE = "SELECT min(audit_id) FROM andes_audit_chain WHERE position < 1"
STRAY = "SELECT min(number) FROM andes_audit_seals WHERE number > %s AND position <= %s"
AFTER = "SELECT audit_id FROM andes_audit_chain WHERE position > %s ORDER BY position LIMIT 1"
LINK_WIDTH = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: ``checked`` sealed rows agree; ``audit_id`` is the first that does not."""

    intact: bool
    message: str
    checked: int
    sealed: int
    unsealed: int
    audit_id: int | None = None
    oldest_unsealed: datetime | None = None


class _Fault(Exception):
    """The first disagreement; ``gap`` when a place in the chain is empty."""

    def __init__(self, message: str, audit_id: int | None = None, *, gap: int = 0) -> None:
        super().__init__(message)
        self.audit_id = audit_id
        self.gap = gap


def verify(ctx: Ctx) -> Verdict:
    """Return whether every sealed row is as it was, none is missing and none was slipped in."""
    heads = HeadLog(ctx.runtime.settings.data_dir)
    return verify_chain(db.driver(ctx.session), heads)


PLACE = ("audit_logs", "cadena")
ACT = "verificar"
"""Where and as what the audit itself keeps the verdicts on it."""


def verify_and_note(ctx: Ctx) -> Verdict:
    """Return the verdict, left in the audit for those who browse it (``kernel.seals``)."""
    verdict = verify(ctx)
    noted = {
        "intacta": verdict.intact,
        "mensaje": verdict.message,
        "comprobadas": verdict.checked,
        "fila": verdict.audit_id,
    }
    ctx.audit(ACT, *PLACE, despues=noted, modulo="kernel")
    return verdict


def verify_chain(
    connection: psycopg.Connection[Any], heads: HeadLog, *, last: int | None = None
) -> Verdict:
    """Return the verdict on the whole chain, or on about the ``last`` so many rows of it."""
    walk = _Walk(connection)
    fault: _Fault | None = None
    try:
        walk.run(heads, last)
    except _Fault as found:
        fault = found
    unsealed, intruder, oldest = connection.execute(chain.PENDING).fetchone() or (0, None, None)
    if intruder is not None:
        fault = _earlier(fault, intruder)
    return Verdict(
        intact=fault is None,
        message=str(fault) if fault is not None else walk.summary(unsealed),
        checked=walk.checked,
        sealed=walk.sealed,
        unsealed=unsealed,
        audit_id=fault.audit_id if fault is not None else None,
        oldest_unsealed=oldest,
    )


def _earlier(fault: _Fault | None, intruder: int) -> _Fault:
    """Return the fault, or that of a row outside the chain if it comes first."""
    if fault is not None and fault.gap:
        return _Fault(
            f"La fila {intruder} de audit_logs no está en la cadena, y a la cadena le falta el "
            f"eslabón {fault.gap}: fue eliminado de andes_audit_chain.",
            intruder,
        )
    if fault is not None and fault.audit_id is not None and fault.audit_id < intruder:
        return fault
    return _Fault(
        f"La fila {intruder} de audit_logs fue insertada por fuera: dice ser anterior a lo que ya "
        "se selló y no está en la cadena.",
        intruder,
    )


@dataclass(slots=True)
class _Walk:
    """Follows the chain to its end."""

    connection: psycopg.Connection[Any]
    sealed: int = 0
    kept: dict[int, KeptHead] = field(default_factory=dict)
    checked: int = 0
    position: int = 0
    hash: bytes = chain.GENESIS
    number: int = 0
    audit_id: int | None = None
    agreed: KeptHead | None = None
    """The last head kept outside that the chain agrees with."""
    agreed_id: int | None = None
    """The last row before it."""

    def run(self, heads: HeadLog, last: int | None) -> None:
        """Follow the chain, from the beginning or from a seal that is taken as it is.

        Raises:
            _Fault: at the first disagreement.
        """
        try:
            self.kept = heads.read()  # before the extent, for the chain may grow meanwhile
        except ValueError as error:
            raise _Fault(
                f"{error} no es una cabeza de la auditoría: el archivo fue alterado."
            ) from None
        self.sealed = self._one(EXTENT)
        if last is not None:
            self._start(self.sealed - last)
        while self.position < self.sealed:
            self._page()
        outside = self._one(OUTSIDE)
        if outside is not None:
            raise _Fault(f"El eslabón de la fila {outside} no pertenece a la cadena.", outside)
        stray = self._one(STRAY, self.number, self.sealed)
        if stray is not None:
            raise _Fault(f"El sello {stray} de andes_audit_seals no pertenece a la cadena.")
        for number in sorted(self.kept):
            raise self._rewritten(self.kept[number])

    def summary(self, unsealed: int) -> str:
        """Return what to say of an intact audit."""
        waiting = f"{unsealed} esperan su sello"
        if not self.sealed:
            return f"La auditoría no tiene filas selladas; {waiting}."
        outside = "sin cabezas guardadas fuera de la base de datos"
        if self.agreed is not None:
            outside = (
                f"coincide con las cabezas guardadas hasta {self.agreed.at:%Y-%m-%d %H:%M} UTC"
            )
        return (
            f"La auditoría está intacta: {self.checked} filas comprobadas de {self.sealed} "
            f"selladas, {waiting}; {outside}."
        )

    def _one(self, query: LiteralString, *parameters: int) -> Any:
        """Return the value of a query that has one."""
        row = self.connection.execute(query, parameters).fetchone()
        return row[0] if row is not None else None

    def _start(self, position: int) -> None:
        found = self.connection.execute(START, [position]).fetchone()
        if found is not None:
            self.position, self.hash, self.number = found
            self.kept = {n: one for n, one in self.kept.items() if n > self.number}

    def _page(self) -> None:
        until = min(self.position + PAGE, self.sealed)
        links = self.connection.execute(LINKS, (self.position, until)).fetchall()
        seals = self.connection.execute(SEALS, (self.position, until)).fetchall()
        seals.reverse()
        for link in links:
            self._follow(link[:LINK_WIDTH], link[LINK_WIDTH:])
            while seals and seals[-1][2] == self.position:
                self._pass(seals.pop())
        if self.position < until:
            raise self._gap()
        if seals:
            raise self._bad_seal()

    def _follow(self, link: Sequence[Any], row: Sequence[Any]) -> None:
        position, audit_id, digest = link
        if position != self.position + 1:
            raise self._gap(audit_id)
        place = f"La fila {audit_id} de audit_logs (posición {position} de la cadena)"
        if row[0] is None:
            raise _Fault(f"{place} falta: fue eliminada.", audit_id)
        expected = chain.link_hash(self.hash, row)
        if expected != digest:
            raise _Fault(
                f"{place} no es la que se selló: fue alterada, o lo fue su hash.", audit_id
            )
        self.position, self.hash, self.audit_id = position, expected, audit_id
        self.checked += 1

    def _pass(self, seal: Sequence[Any]) -> None:
        digest, facts = seal[0], seal[1:]
        if facts[0] != self.number + 1 or chain.seal_hash(self.hash, facts) != digest:
            raise self._bad_seal()
        self.number, self.hash = facts[0], digest
        kept = self.kept.pop(self.number, None)
        if kept is not None:
            if kept.head != Head(self.number, self.position, digest):
                raise self._rewritten(kept)
            self.agreed, self.agreed_id = kept, self.audit_id

    def _gap(self, following: int | None = None) -> _Fault:
        where = "" if following is None else f", antes de la fila {following}"
        before = "" if self.audit_id is None else f" Hasta la fila {self.audit_id} coincide."
        return _Fault(
            f"Falta el eslabón {self.position + 1} de la cadena{where}: una fila sellada y su "
            f"eslabón fueron eliminados.{before}",
            following,
            gap=self.position + 1,
        )

    def _bad_seal(self) -> _Fault:
        return _Fault(
            f"El sello {self.number + 1} (después de la fila {self.audit_id}) falta o fue alterado "
            "en andes_audit_seals.",
            self.audit_id,
        )

    def _rewritten(self, kept: KeptHead) -> _Fault:
        after = "desde la primera fila"
        if self.agreed_id is not None:
            after = f"después de la fila {self.agreed_id}"
        return _Fault(
            f"La cadena fue reescrita o cortada {after}: la cabeza que se guardó el "
            f"{kept.at:%Y-%m-%d %H:%M} UTC (posición {kept.head.position}) ya no está en ella.",
            self._first_after_agreed(),
        )

    def _first_after_agreed(self) -> int | None:
        position = self.agreed.head.position if self.agreed is not None else 0
        found: int | None = self._one(AFTER, position)
        return found
