"""What several screens ask for."""

from addons.sales.permissions import METODOS_PAGO
from kernel.views import Choice, Field

METODOS = tuple(Choice(uno["codigo"], uno["nombre"]) for uno in METODOS_PAGO)
"""The ways to pay that every shop begins with."""

MOTIVO = (Field("motivo", "Motivo", span=4),)
POR_QUE = Field("motivo_anulacion", "Motivo de la anulación", span=2)
