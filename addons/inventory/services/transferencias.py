"""Transfers between almacenes. Source: módulo 2, "Transferencias".

``SOLICITADA`` → ``ENVIADA`` → ``CONFIRMADA``; the destination may confirm without a dispatch having
been noted. Where what arrived differs from what was sent it is ``CON_INCIDENCIA`` until every
difference is settled. Until then the goods are the origin's, and kept for the transfer; they move
in the transaction that confirms.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from addons.inventory.models import (
    ABIERTA,
    CANCELADA,
    CONFIRMADA,
    CONSUMIDA,
    ENVIADA,
    INCIDENCIA,
    LIBERADA,
    SOLICITADA,
    Transferencia,
)
from addons.inventory.schemas import (
    IncidenciaLeida,
    LineaTransferida,
    Recepcion,
    Resolucion,
    Resoluciones,
    TransferenciaLeida,
    TransferenciaNueva,
)
from addons.inventory.services import alcance, libro, reservas
from addons.inventory.services.libro import Libro, Movimiento
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Conflict, FieldError, NotFound, Unprocessable
from kernel.messages import refused

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
INCIDENCIAS = Statement(
    "transferencia_incidencias",
    """
    SELECT id, detalle_id, cantidad_enviada, cantidad_recibida, estado, resolucion, motivo,
           usuario_id, created_at, resuelta_at
      FROM incidencias_transferencia WHERE transferencia_id = %(id)s ORDER BY id
    """,
)
RECIBIR = Statement(
    "transferencia_recibir",
    """
    WITH u AS (
      SELECT * FROM unnest(%(detalles)s::bigint[], %(recibidas)s::numeric[]) AS u(id, recibida)
    ), linea AS (
      UPDATE detalle_transferencia d SET cantidad_recibida = u.recibida FROM u WHERE d.id = u.id
      RETURNING d.id, d.transferencia_id, d.cantidad_enviada, u.recibida
    )
    INSERT INTO incidencias_transferencia (transferencia_id, detalle_id, cantidad_enviada,
                                           cantidad_recibida, created_at)
    SELECT transferencia_id, id, cantidad_enviada, recibida, %(ahora)s FROM linea
     WHERE cantidad_enviada <> recibida ORDER BY id
    RETURNING id
    """,
)
RESOLVER = Statement(
    "transferencia_resolver",
    """
    UPDATE incidencias_transferencia i
       SET estado = 'RESUELTA', resolucion = u.resolucion, motivo = u.motivo,
           usuario_id = %(usuario)s, resuelta_at = %(ahora)s
      FROM unnest(%(ids)s::bigint[], %(resoluciones)s::text[], %(motivos)s::text[])
           AS u(id, resolucion, motivo)
     WHERE i.id = u.id
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
                referencia=_referencia(una),
                lote_id=lote_id,
            )
            for pedido, lote_id, cantidad in partes
        ],
    )
    _avisar(ctx, una, "solicitada")
    return _leida(ctx, una)


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
    una = _tomar(ctx, transferencia_id, "enviar", SOLICITADA)
    alcance.exigir(ctx, una.almacen_origen_id)
    una.estado, una.fecha_envio = ENVIADA, ctx.now
    _avisar(ctx, una, "enviada")
    return _leida(ctx, una)


def cancelar_transferencia(ctx: Ctx, transferencia_id: int) -> TransferenciaLeida:
    """Return the transfer after it was called off; its goods are free again.

    Raises:
        NotFound: there is none within reach.
        Forbidden: the origin is out of the user's reach.
        Conflict: the goods left already, or it ended.
    """
    una = _tomar(ctx, transferencia_id, "cancelar", SOLICITADA)
    alcance.exigir(ctx, una.almacen_origen_id)
    reservas.cerrar_documento(ctx, _referencia(una), LIBERADA)
    una.estado = CANCELADA
    return _leida(ctx, una)


