"""Preferences: an addon's settings that an administrator edits while Andes runs.

An addon declares a pydantic model whose fields all have defaults; what is stored is only what
differs. Read per transaction, so a change counts from the next request on.
"""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Statement, execute
from kernel.model import Model, Timestamps, addon_of
from kernel.translations import later

ModelT = TypeVar("ModelT")


class Regional(BaseModel):
    """Where the company is: how instants are shown and schedules are planned."""

    model_config = ConfigDict(title=later("País e idioma"))

    zona_horaria: str = Field(default="America/Lima", description="Zona horaria IANA.")
    moneda: str = Field(default="PEN", description="Moneda ISO 4217.")
    idioma: str = Field(default="es", description="Idioma por defecto: es o en.")

    @field_validator("zona_horaria")
    @classmethod
    def check_zone(cls, value: str) -> str:
        """Refuse a zone that the time-zone database doesn't have."""
        if value not in available_timezones():
            raise ValueError("no es una zona horaria IANA, por ejemplo America/Lima")
        return value


class Mapa(BaseModel):
    """Where the tiles of maps come from."""

    model_config = ConfigDict(title=later("Mapas"))

    teselas: str = Field(
        default="",
        description="Dirección de las teselas, con {z}, {x} e {y}; en blanco: sin fondo.",
    )
    atribucion: str = Field(default="", description="Lo que su proveedor pide que se lea.")

    @field_validator("teselas")
    @classmethod
    def check_address(cls, value: str) -> str:
        """Refuse an address that a browser could not ask."""
        parts = urlsplit(value)
        whole = all(one in value for one in ("{z}", "{x}", "{y}"))
        if value and not (parts.scheme == "https" and parts.hostname and whole):
            raise ValueError("escriba una dirección https con {z}, {x} e {y}")
        return value


class Preference(Timestamps, Model):
    """The stored settings of one group."""

    __tablename__ = "andes_preferences"

    name: Mapped[str] = mapped_column(primary_key=True)
    data: Mapped[dict[str, Any]]


READ = Statement("preferences", "SELECT data FROM andes_preferences WHERE name = %(name)s")


def name_of(kind: type[Any]) -> str:
    """Return the stored name of a settings model: ``addon.Model``."""
    return f"{addon_of(kind.__module__)}.{kind.__name__}"


class Preferences:
    """Reads and writes settings groups."""

    def read(self, session: Session, kind: type[ModelT]) -> ModelT:
        """Return the settings of a group, defaults where nothing was stored."""
        rows = execute(session, READ, {"name": name_of(kind)})
        return kind(**(rows[0][0] if rows else {}))

    def write(self, session: Session, value: BaseModel) -> None:
        """Store what differs from the defaults."""
        name = name_of(type(value))
        data = value.model_dump(mode="json", exclude_defaults=True)
        stored = session.get(Preference, name)
        if stored is None:
            session.add(Preference(name=name, data=data))
        else:
            stored.data = data
        session.flush()
