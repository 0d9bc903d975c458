"""Cash drawers and ways to pay. Source: spec/erp-modules.md, módulo 1."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, Strict, model_validator

from addons.sales.schemas.campos import Codigo
from kernel.money import Amount
from kernel.schemas import Answer, Flag, OptionalText, RefId, Schema, Text


class MetodoPagoNuevo(Schema):
    """A way to pay to accept; its code is what a sale names."""

    codigo: Codigo
    nombre: Text
    es_efectivo: Flag = False
    es_credito: Flag = False
    activo: Flag = True

    @model_validator(mode="after")
    def check_clase(self) -> "MetodoPagoNuevo":
        """Refuse what is paid at once and later."""
        if self.es_efectivo and self.es_credito:
            raise ValueError("Un método no puede ser efectivo y crédito a la vez.")
        return self


class MetodoPagoCambio(Schema):
    """What may change of a way to pay."""

    nombre: Text
    activo: Flag = True


class AperturaCaja(Schema):
    """A cash drawer to open."""

    sucursal_id: RefId
    monto_apertura: Amount


class Denominacion(Schema):
    """How many there are of a note or coin."""

    valor: Annotated[Amount, Field(gt=0)]
    cantidad: Annotated[int, Strict(), Field(ge=0, le=1_000_000)]


class Conteo(Schema):
    """What was counted; with ``denominaciones``, their sum."""

    monto: Amount | None = None
    denominaciones: Annotated[list[Denominacion], Field(max_length=50)] = Field(
        default_factory=list
    )
    observacion: OptionalText = ""

    @property
    def contado(self) -> Decimal | None:
        """What was counted, or None where nothing is said or both figures differ."""
        return contar(self.monto, self.denominaciones)


class CierreCaja(Schema):
    """What was counted when a cash drawer is closed; with ``denominaciones``, their sum."""

    caja_id: RefId
    monto_cierre: Amount | None = None
    denominaciones: Annotated[list[Denominacion], Field(max_length=50)] = Field(
        default_factory=list
    )
    observacion: OptionalText = ""

    @property
    def contado(self) -> Decimal | None:
        """What was counted, or None where nothing is said or both figures differ."""
        return contar(self.monto_cierre, self.denominaciones)


def contar(monto: Decimal | None, denominaciones: list[Denominacion]) -> Decimal | None:
    """Return what was counted, or None where nothing is said or both figures differ."""
    if not denominaciones:
        return monto
    suma = sum((una.valor * una.cantidad for una in denominaciones), Decimal("0.00"))
    return suma if monto in (None, suma) else None


class CajaLeida(Answer):
    """A cash drawer; ``diferencia`` is counted minus expected cash."""

    id: int
    sucursal_id: int
    usuario_id: int
    estado: str
    monto_apertura: Decimal
    monto_esperado: Decimal | None
    monto_cierre: Decimal | None
    diferencia: Decimal | None
    fecha_apertura: datetime
    fecha_cierre: datetime | None
    numero_z: int | None


class MovimientoCajaNuevo(Schema):
    """Money into or out of a cash drawer that is no sale."""

    tipo: Literal["ingreso", "egreso"]
    monto: Annotated[Amount, Field(gt=0)]
    motivo: Text
    metodo: Codigo | None = None
    referencia: OptionalText = ""


class MovimientoCajaLeido(Answer):
    """Money that came into or left a cash drawer."""

    id: int
    caja_id: int
    tipo: str
    metodo: str
    monto: Decimal
    motivo: str
    referencia: str
    fecha: datetime


class ArqueoLeido(Answer):
    """A count; ``diferencia`` is counted minus expected cash."""

    id: int
    caja_id: int
    tipo: str
    monto_esperado: Decimal
    monto_contado: Decimal
    diferencia: Decimal
    observacion: str
    fecha: datetime


class DenominacionContada(Answer):
    """How many there were of a note or coin, and what they come to."""

    valor: Decimal
    cantidad: int
    importe: Decimal

    @classmethod
    def de(cls, detalle: Iterable[Denominacion]) -> "list[DenominacionContada]":
        """Return what was counted, without those of which there were none."""
        return [
            cls(valor=una.valor, cantidad=una.cantidad, importe=una.valor * una.cantidad)
            for una in detalle
            if una.cantidad
        ]


class ArqueoVisto(ArqueoLeido):
    """A count with its notes and coins, and who counted where."""

    sucursal_id: int
    usuario_id: int
    detalle: list[DenominacionContada]


class MetodoZ(Answer):
    """What moved by one way to pay; ``neto`` is what is left of it."""

    metodo: str
    nombre: str
    es_efectivo: bool
    ventas: Decimal
    vuelto: Decimal
    abonos: Decimal
    ingresos: Decimal
    egresos: Decimal
    reembolsos: Decimal
    neto: Decimal


class AfectacionZ(Answer):
    """What was sold by how it is taxed (SUNAT, catalogue 07)."""

    afectacion_igv: str
    subtotal: Decimal
    igv: Decimal
    total: Decimal


class ReporteZ(Answer):
    """What a cash drawer did from its opening on: Z with a number once it is closed, before that X.

    ``ventas`` and its amounts leave out what was annulled; ``devuelto`` was given back by this
    caja for goods that came back, whichever caja sold them; ``por_confirmar`` is announced and had
    not arrived; ``denominaciones`` were counted at the closing.
    """

    numero: int | None
    caja_id: int
    sucursal_id: int
    sucursal: str
    usuario_id: int
    usuario: str
    fecha_apertura: datetime
    fecha_cierre: datetime | None
    primera_venta: int | None
    ultima_venta: int | None
    ventas: int
    subtotal: Decimal
    igv: Decimal
    total: Decimal
    descuentos: Decimal
    anuladas: int
    total_anulado: Decimal
    credito: Decimal
    devuelto: Decimal
    por_confirmar: Decimal = Decimal("0.00")
    metodos: list[MetodoZ]
    afectaciones: list[AfectacionZ]
    monto_apertura: Decimal
    monto_esperado: Decimal
    monto_contado: Decimal | None
    diferencia: Decimal | None
    denominaciones: list[DenominacionContada] = Field(default_factory=list)
