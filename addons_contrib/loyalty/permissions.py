"""Who may do what in loyalty."""

from kernel.rbac import Permission
from kernel.words import module

VENDEN = ("GERENTE_VENTAS", "VENDEDOR", "CAJERO")

PERMISSIONS = [
    Permission("puntos", "ver", "Ver los puntos de los clientes", VENDEN),
    Permission("puntos", "exportar", "Exportar los movimientos de puntos", ("GERENTE_VENTAS",)),
    Permission("puntos", "canjear", "Canjear puntos", VENDEN),
]
WORDS = [module("puntos", "Puntos")]
