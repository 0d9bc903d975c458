"""What customers owe: sales on credit within the limit, payments. Source: módulo 1.

``clientes.saldo_credito`` changes by conditional statements only, so that sales at the same time
never pass the limit together.
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from addons.sales.errors import CreditoInsuficiente
from addons.sales.models import SIN_DOCUMENTO
from addons.sales.schemas import CreditoLeido, VentaPorCobrar
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import NotFound

CARGAR = Statement(
    "credito_cargar",
    """
    UPDATE clientes SET saldo_credito = saldo_credito + %(monto)s
     WHERE id = %(cliente)s AND tipo_doc <> %(anonimo)s
       AND saldo_credito + %(monto)s <= limite_credito
    RETURNING dias_credito
    """,
)
VER = Statement(
    "credito_ver",
    """
    SELECT tipo_doc, limite_credito, saldo_credito, dias_credito
      FROM clientes WHERE id = %(cliente)s
    """,
    reads=True,
)
BAJAR = Statement(
    "credito_bajar",
    """
    WITH antes AS (SELECT id, saldo_credito FROM clientes WHERE id = %(cliente)s FOR NO KEY UPDATE)
    UPDATE clientes c SET saldo_credito = c.saldo_credito - least(antes.saldo_credito, %(monto)s)
      FROM antes WHERE c.id = antes.id
    RETURNING antes.saldo_credito - c.saldo_credito, c.saldo_credito
    """,
)
POR_COBRAR = Statement(
    "credito_ventas",
    """
    SELECT id, serie, numero, fecha, fecha_vencimiento, total, monto_credito
      FROM ventas
     WHERE cliente_id = %(cliente)s AND monto_credito > 0 AND estado = 'registrada'
       AND (%(sucursales)s::bigint[] IS NULL OR sucursal_id = ANY(%(sucursales)s))
     ORDER BY id DESC LIMIT 50
    """,
    reads=True,
)


def cargar(ctx: Ctx, cliente_id: int, monto: Decimal) -> int:
    """Return after how many days a cliente pays, the monto being added to what is owed.

    Raises:
        CreditoInsuficiente: the limit would be passed, or nobody knows who the cliente is.
    """
    rows = ctx.sql(CARGAR, cliente=cliente_id, monto=monto, anonimo=SIN_DOCUMENTO)
    if not rows:
        raise _sin_credito(ctx, cliente_id, monto)
    return int(rows[0][0])


def _sin_credito(ctx: Ctx, cliente_id: int, monto: Decimal) -> CreditoInsuficiente:
    tipo_doc, limite, saldo, _ = ctx.sql(VER, cliente=cliente_id)[0]
    if tipo_doc == SIN_DOCUMENTO:
        message = "Se vende al crédito solo a un cliente con documento."
    else:
        message = (
            f"El cliente puede deber {limite} y ya debe {saldo}: quedan {max(limite - saldo, 0)},"
            f" y esta venta lleva {monto} al crédito."
        )
    return CreditoInsuficiente(message, field="formas_pago")


def bajar(ctx: Ctx, cliente_id: int, monto: Decimal) -> tuple[Decimal, Decimal]:
    """Return what was taken off what a cliente owes, at most the monto, and what is still owed."""
    if not monto:
        return monto, monto
    bajado, saldo = ctx.sql(BAJAR, cliente=cliente_id, monto=monto)[0]
    return bajado, saldo


def vence(ctx: Ctx, pedido: date | None, dias: int) -> date:
    """Return the day on which a credit given now is due."""
    return pedido or hoy(ctx) + timedelta(days=dias)


def hoy(ctx: Ctx) -> date:
    """Return today in the company's time zone."""
    return ctx.now.astimezone(ctx.time_zone).date()


def inicio_del_dia(ctx: Ctx, dia: date) -> datetime:
    """Return the first instant of a day of the company."""
    return datetime.combine(dia, time(), ctx.time_zone)


def ver_credito(ctx: Ctx, cliente_id: int) -> CreditoLeido:
    """Return what a cliente owes and may owe, and the latest sales on credit.

    Raises:
        NotFound: there is no such cliente.
    """
    rows = ctx.sql(VER, cliente=cliente_id)
    if not rows:
        raise NotFound
    _, limite, saldo, dias = rows[0]
    permitidas = ctx.scope("sucursales")
    sucursales = None if permitidas is None else list(permitidas)
    ventas = ctx.sql(POR_COBRAR, cliente=cliente_id, sucursales=sucursales)
    return CreditoLeido(
        cliente_id=cliente_id,
        limite_credito=limite,
        saldo_credito=saldo,
        disponible=max(limite - saldo, Decimal("0.00")),
        dias_credito=dias,
        ventas=[_por_cobrar(ctx, row) for row in ventas],
    )


def _por_cobrar(ctx: Ctx, row: tuple[Any, ...]) -> VentaPorCobrar:
    venta_id, serie, numero, fecha, vencimiento, total, monto = row
    return VentaPorCobrar(
        venta_id=venta_id,
        serie=serie,
        numero=numero,
        fecha=fecha.astimezone(ctx.time_zone).date(),
        fecha_vencimiento=vencimiento,
        total=total,
        monto_credito=monto,
        vencida=vencimiento is not None and vencimiento < hoy(ctx),
    )
