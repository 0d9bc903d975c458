"""What sales do to stock, in the transaction of the sale: goods leave, come back, are promised.

A sale of goods without lots is one statement, whatever the number of lines. Source: módulos 1, 2.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from addons.inventory.models import CONSUMIDA, LIBERADA
from addons.inventory.services import libro, reservas
from addons.inventory.services.libro import ANULACION, DEVOLUCION, Movimiento, avisar_bajos
from addons.sales.errors import StockInsuficiente
from addons.sales.schemas import (
    DevolucionRegistrada,
    LineaDevuelta,
    LineaVendida,
    OrdenVentaCerrada,
    OrdenVentaConfirmada,
    VentaAnulada,
    VentaRegistrada,
)
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import FieldError
from kernel.events import Subscriber

CERO = Decimal("0.0000")

ALMACEN = """
SELECT id FROM almacenes WHERE sucursal_id = %(sucursal)s AND activo
 ORDER BY tipo <> 'PRINCIPAL', id LIMIT 1
"""
"""The almacén that serves the sales of a sucursal."""

VENDER = Statement(
    "stock_vender",
    f"""
    WITH almacen AS ({ALMACEN}), pedido AS (
      SELECT * FROM unnest(%(productos)s::bigint[], %(cantidades)s::numeric[],
                           %(sin_stock)s::boolean[]) AS p(producto_id, cantidad, sin_stock)
    ), fila AS (
      SELECT pa.id, pa.producto_id, pa.stock_actual - pa.stock_reservado AS hay, p.cantidad,
             pr.costo_promedio, coalesce(pr.costo_promedio, pr.costo) AS costo,
             pr.trazabilidad <> 'ninguna' AS trazado,
             pr.trazabilidad = 'ninguna'
               AND (pa.stock_actual - pa.stock_reservado >= p.cantidad
                    OR (p.sin_stock OR pr.permite_venta_sin_stock)
                       AND least(pa.stock_actual, pr.stock_actual) - p.cantidad
                           >= -9999999999.9999) AS alcanza
        FROM almacen
        JOIN productos_almacen pa ON pa.almacen_id = almacen.id
        JOIN pedido p ON p.producto_id = pa.producto_id
        JOIN productos pr ON pr.id = pa.producto_id
       ORDER BY pa.producto_id
         FOR NO KEY UPDATE OF pr, pa
    ), falta AS (
      SELECT p.producto_id, greatest(coalesce(f.hay, 0), 0) AS hay,
             CASE WHEN f.id IS NULL THEN 'sin_fila' WHEN f.trazado THEN 'trazado' ELSE 'falta' END
               AS que
        FROM pedido p LEFT JOIN fila f USING (producto_id)
       WHERE NOT coalesce(f.alcanza, false)
    ), cambio AS (
      UPDATE productos_almacen pa SET stock_actual = pa.stock_actual - f.cantidad
        FROM fila f WHERE pa.id = f.id AND NOT EXISTS (SELECT FROM falta)
      RETURNING pa.producto_id, pa.stock_actual, pa.stock_minimo
    ), total AS (
      UPDATE productos pr SET stock_actual = pr.stock_actual - f.cantidad
        FROM fila f WHERE pr.id = f.producto_id AND NOT EXISTS (SELECT FROM falta)
    ), movimiento AS (
      INSERT INTO movimientos_stock (producto_id, almacen_origen_id, tipo_movimiento, cantidad,
                                     costo_unitario, costo_promedio, usuario_id, referencia_doc,
                                     created_at)
      SELECT f.producto_id, almacen.id, 'VENTA', f.cantidad, f.costo, f.costo_promedio,
             %(usuario)s, %(referencia)s, %(ahora)s
        FROM fila f, almacen WHERE NOT EXISTS (SELECT FROM falta)
    )
    SELECT que, producto_id, hay, NULL::bigint FROM falta
    UNION ALL
    SELECT 'minimo', producto_id, stock_actual, almacen.id FROM cambio, almacen
     WHERE stock_actual < 0 OR (stock_minimo > 0 AND stock_actual <= stock_minimo)
    """,  # noqa: S608  # composed of our own constants
)
"""Takes what is sold out of the almacén, or says what is missing or traced and changes nothing.

