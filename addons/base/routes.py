"""Addresses of base. Source: spec/erp-modules.md, módulo 9."""

from starlette.responses import RedirectResponse, Response

from addons.base import schemas
from addons.base.models import Sucursal, Usuario
from addons.base.services import (
    claves,
    claves_api,
    cuentas,
    dos_fa,
    empresa,
    ingreso,
    ingreso_2fa,
    invitaciones,
    primer_admin,
    roles,
    sesiones,
    sso,
)
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.identity import ClaveApi, Rol
from kernel.resource import Resource
from kernel.schemas import QueryId
from kernel.throttle import Limit

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
    people_only=("create",),
    create_with=cuentas.crear_usuario,
    update_with=cuentas.cambiar_usuario,
)

ROLES = Resource(
    path="/api/roles/",
    model=Rol,
    modulo="roles",
    fields=("id", "nombre", "descripcion", "exige_2fa"),
    create=schemas.RolNuevo,
    sort=("id", "nombre"),
    actions=("list", "detail", "create", "update"),
    update_with=roles.cambiar_rol,
)

CLAVES_API = Resource(
    path="/api/claves-api/",
    model=ClaveApi,
    modulo="claves_api",
    fields=(
        "id",
        "usuario_id",
        "nombre",
        "prefijo",
        "alcances",
        "activo",
        "expires_at",
        "ultimo_uso",
        "created_at",
    ),
    filters=("usuario_id", "prefijo", "activo", "expires_at", "ultimo_uso"),
    search=("nombre", "prefijo"),
    sort=("-id", "nombre"),
    actions=("list", "detail"),
    people_only=("list", "detail"),
)

RESOURCES = [SUCURSALES, USUARIOS, ROLES, CLAVES_API]


@endpoint("POST", "/api/auth/login/", public=True, statuses=(401, 403), throttle=Limit("login"))
def login(ctx: Ctx, credenciales: schemas.Login) -> schemas.Ingreso | schemas.SegundoFactor:
    """Inicia sesión con correo y contraseña."""
    return ingreso.iniciar_sesion(ctx, credenciales)


@endpoint("POST", "/api/auth/login/2fa/", public=True, statuses=(401, 403), throttle=Limit("2fa"))
def login_2fa(ctx: Ctx, segundo: schemas.Ingreso2faNuevo) -> schemas.Ingreso2fa:
    """Termina un ingreso con el código de la aplicación o uno de recuperación."""
    return ingreso_2fa.verificar(ctx, segundo)


@endpoint(
    "POST",
    "/api/auth/login/2fa/configurar/",
    public=True,
    statuses=(401,),
    throttle=Limit("2fa_configurar"),
)
def configurar_2fa(ctx: Ctx, espera: schemas.Token2fa) -> schemas.Secreto2fa:
    """Configura la aplicación de quien no puede ingresar sin segundo factor."""
    return ingreso_2fa.configurar(ctx, espera)


@endpoint(
    "POST", "/api/auth/primer-admin/", public=True, status=201, throttle=Limit("primer_admin")
)
def crear_primer_admin(ctx: Ctx, nuevo: schemas.PrimerAdminNuevo) -> schemas.PrimerAdmin:
    """Crea el primer administrador con el enlace que mostró el servidor."""
    return schemas.PrimerAdmin.model_validate(primer_admin.crear_primer_admin(ctx, nuevo))


@endpoint(
    "POST", "/api/auth/aceptar-invitacion/", public=True, status=204, throttle=Limit("enlace")
)
def aceptar_invitacion(ctx: Ctx, aceptada: schemas.InvitacionAceptada) -> None:
    """Elige la contraseña de una cuenta a la que se fue invitado."""
    invitaciones.aceptar(ctx, aceptada)


@endpoint(
    "POST", "/api/usuarios/{id}/invitar/", permission="usuarios.crear", status=202, keys=False
)
def invitar_usuario(ctx: Ctx, id: QueryId) -> None:
    """Envía otra invitación a quien todavía no tiene contraseña."""
    invitaciones.invitar(ctx, id)


@endpoint("POST", "/api/usuarios/{id}/activar-2fa/", permission="", fresh=True, secret=True)
def activar_2fa(ctx: Ctx, id: QueryId) -> schemas.Secreto2fa:
    """Prepara el propio segundo factor: secreto y código QR; falta confirmarlo."""
    return dos_fa.activar(ctx, id)


@endpoint(
    "POST",
    "/api/usuarios/{id}/confirmar-2fa/",
    permission="",
    statuses=(429,),
    fresh=True,
    secret=True,
)
def confirmar_2fa(
    ctx: Ctx, id: QueryId, confirmacion: schemas.Codigo2fa
) -> schemas.CodigosRecuperacion:
    """Activa el segundo factor con su primer código; muestra los de recuperación una vez."""
    return dos_fa.confirmar(ctx, id, confirmacion.codigo)


