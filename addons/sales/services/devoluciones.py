"""Annulling a sale, and goods that come back. Source: spec/erp-modules.md, módulo 1."""

from decimal import Decimal

from sqlalchemy import func, select

from addons.sales.errors import DevolucionExcede, NadaPorDevolver
from addons.sales.models import (
    ANULADA,
    DetalleDevolucion,
    DetalleVenta,
    Devolucion,
    FormaPago,
    MetodoPago,
    Reembolso,
    Venta,
)
from addons.sales.schemas import (
    Anulacion,
    DevolucionDeVenta,
    DevolucionLeida,
    DevolucionNueva,
    DevolucionRegistrada,
    LineaDevolucion,
    LineaDevuelta,
    LineaDevueltaLeida,
    ReembolsoLeido,
    VentaAnulada,
    VentaLeida,
)
from addons.sales.services.consultas import tomar_venta, ver_venta
from addons.sales.services.importes import CERO, Importe, parte_devuelta
from addons.sales.services.reembolsos import Modo, reembolsar
from kernel.context import Ctx
from kernel.errors import Conflict, FieldError, NotFound
from kernel.messages import refused


def anular_venta(ctx: Ctx, venta_id: int, anulacion: Anulacion) -> VentaLeida:
    """Return the sale, annulled: its goods are back in stock, its money is given back.

    What came back before stays as it is; an announced payment that did not arrive is not given
    back.

    Raises:
        NotFound, VentaYaAnulada: see ``tomar_venta``.
        NadaPorDevolver: everything came back before.
        SinCaja, EfectivoInsuficiente: see ``reembolsar``.
    """
    venta = tomar_venta(ctx, venta_id)
    pendientes = [una for una in _lineas(ctx, venta) if una.cantidad_devuelta < una.cantidad]
    if not pendientes:
        raise NadaPorDevolver("Todo lo de esta venta ya volvió; no queda qué anular.")
    monto = venta.total - _devuelto(ctx, venta) - _sin_confirmar(ctx, venta)
    reembolsar(ctx, venta, max(monto, CERO), Modo(caja_id=anulacion.caja_id))
    venta.estado = ANULADA
    venta.motivo_anulacion = anulacion.motivo
    venta.fecha_anulacion = ctx.now
    ctx.session.flush()
    hecho = {"estado": ANULADA, "motivo_anulacion": anulacion.motivo, "total": venta.total}
    ctx.audit("anular", "ventas", venta.id, despues=hecho, modulo="sales")
    ctx.publish(
        VentaAnulada(
            venta.id,
            venta.sucursal_id,
            venta.total,
            anulacion.motivo,
            tuple(
                LineaDevuelta(
                    una.producto_id, una.cantidad - una.cantidad_devuelta, "venta", una.id
                )
                for una in pendientes
            ),
        )
    )
    ctx.enqueue("sales.notificar_venta", venta_id=venta.id)
    return ver_venta(ctx, venta.id)


def devolver(ctx: Ctx, venta_id: int, nueva: DevolucionNueva) -> DevolucionLeida:
    """Return what came back of a sale, and how its worth was given back.

    Raises:
        NotFound, VentaYaAnulada: see ``tomar_venta``.
        ValidationFailed: a line is not the sale's, or stands twice.
        DevolucionExcede: more would come back than is still out; every such line is named.
        Conflict: a payment of the sale is announced and has not arrived.
        SinCaja, EfectivoInsuficiente: see ``reembolsar``.
    """
    venta = tomar_venta(ctx, venta_id)
    if _sin_confirmar(ctx, venta):
        raise Conflict(
            "Un pago de esta venta aún no llegó: confírmelo, o anule la venta.",
            code="pago_sin_confirmar",
        )
    vendidas = {una.id: una for una in _lineas(ctx, venta)}
    _comprobar(nueva, vendidas)
    devolucion = _escribir(ctx, venta, nueva, vendidas)
    dados = reembolsar(
        ctx, venta, devolucion.total, Modo(nueva.metodo, nueva.caja_id, devolucion.id)
    )
    creditos = set(ctx.session.scalars(select(MetodoPago.codigo).where(MetodoPago.es_credito)))
    devolucion.monto_credito = sum((uno.monto for uno in dados if uno.metodo in creditos), CERO)
    ctx.session.flush()
    ctx.publish(
        DevolucionRegistrada(
            devolucion.id,
            venta.id,
            venta.sucursal_id,
            devolucion.total,
            nueva.motivo,
            tuple(
                LineaDevuelta(
                    vendidas[linea.detalle_id].producto_id,
                    linea.cantidad,
                    f"lineas.{index}.cantidad",
                    linea.detalle_id,
                )
                for index, linea in enumerate(nueva.lineas)
                if linea.reingresa
            ),
        )
    )
    ctx.enqueue("sales.notificar_venta", venta_id=venta.id)
    return ver_devolucion(ctx, devolucion.id)


