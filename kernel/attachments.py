"""Attachments: files that people keep with a record, or for themselves until they have one.

An attachment is seen by who may see its record: the permission of the record's resource and its row
rules decide, by a row rule of ``adjuntos`` itself. The bytes lie in ``kernel.storage`` under a
random key; a file that lost its row (a rolled back request, a deleted row) is swept the next day.
Source: OWASP ASVS 5.0, 5.2, 5.3, 5.4; spec/erp-modules.md, "Almacenamiento archivos".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    and_,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column
from starlette.responses import Response

from kernel import downloads, filetypes, storage
from kernel.context import Ctx
from kernel.errors import FieldError, NotFound
from kernel.forms import Form
from kernel.http import endpoint
from kernel.jobs import Job, Schedule
from kernel.messages import refused
from kernel.model import Id, Model, table_of
from kernel.rbac import Permission, RowRule
from kernel.resource import Resource
from kernel.schemas import Answer, OptionalText, QueryId
from kernel.uploads import FileRule, Upload

PREFIX = "adjuntos"
ACCEPTED = FileRule(
    types=frozenset(
        {
            *filetypes.IMAGES,
            filetypes.PDF,
            filetypes.XLSX,
            filetypes.DOCX,
            filetypes.ZIP,
            filetypes.XML,
            filetypes.CSV,
            filetypes.TEXT,
            filetypes.JSON,
        }
    )
)
"""What may be attached; certificates and keys have places of their own."""

_BATCH = 500


class Adjunto(Model):
    """A file of a record; ``tipo`` is what its content says, ``clave`` where it lies."""

    __tablename__ = "adjuntos"
    __table_args__ = (
        CheckConstraint("(objeto_tipo IS NULL) = (objeto_id IS NULL)", name="objeto"),
        CheckConstraint("tamano_bytes >= 0", name="tamano_bytes"),
        Index("ix_adjuntos_objeto", "objeto_tipo", "objeto_id"),
    )

    id: Mapped[Id]
    objeto_tipo: Mapped[str | None]
    objeto_id: Mapped[int | None] = mapped_column(BigInteger)
    nombre: Mapped[str]
    tipo: Mapped[str]
    tamano_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    clave: Mapped[str] = mapped_column(unique=True)
    usuario_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("usuarios.id"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AdjuntoNuevo(Form):
    """A file, and the record that it belongs to: its table and id."""

    archivo: Annotated[Upload, ACCEPTED]
    objeto_tipo: OptionalText | None = None
    objeto_id: QueryId | None = None


class AdjuntoLeido(Answer):
    """An attachment as it is kept."""

    id: int
    objeto_tipo: str | None
    objeto_id: int | None
    nombre: str
    tipo: str
    tamano_bytes: int
    sha256: str
    usuario_id: int | None
    created_at: datetime


RESOURCE = Resource(
    path="/api/adjuntos/",
    model=Adjunto,
    modulo="adjuntos",
    fields=tuple(AdjuntoLeido.model_fields),
    filters=("objeto_tipo", "objeto_id", "usuario_id", "tipo", "created_at"),
    search=("nombre",),
    sort=("-id", "created_at"),
    actions=("list", "detail"),
)


@endpoint("POST", "/api/adjuntos/", permission="adjuntos.crear", status=201)
def subir_adjunto(ctx: Ctx, nuevo: AdjuntoNuevo) -> AdjuntoLeido:
    """Guarda un archivo, suelto o con un registro."""
    return AdjuntoLeido.model_validate(adjuntar(ctx, nuevo))


@endpoint(
    "GET",
    "/api/adjuntos/{id}/descargar/",
    permission="adjuntos.ver",
    files=tuple(sorted(ACCEPTED.types)),
)
def descargar_adjunto(ctx: Ctx, id: QueryId) -> Response:
    """Descarga un archivo guardado."""
    found = _find(ctx, id)
    chunks = ctx.runtime.storage.open_stream(found.clave)
    return downloads.stream(found.nombre, found.tipo, found.tamano_bytes, chunks)


@endpoint("DELETE", "/api/adjuntos/{id}/", permission="adjuntos.eliminar", status=204)
def eliminar_adjunto(ctx: Ctx, id: QueryId) -> None:
    """Elimina un archivo guardado."""
    found = _find(ctx, id)
    key = found.clave
    ctx.session.delete(found)
    ctx.after_commit(lambda: ctx.runtime.storage.delete(key))


def adjuntar(ctx: Ctx, nuevo: AdjuntoNuevo) -> Adjunto:
    """Return the new attachment, flushed; its bytes are stored.

    They are stored first, before a transaction is open that would wait for a store far away.

    Raises:
        ValidationFailed: there is no such record, or the user may not see it.
    """
    upload = nuevo.archivo
    key = storage.new_key(f"{PREFIX}/{ctx.now:%Y-%m-%d}", upload.nombre)
    stored = ctx.runtime.storage.put(key, upload.chunks(), content_type=upload.tipo)
    try:
        return _keep(ctx, nuevo, key, stored)
    except Exception:
        ctx.runtime.storage.delete(key)
        raise


def _keep(ctx: Ctx, nuevo: AdjuntoNuevo, key: str, stored: storage.StoredFile) -> Adjunto:
    _check_object(ctx, nuevo)
    upload = nuevo.archivo
    made = Adjunto(
        objeto_tipo=nuevo.objeto_tipo or None,
        objeto_id=nuevo.objeto_id,
        nombre=upload.nombre,
        tipo=upload.tipo,
        tamano_bytes=stored.size,
        sha256=stored.sha256,
        clave=key,
        usuario_id=ctx.user_id,
    )
    ctx.session.add(made)
    ctx.session.flush()
    ctx.session.refresh(made)
    return made


def _find(ctx: Ctx, adjunto_id: int) -> Adjunto:
    found = ctx.session.get(Adjunto, adjunto_id)
    if found is None:
        raise NotFound
    return found


def _check_object(ctx: Ctx, nuevo: AdjuntoNuevo) -> None:
    if not nuevo.objeto_tipo and nuevo.objeto_id is None:
        return
    model = _visible_models(ctx).get(nuevo.objeto_tipo or "")
    if model is None:
        raise refused([FieldError("objeto_tipo", "no_existe", "No hay registros de este tipo.")])
    if nuevo.objeto_id is None or ctx.session.get(model, nuevo.objeto_id) is None:
        raise refused([FieldError("objeto_id", "no_existe", "No existe o no está a su alcance.")])


def _visible_models(ctx: Ctx) -> dict[str, type[Model]]:
    """Return the tables whose records the user may see, by name; attachments have none."""
    return {
        table_of(one.model).name: one.model
        for one in ctx.runtime.registry.resources
        if one.model is not Adjunto and ctx.can(f"{one.modulo}.ver") and _has_id(one.model)
    }


def _has_id(model: type[Model]) -> bool:
    return [column.name for column in table_of(model).primary_key] == ["id"]


def _seen_with_their_records(ctx: Ctx) -> ColumnElement[bool] | None:
    if ctx.user is None:
        return None
    free, seen = [], [and_(Adjunto.objeto_tipo.is_(None), Adjunto.usuario_id == ctx.user_id)]
    for name, model in _visible_models(ctx).items():
        if ctx.runtime.rule_book.rules_of(model):
            mapper = model.__mapper__
            key = mapper.get_property_by_column(mapper.primary_key[0]).class_attribute
            among = Adjunto.objeto_id.in_(select(key))  # narrowed by the record's own rule
            seen.append(and_(Adjunto.objeto_tipo == name, among))
        else:
            free.append(name)
    return or_(Adjunto.objeto_tipo.in_(free), *seen)


def sweep(ctx: Ctx) -> None:
    """Delete stored files of past days that no row names."""
    today = f"{PREFIX}/{ctx.now - timedelta(days=1):%Y-%m-%d}/"
    old = (key for key in ctx.runtime.storage.list(PREFIX) if key < today)
    for batch in _batches(old):
        with ctx.unrestricted("borrar archivos sin dueño") as session:
            known = set(session.scalars(select(Adjunto.clave).where(Adjunto.clave.in_(batch))))
        for key in set(batch) - known:
            ctx.runtime.storage.delete(key)


def _batches(keys: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(keys, _BATCH)):
        yield batch


USERS = ("GERENTE_VENTAS", "VENDEDOR", "CAJERO", "SUPERVISOR_ALMACEN", "CONTADOR")
PERMISSIONS = [
    Permission("adjuntos", "ver", "Ver y descargar archivos adjuntos", USERS),
    Permission("adjuntos", "crear", "Adjuntar archivos", USERS),
    Permission("adjuntos", "eliminar", "Eliminar archivos adjuntos", ("GERENTE_VENTAS",)),
]
ROW_RULES = [
    RowRule(
        "kernel.adjuntos",
        Adjunto,
        _seen_with_their_records,
        "Solo los archivos de registros que puede ver, y los suyos sin registro.",
    )
]
JOBS = (Job("kernel.sweep_files", sweep, "Borra archivos sin dueño", max_attempts=1),)
SCHEDULES = (Schedule("kernel.sweep_files", "41 3 * * *", "kernel.sweep_files"),)
