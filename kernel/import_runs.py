"""The run of an import, in a job: a dry run is the same work, undone.

Rows go in batches, each in a savepoint. What a batch as a whole is refused for is looked for row by
row, by halves, so that one bad row keeps no other from being written. One transaction holds all of
it: a run that dies leaves nothing, and is begun again from the first row.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from types import MappingProxyType
from typing import Any

import psycopg
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from kernel import answers, import_files, import_rows
from kernel.context import Ctx
from kernel.errors import Conflict, DomainError
from kernel.import_tables import (
    FAILED,
    IMPORTED,
    IMPORTING,
    REFUSE,
    REFUSED,
    TRIED,
    UNDER_WAY,
    WHOLE,
    FilaRechazada,
    Importacion,
)
from kernel.imports import BATCH, Import, Row, Written
from kernel.jobs import Job, Schedule

KEPT = timedelta(days=90)
Numbered = tuple[int, tuple[str, ...]]
"""A row of a sheet with its line."""

_OF_ROW = re.compile(r"filas\.(\d+)\.?(.*)")


@dataclass
class Run:
    """The rows of an import on their way into the database."""

    ctx: Ctx
    kind: Import
    one: Importacion
    dry: bool
    seen: dict[Hashable, int] = field(default_factory=dict)
    bad: list[Row] = field(default_factory=list)
    written: Written = field(default_factory=Written)

    def take(self, rows: Sequence[Row]) -> None:
        """Check and write a batch; of a dry run nothing stays."""
        good = self._new_keys([row for row in rows if not row.faults])
        if good:
            mark, savepoint = self.ctx.mark(), self.ctx.session.begin_nested()
            self.kind.check(self.ctx, good, self.one.id)
            self._settle(good)
            self._write([row for row in good if not row.faults])
            if self.dry:
                savepoint.rollback()
                self.ctx.forget_since(mark)
            else:
                savepoint.commit()
        self.bad += [row for row in rows if row.faults]

    def _new_keys(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows whose key stands in no row before."""
        found = []
        for row in rows:
            key = self.kind.key(row.data)
            first = row.number if key is None else self.seen.setdefault(key, row.number)
            if first == row.number:
                found.append(row)
            else:
                row.refuse("", f"Repite la fila {first}.", "repetida")
        return found

    def _settle(self, rows: Sequence[Row]) -> None:
        """Refuse changes where none are wanted, and new records that lack something."""
        for row in rows:
            if row.faults:
                continue
            if row.record is None:
                import_rows.complete(self.kind, row)
            elif not self.kind.changes or self.one.existentes == REFUSE:
                row.refuse("", "Ya existe.", "ya_existe")

    def _write(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        refusal = self._attempt(rows)
        if refusal is None:
            return
        named = _named(rows, refusal)
        if named:
            self._write([row for row in rows if not row.faults])
        elif len(rows) == 1:
            rows[0].faults += refusal.errors
            if not refusal.errors:
                rows[0].refuse("", refusal.message, refusal.code)
        else:
            half = len(rows) // 2
            self._write(rows[:half])
            self._write(rows[half:])

    def _attempt(self, rows: Sequence[Row]) -> DomainError | None:
        """Return why the rows were refused, or None: they are written."""
        mark, savepoint = self.ctx.mark(), self.ctx.session.begin_nested()
        try:
            written = self.kind.write(self.ctx, rows, self.one.id)
            savepoint.commit()
        except (DomainError, DBAPIError, psycopg.Error, StaleDataError) as error:
            refusal = answers.explain(error)
            if refusal is None or refusal.status == 503:  # the whole job is tried again
                raise
            savepoint.rollback()
            self.ctx.forget_since(mark)
            return refusal
        self.written += written
        return None


def _named(rows: Sequence[Row], refusal: DomainError) -> bool:
    """Tell the rows that a refusal names, ``filas.<line>.<field>``; return whether it names any."""
    by_number = {row.number: row for row in rows}
    found = False
    for fault in refusal.errors:
        words = _OF_ROW.fullmatch(fault.field)
        row = by_number.get(int(words[1])) if words else None
        if words and row is not None:
            row.refuse(words[2], fault.message, fault.code)
            found = True
    return found


def run(ctx: Ctx, importacion_id: int, vuelta: int) -> None:
    """Do what an import waits for, or try it; the job behind ``probar`` and ``importar``.

    The file is fetched and read before the job's own transaction begins.
    """
    found = ctx.runtime.transact(lambda own: _waiting(own, importacion_id, vuelta))
    if found is None:
        return
    try:
        kind = _kind(ctx, found)
        rows = _sheet(ctx, found)
    except DomainError as refusal:
        _end(ctx, ctx.session.get_one(Importacion, importacion_id), FAILED, error=refusal.message)
        return
    _import(ctx, kind, ctx.session.get_one(Importacion, importacion_id), rows)


def _kind(ctx: Ctx, one: Importacion) -> Import:
    """Return what the rows become; who asked must still be there, and still be allowed to."""
    kind = ctx.runtime.registry.imports.get(one.tipo)
    if kind is None:
        raise Conflict(f"Ya no se importa «{one.tipo}»: su addon no está activo.")
    for permission in kind.permissions:
        ctx.require(permission)
    return kind


def _waiting(ctx: Ctx, importacion_id: int, vuelta: int) -> Importacion | None:
    one = ctx.session.get(Importacion, importacion_id)
    waits = one is not None and one.estado in UNDER_WAY and one.vuelta == vuelta
    return one if waits else None


def _sheet(ctx: Ctx, one: Importacion) -> list[Numbered]:
    """Return the filled rows of a file, with their lines."""
    data = ctx.runtime.storage.get(one.clave)
    sheet = import_files.open_sheet(data, one.formato, one.codificacion, one.hoja)
    width = len(next(sheet))
    return [
        (number, import_files.padded(texts, width))
        for number, texts in enumerate(sheet, 2)
        if any(texts)
    ]


def _import(ctx: Ctx, kind: Import, one: Importacion, rows: Sequence[Numbered]) -> None:
    if one.estado not in UNDER_WAY:  # somebody cancelled it meanwhile
        return
    dry = one.estado != IMPORTING
    mark, savepoint = ctx.mark(), ctx.session.begin_nested()
    made = Run(ctx, kind, one, dry)
    _take_all(made, rows)
    undone = not dry and bool(made.bad) and one.modo == WHOLE
    if undone:
        savepoint.rollback()
        ctx.forget_since(mark)
        made.written = Written()
    else:
        savepoint.commit()
    _keep(ctx, one, made.bad)
    facts = {
        "filas": len(rows),
        "malas": len(made.bad),
        "creados": made.written.made,
        "actualizados": made.written.changed,
    }
    _end(ctx, one, TRIED if dry else REFUSED if undone else IMPORTED, facts)


def _take_all(made: Run, rows: Sequence[Numbered]) -> None:
    job, done = made.ctx.job, 0
    for batch in _batches(iter(rows)):
        made.take([import_rows.read(made.kind, *row, made.one.mapeo) for row in batch])
        done += len(batch)
        if job is not None:
            job.progress(done, len(rows), f"{len(made.bad)} filas con errores")
            job.check_cancelled()


def _batches(rows: Iterator[Numbered]) -> Iterator[list[Numbered]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _keep(ctx: Ctx, one: Importacion, bad: Sequence[Row]) -> None:
    ctx.session.execute(delete(FilaRechazada).where(FilaRechazada.importacion_id == one.id))
    if bad:
        ctx.session.execute(insert(FilaRechazada), [_refused(one, row) for row in bad])


def _refused(one: Importacion, row: Row) -> dict[str, Any]:
    told = [{"campo": fault.field, "mensaje": fault.message} for fault in row.faults]
    return {
        "importacion_id": one.id,
        "fila": row.number,
        "motivos": told,
        "valores": list(row.texts),
    }


def _end(
    ctx: Ctx,
    one: Importacion,
    state: str,
    facts: Mapping[str, int] = MappingProxyType({}),
    *,
    error: str = "",
) -> None:
    one.estado, one.error, one.terminada_at = state, error, ctx.now
    for name, value in facts.items():
        setattr(one, name, value)
    ctx.session.flush()
    if state == IMPORTED:
        told = {"tipo": one.tipo, "archivo": one.nombre, **facts}
        ctx.audit("importar", Importacion.__tablename__, one.id, despues=told)
    ctx.notify("importaciones", importacion_id=one.id)


def sweep(ctx: Ctx) -> None:
    """Forget imports of long ago, their files first."""
    old = select(Importacion).where(Importacion.created_at < ctx.now - KEPT).limit(BATCH)
    for one in ctx.session.scalars(old):
        ctx.runtime.storage.delete(one.clave)
        ctx.session.delete(one)


JOB = "kernel.import_rows"
JOBS = (
    Job(JOB, run, "Importa filas", max_attempts=3, timeout=timedelta(minutes=30)),
    Job("kernel.sweep_imports", sweep, "Borra importaciones antiguas", max_attempts=1),
)
SCHEDULES = (Schedule("kernel.sweep_imports", "23 3 * * *", "kernel.sweep_imports"),)
