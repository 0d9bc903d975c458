"""What several screens ask for."""

from kernel.views import Field

MOTIVO = Field("motivo", "Motivo", span=4)
