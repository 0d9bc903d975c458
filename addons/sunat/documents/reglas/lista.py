"""Rules of documents that have no amounts of a sale: guías, retenciones, percepciones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from addons.sunat.documents.reglas.tabla import Entorno, Falta, Hallazgo

D = TypeVar("D")
Prueba = Callable[[D, Entorno], Iterable[Falta]]


class Lista(Generic[D]):
    """The rules of one kind of document, in the order in which they are applied."""

    def __init__(self, tipo_de: Callable[[D], str]) -> None:
        self._tipo_de = tipo_de
        self._reglas: list[tuple[str, str, str, frozenset[str], Prueba[D]]] = []

    def regla(
        self, codigo: str, texto: str, cura: str, *, tipos: frozenset[str]
    ) -> Callable[[Prueba[D]], Prueba[D]]:
        """Declare a rule, with SUNAT's code and text and what to do about it."""

        def declarar(prueba: Prueba[D]) -> Prueba[D]:
            self._reglas.append((codigo, texto, cura, tipos, prueba))
            return prueba

        return declarar

    @property
    def codigos(self) -> frozenset[str]:
        """The codes that its rules tell."""
        return frozenset(codigo for codigo, *_ in self._reglas)

    def revisar(self, documento: D, entorno: Entorno) -> list[Hallazgo]:
        """Return every finding."""
        tipo = self._tipo_de(documento)
        return [
            Hallazgo(codigo, "ERROR", texto, falta.campo, falta.cura or cura)
            for codigo, texto, cura, tipos, prueba in self._reglas
            if tipo in tipos
            for falta in prueba(documento, entorno)
        ]