def confirmar_transferencia(
    ctx: Ctx, transferencia_id: int, recepcion: Recepcion
) -> TransferenciaLeida:
    """Return the transfer after the destination counted: confirmed, or open with differences.

    Raises:
        NotFound: there is none within reach.
        Forbidden: the destination is out of the user's reach.
        Conflict: it was confirmed or cancelled already, or waits for differences to be settled.
        ValidationFailed: a line is missing, twice, or of another transfer.
    """
    una = _tomar(ctx, transferencia_id, "confirmar", SOLICITADA, ENVIADA)
    alcance.exigir(ctx, una.almacen_destino_id)
    lineas = _lineas(ctx, una)
    recibidas = _contadas(lineas, recepcion)
    una.usuario_destino_id = ctx.user_id
    incidencias = ctx.sql(
        RECIBIR, detalles=list(recibidas), recibidas=list(recibidas.values()), ahora=ctx.now
    )
    if incidencias:
        una.estado = INCIDENCIA
        ctx.audit(
            "incidencia",
            "transferencias",
            una.id,
            modulo="inventory",
            despues={"incidencias": [row[0] for row in incidencias]},
        )
        _avisar(ctx, una, "incidencia")
    else:
        _cerrar(ctx, una, lineas, {})
    return _leida(ctx, una)


def _contadas(lineas: Sequence[LineaTransferida], recepcion: Recepcion) -> dict[int, Decimal]:
    enviadas = {linea.id: linea.cantidad_enviada for linea in lineas}
    if not recepcion.detalle:
        return enviadas
    recibidas: dict[int, Decimal] = {}
    faults = []
    for index, linea in enumerate(recepcion.detalle):
        field = f"detalle.{index}.detalle_id"
        if linea.detalle_id not in enviadas:
            faults.append(FieldError(field, "ajena", "No es una línea de esta transferencia."))
        elif linea.detalle_id in recibidas:
            faults.append(FieldError(field, "repetida", "Esta línea ya está contada arriba."))
        recibidas[linea.detalle_id] = linea.cantidad_recibida
    faltan = sorted(enviadas.keys() - recibidas.keys())
    if faltan:
        text = f"Falta contar: {', '.join(map(str, faltan))} (0 si no llegó)."
        faults.append(FieldError("detalle", "faltan_lineas", text))
    if faults:
        raise refused(faults)
    return recibidas


def resolver_incidencias(
    ctx: Ctx, transferencia_id: int, pedido: Resoluciones
) -> TransferenciaLeida:
    """Return the transfer after differences were settled; with the last one it is confirmed.

    The origin answers for the goods until then, so it takes who reaches the origin; to write
    something off, who may adjust stock.

    Raises:
        NotFound: there is none within reach.
        Forbidden: the origin is out of reach, or the user may not write goods off.
        Conflict: it does not wait for differences to be settled.
        ValidationFailed: a difference is unknown or settled, or more came than could get lost.
    """
    una = _tomar(ctx, transferencia_id, "resolver", INCIDENCIA)
    alcance.exigir(ctx, una.almacen_origen_id)
    if any(uno.resolucion == "perdida" for uno in pedido.resoluciones):
        ctx.require("stock.ajustar")
    abiertas = {uno.id: uno for uno in _incidencias(ctx, una) if uno.estado == ABIERTA}
    _comprobar_resoluciones(pedido.resoluciones, abiertas)
    ctx.sql(
        RESOLVER,
        ids=[uno.incidencia_id for uno in pedido.resoluciones],
        resoluciones=[uno.resolucion for uno in pedido.resoluciones],
        motivos=[uno.motivo for uno in pedido.resoluciones],
        usuario=ctx.user_id,
        ahora=ctx.now,
    )
    ctx.audit("resolver", "transferencias", una.id, despues=pedido.model_dump(), modulo="inventory")
    incidencias = _incidencias(ctx, una)
    if all(uno.estado != ABIERTA for uno in incidencias):
        _cerrar(ctx, una, _lineas(ctx, una), {uno.detalle_id: uno for uno in incidencias})
    return _leida(ctx, una)


def _comprobar_resoluciones(
    pedidas: Sequence[Resolucion], abiertas: dict[int, IncidenciaLeida]
) -> None:
    faults = []
    vistas: set[int] = set()
    for index, una in enumerate(pedidas):
        incidencia = abiertas.get(una.incidencia_id)
        if incidencia is None or una.incidencia_id in vistas:
            text = "No es una incidencia abierta de esta transferencia."
            faults.append(FieldError(f"resoluciones.{index}.incidencia_id", "ajena", text))
        elif (
            una.resolucion == "perdida"
            and incidencia.cantidad_recibida > incidencia.cantidad_enviada
        ):
            text = "Llegó más de lo enviado: nada se perdió."
            faults.append(FieldError(f"resoluciones.{index}.resolucion", "sobra", text))
        vistas.add(una.incidencia_id)
    if faults:
        raise refused(faults)


