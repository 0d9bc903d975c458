"""What the ledger reads and writes: movements, what they come to, statements. Source: módulo 2."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from addons.inventory.models import NINGUNA
from addons.inventory.services.eleccion import LoteLeido
from kernel.db import Statement

CERO = Decimal("0.0000")
LIMITE = Decimal("9999999999.9999")
"""The largest quantity that the tables hold; what is missing of a product is no more either."""

ENTRADA, SALIDA, AJUSTE, VENTA = "ENTRADA", "SALIDA", "AJUSTE", "VENTA"
DEVOLUCION, ANULACION, TRANSFERENCIA = "DEVOLUCION", "ANULACION", "TRANSFERENCIA"

Par = tuple[int, int]
"""An almacén and a producto."""

ABRIR = Statement(
    "libro_abrir",
    """
    SELECT id, stock_actual, costo_promedio, costo, trazabilidad, permite_venta_sin_stock
      FROM productos WHERE id = ANY(%(productos)s::bigint[]) ORDER BY id FOR NO KEY UPDATE
    """,
)
EXISTENCIAS = Statement(
    "libro_existencias",
    """
    SELECT almacen_id, producto_id, stock_actual, stock_reservado, stock_minimo
      FROM productos_almacen WHERE producto_id = ANY(%(productos)s::bigint[])
    """,
)
LOTES = Statement(
    "libro_lotes",
    """
    SELECT id, producto_id, almacen_id, numero_lote, numero_serie, fecha_vencimiento,
           cantidad_actual, cantidad_reservada, estado
      FROM lotes_series
     WHERE producto_id = ANY(%(productos)s::bigint[])
       AND (cantidad_actual > 0 OR numero_lote = ANY(%(numeros)s::text[])
            OR numero_serie = ANY(%(numeros)s::text[]) OR id = ANY(%(ids)s::bigint[]))
     ORDER BY fecha_vencimiento NULLS LAST, id
    """,
)
SACAR_LOTES = Statement(
    "libro_sacar_lotes",
    """
    UPDATE lotes_series l
       SET cantidad_actual = l.cantidad_actual - s.cantidad,
           estado = CASE WHEN l.estado = 'DISPONIBLE' AND l.cantidad_actual = s.cantidad
                         THEN 'AGOTADO' ELSE l.estado END
      FROM (SELECT id, sum(cantidad) AS cantidad
              FROM unnest(%(lotes)s::bigint[], %(cantidades)s::numeric[]) AS u(id, cantidad)
             GROUP BY id) s
     WHERE l.id = s.id
    """,
)
PONER_LOTES = Statement(
    "libro_poner_lotes",
    """
    INSERT INTO lotes_series AS l (producto_id, almacen_id, numero_lote, numero_serie,
                                   fecha_vencimiento, cantidad_inicial, cantidad_actual, created_at)
    SELECT producto_id, almacen_id, lote, serie, min(vence), sum(cantidad), sum(cantidad), %(ahora)s
      FROM unnest(%(productos)s::bigint[], %(almacenes)s::bigint[], %(numeros)s::text[],
                  %(series)s::text[], %(vencen)s::date[], %(cantidades)s::numeric[])
           AS u(producto_id, almacen_id, lote, serie, vence, cantidad)
     GROUP BY 1, 2, 3, 4
    ON CONFLICT (producto_id, almacen_id, numero_lote, numero_serie)
    DO UPDATE SET cantidad_inicial = least(l.cantidad_inicial + excluded.cantidad_inicial,
                                           9999999999.9999),
                  cantidad_actual = l.cantidad_actual + excluded.cantidad_actual,
                  fecha_vencimiento = coalesce(l.fecha_vencimiento, excluded.fecha_vencimiento),
                  estado = CASE l.estado WHEN 'AGOTADO' THEN 'DISPONIBLE' ELSE l.estado END
    RETURNING producto_id, almacen_id, numero_lote, numero_serie, id
    """,
)
ESCRIBIR = Statement(
    "libro_escribir",
    """
    WITH m AS (
      SELECT * FROM unnest(%(productos)s::bigint[], %(origenes)s::bigint[], %(destinos)s::bigint[],
                           %(tipos)s::text[], %(cantidades)s::numeric[], %(costos)s::numeric[],
                           %(promedios)s::numeric[], %(motivos)s::text[], %(lotes)s::bigint[],
                           %(referencias)s::text[]) WITH ORDINALITY
             AS m(producto_id, origen, destino, tipo, cantidad, costo, promedio, motivo, lote,
                  referencia, orden)
    ), cambio AS (
      SELECT almacen_id, producto_id, sum(cantidad) AS cantidad
        FROM (SELECT origen AS almacen_id, producto_id, -cantidad AS cantidad FROM m
               UNION ALL SELECT destino, producto_id, cantidad FROM m) c
       WHERE almacen_id IS NOT NULL GROUP BY 1, 2
    ), stock AS (
      INSERT INTO productos_almacen AS pa (almacen_id, producto_id, stock_actual)
      SELECT almacen_id, producto_id, cantidad FROM cambio ORDER BY producto_id, almacen_id
      ON CONFLICT (almacen_id, producto_id)
      DO UPDATE SET stock_actual = pa.stock_actual + excluded.stock_actual
    ), total AS (
      UPDATE productos pr
         SET stock_actual = pr.stock_actual + c.cantidad, costo_promedio = u.promedio
        FROM (SELECT producto_id, sum(cantidad) AS cantidad FROM cambio GROUP BY 1) c
        JOIN unnest(%(cambiados)s::bigint[], %(finales)s::numeric[]) AS u(producto_id, promedio)
             USING (producto_id)
       WHERE pr.id = c.producto_id
    )
    INSERT INTO movimientos_stock (producto_id, almacen_origen_id, almacen_destino_id,
                                   tipo_movimiento, cantidad, costo_unitario, costo_promedio,
                                   motivo, usuario_id, lote_id, referencia_doc, created_at)
    SELECT producto_id, origen, destino, tipo, cantidad, costo, promedio, motivo, %(usuario)s, lote,
           referencia, %(ahora)s
      FROM m ORDER BY orden
    RETURNING id
    """,
)


@dataclass(slots=True)
class Producto:
    """A producto that this transaction holds: its stock everywhere and what a unit is worth."""

    id: int
    stock: Decimal
    promedio: Decimal | None
    costo: Decimal | None
    trazabilidad: str
    permite_sin_stock: bool

    @property
    def trazado(self) -> bool:
        """Whether its movements name a lot or a series."""
        return self.trazabilidad != NINGUNA


@dataclass(frozen=True, slots=True)
class Movimiento:
    """Goods to move out of ``origen_id``, into ``destino_id``, or both; ``campo`` is the quantity's
    path in the caller's body.

    Of a traced producto, what leaves is named by ``lote_id``, by its numbers, or by ``lote``, which
    is either number; with ``fefo`` the lots that expire first are taken. ``sin_stock`` lets the
    stock go below zero; of a traced producto it never does.
    """

    tipo: str
    producto_id: int
    cantidad: Decimal
    origen_id: int | None = None
    destino_id: int | None = None
    motivo: str = ""
    referencia: str = ""
    costo: Decimal | None = None
    lote_id: int | None = None
    lote: str = ""
    numero_lote: str = ""
    numero_serie: str = ""
    vence: date | None = None
    fefo: bool = False
    sin_stock: bool = False
    campo: str = "cantidad"

    @property
    def nombra_lote(self) -> bool:
        """Whether the caller named a lot or a series."""
        return bool(self.lote or self.numero_lote or self.numero_serie or self.lote_id)

    def vecino(self, name: str) -> str:
        """Return the path of another field beside the quantity."""
        return f"{self.campo.rpartition('.')[0]}.{name}".lstrip(".")


@dataclass(slots=True)
class Saldo:
    """What an almacén holds of a producto."""

    actual: Decimal = CERO
    reservado: Decimal = CERO
    minimo: Decimal = CERO

    @property
    def disponible(self) -> Decimal:
        """What is there and not promised."""
        return self.actual - self.reservado


@dataclass(slots=True)
class Fila:
    """A row of movimientos_stock to be written."""

    movimiento: Movimiento
    cantidad: Decimal
    lote: LoteLeido | None
    costo: Decimal | None = None
    promedio: Decimal | None = None
    lote_id: int | None = None
