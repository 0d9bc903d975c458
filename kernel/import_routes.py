"""Importing over REST: a file, its mapping, the dry run, the import, and what was refused.

Source: OWASP ASVS 5.0, 5.2 (what is accepted); the import's own addon says what may be written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert

from kernel import exports, filetypes, import_files, import_rows, jobs, storage
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.errors import Conflict, FieldError, Forbidden, NotFound
from kernel.forms import Form
from kernel.http import endpoint
from kernel.import_runs import JOB
from kernel.import_tables import (
    CANCELLED,
    CHANGE,
    FAILED,
    IMPORTED,
    IMPORTING,
    TRYING,
    UNDER_WAY,
    FilaRechazada,
    Importacion,
    MapeoRecordado,
)
from kernel.imports import Import
from kernel.jobs import JobRow
from kernel.messages import refused
from kernel.rbac import Permission, RowRule
from kernel.resource import Resource
from kernel.schemas import Answer, OptionalText, Page, QueryId, Schema, Text
from kernel.uploads import FileRule, Upload

PREFIX = "importaciones"
PAGE = 200
ACCEPTED = FileRule(types=frozenset({filetypes.XLSX, filetypes.CSV, filetypes.TEXT}))
USERS = ("GERENTE_VENTAS", "SUPERVISOR_ALMACEN")
PERMISSIONS = [
    Permission("importaciones", "ver", "Ver sus importaciones", USERS),
    Permission("importaciones", "crear", "Importar de hojas de cálculo", USERS),
    Permission("importaciones", "ver_ajenas", "Ver las importaciones de otros"),
]


def _own(ctx: Ctx) -> ColumnElement[bool] | None:
    if ctx.user is None or ctx.can("importaciones.ver_ajenas"):
        return None
    return Importacion.usuario_id == ctx.user_id


def _of_own(ctx: Ctx) -> ColumnElement[bool] | None:
    if _own(ctx) is None:
        return None
    return FilaRechazada.importacion_id.in_(select(Importacion.id))  # narrowed by their own rule


ROW_RULES = [
    RowRule("kernel.importaciones", Importacion, _own, "Solo las importaciones propias."),
    RowRule("kernel.filas_rechazadas", FilaRechazada, _of_own, "Solo las de lo que ve."),
]

RESOURCE = Resource(
    path="/api/importaciones/",
    model=Importacion,
    modulo="importaciones",
    fields=(
        "id",
        "tipo",
        "nombre",
        "estado",
        "modo",
        "filas",
        "malas",
        "creados",
        "actualizados",
        "usuario_id",
        "created_at",
        "terminada_at",
    ),
    filters=("tipo", "estado", "usuario_id", "created_at"),
    search=("nombre",),
    sort=("-id", "created_at"),
    actions=("list",),
)

Modo = Literal["todo_o_nada", "omitir_malas"]
Existentes = Literal["actualizar", "rechazar"]


class ImportacionNueva(Form):
    """A file, and what its rows are to become; of a workbook the first sheet, if none is named."""

    tipo: Text
    archivo: Annotated[Upload, ACCEPTED]
    codificacion: Literal["utf-8", "latin-1"] = "utf-8"
    hoja: OptionalText = ""


class Asignacion(Schema):
    """A field, and the place of the column that fills it, from 0 on."""

    campo: Text
    columna: Annotated[int, Field(strict=True, ge=0, lt=import_files.MAX_COLUMNS)]


class ImportacionCambio(Schema):
    """How columns are mapped, and what becomes of bad rows and of records that are there."""

    mapeo: Annotated[list[Asignacion], Field(max_length=import_files.MAX_COLUMNS)] | None = None
    modo: Modo | None = None
    existentes: Existentes | None = None


class CampoLeido(Answer):
    """A field that a column can fill."""

    campo: str
    etiqueta: str
    ayuda: str
    obligatorio: bool


class TipoLeido(Answer):
    """Something that the user may import."""

    tipo: str
    titulo: str
    actualiza: bool
    campos: list[CampoLeido]


class ImportacionLeida(Answer):
    """An import: its columns with a few rows, the mapping (field → column), how it goes.

    ``recordado``: the mapping is that of an earlier file with the same heads.
    """

    id: int
    tipo: str
    nombre: str
    codificacion: str
    hoja: str
    columnas: list[str]
    muestra: list[list[str]]
    mapeo: dict[str, int]
    recordado: bool
    faltan: list[str]
    modo: str
    existentes: str
    estado: str
    filas: int | None
    hechas: int | None
    malas: int | None
    creados: int | None
    actualizados: int | None
    error: str
    created_at: datetime
    terminada_at: datetime | None


class FilaLeida(Answer):
    """A row that was refused: its line, and what is wrong with which field."""

    id: int
    fila: int
    motivos: list[dict[str, str]]
    valores: list[str]


class FilasQuery(Schema):
    """Which rows; ``next`` is the last one's ``id``."""

    limit: Annotated[int, Field(ge=1, le=PAGE)] = 50
    next: QueryId | None = None


