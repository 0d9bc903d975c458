"""Rules of inventory, by subject. Source: spec/erp-modules.md, módulo 2.

``libro`` moves goods; everything else goes through it, but for the one statement of a sale.
"""

from addons.inventory.schemas import TransferenciaEnviada
from addons.inventory.services import particiones
from addons.inventory.services.alcance import almacenes_asignados, almacenes_del_usuario
from addons.inventory.services.movimientos import registrar_entrada
from addons.inventory.services.revision import revisar_costos, revisar_libro
from kernel.events import EventType
from kernel.health import HealthCheck

__all__ = [
    "EVENTS",
    "HEALTH",
    "almacenes_asignados",
    "almacenes_del_usuario",
    "registrar_entrada",
    "revisar_costos",
    "revisar_libro",
]

LIBRO = "Revise ese producto con /api/inventario/movimientos/ y registre un ajuste."
COSTO = "Revise ese producto con /api/reportes/kardex/ y restaure una copia si alguien lo cambió."
PARTICIONES = "Compruebe que corran los trabajos: inventory.particionar_movimientos."

EVENTS = [
    EventType(
        "transferencia_enviada", TransferenciaEnviada, "La mercadería de una transferencia salió."
    ),
]

HEALTH = [
    HealthCheck("stock_igual_al_libro", revisar_libro, LIBRO),
    HealthCheck("costo_igual_al_kardex", revisar_costos, COSTO),
    HealthCheck("particiones_de_movimientos", particiones.revisar, PARTICIONES),
]
