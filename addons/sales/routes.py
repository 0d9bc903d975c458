"""Addresses of sales. Source: spec/erp-modules.md, módulo 1."""

from addons.sales import schemas
from addons.sales.models import Caja, Categoria, Cliente, MetodoPago, Producto, Venta
from addons.sales.services import cajas, clientes, ventas
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

CLIENTES = Resource(
    path="/api/clientes/",
    model=Cliente,
    modulo="clientes",
    fields=(
        "id",
        "tipo_doc",
        "numero_doc",
        "razon_social",
        "email",
        "telefono",
        "direccion",
        "categoria",
        "limite_credito",
        "tags",
        "version",
        "created_at",
    ),
    create=schemas.ClienteNuevo,
    filters=("tipo_doc", "numero_doc", "categoria"),
    search=("razon_social", "numero_doc"),
    sort=("id", "razon_social", "created_at"),
    update_with=clientes.revisar_cambio,
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
)

METODOS_PAGO = Resource(
    path="/api/metodos-pago/",
    model=MetodoPago,
    modulo="metodos_pago",
    fields=("id", "codigo", "nombre", "es_efectivo", "activo"),
    create=schemas.MetodoPagoNuevo,
    update=schemas.MetodoPagoCambio,
    filters=("activo", "es_efectivo"),
    sort=("id", "nombre"),
    actions=("list", "detail", "create", "update"),
)

CAJAS = Resource(
    path="/api/cajas/",
    model=Caja,
    modulo="cajas",
    fields=(
        "id",
        "sucursal_id",
        "usuario_id",
        "estado",
        "monto_apertura",
        "monto_esperado",
        "monto_cierre",
        "fecha_apertura",
        "fecha_cierre",
    ),
    filters=("estado", "sucursal_id", "usuario_id", "fecha_apertura"),
    sort=("-id", "fecha_apertura"),
    actions=("list", "detail", "export"),
)

VENTAS = Resource(
    path="/api/ventas/",
    model=Venta,
    modulo="ventas",
    fields=(
        "id",
        "serie",
        "numero",
        "cliente_id",
        "usuario_id",
        "sucursal_id",
        "caja_id",
        "fecha",
        "subtotal",
        "igv",
        "total",
        "vuelto",
        "estado",
        "modo_emision",
    ),
    filters=(
        "serie",
        "numero",
        "cliente_id",
        "usuario_id",
        "sucursal_id",
        "caja_id",
        "fecha",
        "total",
        "estado",
        "modo_emision",
    ),
    sort=("-id", "fecha"),
    actions=("list", "export"),
)

RESOURCES = [CATEGORIAS, CLIENTES, PRODUCTOS, METODOS_PAGO, CAJAS, VENTAS]


@endpoint("POST", "/api/ventas/", permission="ventas.crear", status=201, statuses=(409, 422))
def crear_venta(ctx: Ctx, nueva: schemas.VentaNueva) -> schemas.VentaLeida:
    """Registra una venta."""
    return ventas.registrar_venta(ctx, nueva)


@endpoint("GET", "/api/ventas/{id}/", permission="ventas.ver")
def ver_venta(ctx: Ctx, id: QueryId) -> schemas.VentaLeida:
    """Una venta con sus líneas y pagos."""
    return ventas.ver_venta(ctx, id)


@endpoint("POST", "/api/cajas/abrir/", permission="cajas.abrir", status=201, statuses=(409,))
def abrir_caja(ctx: Ctx, apertura: schemas.AperturaCaja) -> schemas.CajaLeida:
    """Abre una caja con su monto inicial."""
    return cajas.abrir_caja(ctx, apertura)


@endpoint("POST", "/api/cajas/cerrar/", permission="cajas.cerrar", statuses=(404, 409))
def cerrar_caja(ctx: Ctx, cierre: schemas.CierreCaja) -> schemas.CajaLeida:
    """Cierra una caja con lo contado."""
    return cajas.cerrar_caja(ctx, cierre)
