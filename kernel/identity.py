"""Who is calling: users, roles, permissions, sessions, and the one query that identifies.

The kernel owns these tables because it enforces with them; the addon ``base`` offers their REST
endpoints and adds columns. Source: spec/erp-modules.md, módulo 9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import db
from kernel.credentials import Credential
from kernel.model import Id, Model, Timestamps, Versioned
from kernel.sealed import Sealed


class Rol(Model):
    """A named set of permissions."""

    __tablename__ = "roles"

    id: Mapped[Id]
    nombre: Mapped[str] = mapped_column(unique=True)
    descripcion: Mapped[str] = mapped_column(server_default="")
    exige_2fa: Mapped[bool] = mapped_column(server_default="false", default=False)


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
    dos_fa_ultimo_paso: Mapped[int | None] = mapped_column("2fa_ultimo_paso", BigInteger)
    ultimo_acceso: Mapped[datetime | None]

    dos_fa_clave = Sealed("dos_fa_secret")
    """The secret of the second factor, base32; set before it counts (``dos_fa_activo``)."""


class Sesion(Model):
    """A login: the truth about whether its tokens still count, and the family of its refreshes.

    ``token_jti`` names the login in access tokens; for a login held by a cookie it is the SHA-256
    of the cookie's value. Of the refresh tokens only the last one counts.
    """

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
    metodo: Mapped[str] = mapped_column(server_default="clave", default="clave")
    refresh_jti: Mapped[str | None]
    refresh_anterior: Mapped[str | None]
    rotada_at: Mapped[datetime | None]
    reautenticada_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ClaveApi(Timestamps, Model):
    """An API key of a machine: acts as its user, within its own list of permissions."""

    __tablename__ = "claves_api"

    id: Mapped[Id]
    usuario_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("usuarios.id", ondelete="CASCADE"), index=True
    )
    nombre: Mapped[str]
    prefijo: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True, info={"secret": True})
    alcances: Mapped[list[str]] = mapped_column(ARRAY(Text))
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)
    expires_at: Mapped[datetime | None]
    ultimo_uso: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Identity:
    """The user behind a request, as the database knows them now.

    Either ``sesion_id`` or ``clave_id`` says how they came in; ``alcances`` are the only
    permissions that an API key has, None for a login.
    """

    id: int
    email: str
    nombre: str
    rol_id: int
    rol: str
    sesion_id: int | None
    clave_id: int | None = None
    alcances: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the identifying query tells at once: who, whether they may, and a stored answer."""

    identity: Identity
    permitted: bool
    replay: tuple[str, int, bytes] | None
    """(digest of the request, status, body) of an earlier request with this Idempotency-Key."""
    fresh: bool = False
    """Whether they proved it within the last ten minutes; an API key never did."""
    idle: bool = False
    """Whether nothing was heard of the login or key for a while: this use is worth a note."""
    places: Mapping[str, frozenset[int] | None] = field(default_factory=dict)
    """The scopes that were asked along: the places that they are confined to, None for all."""


_PERMITTED = """
           EXISTS (SELECT FROM permisos p WHERE p.rol_id = yo.rol_id AND p.modulo = %(modulo)s
                     AND p.accion = %(accion)s AND p.permitido)
"""
_WHO = "yo.id, yo.email, yo.nombre, yo.rol_id, r.nombre"

_LOGIN = f"""
    SELECT {_WHO}, s.id, {_PERMITTED}, s.reautenticada_at > now() - interval '10 minutes',
           #IDLE# #MORE#
      FROM sesiones s
      JOIN usuarios yo ON yo.id = s.usuario_id AND yo.activo
      JOIN roles r ON r.id = yo.rol_id #REPLAY#
     WHERE s.token_jti = %(value)s AND s.activo AND s.expires_at > now()
"""  # noqa: S608  # our own pieces
_BY_SESSION = _LOGIN.replace("#IDLE#", "false")
_BY_COOKIE = f"""
    {_LOGIN.replace("#IDLE#", "coalesce(s.rotada_at, s.created_at) < now() - interval '5 minutes'")}
       AND coalesce(s.rotada_at, s.created_at) > now() - make_interval(secs => %(idle)s)
"""
_BY_KEY = f"""
    SELECT {_WHO}, c.id, %(permission)s = ANY(c.alcances) AND {_PERMITTED}, false,
           coalesce(c.ultimo_uso < now() - interval '1 minute', true) #MORE#
      FROM claves_api c
      JOIN usuarios yo ON yo.id = c.usuario_id AND yo.activo
      JOIN roles r ON r.id = yo.rol_id #REPLAY#
     WHERE c.digest = %(value)s AND c.activo AND (c.expires_at IS NULL OR c.expires_at > now())
"""  # noqa: S608  # our own pieces
_REPLAY = """
      LEFT JOIN andes_idempotency_keys k ON k.usuario_id = yo.id AND k.key = %(key)s
"""
_STORED = ", k.digest, k.status, k.body"
_KEPT = 2000
"""Callers, by what they ask for, of whom it is kept what the database said last."""


