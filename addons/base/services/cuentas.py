"""Users as others administer them: creating, changing, confining. Source: módulo 9.

Nobody gives a role or a place that they don't have, nor changes somebody who may do more; the rules
are in ``privilegios``. What a user changes of themselves is in ``claves``.
"""

from sqlalchemy import inspect, select

from addons.base import schemas
from addons.base.models import Sucursal, Usuario, UsuarioSucursal
from addons.base.services import contrasenas, sesiones
from addons.base.services.privilegios import (
    comprobar_administracion,
    comprobar_lugares,
    comprobar_rol,
)
from addons.base.services.usuarios import sucursales_de
from kernel.context import Ctx
from kernel.errors import FieldError, NotFound
from kernel.messages import refused


def crear_usuario(ctx: Ctx, nuevo: schemas.UsuarioNuevo) -> Usuario:
    """Return a new user; who gets no password is sent an invitation to choose one.

    Raises:
        Forbidden: the role may do more than who gives it, or the sucursal is out of their reach.
        ValidationFailed: the password is too weak.
    """
    comprobar_rol(ctx, nuevo.rol_id, "rol_id")
    comprobar_lugares(ctx, _lugar(nuevo.sucursal_id), "sucursal_id")
    email = nuevo.email.lower()
    stored = contrasenas.NINGUNA
    if nuevo.password is not None:
        stored = contrasenas.cifrar_clave(ctx, nuevo.password, [nuevo.nombre, email])
    facts = nuevo.model_dump(exclude={"password", "email"})
    usuario = Usuario(**facts, email=email, password_hash=stored)
    ctx.session.add(usuario)
    ctx.session.flush()
    ctx.publish(schemas.UsuarioCreado(usuario.id))
    if nuevo.password is None:
        ctx.enqueue("base.enviar_invitacion", usuario_id=usuario.id)
    return usuario


def _lugar(sucursal_id: int | None) -> frozenset[int] | None:
    return None if sucursal_id is None else frozenset([sucursal_id])


def cambiar_usuario(ctx: Ctx, usuario: Usuario, _cambio: schemas.UsuarioCambio) -> None:
    """Refuse a change that isn't the user's to make; end the sessions of whom it deactivates.

    Raises:
        Forbidden: it gives a role or a sucursal out of reach, or the user is out of reach.
        Conflict: nobody could change roles any more.
    """
    comprobar_alcanzable(ctx, usuario)
    comprobar_rol(ctx, usuario.rol_id, "rol_id")
    deja = inspect(usuario).attrs.activo.history.deleted and not usuario.activo
    cambia_rol = bool(inspect(usuario).attrs.rol_id.history.deleted)
    ctx.session.flush()
    comprobar_lugares(ctx, sucursales_de(ctx, usuario.id), "sucursal_id")
    if deja or cambia_rol:
        comprobar_administracion(ctx)
    if deja:
        sesiones.cerrar(ctx, usuario.id)


def comprobar_alcanzable(ctx: Ctx, usuario: Usuario) -> None:
    """Refuse to change somebody who may do more, or who works where the user doesn't.

    Raises:
        Forbidden: as the database has them, they are out of reach.
    """
    rol_id = inspect(usuario).attrs.rol_id.history.deleted
    comprobar_rol(ctx, rol_id[0] if rol_id else usuario.rol_id)
    comprobar_lugares(ctx, sucursales_de(ctx, usuario.id))


def ver_sucursales(ctx: Ctx, usuario_id: int) -> schemas.SucursalesDelUsuario:
    """Return the sucursales that a user is confined to.

    Raises:
        NotFound: there is no such user.
    """
    usuario = buscar_usuario(ctx, usuario_id)
    lugares = sucursales_de(ctx, usuario_id)
    return schemas.SucursalesDelUsuario(
        usuario_id=usuario_id,
        principal=usuario.sucursal_id,
        sucursales=sorted(lugares or ()),
        todas=lugares is None,
    )


def poner_sucursales(
    ctx: Ctx, usuario_id: int, cambio: schemas.SucursalesCambio
) -> schemas.SucursalesDelUsuario:
    """Return the sucursales of a user after they were replaced; none of them means all.

    Raises:
        NotFound: there is no such user.
        ValidationFailed: a sucursal doesn't exist, or the user's home isn't among them.
        Forbidden: the user, or one of these sucursales, is out of reach.
    """
    usuario = buscar_usuario(ctx, usuario_id, lock=True)
    comprobar_alcanzable(ctx, usuario)
    antes, pedidas = sucursales_de(ctx, usuario_id), frozenset(cambio.sucursales)
    _comprobar_sucursales(ctx, usuario, cambio.sucursales)
    comprobar_lugares(ctx, pedidas or None, "sucursales")
    query = select(UsuarioSucursal).where(UsuarioSucursal.usuario_id == usuario_id)
    tiene = {una.sucursal_id: una for una in ctx.session.scalars(query)}
    mas = pedidas - {usuario.sucursal_id}
    for sucursal_id in tiene.keys() - mas:
        ctx.session.delete(tiene[sucursal_id])
    for sucursal_id in sorted(mas - tiene.keys()):
        ctx.session.add(UsuarioSucursal(usuario_id=usuario_id, sucursal_id=sucursal_id))
    ctx.session.flush()
    ctx.audit(
        "cambiar_sucursales",
        "usuarios",
        usuario_id,
        antes={"sucursales": sorted(antes or ())},
        despues={"sucursales": sorted(pedidas)},
        modulo="base",
    )
    return ver_sucursales(ctx, usuario_id)


def _comprobar_sucursales(ctx: Ctx, usuario: Usuario, pedidas: list[int]) -> None:
    known = set(ctx.session.scalars(select(Sucursal.id).where(Sucursal.id.in_(pedidas))))
    faults = [
        FieldError(f"sucursales.{index}", "no_existe", "No existe una sucursal con este id.")
        for index, uno in enumerate(pedidas)
        if uno not in known
    ]
    if usuario.sucursal_id is not None and usuario.sucursal_id not in pedidas:
        message = f"Falta su sucursal principal ({usuario.sucursal_id}); cámbiela primero."
        faults.append(FieldError("sucursales", "falta_principal", message))
    if faults:
        raise refused(faults)


def buscar_usuario(ctx: Ctx, usuario_id: int, *, lock: bool = False) -> Usuario:
    """Return a user, locked against others who confine them if asked.

    Raises:
        NotFound: there is no such user.
    """
    with_lock = {"key_share": True} if lock else None
    usuario = ctx.session.get(Usuario, usuario_id, with_for_update=with_lock)
    if usuario is None:
        raise NotFound
    return usuario


def ver_sesiones(ctx: Ctx, usuario_id: int) -> list[schemas.SesionLeida]:
    """Return the open sessions of a user, the newest first.

    Raises:
        NotFound: there is no such user.
    """
    return sesiones.sesiones_de(ctx, buscar_usuario(ctx, usuario_id).id)


def cerrar_sesiones(ctx: Ctx, usuario_id: int, sesion_id: int | None = None) -> None:
    """End all open sessions of a user, or one.

    Raises:
        NotFound: there is no such user, or the session is not theirs or over.
        Forbidden: the user is out of reach.
    """
    comprobar_alcanzable(ctx, buscar_usuario(ctx, usuario_id))
    if sesion_id is None:
        sesiones.cerrar_todas(ctx, usuario_id)
    else:
        sesiones.cerrar_una(ctx, usuario_id, sesion_id)
