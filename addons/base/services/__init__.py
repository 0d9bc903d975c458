"""Rules of base. Source: spec/erp-modules.md, módulo 9."""

from addons.base import schemas
from kernel.events import EventType

EVENTS = [
    EventType("usuario_creado", schemas.UsuarioCreado, "Alguien creó un usuario."),
    EventType("ruc_cambiado", schemas.RucCambiado, "La empresa tiene otro RUC."),
]
