"""Callers of every kind for tests of access: each role, API keys, somebody deactivated, nobody."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from kernel import credentials
from kernel.context import Ctx
from kernel.identity import ClaveApi, Rol, Sesion, Usuario
from kernel.runtime import Runtime

LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls, as the test knows them.

    ``permissions`` are what their role or key should let them do, None where nobody is known.
    """

    name: str
    permissions: frozenset[str] | None = None
    usuario_id: int | None = None
    clave: str | None = None

    @property
    def is_key(self) -> bool:
        """Whether an API key calls."""
        return self.clave is not None


def add_user(ctx: Ctx, name: str, rol: str, *, activo: bool = True) -> int:
    """Return a new user of a role, who is confined to nothing."""
    rol_id = ctx.session.scalars(select(Rol.id).where(Rol.nombre == rol)).one()
    user = Usuario(
        nombre=name, email=f"{name}@matriz.pe", rol_id=rol_id, password_hash="-", activo=activo
    )
    ctx.session.add(user)
    ctx.session.flush()
    return user.id


def add_key(ctx: Ctx, usuario_id: int, alcances: list[str]) -> str:
    """Return a new API key of a user."""
    clave = credentials.new_key()
    ctx.session.add(
        ClaveApi(
            usuario_id=usuario_id,
            nombre="matriz",
            prefijo=credentials.recognisable(clave),
            digest=credentials.digest(clave),
            alcances=alcances,
            expires_at=ctx.now + LIFE,
        )
    )
    ctx.session.flush()
    return clave


def sign_in(runtime: Runtime, callers: list[Caller]) -> dict[str, Mapping[str, str]]:
    """Return the headers of each caller, by name; logins are new sessions, opened a moment ago."""
    jtis = {one.name: secrets.token_urlsafe(24) for one in callers if one.usuario_id is not None}

    def open_sessions(ctx: Ctx) -> None:
        ctx.session.add_all(
            Sesion(
                usuario_id=one.usuario_id,
                token_jti=jtis[one.name],
                refresh_jti=secrets.token_urlsafe(24),
                expires_at=ctx.now + LIFE,
            )
            for one in callers
            if one.usuario_id is not None
        )

    runtime.transact(open_sessions)
    return {one.name: _headers(runtime, one, jtis.get(one.name, "")) for one in callers}


def _headers(runtime: Runtime, caller: Caller, jti: str) -> Mapping[str, str]:
    if caller.clave is not None:
        return {"Authorization": f"Bearer {caller.clave}"}
    if caller.usuario_id is None:
        return {}
    token = runtime.signer.issue("access", caller.usuario_id, jti, int(LIFE.total_seconds()))
    return {"Authorization": f"Bearer {token}"}
