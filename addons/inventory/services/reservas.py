"""Reservations: goods that stay in stock for what they are promised to. Source: módulo 2."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from addons.inventory.models import ACTIVA, LIBERADA, VENCIDA
from addons.inventory.schemas import DE_DOCUMENTOS, ReservaLeida, ReservaNueva
from addons.inventory.services import alcance, libro
from addons.inventory.services.libro import Libro, Movimiento
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Conflict, FieldError, NotFound, Unprocessable
from kernel.messages import refused

PROMETER = Statement(
    "reservas_prometer",
    """
    WITH r AS (
      SELECT * FROM unnest(%(productos)s::bigint[], %(almacenes)s::bigint[], %(lotes)s::bigint[],
                           %(cantidades)s::numeric[], %(motivos)s::text[], %(referencias)s::text[],
                           %(vencen)s::timestamptz[])
             AS r(producto_id, almacen_id, lote_id, cantidad, motivo, referencia, vence)
    ), stock AS (
      UPDATE productos_almacen pa SET stock_reservado = pa.stock_reservado + s.cantidad
        FROM (SELECT almacen_id, producto_id, sum(cantidad) AS cantidad FROM r GROUP BY 1, 2) s
       WHERE pa.almacen_id = s.almacen_id AND pa.producto_id = s.producto_id
    ), lotes AS (
      UPDATE lotes_series l SET cantidad_reservada = l.cantidad_reservada + s.cantidad
        FROM (SELECT lote_id, sum(cantidad) AS cantidad FROM r GROUP BY 1) s WHERE l.id = s.lote_id
    )
    INSERT INTO reservas_stock (producto_id, almacen_id, lote_id, cantidad, motivo, referencia_doc,
                                vence, usuario_id, created_at)
    SELECT producto_id, almacen_id, lote_id, cantidad, motivo, referencia, vence, %(usuario)s,
           %(ahora)s
      FROM r
    RETURNING id
    """,
)
CERRAR = Statement(
    "reservas_cerrar",
    """
    WITH r AS (
      UPDATE reservas_stock SET estado = %(estado)s, cerrada_at = %(ahora)s
       WHERE id = ANY(%(ids)s::bigint[]) AND estado = 'ACTIVA'
      RETURNING id, almacen_id, producto_id, lote_id, cantidad
    ), stock AS (
      UPDATE productos_almacen pa SET stock_reservado = pa.stock_reservado - s.cantidad
        FROM (SELECT almacen_id, producto_id, sum(cantidad) AS cantidad FROM r GROUP BY 1, 2) s
       WHERE pa.almacen_id = s.almacen_id AND pa.producto_id = s.producto_id
    ), lotes AS (
      UPDATE lotes_series l SET cantidad_reservada = l.cantidad_reservada - s.cantidad
        FROM (SELECT lote_id, sum(cantidad) AS cantidad FROM r GROUP BY 1) s WHERE l.id = s.lote_id
    )
    SELECT almacen_id, producto_id, lote_id, cantidad FROM r
    """,
)
DEL_DOCUMENTO = Statement(
    "reservas_del_documento",
    """
    SELECT id, producto_id FROM reservas_stock
     WHERE referencia_doc = %(referencia)s AND estado = 'ACTIVA'
    """,
)
VENCIDAS = Statement(
    "reservas_vencidas",
    """
    SELECT id, producto_id FROM reservas_stock
     WHERE estado = 'ACTIVA' AND vence <= %(ahora)s ORDER BY vence LIMIT 500
    """,
)
LEER = Statement(
    "reservas_leer",
    """
    SELECT id, producto_id, almacen_id, lote_id, cantidad, estado, motivo, referencia_doc,
           usuario_id, vence, created_at, cerrada_at
      FROM reservas_stock WHERE id = %(id)s
    """,
)


@dataclass(frozen=True, slots=True)
class Promesa:
    """Goods to keep: whoever asks holds the producto's row and knows that they are there."""

    producto_id: int
    almacen_id: int
    cantidad: Decimal
    referencia: str = ""
    motivo: str = ""
    lote_id: int | None = None
    vence: datetime | None = None


def prometer(ctx: Ctx, promesas: Sequence[Promesa]) -> list[int]:
    """Return the ids of the reservations that were written."""
    if not promesas:
        return []
    rows = ctx.sql(
        PROMETER,
        productos=[una.producto_id for una in promesas],
        almacenes=[una.almacen_id for una in promesas],
        lotes=[una.lote_id for una in promesas],
        cantidades=[una.cantidad for una in promesas],
        motivos=[una.motivo for una in promesas],
        referencias=[una.referencia for una in promesas],
        vencen=[una.vence for una in promesas],
        usuario=ctx.user_id,
        ahora=ctx.now,
    )
    return sorted(row[0] for row in rows)


def cerrar(abierto: Libro, ids: Sequence[int], estado: str) -> int:
    """Return how many reservations were closed; their productos are open in the ledger."""
    rows = abierto.ctx.sql(CERRAR, ids=list(ids), estado=estado, ahora=abierto.ctx.now)
    for almacen_id, producto_id, _, cantidad in rows:
        abierto.saldo(almacen_id, producto_id).reservado -= cantidad
    return len(rows)


