"""Addresses of customers. Source: spec/erp-modules.md, módulo 1."""

from addons.sales import schemas
from addons.sales.models import Cliente
from addons.sales.services import cajas, clientes, creditos
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.resource import Resource
from kernel.schemas import QueryId

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
        "dias_credito",
        "saldo_credito",
        "lista_precio_id",
        "tags",
        "activo",
        "version",
        "created_at",
    ),
    create=schemas.ClienteNuevo,
    filters=("tipo_doc", "numero_doc", "categoria", "activo", "saldo_credito", "lista_precio_id"),
    search=("razon_social", "numero_doc"),
    sort=("id", "razon_social", "created_at"),
    create_with=clientes.crear_cliente,
    update_with=clientes.revisar_cambio,
)


@endpoint("GET", "/api/clientes/buscar/", permission="clientes.ver")
def buscar_clientes(ctx: Ctx, busqueda: schemas.BusquedaCliente) -> schemas.ClientesHallados:
    """Clientes activos cuyas palabras o documento empiezan con lo escrito."""
    return clientes.buscar_clientes(ctx, busqueda)


@endpoint("GET", "/api/clientes/{id}/credito/", permission="clientes.ver")
def ver_credito(ctx: Ctx, id: QueryId) -> schemas.CreditoLeido:
    """Lo que un cliente debe y puede deber, con sus últimas ventas al crédito."""
    return creditos.ver_credito(ctx, id)


@endpoint(
    "POST",
    "/api/clientes/{id}/abonos/",
    permission="clientes.abonar",
    status=201,
    statuses=(404, 409, 422),
)
def abonar(ctx: Ctx, id: QueryId, abono: schemas.AbonoNuevo) -> schemas.AbonoLeido:
    """Recibe en una caja lo que un cliente paga de su deuda."""
    return cajas.abonar(ctx, id, abono)
