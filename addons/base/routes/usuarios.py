"""Users."""

from addons.base import schemas
from addons.base.models import Usuario
from addons.base.services import cuentas, invitaciones
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId

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
    known_by_name=True,
    sort=("id", "nombre"),
    actions=("list", "detail", "create", "update"),
    people_only=("create",),
    create_with=cuentas.crear_usuario,
    update_with=cuentas.cambiar_usuario,
)


@endpoint(
    "POST", "/api/usuarios/{id}/invitar/", permission="usuarios.crear", status=202, keys=False
)
def invitar_usuario(ctx: Ctx, id: QueryId) -> None:
    """Envía otra invitación a quien todavía no tiene contraseña."""
    invitaciones.invitar(ctx, id)


@endpoint("GET", "/api/usuarios/{id}/sucursales/", permission="usuarios.ver")
def ver_sucursales_de_usuario(ctx: Ctx, id: QueryId) -> schemas.SucursalesDelUsuario:
    """Las sucursales a las que un usuario está limitado."""
    return cuentas.ver_sucursales(ctx, id)


@endpoint("PUT", "/api/usuarios/{id}/sucursales/", permission="usuarios.editar")
def poner_sucursales_de_usuario(
    ctx: Ctx, id: QueryId, cambio: schemas.SucursalesCambio
) -> schemas.SucursalesDelUsuario:
    """Limita a un usuario a estas sucursales; ninguna: puede en todas."""
    return cuentas.poner_sucursales(ctx, id, cambio)
