"""The first administrator. Source: OWASP ASVS 5.0, 6.3.2; web-facing setups that stayed open.

No account exists before: whoever runs the server is shown a link that works once, for a day, while
there is no user. With the first user this door is closed for good.
"""

from datetime import timedelta

from sqlalchemy import select

from addons.base import schemas
from addons.base.errors import YaHayUsuarios
from addons.base.models import Usuario
from addons.base.services import contrasenas, enlaces
from kernel.context import Ctx
from kernel.db import Statement
from kernel.identity import Rol
from kernel.rbac import ADMIN

VIDA = timedelta(hours=24)

HAY = Statement("hay_usuarios", "SELECT EXISTS (SELECT FROM usuarios)")
UNO_A_UNO = Statement("primer_admin_uno_a_uno", "LOCK TABLE usuarios IN SHARE ROW EXCLUSIVE MODE")


def nuevo_enlace(ctx: Ctx) -> str:
    """Return the address where the first administrator is made; earlier ones count no longer.

    Raises:
        YaHayUsuarios: the door is closed.
    """
    _comprobar_puerta(ctx)
    return enlaces.hacer(ctx, "primer_admin", VIDA).direccion


def bienvenida(ctx: Ctx) -> str:
    """Return the sentence for whoever starts a server without users; see ``nuevo_enlace``."""
    hours = int(VIDA.total_seconds() // 3600)
    return f"No users yet. First administrator, once, within {hours} h: {nuevo_enlace(ctx)}"


def crear_primer_admin(ctx: Ctx, nuevo: schemas.PrimerAdminNuevo) -> Usuario:
    """Return the first user, an ADMIN; of several requests at once, one makes it.

    Raises:
        YaHayUsuarios: the door is closed.
        EnlaceInvalido: the link is not ours, was used or is over a day old.
        ValidationFailed: the password is too weak; the link stays good.
    """
    _comprobar_puerta(ctx)  # without a lock: on a company at work this is the end
    ctx.sql(UNO_A_UNO)
    _comprobar_puerta(ctx)
    enlaces.tomar(ctx, "primer_admin", nuevo.token)
    email = nuevo.email.lower()
    usuario = Usuario(
        nombre=nuevo.nombre,
        email=email,
        rol_id=ctx.session.scalars(select(Rol.id).where(Rol.nombre == ADMIN)).one(),
        password_hash=contrasenas.cifrar_clave(ctx, nuevo.password, [nuevo.nombre, email]),
    )
    ctx.session.add(usuario)
    ctx.session.flush()
    return usuario


def _comprobar_puerta(ctx: Ctx) -> None:
    if ctx.sql(HAY)[0][0]:
        raise YaHayUsuarios("Ya hay usuarios: un administrador puede crear los demás.")
