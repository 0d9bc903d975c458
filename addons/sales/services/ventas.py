"""Registering a sale, in few round trips whatever the number of lines. Source: módulo 1.

Whoever sells locks in one order, so that nobody waits for each other: the document that is sold,
the number of the caja, the caja, the cliente, the products.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from addons.sales.errors import CajaCerrada, PagoInsuficiente, VentaRepetida
from addons.sales.models import ABIERTA, REGISTRADA
from addons.sales.schemas import (
    LineaLeida,
    LineaVendida,
    PagoLeido,
    VentaEnCaja,
    VentaLeida,
    VentaNueva,
    VentaRegistrada,
)
from addons.sales.services import creditos, precios
from addons.sales.services.importes import CERO
from addons.sales.services.precios import LIMITE, Valor, valorar
from addons.sales.services.preparacion import INSERTAR, PREPARAR, Metodo, Preparada
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import FieldError, Forbidden, ValidationFailed
from kernel.messages import refused

CANTIDAD = Decimal("0.0001")
PRECIO = Decimal("0.000001")
NINGUNA = Decimal("0.0000")
POS = "pos"

REPETIDA = Statement(
    "venta_por_uuid", "SELECT id FROM ventas WHERE uuid = %(uuid)s::uuid", reads=True
)

CAJAS = Statement(
    "venta_cajas",
    """
    SELECT id, sucursal_id FROM cajas
     WHERE id = %(caja)s::bigint
        OR (%(caja)s::bigint IS NULL AND usuario_id = %(usuario)s AND estado = 'abierta'
            AND (%(sucursal)s::bigint IS NULL OR sucursal_id = %(sucursal)s))
     ORDER BY id LIMIT 2
    """,
    reads=True,
)


@dataclass(frozen=True, slots=True)
class Origen:
    """Where a sale comes from, if not from a till just now: when it was made, what it serves, and
    who made it, if not who sends it.

    The prices of an order hold; nobody needs a permission for them any more.
    """

    fecha: datetime | None = None
    orden_id: int | None = None
    usuario_id: int | None = None


DE_CAJA = Origen()


@dataclass(frozen=True, slots=True)
class Escrita:
    """A sale that is in its table, and that nobody was told of yet."""

    venta: VentaLeida
    hay: Preparada


@dataclass(frozen=True, slots=True)
class Pago:
    """How a sale is paid: the change, what is owed, until when."""

    vuelto: Decimal
    credito: Decimal
    vence: date | None


def registrar_venta(ctx: Ctx, nueva: VentaNueva, origen: Origen = DE_CAJA) -> VentaLeida:
    """Return the sale, written with its lines and payments; subscribers move the stock.

    Any failure leaves nothing behind.

    Raises:
        DomainError: see ``en_caja`` and ``escribir_venta``; or whatever a subscriber refuses.
    """
    return anunciar_venta(ctx, escribir_venta(ctx, en_caja(ctx, nueva), origen))


def en_caja(ctx: Ctx, nueva: VentaNueva) -> VentaEnCaja:
    """Return a sale with its caja, else the only one that the user has open, and its sucursal.

    Raises:
        ValidationFailed: there is no such caja, or the user has none open, or several.
    """
    lugar: dict[str, Any] = {}
    if nueva.caja_id is None or nueva.sucursal_id is None:
        caja, sucursal = _caja(ctx, nueva)
        lugar = {"caja_id": caja, "sucursal_id": nueva.sucursal_id or sucursal}
    return VentaEnCaja.model_construct(nueva.model_fields_set, **{**nueva.__dict__, **lugar})


def _caja(ctx: Ctx, nueva: VentaNueva) -> tuple[int, int]:
    lugar = {"caja": nueva.caja_id, "sucursal": nueva.sucursal_id}
    rows = ctx.sql(CAJAS, usuario=ctx.user_id, **lugar)
    if len(rows) == 1:
        caja, sucursal = rows[0]
        return caja, sucursal
    if rows:
        fault = FieldError("caja_id", "varias", "Tiene varias cajas abiertas; indique cuál.")
    elif nueva.caja_id is None:
        fault = FieldError("caja_id", "ninguna", "No tiene una caja abierta; abra una para vender.")
    else:
        fault = FieldError("caja_id", "no_existe", "No existe una caja con este id.")
    raise refused([fault])


def escribir_venta(ctx: Ctx, nueva: VentaEnCaja, origen: Origen) -> Escrita:
    """Return the sale, written with its lines and payments; ``anunciar_venta`` must follow.

    Amounts in the company's currency, 2 decimals.

    Raises:
        ValidationFailed: the cliente, caja, a product or a payment method doesn't exist.
        CajaCerrada: the caja takes no more sales.
        PagoInsuficiente: the payments don't cover the total.
        CreditoInsuficiente: the cliente would owe more than the limit.
        VentaRepetida: a sale with this uuid is there.
    """
    productos = [linea.producto_id for linea in nueva.detalle]
    rows = ctx.sql(
        PREPARAR,
        name="venta",
        serie=str(nueva.caja_id),
        caja=nueva.caja_id,
        cliente=nueva.cliente_id,
        sucursal=nueva.sucursal_id,
        productos=productos,
    )
    if nueva.uuid is not None:
        _comprobar_nueva(ctx, nueva.uuid)  # its twin of this caja waited, or was waited for
    hay = Preparada.of(rows[0])
    valor = valorar(
        ctx,
        nueva.detalle,
        hay.oferta,
        incluyen_igv=_comprobar(nueva, hay, ctx.scope("sucursales")),
        tasa=hay.tasa,
        descuento_global=nueva.descuento_global,
        acordado=origen.orden_id is not None,
    )
    pago = _pago(ctx, nueva, hay.metodos, valor.total.total)
    ctx.send(INSERTAR, **_parametros(ctx, nueva, origen, hay, valor, pago))
    return Escrita(_leida(ctx, nueva, origen, hay, valor, pago), hay)


def _comprobar_nueva(ctx: Ctx, uuid: UUID) -> None:
    rows = ctx.sql(REPETIDA, uuid=uuid)
    if rows:
        raise VentaRepetida(f"Esta venta ya se registró: es la venta {rows[0][0]}.", field="uuid")


def _comprobar(nueva: VentaEnCaja, hay: Preparada, permitidas: frozenset[int] | None) -> bool:
    """Return whether prices carry IGV, once everything that the sale names fits together."""
    if faults := list(_faltas(nueva, hay)):
        raise refused(faults)
    if permitidas is not None and nueva.sucursal_id not in permitidas:
        raise Forbidden("Su usuario no vende en esta sucursal.", field="sucursal_id")
    if hay.estado_caja != ABIERTA:
        raise CajaCerrada("La caja está cerrada; abra otra para vender.", field="caja_id")
    if hay.incluyen_igv is None:
        raise ValidationFailed("Configure primero los datos de la empresa.", code="sin_empresa")
    return hay.incluyen_igv


def _faltas(nueva: VentaEnCaja, hay: Preparada) -> Iterator[FieldError]:
    """Yield what the sale names and doesn't exist."""
    if hay.estado_caja is None:
        yield FieldError("caja_id", "no_existe", "No existe una caja con este id.")
    elif hay.sucursal_id != nueva.sucursal_id:
        yield FieldError("sucursal_id", "otra", "La caja es de otra sucursal.")
    if hay.cliente_id is None:
        yield FieldError("cliente_id", "no_existe", "No existe un cliente activo con este id.")
    yield from precios.faltan(nueva.detalle, hay.oferta)
    for index, pago in enumerate(nueva.formas_pago):
        if pago.metodo not in hay.metodos:
            aceptados = ", ".join(sorted(hay.metodos))
            yield FieldError(
                f"formas_pago.{index}.metodo",
                "no_existe",
                f"No se acepta «{pago.metodo}»; métodos: {aceptados}.",
            )
        campo = f"formas_pago.{index}.confirmado"
        if not pago.confirmado and nueva.modo_emision == POS:
            yield FieldError(campo, "pos", "En caja se cobra al momento de vender.")
        elif not pago.confirmado and pago.metodo in hay.creditos:
            yield FieldError(campo, "credito", "Lo que se debe no se anuncia: se paga después.")


