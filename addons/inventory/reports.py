"""Reports of inventory: the kardex, what the stock is worth, the sheet of a count."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from addons.inventory.models import Producto
from addons.inventory.services import alcance, conteos
from kernel import mentions
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import FieldError, Forbidden, Unprocessable
from kernel.mentions import Mention
from kernel.messages import refused
from kernel.money import round_half_up
from kernel.reports import Period, Report, Table
from kernel.schemas import QueryId

SALDO = Statement(
    "kardex_saldo",
    """
    SELECT coalesce(sum(CASE
             WHEN almacen_destino_id IS NULL THEN -cantidad
             WHEN almacen_origen_id IS NULL THEN cantidad
             WHEN almacen_destino_id = %(almacen)s THEN cantidad
             WHEN almacen_origen_id = %(almacen)s THEN -cantidad ELSE 0 END), 0)
      FROM movimientos_stock
     WHERE producto_id = %(producto)s AND created_at < %(desde)s
       AND (%(almacen)s::bigint IS NULL OR almacen_origen_id = %(almacen)s
            OR almacen_destino_id = %(almacen)s)
    """,
    reads=True,
)
PROMEDIO = Statement(
    "kardex_promedio",
    """
    SELECT costo_promedio FROM movimientos_stock
     WHERE producto_id = %(producto)s AND created_at < %(desde)s
     ORDER BY created_at DESC, id DESC LIMIT 1
    """,
    reads=True,
)
MOVIMIENTOS = Statement(
    "kardex_movimientos",
    """
    SELECT m.created_at, m.id, m.tipo_movimiento, m.referencia_doc, m.motivo,
           coalesce(nullif(l.numero_serie, ''), l.numero_lote), m.almacen_origen_id,
           m.almacen_destino_id, m.cantidad, m.costo_unitario, m.costo_promedio
      FROM movimientos_stock m LEFT JOIN lotes_series l ON l.id = m.lote_id
     WHERE m.producto_id = %(producto)s
       AND m.created_at >= %(desde)s AND m.created_at < %(hasta)s
       AND CASE WHEN %(almacen)s::bigint IS NULL
                THEN m.almacen_origen_id IS NULL OR m.almacen_destino_id IS NULL
                ELSE m.almacen_origen_id = %(almacen)s OR m.almacen_destino_id = %(almacen)s END
     ORDER BY m.id LIMIT 100001
    """,
    reads=True,
)
EXISTENCIAS = Statement(
    "existencias_valorizadas",
    """
    SELECT a.nombre, pr.sku, pr.nombre, pa.stock_actual, pr.costo_promedio,
           round(pa.stock_actual * pr.costo_promedio, 2)
      FROM productos_almacen pa
      JOIN productos pr ON pr.id = pa.producto_id
      JOIN almacenes a ON a.id = pa.almacen_id
     WHERE pa.stock_actual <> 0
       AND (%(almacen)s::bigint IS NULL OR pa.almacen_id = %(almacen)s)
       AND (%(permitidos)s::bigint[] IS NULL OR pa.almacen_id = ANY(%(permitidos)s))
     ORDER BY a.nombre, pr.sku LIMIT 100001
    """,
    reads=True,
)
COLUMNAS = (
    "fecha", "movimiento_id", "tipo_movimiento", "referencia_doc", "documento", "motivo", "lote",
    "entrada", "salida", "saldo", "costo_unitario", "valor", "costo_promedio", "saldo_valor",
)  # fmt: skip
DE_MAQUINAS = frozenset({"movimiento_id", "referencia_doc"})
HOJA = ("sku", "producto", "numero_lote", "numero_serie", "ubicacion", "cantidad_contada")
MAX_LINEAS = 100_000
ORIGEN = datetime.fromisoformat("1900-01-01T00:00:00+00:00")
FIN = datetime.fromisoformat("2999-12-31T00:00:00+00:00")


class KardexQuery(Period):
    """The kardex of a product: of the company, or of one warehouse."""

    producto_id: QueryId
    almacen_id: QueryId | None = None


class ExistenciasQuery(BaseModel):
    """The stock of all warehouses within reach, or of one."""

    model_config = ConfigDict(extra="forbid")

    almacen_id: QueryId | None = None


class HojaQuery(BaseModel):
    """Which count."""

    model_config = ConfigDict(extra="forbid")

    conteo_id: QueryId


def kardex(ctx: Ctx, query: KardexQuery) -> Table:
    """Return what came in, what left and what is left, at the weighted average cost.

    Of the whole company, transfers between almacenes do not show. Amounts have 2 decimals.

    Raises:
        ValidationFailed: there is no such product.
        Forbidden: the almacén is out of reach, or the company's is asked by who is confined.
    """
    if ctx.session.get(Producto, query.producto_id) is None:
        text = "No existe un producto con este id."
        raise refused([FieldError("producto_id", "no_existe", text)])
    if query.almacen_id is not None:
        alcance.exigir(ctx, query.almacen_id, "almacen_id")
    elif ctx.scope("almacenes") is not None:
        raise Forbidden("Indique uno de sus almacenes.", field="almacen_id")
    desde, hasta = ORIGEN, FIN
    if query.desde is not None:
        desde = datetime.combine(query.desde, time(), ctx.time_zone)
    if query.hasta is not None:
        hasta = datetime.combine(query.hasta + timedelta(days=1), time(), ctx.time_zone)
    hechos = {"producto": query.producto_id, "desde": desde}
    saldo = ctx.sql(SALDO, **hechos, almacen=query.almacen_id)[0][0]
    antes = ctx.sql(PROMEDIO, **hechos)
    rows = _completas(ctx.sql(MOVIMIENTOS, **hechos, hasta=hasta, almacen=query.almacen_id))
    nombres = mentions.told(ctx, {row[3] for row in rows})
    lineas = list(_lineas(rows, nombres, saldo, query.almacen_id))
    final = lineas[-1] if lineas else None
    promedio = antes[0][0] if antes else None
    return Table(
        COLUMNAS,
        lineas,
        {
            "saldo_inicial": saldo,
            "saldo_inicial_valor": _valor(saldo, promedio),
            "entradas": sum((linea[7] or 0 for linea in lineas), Decimal(0)),
            "salidas": sum((linea[8] or 0 for linea in lineas), Decimal(0)),
            "saldo_final": final[9] if final else saldo,
            "costo_promedio": final[12] if final else promedio,
            "saldo_final_valor": final[13] if final else _valor(saldo, promedio),
        },
        unprinted=DE_MAQUINAS,
    )


def _lineas(
    rows: Sequence[Sequence[Any]],
    nombres: Mapping[str, Mention],
    saldo: Decimal,
    almacen_id: int | None,
) -> Iterator[tuple[Any, ...]]:
    for fecha, uno, tipo, referencia, motivo, lote, origen, destino, cantidad, *costos in rows:
        entra = destino is not None and (origen is None or destino == almacen_id)
        saldo += cantidad if entra else -cantidad
        costo, promedio = costos
        yield (
            fecha,
            uno,
            tipo,
            referencia,
            nombres[referencia].name if referencia in nombres else referencia,
            motivo,
            lote or "",
            cantidad if entra else None,
            None if entra else cantidad,
            saldo,
            costo,
            _valor(cantidad, costo),
            promedio,
            _valor(saldo, promedio),
        )


def _completas(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the rows, unless a part would pass for the whole."""
    if len(rows) > MAX_LINEAS:
        text = f"El reporte pasa de {MAX_LINEAS} líneas; pida menos días o un almacén."
        raise Unprocessable(text, code="reporte_demasiado_largo", field="desde")
    return rows


