"""Prices of lists from a spreadsheet, known by list, product and quantity."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select, tuple_

from addons.sales.models import ListaPrecio, Precio, Producto
from addons.sales.schemas import FilaPrecio
from kernel.context import Ctx
from kernel.imports import Import, Row, Target, Written

UNA = Decimal("1.0000")


def _llave(fila: Any) -> tuple[str, str, Decimal] | None:
    completa = fila.lista and fila.sku
    return (fila.lista.lower(), fila.sku, fila.cantidad_minima or UNA) if completa else None


def revisar(ctx: Ctx, filas: Sequence[Row], _importacion_id: int) -> None:
    """Find lists, products and the prices that are there."""
    listas = {
        nombre.lower(): uno
        for uno, nombre in ctx.session.execute(select(ListaPrecio.id, ListaPrecio.nombre))
    }
    query = select(Producto.sku, Producto.id).where(
        Producto.sku.in_([fila.data.sku for fila in filas])
    )
    productos: dict[str, int] = {fila[0]: fila[1] for fila in ctx.session.execute(query)}
    for fila in filas:
        if fila.data.lista and fila.data.lista.lower() not in listas:
            text = f"No hay una lista «{fila.data.lista}»; créela antes."
            fila.refuse("lista", text, "no_existe")
        if fila.data.sku and fila.data.sku not in productos:
            fila.refuse("sku", f"No hay un producto «{fila.data.sku}».", "no_existe")
    _buscar(ctx, [fila for fila in filas if not fila.faults], listas, productos)


def _buscar(
    ctx: Ctx, filas: Sequence[Row], listas: dict[str, int], productos: dict[str, int]
) -> None:
    llaves = {}
    for fila in filas:
        dicha = _llave(fila.data)
        if dicha is not None:
            llaves[fila.number] = (listas[dicha[0]], productos[dicha[1]], dicha[2])
    columnas = (Precio.lista_id, Precio.producto_id, Precio.cantidad_minima)
    query = select(Precio).where(tuple_(*columnas).in_(list(llaves.values())))
    hay = {
        (uno.lista_id, uno.producto_id, uno.cantidad_minima): uno
        for uno in ctx.session.scalars(query)
    }
    for fila in filas:
        if fila.number in llaves:
            fila.found = llaves[fila.number]
            fila.record = hay.get(fila.found)


def escribir(ctx: Ctx, filas: Sequence[Row], _importacion_id: int) -> Written:
    """Write the prices."""
    nuevos = [fila for fila in filas if fila.record is None]
    for fila in filas:
        lista_id, producto_id, minima = fila.found
        if fila.record is None:
            ctx.session.add(
                Precio(
                    lista_id=lista_id,
                    producto_id=producto_id,
                    cantidad_minima=minima,
                    precio=fila.data.precio,
                )
            )
        elif fila.data.precio is not None:
            fila.record.precio = fila.data.precio
    ctx.session.flush()
    return Written(len(nuevos), len(filas) - len(nuevos))


PRECIOS = Import(
    "precios",
    "Precios de lista",
    ("listas_precio.crear", "listas_precio.editar"),
    FilaPrecio,
    (
        Target("lista", "Lista de precios", "Por su nombre", ("lista precio",)),
        Target("sku", "SKU", "El código del producto", ("codigo", "cod", "articulo")),
        Target("precio", "Precio", "", ("precio venta",)),
        Target("cantidad_minima", "Desde qué cantidad", "1 si falta", ("desde", "minimo")),
    ),
    _llave,
    revisar,
    escribir,
)
