"""Accounts: making a user from the command line, before anybody can sign in."""

from __future__ import annotations

from sqlalchemy import select

from kernel import passwords
from kernel.context import Ctx
from kernel.errors import ValidationFailed
from kernel.identity import Rol, Usuario


def create(ctx: Ctx, nombre: str, email: str, password: str, rol: str) -> int:
    """Return the id of a new user.

    Raises:
        ValidationFailed: there is no such role, or the password is too weak.
    """
    passwords.check_policy(password, personal=(nombre, email))
    found = ctx.session.scalars(select(Rol).where(Rol.nombre == rol)).one_or_none()
    if found is None:
        known = ", ".join(sorted(ctx.session.scalars(select(Rol.nombre))))
        raise ValidationFailed(f"No existe el rol «{rol}»; hay: {known}.", field="rol")
    cost = ctx.runtime.settings.password_cost
    user = Usuario(
        nombre=nombre,
        email=email.lower(),
        rol_id=found.id,
        password_hash=passwords.hash_password(password, cost=cost),
    )
    ctx.session.add(user)
    ctx.session.flush()
    return user.id