def cerrar_documento(ctx: Ctx, referencia: str, estado: str) -> None:
    """Close all that is kept for a document."""
    rows = ctx.sql(DEL_DOCUMENTO, referencia=referencia)
    if rows:
        cerrar(libro.abrir(ctx, [row[1] for row in rows]), [row[0] for row in rows], estado)


def reservar(ctx: Ctx, nueva: ReservaNueva) -> ReservaLeida:
    """Return the reservation of goods that are in stock.

    Raises:
        ValidationFailed: the almacén, the producto or the lot doesn't exist.
        Forbidden: the almacén is out of the user's reach.
        StockInsuficiente: there is less than asked for that is not promised already.
        Unprocessable: it would have ended already.
    """
    abierto = libro.abrir(ctx, [nueva.producto_id])
    alcance.comprobar(ctx, {"almacen_id": nueva.almacen_id}, abierto.faltas_de(nueva.producto_id))
    if nueva.vence is not None and nueva.vence <= ctx.now:
        raise Unprocessable("La reserva vencería en el pasado.", field="vence")
    pedida = Movimiento(
        libro.SALIDA,
        nueva.producto_id,
        nueva.cantidad,
        origen_id=nueva.almacen_id,
        numero_lote=nueva.numero_lote,
        numero_serie=nueva.numero_serie,
    )
    partes = apartar(abierto, [pedida])
    ids = prometer(
        ctx,
        [
            Promesa(
                nueva.producto_id,
                nueva.almacen_id,
                cantidad,
                nueva.referencia_doc,
                nueva.motivo,
                lote_id,
                nueva.vence,
            )
            for _, lote_id, cantidad in partes
        ],
    )
    ctx.audit("reservar", "reservas_stock", ids[0], despues=nueva.model_dump(), modulo="inventory")
    return leer(ctx, ids[0])


def apartar(
    abierto: Libro, pedidos: Sequence[Movimiento]
) -> list[tuple[Movimiento, int | None, Decimal]]:
    """Return (asked, lot, quantity) of goods that are there to be promised.

    Raises:
        ValidationFailed, StockInsuficiente: as for a movement that takes them.
    """
    return [(fila.movimiento, fila.lote_id, fila.cantidad) for fila in abierto.ensayar(pedidos)]


def liberar(ctx: Ctx, reserva_id: int) -> ReservaLeida:
    """Return the reservation after its goods were let go.

    Raises:
        NotFound: there is none, or its almacén is out of reach.
        Conflict: it is not active any more, or belongs to a document that closes it.
    """
    antes = leer(ctx, reserva_id)
    if antes.referencia_doc.startswith(DE_DOCUMENTOS):
        raise Conflict("La cierra su documento; anúlelo o termínelo.", code="reserva_de_documento")
    abierto = libro.abrir(ctx, [antes.producto_id])
    if not cerrar(abierto, [reserva_id], LIBERADA):
        raise Conflict("La reserva ya no está activa.", code="reserva_cerrada")
    ctx.audit("liberar", "reservas_stock", reserva_id, modulo="inventory")
    return leer(ctx, reserva_id)


def tomar(
    abierto: Libro, reserva_id: int, salida: tuple[int, int, Decimal], estado: str
) -> ReservaLeida:
    """Return the reservation that an exit (almacén, producto, quantity) uses up.

    Raises:
        ValidationFailed: it is of other goods, or not active.
    """
    rows = abierto.ctx.sql(LEER, id=reserva_id)
    leida = _leida(rows[0]) if rows else None
    if leida is None or (leida.almacen_id, leida.producto_id) != salida[:2]:
        raise refused([FieldError("reserva_id", "ajena", "No es una reserva de esta mercadería.")])
    if leida.estado != ACTIVA or leida.referencia_doc.startswith(DE_DOCUMENTOS):
        raise refused([FieldError("reserva_id", "cerrada", "La reserva no está activa.")])
    if leida.cantidad != salida[2]:
        text = f"La reserva es de {leida.cantidad.normalize():f}."
        raise refused([FieldError("cantidad", "otra", text)])
    cerrar(abierto, [reserva_id], estado)
    return leida


def leer(ctx: Ctx, reserva_id: int) -> ReservaLeida:
    """Return a reservation.

    Raises:
        NotFound: there is none, or its almacén is out of reach.
    """
    rows = ctx.sql(LEER, id=reserva_id)
    leida = _leida(rows[0]) if rows else None
    permitidos = ctx.scope("almacenes")
    if leida is None or (permitidos is not None and leida.almacen_id not in permitidos):
        raise NotFound
    return leida


def _leida(row: Sequence[object]) -> ReservaLeida:
    return ReservaLeida.model_validate(dict(zip(ReservaLeida.model_fields, row, strict=True)))


def vencer(ctx: Ctx) -> None:
    """Let go of what was kept until now."""
    rows = ctx.sql(VENCIDAS, ahora=ctx.now)
    if rows:
        cerrar(libro.abrir(ctx, [row[1] for row in rows]), [row[0] for row in rows], VENCIDA)
