"""Invitations: a new user chooses their own password. Source: módulo 9, "Crear usuario"."""

from datetime import timedelta
from typing import NamedTuple

from addons.base import schemas
from addons.base.errors import EnlaceInvalido, YaTieneClave
from addons.base.messages import asunto_invitacion, invitacion
from addons.base.models import Configuracion, Usuario
from addons.base.services import contrasenas, cuentas, enlaces, idiomas
from kernel.context import Ctx

VIDA = timedelta(days=3)


class Carta(NamedTuple):
    """An invitation that was made, to be sent."""

    enlace: enlaces.Hecho
    nombre: str
    correo: str
    empresa: str
    idioma: str


def invitar(ctx: Ctx, usuario_id: int) -> None:
    """Send a user who has no password yet a new invitation; earlier ones count no longer.

    Raises:
        NotFound: there is no such user.
        Forbidden: they are out of reach.
        YaTieneClave: they signed up already.
    """
    usuario = cuentas.buscar_usuario(ctx, usuario_id)
    cuentas.comprobar_alcanzable(ctx, usuario)
    if usuario.password_hash != contrasenas.NINGUNA:
        raise YaTieneClave("Este usuario ya tiene contraseña; puede pedir otra si la olvidó.")
    ctx.enqueue("base.enviar_invitacion", usuario_id=usuario_id)


def enviar(ctx: Ctx, usuario_id: int) -> None:
    """Send the link; the job behind ``invitar`` and behind a new user without password.

    The link is made here, so that no row but its digest ever holds it; a second try makes another.
    """
    from kernel.mail import Message  # smtplib and email, for jobs only

    carta = ctx.runtime.transact(lambda one: _hacer_carta(one, usuario_id))
    if carta is None:
        return
    mensaje = Message(
        carta.correo,
        asunto_invitacion(carta.empresa),
        invitacion(carta.nombre, carta.empresa, carta.enlace.direccion),
        language=carta.idioma,
    )
    ctx.runtime.mailer.send(mensaje, f"enlace:{carta.enlace.id}")


def _hacer_carta(ctx: Ctx, usuario_id: int) -> Carta | None:
    """Return the invitation of a user who still needs one."""
    usuario = ctx.session.get(Usuario, usuario_id)
    if usuario is None or not usuario.activo or usuario.password_hash != contrasenas.NINGUNA:
        return None
    enlace = enlaces.hacer(ctx, "invitacion", VIDA, usuario_id)
    ctx.audit("invitar", "usuarios", usuario_id, modulo="base")
    empresa = ctx.session.get(Configuracion, 1)
    nombre = empresa.nombre_comercial or empresa.razon_social if empresa is not None else "Andes"
    idioma = idiomas.de(ctx, usuario)
    return Carta(enlace, usuario.nombre, usuario.email, nombre, idioma)


def aceptar(ctx: Ctx, aceptada: schemas.InvitacionAceptada) -> None:
    """Store the first password of an invited user, who can sign in from now on.

    Raises:
        EnlaceInvalido: the link is not ours, was used or is over three days old.
        ValidationFailed: the password is too weak; the link stays good.
    """
    usuario_id = enlaces.tomar(ctx, "invitacion", aceptada.token)
    usuario = ctx.session.get(Usuario, usuario_id)
    if usuario is None or not usuario.activo:
        raise EnlaceInvalido
    personales = [usuario.nombre, usuario.email]
    usuario.password_hash = contrasenas.cifrar_clave(ctx, aceptada.password, personales)
    ctx.session.flush()
    ctx.audit("aceptar_invitacion", "usuarios", usuario.id, modulo="base", usuario_id=usuario.id)
