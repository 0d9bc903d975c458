"""The language that a user reads: the one they chose, else the company's."""

from addons.base.models import Usuario
from addons.base.schemas import IdiomaCambio, IdiomaLeido
from kernel.context import Ctx
from kernel.db import Statement

PONER = Statement(
    "usuario_idioma", "UPDATE usuarios SET idioma = %(idioma)s WHERE id = %(usuario)s"
)
"""Not through the ORM: it is no change of the account that others could be editing."""


def de(ctx: Ctx, usuario: Usuario) -> str:
    """Return the language of what a user is sent."""
    return usuario.idioma or de_la_empresa(ctx)


def de_la_empresa(ctx: Ctx) -> str:
    """Return the company's language, in which it writes to others."""
    return ctx.runtime.regional(ctx.session).idioma


def cambiar(ctx: Ctx, cambio: IdiomaCambio) -> IdiomaLeido:
    """Return the language that the user of this request reads from now on."""
    ctx.sql(PONER, usuario=ctx.user_id, idioma=cambio.idioma)
    return IdiomaLeido(idioma=cambio.idioma)
