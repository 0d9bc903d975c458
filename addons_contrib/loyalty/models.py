"""Tables of loyalty: the points of a cliente, and their movements."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from addons.sales import models as sales
from kernel.model import Id, Model, extend

VENTA = "venta"
CANJE = "canje"
ANULACION = "anulacion"
DEVOLUCION = "devolucion"
VENCIMIENTO = "vencimiento"
MOTIVOS = (VENTA, CANJE, ANULACION, DEVOLUCION, VENCIMIENTO)


@extend
class Cliente(sales.Cliente):
    """A cliente's points; always the sum of the movements."""

    puntos: Mapped[int] = mapped_column(server_default="0", default=0)


class MovimientoPuntos(Model):
    """Points won (positive) or spent, taken back, expired (negative). Never changed."""

    __tablename__ = "movimientos_puntos"
    __audited__ = False  # it is a journal itself
    __table_args__ = (
        CheckConstraint("puntos <> 0", name="puntos"),
        CheckConstraint(f"motivo IN {MOTIVOS}", name="motivo"),
        Index("ix_movimientos_puntos_cliente_id", "cliente_id", "created_at"),
        Index("ix_movimientos_puntos_venta_id", "venta_id"),
    )

    id: Mapped[Id]
    cliente_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("clientes.id"))
    venta_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ventas.id"))
    motivo: Mapped[str]
    puntos: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


TABLES: list[type[Model]] = [MovimientoPuntos]
