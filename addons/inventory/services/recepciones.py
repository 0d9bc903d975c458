"""Receiving transfers: what is counted, differences, and how they are settled. Source: módulo 2.

Where what arrived differs from what was sent a transfer is ``CON_INCIDENCIA`` until every
difference is settled. The goods move in the transaction that confirms.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy.orm.attributes import flag_modified

from addons.inventory.models import (
    ABIERTA,
    CONFIRMADA,
    CONSUMIDA,
    ENVIADA,
    INCIDENCIA,
    SOLICITADA,
    IncidenciaTransferencia,
    Transferencia,
)
from addons.inventory.schemas import (
    IncidenciaLeida,
    LineaTransferida,
    Recepcion,
    RecepcionAnotada,
    Resolucion,
    ResolucionDeUna,
    Resoluciones,
    TransferenciaLeida,
)
from addons.inventory.services import alcance, libro, reservas, transferencias
from addons.inventory.services.libro import Movimiento
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Conflict, FieldError, NotFound
from kernel.messages import refused

ANOTAR = Statement(
    "transferencia_anotar",
    """
    UPDATE detalle_transferencia d SET cantidad_recibida = u.recibida
      FROM unnest(%(detalles)s::bigint[], %(recibidas)s::numeric[]) AS u(id, recibida)
     WHERE d.id = u.id
    """,
)
RECIBIR = Statement(
    "transferencia_recibir",
    """
    WITH u AS (
      SELECT * FROM unnest(%(detalles)s::bigint[], %(recibidas)s::numeric[]) AS u(id, recibida)
    ), linea AS (
      UPDATE detalle_transferencia d SET cantidad_recibida = u.recibida FROM u WHERE d.id = u.id
      RETURNING d.id, d.transferencia_id, d.producto_id, d.cantidad_enviada, u.recibida
    )
    INSERT INTO incidencias_transferencia (transferencia_id, detalle_id, producto_id,
                                           cantidad_enviada, cantidad_recibida, created_at)
    SELECT transferencia_id, id, producto_id, cantidad_enviada, recibida, %(ahora)s FROM linea
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


def anotar_recepcion(
    ctx: Ctx, transferencia_id: int, anotada: RecepcionAnotada
) -> TransferenciaLeida:
    """Return the transfer with what was counted so far; nothing moves yet.

    Raises:
        NotFound: there is none within reach.
        Forbidden: the destination is out of the user's reach.
        Conflict: it was received or cancelled, or somebody changed it meanwhile.
        ValidationFailed: a line is of another transfer, or stands twice.
    """
    una = transferencias.tomar(ctx, transferencia_id, "anotar", SOLICITADA, ENVIADA)
    alcance.exigir(ctx, una.almacen_destino_id)
    if anotada.version not in (None, una.version):
        raise Conflict(
            "Otra persona anotó en esta transferencia mientras usted contaba.",
            code="version_obsoleta",
            field="version",
        )
    suyas = {linea.id for linea in transferencias.lineas_de(ctx, una)}
    faults, recibidas = [], dict[int, Decimal | None]()
    for index, linea in enumerate(anotada.detalle):
        if linea.id not in suyas or linea.id in recibidas:
            text = "No es una línea de esta transferencia, o ya está arriba."
            faults.append(FieldError(f"detalle.{index}.id", "ajena", text))
        recibidas[linea.id] = linea.cantidad_recibida
    if faults:
        raise refused(faults)
    ctx.sql(ANOTAR, detalles=list(recibidas), recibidas=list(recibidas.values()))
    flag_modified(una, "nota")  # what is noted makes a version
    contado = {str(uno): cuanto for uno, cuanto in recibidas.items()}
    ctx.audit("anotar", "transferencias", una.id, despues=contado, modulo="inventory")
    return transferencias.leida(ctx, una)


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
    una = transferencias.tomar(ctx, transferencia_id, "confirmar", SOLICITADA, ENVIADA)
    alcance.exigir(ctx, una.almacen_destino_id)
    lineas = transferencias.lineas_de(ctx, una)
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
        transferencias.avisar(ctx, una, "incidencia")
    else:
        _cerrar(ctx, una, lineas, {})
    return transferencias.leida(ctx, una)


def _contadas(lineas: Sequence[LineaTransferida], recepcion: Recepcion) -> dict[int, Decimal]:
    enviadas = {linea.id: linea.cantidad_enviada for linea in lineas}
    if not recepcion.detalle:
        anotadas = {
            linea.id: linea.cantidad_recibida
            for linea in lineas
            if linea.cantidad_recibida is not None
        }
        _comprobar_completa(enviadas, anotadas, [])
        return anotadas or enviadas
    recibidas: dict[int, Decimal] = {}
    faults = []
    for index, linea in enumerate(recepcion.detalle):
        field = f"detalle.{index}.detalle_id"
        if linea.detalle_id not in enviadas:
            faults.append(FieldError(field, "ajena", "No es una línea de esta transferencia."))
        elif linea.detalle_id in recibidas:
            faults.append(FieldError(field, "repetida", "Esta línea ya está contada arriba."))
        recibidas[linea.detalle_id] = linea.cantidad_recibida
    _comprobar_completa(enviadas, recibidas, faults)
    return recibidas


def _comprobar_completa(
    enviadas: dict[int, Decimal], recibidas: dict[int, Decimal], faults: list[FieldError]
) -> None:
    """Refuse faults, and lines that nobody counted while others were."""
    faltan = sorted(enviadas.keys() - recibidas.keys()) if recibidas or faults else []
    if faltan:
        text = f"Falta contar: {', '.join(map(str, faltan))} (0 si no llegó)."
        faults.append(FieldError("detalle", "faltan_lineas", text))
    if faults:
        raise refused(faults)


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
    una = transferencias.tomar(ctx, transferencia_id, "resolver", INCIDENCIA)
    alcance.exigir(ctx, una.almacen_origen_id)
    if any(uno.resolucion == "perdida" for uno in pedido.resoluciones):
        ctx.require("stock.ajustar")
    abiertas = {
        uno.id: uno for uno in transferencias.incidencias_de(ctx, una) if uno.estado == ABIERTA
    }
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
    incidencias = transferencias.incidencias_de(ctx, una)
    if all(uno.estado != ABIERTA for uno in incidencias):
        _cerrar(
            ctx,
            una,
            transferencias.lineas_de(ctx, una),
            {uno.detalle_id: uno for uno in incidencias},
        )
    return transferencias.leida(ctx, una)


def resolver_incidencia(
    ctx: Ctx, incidencia_id: int, pedido: ResolucionDeUna
) -> TransferenciaLeida:
    """Return the transfer of a difference after this one was settled.

    Raises:
        NotFound: there is none within reach.
        DomainError: as ``resolver_incidencias``.
    """
    incidencia = ctx.session.get(IncidenciaTransferencia, incidencia_id)
    if incidencia is None:
        raise NotFound
    una = Resolucion(
        incidencia_id=incidencia_id, resolucion=pedido.resolucion, motivo=pedido.motivo
    )
    return resolver_incidencias(ctx, incidencia.transferencia_id, Resoluciones(resoluciones=[una]))


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
    rows = ctx.sql(reservas.DEL_DOCUMENTO, referencia=transferencias.referencia_de(una))
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
        "referencia": transferencias.referencia_de(una),
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
