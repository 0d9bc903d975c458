"""Jobs of inventory and when they run."""

from addons.inventory.services import alertas, particiones, reservas
from kernel.jobs import Job, Schedule

JOBS = [
    Job("inventory.avisar_stock_minimo", alertas.avisar_minimo, "Avisa de productos bajo mínimo"),
    Job("inventory.avisar_transferencia", alertas.avisar_transferencia, "Avisa de transferencias"),
    Job("inventory.revisar_alertas", alertas.revisar, "Avisa de stock mínimo y de vencimientos"),
    Job("inventory.vencer_reservas", reservas.vencer, "Libera las reservas vencidas"),
    Job(
        "inventory.particionar_movimientos",
        particiones.preparar,
        "Prepara las particiones de movimientos de los meses que vienen",
    ),
]
SCHEDULES = [
    Schedule("inventory.revisar_alertas", "0 8 * * *", "inventory.revisar_alertas"),
    Schedule("inventory.vencer_reservas", "*/10 * * * *", "inventory.vencer_reservas"),
    Schedule(
        "inventory.particionar_movimientos", "10 2 * * *", "inventory.particionar_movimientos"
    ),
]