def _pago(ctx: Ctx, nueva: VentaEnCaja, metodos: dict[str, Metodo], total: Decimal) -> Pago:
    """Return how the sale is paid; what is owed counts for the cliente from here on."""
    vuelto = _vuelto(nueva, metodos, total)
    credito = sum((p.monto for p in nueva.formas_pago if metodos[p.metodo].es_credito), CERO)
    if not credito:
        if nueva.fecha_vencimiento is not None:
            message = "Solo una venta al crédito vence."
            raise refused([FieldError("fecha_vencimiento", "sin_credito", message)])
        return Pago(vuelto, CERO, None)
    if nueva.fecha_vencimiento is not None and nueva.fecha_vencimiento < creditos.hoy(ctx):
        message = "El crédito no puede vencer antes de hoy."
        raise refused([FieldError("fecha_vencimiento", "pasada", message)])
    dias = creditos.cargar(ctx, nueva.cliente_id, credito)
    return Pago(vuelto, credito, creditos.vence(ctx, nueva.fecha_vencimiento, dias))


def _vuelto(nueva: VentaEnCaja, metodos: dict[str, Metodo], total: Decimal) -> Decimal:
    pagado = sum((pago.monto for pago in nueva.formas_pago), CERO)
    efectivo = sum(
        (p.monto for p in nueva.formas_pago if p.confirmado and metodos[p.metodo].es_efectivo), CERO
    )
    if pagado > LIMITE:
        message = "La suma de los pagos es demasiado grande."
        raise refused([FieldError("formas_pago", "excede", message)])
    if pagado < total:
        raise PagoInsuficiente(
            f"Los pagos suman {pagado} y el total es {total}.", field="formas_pago"
        )
    if pagado - total > efectivo:
        raise PagoInsuficiente(
            f"Los pagos suman {pagado}, más que el total {total}, y solo el efectivo da vuelto.",
            field="formas_pago",
        )
    return pagado - total


