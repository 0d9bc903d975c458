"""Addresses of stock: what there is, what moves it by hand, what is kept. Source: módulo 2."""

from addons.inventory import schemas
from addons.inventory.models import MovimientoStock, ProductoAlmacen, ReservaStock
from addons.inventory.services import alertas, limites, movimientos, reservas
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.listing import Finish
from kernel.resource import Resource
from kernel.schemas import QueryId

STOCK = Resource(
    path="/api/inventario/stock/",
    model=ProductoAlmacen,
    modulo="stock",
    fields=(
        "id",
        "producto_id",
        "almacen_id",
        "stock_actual",
        "stock_reservado",
        "stock_minimo",
        "stock_maximo",
        "stock_seguridad",
        "ubicacion_id",
    ),
    create=schemas.LimitesNuevos,
    update=schemas.LimitesCambio,
    filters=("producto_id", "almacen_id", "stock_actual", "ubicacion_id"),
    references=(("producto_id", ("nombre", "sku", "codigo_barras")),),
    sort=("id", "producto_id", "stock_actual"),
    actions=("list", "create", "update", "export"),
    create_with=limites.crear,
    update_with=limites.revisar,
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
        "costo_unitario",
        "costo_promedio",
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
        "lote_id",
        "referencia_doc",
        "created_at",
    ),
    sort=("-id", "created_at"),
    actions=("list", "export"),
    finish=Finish(
        movimientos.nombrar_documentos, reads=("referencia_doc",), adds={"documento": str}
    ),
)

RESERVAS = Resource(
    path="/api/inventario/reservas/",
    model=ReservaStock,
    modulo="stock",
    fields=tuple(schemas.ReservaLeida.model_fields),
    filters=("producto_id", "almacen_id", "estado", "referencia_doc", "vence"),
    sort=("-id",),
    actions=("list", "detail"),
)

RESOURCES = [STOCK, MOVIMIENTOS, RESERVAS]


@endpoint("POST", "/api/inventario/entrada/", permission="stock.entrada", status=201)
def registrar_entrada(ctx: Ctx, entrada: schemas.EntradaNueva) -> schemas.MovimientoCreado:
    """Registra una entrada de mercadería."""
    return movimientos.registrar_entrada(ctx, entrada)


@endpoint("POST", "/api/inventario/salida/", permission="stock.salida", status=201)
def registrar_salida(ctx: Ctx, salida: schemas.SalidaNueva) -> schemas.MovimientoCreado:
    """Registra una salida de mercadería que no es una venta."""
    return movimientos.registrar_salida(ctx, salida)


@endpoint("POST", "/api/inventario/ajuste/", permission="stock.ajustar", status=201)
def registrar_ajuste(ctx: Ctx, ajuste: schemas.AjusteNuevo) -> schemas.MovimientoCreado:
    """Ajusta el stock a mano, con su motivo."""
    return movimientos.registrar_ajuste(ctx, ajuste)


@endpoint("GET", "/api/inventario/alertas-stock/", permission="stock.alertas")
def listar_alertas(ctx: Ctx, query: schemas.AlertasQuery) -> schemas.AlertasStock:
    """Productos en su stock mínimo o por debajo."""
    return alertas.listar(ctx, query)


@endpoint(
    "POST", "/api/inventario/reservas/", permission="stock.reservar", status=201, statuses=(422,)
)
def reservar(ctx: Ctx, nueva: schemas.ReservaNueva) -> schemas.ReservaLeida:
    """Reserva mercadería que hay en stock."""
    return reservas.reservar(ctx, nueva)


@endpoint(
    "POST",
    "/api/inventario/reservas/{id}/liberar/",
    permission="stock.reservar",
    statuses=(404, 409),
)
def liberar_reserva(ctx: Ctx, id: QueryId) -> schemas.ReservaLeida:
    """Libera lo que una reserva guarda."""
    return reservas.liberar(ctx, id)
