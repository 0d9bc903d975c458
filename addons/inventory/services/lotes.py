"""Lots and series: how a product is traced, what is blocked, where a lot came from and went.

Source: módulo 2.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any

from addons.inventory.models import AGOTADO, BLOQUEADO, DISPONIBLE, LOTE, NINGUNA, LoteSerie
from addons.inventory.schemas import (
    Bloqueo,
    Existencia,
    LoteEstado,
    LotesVendibles,
    LotesVendiblesQuery,
    LoteTrazado,
    LoteVendible,
    Paso,
    Traza,
    TrazabilidadCambio,
    TrazabilidadLeida,
)
from addons.inventory.services import libro
from addons.inventory.services.libro import Libro, Movimiento, Saldo
from addons.inventory.services.ventas import ALMACEN
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Conflict, Forbidden, NotFound

MAX_PASOS = 5000
"""Movements of a lot that one answer holds; the rest is in the list of movements."""
MAX_LOTES = 500
"""Lots of a number that one answer holds, the latest first; the rest is in the list of lots."""

CON_NUMERO = Statement(
    "lotes_con_numero",
    """
    SELECT l.id, l.producto_id, p.sku, p.nombre, l.numero_lote, l.numero_serie,
           l.fecha_vencimiento, l.almacen_id, a.nombre, l.cantidad_actual, l.estado
      FROM lotes_series l
      JOIN productos p ON p.id = l.producto_id
      JOIN almacenes a ON a.id = l.almacen_id
     WHERE (l.numero_lote = %(numero)s OR l.numero_serie = %(numero)s)
       AND (%(producto)s::bigint IS NULL OR l.producto_id = %(producto)s)
       AND (%(almacenes)s::bigint[] IS NULL OR l.almacen_id = ANY(%(almacenes)s)
            OR EXISTS (SELECT FROM movimientos_stock m WHERE m.lote_id = l.id
                          AND (m.almacen_origen_id = ANY(%(almacenes)s)
                               OR m.almacen_destino_id = ANY(%(almacenes)s))))
     ORDER BY l.id DESC LIMIT %(limite)s
    """,
    reads=True,
)
PASOS = Statement(
    "lotes_pasos",
    """
    SELECT m.lote_id, m.id, m.tipo_movimiento, m.cantidad, m.almacen_origen_id,
           m.almacen_destino_id, m.motivo, m.referencia_doc, m.usuario_id, m.created_at,
           v.id, CASE WHEN %(clientes)s THEN c.id END,
           CASE WHEN %(clientes)s THEN c.razon_social END
      FROM movimientos_stock m
      LEFT JOIN ventas v ON v.id = CASE
           WHEN m.tipo_movimiento IN ('VENTA', 'ANULACION', 'DEVOLUCION')
           THEN split_part(m.referencia_doc, ':', 2)::bigint END
      LEFT JOIN clientes c ON c.id = v.cliente_id
     WHERE m.lote_id = ANY(%(lotes)s::bigint[])
       AND (%(almacenes)s::bigint[] IS NULL OR m.almacen_origen_id = ANY(%(almacenes)s)
            OR m.almacen_destino_id = ANY(%(almacenes)s))
     ORDER BY m.id LIMIT %(limite)s
    """,
    reads=True,
)
VENDIBLES = Statement(
    "lotes_vendibles",
    f"""
    WITH almacen AS ({ALMACEN})
    SELECT l.id, l.producto_id, coalesce(nullif(l.numero_serie, ''), l.numero_lote),
           l.fecha_vencimiento, l.cantidad_actual - l.cantidad_reservada
      FROM almacen
      JOIN lotes_series l ON l.almacen_id = almacen.id
      JOIN productos pr ON pr.id = l.producto_id
     WHERE pr.activo AND pr.trazabilidad <> 'ninguna' AND l.estado <> 'BLOQUEADO'
       AND l.cantidad_actual > 0 AND l.cantidad_actual > l.cantidad_reservada
       AND (l.fecha_vencimiento IS NULL OR l.fecha_vencimiento >= %(hoy)s)
       AND (%(numero)s::text IS NULL OR %(numero)s IN (l.numero_serie, l.numero_lote))
       AND l.id > %(despues)s
     ORDER BY l.id LIMIT %(limite)s
    """,  # noqa: S608  # composed of our own constants
    reads=True,
)
"""Lots of the almacén that serves a sucursal's sales, which a sale may name today."""
TRAZAR = Statement(
    "producto_trazar", "UPDATE productos SET trazabilidad = %(modo)s WHERE id = %(producto)s"
)
MODO = Statement(
    "producto_trazabilidad", "SELECT trazabilidad FROM productos WHERE id = %(producto)s", True
)