def _valor(cantidad: Decimal, costo: Decimal | None) -> Decimal | None:
    return None if costo is None else round_half_up(cantidad * costo)


def existencias_valorizadas(ctx: Ctx, query: ExistenciasQuery) -> Table:
    """Return what each almacén within reach holds, and what that is worth, 2 decimals."""
    permitidos = ctx.scope("almacenes")
    rows = ctx.sql(
        EXISTENCIAS,
        almacen=query.almacen_id,
        permitidos=None if permitidos is None else sorted(permitidos),
    )
    columns = ("almacen", "sku", "producto", "stock_actual", "costo_promedio", "valor")
    lineas = _completas(rows)
    return Table(columns, lineas, {"valor": sum((row[5] or 0 for row in lineas), Decimal(0))})


def hoja_de_conteo(ctx: Ctx, query: HojaQuery) -> Table:
    """Return the sheet of a count, to print and fill in: it does not say what is expected.

    Raises:
        NotFound: there is no such count within reach.
    """
    lineas = conteos.ver_conteo(ctx, query.conteo_id).lineas
    return Table(HOJA, [tuple(getattr(linea, name) for name in HOJA) for linea in lineas])


REPORTS = [
    Report("hoja-de-conteo", "Hoja de un conteo físico", "stock.contar", hoja_de_conteo, HojaQuery),
    Report("kardex", "Kardex valorizado de un producto", "stock.kardex", kardex, KardexQuery),
    Report(
        "existencias-valorizadas",
        "Existencias valorizadas por almacén",
        "stock.kardex",
        existencias_valorizadas,
        ExistenciasQuery,
    ),
]
