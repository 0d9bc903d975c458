"""Addresses of base. Source: spec/erp-modules.md, módulo 9."""

from addons.base import schemas
from addons.base.models import Sucursal, Usuario
from addons.base.services import empresa, ingreso, roles, usuarios
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.identity import Rol
from kernel.resource import Resource
from kernel.schemas import QueryId

SUCURSALES = Resource(
    path="/api/sucursales/",
    model=Sucursal,
    modulo="sucursales",
    fields=("id", "codigo", "nombre", "direccion", "activo", "version", "created_at"),
    create=schemas.SucursalNueva,
    filters=("codigo", "activo"),
    search=("codigo", "nombre"),
    sort=("id", "nombre"),
)

USUARIOS = Resource(
    path="/api/usuarios/",
    model=Usuario,
    modulo="usuarios",
    fields=(
        "id",
        "nombre",
        "email",
        "rol_id",
        "sucursal_id",
        "activo",
        "dos_fa_activo",
        "ultimo_acceso",
        "version",
        "created_at",
    ),
    create=schemas.UsuarioNuevo,
    update=schemas.UsuarioCambio,
    filters=("rol_id", "sucursal_id", "activo", "email"),
    search=("nombre", "email"),
    sort=("id", "nombre"),
    actions=("list", "detail", "create", "update"),
    create_with=usuarios.crear_usuario,
)

ROLES = Resource(
    path="/api/roles/",
    model=Rol,
    modulo="roles",
    fields=("id", "nombre", "descripcion"),
    create=schemas.RolNuevo,
    sort=("id", "nombre"),
    actions=("list", "detail", "create"),
)

RESOURCES = [SUCURSALES, USUARIOS, ROLES]


@endpoint("POST", "/api/auth/login/", public=True, statuses=(401,))
def login(ctx: Ctx, credenciales: schemas.Login) -> schemas.Tokens:
    """Inicia sesión con correo y contraseña."""
    return ingreso.iniciar_sesion(ctx, credenciales)


@endpoint("GET", "/api/roles/{id}/permisos/", permission="roles.ver")
def ver_permisos(ctx: Ctx, id: QueryId) -> schemas.PermisosDelRol:
    """Lo que un rol puede hacer."""
    return roles.permisos_del_rol(ctx, id)


@endpoint("PUT", "/api/roles/{id}/permisos/", permission="roles.editar")
def cambiar_permisos(
    ctx: Ctx, id: QueryId, cambio: schemas.PermisosCambio
) -> schemas.PermisosDelRol:
    """Cambia lo que un rol puede hacer."""
    return roles.actualizar_permisos(ctx, id, cambio)


@endpoint("GET", "/api/configuracion/", permission="configuracion.ver")
def ver_configuracion(ctx: Ctx) -> schemas.ConfiguracionLeida:
    """Los datos de la empresa."""
    return schemas.ConfiguracionLeida.model_validate(empresa.leer_configuracion(ctx))


@endpoint("PUT", "/api/configuracion/", permission="configuracion.editar")
def cambiar_configuracion(
    ctx: Ctx, cambio: schemas.ConfiguracionCambio
) -> schemas.ConfiguracionLeida:
    """Cambia los datos de la empresa."""
    return schemas.ConfiguracionLeida.model_validate(empresa.cambiar_configuracion(ctx, cambio))
