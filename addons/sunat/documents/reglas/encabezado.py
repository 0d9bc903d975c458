"""What guías, retenciones and percepciones have in common: series, day, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol, TypeVar

from stdnum.pe import ruc

from addons.sunat.documents.modelo import Emisor
from addons.sunat.documents.reglas.lista import Lista
from addons.sunat.documents.reglas.tabla import Entorno, Falta


class Encabezado(Protocol):
    """The head of a document."""

    @property
    def tipo(self) -> str:
        """Its type, of catalogue 01."""

    @property
    def serie(self) -> str:
        """Its series."""

    @property
    def numero(self) -> int:
        """Its number, 0 as long as it has none."""

    @property
    def fecha_emision(self) -> date:
        """Its day."""

    @property
    def emisor(self) -> Emisor:
        """Whose it is."""


D = TypeVar("D", bound=Encabezado)


@dataclass(frozen=True, slots=True)
class Plazo:
    """How many days after its date SUNAT takes a document, and what is said of a later one."""

    dias: int
    codigo: str
    texto: str
    cura: str


def declarar_encabezado(
    lista: Lista[D], series: Mapping[str, re.Pattern[str]], cura_serie: str, plazo: Plazo
) -> None:
    """Declare the rules on the head of some types of document, which ``series`` names."""
    tipos = frozenset(series)

    @lista.regla(
        "1001",
        "ID - El dato SERIE-CORRELATIVO no cumple con el formato de acuerdo al tipo de comprobante",
        cura_serie,
        tipos=tipos,
    )
    def serie(de: D, _: Entorno) -> Iterator[Falta]:
        """The series fits the type, the number has up to 8 digits."""
        if not series[de.tipo].fullmatch(de.serie):
            yield Falta("serie")
        if not 0 <= de.numero <= 99_999_999:
            yield Falta("numero", "El número llega a 99999999: abra otra serie.")

    @lista.regla(
        "2329",
        "La fecha de emision se encuentra fuera del limite permitido",
        "Emita con fecha de hoy.",
        tipos=tipos,
    )
    def fecha_futura(de: D, entorno: Entorno) -> Iterator[Falta]:
        """It is not of the future."""
        if de.fecha_emision > entorno.hoy:
            yield Falta("fecha_emision")

    @lista.regla(plazo.codigo, plazo.texto, plazo.cura, tipos=tipos)
    def fecha_tardia(de: D, entorno: Entorno) -> Iterator[Falta]:
        """It can still be sent."""
        if entorno.hoy - de.fecha_emision > timedelta(days=plazo.dias):
            yield Falta("fecha_emision")

    @lista.regla(
        "1034",
        "Número de RUC del nombre del archivo no coincide con el consignado en el contenido del "
        "archivo XML",
        "Corrija el RUC de la empresa: su dígito verificador no es el suyo.",
        tipos=tipos,
    )
    def ruc_emisor(de: D, _: Entorno) -> Iterator[Falta]:
        """The company's RUC can exist."""
        if not ruc.is_valid(de.emisor.ruc):
            yield Falta("emisor.ruc")
