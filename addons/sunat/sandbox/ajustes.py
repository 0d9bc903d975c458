"""How the sandbox behaves, what it can do wrong, and how it refuses."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

Falla = Literal[
    "rechazar_conexion",
    "perder_respuesta",
    "perder_envio",
    "cortar",
    "demorar",
    "error_503",
    "error_0109",
    "error_0130",
    "error_0306",
    "cdr_danado",
    "cdr_ajeno",
    "ticket_eterno",
]
"""What it does wrong: refuse the connection, register and never answer, lose the request, answer
half, stall, answer 503 HTML, a transient code or an exception (0306), a damaged CDR, the CDR of
another document, a ticket that is in process for ever."""


class Corte(Exception):
    """The answer doesn't come; ``registrado`` says whether the document was registered."""

    def __init__(self, falla: Falla) -> None:
        super().__init__(falla)
        self.falla = falla


class Negativa(Exception):
    """SUNAT refuses a call with a code."""

    def __init__(self, codigo: int, detalle: str = "") -> None:
        super().__init__(codigo)
        self.codigo = codigo
        self.detalle = detalle


class Ajustes(BaseModel):
    """How the sandbox behaves; kept in its file, so that all processes see the same.

    What goes wrong is certain for a series in ``por_serie`` or with ``siempre``, else by chance:
    the same seed and the same number of the call give the same fault.
    """

    por_serie: dict[str, Falla] = {}
    probabilidad: dict[Falla, float] = {}
    siempre: Falla | None = None
    semilla: int = 20261119
    inactivos: list[str] = []
    """RUCs that SUNAT has struck off: whatever they send is rejected."""
    esquemas: Path | None = None
    """A folder with SUNAT's and OASIS' XSD, where there is one."""
    demora: float = 0.0
    polls: int = 1
    """How often a ticket is in process before it is done."""

    def falla(self, serie: str, llamada: int) -> Falla | None:
        """Return what goes wrong with a call."""
        if self.siempre or serie in self.por_serie:
            return self.siempre or self.por_serie[serie]
        tirada = random.Random(f"{self.semilla}:{llamada}").random()  # noqa: S311
        for falla, cuota in self.probabilidad.items():
            if tirada < cuota:
                return falla
            tirada -= cuota
        return None


def antes(falla: Falla | None) -> None:
    """Do what goes wrong before anything is registered."""
    if falla in ("rechazar_conexion", "perder_envio", "error_503", "demorar"):
        raise Corte(falla)
    if falla == "error_0109":
        raise Negativa(109)
    if falla == "error_0130":
        raise Negativa(130)
    if falla == "error_0306":
        raise Negativa(306)
