"""Tables of cash drawers. Source: spec/erp-modules.md, módulo 1."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index, Numeric, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from addons.sales.models.columnas import to
from kernel.model import Id, Model, MoneyColumn, Timestamps

ABIERTA = "abierta"
CERRADA = "cerrada"

INGRESO, EGRESO, ABONO = "ingreso", "egreso", "abono"


class MetodoPago(Model):
    """A way to pay that the company accepts; at ``es_credito`` the cliente pays later."""

    __tablename__ = "metodos_pago"
    __table_args__ = (CheckConstraint("NOT (es_efectivo AND es_credito)", name="una_clase"),)

    id: Mapped[Id]
    codigo: Mapped[str] = mapped_column(unique=True)
    nombre: Mapped[str]
    es_efectivo: Mapped[bool] = mapped_column(server_default="false", default=False)
    es_credito: Mapped[bool] = mapped_column(server_default="false", default=False)
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)


class Caja(Timestamps, Model):
    """A cash drawer from its opening to its closing; a user has one open in a sucursal at most.

    ``numero_z`` numbers the closings of a sucursal without gaps; ``reporte_z`` is what the closing
    found, never changed.
    """

    __tablename__ = "cajas"
    __table_args__ = (
        Index(
            "uq_cajas_abierta",
            "usuario_id",
            "sucursal_id",
            unique=True,
            postgresql_where=text("estado='abierta'"),
        ),
        Index("uq_cajas_numero_z", "sucursal_id", "numero_z", unique=True),
        CheckConstraint("estado IN ('abierta', 'cerrada')", name="estado"),
    )

    id: Mapped[Id]
    sucursal_id: Mapped[int] = to("sucursales")
    usuario_id: Mapped[int] = to("usuarios")
    estado: Mapped[str] = mapped_column(server_default=ABIERTA, default=ABIERTA)
    monto_apertura: Mapped[MoneyColumn]
    monto_esperado: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    monto_cierre: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    fecha_apertura: Mapped[datetime]
    fecha_cierre: Mapped[datetime | None]
    numero_z: Mapped[int | None]
    reporte_z: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class MovimientoCaja(Model):
    """Money into or out of a caja that is no sale. Never changed; ``monto`` is above zero.

    ``ingreso`` and ``egreso`` say why by ``motivo``; ``abono`` is a cliente paying what is owed.
    """

    __tablename__ = "movimientos_caja"
    __table_args__ = (
        CheckConstraint("monto > 0", name="monto"),
        CheckConstraint("tipo IN ('ingreso', 'egreso', 'abono')", name="tipo"),
        CheckConstraint("(tipo = 'abono') = (cliente_id IS NOT NULL)", name="cliente"),
        Index("ix_movimientos_caja_caja_id", "caja_id", "id"),
        Index("ix_movimientos_caja_cliente_id", "cliente_id", "id"),
    )

    id: Mapped[Id]
    caja_id: Mapped[int] = to("cajas")
    sucursal_id: Mapped[int] = to("sucursales")
    usuario_id: Mapped[int] = to("usuarios")
    tipo: Mapped[str]
    metodo: Mapped[str]
    monto: Mapped[MoneyColumn]
    motivo: Mapped[str] = mapped_column(server_default="", default="")
    referencia: Mapped[str] = mapped_column(server_default="", default="")
    cliente_id: Mapped[int | None] = to("clientes")
    fecha: Mapped[datetime]


class Arqueo(Model):
    """A count of a caja's cash: expected, counted. Never changed.

    ``detalle`` is how many there were of each note and coin, where somebody said.
    """

    __tablename__ = "arqueos"
    __table_args__ = (
        CheckConstraint("tipo IN ('parcial', 'cierre')", name="tipo"),
        Index("ix_arqueos_caja_id", "caja_id", "id"),
    )

    id: Mapped[Id]
    caja_id: Mapped[int] = to("cajas")
    sucursal_id: Mapped[int] = to("sucursales")
    usuario_id: Mapped[int] = to("usuarios")
    tipo: Mapped[str]
    monto_esperado: Mapped[MoneyColumn]
    monto_contado: Mapped[MoneyColumn]
    detalle: Mapped[list[Any]] = mapped_column(server_default="[]", default=list)
    observacion: Mapped[str] = mapped_column(server_default="", default="")
    fecha: Mapped[datetime]
