"""The second factor of a user: setting it up, its codes, taking it off. Source: módulo 9, 2FA.

A code of the app counts for its own 30 seconds and those next to them, once: the user's row
remembers the last step that was used. Ten recovery codes stand in for a lost app. Each is random
over 60 bits, too few for a fast hash if the table is stolen: scrypt is kept of them. The salt is
the user's own, so that one computation finds which of the ten it is.
Source: RFC 6238, 5.2; OWASP ASVS 5.0, 6.5.1 to 6.5.5, 11.4.
"""

import hashlib
import hmac
import secrets

import pyotp
from sqlalchemy import delete

from addons.base import documents, schemas
from addons.base.errors import CodigoIncorrecto, DosFaActivo, DosFaObligatorio, DosFaSinConfigurar
from addons.base.models import CodigoRecuperacion, Configuracion, Usuario
from addons.base.services import avisos, cuentas, intentos
from kernel import throttle
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Forbidden
from kernel.identity import Rol

PASO = 30
"""Seconds that a code counts for."""

CODIGOS = 10
ALFABETO = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""32 signs without I, L, O and U, which are misread; 12 of them are 60 bits."""

PARECIDOS = str.maketrans("OIL", "011", " -")

USAR_PASO = Statement(
    "usar_paso_2fa",
    """
    UPDATE usuarios SET "2fa_ultimo_paso" = %(paso)s
     WHERE id = %(usuario)s AND "2fa_activo"
       AND ("2fa_ultimo_paso" IS NULL OR "2fa_ultimo_paso" < %(paso)s)
    RETURNING id
    """,
)
USAR_CODIGO = Statement(
    "usar_codigo_recuperacion",
    """
    UPDATE codigos_recuperacion SET usado_at = %(ahora)s
     WHERE usuario_id = %(usuario)s AND codigo_hash = %(hash)s AND usado_at IS NULL
    RETURNING id
    """,
)


def activar(ctx: Ctx, usuario_id: int) -> schemas.Secreto2fa:
    """Return what to set up an app with; it counts once ``confirmar`` has seen its first code.

    Raises:
        Forbidden: it is somebody else's.
        DosFaActivo: there is one already.
    """
    return nuevo_secreto(ctx, _propio(ctx, usuario_id))


def nuevo_secreto(ctx: Ctx, usuario: Usuario) -> schemas.Secreto2fa:
    """Return a fresh secret of a user, sealed into their row and not in force yet.

    Raises:
        DosFaActivo: one is in force.
    """
    if usuario.dos_fa_activo:
        raise DosFaActivo("El segundo factor ya está activo; desactívelo primero.")
    secreto = pyotp.random_base32()
    usuario.dos_fa_clave = secreto
    ctx.session.flush()
    empresa = ctx.session.get(Configuracion, 1)
    nombre = empresa.nombre_comercial or empresa.razon_social if empresa is not None else "Andes"
    uri = pyotp.TOTP(secreto).provisioning_uri(name=usuario.email, issuer_name=nombre)
    return schemas.Secreto2fa(secreto=secreto, uri=uri, qr_svg=documents.qr_svg(uri))


def confirmar(ctx: Ctx, usuario_id: int, codigo: str) -> schemas.CodigosRecuperacion:
    """Return the recovery codes of a second factor that is in force from now on.

    Raises:
        CodigoIncorrecto: the app shows another code; nothing changes.
    """
    usuario = _propio(ctx, usuario_id)
    if usuario.dos_fa_activo:
        raise DosFaActivo("El segundo factor ya está activo.")
    cuenta = intentos.cuenta(ctx, "codigo", usuario.email)
    ctx.runtime.throttle.attempt(cuenta)
    codigos = poner_en_vigor(ctx, usuario, codigo)
    if codigos is None:
        raise CodigoIncorrecto("El código no es el que muestra la aplicación.", field="codigo")
    throttle.forgive(ctx, cuenta)
    return schemas.CodigosRecuperacion(codigos_recuperacion=codigos)


def poner_en_vigor(ctx: Ctx, usuario: Usuario, codigo: str) -> list[str] | None:
    """Return the recovery codes after the first code of a new secret; None if it is wrong.

    Raises:
        DosFaSinConfigurar: there is no secret yet.
    """
    secreto = usuario.dos_fa_clave
    if secreto is None:
        raise DosFaSinConfigurar("Primero configure la aplicación con el código QR.")
    paso = _paso(ctx, secreto, codigo)
    if paso is None:
        return None
    usuario.dos_fa_activo = True
    usuario.dos_fa_ultimo_paso = paso
    avisos.avisar(ctx, usuario.id, "segundo_factor_activado")
    return _nuevos_codigos(ctx, usuario)


def es_su_codigo(ctx: Ctx, usuario: Usuario, codigo: str) -> bool:
    """Return whether it is a code of the user's app or a recovery code; it is used up with that."""
    secreto = usuario.dos_fa_clave
    if not usuario.dos_fa_activo or secreto is None:
        return False
    paso = _paso(ctx, secreto, codigo)
    if paso is not None:
        return bool(ctx.sql(USAR_PASO, usuario=usuario.id, paso=paso))
    usado = _hash(usuario.id, codigo)
    if not ctx.sql(USAR_CODIGO, usuario=usuario.id, hash=usado, ahora=ctx.now):
        return False
    ctx.audit(
        "usar_codigo_recuperacion", "usuarios", usuario.id, modulo="base", usuario_id=usuario.id
    )
    return True


