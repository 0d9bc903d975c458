"""What users change of their own way in: password, e-mail, proof of who they are. Módulo 9.

Whoever changes their password keeps this session and loses the others; a forgotten one is replaced
through a link by mail, after which every session is over.
Source: OWASP ASVS 5.0, 6.2.2, 6.2.3, 6.3.8, 6.4.3, 7.4.3, 7.5.1.
"""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import func, select

from addons.base import schemas
from addons.base.errors import ClaveIncorrecta, CodigoIncorrecto, EnlaceInvalido
from addons.base.messages import ASUNTO_ENLACE_CLAVE, enlace_clave
from addons.base.models import Enlace, Usuario
from addons.base.services import (
    avisos,
    contrasenas,
    dos_fa,
    enlaces,
    idiomas,
    intentos,
    pendientes,
    sesiones,
)
from kernel import throttle
from kernel.context import Ctx
from kernel.errors import FieldError, ValidationFailed
from kernel.identity import Sesion
from kernel.messages import TEXTS, refused

VIDA = timedelta(hours=1)
PAUSA = timedelta(minutes=1)
"""One link a minute, however often somebody asks for it."""


class Carta(NamedTuple):
    """A link that was made, to be sent."""

    enlace: enlaces.Hecho
    nombre: str
    correo: str
    idioma: str


def reautenticar(ctx: Ctx, prueba: schemas.Reautenticacion) -> None:
    """Note that the user of this session proved again who they are, by password or code.

    Raises:
        ValidationFailed: neither was given, or the password is another.
        CodigoIncorrecto: the code is wrong or was used.
        TooManyAttempts: the delay after earlier failures is not over.
    """
    usuario = ctx.session.get_one(Usuario, sesiones.mi_sesion(ctx).usuario_id)
    if prueba.password is not None:
        comprobar_clave(ctx, usuario, prueba.password, "password")
    elif prueba.codigo is not None:
        _comprobar_codigo(ctx, usuario, prueba.codigo)
    else:
        raise refused([FieldError("password", "missing", TEXTS["missing"])])
    sesiones.confirmar(ctx)


def comprobar_clave(ctx: Ctx, usuario: Usuario, clave: str, campo: str) -> None:
    """Accept the password of a user who is signed in.

    Raises:
        ClaveIncorrecta: it is another; ``campo`` is named.
        TooManyAttempts: the delay after earlier failures is not over.
    """
    cuenta = intentos.cuenta(ctx, "clave", usuario.email)
    ctx.runtime.throttle.attempt(cuenta)
    if not contrasenas.es_la_clave(ctx, usuario, clave):
        raise ClaveIncorrecta(campo)
    throttle.forgive(ctx, cuenta)


def _comprobar_codigo(ctx: Ctx, usuario: Usuario, codigo: str) -> None:
    cuenta = intentos.cuenta(ctx, "codigo", usuario.email)
    ctx.runtime.throttle.attempt(cuenta)
    if not dos_fa.es_su_codigo(ctx, usuario, codigo):
        raise CodigoIncorrecto("El código no es correcto o ya se usó.", field="codigo")
    throttle.forgive(ctx, cuenta)


def cambiar_clave(ctx: Ctx, cambio: schemas.CambioClave) -> None:
    """Replace the user's own password; their other sessions end.

    Raises:
        ClaveIncorrecta: ``actual`` is not their password.
        ValidationFailed: the new one is the same, or too weak.
        TooManyAttempts: the delay after earlier failures is not over.
    """
    sesion = sesiones.mi_sesion(ctx)
    usuario = ctx.session.get_one(Usuario, sesion.usuario_id)
    comprobar_clave(ctx, usuario, cambio.actual, "actual")
    if cambio.nueva == cambio.actual:
        raise ValidationFailed(
            "La contraseña nueva es igual a la actual.", code="clave_repetida", field="nueva"
        )
    _poner_clave(ctx, usuario, cambio.nueva)
    sesiones.cerrar(ctx, usuario.id, Sesion.id != sesion.id)
    sesiones.renovar_cookie(ctx, sesion)


