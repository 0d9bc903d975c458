"""Addresses of base, by subject. Source: spec/erp-modules.md, módulo 9."""

from addons.base.routes import (
    claves,
    claves_api,
    dos_fa,
    empresa,
    ingreso,
    notificaciones,
    roles,
    sesiones,
    sso,
    usuarios,
)

SUBJECTS = (
    ingreso,
    sesiones,
    claves,
    dos_fa,
    sso,
    usuarios,
    roles,
    claves_api,
    empresa,
    notificaciones,
)
RESOURCES = [
    empresa.SUCURSALES,
    usuarios.USUARIOS,
    roles.ROLES,
    claves_api.CLAVES_API,
    notificaciones.NOTIFICACIONES,
]