def desactivar(ctx: Ctx, usuario_id: int) -> None:
    """Take the second factor off: one's own, or as an administrator that of who lost it.

    Raises:
        NotFound: there is no such user.
        Forbidden: it is somebody else's, and the user may not edit them.
        DosFaObligatorio: the own role asks for it.
    """
    if usuario_id != ctx.user_id:
        ctx.require("usuarios.editar")
    usuario = cuentas.buscar_usuario(ctx, usuario_id)
    if usuario_id != ctx.user_id:
        cuentas.comprobar_alcanzable(ctx, usuario)
    if usuario_id == ctx.user_id and ctx.session.get_one(Rol, usuario.rol_id).exige_2fa:
        raise DosFaObligatorio("Su rol exige un segundo factor; no puede desactivarlo.")
    usuario.dos_fa_activo = False
    usuario.dos_fa_clave = None
    usuario.dos_fa_ultimo_paso = None
    _borrar_codigos(ctx, usuario)
    ctx.session.flush()
    avisos.avisar(ctx, usuario.id, "segundo_factor_desactivado")


def renovar_codigos(ctx: Ctx, usuario_id: int) -> schemas.CodigosRecuperacion:
    """Return ten new recovery codes; the earlier ones count no longer.

    Raises:
        Forbidden: they are somebody else's.
        DosFaSinConfigurar: there is no second factor.
    """
    usuario = _propio(ctx, usuario_id)
    if not usuario.dos_fa_activo:
        raise DosFaSinConfigurar("El segundo factor no está activo.")
    ctx.audit("renovar_codigos_recuperacion", "usuarios", usuario.id, modulo="base")
    return schemas.CodigosRecuperacion(codigos_recuperacion=_nuevos_codigos(ctx, usuario))


def _propio(ctx: Ctx, usuario_id: int) -> Usuario:
    if usuario_id != ctx.user_id:
        raise Forbidden("Cada persona configura su propio segundo factor.")
    return ctx.session.get_one(Usuario, usuario_id, with_for_update=True)


def _paso(ctx: Ctx, secreto: str, codigo: str) -> int | None:
    """Return the step of 30 seconds whose code this is: the present one or a neighbour."""
    totp = pyotp.TOTP(secreto, interval=PASO)
    ahora = int(ctx.now.timestamp()) // PASO
    given = codigo.encode()
    pasos = [
        paso
        for paso in (ahora - 1, ahora, ahora + 1)
        if hmac.compare_digest(totp.generate_otp(paso).encode(), given)
    ]
    return max(pasos, default=None)


def _nuevos_codigos(ctx: Ctx, usuario: Usuario) -> list[str]:
    _borrar_codigos(ctx, usuario)
    codigos = [_codigo() for _ in range(CODIGOS)]
    ctx.session.add_all(
        CodigoRecuperacion(usuario_id=usuario.id, codigo_hash=_hash(usuario.id, codigo))
        for codigo in codigos
    )
    ctx.session.flush()
    return codigos


def _codigo() -> str:
    text = "".join(secrets.choice(ALFABETO) for _ in range(12))
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"


def _hash(usuario_id: int, codigo: str) -> str:
    """Return what is stored of a recovery code; 16 MB and some 50 ms, equal codes kept apart."""
    typed = codigo.upper().translate(PARECIDOS).encode("utf-8", "surrogatepass")
    salt = hashlib.sha256(f"recuperacion:{usuario_id}".encode()).digest()
    return "scrypt$" + hashlib.scrypt(typed, salt=salt, n=2**14, r=8, p=1, dklen=32).hex()


def _borrar_codigos(ctx: Ctx, usuario: Usuario) -> None:
    ctx.session.execute(
        delete(CodigoRecuperacion).where(CodigoRecuperacion.usuario_id == usuario.id)
    )