class PlantillaQuery(Schema):
    """A sheet with the heads of what can be imported, and nothing below."""

    tipo: Text
    formato: Literal["csv", "xlsx"] = "xlsx"


class RechazadasQuery(Schema):
    """The rows that were refused, as a file to be corrected and sent again."""

    formato: Literal["csv", "xlsx"] = "xlsx"


# What can be imported ----------------------------------------------------------------------------


@endpoint("GET", "/api/importaciones/tipos/", permission="importaciones.ver")
def listar_tipos(ctx: Ctx) -> list[TipoLeido]:
    """Lo que el usuario puede importar, con los campos que una columna puede llenar."""
    return [_kind(one) for one in ctx.runtime.registry.imports.values() if _may(ctx, one)]


def _kind(one: Import) -> TipoLeido:
    fields = [
        CampoLeido(
            campo=it.name, etiqueta=it.label, ayuda=it.help, obligatorio=it.name in one.required
        )
        for it in one.fields
    ]
    return TipoLeido(tipo=one.name, titulo=one.title, actualiza=one.changes, campos=fields)


def _may(ctx: Ctx, one: Import) -> bool:
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


@endpoint(
    "GET",
    "/api/importaciones/plantilla/",
    permission="importaciones.ver",
    files=(exports.CSV, exports.XLSX),
)
def descargar_plantilla(ctx: Ctx, query: PlantillaQuery) -> Outcome:
    """Una hoja con los títulos de lo que se puede importar."""
    kind = kind_of(ctx, query.tipo)
    return exports.file(
        f"plantilla-{kind.name}", query.formato, [it.label for it in kind.fields], []
    )


# One import --------------------------------------------------------------------------------------


@endpoint("POST", "/api/importaciones/", permission="importaciones.crear", status=201)
def subir_importacion(ctx: Ctx, nueva: ImportacionNueva) -> ImportacionLeida:
    """Recibe una hoja de cálculo y propone a qué campo va cada columna."""
    kind = kind_of(ctx, nueva.tipo)
    upload = nueva.archivo
    sheet = import_files.open_sheet(upload.read(), upload.tipo, nueva.codificacion, nueva.hoja)
    columns, sample = import_files.heads(sheet)
    known = _remembered(ctx, kind, columns)
    key = storage.new_key(f"{PREFIX}/{ctx.now:%Y-%m-%d}", upload.nombre)
    ctx.runtime.storage.put(key, upload.chunks(), content_type=upload.tipo)
    try:
        made = Importacion(
            tipo=kind.name,
            usuario_id=ctx.user_id,
            nombre=upload.nombre,
            formato=upload.tipo,
            clave=key,
            codificacion=nueva.codificacion,
            hoja=nueva.hoja,
            columnas=list(columns),
            muestra=[list(row) for row in sample],
            mapeo=known or import_rows.guess(kind, columns),
            recordado=known is not None,
            existentes=CHANGE,
        )
        ctx.session.add(made)
        ctx.session.flush()
        ctx.session.refresh(made)
    except Exception:
        ctx.runtime.storage.delete(key)
        raise
    return _read(ctx, made)


def _signature(columns: Sequence[str]) -> str:
    """Return what stands for heads: the same for the same names, however they are written."""
    return hashlib.sha256("\n".join(map(import_rows.plain, columns)).encode()).hexdigest()