def trazar(ctx: Ctx, numero: str, producto_id: int | None = None) -> Traza:
    """Return where every lot or series of a number is, came from and went; of a product only.

    Raises:
        NotFound: no lot or series within the user's reach has it.
    """
    permitidos = ctx.scope("almacenes")
    rows = ctx.sql(
        CON_NUMERO,
        numero=numero,
        producto=producto_id,
        almacenes=None if permitidos is None else sorted(permitidos),
        limite=MAX_LOTES,
    )
    rows.sort(key=itemgetter(1, 4, 5, 7))
    grupos: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        grupos[row[1], row[4], row[5]].append(row)
    pasos = _pasos(ctx, [row[0] for row in rows], permitidos)
    lotes = [_trazado(grupo, pasos, permitidos) for grupo in grupos.values()]
    vistos = [uno for uno in lotes if uno.existencias or uno.hacia_atras or uno.hacia_adelante]
    if not vistos:
        raise NotFound
    return Traza(lote=numero, lotes=vistos)


def trazar_lote(ctx: Ctx, lote_id: int) -> Traza:
    """Return the trace of a lot by its id, whatever signs its number has.

    Raises:
        NotFound: there is none within the user's reach.
    """
    lote = ctx.session.get(LoteSerie, lote_id)
    if lote is None:
        raise NotFound
    numero = lote.numero_serie or lote.numero_lote
    return trazar(ctx, numero, lote.producto_id)


def _pasos(
    ctx: Ctx, lotes: Sequence[int], permitidos: frozenset[int] | None
) -> dict[int, list[Paso]]:
    rows = ctx.sql(
        PASOS,
        lotes=list(lotes),
        almacenes=None if permitidos is None else sorted(permitidos),
        clientes=ctx.can("clientes.ver"),
        limite=MAX_PASOS,
    )
    found: dict[int, list[Paso]] = defaultdict(list)
    for lote_id, *row in rows:
        found[lote_id].append(Paso(**dict(zip(Paso.model_fields, row, strict=True))))
    return found


def _trazado(
    grupo: Sequence[tuple[Any, ...]],
    pasos: dict[int, list[Paso]],
    permitidos: frozenset[int] | None,
) -> LoteTrazado:
    _, producto_id, sku, nombre, numero_lote, numero_serie, vence, *_ = grupo[0]
    suyos = sorted((p for row in grupo for p in pasos.get(row[0], ())), key=lambda paso: paso.id)
    return LoteTrazado(
        producto_id=producto_id,
        sku=sku,
        producto=nombre,
        numero_lote=numero_lote,
        numero_serie=numero_serie,
        fecha_vencimiento=vence,
        existencias=[
            Existencia(
                lote_id=row[0],
                almacen_id=row[7],
                almacen=row[8],
                cantidad_actual=row[9],
                estado=row[10],
            )
            for row in grupo
            if permitidos is None or row[7] in permitidos
        ],
        hacia_atras=[paso for paso in suyos if paso.almacen_destino_id is not None],
        hacia_adelante=[paso for paso in suyos if paso.almacen_origen_id is not None],
    )


# At the till -------------------------------------------------------------------------------------


def listar_vendibles(ctx: Ctx, query: LotesVendiblesQuery) -> LotesVendibles:
    """Return what a sucursal can sell of each lot, in the order of their ids.

    Raises:
        Forbidden: the user does not sell there.
    """
    permitidas = ctx.scope("sucursales")
    if permitidas is not None and query.sucursal_id not in permitidas:
        raise Forbidden("Su usuario no vende en esta sucursal.", field="sucursal_id")
    rows = ctx.sql(
        VENDIBLES,
        sucursal=query.sucursal_id,
        hoy=ctx.now.astimezone(ctx.time_zone).date(),
        numero=query.numero,
        despues=query.next or 0,
        limite=query.limit + 1,
    )
    names = tuple(LoteVendible.model_fields)
    items = [LoteVendible(**dict(zip(names, row, strict=True))) for row in rows[: query.limit]]
    return LotesVendibles(items=items, next=items[-1].id if len(rows) > query.limit else None)


# Blocking ----------------------------------------------------------------------------------------


def bloquear_lote(ctx: Ctx, lote_id: int, bloqueo: Bloqueo) -> LoteEstado:
    """Return the lot after it was blocked: it leaves by a correction only.

    Raises:
        NotFound: there is none within the user's reach.
    """
    return _marcar(ctx, lote_id, BLOQUEADO, "bloquear", bloqueo.motivo)