def devolver_productos(ctx: Ctx, nueva: DevolucionDeVenta) -> DevolucionLeida:
    """Return what came back of a sale, told by products: of several lines, the first ones first.

    Raises:
        ValidationFailed: there is no such sale within reach, or a product is not of it.
        DevolucionExcede: more of a product would come back than is still out.
        DomainError: as ``devolver``.
    """
    try:
        venta = tomar_venta(ctx, nueva.venta_id)
    except NotFound as error:
        raise refused([FieldError("venta_id", "no_existe", error.message)]) from None
    lineas = _repartir(nueva, _lineas(ctx, venta))
    entera = DevolucionNueva(
        motivo=nueva.motivo, lineas=lineas, metodo=nueva.metodo, caja_id=nueva.caja_id
    )
    return devolver(ctx, venta.id, entera)


def _repartir(nueva: DevolucionDeVenta, vendidas: list[DetalleVenta]) -> list[LineaDevolucion]:
    """Return the lines of a sale that products come back of."""
    quedan = {una.id: una.cantidad - una.cantidad_devuelta for una in vendidas}
    tomadas: dict[int, LineaDevolucion] = {}
    ajenas, excesos = [], []
    for index, pedida in enumerate(nueva.lineas):
        suyas = [una for una in vendidas if una.producto_id == pedida.producto_id]
        resto = pedida.cantidad
        if not suyas or any(una.id in tomadas for una in suyas):
            text = "Este producto ya está arriba." if suyas else "No es un producto de la venta."
            ajenas.append(FieldError(f"lineas.{index}.producto_id", "no_existe", text))
            continue
        for una in suyas:
            vuelve = min(resto, quedan[una.id])
            if vuelve > 0:
                tomadas[una.id] = LineaDevolucion(
                    detalle_id=una.id, cantidad=vuelve, reingresa=not pedida.malogrado
                )
                resto -= vuelve
        if resto > 0:
            text = f"Quedan {(pedida.cantidad - resto).normalize():f}."
            excesos.append(FieldError(f"lineas.{index}.cantidad", DevolucionExcede.code, text))
    if ajenas:
        raise refused(ajenas)
    if excesos:
        raise DevolucionExcede("No puede volver más de lo que salió.", errors=excesos)
    return list(tomadas.values())


def ver_devolucion(ctx: Ctx, devolucion_id: int) -> DevolucionLeida:
    """Return what came back, with its lines and how its worth was given back.

    Raises:
        NotFound: it doesn't exist or is out of the user's reach.
    """
    devolucion = ctx.session.get(Devolucion, devolucion_id)
    if devolucion is None:
        raise NotFound
    lineas = select(DetalleDevolucion).where(DetalleDevolucion.devolucion_id == devolucion_id)
    dados = select(Reembolso).where(Reembolso.devolucion_id == devolucion_id)
    hechos = set(DevolucionLeida.model_fields) - {"lineas", "reembolsos"}
    return DevolucionLeida(
        **{name: getattr(devolucion, name) for name in hechos},
        lineas=[
            LineaDevueltaLeida.model_validate(una)
            for una in ctx.session.scalars(lineas.order_by(DetalleDevolucion.id))
        ],
        reembolsos=[
            ReembolsoLeido.model_validate(uno)
            for uno in ctx.session.scalars(dados.order_by(Reembolso.id))
        ],
    )


