"""Addresses of inventory. Source: spec/erp-modules.md, módulo 2."""

from addons.inventory import schemas, services
from addons.inventory.models import Almacen, MovimientoStock, ProductoAlmacen
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId

ALMACENES = Resource(
    path="/api/almacenes/",
    model=Almacen,
    modulo="almacenes",
    fields=("id", "nombre", "tipo", "sucursal_id", "activo", "version", "created_at"),
    create=schemas.AlmacenNuevo,
    filters=("sucursal_id", "tipo", "activo"),
    search=("nombre",),
    sort=("id", "nombre"),
)

STOCK = Resource(
    path="/api/inventario/stock/",
    model=ProductoAlmacen,
    modulo="stock",
    fields=(
        "id",
        "producto_id",
        "almacen_id",
        "stock_actual",
        "stock_minimo",
        "stock_maximo",
        "stock_seguridad",
    ),
    filters=("producto_id", "almacen_id", "stock_actual"),
    sort=("id", "producto_id", "stock_actual"),
    actions=("list", "export"),
)

MOVIMIENTOS = Resource(
    path="/api/inventario/movimientos/",
    model=MovimientoStock,
    modulo="stock",
    fields=(
        "id",
        "producto_id",
        "almacen_origen_id",
        "almacen_destino_id",
        "tipo_movimiento",
        "cantidad",
        "motivo",
        "usuario_id",
        "lote_id",
        "referencia_doc",
        "created_at",
    ),
    filters=(
        "producto_id",
        "almacen_origen_id",
        "almacen_destino_id",
        "tipo_movimiento",
        "referencia_doc",
        "created_at",
    ),
    sort=("-id", "created_at"),
    actions=("list", "export"),
)

RESOURCES = [ALMACENES, STOCK, MOVIMIENTOS]


@endpoint("POST", "/api/inventario/entrada/", permission="stock.entrada", status=201)
def registrar_entrada(ctx: Ctx, entrada: schemas.EntradaNueva) -> schemas.MovimientoCreado:
    """Registra una entrada de mercadería."""
    return services.registrar_entrada(ctx, entrada)


@endpoint("GET", "/api/usuarios/{id}/almacenes/", permission="usuarios.ver")
def ver_almacenes_de_usuario(ctx: Ctx, id: QueryId) -> schemas.AlmacenesDelUsuario:
    """Los almacenes asignados a un usuario."""
    return services.ver_almacenes(ctx, id)


@endpoint("PUT", "/api/usuarios/{id}/almacenes/", permission="usuarios.editar")
def poner_almacenes_de_usuario(
    ctx: Ctx, id: QueryId, cambio: schemas.AlmacenesCambio
) -> schemas.AlmacenesDelUsuario:
    """Limita a un usuario a estos almacenes; ninguno: los de sus sucursales."""
    return services.poner_almacenes(ctx, id, cambio)
