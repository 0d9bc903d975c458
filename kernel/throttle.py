"""Throttling that survives restarts and counts for all processes: attempts kept in PostgreSQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from kernel.model import Model


class Intentos(Model):
    """Recent attempts of one kind from one origin; ``clave`` names both."""

    __tablename__ = "andes_intentos"
    __audited__ = False

    clave: Mapped[str] = mapped_column(primary_key=True)
    cuenta: Mapped[int]
    desde: Mapped[datetime]
    hasta: Mapped[datetime | None]
    """Until when further attempts are refused, where that is more than the window."""
