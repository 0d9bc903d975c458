"""Preferences: an addon's settings that an administrator edits while Andes runs.

An addon declares a pydantic model whose fields all have defaults; what is stored is only what
differs. Read per transaction, so a change counts from the next request on.
"""

from __future__ import annotations

from typing import Any, TypeVar
from zoneinfo import available_timezones

from pydantic import BaseModel, Field, field_validator
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Statement, execute
from kernel.model import Model, Timestamps, addon_of

ModelT = TypeVar("ModelT")


class Regional(BaseModel):
    """Where the company is: how instants are shown and schedules are planned."""

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
