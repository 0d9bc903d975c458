"""Transfers between almacenes, until they are received. Source: módulo 2, "Transferencias".

``SOLICITADA`` → ``ENVIADA`` → ``CONFIRMADA``; the destination may confirm without a dispatch having
been noted (``recepciones``). Until then the goods are the origin's, and kept for the transfer.
"""

from collections.abc import Iterator
from decimal import Decimal

from addons.inventory.models import CANCELADA, ENVIADA, LIBERADA, SOLICITADA, Transferencia
from addons.inventory.schemas import (
    IncidenciaLeida,
    LineaEnviada,
    LineaTransferida,
    TransferenciaEnviada,
    TransferenciaLeida,
    TransferenciaNueva,
)
from addons.inventory.services import alcance, libro, reservas
from addons.inventory.services.libro import Libro, Movimiento
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Conflict, NotFound, Unprocessable

DETALLAR = Statement(
    "transferencia_detallar",
    """
    INSERT INTO detalle_transferencia (transferencia_id, producto_id, lote_id, cantidad_enviada)
    SELECT %(transferencia)s, u.* FROM unnest(%(productos)s::bigint[], %(lotes)s::bigint[],
                                              %(cantidades)s::numeric[]) AS u
    """,
)
DETALLE = Statement(
    "transferencia_detalle",
    """
    SELECT d.id, d.producto_id, d.lote_id, l.numero_lote, l.numero_serie, d.cantidad_enviada,
           d.cantidad_recibida
      FROM detalle_transferencia d LEFT JOIN lotes_series l ON l.id = d.lote_id
     WHERE d.transferencia_id = %(id)s ORDER BY d.id
    """,
)
EXTREMOS = Statement(
    "transferencia_extremos",
    """
    SELECT o.nombre, o.sucursal_id, d.nombre, d.sucursal_id
      FROM transferencias t
      JOIN almacenes o ON o.id = t.almacen_origen_id
      JOIN almacenes d ON d.id = t.almacen_destino_id
     WHERE t.id = %(id)s
    """,
)
INCIDENCIAS = Statement(
    "transferencia_incidencias",
    """
    SELECT id, detalle_id, cantidad_enviada, cantidad_recibida, estado, resolucion, motivo,
           usuario_id, created_at, resuelta_at
      FROM incidencias_transferencia WHERE transferencia_id = %(id)s ORDER BY id
    """,
)


def crear_transferencia(ctx: Ctx, nueva: TransferenciaNueva) -> TransferenciaLeida:
    """Return the transfer; its goods are kept for it in the origin.

    Raises:
        ValidationFailed: an almacén, a producto or a lot doesn't exist; every such field is named.
        Unprocessable: both almacenes are the same.
        Forbidden: the origin is out of the user's reach.
        StockInsuficiente: the origin has less than asked for.
    """
    abierto = libro.abrir(ctx, [linea.producto_id for linea in nueva.detalle])
    _comprobar(ctx, abierto, nueva)
    partes = reservas.apartar(abierto, list(_pedidos(nueva)))
    una = Transferencia(
        almacen_origen_id=nueva.almacen_origen_id,
        almacen_destino_id=nueva.almacen_destino_id,
        usuario_origen_id=ctx.user_id,
        nota=nueva.nota,
        fecha_solicitud=ctx.now,
    )
    ctx.session.add(una)
    ctx.session.flush()
    ctx.sql(
        DETALLAR,
        transferencia=una.id,
        productos=[pedido.producto_id for pedido, _, _ in partes],
        lotes=[lote_id for _, lote_id, _ in partes],
        cantidades=[cantidad for _, _, cantidad in partes],
    )
    reservas.prometer(
        ctx,
        [
            reservas.Promesa(
                pedido.producto_id,
                una.almacen_origen_id,
                cantidad,
                referencia=referencia_de(una),
                lote_id=lote_id,
            )
            for pedido, lote_id, cantidad in partes
        ],
    )
    avisar(ctx, una, "solicitada")
    return leida(ctx, una)


def _comprobar(ctx: Ctx, abierto: Libro, nueva: TransferenciaNueva) -> None:
    if nueva.almacen_origen_id == nueva.almacen_destino_id:
        text = "El origen y el destino son el mismo almacén."
        raise Unprocessable(text, field="almacen_destino_id")
    faltas = [
        falta
        for index, linea in enumerate(nueva.detalle)
        for falta in abierto.faltas_de(linea.producto_id, f"detalle.{index}.producto_id")
    ]
    alcance.existen(ctx, {"almacen_destino_id": nueva.almacen_destino_id}, faltas)
    alcance.comprobar(ctx, {"almacen_origen_id": nueva.almacen_origen_id})