def _lineas(ctx: Ctx, venta: Venta) -> list[DetalleVenta]:
    query = select(DetalleVenta).where(DetalleVenta.venta_id == venta.id).order_by(DetalleVenta.id)
    return list(ctx.session.scalars(query))


def _devuelto(ctx: Ctx, venta: Venta) -> Decimal:
    query = select(func.sum(Devolucion.total)).where(Devolucion.venta_id == venta.id)
    return ctx.session.scalar(query) or CERO


def _sin_confirmar(ctx: Ctx, venta: Venta) -> Decimal:
    query = select(func.sum(FormaPago.monto)).where(
        FormaPago.venta_id == venta.id, FormaPago.confirmado.is_(False)
    )
    return ctx.session.scalar(query) or CERO


def _comprobar(nueva: DevolucionNueva, vendidas: dict[int, DetalleVenta]) -> None:
    faults, vistas = [], set()
    for index, linea in enumerate(nueva.lineas):
        field = f"lineas.{index}.detalle_id"
        if linea.detalle_id not in vendidas:
            faults.append(FieldError(field, "no_existe", "Esta línea no es de la venta."))
        elif linea.detalle_id in vistas:
            faults.append(FieldError(field, "repetida", "Esta línea ya está arriba."))
        vistas.add(linea.detalle_id)
    if faults:
        raise refused(faults)
    for index, linea in enumerate(nueva.lineas):
        vendida = vendidas[linea.detalle_id]
        queda = vendida.cantidad - vendida.cantidad_devuelta
        if linea.cantidad > queda:
            message = f"De {vendida.cantidad.normalize():f} quedan {queda.normalize():f}."
            faults.append(FieldError(f"lineas.{index}.cantidad", DevolucionExcede.code, message))
    if faults:
        raise DevolucionExcede("No puede volver más de lo que salió.", errors=faults)


def _importe(vendida: DetalleVenta, cantidad: Decimal) -> Importe:
    entera = Importe(vendida.subtotal, vendida.igv, vendida.total)
    return parte_devuelta(entera, vendida.cantidad, vendida.cantidad_devuelta, cantidad)


def _escribir(
    ctx: Ctx, venta: Venta, nueva: DevolucionNueva, vendidas: dict[int, DetalleVenta]
) -> Devolucion:
    """Return the devolución, written with its lines; these count as come back from here on."""
    importes = [_importe(vendidas[linea.detalle_id], linea.cantidad) for linea in nueva.lineas]
    devolucion = Devolucion(
        numero=ctx.next_number("devolucion"),
        venta_id=venta.id,
        usuario_id=ctx.user_id,
        sucursal_id=venta.sucursal_id,
        fecha=ctx.now,
        motivo=nueva.motivo,
        subtotal=sum((uno.subtotal for uno in importes), CERO),
        igv=sum((uno.igv for uno in importes), CERO),
        total=sum((uno.total for uno in importes), CERO),
    )
    ctx.session.add(devolucion)
    ctx.session.flush()
    for linea, uno in zip(nueva.lineas, importes, strict=True):
        vendida = vendidas[linea.detalle_id]
        vendida.cantidad_devuelta += linea.cantidad
        ctx.session.add(
            DetalleDevolucion(
                devolucion_id=devolucion.id,
                detalle_venta_id=vendida.id,
                producto_id=vendida.producto_id,
                cantidad=linea.cantidad,
                reingresa=linea.reingresa,
                subtotal=uno.subtotal,
                igv=uno.igv,
                total=uno.total,
            )
        )
    ctx.session.flush()
    return devolucion
