"""What enters and leaves where files are imported."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from kernel import filetypes, import_files
from kernel.forms import Form
from kernel.schemas import Answer, OptionalText, QueryId, Schema, Text
from kernel.uploads import FileRule, Upload

PAGE = 200
ACCEPTED = FileRule(types=frozenset({filetypes.XLSX, filetypes.CSV, filetypes.TEXT}))
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
