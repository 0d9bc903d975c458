"""Tables of base: ``configuracion``, ``sucursales``; a user's sucursal. Source: módulo 9."""

from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from kernel import identity
from kernel.model import Id, Model, Timestamps, Versioned, extend


class Sucursal(Timestamps, Versioned, Model):
    """A branch of the company."""

    __tablename__ = "sucursales"

    id: Mapped[Id]
    codigo: Mapped[str] = mapped_column(unique=True)
    nombre: Mapped[str]
    direccion: Mapped[str] = mapped_column(server_default="", default="")
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
    """A user's home sucursal; without one, all of them."""

    sucursal_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("sucursales.id"))


TABLES: list[type[Model]] = [Sucursal, Configuracion]