def _remembered(ctx: Ctx, kind: Import, columns: Sequence[str]) -> dict[str, int] | None:
    found = ctx.session.scalars(
        select(MapeoRecordado.mapeo).where(
            MapeoRecordado.tipo == kind.name, MapeoRecordado.firma == _signature(columns)
        )
    ).one_or_none()
    if found is None:
        return None
    names = {it.name for it in kind.fields}  # an upgrade may have taken one away
    return {name: place for name, place in found.items() if name in names}


@endpoint("GET", "/api/importaciones/{id}/", permission="importaciones.ver")
def ver_importacion(ctx: Ctx, id: QueryId) -> ImportacionLeida:
    """Una importación: sus columnas, su mapeo y cómo va."""
    return _read(ctx, _find(ctx, id))


@endpoint("PUT", "/api/importaciones/{id}/", permission="importaciones.crear", statuses=(404, 409))
def cambiar_importacion(ctx: Ctx, id: QueryId, cambio: ImportacionCambio) -> ImportacionLeida:
    """Dice a qué campo va cada columna, y qué hacer con las filas malas y con lo que ya existe."""
    one = _take(ctx, id)
    if cambio.mapeo is not None:
        _map(ctx, one, cambio.mapeo)
    one.modo = cambio.modo or one.modo
    one.existentes = cambio.existentes or one.existentes
    ctx.session.flush()
    return _read(ctx, one)


def _map(ctx: Ctx, one: Importacion, asked: Sequence[Asignacion]) -> None:
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
    facts = {"tipo": one.tipo, "firma": _signature(one.columnas), "mapeo": mapping}
    upsert = insert(MapeoRecordado).values(**facts)
    changed = {"mapeo": mapping, "updated_at": ctx.now}
    ctx.session.execute(
        upsert.on_conflict_do_update(index_elements=["tipo", "firma"], set_=changed)
    )


@endpoint(
    "POST",
    "/api/importaciones/{id}/probar/",
    permission="importaciones.crear",
    status=202,
    statuses=(404, 409),
)
def probar_importacion(ctx: Ctx, id: QueryId) -> ImportacionLeida:
    """Hace la importación entera y la deshace: dice qué filas están mal y por qué."""
    return _start(ctx, id, TRYING)


@endpoint(
    "POST",
    "/api/importaciones/{id}/importar/",
    permission="importaciones.crear",
    status=202,
    statuses=(404, 409),
)
def importar(ctx: Ctx, id: QueryId) -> ImportacionLeida:
    """Importa las filas: todas o ninguna, o las buenas."""
    return _start(ctx, id, IMPORTING)


def _start(ctx: Ctx, importacion_id: int, state: str) -> ImportacionLeida:
    one = _take(ctx, importacion_id)
    kind = kind_of(ctx, one.tipo)
    if not one.mapeo:
        raise refused([FieldError("mapeo", "vacio", "Diga a qué campo va al menos una columna.")])
    if not kind.changes and (lacking := _lacking(kind, one)):
        raise refused([FieldError("mapeo", "faltan", f"Falta: {', '.join(lacking)}.")])
    one.estado, one.error, one.terminada_at = state, "", None
    one.filas = one.malas = one.creados = one.actualizados = None
    one.vuelta += 1
    ctx.session.flush()
    ctx.enqueue(JOB, key=_key(one), importacion_id=one.id, vuelta=one.vuelta)
    return _read(ctx, one)


@endpoint(
    "POST",
    "/api/importaciones/{id}/cancelar/",
    permission="importaciones.crear",
    statuses=(404, 409),
)
def cancelar_importacion(ctx: Ctx, id: QueryId) -> ImportacionLeida:
    """Detiene una importación; lo que hizo hasta entonces se deshace."""
    one = _find(ctx, id, lock=True)
    if one.estado == IMPORTED:
        raise Conflict("Ya se importó.", code="estado_no_permite")
    job = _job(ctx, one)
    if job is not None and job.status in ("queued", "running", "parked"):
        jobs.cancel(ctx, job.id)
    one.estado, one.terminada_at = CANCELLED, ctx.now
    ctx.session.flush()
    return _read(ctx, one)


