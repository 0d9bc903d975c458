"""What enters and leaves loyalty, and its settings."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field, Strict

from kernel.schemas import Answer, Schema


class Fidelizacion(BaseModel):
    """How points are won, and for how long they last."""

    importe_por_punto: Decimal = Field(
        default=Decimal(10), gt=0, le=100_000, description="Importe de compra que da un punto."
    )
    meses_sin_movimiento: int = Field(
        default=12,
        ge=0,
        le=120,
        description="Meses sin movimiento tras los que vencen los puntos; 0: nunca.",
    )


class Canje(Schema):
    """Points to redeem."""

    puntos: Annotated[int, Strict(), Field(ge=1, le=1_000_000)]


class Saldo(Answer):
    """The points that a cliente has."""

    cliente_id: int
    puntos: int