def _cerrar(
    ctx: Ctx,
    una: Transferencia,
    lineas: Sequence[LineaTransferida],
    incidencias: dict[int, IncidenciaLeida],
) -> None:
    """Move the goods and end the transfer."""
    abierto = libro.abrir(ctx, [linea.producto_id for linea in lineas])
    rows = ctx.sql(reservas.DEL_DOCUMENTO, referencia=_referencia(una))
    reservas.cerrar(abierto, [row[0] for row in rows], CONSUMIDA)
    movimientos = [
        uno
        for index, linea in enumerate(lineas)
        for uno in _movimientos(una, index, linea, incidencias.get(linea.id))
    ]
    if movimientos:
        abierto.mover(movimientos)
    una.estado, una.fecha_confirmacion = CONFIRMADA, ctx.now


def _movimientos(
    una: Transferencia, index: int, linea: LineaTransferida, incidencia: IncidenciaLeida | None
) -> Iterator[Movimiento]:
    llega, perdida = linea.cantidad_enviada, Decimal(0)
    if incidencia is not None and incidencia.resolucion != "enviada":
        llega = incidencia.cantidad_recibida
        if incidencia.resolucion == "perdida":
            perdida = linea.cantidad_enviada - llega
    hechos: dict[str, Any] = {
        "origen_id": una.almacen_origen_id,
        "referencia": _referencia(una),
        "lote_id": linea.lote_id,
        "campo": f"detalle.{index}.cantidad_recibida",
    }
    if llega > 0:
        yield Movimiento(
            libro.TRANSFERENCIA,
            linea.producto_id,
            llega,
            destino_id=una.almacen_destino_id,
            motivo=una.nota,
            **hechos,
        )
    if perdida > 0 and incidencia is not None:
        motivo = f"Perdido en la transferencia {una.id}: {incidencia.motivo}"[:250]
        yield Movimiento(libro.AJUSTE, linea.producto_id, perdida, motivo=motivo, **hechos)


def ver_transferencia(ctx: Ctx, transferencia_id: int) -> TransferenciaLeida:
    """Return a transfer with its lines and differences.

    Raises:
        NotFound: there is none within reach.
    """
    una = ctx.session.get(Transferencia, transferencia_id)
    if una is None:
        raise NotFound
    return _leida(ctx, una)


def _tomar(ctx: Ctx, transferencia_id: int, act: str, *estados: str) -> Transferencia:
    una = ctx.session.get(Transferencia, transferencia_id, with_for_update=True)
    if una is None:
        raise NotFound
    if una.estado not in estados:
        raise Conflict(
            f"La transferencia está en estado {una.estado}: no se puede {act}.",
            code="estado_no_permite",
        )
    return una


def _referencia(una: Transferencia) -> str:
    return f"transferencia:{una.id}"


def _avisar(ctx: Ctx, una: Transferencia, suceso: str) -> None:
    ctx.enqueue("inventory.avisar_transferencia", transferencia_id=una.id, suceso=suceso)


def _lineas(ctx: Ctx, una: Transferencia) -> list[LineaTransferida]:
    names = list(LineaTransferida.model_fields)
    rows = ctx.sql(DETALLE, id=una.id)
    return [LineaTransferida(**dict(zip(names, row, strict=True))) for row in rows]


def _incidencias(ctx: Ctx, una: Transferencia) -> list[IncidenciaLeida]:
    names = list(IncidenciaLeida.model_fields)
    rows = ctx.sql(INCIDENCIAS, id=una.id)
    return [IncidenciaLeida(**dict(zip(names, row, strict=True))) for row in rows]


def _leida(ctx: Ctx, una: Transferencia) -> TransferenciaLeida:
    ctx.session.flush()
    names = [name for name in TransferenciaLeida.model_fields if hasattr(una, name)]
    return TransferenciaLeida(
        **{name: getattr(una, name) for name in names},
        detalle=_lineas(ctx, una),
        incidencias=_incidencias(ctx, una),
    )
