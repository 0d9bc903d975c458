"""Tables of toggle: the stamps, and how many a cliente has."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from addons.sales import models as sales
from kernel.model import Id, Model, extend


@extend
class Cliente(sales.Cliente):
    """Stamps of a cliente."""

    sellos: Mapped[int] = mapped_column(server_default="0", default=0)


class Sello(Model):
    """A stamp."""

    __tablename__ = "toggle_sellos"
    __audited__ = False

    id: Mapped[Id]
    cliente_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("clientes.id"), index=True)
    venta_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ventas.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
