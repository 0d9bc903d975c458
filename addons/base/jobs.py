"""Jobs of base: cleaning."""

from addons.base.services import ingreso
from kernel.jobs import Job, Schedule

JOBS = [
    Job("base.borrar_sesiones", ingreso.borrar_sesiones_vencidas, "Borra sesiones vencidas."),
]
SCHEDULES = [Schedule("base.borrar_sesiones", "20 3 * * *", "base.borrar_sesiones")]
