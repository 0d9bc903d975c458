"""Opening stock from a spreadsheet: goods that an almacén never moved. Source: módulo 2."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from addons.inventory.models import Almacen, Producto
from addons.inventory.schemas import FilaStock
from addons.inventory.services import libro
from addons.inventory.services.libro import Movimiento
from kernel.context import Ctx
from kernel.db import Statement
from kernel.imports import Import, Row, Target, Written

MOTIVO = "Inventario inicial"
COSTO = "productos.ver_costo"

MOVIDOS = Statement(
    "importacion_movidos",
    """
    SELECT u.producto_id, u.almacen_id
      FROM unnest(%(productos)s::bigint[], %(almacenes)s::bigint[]) AS u(producto_id, almacen_id)
     WHERE EXISTS (
       SELECT FROM movimientos_stock m
        WHERE m.producto_id = u.producto_id AND m.referencia_doc <> %(referencia)s
          AND (m.almacen_destino_id = u.almacen_id OR m.almacen_origen_id = u.almacen_id))
    """,
    reads=True,
)


def _llave(fila: Any) -> tuple[str, str, str, str] | None:
    if not (fila.almacen and fila.sku):
        return None
    return fila.almacen.lower(), fila.sku, fila.numero_lote or "", fila.numero_serie or ""


def revisar(ctx: Ctx, filas: Sequence[Row], importacion_id: int) -> None:
    """Find almacenes within reach and products; refuse goods that were moved there before."""
    query = select(Almacen.nombre, Almacen.id).where(Almacen.activo)
    almacenes = {nombre.lower(): uno for nombre, uno in ctx.session.execute(query)}
    skus = [fila.data.sku for fila in filas]
    hay = ctx.session.execute(select(Producto.sku, Producto.id).where(Producto.sku.in_(skus)))
    productos: dict[str, int] = {uno[0]: uno[1] for uno in hay}
    hoy, ve_costos = ctx.now.astimezone(ctx.time_zone).date(), ctx.can(COSTO)
    for fila in filas:
        _revisar_una(fila, almacenes, productos, hoy)
        if "costo_unitario" in fila.given and not ve_costos:
            fila.refuse("costo_unitario", "Su rol no puede escribir este campo.", "sin_permiso")
    _revisar_movidas(ctx, [fila for fila in filas if fila.found], importacion_id)


def _revisar_una(
    fila: Row, almacenes: dict[str, int], productos: dict[str, int], hoy: date
) -> None:
    dicho = fila.data
    almacen_id = almacenes.get((dicho.almacen or "").lower())
    producto_id = productos.get(dicho.sku or "")
    if dicho.almacen and almacen_id is None:
        text = f"No hay un almacén activo «{dicho.almacen}» a su alcance."
        fila.refuse("almacen", text, "no_existe")
    if dicho.sku and producto_id is None:
        fila.refuse("sku", f"No hay un producto «{dicho.sku}».", "no_existe")
    if dicho.fecha_vencimiento is not None and dicho.fecha_vencimiento < hoy:
        fila.refuse("fecha_vencimiento", "Ya venció; regístrelo con un ajuste.", "vencido")
    if almacen_id is not None and producto_id is not None:
        fila.found = (producto_id, almacen_id)


def _revisar_movidas(ctx: Ctx, filas: Sequence[Row], importacion_id: int) -> None:
    rows = ctx.sql(
        MOVIDOS,
        productos=[fila.found[0] for fila in filas],
        almacenes=[fila.found[1] for fila in filas],
        referencia=_referencia(importacion_id),
    )
    movidos = {(row[0], row[1]) for row in rows}
    for fila in filas:
        if fila.found in movidos:
            text = "Este producto ya se movió en este almacén; use una entrada o un conteo."
            fila.refuse("sku", text, "ya_movido")


def escribir(ctx: Ctx, filas: Sequence[Row], importacion_id: int) -> Written:
    """Write an entrada for each row."""
    abierto = libro.abrir(ctx, [fila.found[0] for fila in filas])
    ids = abierto.mover([_entrada(fila, importacion_id) for fila in filas])
    for uno, fila in zip(ids, filas, strict=True):
        hechos = {**fila.given, "producto_id": fila.found[0], "almacen_id": fila.found[1]}
        ctx.audit("entrada", "movimientos_stock", uno, despues=hechos, modulo="inventory")
    return Written(len(filas))


def _entrada(fila: Row, importacion_id: int) -> Movimiento:
    producto_id, almacen_id = fila.found
    return Movimiento(
        libro.ENTRADA,
        producto_id,
        fila.data.cantidad,
        destino_id=almacen_id,
        motivo=MOTIVO,
        referencia=_referencia(importacion_id),
        costo=fila.data.costo_unitario,
        numero_lote=fila.data.numero_lote,
        numero_serie=fila.data.numero_serie,
        vence=fila.data.fecha_vencimiento,
        campo=f"filas.{fila.number}.cantidad",
    )


def _referencia(importacion_id: int) -> str:
    return f"importacion:{importacion_id}"


STOCK_INICIAL = Import(
    "stock-inicial",
    "Stock inicial",
    ("stock.entrada",),
    FilaStock,
    (
        Target("almacen", "Almacén", "Por su nombre", ("deposito", "tienda")),
        Target("sku", "SKU", "El código del producto", ("codigo", "cod", "articulo")),
        Target("cantidad", "Cantidad", "", ("stock", "existencia", "saldo")),
        Target("costo_unitario", "Costo unitario", "", ("costo",)),
        Target("numero_lote", "Lote", "Si el producto lleva lotes", ("lote",)),
        Target("numero_serie", "Serie", "Si el producto lleva series", ("serie",)),
        Target("fecha_vencimiento", "Vence", "Del lote", ("vencimiento", "caducidad")),
    ),
    _llave,
    revisar,
    escribir,
    changes=False,
)
IMPORTS = [STOCK_INICIAL]
