"""Addresses of products, units and prices. Source: spec/erp-modules.md, módulo 1."""

from addons.sales import schemas
from addons.sales.models import Categoria, ListaPrecio, Precio, Producto, UnidadMedida
from addons.sales.services import productos
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId

CATEGORIAS = Resource(
    path="/api/categorias/",
    model=Categoria,
    modulo="productos",
    fields=("id", "nombre"),
    create=schemas.CategoriaNueva,
    search=("nombre",),
    sort=("id", "nombre"),
)

UNIDADES = Resource(
    path="/api/unidades-medida/",
    model=UnidadMedida,
    modulo="productos",
    fields=("id", "codigo", "nombre", "activo"),
    update=schemas.UnidadCambio,
    filters=("codigo", "activo"),
    search=("nombre", "codigo"),
    sort=("id", "codigo", "nombre"),
    actions=("list", "detail", "update"),
)

PRODUCTOS = Resource(
    path="/api/productos/",
    model=Producto,
    modulo="productos",
    fields=(
        "id",
        "sku",
        "nombre",
        "precio",
        "costo",
        "stock_actual",
        "permite_venta_sin_stock",
        "unidad_medida",
        "afectacion_igv",
        "codigo_barras",
        "categoria_id",
        "activo",
        "version",
    ),
    create=schemas.ProductoNuevo,
    filters=("sku", "codigo_barras", "categoria_id", "activo", "precio", "costo", "stock_actual"),
    search=("nombre", "sku", "codigo_barras"),
    sort=("id", "nombre", "sku", "precio", "stock_actual"),
    create_with=productos.crear_producto,
    update_with=productos.revisar_cambio,
)

LISTAS = Resource(
    path="/api/listas-precio/",
    model=ListaPrecio,
    modulo="listas_precio",
    fields=("id", "nombre", "activo", "version"),
    create=schemas.ListaPrecioNueva,
    filters=("activo",),
    search=("nombre",),
    sort=("id", "nombre"),
)

PRECIOS = Resource(
    path="/api/precios/",
    model=Precio,
    modulo="listas_precio",
    fields=("id", "lista_id", "producto_id", "cantidad_minima", "precio"),
    create=schemas.PrecioNuevo,
    filters=("lista_id", "producto_id"),
    sort=("id", "producto_id"),
)

RESOURCES = [CATEGORIAS, UNIDADES, PRODUCTOS, LISTAS, PRECIOS]


@endpoint("GET", "/api/productos/{id}/sucursales/", permission="productos.ver")
def ver_sucursales(ctx: Ctx, id: QueryId) -> schemas.ProductoEnSucursales:
    """En qué difieren las sucursales al vender un producto."""
    return productos.ver_sucursales(ctx, id)


@endpoint("PUT", "/api/productos/{id}/sucursales/", permission="productos.editar")
def poner_sucursales(
    ctx: Ctx, id: QueryId, cambio: schemas.SucursalesDeProducto
) -> schemas.ProductoEnSucursales:
    """Reemplaza en qué difieren las sucursales al vender un producto."""
    return productos.poner_sucursales(ctx, id, cambio)