``productos`` is locked before ``productos_almacen``, and both in the order of the product.
"""

ABRIR_FILAS = Statement(
    "stock_abrir_filas",
    f"""
    INSERT INTO productos_almacen (almacen_id, producto_id)
    SELECT a.id, pr.id FROM ({ALMACEN}) a, productos pr
     WHERE pr.id = ANY(%(productos)s::bigint[]) AND pr.trazabilidad = 'ninguna'
       AND (pr.permite_venta_sin_stock OR pr.id = ANY(%(sin_stock)s::bigint[]))
    ON CONFLICT DO NOTHING
    RETURNING producto_id
    """,  # noqa: S608  # as above
)
SIRVE = Statement("stock_sirve", ALMACEN, reads=True)
VENDIDO = Statement(
    "stock_vendido",
    """
    SELECT m.producto_id, coalesce(m.almacen_origen_id, m.almacen_destino_id) AS almacen_id,
           l.numero_lote, l.numero_serie, l.fecha_vencimiento, max(m.costo_unitario),
           sum(CASE WHEN m.almacen_origen_id IS NULL THEN -m.cantidad ELSE m.cantidad END)
      FROM movimientos_stock m LEFT JOIN lotes_series l ON l.id = m.lote_id
     WHERE m.referencia_doc = %(referencia)s AND m.producto_id = ANY(%(productos)s::bigint[])
       AND m.tipo_movimiento IN ('VENTA', 'ANULACION', 'DEVOLUCION')
     GROUP BY 1, 2, 3, 4, 5
    HAVING sum(CASE WHEN m.almacen_origen_id IS NULL THEN -m.cantidad ELSE m.cantidad END) > 0
     ORDER BY min(m.id)
    """,
)
"""What a sale took and has not come back yet, by almacén and lot."""


def descontar_venta(ctx: Ctx, venta: VentaRegistrada) -> None:
    """Take the sold goods out of the sucursal's almacén, in the sale's transaction.

    Raises:
        StockInsuficiente: a product without enough units; every such line is named.
        ValidationFailed: a lot that the sale names is not the product's.
    """
    if any(linea.lote for linea in venta.lineas):
        return _vender_lotes(ctx, venta)
    cantidades, sin_stock = _sumar(venta.lineas)
    rows = _vender(ctx, venta, cantidades, sin_stock)
    sin_fila = [row[1] for row in rows if row[0] == "sin_fila"]
    if sin_fila and _abrir_filas(ctx, venta, sin_fila, sin_stock):
        rows = _vender(ctx, venta, cantidades, sin_stock)
    if any(row[0] == "trazado" for row in rows):
        return _vender_lotes(ctx, venta)
    faltas = {row[1]: row[2] for row in rows if row[0] != "minimo"}
    if faltas:
        raise _sin_stock(venta, faltas)
    bajos: dict[int, list[int]] = defaultdict(list)
    for _, producto_id, _, almacen_id in rows:
        bajos[almacen_id].append(producto_id)
    return avisar_bajos(ctx, bajos)


def _sumar(lineas: tuple[LineaVendida, ...]) -> tuple[dict[int, Decimal], dict[int, bool]]:
    cantidades: dict[int, Decimal] = defaultdict(Decimal)
    sin_stock: dict[int, bool] = {}
    for linea in lineas:
        cantidades[linea.producto_id] += linea.cantidad
        sin_stock[linea.producto_id] = linea.permite_sin_stock
    return cantidades, sin_stock


def _vender(
    ctx: Ctx, venta: VentaRegistrada, cantidades: dict[int, Decimal], sin_stock: dict[int, bool]
) -> list[tuple[Any, ...]]:
    return ctx.sql(
        VENDER,
        sucursal=venta.sucursal_id,
        productos=list(cantidades),
        cantidades=list(cantidades.values()),
        sin_stock=list(sin_stock.values()),
        usuario=ctx.user_id,
        referencia=f"venta:{venta.venta_id}",
        ahora=ctx.now,
    )


def _abrir_filas(
    ctx: Ctx, venta: VentaRegistrada, productos: list[int], sin_stock: dict[int, bool]
) -> bool:
    """Return whether rows were made for products that the almacén never held and may still sell."""
    permitidos = [uno for uno in productos if sin_stock[uno]]
    rows = ctx.sql(
        ABRIR_FILAS, sucursal=venta.sucursal_id, productos=productos, sin_stock=permitidos
    )
    return bool(rows)


def _sin_stock(venta: VentaRegistrada, faltas: dict[int, Decimal]) -> StockInsuficiente:
    errors = [
        FieldError(
            linea.campo, "stock_insuficiente", f"Quedan {faltas[linea.producto_id].normalize():f}."
        )
        for linea in venta.lineas
        if linea.producto_id in faltas
    ]
    return StockInsuficiente("No hay stock suficiente.", errors=errors)


def _vender_lotes(ctx: Ctx, venta: VentaRegistrada) -> None:
    """Take out goods of which some have lots: the named ones, or those that expire first."""
    almacen_id = _almacen(ctx, venta.sucursal_id)
    if almacen_id is None:
        raise _sin_stock(venta, {linea.producto_id: CERO for linea in venta.lineas})
    abierto = libro.abrir(ctx, [linea.producto_id for linea in venta.lineas])
    abierto.mover(
        [
            Movimiento(
                libro.VENTA,
                linea.producto_id,
                linea.cantidad,
                origen_id=almacen_id,
                referencia=f"venta:{venta.venta_id}",
                lote=linea.lote,
                fefo=True,
                sin_stock=linea.permite_sin_stock or abierto.permite_sin_stock(linea.producto_id),
                campo=linea.campo,
            )
            for linea in venta.lineas
        ]
    )


def _almacen(ctx: Ctx, sucursal_id: int) -> int | None:
    rows = ctx.sql(SIRVE, sucursal=sucursal_id)
    return rows[0][0] if rows else None


# What comes back ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Vendido:
    """A part of a sale that has not come back: where it left from, its lot, what it cost."""

    producto_id: int
    almacen_id: int
    numero_lote: str | None
    numero_serie: str | None
    vence: date | None
    costo: Decimal | None
    cantidad: Decimal


def reponer_anulada(ctx: Ctx, venta: VentaAnulada) -> None:
    """Put back what an annulled sale took, into the same almacén and lots, at what it cost."""
    _reponer(ctx, ANULACION, venta, f"Venta anulada: {venta.motivo}")


def reponer_devuelta(ctx: Ctx, devolucion: DevolucionRegistrada) -> None:
    """Put back what a customer returned, into the same almacén and lots, at what it cost."""
    motivo = f"Devolución {devolucion.devolucion_id}: {devolucion.motivo}"
    _reponer(ctx, DEVOLUCION, devolucion, motivo)


def _reponer(ctx: Ctx, tipo: str, vuelta: VentaAnulada | DevolucionRegistrada, motivo: str) -> None:
    if not vuelta.lineas:
        return
    productos = [linea.producto_id for linea in vuelta.lineas]
    abierto = libro.abrir(ctx, productos)
    referencia = f"venta:{vuelta.venta_id}"
    rows = ctx.sql(VENDIDO, referencia=referencia, productos=productos)
    vendido = [Vendido(*row) for row in rows]
    sirve = None if vendido else _almacen(ctx, vuelta.sucursal_id)
    movimientos = []
    for linea in vuelta.lineas:
        for parte in _partes(linea, vendido, sirve):
            trazado = abierto.trazado(linea.producto_id)
            movimientos.append(
                Movimiento(
                    tipo,
                    linea.producto_id,
                    parte.cantidad,
                    destino_id=parte.almacen_id,
                    motivo=motivo[:250],
                    referencia=referencia,
                    costo=parte.costo,
                    numero_lote=(parte.numero_lote or "") if trazado else "",
                    numero_serie=(parte.numero_serie or "") if trazado else "",
                    vence=parte.vence if trazado else None,
                    campo=linea.campo,
                )
            )
    abierto.mover([uno for m in movimientos for uno in _con_lote(abierto, m, vuelta.venta_id)])


def _partes(
    linea: LineaDevuelta, vendido: Sequence[Vendido], sirve: int | None
) -> Iterator[Vendido]:
    """Yield where a line goes back to; what the ledger does not know, to the serving almacén."""
    resto = linea.cantidad
    for uno in vendido:
        vuelve = min(resto, uno.cantidad) if uno.producto_id == linea.producto_id else CERO
        if vuelve > 0:
            uno.cantidad -= vuelve
            resto -= vuelve
            yield replace(uno, cantidad=vuelve)
    almacen_id = vendido[0].almacen_id if vendido else sirve
    if resto > 0 and almacen_id is not None:
        yield Vendido(linea.producto_id, almacen_id, None, None, None, None, resto)


def _con_lote(abierto: libro.Libro, uno: Movimiento, venta_id: int) -> Iterator[Movimiento]:
    """Yield the movement with a lot where its producto wants one and was sold before it did."""
    if not abierto.trazado(uno.producto_id) or uno.nombra_lote:
        yield uno
    elif not abierto.por_serie(uno.producto_id):
        yield replace(uno, numero_lote=f"VENTA-{venta_id}")
    else:
        for number in range(1, int(uno.cantidad) + 1):
            serie = f"VENTA-{venta_id}-{uno.producto_id}-{number}"
            yield replace(uno, cantidad=Decimal(1), numero_serie=serie)


# What orders promise -----------------------------------------------------------------------------


def reservar_orden(ctx: Ctx, orden: OrdenVentaConfirmada) -> None:
    """Keep for an order what there is of its goods; what is missing is not promised."""
    almacen_id = _almacen(ctx, orden.sucursal_id)
    if almacen_id is None:
        return
    abierto = libro.abrir(ctx, [linea.producto_id for linea in orden.lineas])
    promesas = []
    for linea in orden.lineas:
        saldo = abierto.saldo(almacen_id, linea.producto_id)
        cantidad = min(linea.cantidad, saldo.disponible)
        if cantidad > 0:
            saldo.reservado += cantidad
            promesas.append(
                reservas.Promesa(
                    linea.producto_id, almacen_id, cantidad, referencia=f"orden:{orden.orden_id}"
                )
            )
    reservas.prometer(ctx, promesas)


def cerrar_orden(ctx: Ctx, orden: OrdenVentaCerrada) -> None:
    """Let go of what was kept for an order."""
    estado = CONSUMIDA if orden.estado == "atendida" else LIBERADA
    reservas.cerrar_documento(ctx, f"orden:{orden.orden_id}", estado)


SUBSCRIBERS = [
    Subscriber("venta_registrada", descontar_venta),
    Subscriber("venta_anulada", reponer_anulada),
    Subscriber("devolucion_registrada", reponer_devuelta),
    Subscriber("orden_venta_confirmada", reservar_orden),
    Subscriber("orden_venta_cerrada", cerrar_orden),
]
