"""What enters and leaves base, by subject. Source: spec/erp-modules.md, módulo 9."""

from addons.base.schemas.claves import (
    CambioClave,
    CambioCorreo,
    ClaveNueva,
    ClaveOlvidada,
    Reautenticacion,
)
from addons.base.schemas.claves_api import ClaveApiCreada, ClaveApiNueva, ClaveApiRotacion
from addons.base.schemas.dos_fa import Codigo2fa, CodigosRecuperacion, Secreto2fa
from addons.base.schemas.empresa import ConfiguracionCambio, ConfiguracionLeida, SucursalNueva
from addons.base.schemas.ingreso import (
    EnCookie,
    EnCookieCon2fa,
    Ingreso,
    Ingreso2fa,
    Ingreso2faNuevo,
    InvitacionAceptada,
    Login,
    PrimerAdmin,
    PrimerAdminNuevo,
    SegundoFactor,
    Token2fa,
    Tokens,
    TokensCon2fa,
)
from addons.base.schemas.notificaciones import Leidas, Pendientes
from addons.base.schemas.roles import (
    AccionDelRol,
    AccionDePermiso,
    ModuloDelRol,
    ModuloDePermisos,
    PermisosCambio,
    PermisosDelRol,
    RolNuevo,
)
from addons.base.schemas.sesiones import ESTA_SESION, Renovacion, Salida, SesionLeida, Yo
from addons.base.schemas.sso import SsoGoogle, SsoInicio, SsoPartida, SsoRetorno
from addons.base.schemas.usuarios import (
    SucursalesCambio,
    SucursalesDelUsuario,
    UsuarioCambio,
    UsuarioCreado,
    UsuarioNuevo,
)

__all__ = [
    "ESTA_SESION",
    "AccionDePermiso",
    "AccionDelRol",
    "CambioClave",
    "CambioCorreo",
    "ClaveApiCreada",
    "ClaveApiNueva",
    "ClaveApiRotacion",
    "ClaveNueva",
    "ClaveOlvidada",
    "Codigo2fa",
    "CodigosRecuperacion",
    "ConfiguracionCambio",
    "ConfiguracionLeida",
    "EnCookie",
    "EnCookieCon2fa",
    "Ingreso",
    "Ingreso2fa",
    "Ingreso2faNuevo",
    "InvitacionAceptada",
    "Leidas",
    "Login",
    "ModuloDePermisos",
    "ModuloDelRol",
    "Pendientes",
    "PermisosCambio",
    "PermisosDelRol",
    "PrimerAdmin",
    "PrimerAdminNuevo",
    "Reautenticacion",
    "Renovacion",
    "RolNuevo",
    "Salida",
    "Secreto2fa",
    "SegundoFactor",
    "SesionLeida",
    "SsoGoogle",
    "SsoInicio",
    "SsoPartida",
    "SsoRetorno",
    "SucursalNueva",
    "SucursalesCambio",
    "SucursalesDelUsuario",
    "Token2fa",
    "Tokens",
    "TokensCon2fa",
    "UsuarioCambio",
    "UsuarioCreado",
    "UsuarioNuevo",
    "Yo",
]
