"""Products from a spreadsheet, known by their SKU."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from addons.sales.models import Categoria, Producto, UnidadMedida
from addons.sales.schemas import FilaProducto
from kernel.context import Ctx
from kernel.imports import Import, Row, Target, Written


def _sku(fila: Any) -> str | None:
    return fila.sku or None


def revisar(ctx: Ctx, filas: Sequence[Row], _importacion_id: int) -> None:
    """Find the products that are there; refuse units that are not in use, and hidden costs."""
    unidades = set(ctx.session.scalars(select(UnidadMedida.codigo).where(UnidadMedida.activo)))
    query = select(Producto).where(Producto.sku.in_([fila.data.sku for fila in filas]))
    hay = {uno.sku: uno for uno in ctx.session.scalars(query)}
    ve_costos = ctx.can("productos.ver_costo")
    for fila in filas:
        fila.record = hay.get(fila.data.sku)
        unidad = fila.given.get("unidad_medida")
        if unidad is not None and unidad not in unidades:
            text = f"«{unidad}» no es una unidad en uso del catálogo 03 de la SUNAT."
            fila.refuse("unidad_medida", text, "no_existe")
        if "costo" in fila.given and not ve_costos:
            fila.refuse("costo", "Su rol no puede escribir este campo.", "sin_permiso")


def escribir(ctx: Ctx, filas: Sequence[Row], _importacion_id: int) -> Written:
    """Write the products: new ones, and what the cells of known ones say."""
    categorias = _categorias(ctx, filas)
    nuevos = [fila for fila in filas if fila.record is None]
    for fila in filas:
        columnas = fila.data.model_dump(exclude_unset=True, exclude={"categoria"})
        if categoria := fila.given.get("categoria"):
            columnas["categoria_id"] = categorias[categoria.lower()]
        if fila.record is None:
            ctx.session.add(Producto(**columnas))
            continue
        for nombre, valor in columnas.items():
            setattr(fila.record, nombre, valor)
    ctx.session.flush()
    return Written(len(nuevos), len(filas) - len(nuevos))


def _categorias(ctx: Ctx, filas: Sequence[Row]) -> dict[str, int]:
    """Return the families that rows name, by name in small letters; new ones are made."""
    nombradas = {fila.given["categoria"] for fila in filas if fila.given.get("categoria")}
    if not nombradas:
        return {}
    hay = ctx.session.execute(select(Categoria.nombre, Categoria.id))
    conocidas = {nombre.lower(): uno for nombre, uno in hay}
    nuevas = {nombre.lower(): nombre for nombre in nombradas if nombre.lower() not in conocidas}
    hechas = [Categoria(nombre=nombre) for _, nombre in sorted(nuevas.items())]
    ctx.session.add_all(hechas)
    ctx.session.flush()
    return conocidas | {una.nombre.lower(): una.id for una in hechas}


PRODUCTOS = Import(
    "productos",
    "Productos",
    ("productos.crear", "productos.editar"),
    FilaProducto,
    (
        Target("sku", "SKU", "El código con que se le conoce", ("codigo", "cod", "articulo")),
        Target("nombre", "Nombre", "", ("descripcion", "producto")),
        Target("precio", "Precio", "Con IGV o sin él, como la empresa los diga", ("precio venta",)),
        Target("costo", "Costo", "", ("costo unitario", "precio compra")),
        Target("categoria", "Categoría", "Por su nombre; se crea si falta", ("familia", "linea")),
        Target("unidad_medida", "Unidad de medida", "NIU, KGM…", ("unidad", "um")),
        Target("afectacion_igv", "Afectación al IGV", "Gravado, exonerado, inafecto", ("igv",)),
        Target("codigo_barras", "Código de barras", "", ("ean", "barras")),
        Target("permite_venta_sin_stock", "Se vende sin stock", "sí o no", ("sin stock",)),
        Target("activo", "Activo", "sí o no", ("vigente",)),
    ),
    _sku,
    revisar,
    escribir,
)
