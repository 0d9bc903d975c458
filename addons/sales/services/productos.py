"""Rules of products: units, and how sucursales differ. Source: spec/erp-modules.md, módulo 1."""

from sqlalchemy import select

from addons.base.models import Sucursal
from addons.sales.models import Producto, ProductoSucursal, UnidadMedida
from addons.sales.schemas import (
    EnSucursal,
    EnSucursalLeido,
    ProductoEnSucursales,
    ProductoNuevo,
    SucursalesDeProducto,
)
from kernel.context import Ctx
from kernel.errors import FieldError, Forbidden, NotFound, ValidationFailed
from kernel.messages import refused


def crear_producto(ctx: Ctx, nuevo: ProductoNuevo) -> Producto:
    """Return a new product.

    Raises:
        ValidationFailed: its unit is not of SUNAT's catalogue 03, or not in use.
    """
    comprobar_unidad(ctx, nuevo.unidad_medida)
    producto = Producto(**nuevo.model_dump(exclude_unset=True))
    ctx.session.add(producto)
    ctx.session.flush()
    return producto


def revisar_cambio(ctx: Ctx, producto: Producto, cambio: ProductoNuevo) -> None:
    """Refuse a change to a unit that doesn't exist.

    Raises:
        ValidationFailed: as ``crear_producto``.
    """
    if "unidad_medida" in cambio.model_fields_set:
        comprobar_unidad(ctx, producto.unidad_medida)


def comprobar_unidad(ctx: Ctx, codigo: str) -> None:
    """Refuse a unit that is not of SUNAT's catalogue 03, or not in use.

    Raises:
        ValidationFailed: there is none.
    """
    query = select(UnidadMedida.id).where(UnidadMedida.codigo == codigo, UnidadMedida.activo)
    with ctx.session.no_autoflush:
        conocida = ctx.session.scalar(query)
    if conocida is None:
        raise ValidationFailed(
            f"«{codigo}» no es una unidad en uso del catálogo 03 de la SUNAT, como NIU o KGM; "
            "vea /api/unidades-medida/.",
            field="unidad_medida",
            code="no_existe",
        )


def ver_sucursales(ctx: Ctx, producto_id: int) -> ProductoEnSucursales:
    """Return how sucursales differ in selling a product.

    Raises:
        NotFound: there is no such product.
    """
    if ctx.session.get(Producto, producto_id) is None:
        raise NotFound
    filas = _filas(ctx, producto_id)
    return ProductoEnSucursales(
        producto_id=producto_id,
        sucursales=[EnSucursalLeido.model_validate(una) for una in filas.values()],
    )


def poner_sucursales(
    ctx: Ctx, producto_id: int, cambio: SucursalesDeProducto
) -> ProductoEnSucursales:
    """Return how sucursales differ in selling a product, after all of it was replaced.

    Who is confined to sucursales replaces those of these only.

    Raises:
        NotFound: there is no such product.
        ValidationFailed: a sucursal doesn't exist, or stands twice.
        Forbidden: a sucursal is out of the user's reach.
    """
    if ctx.session.get(Producto, producto_id, with_for_update={"key_share": True}) is None:
        raise NotFound
    _comprobar_sucursales(ctx, cambio.sucursales)
    permitidas = ctx.scope("sucursales")
    filas = _filas(ctx, producto_id)
    pedidas = {una.sucursal_id: una for una in cambio.sucursales}
    for sucursal_id, fila in filas.items():
        if sucursal_id not in pedidas and (permitidas is None or sucursal_id in permitidas):
            ctx.session.delete(fila)
    for sucursal_id, una in sorted(pedidas.items()):
        fila = filas.get(sucursal_id) or ProductoSucursal(
            producto_id=producto_id, sucursal_id=sucursal_id
        )
        fila.activo, fila.permite_venta_sin_stock = una.activo, una.permite_venta_sin_stock
        ctx.session.add(fila)
    ctx.session.flush()
    return ver_sucursales(ctx, producto_id)


def _filas(ctx: Ctx, producto_id: int) -> dict[int, ProductoSucursal]:
    query = select(ProductoSucursal).where(ProductoSucursal.producto_id == producto_id)
    ordenadas = ctx.session.scalars(query.order_by(ProductoSucursal.sucursal_id))
    return {fila.sucursal_id: fila for fila in ordenadas}


def _comprobar_sucursales(ctx: Ctx, pedidas: list[EnSucursal]) -> None:
    conocidas = set(ctx.session.scalars(select(Sucursal.id)))
    vistas: set[int] = set()
    faults = []
    for index, una in enumerate(pedidas):
        field = f"sucursales.{index}.sucursal_id"
        if una.sucursal_id not in conocidas:
            faults.append(FieldError(field, "no_existe", "No existe una sucursal con este id."))
        elif una.sucursal_id in vistas:
            faults.append(FieldError(field, "repetida", "Esta sucursal ya está arriba."))
        vistas.add(una.sucursal_id)
    if faults:
        raise refused(faults)
    permitidas = ctx.scope("sucursales")
    ajenas = [
        una for una in pedidas if permitidas is not None and una.sucursal_id not in permitidas
    ]
    if ajenas:
        raise Forbidden("Su usuario dispone solo sobre sus sucursales.", code="lugar_ajeno")
