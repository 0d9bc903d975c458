"""Which lots goods leave from: the named ones, or those that expire first (FEFO)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from addons.inventory.models import BLOQUEADO, DISPONIBLE
from kernel.errors import FieldError

if TYPE_CHECKING:
    from addons.inventory.services.asientos import Movimiento

CERO = Decimal("0.0000")


@dataclass(slots=True)
class LoteLeido:
    """A row of lotes_series, as far as an act came; id 0 where it is yet to be written."""

    id: int
    producto_id: int
    almacen_id: int
    numero_lote: str
    numero_serie: str
    vence: date | None
    actual: Decimal
    reservada: Decimal
    estado: str

    @classmethod
    def nuevo(cls, uno: Movimiento, vence: date | None) -> LoteLeido:
        """Return the lot that a movement brings."""
        numeros = uno.numero_lote, uno.numero_serie
        destino = uno.destino_id or 0
        return cls(0, uno.producto_id, destino, *numeros, vence, CERO, CERO, DISPONIBLE)

    def en(self, almacen_id: int, cantidad: Decimal) -> LoteLeido:
        """Return a part of the lot, in another almacén."""
        return replace(self, id=0, almacen_id=almacen_id, actual=cantidad, reservada=CERO)

    @property
    def numeros(self) -> tuple[str, str]:
        """The numbers of the lot and of the series."""
        return self.numero_lote, self.numero_serie

    @property
    def disponible(self) -> Decimal:
        """What is there and not promised."""
        return self.actual - self.reservada

    def es(self, uno: Movimiento) -> bool:
        """Return whether a movement names this lot, or none."""
        if uno.lote_id:
            return self.id == uno.lote_id
        return (
            (not uno.lote or uno.lote in self.numeros)
            and uno.numero_lote in ("", self.numero_lote)
            and uno.numero_serie in ("", self.numero_serie)
        )


@dataclass(slots=True)
class Eleccion:
    """What is taken from which lots; ``hay`` is what could be taken."""

    partes: list[tuple[LoteLeido | None, Decimal]] = field(default_factory=list)
    hay: Decimal = CERO
    faltas: list[FieldError] = field(default_factory=list)


def elegir(uno: Movimiento, por_serie: bool, lotes: Sequence[LoteLeido], hoy: date) -> Eleccion:
    """Return from which lots a movement takes its goods; ``lotes`` come by expiry.

    What is blocked leaves by an AJUSTE only. A sale never takes what has expired; other movements
    take it when it is named.
    """
    eleccion = Eleccion()
    falta = _falta(uno, por_serie, lotes)
    if falta is not None:
        eleccion.faltas.append(falta)
        return eleccion
    resto = uno.cantidad
    for lote in _posibles(uno, lotes, hoy):
        eleccion.hay += lote.disponible
        toma = min(resto, lote.disponible)
        if toma > 0:
            eleccion.partes.append((lote, toma))
            resto -= toma
    return eleccion


def _posibles(uno: Movimiento, lotes: Sequence[LoteLeido], hoy: date) -> Iterator[LoteLeido]:
    for lote in lotes:
        vencido = lote.vence is not None and lote.vence < hoy
        if (
            lote.id
            and lote.producto_id == uno.producto_id
            and lote.almacen_id == uno.origen_id
            and lote.disponible > 0
            and lote.es(uno)
            and (lote.estado != BLOQUEADO or uno.tipo == "AJUSTE")
            and not (vencido and uno.tipo == "VENTA")
        ):
            yield lote


def _falta(uno: Movimiento, por_serie: bool, lotes: Sequence[LoteLeido]) -> FieldError | None:
    name = "numero_serie" if por_serie else "numero_lote"
    if uno.lote:
        name = "lote"
    if por_serie and uno.cantidad != uno.cantidad.to_integral_value():
        return FieldError(uno.campo, "una_por_serie", "Cada número de serie es una unidad.")
    if uno.nombra_lote:
        conocido = any(lote.es(uno) for lote in lotes if lote.producto_id == uno.producto_id)
        if not conocido:
            return FieldError(uno.vecino(name), "lote_ajeno", "No es un lote de este producto.")
    elif not uno.fefo:
        texto = "Indique el número de serie." if por_serie else "Indique el número de lote."
        return FieldError(uno.vecino(name), "lote_requerido", texto)
    return None
