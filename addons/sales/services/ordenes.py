"""Orders: from an offer or without one, sold once, or annulled. Source: módulo 1."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from addons.sales.errors import OrdenCerrada
from addons.sales.models import (
    ANULADA,
    ATENDIDA,
    CONFIRMADA,
    CONVERTIDA,
    Cotizacion,
    DetalleCotizacion,
    DetalleOrdenVenta,
    OrdenVenta,
    Venta,
)
from addons.sales.schemas import (
    LineaNueva,
    LineaOfrecida,
    LineaPedida,
    MotivoAnulacion,
    OrdenLeida,
    OrdenNueva,
    OrdenVentaCerrada,
    OrdenVentaConfirmada,
    PagoNuevo,
    VentaDeOrden,
    VentaEnCaja,
    VentaLeida,
)
from addons.sales.services.cotizaciones import (
    Pedido,
    columnas_de,
    lineas_de,
    ofrecer,
    tomar_cotizacion,
)
from addons.sales.services.ventas import Origen, anunciar_venta, escribir_venta
from kernel.context import Ctx
from kernel.errors import FieldError, NotFound
from kernel.messages import refused

DE_LA_LINEA = (
    "producto_id",
    "cantidad",
    "precio",
    "descuento",
    "descuento_global",
    "subtotal",
    "igv",
    "total",
)
DEL_DOCUMENTO = (
    "cliente_id",
    "sucursal_id",
    "subtotal",
    "igv",
    "total",
    "descuento_global",
    "observaciones",
)


def convertir_cotizacion(ctx: Ctx, cotizacion_id: int) -> OrdenLeida:
    """Return the order that an offer became, at the prices that were offered.

    Raises:
        NotFound, CotizacionVencida, CotizacionCerrada: see ``tomar_cotizacion``.
    """
    cotizacion = tomar_cotizacion(ctx, cotizacion_id)
    query = select(DetalleCotizacion).where(DetalleCotizacion.cotizacion_id == cotizacion.id)
    lineas = ctx.session.scalars(query.order_by(DetalleCotizacion.id)).all()
    cotizacion.estado = CONVERTIDA
    return _confirmar(
        ctx,
        {name: getattr(cotizacion, name) for name in DEL_DOCUMENTO},
        [{name: getattr(una, name) for name in DE_LA_LINEA} for una in lineas],
        cotizacion,
    )


def crear_orden(ctx: Ctx, nueva: OrdenNueva) -> OrdenLeida:
    """Return an order without an offer before it.

    Raises:
        ValidationFailed, Forbidden: see ``ofrecer``.
    """
    pedido = Pedido(nueva.cliente_id, nueva.sucursal_id, nueva.detalle, nueva.descuento_global)
    valor = ofrecer(ctx, pedido)
    documento = {
        "cliente_id": nueva.cliente_id,
        "sucursal_id": nueva.sucursal_id,
        "observaciones": nueva.observaciones,
        **columnas_de(valor, nueva.descuento_global),
    }
    return _confirmar(ctx, documento, lineas_de(nueva.detalle, valor))


def _confirmar(
    ctx: Ctx,
    documento: dict[str, Any],
    lineas: Iterable[dict[str, Any]],
    cotizacion: Cotizacion | None = None,
) -> OrdenLeida:
    orden = OrdenVenta(
        numero=ctx.next_number("orden_venta"),
        cotizacion_id=None if cotizacion is None else cotizacion.id,
        vendedor_id=ctx.user_id,
        fecha_confirmacion=ctx.now,
        **documento,
    )
    ctx.session.add(orden)
    ctx.session.flush()
    ctx.session.add_all(DetalleOrdenVenta(orden_id=orden.id, **columnas) for columnas in lineas)
    ctx.session.flush()
    pedidas = tuple(
        LineaPedida(una.producto_id, una.cantidad, f"detalle.{index}.cantidad")
        for index, una in enumerate(_lineas(ctx, orden))
    )
    ctx.publish(OrdenVentaConfirmada(orden.id, orden.sucursal_id, pedidas))
    return leer(ctx, orden)


def vender_orden(ctx: Ctx, orden_id: int, venta: VentaDeOrden) -> VentaLeida:
    """Return the sale of an order, at its prices; what was kept for it is free right before.

    Raises:
        NotFound: it doesn't exist or is out of the user's reach.
        OrdenCerrada: it was sold or annulled.
        ValidationFailed: nobody says how it is paid, or says it twice.
        DomainError: whatever ``registrar_venta`` refuses; the order stays as it was.
    """
    orden = _tomar(ctx, orden_id)
    nueva = VentaEnCaja(
        cliente_id=orden.cliente_id,
        sucursal_id=orden.sucursal_id,
        caja_id=venta.caja_id,
        modo_emision=venta.modo_emision,
        detalle=[
            LineaNueva(
                producto_id=una.producto_id,
                cantidad=una.cantidad,
                precio_unitario=una.precio,
                descuento=una.descuento,
            )
            for una in _lineas(ctx, orden)
        ],
        descuento_global=orden.descuento_global,
        formas_pago=_pagos(orden, venta),
        fecha_vencimiento=venta.fecha_vencimiento,
        uuid=venta.uuid,
    )
    escrita = escribir_venta(ctx, nueva, Origen(orden_id=orden.id))
    _cerrar(ctx, orden, ATENDIDA)  # lets go of its goods, which are locked last
    return anunciar_venta(ctx, escrita)


def _pagos(orden: OrdenVenta, venta: VentaDeOrden) -> list[PagoNuevo]:
    """Return how an order is paid, as it was said or all of it by one way."""
    if venta.formas_pago and venta.metodo is None:
        return venta.formas_pago
    if venta.formas_pago or venta.metodo is None or not orden.total:
        text = "Diga con qué se paga: las formas de pago, o un solo método."
        raise refused([FieldError("formas_pago", "pago", text)])
    return [PagoNuevo(metodo=venta.metodo, monto=orden.total, referencia=venta.referencia)]


def anular_orden(ctx: Ctx, orden_id: int, anulacion: MotivoAnulacion) -> OrdenLeida:
    """Return the order, annulled; nothing is kept for it any more.

    Raises:
        NotFound: it doesn't exist or is out of the user's reach.
        OrdenCerrada: it was sold or annulled.
    """
    orden = _tomar(ctx, orden_id)
    orden.motivo_anulacion = anulacion.motivo
    _cerrar(ctx, orden, ANULADA)
    return leer(ctx, orden)


def _tomar(ctx: Ctx, orden_id: int) -> OrdenVenta:
    query = select(OrdenVenta).where(OrdenVenta.id == orden_id).with_for_update()
    orden = ctx.session.scalars(query).one_or_none()
    if orden is None:
        raise NotFound
    if orden.estado != CONFIRMADA:
        raise OrdenCerrada(f"La orden está {orden.estado}; ya no cambia.")
    return orden


def _cerrar(ctx: Ctx, orden: OrdenVenta, estado: str) -> None:
    orden.estado = estado
    ctx.session.flush()
    ctx.publish(OrdenVentaCerrada(orden.id, orden.sucursal_id, estado))


def ver_orden(ctx: Ctx, orden_id: int) -> OrdenLeida:
    """Return an order with its lines.

    Raises:
        NotFound: it doesn't exist or is out of the user's reach.
    """
    orden = ctx.session.get(OrdenVenta, orden_id)
    if orden is None:
        raise NotFound
    return leer(ctx, orden)


def leer(ctx: Ctx, orden: OrdenVenta) -> OrdenLeida:
    """Return an order as its answer."""
    ctx.session.refresh(orden)
    venta = ctx.session.scalar(select(Venta.id).where(Venta.orden_id == orden.id))
    hechos = set(OrdenLeida.model_fields) - {"detalle", "venta_id"}
    return OrdenLeida(
        **{name: getattr(orden, name) for name in hechos},
        venta_id=venta,
        detalle=[LineaOfrecida.model_validate(una) for una in _lineas(ctx, orden)],
    )


def _lineas(ctx: Ctx, orden: OrdenVenta) -> list[DetalleOrdenVenta]:
    query = select(DetalleOrdenVenta).where(DetalleOrdenVenta.orden_id == orden.id)
    return list(ctx.session.scalars(query.order_by(DetalleOrdenVenta.id)))