def _metodo_principal(nueva: VentaEnCaja, metodos: dict[str, Metodo]) -> int:
    mayor = max(nueva.formas_pago, key=lambda pago: pago.monto)
    return metodos[mayor.metodo].id


def _parametros(
    ctx: Ctx, nueva: VentaEnCaja, origen: Origen, hay: Preparada, valor: Valor, pago: Pago
) -> dict[str, Any]:
    pagos, lineas, importes = nueva.formas_pago, valor.lineas, valor.importes
    sin_lotes = not any(linea.lote for linea in nueva.detalle)
    confirmados = [uno.confirmado for uno in pagos]
    return {
        "id": hay.venta_id,
        "serie": str(nueva.caja_id),
        "numero": hay.numero,
        "cliente": nueva.cliente_id,
        "usuario": origen.usuario_id or ctx.user_id,
        "sucursal": nueva.sucursal_id,
        "caja": nueva.caja_id,
        "fecha": origen.fecha or ctx.now,
        "subtotal": valor.total.subtotal,
        "igv": valor.total.igv,
        "total": valor.total.total,
        "descuento_global": nueva.descuento_global,
        "vuelto": pago.vuelto,
        "credito": pago.credito,
        "vence": pago.vence,
        "modo": nueva.modo_emision,
        "metodo": _metodo_principal(nueva, hay.metodos),
        "uuid": nueva.uuid,
        "orden": origen.orden_id,
        "metodos": [uno.metodo for uno in pagos],
        "montos": [uno.monto for uno in pagos],
        "referencias": [uno.referencia for uno in pagos],
        "confirmados": None if all(confirmados) else confirmados,
        "ids": hay.lineas,
        "productos": [linea.producto_id for linea in nueva.detalle],
        "cantidades": [linea.cantidad for linea in nueva.detalle],
        "precios": [linea.precio_unitario for linea in lineas],
        "descuentos": [linea.descuento for linea in lineas],
        "subtotales": [uno.subtotal for uno in importes],
        "igvs": [uno.igv for uno in importes],
        "totales": [uno.total for uno in importes],
        "globales": [una.descuento_global for una in lineas] if nueva.descuento_global else None,
        "lotes": None if sin_lotes else [linea.lote for linea in nueva.detalle],
    }


