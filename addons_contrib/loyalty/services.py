"""Rules of loyalty: winning, redeeming, losing points.

Each movement and the new balance are one statement, so that sales at once cannot lose a point.
"""

from decimal import Decimal

from addons.sales.schemas import DevolucionRegistrada, VentaAnulada, VentaRegistrada
from addons_contrib.loyalty.errors import PuntosInsuficientes
from addons_contrib.loyalty.models import ANULACION, CANJE, DEVOLUCION, Cliente, MovimientoPuntos
from addons_contrib.loyalty.schemas import Canje, Fidelizacion, Saldo
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import NotFound
from kernel.events import Subscriber
from kernel.health import HealthCheck

SUMAR = Statement(
    "loyalty_sumar",
    """
    WITH ganador AS (
      UPDATE clientes c SET puntos = c.puntos + %(puntos)s
        FROM ventas v
       WHERE v.id = %(venta)s AND c.id = v.cliente_id AND c.tipo_doc <> '0'
      RETURNING c.id
    )
    INSERT INTO movimientos_puntos (cliente_id, venta_id, motivo, puntos)
    SELECT id, %(venta)s, 'venta', %(puntos)s FROM ganador
    """,
)
RETIRAR = Statement(
    "loyalty_retirar",
    """
    WITH ganado AS (
      SELECT cliente_id, sum(puntos) AS quedan FROM movimientos_puntos
       WHERE venta_id = %(venta)s GROUP BY cliente_id
    ), perdedor AS (
      SELECT c.id, least(g.quedan, %(puntos)s, c.puntos) AS puntos
        FROM clientes c JOIN ganado g ON g.cliente_id = c.id
         FOR NO KEY UPDATE OF c
    ), cambiado AS (
      UPDATE clientes c SET puntos = c.puntos - p.puntos
        FROM perdedor p WHERE c.id = p.id AND p.puntos > 0
      RETURNING c.id, p.puntos
    )
    INSERT INTO movimientos_puntos (cliente_id, venta_id, motivo, puntos)
    SELECT id, %(venta)s, %(motivo)s, -puntos FROM cambiado
    """,
)
VENCER = Statement(
    "loyalty_vencer",
    """
    WITH quieto AS (
      SELECT c.id, c.puntos FROM clientes c
       WHERE c.puntos > 0 AND NOT EXISTS (
               SELECT FROM movimientos_puntos m
                WHERE m.cliente_id = c.id AND m.created_at >= %(desde)s)
         FOR NO KEY UPDATE OF c
    ), vencido AS (
      UPDATE clientes c SET puntos = 0 FROM quieto q WHERE c.id = q.id
      RETURNING c.id, q.puntos
    )
    INSERT INTO movimientos_puntos (cliente_id, motivo, puntos)
    SELECT id, 'vencimiento', -puntos FROM vencido
    RETURNING puntos
    """,
)
MESES_ATRAS = Statement(
    "loyalty_meses_atras", "SELECT %(ahora)s::timestamptz - make_interval(months => %(meses)s)"
)
DESCUADRADO = Statement(
    "loyalty_descuadrado",
    """
    SELECT c.id, c.puntos, coalesce(sum(m.puntos), 0)
      FROM clientes c LEFT JOIN movimientos_puntos m ON m.cliente_id = c.id
     GROUP BY c.id, c.puntos HAVING c.puntos <> coalesce(sum(m.puntos), 0)
     ORDER BY c.id LIMIT 1
    """,
)
TODOS = 2**31 - 1


def sumar_puntos(ctx: Ctx, venta: VentaRegistrada) -> None:
    """Give the cliente the points of a sale; one without a document collects none."""
    puntos = puntos_de(ctx, venta.total)
    if puntos > 0:
        ctx.sql(SUMAR, venta=venta.venta_id, puntos=puntos)


def quitar_puntos(ctx: Ctx, venta: VentaAnulada) -> None:
    """Take back what an annulled sale gave, as far as it was not spent."""
    ctx.sql(RETIRAR, venta=venta.venta_id, puntos=TODOS, motivo=ANULACION)


def descontar_devolucion(ctx: Ctx, devolucion: DevolucionRegistrada) -> None:
    """Take back the points of what came back, as far as they were not spent."""
    puntos = puntos_de(ctx, devolucion.total)
    if puntos > 0:
        ctx.sql(RETIRAR, venta=devolucion.venta_id, puntos=puntos, motivo=DEVOLUCION)


def puntos_de(ctx: Ctx, total: Decimal) -> int:
    """Return the points that an amount is worth, whole ones only."""
    return int(total // ctx.config(Fidelizacion).importe_por_punto)


def canjear_puntos(ctx: Ctx, cliente_id: int, canje: Canje) -> Saldo:
    """Return what is left after redeeming points.

    Raises:
        NotFound: there is no such cliente.
        PuntosInsuficientes: the cliente has fewer points.
    """
    cliente = ctx.session.get(Cliente, cliente_id, with_for_update={"key_share": True})
    if cliente is None:
        raise NotFound
    if cliente.puntos < canje.puntos:
        raise PuntosInsuficientes(f"El cliente tiene {cliente.puntos} puntos.", field="puntos")
    cliente.puntos -= canje.puntos
    ctx.session.add(MovimientoPuntos(cliente_id=cliente.id, puntos=-canje.puntos, motivo=CANJE))
    ctx.session.flush()
    return Saldo(cliente_id=cliente.id, puntos=cliente.puntos)


def ver_saldo(ctx: Ctx, cliente_id: int) -> Saldo:
    """Return a cliente's points.

    Raises:
        NotFound: there is no such cliente.
    """
    cliente = ctx.session.get(Cliente, cliente_id)
    if cliente is None:
        raise NotFound
    return Saldo(cliente_id=cliente.id, puntos=cliente.puntos)


def vencer_puntos(ctx: Ctx) -> int:
    """Return how many clientes lost their points, for want of a movement in the set months."""
    meses = ctx.config(Fidelizacion).meses_sin_movimiento
    if meses == 0:
        return 0
    ((desde,),) = ctx.sql(MESES_ATRAS, ahora=ctx.now, meses=meses)
    return len(ctx.sql(VENCER, desde=desde))


def revisar_puntos(ctx: Ctx) -> str | None:
    """Return the first cliente whose points are not the sum of the movements, or None."""
    for cliente_id, puntos, suma in ctx.sql(DESCUADRADO):
        return f"clientes({cliente_id}) tiene {puntos} puntos y sus movimientos suman {suma}"
    return None


SUBSCRIBERS = [
    Subscriber("venta_registrada", sumar_puntos),
    Subscriber("venta_anulada", quitar_puntos),
    Subscriber("devolucion_registrada", descontar_devolucion),
]

HEALTH = [
    HealthCheck(
        "puntos",
        revisar_puntos,
        "Ponga en «clientes.puntos» la suma de «movimientos_puntos» de ese cliente.",
    )
]
