"""What a till needs to sell, also while it has no connection. Source: módulo 1."""

from collections.abc import Mapping

from sqlalchemy import select

from addons.base.models import Configuracion, Sucursal
from addons.sales.models import ABIERTA, Caja, Cliente, MetodoPago
from addons.sales.schemas import Pos
from addons.sales.schemas.pos import (
    CajaPos,
    CajeroPos,
    ClientePos,
    EmpresaPos,
    MetodoPos,
    SucursalPos,
)
from addons.sales.services.denominaciones import denominaciones
from kernel.context import Ctx
from kernel.rbac import among

LOTES = ("GET", "/api/pos/lotes/")
"""Where an addon that keeps lots says which of them a sucursal can sell (``numero``, ``vence``)."""

SIN_DOCUMENTO = "00000000"
"""The document of the cliente to whom sales without a name are."""


def ver_pos(ctx: Ctx) -> Pos:
    """Return the user's till: open cajas, ways to pay, the company."""
    moneda = ctx.runtime.regional(ctx.session).moneda
    sucursales = _sucursales(ctx)
    return Pos(
        usuario=_cajero(ctx),
        empresa=_empresa(ctx),
        sucursales=sucursales,
        cajas=_cajas(ctx, {una.id: una.nombre for una in sucursales}),
        metodos=_metodos(ctx),
        cliente=_sin_nombre(ctx),
        moneda=moneda,
        denominaciones=denominaciones(moneda),
        lotes=LOTES in ctx.runtime.registry.addresses,
    )


def _cajero(ctx: Ctx) -> CajeroPos:
    return CajeroPos(
        id=ctx.user_id or 0,
        nombre=ctx.user.nombre if ctx.user else "",
        cambia_precio=ctx.can("ventas.cambiar_precio"),
        crea_clientes=ctx.can("clientes.crear"),
    )


def _empresa(ctx: Ctx) -> EmpresaPos | None:
    empresa = ctx.session.get(Configuracion, 1)
    if empresa is None:
        return None
    return EmpresaPos(
        nombre=empresa.nombre_comercial or empresa.razon_social,
        razon_social=empresa.razon_social,
        ruc=empresa.ruc,
        direccion=empresa.direccion,
        precios_incluyen_igv=empresa.precios_incluyen_igv,
        tasa_igv=empresa.tasa_igv,
    )


def _sucursales(ctx: Ctx) -> list[SucursalPos]:
    query = select(Sucursal).where(Sucursal.activo).order_by(Sucursal.nombre)
    permitidas = ctx.scope("sucursales")
    if permitidas is not None:
        query = query.where(among(Sucursal.id, permitidas))
    return [SucursalPos.model_validate(una) for una in ctx.session.scalars(query)]


def _cajas(ctx: Ctx, nombres: Mapping[int, str]) -> list[CajaPos]:
    query = (
        select(Caja)
        .where(Caja.usuario_id == ctx.user_id, Caja.estado == ABIERTA)
        .order_by(Caja.id.desc())
    )
    return [
        CajaPos(
            id=una.id,
            sucursal_id=una.sucursal_id,
            sucursal=nombres.get(una.sucursal_id, ""),
            fecha_apertura=una.fecha_apertura,
        )
        for una in ctx.session.scalars(query)
    ]


def _metodos(ctx: Ctx) -> list[MetodoPos]:
    query = select(MetodoPago).where(MetodoPago.activo).order_by(MetodoPago.id)
    return [MetodoPos.model_validate(uno) for uno in ctx.session.scalars(query)]


def _sin_nombre(ctx: Ctx) -> ClientePos | None:
    query = (
        select(Cliente)
        .where(Cliente.tipo_doc == "0", Cliente.numero_doc == SIN_DOCUMENTO, Cliente.activo)
        .order_by(Cliente.id)
        .limit(1)
    )
    cliente = ctx.session.scalar(query)
    return ClientePos.model_validate(cliente) if cliente is not None else None
