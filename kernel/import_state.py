"""An import as it stands: what may be imported, its columns and their mapping, how far it is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from kernel import import_rows
from kernel.context import Ctx
from kernel.errors import Conflict, FieldError, Forbidden, NotFound
from kernel.import_runs import JOB
from kernel.import_schemas import Asignacion, ImportacionLeida
from kernel.import_tables import (
    CANCELLED,
    FAILED,
    IMPORTED,
    UNDER_WAY,
    Importacion,
    MapeoRecordado,
)
from kernel.imports import Import
from kernel.jobs import JobRow
from kernel.messages import refused

DERIVED = ("faltan", "estado", "hechas", "error")
"""What is told of an import and is no column of it."""


def may(ctx: Ctx, one: Import) -> bool:
    """Return whether the user has every permission that an import asks for."""
    return all(ctx.can(name) for name in one.permissions)


def kind_of(ctx: Ctx, name: str, field: str = "tipo") -> Import:
    """Return something that the user may import.

    Raises:
        ValidationFailed: nothing has this name.
        Forbidden: the user lacks a permission that it asks for.
    """
    found = ctx.runtime.registry.imports.get(name)
    if found is None:
        known = ", ".join(sorted(ctx.runtime.registry.imports)) or "nada todavía"
        text = f"No se importa «{name[:60]}»; se importa: {known}."
        raise refused([FieldError(field, "no_existe", text)])
    for permission in found.permissions:
        ctx.require(permission)
    return found


def signature(columns: Sequence[str]) -> str:
    """Return what stands for heads: the same for the same names, however they are written."""
    return hashlib.sha256("\n".join(map(import_rows.plain, columns)).encode()).hexdigest()


def remembered(ctx: Ctx, kind: Import, columns: Sequence[str]) -> dict[str, int] | None:
    """Return the mapping of an earlier file with the same heads."""
    found = ctx.session.scalars(
        select(MapeoRecordado.mapeo).where(
            MapeoRecordado.tipo == kind.name, MapeoRecordado.firma == signature(columns)
        )
    ).one_or_none()
    if found is None:
        return None
    names = {it.name for it in kind.fields}  # an upgrade may have taken one away
    return {name: place for name, place in found.items() if name in names}


def map_columns(ctx: Ctx, one: Importacion, asked: Sequence[Asignacion]) -> None:
    """Map columns to fields, and remember it for the next file with these heads.

    Raises:
        ValidationFailed: a field or column isn't there, or stands twice.
    """
    kind = kind_of(ctx, one.tipo)
    names = {it.name for it in kind.fields}
    faults, mapping = [], dict[str, int]()
    for index, it in enumerate(asked):
        if it.campo not in names:
            faults.append(FieldError(f"mapeo.{index}.campo", "no_existe", "No hay tal campo."))
        elif it.campo in mapping:
            faults.append(FieldError(f"mapeo.{index}.campo", "repetido", "Ya está arriba."))
        if it.columna >= len(one.columnas) or it.columna in mapping.values():
            text = "No hay tal columna, o ya llena otro campo."
            faults.append(FieldError(f"mapeo.{index}.columna", "no_existe", text))
        mapping[it.campo] = it.columna
    if faults:
        raise refused(faults)
    one.mapeo = mapping
    facts = {"tipo": one.tipo, "firma": signature(one.columnas), "mapeo": mapping}
    upsert = insert(MapeoRecordado).values(**facts)
    changed = {"mapeo": mapping, "updated_at": ctx.now}
    ctx.session.execute(
        upsert.on_conflict_do_update(index_elements=["tipo", "firma"], set_=changed)
    )


def find(ctx: Ctx, importacion_id: int, *, lock: bool = False) -> Importacion:
    """Return an import within reach.

    Raises:
        NotFound: there is none.
    """
    found = ctx.session.get(Importacion, importacion_id, with_for_update=lock or None)
    if found is None:
        raise NotFound
    return found


def take(ctx: Ctx, importacion_id: int) -> Importacion:
    """Return an import of the user that no job is at, kept from others.

    Raises:
        NotFound: there is none within reach.
        Forbidden: it is somebody else's: rows are written in the name of who imports.
        Conflict: it is under way, or done.
    """
    one = find(ctx, importacion_id, lock=True)
    if one.usuario_id != ctx.user_id:
        raise Forbidden("Esta importación es de otra persona.")
    if state_of(ctx, one) in UNDER_WAY:
        raise Conflict("Está en marcha; espere o cancélela.", code="estado_no_permite")
    if one.estado == IMPORTED:
        raise Conflict("Ya se importó; suba el archivo de nuevo.", code="estado_no_permite")
    return one


def key_of(one: Importacion) -> str:
    """Return the key of the job of this run."""
    return f"importacion:{one.id}:{one.vuelta}"


def job_of(ctx: Ctx, one: Importacion) -> JobRow | None:
    """Return the job of this run."""
    query = select(JobRow).where(JobRow.name == JOB, JobRow.idempotency_key == key_of(one))
    return ctx.session.scalars(query).one_or_none()


def state_of(ctx: Ctx, one: Importacion) -> str:
    """Return the state, also where the job ended without saying so."""
    if one.estado in UNDER_WAY:
        job = job_of(ctx, one)
        if job is not None and job.status in ("failed", "cancelled"):
            return FAILED if job.status == "failed" else CANCELLED
    return one.estado


def lacking(kind: Import, one: Importacion) -> list[str]:
    """Return the required fields that no column fills, by their labels."""
    return [it.label for it in kind.fields if it.name in kind.required - one.mapeo.keys()]


def read(ctx: Ctx, one: Importacion) -> ImportacionLeida:
    """Return an import as the API answers it."""
    kind = ctx.runtime.registry.imports.get(one.tipo)
    state, job = state_of(ctx, one), job_of(ctx, one) if one.estado in UNDER_WAY else None
    facts: dict[str, Any] = {
        name: getattr(one, name) for name in ImportacionLeida.model_fields if name not in DERIVED
    }
    if job is not None:
        facts["filas"] = job.progress_total
    return ImportacionLeida(
        **facts,
        estado=state,
        faltan=[] if kind is None else lacking(kind, one),
        hechas=None if job is None else job.progress_done,
        error=one.error or ((job.error or "") if job is not None and state == FAILED else ""),
    )
