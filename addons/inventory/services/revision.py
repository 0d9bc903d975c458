"""The ledger, looked over: what is kept must be what the movements come to. Source: módulo 2."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from addons.inventory.schemas import Valorizado
from addons.inventory.services.costos import al_entrar
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import NotFound

A_LA_VEZ = 200
"""Products whose movements are read together."""

LIBRO = Statement(
    "stock_libro",
    """
    WITH libro AS (
      SELECT almacen_id, producto_id, sum(cantidad) AS cantidad FROM (
        SELECT almacen_destino_id AS almacen_id, producto_id, cantidad FROM movimientos_stock
         WHERE almacen_destino_id IS NOT NULL
        UNION ALL
        SELECT almacen_origen_id, producto_id, -cantidad FROM movimientos_stock
         WHERE almacen_origen_id IS NOT NULL) m
      GROUP BY 1, 2
    )
    SELECT coalesce(pa.almacen_id, libro.almacen_id), coalesce(pa.producto_id, libro.producto_id),
           coalesce(pa.stock_actual, 0), coalesce(libro.cantidad, 0)
      FROM productos_almacen pa FULL JOIN libro USING (almacen_id, producto_id)
     WHERE coalesce(pa.stock_actual, 0) <> coalesce(libro.cantidad, 0)
     ORDER BY 1, 2 LIMIT 1
    """,
)
TOTALES = Statement(
    "stock_totales",
    """
    SELECT pr.id, pr.stock_actual, coalesce(sum(pa.stock_actual), 0)
      FROM productos pr LEFT JOIN productos_almacen pa ON pa.producto_id = pr.id
     GROUP BY pr.id HAVING pr.stock_actual <> coalesce(sum(pa.stock_actual), 0)
     ORDER BY pr.id LIMIT 1
    """,
)
LOTES = Statement(
    "stock_lotes",
    """
    WITH libro AS (
      SELECT producto_id, almacen_id, numero_lote, numero_serie, sum(cantidad) AS cantidad FROM (
        SELECT m.producto_id, m.almacen_destino_id AS almacen_id, l.numero_lote, l.numero_serie,
               m.cantidad
          FROM movimientos_stock m JOIN lotes_series l ON l.id = m.lote_id
         WHERE m.almacen_destino_id IS NOT NULL
        UNION ALL
        SELECT m.producto_id, m.almacen_origen_id, l.numero_lote, l.numero_serie, -m.cantidad
          FROM movimientos_stock m JOIN lotes_series l ON l.id = m.lote_id
         WHERE m.almacen_origen_id IS NOT NULL) x
       GROUP BY 1, 2, 3, 4
    )
    SELECT l.id, l.cantidad_actual, coalesce(libro.cantidad, 0)
      FROM lotes_series l LEFT JOIN libro USING (producto_id, almacen_id, numero_lote, numero_serie)
     WHERE l.cantidad_actual <> coalesce(libro.cantidad, 0)
     ORDER BY 1 LIMIT 1
    """,
)
TRAZADOS = Statement(
    "stock_trazados",
    """
    SELECT pa.almacen_id, pa.producto_id, pa.stock_actual, coalesce(l.cantidad, 0)
      FROM productos_almacen pa
      JOIN productos pr ON pr.id = pa.producto_id AND pr.trazabilidad <> 'ninguna'
      LEFT JOIN (SELECT almacen_id, producto_id, sum(cantidad_actual) AS cantidad
                   FROM lotes_series GROUP BY 1, 2) l USING (almacen_id, producto_id)
     WHERE pa.stock_actual <> coalesce(l.cantidad, 0)
     ORDER BY 1, 2 LIMIT 1
    """,
)
RESERVADO = Statement(
    "stock_reservado",
    """
    WITH activas AS (SELECT * FROM reservas_stock WHERE estado = 'ACTIVA')
    SELECT * FROM (
      SELECT 'productos_almacen' AS tabla, pa.id, pa.stock_reservado AS dice,
             coalesce(sum(r.cantidad), 0) AS suma
        FROM productos_almacen pa LEFT JOIN activas r USING (almacen_id, producto_id)
       GROUP BY pa.id
      UNION ALL
      SELECT 'lotes_series', l.id, l.cantidad_reservada, coalesce(sum(r.cantidad), 0)
        FROM lotes_series l LEFT JOIN activas r ON r.lote_id = l.id GROUP BY l.id) t
     WHERE dice <> suma ORDER BY 1, 2 LIMIT 1
    """,
)
NEGATIVO = Statement(
    "stock_negativo",
    """
    SELECT pa.almacen_id, pa.producto_id, pa.stock_actual
      FROM productos_almacen pa JOIN productos pr ON pr.id = pa.producto_id
     WHERE pa.stock_actual < 0 AND pr.trazabilidad <> 'ninguna' ORDER BY 1, 2 LIMIT 1
    """,
)
PRODUCTOS = Statement("kardex_productos", "SELECT id FROM productos ORDER BY id")
ASIENTOS = Statement(
    "kardex_asientos",
    """
    SELECT m.producto_id, m.id, m.almacen_origen_id, m.almacen_destino_id, m.cantidad,
           m.costo_unitario, m.costo_promedio
      FROM movimientos_stock m
     WHERE m.producto_id = ANY(%(productos)s::bigint[]) ORDER BY m.producto_id, m.id
    """,
)
PROMEDIOS = Statement(
    "kardex_promedios",
    """
    SELECT id, costo_promedio, stock_actual FROM productos
     WHERE id = ANY(%(productos)s::bigint[]) ORDER BY id
    """,
)


def revisar_libro(ctx: Ctx) -> str | None:
    """Return the first stock, lot or promise that is not the sum of what it comes from, or None."""
    for almacen, producto, stock, suma in ctx.sql(LIBRO):
        return (
            f"productos_almacen(almacen {almacen}, producto {producto}) dice {stock} y sus "
            f"movimientos suman {suma}"
        )
    for producto, stock, suma in ctx.sql(TOTALES):
        return f"productos({producto}) dice {stock} y sus almacenes suman {suma}"
    for lote, cantidad, suma in ctx.sql(LOTES):
        return f"lotes_series({lote}) dice {cantidad} y sus movimientos suman {suma}"
    for almacen, producto, stock, suma in ctx.sql(TRAZADOS):
        return (
            f"productos_almacen(almacen {almacen}, producto {producto}) dice {stock} y sus lotes "
            f"suman {suma}"
        )
    for tabla, uno, reservado, suma in ctx.sql(RESERVADO):
        return f"{tabla}({uno}) dice {reservado} reservado y sus reservas activas suman {suma}"
    for almacen, producto, stock in ctx.sql(NEGATIVO):
        return f"productos_almacen(almacen {almacen}, producto {producto}) es {stock}, con lotes"
    return None


def revisar_costos(ctx: Ctx) -> str | None:
    """Return the first cost that the movements do not come to when they are counted again."""
    ids = [row[0] for row in ctx.sql(PRODUCTOS)]
    for start in range(0, len(ids), A_LA_VEZ):
        fault = _revisar_costos(ctx, ids[start : start + A_LA_VEZ])
        if fault is not None:
            return fault
    return None


def _revisar_costos(ctx: Ctx, productos: list[int]) -> str | None:
    sabidos = {row[0]: row[1] for row in ctx.sql(PROMEDIOS, productos=productos)}
    rows = ctx.sql(ASIENTOS, productos=productos)
    for producto_id, asientos in groupby(rows, itemgetter(0)):
        promedio: Decimal | None = None
        for asiento, promedio in recontar(asientos):
            if promedio != asiento[6]:
                return (
                    f"movimientos_stock({asiento[1]}) dice costo_promedio {asiento[6]} y al "
                    f"recontar da {promedio}"
                )
        if promedio != sabidos[producto_id]:
            return (
                f"productos({producto_id}) dice costo_promedio {sabidos[producto_id]} y al "
                f"recontar da {promedio}"
            )
    return None


Asiento = tuple[Any, ...]


def recontar(asientos: Iterator[Asiento]) -> Iterator[tuple[Asiento, Decimal | None]]:
    """Yield each movement of a product, in order, with what a unit is worth after it."""
    stock, promedio = Decimal(0), None
    for asiento in asientos:
        _, _, origen, destino, cantidad, costo, _ = asiento
        if origen is None:
            promedio = al_entrar(stock, promedio, cantidad, costo)
            stock += cantidad
        elif destino is None:
            stock -= cantidad
        yield asiento, promedio


def valorizar(ctx: Ctx, producto_id: int) -> Valorizado:
    """Return what a product is worth as it is kept, and counted again from its movements.

    Raises:
        NotFound: there is no such product.
    """
    sabido = ctx.sql(PROMEDIOS, productos=[producto_id])
    if not sabido:
        raise NotFound
    _, promedio, stock = sabido[0]
    asientos = iter(ctx.sql(ASIENTOS, productos=[producto_id]))
    recalculado = [despues for _, despues in recontar(asientos)][-1:]
    return Valorizado(
        producto_id=producto_id,
        stock_actual=stock,
        costo_promedio=promedio,
        recalculado=recalculado[0] if recalculado else None,
        coincide=[promedio] == (recalculado or [None]),
    )
