"""What enters and leaves the FastAPI rival."""

# ruff: noqa: D101  # the same shapes as the product's, which documents them
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bench.rivals.amounts import ZERO

Ref = Annotated[int, Field(ge=1)]
Amount = Annotated[Decimal, Field(max_digits=12, decimal_places=2, ge=0)]


class LineIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    producto_id: Ref
    cantidad: Annotated[Decimal, Field(max_digits=14, decimal_places=4, gt=0)]
    precio_unitario: Annotated[Decimal, Field(max_digits=16, decimal_places=6, ge=0)] | None = None
    descuento: Amount = ZERO


class PaymentIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    metodo: Annotated[str, Field(max_length=30)]
    monto: Annotated[Amount, Field(gt=0)]
    referencia: Annotated[str, Field(max_length=250)] = ""


class SaleIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cliente_id: Ref
    sucursal_id: Ref
    caja_id: Ref
    modo_emision: Literal["pos", "ecommerce"] = "pos"
    detalle: Annotated[list[LineIn], Field(min_length=1, max_length=500)]
    formas_pago: Annotated[list[PaymentIn], Field(min_length=1, max_length=20)]


class LineOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    producto_id: int
    cantidad: Decimal
    precio_unitario: Decimal
    descuento: Decimal
    subtotal: Decimal
    igv: Decimal
    total: Decimal


class PaymentOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    metodo: str
    monto: Decimal
    referencia: str


class SaleRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    serie: str
    numero: int
    cliente_id: int
    usuario_id: int
    sucursal_id: int
    caja_id: int
    fecha: datetime
    subtotal: Decimal
    igv: Decimal
    total: Decimal
    vuelto: Decimal
    estado: str
    modo_emision: str


class SaleOut(SaleRow):
    detalle: list[LineOut]
    formas_pago: list[PaymentOut]


class Page(BaseModel):
    items: list[SaleRow]
    next: str | None
