"""Jobs of base: cleaning."""

from addons.base.services import (
    avisos,
    claves,
    enlaces,
    ingreso,
    invitaciones,
    notificaciones,
    pendientes,
    sso,
)
from kernel.jobs import Job, Schedule

JOBS = [
    Job("base.borrar_sesiones", ingreso.borrar_sesiones_vencidas, "Borra sesiones vencidas"),
    Job("base.borrar_pendientes", pendientes.borrar_vencidos, "Borra ingresos sin terminar"),
    Job("base.borrar_enlaces", enlaces.borrar_vencidos, "Borra enlaces vencidos"),
    Job("base.enviar_invitacion", invitaciones.enviar, "Envía una invitación por correo"),
    Job("base.borrar_sso", sso.borrar_vencidos, "Borra ingresos con Google sin terminar"),
    Job("base.avisar", avisos.enviar_aviso, "Avisa por correo de un cambio de acceso"),
    Job("base.enviar_enlace_clave", claves.enviar_enlace, "Envía un enlace de contraseña"),
    Job("base.enviar_notificaciones", notificaciones.enviar, "Envía notificaciones por correo"),
    Job("base.borrar_notificaciones", notificaciones.borrar_viejas, "Borra notificaciones viejas"),
]
SCHEDULES = [
    Schedule("base.borrar_sesiones", "20 3 * * *", "base.borrar_sesiones"),
    Schedule("base.borrar_enlaces", "25 3 * * *", "base.borrar_enlaces"),
    Schedule("base.borrar_sso", "40 * * * *", "base.borrar_sso"),
    Schedule("base.borrar_pendientes", "35 * * * *", "base.borrar_pendientes"),
    Schedule("base.borrar_notificaciones", "30 3 * * *", "base.borrar_notificaciones"),
]