@endpoint("POST", "/api/usuarios/{id}/desactivar-2fa/", permission="", status=204, fresh=True)
def desactivar_2fa(ctx: Ctx, id: QueryId) -> None:
    """Quita el segundo factor propio, o el de otro usuario si puede editarlo."""
    dos_fa.desactivar(ctx, id)


@endpoint(
    "POST", "/api/usuarios/{id}/codigos-recuperacion/", permission="", fresh=True, secret=True
)
def renovar_codigos(ctx: Ctx, id: QueryId) -> schemas.CodigosRecuperacion:
    """Reemplaza los códigos de recuperación propios por diez nuevos."""
    return dos_fa.renovar_codigos(ctx, id)


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


@endpoint("DELETE", "/api/roles/{id}/", permission="roles.eliminar", status=204, statuses=(409,))
def eliminar_rol(ctx: Ctx, id: QueryId) -> None:
    """Elimina un rol que nadie tiene."""
    roles.eliminar_rol(ctx, id)


@endpoint("GET", "/api/permisos/", permission="roles.ver")
def ver_catalogo(ctx: Ctx) -> list[schemas.ModuloDePermisos]:
    """Todas las acciones de los módulos instalados."""
    return roles.catalogo(ctx)


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


@endpoint(
    "POST",
    "/api/claves-api/",
    permission="claves_api.crear",
    status=201,
    fresh=True,
    secret=True,
)
def crear_clave_api(ctx: Ctx, nueva: schemas.ClaveApiNueva) -> schemas.ClaveApiCreada:
    """Crea una clave API; el secreto se muestra solo ahora."""
    return claves_api.crear_clave(ctx, nueva)


@endpoint(
    "POST",
    "/api/claves-api/{id}/rotar/",
    permission="claves_api.crear",
    status=201,
    statuses=(409,),
    fresh=True,
    secret=True,
)
def rotar_clave_api(
    ctx: Ctx, id: QueryId, rotacion: schemas.ClaveApiRotacion
) -> schemas.ClaveApiCreada:
    """Renueva una clave API; la anterior sirve mientras dure la gracia."""
    return claves_api.rotar_clave(ctx, id, rotacion)


@endpoint(
    "DELETE", "/api/claves-api/{id}/", permission="claves_api.eliminar", status=204, keys=False
)
def revocar_clave_api(ctx: Ctx, id: QueryId) -> None:
    """Revoca una clave API desde este momento."""
    claves_api.revocar_clave(ctx, id)


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


@endpoint(
    "POST",
    "/api/auth/refresh/",
    public=True,
    statuses=(401, 409),
    throttle=Limit("refresh", times=60),
)
def renovar(ctx: Ctx, renovacion: schemas.Renovacion) -> schemas.Tokens:
    """Cambia el token de renovación por tokens nuevos; cada uno sirve una vez."""
    return sesiones.renovar(ctx, renovacion.refresh)


@endpoint("POST", "/api/auth/logout/", permission="", status=204)
def salir(ctx: Ctx, salida: schemas.Salida = schemas.ESTA_SESION) -> None:
    """Cierra esta sesión, o todas las del usuario."""
    sesiones.salir(ctx, todas=salida.todas)


@endpoint("GET", "/api/auth/yo/", permission="")
def ver_yo(ctx: Ctx) -> schemas.Yo:
    """Quién ingresó, con qué rol y qué puede hacer."""
    return sesiones.quien_soy(ctx)


@endpoint("POST", "/api/auth/reautenticar/", permission="", status=204, statuses=(429,))
def reautenticar(ctx: Ctx, prueba: schemas.Reautenticacion) -> None:
    """Confirma quién es para los próximos 10 minutos."""
    claves.reautenticar(ctx, prueba)


@endpoint(
    "POST", "/api/auth/cambiar-clave/", permission="", status=204, fresh=True, statuses=(429,)
)
def cambiar_clave(ctx: Ctx, cambio: schemas.CambioClave) -> None:
    """Cambia la contraseña propia y cierra las demás sesiones."""
    claves.cambiar_clave(ctx, cambio)


@endpoint("POST", "/api/auth/cambiar-correo/", permission="", status=204, fresh=True)
def cambiar_correo(ctx: Ctx, cambio: schemas.CambioCorreo) -> None:
    """Cambia el correo con el que se ingresa."""
    claves.cambiar_correo(ctx, cambio)


