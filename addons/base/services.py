"""Rules of base: signing in, users, roles, the company. Source: spec/erp-modules.md, módulo 9."""

import secrets
from datetime import timedelta

from sqlalchemy import delete, func, select

from addons.base import schemas
from addons.base.errors import CredencialesInvalidas
from addons.base.models import Configuracion, Usuario
from kernel import passwords
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import FieldError, NotFound
from kernel.identity import Permiso, Rol, Sesion
from kernel.messages import TEXTS, refused

ALCANCE = Statement(
    "sucursales_del_usuario",
    """
    SELECT CASE WHEN sucursal_id IS NOT NULL THEN ARRAY[sucursal_id] END AS ids
      FROM usuarios WHERE id = %(usuario)s
    """,
)
"""The sucursales that a user is confined to, or NULL; hot statements embed it."""


def iniciar_sesion(ctx: Ctx, login: schemas.Login) -> schemas.Tokens:
    """Return the tokens of a new session.

    Raises:
        CredencialesInvalidas: unknown e-mail, wrong password or inactive user, all alike.
    """
    cost = ctx.runtime.settings.password_cost
    query = select(Usuario).where(func.lower(Usuario.email) == login.email.lower())
    usuario = ctx.session.scalars(query).one_or_none()
    if usuario is None or not usuario.activo:
        passwords.verify_dummy(login.password, cost=cost)
        raise CredencialesInvalidas("El correo o la contraseña no son correctos.")
    if not passwords.verify_password(login.password, usuario.password_hash, cost=cost):
        raise CredencialesInvalidas("El correo o la contraseña no son correctos.")
    return _abrir_sesion(ctx, usuario)


def _abrir_sesion(ctx: Ctx, usuario: Usuario) -> schemas.Tokens:
    settings = ctx.runtime.settings
    jti = secrets.token_urlsafe(24)
    life = settings.refresh_token_seconds
    ctx.session.add(
        Sesion(
            usuario_id=usuario.id,
            token_jti=jti,
            ip=ctx.request.ip,
            user_agent=ctx.request.user_agent,
            expires_at=ctx.now + timedelta(seconds=life),
        )
    )
    usuario.ultimo_acceso = ctx.now
    ctx.audit("iniciar_sesion", "usuarios", usuario.id, modulo="base")
    signer = ctx.runtime.signer
    access = settings.access_token_seconds
    return schemas.Tokens(
        access=signer.issue("access", usuario.id, jti, access),
        refresh=signer.issue("refresh", usuario.id, jti, life),
        expires_in=access,
    )


def crear_usuario(ctx: Ctx, nuevo: schemas.UsuarioNuevo) -> Usuario:
    """Return a new user; the password is stored as a hash only."""
    passwords.check_policy(nuevo.password)
    cost = ctx.runtime.settings.password_cost
    usuario = Usuario(
        **nuevo.model_dump(exclude={"password", "email"}),
        email=nuevo.email.lower(),
        password_hash=passwords.hash_password(nuevo.password, cost=cost),
    )
    ctx.session.add(usuario)
    ctx.session.flush()
    return usuario


def permisos_del_rol(ctx: Ctx, rol_id: int) -> schemas.PermisosDelRol:
    """Return what a role may do."""
    if ctx.session.get(Rol, rol_id) is None:
        raise NotFound
    query = select(Permiso).where(Permiso.rol_id == rol_id, Permiso.permitido)
    names = sorted(f"{one.modulo}.{one.accion}" for one in ctx.session.scalars(query))
    return schemas.PermisosDelRol(rol_id=rol_id, permisos=names)


def actualizar_permisos(
    ctx: Ctx, rol_id: int, cambio: schemas.PermisosCambio
) -> schemas.PermisosDelRol:
    """Return the role's permissions after the change.

    Raises:
        ValidationFailed: an installed addon declares no such action.
    """
    if ctx.session.get(Rol, rol_id) is None:
        raise NotFound
    known = ctx.runtime.registry.permissions
    faults = [
        FieldError(f"permisos.{index}.accion", "no_existe", "Ningún addon declara esta acción.")
        for index, uno in enumerate(cambio.permisos)
        if f"{uno.modulo}.{uno.accion}" not in known
    ]
    if faults:
        raise refused(faults)
    for uno in cambio.permisos:
        _poner_permiso(ctx, rol_id, uno)
    ctx.session.flush()
    return permisos_del_rol(ctx, rol_id)


def _poner_permiso(ctx: Ctx, rol_id: int, cambio: schemas.PermisoCambio) -> None:
    query = select(Permiso).where(
        Permiso.rol_id == rol_id, Permiso.modulo == cambio.modulo, Permiso.accion == cambio.accion
    )
    fila = ctx.session.scalars(query).one_or_none()
    if fila is None:
        ctx.session.add(Permiso(rol_id=rol_id, **cambio.model_dump()))
    else:
        fila.permitido = cambio.permitido


def leer_configuracion(ctx: Ctx) -> Configuracion:
    """Return the company.

    Raises:
        NotFound: nobody configured it yet.
    """
    found = ctx.session.get(Configuracion, 1)
    if found is None:
        raise NotFound("La empresa aún no está configurada.")
    return found


def cambiar_configuracion(ctx: Ctx, cambio: schemas.ConfiguracionCambio) -> Configuracion:
    """Return the company with the given fields changed, created if it didn't exist.

    Raises:
        ValidationFailed: it doesn't exist yet and the RUC or the name is missing.
    """
    data = cambio.model_dump(exclude_none=True)
    found = ctx.session.get(Configuracion, 1)
    if found is None:
        missing = [name for name in ("ruc", "razon_social") if name not in data]
        if missing:
            raise refused(FieldError(name, "missing", TEXTS["missing"]) for name in missing)
        found = Configuracion(id=1)
        ctx.session.add(found)
    for name, value in data.items():
        setattr(found, name, value)
    ctx.session.flush()
    ctx.session.refresh(found)
    return found


def sucursales_del_usuario(ctx: Ctx) -> frozenset[int] | None:
    """Return the sucursales that the user is confined to, or None for all."""
    if ctx.user is None:
        return None
    ids = ctx.sql(ALCANCE, usuario=ctx.user.id)[0][0]
    return None if ids is None else frozenset(ids)


def borrar_sesiones_vencidas(ctx: Ctx) -> None:
    """Delete the sessions that ended over a month ago."""
    ctx.session.execute(delete(Sesion).where(Sesion.expires_at < ctx.now - timedelta(days=30)))
