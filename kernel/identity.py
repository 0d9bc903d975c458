"""Who is calling: users, roles, permissions, sessions, and the one query that identifies.

The kernel owns these tables because it enforces with them; the addon ``base`` offers their REST
endpoints and adds columns. Source: spec/erp-modules.md, módulo 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import db
from kernel.model import Id, Model, Timestamps, Versioned


class Rol(Model):
    """A named set of permissions."""

    __tablename__ = "roles"

    id: Mapped[Id]
    nombre: Mapped[str] = mapped_column(unique=True)
    descripcion: Mapped[str] = mapped_column(server_default="")


class Permiso(Model):
    """Whether a role may do one action of one module; absent means no."""

    __tablename__ = "permisos"
    __table_args__ = (UniqueConstraint("rol_id", "modulo", "accion"),)

    id: Mapped[Id]
    rol_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("roles.id", ondelete="CASCADE"))
    modulo: Mapped[str]
    accion: Mapped[str]
    permitido: Mapped[bool] = mapped_column(server_default="true", default=True)


class Usuario(Timestamps, Versioned, Model):
    """A person (or machine) who signs in."""

    __tablename__ = "usuarios"
    __table_args__ = (Index("uq_usuarios_email", text("lower(email)"), unique=True),)

    id: Mapped[Id]
    nombre: Mapped[str]
    email: Mapped[str]
    password_hash: Mapped[str]
    rol_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("roles.id"))
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)
    dos_fa_activo: Mapped[bool] = mapped_column("2fa_activo", server_default="false", default=False)
    dos_fa_secret: Mapped[bytes | None] = mapped_column("2fa_secret", LargeBinary)
    ultimo_acceso: Mapped[datetime | None]


class Sesion(Model):
    """A login: the truth about whether a token still counts."""

    __tablename__ = "sesiones"
    __audited__ = False

    id: Mapped[Id]
    usuario_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("usuarios.id", ondelete="CASCADE"), index=True
    )
    token_jti: Mapped[str] = mapped_column(unique=True)
    ip: Mapped[str | None]
    user_agent: Mapped[str | None]
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Identity:
    """The user behind a request, as the database knows them now."""

    id: int
    email: str
    nombre: str
    rol_id: int
    rol: str
    sesion_id: int


@dataclass(frozen=True, slots=True)
class Known:
    """What the identifying query tells at once: who, whether they may, and a stored answer."""

    identity: Identity
    permitted: bool
    replay: tuple[str, int, bytes] | None
    """(digest of the request, status, body) of an earlier request with this Idempotency-Key."""


IDENTIFY = db.Statement(
    "identify",
    """
    SELECT u.id, u.email, u.nombre, u.rol_id, r.nombre, s.id,
           EXISTS (SELECT FROM permisos p WHERE p.rol_id = u.rol_id AND p.modulo = %(modulo)s
                     AND p.accion = %(accion)s AND p.permitido),
           k.digest, k.status, k.body
      FROM sesiones s
      JOIN usuarios u ON u.id = s.usuario_id AND u.activo
      JOIN roles r ON r.id = u.rol_id
      LEFT JOIN andes_idempotency_keys k ON k.usuario_id = u.id AND k.key = %(key)s
     WHERE s.token_jti = %(jti)s AND s.activo AND s.expires_at > now()
    """,
)


def identify(session: Session, jti: str, permission: str, key: str | None) -> Known | None:
    """Return who holds the token, or None when its session or user no longer counts.

    ``permission`` is ``modulo.accion``; ``key`` the Idempotency-Key of the request, if any.
    """
    modulo, _, accion = permission.rpartition(".")
    facts = {"jti": jti, "modulo": modulo, "accion": accion, "key": key}
    [rows] = db.execute_all(session, [(IDENTIFY, facts)])  # with BEGIN in one round trip
    if not rows:
        return None
    row = rows[0]
    replay = (row[7], row[8], bytes(row[9])) if row[7] is not None else None
    return Known(Identity(*row[:6]), bool(row[6]), replay)


PERMISSIONS = db.Statement(
    "permissions",
    "SELECT modulo || '.' || accion FROM permisos WHERE rol_id = %(rol)s AND permitido",
)


def permissions_of(session: Session, rol_id: int) -> frozenset[str]:
    """Return every ``modulo.accion`` that the role has now."""
    return frozenset(row[0] for row in db.execute(session, PERMISSIONS, {"rol": rol_id}))
