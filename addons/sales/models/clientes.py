"""Tables of customers. Source: spec/erp-modules.md, módulo 1."""

from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from addons.sales.models.columnas import to
from kernel.model import Id, Model, MoneyColumn, Timestamps, Versioned

SIN_DOCUMENTO = "0"
"""The ``tipo_doc`` of whoever gives no name."""

PALABRAS = (
    "to_tsvector('simple'::regconfig, translate(lower((numero_doc || ' '::text) || razon_social),"
    " 'áéíóúàèìòùäëïöüâêîôûãõñç-./&,'::text, 'aeiouaeiouaeiouaeiouaonc     '::text))"
)
"""The words of a cliente, without accents: what is typed finds any of them by its beginning."""


class Cliente(Timestamps, Versioned, Model):
    """A customer. ``tipo_doc`` is a code of SUNAT's catalogue 06.

    ``saldo_credito`` is what the customer owes, kept by the services that sell on credit, take
    payments and take goods back; a sale never takes it beyond ``limite_credito``.
    """

    __tablename__ = "clientes"
    __table_args__ = (
        UniqueConstraint("tipo_doc", "numero_doc"),
        CheckConstraint("limite_credito >= 0", name="limite_credito"),
        CheckConstraint("saldo_credito >= 0", name="saldo_credito"),
        CheckConstraint("dias_credito >= 0 AND dias_credito <= 365", name="dias_credito"),
        Index("ix_clientes_palabras", text(PALABRAS), postgresql_using="gin"),
    )

    id: Mapped[Id]
    tipo_doc: Mapped[str]
    numero_doc: Mapped[str]
    razon_social: Mapped[str] = mapped_column(index=True)
    email: Mapped[str] = mapped_column(server_default="", default="")
    telefono: Mapped[str] = mapped_column(server_default="", default="")
    direccion: Mapped[str] = mapped_column(server_default="", default="")
    categoria: Mapped[str] = mapped_column(server_default="", default="")
    limite_credito: Mapped[MoneyColumn] = mapped_column(server_default="0", default=Decimal(0))
    dias_credito: Mapped[int] = mapped_column(server_default="0", default=0)
    saldo_credito: Mapped[MoneyColumn] = mapped_column(server_default="0", default=Decimal(0))
    lista_precio_id: Mapped[int | None] = to("listas_precio")
    tags: Mapped[list[Any]] = mapped_column(server_default="[]", default=list)
    activo: Mapped[bool] = mapped_column(server_default="true", default=True)