@endpoint("POST", "/api/auth/olvide-clave/", public=True, status=202, throttle=Limit("olvide"))
def olvide_clave(ctx: Ctx, olvidada: schemas.ClaveOlvidada) -> None:
    """Envía un enlace para elegir una contraseña nueva, si el correo es de alguien."""
    claves.olvide_clave(ctx, olvidada.email)


@endpoint("POST", "/api/auth/restablecer-clave/", public=True, status=204, throttle=Limit("enlace"))
def restablecer_clave(ctx: Ctx, cambio: schemas.ClaveNueva) -> None:
    """Elige una contraseña nueva con el código del enlace."""
    claves.restablecer_clave(ctx, cambio)


@endpoint("GET", "/api/auth/sesiones/", permission="")
def ver_sesiones(ctx: Ctx) -> list[schemas.SesionLeida]:
    """Mis sesiones abiertas, la más nueva primero."""
    return sesiones.sesiones_de(ctx, sesiones.mi_sesion(ctx).usuario_id)


@endpoint("DELETE", "/api/auth/sesiones/", permission="", status=204)
def cerrar_otras_sesiones(ctx: Ctx) -> None:
    """Cierra todas mis sesiones menos esta."""
    sesiones.cerrar_otras(ctx)


@endpoint("DELETE", "/api/auth/sesiones/{id}/", permission="", status=204)
def cerrar_sesion(ctx: Ctx, id: QueryId) -> None:
    """Cierra una de mis sesiones."""
    sesiones.cerrar_una(ctx, sesiones.mi_sesion(ctx).usuario_id, id)


@endpoint("GET", "/api/usuarios/{id}/sesiones/", permission="usuarios.ver")
def ver_sesiones_de_usuario(ctx: Ctx, id: QueryId) -> list[schemas.SesionLeida]:
    """Las sesiones abiertas de un usuario."""
    return cuentas.ver_sesiones(ctx, id)


@endpoint("DELETE", "/api/usuarios/{id}/sesiones/", permission="usuarios.editar", status=204)
def cerrar_sesiones_de_usuario(ctx: Ctx, id: QueryId) -> None:
    """Cierra todas las sesiones de un usuario."""
    cuentas.cerrar_sesiones(ctx, id)


@endpoint(
    "DELETE",
    "/api/usuarios/{id}/sesiones/{sesion_id}/",
    permission="usuarios.editar",
    status=204,
)
def cerrar_sesion_de_usuario(ctx: Ctx, id: QueryId, sesion_id: QueryId) -> None:
    """Cierra una sesión de un usuario."""
    cuentas.cerrar_sesiones(ctx, id, sesion_id)


@endpoint(
    "POST",
    "/api/auth/sso/google/",
    public=True,
    statuses=(401, 403, 404, 429),
    throttle=Limit("sso", 30),
)
def ingresar_con_google(
    ctx: Ctx, pedido: schemas.SsoGoogle
) -> schemas.Ingreso | schemas.SegundoFactor:
    """Inicia sesión con el código que dio Google."""
    return sso.canjear(ctx, pedido)


@endpoint(
    "GET",
    "/api/auth/sso/google/inicio/",
    public=True,
    status=303,
    statuses=(404, 429),
    throttle=Limit("sso", 30),
)
def ir_a_google(ctx: Ctx, inicio: schemas.SsoInicio) -> Response:
    """Lleva el navegador a Google para ingresar."""
    partida = sso.empezar(ctx, inicio.destino)
    return RedirectResponse(partida.url, 303, {"Set-Cookie": partida.cookie})


@endpoint(
    "GET",
    "/api/auth/sso/google/retorno/",
    public=True,
    status=303,
    statuses=(401, 403, 404, 409, 429),
    throttle=Limit("sso", 30),
)
def volver_de_google(ctx: Ctx, retorno: schemas.SsoRetorno) -> Response:
    """Recibe el navegador que vuelve de Google."""
    return RedirectResponse(sso.volver(ctx, retorno), 303)


@endpoint(
    "POST",
    "/api/auth/sso/google/vincular/",
    permission="",
    statuses=(404,),
    fresh=True,
    keys=False,
)
def vincular_google(ctx: Ctx, inicio: schemas.SsoInicio) -> schemas.SsoPartida:
    """Empieza a vincular una cuenta de Google a mi usuario."""
    partida = sso.vincular(ctx, inicio.destino)
    ctx.headers["Set-Cookie"] = partida.cookie
    return schemas.SsoPartida(url=partida.url)


@endpoint(
    "DELETE",
    "/api/auth/sso/google/",
    permission="",
    status=204,
    statuses=(404,),
    fresh=True,
    keys=False,
)
def desvincular_google(ctx: Ctx) -> None:
    """Quita la cuenta de Google de mi usuario."""
    sso.desvincular(ctx)
