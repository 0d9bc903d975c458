"""Settings of sales that an administrator edits."""

from pydantic import BaseModel, Field


class Ventas(BaseModel):
    """How the company sells."""

    validez_cotizacion_dias: int = Field(
        default=15,
        ge=0,
        le=365,
        description="Días que vale una cotización si no se dice otra cosa.",
    )
    atraso_offline_dias: int = Field(
        default=30,
        ge=1,
        le=365,
        description="Días que una venta hecha sin conexión puede tardar en llegar.",
    )
