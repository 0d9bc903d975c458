"""What a company issues with: series, certificates, and how it signs in at SUNAT."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from addons.sunat.models.columnas import to
from kernel.model import Id, Model, Timestamps
from kernel.sealed import Sealed


class SerieComprobante(Timestamps, Model):
    """A series that numbers comprobantes of a type from ``inicio`` on, of a sucursal or of all."""

    __tablename__ = "series_comprobantes"
    __table_args__ = (UniqueConstraint("tipo", "serie"),)

    id: Mapped[Id]
    tipo: Mapped[str]
    serie: Mapped[str]
    sucursal_id: Mapped[int | None] = to("sucursales")
    inicio: Mapped[int] = mapped_column(BigInteger, server_default="1", default=1)
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)


class Certificado(Timestamps, Model):
    """A PFX of the company, sealed with its password; the newest active one signs."""

    __tablename__ = "certificados"

    id: Mapped[Id]
    titular: Mapped[str]
    serial: Mapped[str]
    desde: Mapped[datetime]
    hasta: Mapped[datetime]
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)
    pfx_sellado: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    clave_sellada: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)

    pfx = Sealed("pfx_sellado")
    clave = Sealed("clave_sellada")


class CredencialSunat(Timestamps, Model):
    """How the company signs in at SUNAT (Clave SOL, secondary user), or at its OSE; one row."""

    __tablename__ = "credenciales_sunat"
    __table_args__ = (CheckConstraint("id = 1", name="singleton"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    usuario: Mapped[str]
    clave_sellada: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    url_envio: Mapped[str] = mapped_column(server_default="", default="")
    url_consulta: Mapped[str] = mapped_column(server_default="", default="")
    client_id: Mapped[str] = mapped_column(server_default="", default="")
    secreto_sellado: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)

    clave = Sealed("clave_sellada")
    secreto = Sealed("secreto_sellado")
