"""Links that work once: made with a token that only their receiver knows, and taken. Módulo 9.

The token stands behind the ``#`` of the address, which browsers send to nobody: it is in no log of
a server or a proxy on the way. Only its digest is stored. Source: OWASP ASVS 5.0, 6.4.1, 14.2.1.
"""

import secrets
from datetime import timedelta
from typing import Literal, NamedTuple

from sqlalchemy import delete

from addons.base.errors import EnlaceInvalido
from addons.base.models import Enlace
from kernel import credentials
from kernel.context import Ctx
from kernel.db import Statement

Uso = Literal["primer_admin", "invitacion", "clave"]
PAGINAS: dict[Uso, str] = {
    "primer_admin": "primer-admin",
    "invitacion": "aceptar-invitacion",
    "clave": "restablecer-clave",
}

TOMAR = Statement(
    "tomar_enlace_de_uso",
    """
    UPDATE enlaces SET usado_at = %(ahora)s
     WHERE token_hash = %(digest)s AND uso = %(uso)s AND usado_at IS NULL
       AND expires_at > %(ahora)s
    RETURNING usuario_id
    """,
)


class Hecho(NamedTuple):
    """A link that was just made; ``direccion`` is told once, to its receiver."""

    id: int
    direccion: str


def hacer(ctx: Ctx, uso: Uso, vida: timedelta, usuario_id: int | None = None) -> Hecho:
    """Return a new link for a user, or for nobody yet; it replaces the earlier ones of its kind."""
    olvidar(ctx, uso, usuario_id)
    token = secrets.token_urlsafe(32)
    enlace = Enlace(
        uso=uso,
        usuario_id=usuario_id,
        token_hash=credentials.digest(token),
        expires_at=ctx.now + vida,
    )
    ctx.session.add(enlace)
    ctx.session.flush()
    site = ctx.runtime.settings.site_url
    return Hecho(enlace.id, f"{site}/{PAGINAS[uso]}/#{token}")


def tomar(ctx: Ctx, uso: Uso, token: str) -> int | None:
    """Return whose link it is, which is used with that; of several at once, one gets it.

    Raises:
        EnlaceInvalido: it is not ours, was used, or is too old.
    """
    rows = ctx.sql(TOMAR, digest=credentials.digest(token), uso=uso, ahora=ctx.now)
    if not rows:
        raise EnlaceInvalido
    usuario_id: int | None = rows[0][0]
    return usuario_id


def olvidar(ctx: Ctx, uso: Uso, usuario_id: int | None) -> None:
    """Delete the links of this kind that nobody used."""
    ctx.session.execute(
        delete(Enlace).where(
            Enlace.uso == uso,
            Enlace.usuario_id.is_not_distinct_from(usuario_id),
            Enlace.usado_at.is_(None),
        )
    )


def borrar_vencidos(ctx: Ctx) -> None:
    """Delete the links of every kind that ended over a month ago."""
    ctx.session.execute(delete(Enlace).where(Enlace.expires_at < ctx.now - timedelta(days=30)))
