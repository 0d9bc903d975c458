"""Addresses of cajas and ways to pay. Source: spec/erp-modules.md, módulo 1."""

from addons.sales import schemas
from addons.sales.models import Arqueo, Caja, MetodoPago, MovimientoCaja
from addons.sales.services import cajas, papeles
from kernel import pdf
from kernel.answers import Outcome
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId

METODOS_PAGO = Resource(
    path="/api/metodos-pago/",
    model=MetodoPago,
    modulo="metodos_pago",
    fields=("id", "codigo", "nombre", "es_efectivo", "es_credito", "activo"),
    create=schemas.MetodoPagoNuevo,
    update=schemas.MetodoPagoCambio,
    filters=("activo", "es_efectivo", "es_credito"),
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
        "numero_z",
    ),
    filters=("estado", "sucursal_id", "usuario_id", "fecha_apertura", "numero_z"),
    named=("id",),
    references=(("usuario_id", ("nombre",)), ("sucursal_id", ("nombre",))),
    sort=("-id", "fecha_apertura"),
    actions=("list", "detail", "export"),
)

MOVIMIENTOS = Resource(
    path="/api/movimientos-caja/",
    model=MovimientoCaja,
    modulo="cajas",
    fields=(
        "id",
        "caja_id",
        "sucursal_id",
        "usuario_id",
        "tipo",
        "metodo",
        "monto",
        "motivo",
        "referencia",
        "cliente_id",
        "fecha",
    ),
    filters=("caja_id", "sucursal_id", "tipo", "metodo", "cliente_id", "fecha"),
    search=("motivo",),
    sort=("-id", "fecha"),
    actions=("list", "detail", "export"),
)

ARQUEOS = Resource(
    path="/api/arqueos/",
    model=Arqueo,
    modulo="cajas",
    fields=(
        "id",
        "caja_id",
        "sucursal_id",
        "usuario_id",
        "tipo",
        "monto_esperado",
        "monto_contado",
        "detalle",
        "observacion",
        "fecha",
    ),
    filters=("caja_id", "sucursal_id", "tipo", "fecha", "monto_esperado", "monto_contado"),
    sort=("-id", "fecha"),
    actions=("list", "export"),
)

RESOURCES = [METODOS_PAGO, CAJAS, MOVIMIENTOS, ARQUEOS]


@endpoint("POST", "/api/cajas/abrir/", permission="cajas.abrir", status=201, statuses=(409,))
def abrir_caja(ctx: Ctx, apertura: schemas.AperturaCaja) -> schemas.CajaLeida:
    """Abre una caja con su monto inicial."""
    return cajas.abrir_caja(ctx, apertura)


@endpoint("POST", "/api/cajas/cerrar/", permission="cajas.cerrar", statuses=(404, 409))
def cerrar_caja(ctx: Ctx, cierre: schemas.CierreCaja) -> schemas.CajaLeida:
    """Cierra una caja con lo contado y emite su reporte Z."""
    return cajas.cerrar_caja(ctx, cierre)


@endpoint(
    "POST",
    "/api/cajas/{id}/movimientos/",
    permission="cajas.mover",
    status=201,
    statuses=(404, 409, 422),
)
def mover_efectivo(
    ctx: Ctx, id: QueryId, nuevo: schemas.MovimientoCajaNuevo
) -> schemas.MovimientoCajaLeido:
    """Anota dinero que entra a la caja o sale de ella sin ser una venta."""
    return cajas.mover_efectivo(ctx, id, nuevo)


@endpoint(
    "POST",
    "/api/cajas/{id}/arqueos/",
    permission="cajas.cerrar",
    status=201,
    statuses=(404, 409),
)
def arquear(ctx: Ctx, id: QueryId, conteo: schemas.Conteo) -> schemas.ArqueoLeido:
    """Cuenta una caja abierta y dice la diferencia."""
    return cajas.arquear(ctx, id, conteo)


@endpoint("GET", "/api/arqueos/{id}/", permission="cajas.ver")
def ver_arqueo(ctx: Ctx, id: QueryId) -> schemas.ArqueoVisto:
    """Un arqueo con sus billetes y monedas."""
    return cajas.ver_arqueo(ctx, id)


@endpoint("GET", "/api/cajas/{id}/reporte-z/", permission="cajas.ver")
def ver_reporte_z(ctx: Ctx, id: QueryId) -> schemas.ReporteZ:
    """El reporte Z de una caja cerrada, o lo que lleva una abierta."""
    return cajas.ver_reporte(ctx, id)


@endpoint(
    "GET",
    "/api/cajas/{id}/reporte-z/pdf/",
    permission="cajas.ver",
    files=(pdf.MEDIA,),
    statuses=(404, *pdf.STATUSES),
)
def descargar_reporte_z(ctx: Ctx, id: QueryId) -> Outcome:
    """El reporte Z de una caja en PDF."""
    return pdf.download(ctx, *papeles.papel_de_reporte_z(ctx, id))