def _poner_clave(ctx: Ctx, usuario: Usuario, nueva: str) -> None:
    """Store a new password, forget links to one and logins that wait, and tell its user."""
    personales = [usuario.nombre, usuario.email]
    usuario.password_hash = contrasenas.cifrar_clave(ctx, nueva, personales, campo="nueva")
    ctx.session.flush()
    enlaces.olvidar(ctx, "clave", usuario.id)
    pendientes.olvidar(ctx, usuario.id)
    avisos.avisar(ctx, usuario.id, "clave_cambiada")


def cambiar_correo(ctx: Ctx, cambio: schemas.CambioCorreo) -> None:
    """Replace the e-mail that the user signs in with; the old address is told as well."""
    usuario = ctx.session.get_one(Usuario, sesiones.mi_sesion(ctx).usuario_id)
    anterior, usuario.email = usuario.email, cambio.email.lower()
    if usuario.email == anterior:
        return
    ctx.session.flush()
    enlaces.olvidar(ctx, "clave", usuario.id)
    for correo in (anterior, usuario.email):
        avisos.avisar(ctx, usuario.id, "correo_cambiado", correo=correo)


def olvide_clave(ctx: Ctx, correo: str) -> None:
    """Have a link sent, should somebody have this e-mail.

    The same work for every address: the job finds out whose it is, out of the asker's sight.
    """
    ctx.enqueue("base.enviar_enlace_clave", correo=correo.lower())


def enviar_enlace(ctx: Ctx, correo: str) -> None:
    """Send the link for a new password; the job behind ``olvide_clave``.

    The link is made here, so that no row but its digest ever holds it; a second try makes another.
    """
    from kernel.mail import Message  # smtplib and email, for jobs only

    otra_vez = ctx.job is not None and ctx.job.attempt > 1
    carta = ctx.runtime.transact(lambda one: _hacer_carta(one, correo, otra_vez=otra_vez))
    if carta is None:
        return
    texto = enlace_clave(carta.nombre, carta.enlace.direccion)
    mensaje = Message(carta.correo, ASUNTO_ENLACE_CLAVE, texto, language=carta.idioma)
    ctx.runtime.mailer.send(mensaje, f"enlace:{carta.enlace.id}")


def _hacer_carta(ctx: Ctx, correo: str, *, otra_vez: bool) -> Carta | None:
    """Return a link for the active user of an e-mail who has a password; it replaces earlier ones.

    None where there is nobody, or where one was made within the last minute: unless that was this
    job's own earlier try.
    """
    query = select(Usuario).where(func.lower(Usuario.email) == correo, Usuario.activo)
    usuario = ctx.session.scalars(query).one_or_none()
    if usuario is None or usuario.password_hash == contrasenas.NINGUNA:
        return None
    if not otra_vez and _hay_reciente(ctx, usuario.id):
        return None
    enlace = enlaces.hacer(ctx, "clave", VIDA, usuario.id)
    ctx.audit("pedir_enlace", "usuarios", usuario.id, modulo="base")
    return Carta(enlace, usuario.nombre, usuario.email, idiomas.de(ctx, usuario))


def _hay_reciente(ctx: Ctx, usuario_id: int) -> bool:
    query = select(Enlace.id).where(
        Enlace.usuario_id == usuario_id,
        Enlace.uso == "clave",
        Enlace.created_at > func.now() - PAUSA,
    )
    return ctx.session.scalars(query).first() is not None


def restablecer_clave(ctx: Ctx, cambio: schemas.ClaveNueva) -> None:
    """Replace a forgotten password through the link of a mail; every session of the user ends.

    Raises:
        EnlaceInvalido: the link is not ours, was used, or is over an hour old.
        ValidationFailed: the new password is too weak; the link stays good.
    """
    usuario_id = enlaces.tomar(ctx, "clave", cambio.token)
    usuario = ctx.session.get(Usuario, usuario_id)
    if usuario is None or not usuario.activo:
        raise EnlaceInvalido
    _poner_clave(ctx, usuario, cambio.nueva)
    sesiones.cerrar(ctx, usuario.id)
    ctx.audit("restablecer_clave", "usuarios", usuario.id, modulo="base", usuario_id=usuario.id)
