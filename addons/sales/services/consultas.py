"""Reading a sale, and what may still change of it: announced payments. Source: módulo 1."""

from decimal import Decimal

from sqlalchemy import select

from addons.sales.errors import SinCaja, VentaYaAnulada
from addons.sales.models import REGISTRADA, FormaPago, MetodoPago, Venta
from addons.sales.schemas import (
    LineaLeida,
    MovimientoCajaNuevo,
    PagoLeido,
    PagoVisto,
    VentaLeida,
)
from addons.sales.services import cajas
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import NotFound, ValidationFailed

VER = Statement(
    "venta_ver",
    """
    SELECT v.id, v.serie, v.numero, v.cliente_id, v.usuario_id, v.sucursal_id, v.caja_id, v.fecha,
           v.subtotal, v.igv, v.total, v.descuento_global, v.vuelto, v.monto_credito,
           v.fecha_vencimiento, v.estado, v.modo_emision, v.uuid, v.orden_id, v.motivo_anulacion,
           v.fecha_anulacion
      FROM ventas v
     WHERE v.id = %(id)s
       AND (%(sucursales)s::bigint[] IS NULL OR v.sucursal_id = ANY(%(sucursales)s))
    """,
    reads=True,
)
VER_LINEAS = Statement(
    "venta_lineas",
    """
    SELECT id, producto_id, cantidad, precio_unitario, descuento, descuento_global, subtotal, igv,
           total, lote, cantidad_devuelta, cantidad - cantidad_devuelta
      FROM detalle_venta WHERE venta_id = %(id)s ORDER BY id
    """,
    reads=True,
)
VER_PAGOS = Statement(
    "venta_pagos",
    """
    SELECT metodo, monto, referencia, confirmado
      FROM formas_pago WHERE venta_id = %(id)s ORDER BY id
    """,
    reads=True,
)


def ver_venta(ctx: Ctx, venta_id: int) -> VentaLeida:
    """Return a sale with its lines and payments.

    Raises:
        NotFound: it doesn't exist or belongs to a sucursal out of the user's reach.
    """
    permitidas = ctx.scope("sucursales")
    sucursales = None if permitidas is None else list(permitidas)
    venta = ctx.sql(VER, id=venta_id, sucursales=sucursales)
    if not venta:
        raise NotFound
    lineas = ctx.sql(VER_LINEAS, id=venta_id)
    pagos = ctx.sql(VER_PAGOS, id=venta_id)
    nombres = list(VentaLeida.model_fields)[:-2]
    return VentaLeida.model_construct(
        **dict(zip(nombres, venta[0], strict=True)),
        detalle=[
            LineaLeida.model_construct(**dict(zip(LineaLeida.model_fields, row, strict=True)))
            for row in lineas
        ],
        formas_pago=[
            PagoLeido.model_construct(**dict(zip(PagoLeido.model_fields, row, strict=True)))
            for row in pagos
        ],
    )


def tomar_venta(ctx: Ctx, venta_id: int) -> Venta:
    """Return a registered sale, kept from others who would undo it.

    Raises:
        NotFound: it doesn't exist or is out of the user's reach.
        VentaYaAnulada: it was annulled.
    """
    query = select(Venta).where(Venta.id == venta_id).with_for_update()
    venta = ctx.session.scalars(query).one_or_none()
    if venta is None:
        raise NotFound
    if venta.estado != REGISTRADA:
        raise VentaYaAnulada(f"La venta ya se anuló: {venta.motivo_anulacion}.")
    return venta


def confirmar_pago(ctx: Ctx, venta_id: int, visto: PagoVisto) -> VentaLeida:
    """Return the sale, its announced payments by a method having arrived.

    Cash counts in the sale's caja as long as that is open, and then comes into another one.

    Raises:
        NotFound, VentaYaAnulada: see ``tomar_venta``.
        ValidationFailed: no payment by this method is awaited.
        SinCaja: it is cash, and no open caja is there to take it.
    """
    venta = tomar_venta(ctx, venta_id)
    query = select(FormaPago).where(
        FormaPago.venta_id == venta.id,
        FormaPago.metodo == visto.metodo,
        FormaPago.confirmado.is_(False),
    )
    pagos = ctx.session.scalars(query).all()
    if not pagos:
        raise ValidationFailed(
            f"La venta no espera un pago con «{visto.metodo}».", field="metodo", code="no_existe"
        )
    monto = sum((pago.monto for pago in pagos), Decimal("0.00"))
    _cobrar(ctx, venta, visto, monto)
    for pago in pagos:
        pago.confirmado = True
        pago.referencia = visto.referencia or pago.referencia
    ctx.session.flush()
    hecho = {"metodo": visto.metodo, "monto": monto}
    ctx.audit("confirmar_pago", "ventas", venta.id, despues=hecho, modulo="sales")
    return ver_venta(ctx, venta.id)


def _cobrar(ctx: Ctx, venta: Venta, visto: PagoVisto, monto: Decimal) -> None:
    """Put cash that arrived into a caja; that of the sale counts it by itself."""
    efectivo = select(MetodoPago.es_efectivo).where(MetodoPago.codigo == visto.metodo)
    if not ctx.session.scalar(efectivo):
        return
    caja = cajas.caja_de(ctx, venta, visto.caja_id)
    if caja is None:
        text = "Es efectivo: abra una caja en la sucursal, o diga cuál lo recibe."
        raise SinCaja(text, field="caja_id")
    if caja.id != venta.caja_id:
        motivo = f"Pago de la venta {venta.serie}-{venta.numero}"
        ingreso = MovimientoCajaNuevo(
            tipo="ingreso", monto=monto, motivo=motivo, metodo=visto.metodo
        )
        cajas.mover_efectivo(ctx, caja.id, ingreso)