def desbloquear_lote(ctx: Ctx, lote_id: int, bloqueo: Bloqueo) -> LoteEstado:
    """Return the lot after it may leave again.

    Raises:
        NotFound: there is none within the user's reach.
    """
    return _marcar(ctx, lote_id, DISPONIBLE, "desbloquear", bloqueo.motivo)


def _marcar(ctx: Ctx, lote_id: int, estado: str, act: str, motivo: str) -> LoteEstado:
    lote = ctx.session.get(LoteSerie, lote_id)
    if lote is None:
        raise NotFound
    libro.abrir(ctx, [lote.producto_id])
    ctx.session.refresh(lote)
    antes = lote.estado
    lote.estado = estado if lote.cantidad_actual or estado == BLOQUEADO else AGOTADO
    ctx.session.flush()
    ctx.audit(
        act,
        "lotes_series",
        lote_id,
        antes={"estado": antes},
        modulo="inventory",
        despues={"estado": lote.estado, "motivo": motivo},
    )
    return LoteEstado(id=lote_id, estado=lote.estado)


# How a product is traced -------------------------------------------------------------------------


def ver_trazabilidad(ctx: Ctx, producto_id: int) -> TrazabilidadLeida:
    """Return how a product is traced.

    Raises:
        NotFound: there is no such product.
    """
    rows = ctx.sql(MODO, producto=producto_id)
    if not rows:
        raise NotFound
    return TrazabilidadLeida(producto_id=producto_id, trazabilidad=rows[0][0])


def cambiar_trazabilidad(
    ctx: Ctx, producto_id: int, cambio: TrazabilidadCambio
) -> TrazabilidadLeida:
    """Return how a product is traced from now on; what is in stock is moved into or out of lots.

    Raises:
        NotFound: there is no such product.
        Conflict: goods are reserved or missing, or there are units whose series nobody told.
    """
    abierto = libro.abrir(ctx, [producto_id])
    producto = abierto.productos.get(producto_id)
    if producto is None:
        raise NotFound
    antes = producto.trazabilidad
    if antes == cambio.trazabilidad:
        return TrazabilidadLeida(producto_id=producto_id, trazabilidad=antes)
    saldos = {uno[0]: saldo for uno, saldo in abierto.saldos.items() if saldo.actual}
    _comprobar_cambio(antes, cambio.trazabilidad, saldos)
    salen = list(_salen(abierto, producto_id, saldos))
    if salen:
        abierto.mover(salen)
    ctx.sql(TRAZAR, producto=producto_id, modo=cambio.trazabilidad)
    producto.trazabilidad = cambio.trazabilidad
    if salen:
        abierto.mover(list(_entran(salen, cambio, producto.promedio)))
    ctx.audit(
        "trazabilidad",
        "productos",
        producto_id,
        antes={"trazabilidad": antes},
        despues=cambio.model_dump(),
        modulo="inventory",
    )
    return TrazabilidadLeida(producto_id=producto_id, trazabilidad=cambio.trazabilidad)


def _comprobar_cambio(antes: str, despues: str, saldos: dict[int, Saldo]) -> None:
    if not saldos:
        return
    if any(saldo.reservado for saldo in saldos.values()):
        text = "Hay unidades reservadas; libérelas o termine sus documentos."
        raise Conflict(text, code="hay_reservas")
    if any(saldo.actual < 0 for saldo in saldos.values()):
        raise Conflict("Hay stock negativo; ajústelo antes.", code="stock_negativo")
    if despues not in (LOTE, NINGUNA) or (antes, despues) not in (
        (NINGUNA, LOTE),
        (LOTE, NINGUNA),
        ("serie", NINGUNA),
    ):
        text = "Hay stock cuyas series nadie indicó; sáquelo con ajustes y vuelva a darle entrada."
        raise Conflict(text, code="hay_stock")


def _salen(abierto: Libro, producto_id: int, saldos: dict[int, Saldo]) -> Iterator[Movimiento]:
    for almacen_id, saldo in sorted(saldos.items()):
        yield Movimiento(
            libro.AJUSTE,
            producto_id,
            saldo.actual,
            origen_id=almacen_id,
            motivo="Cambio de trazabilidad",
            fefo=abierto.trazado(producto_id),
        )


def _entran(
    salen: Sequence[Movimiento], cambio: TrazabilidadCambio, costo: Decimal | None
) -> Iterator[Movimiento]:
    lote = cambio.numero_lote if cambio.trazabilidad == LOTE else ""
    for uno in salen:
        yield Movimiento(
            libro.AJUSTE,
            uno.producto_id,
            uno.cantidad,
            destino_id=uno.origen_id,
            motivo=uno.motivo,
            costo=costo,
            numero_lote=lote,
        )