@endpoint("GET", "/api/importaciones/{id}/errores/", permission="importaciones.ver")
def listar_errores(ctx: Ctx, id: QueryId, query: FilasQuery) -> Page[FilaLeida]:
    """Las filas que no se pueden importar, cada una con sus motivos."""
    one = _find(ctx, id)
    rows = select(FilaRechazada).where(FilaRechazada.importacion_id == one.id)
    if query.next is not None:
        rows = rows.where(FilaRechazada.id > query.next)
    found = ctx.session.scalars(rows.order_by(FilaRechazada.id).limit(query.limit + 1)).all()
    items = [FilaLeida.model_validate(row) for row in found[: query.limit]]
    last = str(items[-1].id) if len(found) > query.limit else None
    return Page[FilaLeida](items=items, next=last)


@endpoint(
    "GET",
    "/api/importaciones/{id}/rechazadas/",
    permission="importaciones.ver",
    files=(exports.CSV, exports.XLSX),
    statuses=(404, *exports.STATUSES),
)
def descargar_rechazadas(ctx: Ctx, id: QueryId, query: RechazadasQuery) -> Outcome:
    """Las filas rechazadas como llegaron, con su línea y el motivo, para corregirlas."""
    one = _find(ctx, id)
    rows = select(FilaRechazada).where(FilaRechazada.importacion_id == one.id)
    with exports.turn(ctx):
        found = ctx.session.scalars(rows.order_by(FilaRechazada.fila))
        lines = [(*row.valores, row.fila, _why(row)) for row in found]
        heads = [*one.columnas, "fila", "motivo"]
        return exports.file(f"rechazadas-{one.id}", query.formato, heads, lines)


def _why(row: FilaRechazada) -> str:
    return " ".join(
        f"{it['campo']}: {it['mensaje']}" if it["campo"] else it["mensaje"] for it in row.motivos
    )


def _find(ctx: Ctx, importacion_id: int, *, lock: bool = False) -> Importacion:
    found = ctx.session.get(Importacion, importacion_id, with_for_update=lock or None)
    if found is None:
        raise NotFound
    return found


def _take(ctx: Ctx, importacion_id: int) -> Importacion:
    """Return an import of the user that no job is at, kept from others.

    Raises:
        NotFound: there is none within reach.
        Forbidden: it is somebody else's: rows are written in the name of who imports.
        Conflict: it is under way, or done.
    """
    one = _find(ctx, importacion_id, lock=True)
    if one.usuario_id != ctx.user_id:
        raise Forbidden("Esta importación es de otra persona.")
    if _state(ctx, one) in UNDER_WAY:
        raise Conflict("Está en marcha; espere o cancélela.", code="estado_no_permite")
    if one.estado == IMPORTED:
        raise Conflict("Ya se importó; suba el archivo de nuevo.", code="estado_no_permite")
    return one


def _key(one: Importacion) -> str:
    return f"importacion:{one.id}:{one.vuelta}"


def _job(ctx: Ctx, one: Importacion) -> JobRow | None:
    query = select(JobRow).where(JobRow.name == JOB, JobRow.idempotency_key == _key(one))
    return ctx.session.scalars(query).one_or_none()


def _state(ctx: Ctx, one: Importacion) -> str:
    """Return the state, also where the job ended without saying so."""
    if one.estado in UNDER_WAY:
        job = _job(ctx, one)
        if job is not None and job.status in ("failed", "cancelled"):
            return FAILED if job.status == "failed" else CANCELLED
    return one.estado


def _lacking(kind: Import, one: Importacion) -> list[str]:
    return [it.label for it in kind.fields if it.name in kind.required - one.mapeo.keys()]


DERIVED = ("faltan", "estado", "hechas", "error")


def _read(ctx: Ctx, one: Importacion) -> ImportacionLeida:
    kind = ctx.runtime.registry.imports.get(one.tipo)
    state, job = _state(ctx, one), _job(ctx, one) if one.estado in UNDER_WAY else None
    facts: dict[str, Any] = {
        name: getattr(one, name) for name in ImportacionLeida.model_fields if name not in DERIVED
    }
    if job is not None:
        facts["filas"] = job.progress_total
    return ImportacionLeida(
        **facts,
        estado=state,
        faltan=[] if kind is None else _lacking(kind, one),
        hechas=None if job is None else job.progress_done,
        error=one.error or ((job.error or "") if job is not None and state == FAILED else ""),
    )
