"""Importing over REST: a file, its mapping, the dry run, the import, and what was refused.

Source: OWASP ASVS 5.0, 5.2 (what is accepted); the import's own addon says what may be written.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from kernel import exports, import_files, import_rows, jobs, storage
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.errors import Conflict, FieldError
from kernel.http import endpoint
from kernel.import_runs import JOB
from kernel.import_schemas import (
    CampoLeido,
    FilaLeida,
    FilasQuery,
    ImportacionCambio,
    ImportacionLeida,
    ImportacionNueva,
    PlantillaQuery,
    RechazadasQuery,
    TipoLeido,
)
from kernel.import_state import (
    find,
    job_of,
    key_of,
    kind_of,
    lacking,
    map_columns,
    may,
    read,
    remembered,
    take,
)
from kernel.import_tables import (
    CANCELLED,
    CHANGE,
    IMPORTED,
    IMPORTING,
    TRYING,
    FilaRechazada,
    Importacion,
)
from kernel.imports import Import
from kernel.messages import refused
from kernel.rbac import Permission, RowRule
from kernel.resource import Resource
from kernel.schemas import Page, QueryId
from kernel.translations import later

PREFIX = "importaciones"
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
    mention=("importacion", later("Importación")),
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


# What can be imported ----------------------------------------------------------------------------


@endpoint("GET", "/api/importaciones/tipos/", permission="importaciones.ver")
def listar_tipos(ctx: Ctx) -> list[TipoLeido]:
    """Lo que el usuario puede importar, con los campos que una columna puede llenar."""
    return [_kind(one) for one in ctx.runtime.registry.imports.values() if may(ctx, one)]


def _kind(one: Import) -> TipoLeido:
    fields = [
        CampoLeido(
            campo=it.name, etiqueta=it.label, ayuda=it.help, obligatorio=it.name in one.required
        )
        for it in one.fields
    ]
    return TipoLeido(tipo=one.name, titulo=one.title, actualiza=one.changes, campos=fields)


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
    known = remembered(ctx, kind, columns)
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
    return read(ctx, made)


@endpoint("GET", "/api/importaciones/{id}/", permission="importaciones.ver")
def ver_importacion(ctx: Ctx, id: QueryId) -> ImportacionLeida:
    """Una importación: sus columnas, su mapeo y cómo va."""
    return read(ctx, find(ctx, id))


@endpoint("PUT", "/api/importaciones/{id}/", permission="importaciones.crear", statuses=(404, 409))
def cambiar_importacion(ctx: Ctx, id: QueryId, cambio: ImportacionCambio) -> ImportacionLeida:
    """Dice a qué campo va cada columna, y qué hacer con las filas malas y con lo que ya existe."""
    one = take(ctx, id)
    if cambio.mapeo is not None:
        map_columns(ctx, one, cambio.mapeo)
    one.modo = cambio.modo or one.modo
    one.existentes = cambio.existentes or one.existentes
    ctx.session.flush()
    return read(ctx, one)


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
    one = take(ctx, importacion_id)
    kind = kind_of(ctx, one.tipo)
    if not one.mapeo:
        raise refused([FieldError("mapeo", "vacio", "Diga a qué campo va al menos una columna.")])
    if not kind.changes and (absent := lacking(kind, one)):
        raise refused([FieldError("mapeo", "faltan", f"Falta: {', '.join(absent)}.")])
    one.estado, one.error, one.terminada_at = state, "", None
    one.filas = one.malas = one.creados = one.actualizados = None
    one.vuelta += 1
    ctx.session.flush()
    ctx.enqueue(JOB, key=key_of(one), importacion_id=one.id, vuelta=one.vuelta)
    return read(ctx, one)


@endpoint(
    "POST",
    "/api/importaciones/{id}/cancelar/",
    permission="importaciones.crear",
    statuses=(404, 409),
)
def cancelar_importacion(ctx: Ctx, id: QueryId) -> ImportacionLeida:
    """Detiene una importación; lo que hizo hasta entonces se deshace."""
    one = find(ctx, id, lock=True)
    if one.estado == IMPORTED:
        raise Conflict("Ya se importó.", code="estado_no_permite")
    job = job_of(ctx, one)
    if job is not None and job.status in ("queued", "running", "parked"):
        jobs.cancel(ctx, job.id)
    one.estado, one.terminada_at = CANCELLED, ctx.now
    ctx.session.flush()
    return read(ctx, one)


@endpoint("GET", "/api/importaciones/{id}/errores/", permission="importaciones.ver")
def listar_errores(ctx: Ctx, id: QueryId, query: FilasQuery) -> Page[FilaLeida]:
    """Las filas que no se pueden importar, cada una con sus motivos."""
    one = find(ctx, id)
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
    one = find(ctx, id)
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