def _leida(
    ctx: Ctx,
    nueva: VentaEnCaja,
    origen: Origen,
    hay: Preparada,
    valor: Valor,
    pago: Pago,
) -> VentaLeida:
    return VentaLeida.model_construct(
        id=hay.venta_id,
        serie=str(nueva.caja_id),
        numero=hay.numero,
        cliente_id=nueva.cliente_id,
        usuario_id=origen.usuario_id or ctx.user_id or 0,
        sucursal_id=nueva.sucursal_id,
        caja_id=nueva.caja_id,
        fecha=origen.fecha or ctx.now,
        subtotal=valor.total.subtotal,
        igv=valor.total.igv,
        total=valor.total.total,
        descuento_global=nueva.descuento_global.quantize(CERO),
        vuelto=pago.vuelto.quantize(CERO),
        monto_credito=pago.credito.quantize(CERO),
        fecha_vencimiento=pago.vence,
        estado=REGISTRADA,
        modo_emision=nueva.modo_emision,
        uuid=nueva.uuid,
        orden_id=origen.orden_id,
        motivo_anulacion="",
        fecha_anulacion=None,
        detalle=_lineas(nueva, valor, hay.lineas),
        formas_pago=[
            PagoLeido.model_construct(
                metodo=p.metodo,
                monto=p.monto.quantize(CERO),
                referencia=p.referencia,
                confirmado=p.confirmado,
            )
            for p in nueva.formas_pago
        ],
    )


def _lineas(nueva: VentaEnCaja, valor: Valor, ids: Sequence[int]) -> list[LineaLeida]:
    todas = zip(ids, nueva.detalle, valor.lineas, valor.importes, strict=True)
    return [
        LineaLeida.model_construct(
            id=id_,
            producto_id=pedida.producto_id,
            cantidad=linea.cantidad.quantize(CANTIDAD),
            precio_unitario=linea.precio_unitario.quantize(PRECIO),
            descuento=linea.descuento.quantize(CERO),
            descuento_global=linea.descuento_global,
            subtotal=uno.subtotal,
            igv=uno.igv,
            total=uno.total,
            lote=pedida.lote,
            cantidad_devuelta=NINGUNA,
            por_devolver=linea.cantidad.quantize(CANTIDAD),
        )
        for id_, pedida, linea, uno in todas
    ]


def anunciar_venta(ctx: Ctx, escrita: Escrita) -> VentaLeida:
    """Return the sale once all know of it: the audit, whoever moves the stock, a job."""
    venta, productos = escrita.venta, escrita.hay.oferta.productos
    resumen = {
        "serie": venta.serie,
        "numero": venta.numero,
        "cliente_id": venta.cliente_id,
        "total": venta.total,
        "lineas": len(venta.detalle),
    }
    ctx.audit("crear", "ventas", venta.id, despues=resumen, modulo="sales")
    ctx.publish(
        VentaRegistrada(
            venta.id,
            venta.sucursal_id,
            venta.total,
            tuple(
                LineaVendida(
                    linea.producto_id,
                    linea.cantidad,
                    f"detalle.{index}.cantidad",
                    linea.id,
                    linea.lote,
                    productos[linea.producto_id].sin_stock,
                )
                for index, linea in enumerate(venta.detalle)
            ),
            venta.cliente_id,
            venta.monto_credito,
            venta.fecha_vencimiento,
            venta.orden_id,
        )
    )
    ctx.enqueue("sales.notificar_venta", venta_id=venta.id)
    return venta
