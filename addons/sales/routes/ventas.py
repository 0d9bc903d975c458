"""Addresses of sales and of what undoes them. Source: spec/erp-modules.md, módulo 1."""

from addons.sales import schemas
from addons.sales.models import Devolucion, Venta
from addons.sales.services import consultas, devoluciones, ventas
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId
from kernel.translations import later

VENTAS = Resource(
    path="/api/ventas/",
    model=Venta,
    modulo="ventas",
    mention=("venta", later("Venta")),
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
        "descuento_global",
        "vuelto",
        "monto_credito",
        "fecha_vencimiento",
        "estado",
        "modo_emision",
        "orden_id",
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
        "monto_credito",
        "fecha_vencimiento",
        "estado",
        "modo_emision",
        "orden_id",
    ),
    named=("serie", "numero"),
    references=(
        ("cliente_id", ("razon_social", "numero_doc")),
        ("usuario_id", ("nombre",)),
        ("sucursal_id", ("nombre",)),
    ),
    sort=("-id", "fecha"),
    actions=("list", "export"),
)

DEVOLUCIONES = Resource(
    path="/api/devoluciones/",
    model=Devolucion,
    modulo="ventas",
    fields=(
        "id",
        "numero",
        "venta_id",
        "usuario_id",
        "sucursal_id",
        "fecha",
        "motivo",
        "subtotal",
        "igv",
        "total",
        "monto_credito",
    ),
    filters=("venta_id", "sucursal_id", "usuario_id", "fecha", "total"),
    search=("motivo",),
    sort=("-id", "fecha"),
    actions=("list", "export"),
)

RESOURCES = [VENTAS, DEVOLUCIONES]


@endpoint(
    "POST",
    "/api/ventas/",
    permission="ventas.crear",
    status=201,
    statuses=(409, 422),
    presumes=True,
)
def crear_venta(ctx: Ctx, nueva: schemas.VentaNueva) -> schemas.VentaLeida:
    """Registra una venta."""
    return ventas.registrar_venta(ctx, nueva)


@endpoint("GET", "/api/ventas/{id}/", permission="ventas.ver")
def ver_venta(ctx: Ctx, id: QueryId) -> schemas.VentaLeida:
    """Una venta con sus líneas y pagos."""
    return consultas.ver_venta(ctx, id)


@endpoint("POST", "/api/ventas/{id}/anular/", permission="ventas.anular", statuses=(404, 409, 422))
def anular_venta(ctx: Ctx, id: QueryId, anulacion: schemas.Anulacion) -> schemas.VentaLeida:
    """Anula una venta: lo vendido vuelve al stock y el dinero al cliente."""
    return devoluciones.anular_venta(ctx, id, anulacion)


@endpoint(
    "POST",
    "/api/ventas/{id}/devoluciones/",
    permission="ventas.devolver",
    status=201,
    statuses=(404, 409, 422),
)
def devolver(ctx: Ctx, id: QueryId, nueva: schemas.DevolucionNueva) -> schemas.DevolucionLeida:
    """Recibe de vuelta una parte de una venta."""
    return devoluciones.devolver(ctx, id, nueva)


@endpoint(
    "POST", "/api/devoluciones/", permission="ventas.devolver", status=201, statuses=(404, 409, 422)
)
def devolver_productos(ctx: Ctx, nueva: schemas.DevolucionDeVenta) -> schemas.DevolucionLeida:
    """Recibe de vuelta productos de una venta."""
    return devoluciones.devolver_productos(ctx, nueva)


@endpoint("GET", "/api/devoluciones/{id}/", permission="ventas.ver")
def ver_devolucion(ctx: Ctx, id: QueryId) -> schemas.DevolucionLeida:
    """Una devolución con sus líneas y lo que se devolvió."""
    return devoluciones.ver_devolucion(ctx, id)


@endpoint(
    "POST",
    "/api/ventas/{id}/confirmar-pago/",
    permission="ventas.confirmar_pago",
    statuses=(404, 409, 422),
)
def confirmar_pago(ctx: Ctx, id: QueryId, visto: schemas.PagoVisto) -> schemas.VentaLeida:
    """Confirma que llegó un pago anunciado de una venta."""
    return consultas.confirmar_pago(ctx, id, visto)
