"""Tables of imports: each file that was sent, the rows of it that were refused, known mappings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from kernel.model import Id, Model, Timestamps

SENT, TRYING, TRIED = "subida", "probando", "probada"
IMPORTING, IMPORTED = "importando", "importada"
REFUSED, FAILED, CANCELLED = "rechazada", "fallida", "cancelada"
STATES = (SENT, TRYING, TRIED, IMPORTING, IMPORTED, REFUSED, FAILED, CANCELLED)
UNDER_WAY = (TRYING, IMPORTING)
"""A job is at it."""

WHOLE, SKIP = "todo_o_nada", "omitir_malas"
CHANGE, REFUSE = "actualizar", "rechazar"


def _among(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{one}'" for one in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Importacion(Timestamps, Model):
    """A file that somebody sent to be imported; ``clave`` is where it lies.

    ``mapeo`` is field → place of its column. ``vuelta`` counts the jobs that were started for it.
    """

    __tablename__ = "importaciones"
    __audited__ = False  # kernel.import_runs audits what was imported
    __table_args__ = (
        Index("ix_importaciones_usuario_id", "usuario_id", "id"),
        _among("estado", *STATES),
        _among("modo", WHOLE, SKIP),
        _among("existentes", CHANGE, REFUSE),
    )

    id: Mapped[Id]
    tipo: Mapped[str]
    usuario_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("usuarios.id"))
    nombre: Mapped[str]
    formato: Mapped[str]
    clave: Mapped[str] = mapped_column(unique=True)
    codificacion: Mapped[str] = mapped_column(server_default="utf-8", default="utf-8")
    hoja: Mapped[str] = mapped_column(server_default="", default="")
    columnas: Mapped[list[Any]]
    muestra: Mapped[list[Any]]
    mapeo: Mapped[dict[str, Any]]
    recordado: Mapped[bool] = mapped_column(server_default="false", default=False)
    modo: Mapped[str] = mapped_column(server_default=WHOLE, default=WHOLE)
    existentes: Mapped[str] = mapped_column(server_default=CHANGE, default=CHANGE)
    estado: Mapped[str] = mapped_column(server_default=SENT, default=SENT)
    vuelta: Mapped[int] = mapped_column(server_default="0", default=0)
    filas: Mapped[int | None]
    malas: Mapped[int | None]
    creados: Mapped[int | None]
    actualizados: Mapped[int | None]
    error: Mapped[str] = mapped_column(server_default="", default="")
    terminada_at: Mapped[datetime | None]


class FilaRechazada(Model):
    """A row that was refused: its line, its cells, and what is wrong with which field."""

    __tablename__ = "filas_rechazadas"
    __audited__ = False
    __table_args__ = (Index("ix_filas_rechazadas_importacion_id", "importacion_id", "fila"),)

    id: Mapped[Id]
    importacion_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("importaciones.id", ondelete="CASCADE")
    )
    fila: Mapped[int]
    motivos: Mapped[list[Any]]
    valores: Mapped[list[Any]]


class MapeoRecordado(Model):
    """How the columns of a sheet with these heads were mapped the last time, by anybody."""

    __tablename__ = "mapeos_recordados"
    __audited__ = False
    __table_args__ = (UniqueConstraint("tipo", "firma"),)

    id: Mapped[Id]
    tipo: Mapped[str]
    firma: Mapped[str]
    mapeo: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
