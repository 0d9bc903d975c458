"""Passwords as they are stored: checking one, and making what is kept of a new one. Módulo 9."""

from collections.abc import Iterable

from addons.base.models import Configuracion, Usuario
from kernel import passwords
from kernel.context import Ctx
from kernel.db import Statement

NINGUNA = "!"
"""What is stored of a user who has no password yet; nothing that is typed matches it."""

VIGENTE = Statement(
    "clave_vigente",
    "SELECT password_hash FROM usuarios WHERE id = %(usuario)s AND activo FOR NO KEY UPDATE",
)
"""What is stored now, after the check; until the commit nobody changes it."""

RENOVAR = Statement(
    "renovar_password_hash",
    """
    UPDATE usuarios SET password_hash = %(nueva)s
     WHERE id = %(usuario)s AND password_hash = %(antes)s
    """,
)
"""The same password in the present form: no edit of the user, and not over a change meanwhile."""


def es_la_clave(ctx: Ctx, usuario: Usuario | None, password: str) -> bool:
    """Return whether it is the password of the active user; nobody's takes the same time.

    Raises:
        Unavailable: too many passwords are being checked.
    """
    cost = ctx.runtime.settings.password_cost
    stored = usuario.password_hash if usuario is not None and usuario.activo else NINGUNA
    if not passwords.verify_password(password, stored, cost=cost) or usuario is None:
        return False
    vigente = _vigente(ctx, usuario)
    if vigente != stored and not passwords.verify_password(password, vigente, cost=cost):
        return False  # it was changed while the old one was being checked
    if passwords.needs_rehash(vigente, cost=cost):
        nueva = passwords.hash_password(password, cost=cost)
        ctx.sql(RENOVAR, usuario=usuario.id, antes=vigente, nueva=nueva)
    return True


def _vigente(ctx: Ctx, usuario: Usuario) -> str:
    rows = ctx.sql(VIGENTE, usuario=usuario.id)
    return str(rows[0][0]) if rows else NINGUNA


def cifrar_clave(
    ctx: Ctx, password: str, personales: Iterable[str], *, campo: str = "password"
) -> str:
    """Return what is stored of a new password; every way of setting one goes through here.

    ``personales`` are the user's name and e-mail, which make no good password; neither do those
    of the company.

    Raises:
        ValidationFailed: it is too short, too long or easy to guess; ``campo`` is named.
    """
    passwords.check_policy(password, personal=[*personales, *_empresa(ctx)], field=campo)
    return passwords.hash_password(password, cost=ctx.runtime.settings.password_cost)


def _empresa(ctx: Ctx) -> list[str]:
    found = ctx.session.get(Configuracion, 1)
    return [found.razon_social, found.nombre_comercial] if found is not None else []