TOUCH = db.Statement(
    "touch_session",
    """
    UPDATE sesiones SET rotada_at = now()
     WHERE id = (SELECT id FROM sesiones WHERE id = %(id)s FOR NO KEY UPDATE SKIP LOCKED)
    """,
)
"""Notes that a login held by a cookie is in use; who comes second in the same moment need not."""

USE_KEY = db.Statement(
    "use_key",
    """
    UPDATE claves_api SET ultimo_uso = now()
     WHERE id = (SELECT id FROM claves_api WHERE id = %(id)s FOR NO KEY UPDATE SKIP LOCKED)
    """,
)
"""Notes that an API key is in use, at most once a minute (``Known.idle``)."""


class Identifier:
    """The one query that identifies, with the scopes that the addons want asked along.

    A row holds who it is, the id of the login or key, whether they may, whether they proved it
    lately, whether they were idle; then the scopes; then what only some statements ask for.
    """

    def __init__(self, scopes: Mapping[str, db.Statement]) -> None:
        self.scopes = tuple(scopes)
        asked = "".join(f", ({one.sql.replace('%(usuario)s', 'yo.id')})" for one in scopes.values())
        self._statements: dict[tuple[str, str], db.Statement] = {}
        for kind, sql in (("token", _BY_SESSION), ("cookie", _BY_COOKIE), ("key", _BY_KEY)):
            more = asked + ", c.alcances" * (kind == "key")
            plain = sql.replace("#MORE#", more).replace("#REPLAY#", "")
            keyed = sql.replace("#MORE#", more + _STORED).replace("#REPLAY#", _REPLAY)
            for how, whole in (("plain", plain), ("keyed", keyed)):
                kept = f"SELECT asked.*, asked::text FROM ({whole}) AS asked"  # noqa: S608  # ours
                for name, text_ in ((how, whole), (f"{how} kept", kept)):
                    self._statements[kind, name] = db.Statement(
                        f"identify_{kind}", text_, reads=True
                    )
        self._last: dict[tuple[Credential, str, str], tuple[str, Known]] = {}

    def identify(
        self,
        session: Session,
        credential: Credential,
        permission: str,
        key: str | None,
        *,
        idle: int,
    ) -> Known | None:
        """Return who holds the credential, or None when it or its user no longer counts.

        ``permission`` is ``modulo.accion``; ``key`` the Idempotency-Key of the request, if any;
        ``idle`` for how many seconds a login by cookie may be left alone.
        """
        given = {**_question(credential, permission, idle), "key": key}
        rows = db.execute(session, self._statements[credential.kind, _how(key)], given)
        return self._known(credential, rows[0]) if rows else None

    def presume(
        self,
        session: Session,
        credential: Credential,
        permission: str,
        key: str | None,
        *,
        idle: int,
    ) -> Known | None:
        """Return who held the credential the last time, and have the session ask who it is now.

        Who was not seen yet is asked for at once. That nothing was answered to the ``key`` yet is
        presumed as well. See ``kernel.presumption``.
        """
        how = _how(key)
        given = {**_question(credential, permission, idle), "key": key}
        last = self._last.get((credential, permission, how))
        if last is not None:
            db.presume(session, self._statements[credential.kind, how], given, last[0])
            return last[1]
        rows = db.execute(session, self._statements[credential.kind, f"{how} kept"], given)
        if not rows:
            return None
        *row, answer = rows[0]
        known = self._known(credential, row)
        if known.replay is None:
            if len(self._last) >= _KEPT:
                self._last.clear()
            self._last[credential, permission, how] = answer, known
        return known

    def forget(self, credential: Credential, permission: str) -> None:
        """Forget who held the credential."""
        for how in ("plain", "keyed"):
            self._last.pop((credential, permission, how), None)

    def _known(self, credential: Credential, row: Sequence[Any]) -> Known:
        after = 9 + len(self.scopes)
        places = {
            name: None if ids is None else frozenset(ids)
            for name, ids in zip(self.scopes, row[9:after], strict=True)
        }
        user_id, email, nombre, rol_id, rol, shown_id = row[:6]
        who = Identity(user_id, email, nombre, rol_id, rol, shown_id)
        if credential.kind == "key":
            alcances = frozenset(row[after])
            who = replace(who, sesion_id=None, clave_id=shown_id, alcances=alcances)
            after += 1
        digest, status, body = row[after:] or (None, 0, b"")
        replay = (digest, status, bytes(body)) if digest is not None else None
        return Known(who, bool(row[6]), replay, row[7], row[8], places)


def _how(key: str | None) -> str:
    return "plain" if key is None else "keyed"


def _question(credential: Credential, permission: str, idle: int) -> dict[str, Any]:
    modulo, _, accion = permission.rpartition(".")
    return {
        "value": credential.value,
        "modulo": modulo,
        "accion": accion,
        "idle": idle,
        "permission": permission,
    }


PERMISSIONS = db.Statement(
    "permissions",
    "SELECT modulo || '.' || accion FROM permisos WHERE rol_id = %(rol)s AND permitido",
    reads=True,
)


def permissions_of(session: Session, user: Identity) -> frozenset[str]:
    """Return every ``modulo.accion`` that the user has now: the role's, within the key's."""
    found = frozenset(row[0] for row in db.execute(session, PERMISSIONS, {"rol": user.rol_id}))
    return found if user.alcances is None else found & user.alcances
