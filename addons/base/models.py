"""Tables of base: the company, its sucursales, and what signing in needs. Source: módulo 9."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel import identity
from kernel.model import Id, Model, Timestamps, Versioned, extend


class Sucursal(Timestamps, Versioned, Model):
    """A branch of the company; ``latitud`` and ``longitud`` are degrees (WGS 84)."""

    __tablename__ = "sucursales"
    __table_args__ = (
        CheckConstraint("latitud BETWEEN -90 AND 90", name="latitud"),
        CheckConstraint("longitud BETWEEN -180 AND 180", name="longitud"),
        CheckConstraint("(latitud IS NULL) = (longitud IS NULL)", name="lugar"),
    )

    id: Mapped[Id]
    codigo: Mapped[str] = mapped_column(unique=True)
    nombre: Mapped[str]
    direccion: Mapped[str] = mapped_column(server_default="", default="")
    latitud: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    longitud: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)


class Configuracion(Timestamps, Versioned, Model):
    """The company, a single row."""

    __tablename__ = "configuracion"
    __table_args__ = (
        CheckConstraint("id = 1", name="singleton"),
        CheckConstraint("tasa_igv >= 0 AND tasa_igv < 1", name="tasa_igv"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    ruc: Mapped[str]
    razon_social: Mapped[str]
    nombre_comercial: Mapped[str] = mapped_column(server_default="", default="")
    direccion: Mapped[str] = mapped_column(server_default="", default="")
    ubigeo: Mapped[str] = mapped_column(server_default="", default="")
    precios_incluyen_igv: Mapped[bool] = mapped_column(server_default="true", default=True)
    tasa_igv: Mapped[Decimal] = mapped_column(Numeric(5, 4), server_default="0.18")


@extend
class Usuario(identity.Usuario):
    """A user's home sucursal, without one all of them; and the language that they read."""

    sucursal_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("sucursales.id"))
    idioma: Mapped[str | None]


class UsuarioSucursal(Model):
    """One more sucursal of a user who is confined to some."""

    __tablename__ = "usuario_sucursales"
    __table_args__ = (UniqueConstraint("usuario_id", "sucursal_id"),)

    id: Mapped[Id]
    usuario_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("usuarios.id", ondelete="CASCADE")
    )
    sucursal_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sucursales.id"))


class CodigoRecuperacion(Model):
    """A code that replaces the second factor once; only its digest is kept."""

    __tablename__ = "codigos_recuperacion"
    __audited__ = False

    id: Mapped[Id]
    usuario_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("usuarios.id", ondelete="CASCADE"), index=True
    )
    codigo_hash: Mapped[str]
    usado_at: Mapped[datetime | None]


class IngresoPendiente(Model):
    """A login whose password was right and whose second factor is awaited."""

    __tablename__ = "ingresos_pendientes"
    __audited__ = False

    id: Mapped[Id]
    usuario_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("usuarios.id", ondelete="CASCADE"), index=True
    )
    jti: Mapped[str] = mapped_column(unique=True)
    metodo: Mapped[str] = mapped_column(server_default="clave", default="clave")
    intentos: Mapped[int] = mapped_column(server_default="0", default=0)
    ip: Mapped[str | None]
    user_agent: Mapped[str | None]
    expires_at: Mapped[datetime]


class Enlace(Model):
    """A link that works once: the first administrator, an invitation, a forgotten password."""

    __tablename__ = "enlaces"
    __audited__ = False
    __table_args__ = (
        CheckConstraint("uso IN ('primer_admin', 'invitacion', 'clave')", name="uso"),
    )

    id: Mapped[Id]
    uso: Mapped[str]
    usuario_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("usuarios.id", ondelete="CASCADE"), index=True
    )
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    usado_at: Mapped[datetime | None]


class IdentidadExterna(Model):
    """A user as another provider knows them, by its unchanging ``sub``."""

    __tablename__ = "identidades_externas"
    __table_args__ = (UniqueConstraint("proveedor", "sub"),)

    id: Mapped[Id]
    usuario_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("usuarios.id", ondelete="CASCADE"), index=True
    )
    proveedor: Mapped[str]
    sub: Mapped[str]
    email: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ultimo_uso: Mapped[datetime | None]


class IngresoSso(Model):
    """A browser that was sent to a provider and has not come back yet."""

    __tablename__ = "ingresos_sso"
    __audited__ = False

    id: Mapped[Id]
    estado_hash: Mapped[str] = mapped_column(unique=True)
    navegador_hash: Mapped[str]
    nonce: Mapped[str]
    verificador: Mapped[str]
    destino: Mapped[str] = mapped_column(server_default="/", default="/")
    usuario_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("usuarios.id", ondelete="CASCADE")
    )
    expires_at: Mapped[datetime]


class Notificacion(Model):
    """Something that a user should know; ``clave`` keeps the same news from being told twice.

    ``titulo`` and ``texto`` are Spanish; ``mensaje`` holds their words apart from the values.
    """

    __tablename__ = "notificaciones"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("usuario_id", "clave"),
        Index(
            "ix_notificaciones_pendientes",
            "usuario_id",
            postgresql_where=text("leida_at IS NULL"),
        ),
        Index("ix_notificaciones_created_at", "created_at"),
    )

    id: Mapped[Id]
    usuario_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("usuarios.id", ondelete="CASCADE")
    )
    tipo: Mapped[str]
    titulo: Mapped[str]
    texto: Mapped[str] = mapped_column(server_default="", default="")
    enlace: Mapped[str] = mapped_column(server_default="", default="")
    mensaje: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    clave: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    leida_at: Mapped[datetime | None]


TABLES: list[type[Model]] = [
    Sucursal,
    Configuracion,
    UsuarioSucursal,
    CodigoRecuperacion,
    IngresoPendiente,
    Enlace,
    IdentidadExterna,
    IngresoSso,
    Notificacion,
]