def _pedidos(nueva: TransferenciaNueva) -> Iterator[Movimiento]:
    for index, linea in enumerate(nueva.detalle):
        yield Movimiento(
            libro.TRANSFERENCIA,
            linea.producto_id,
            linea.cantidad_enviada,
            origen_id=nueva.almacen_origen_id,
            numero_lote=linea.numero_lote,
            numero_serie=linea.numero_serie,
            campo=f"detalle.{index}.cantidad_enviada",
        )


def enviar_transferencia(ctx: Ctx, transferencia_id: int) -> TransferenciaLeida:
    """Return the transfer after its goods left the origin.

    Raises:
        NotFound: there is none within reach.
        Forbidden: the origin is out of the user's reach.
        Conflict: it was sent, confirmed or cancelled already.
    """
    una = tomar(ctx, transferencia_id, "enviar", SOLICITADA)
    alcance.exigir(ctx, una.almacen_origen_id)
    una.estado, una.fecha_envio = ENVIADA, ctx.now
    avisar(ctx, una, "enviada")
    _publicar(ctx, una)
    return leida(ctx, una)


def _publicar(ctx: Ctx, una: Transferencia) -> None:
    """Tell other addons that goods are on their way; of a product in several lots the sum."""
    cantidades: dict[int, Decimal] = {}
    for linea in lineas_de(ctx, una):
        cantidades[linea.producto_id] = (
            cantidades.get(linea.producto_id, Decimal(0)) + linea.cantidad_enviada
        )
    ((origen, de_sucursal, destino, a_sucursal),) = ctx.sql(EXTREMOS, id=una.id)
    lineas = tuple(LineaEnviada(*linea) for linea in cantidades.items())
    ctx.publish(TransferenciaEnviada(una.id, origen, de_sucursal, destino, a_sucursal, lineas))


def cancelar_transferencia(ctx: Ctx, transferencia_id: int) -> TransferenciaLeida:
    """Return the transfer after it was called off; its goods are free again.

    Raises:
        NotFound: there is none within reach.
        Forbidden: the origin is out of the user's reach.
        Conflict: the goods left already, or it ended.
    """
    una = tomar(ctx, transferencia_id, "cancelar", SOLICITADA)
    alcance.exigir(ctx, una.almacen_origen_id)
    reservas.cerrar_documento(ctx, referencia_de(una), LIBERADA)
    una.estado = CANCELADA
    return leida(ctx, una)


def ver_transferencia(ctx: Ctx, transferencia_id: int) -> TransferenciaLeida:
    """Return a transfer with its lines and differences.

    Raises:
        NotFound: there is none within reach.
    """
    una = ctx.session.get(Transferencia, transferencia_id)
    if una is None:
        raise NotFound
    return leida(ctx, una)


def tomar(ctx: Ctx, transferencia_id: int, act: str, *estados: str) -> Transferencia:
    """Return a transfer in one of these states, kept from others.

    Raises:
        NotFound: there is none within reach.
        Conflict: it is in another state.
    """
    una = ctx.session.get(Transferencia, transferencia_id, with_for_update=True)
    if una is None:
        raise NotFound
    if una.estado not in estados:
        raise Conflict(
            f"La transferencia está en estado {una.estado}: no se puede {act}.",
            code="estado_no_permite",
        )
    return una


def referencia_de(una: Transferencia) -> str:
    """Return how movements and reservations refer to a transfer."""
    return f"transferencia:{una.id}"


def avisar(ctx: Ctx, una: Transferencia, suceso: str) -> None:
    """Leave a job that tells the other end."""
    ctx.enqueue("inventory.avisar_transferencia", transferencia_id=una.id, suceso=suceso)


def lineas_de(ctx: Ctx, una: Transferencia) -> list[LineaTransferida]:
    """Return the lines of a transfer."""
    names = list(LineaTransferida.model_fields)
    rows = ctx.sql(DETALLE, id=una.id)
    return [LineaTransferida(**dict(zip(names, row, strict=True))) for row in rows]


def incidencias_de(ctx: Ctx, una: Transferencia) -> list[IncidenciaLeida]:
    """Return the differences of a transfer."""
    names = list(IncidenciaLeida.model_fields)
    rows = ctx.sql(INCIDENCIAS, id=una.id)
    return [IncidenciaLeida(**dict(zip(names, row, strict=True))) for row in rows]


def leida(ctx: Ctx, una: Transferencia) -> TransferenciaLeida:
    """Return a transfer as its answer."""
    ctx.session.flush()
    names = [name for name in TransferenciaLeida.model_fields if hasattr(una, name)]
    return TransferenciaLeida(
        **{name: getattr(una, name) for name in names},
        detalle=lineas_de(ctx, una),
        incidencias=incidencias_de(ctx, una),
    )
