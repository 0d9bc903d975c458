"""Registering a sale, in few round trips whatever the number of lines. Source: módulo 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from addons.sales.errors import CajaCerrada, PagoInsuficiente
from addons.sales.schemas import (
    LineaLeida,
    LineaNueva,
    LineaVendida,
    PagoLeido,
    VentaLeida,
    VentaNueva,
    VentaRegistrada,
)
from addons.sales.services.importes import Importe, Linea, calcular
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import FieldError, Forbidden, NotFound, ValidationFailed
from kernel.messages import refused

CERO = Decimal("0.00")
GRAVADO = "10"

CABECERA = Statement(
    "venta_cabecera",
    """
    SELECT caja.estado, caja.sucursal_id, cl.id, cfg.precios_incluyen_igv, cfg.tasa_igv
      FROM (SELECT 1) uno
      LEFT JOIN LATERAL (SELECT estado, sucursal_id FROM cajas WHERE id = %(caja)s FOR SHARE)
             caja ON true
      LEFT JOIN clientes cl ON cl.id = %(cliente)s
      LEFT JOIN configuracion cfg ON cfg.id = 1
    """,
)
PRODUCTOS = Statement(
    "venta_productos",
    """
    SELECT id, precio, afectacion_igv FROM productos WHERE id = ANY(%(ids)s::bigint[]) AND activo
    """,
)
METODOS = Statement(
    "venta_metodos", "SELECT codigo, id, es_efectivo FROM metodos_pago WHERE activo"
)
INSERTAR = Statement(
    "venta_insertar",
    """
    WITH venta AS (
      INSERT INTO ventas (serie, numero, cliente_id, usuario_id, sucursal_id, caja_id, fecha,
                          subtotal, igv, total, vuelto, estado, modo_emision, metodo_pago_id)
      VALUES (%(serie)s, %(numero)s, %(cliente)s, %(usuario)s, %(sucursal)s, %(caja)s, %(fecha)s,
              %(subtotal)s, %(igv)s, %(total)s, %(vuelto)s, 'registrada', %(modo)s, %(metodo)s)
      RETURNING id
    ), pagos AS (
      INSERT INTO formas_pago (venta_id, metodo, monto, referencia)
      SELECT venta.id, p.metodo, p.monto, p.referencia
        FROM venta, unnest(%(metodos)s::text[], %(montos)s::numeric[], %(referencias)s::text[])
             AS p(metodo, monto, referencia)
    )
    INSERT INTO detalle_venta (venta_id, producto_id, cantidad, precio_unitario, descuento,
                               subtotal, igv, total)
    SELECT venta.id, d.*
      FROM venta, unnest(%(productos)s::bigint[], %(cantidades)s::numeric[],
                         %(precios)s::numeric[], %(descuentos)s::numeric[],
                         %(subtotales)s::numeric[], %(igvs)s::numeric[], %(totales)s::numeric[])
           AS d
    RETURNING venta_id, id
    """,
)


@dataclass(frozen=True, slots=True)
class Terminos:
    """How the company's prices are read."""

    incluyen_igv: bool
    tasa: Decimal


def registrar_venta(ctx: Ctx, nueva: VentaNueva) -> VentaLeida:
    """Return the sale, written with its lines and payments; subscribers move the stock.

    Amounts in the company's currency, 2 decimals. Any failure leaves nothing behind.

    Raises:
        ValidationFailed: the cliente, caja, a product or a payment method doesn't exist.
        CajaCerrada: the caja takes no more sales.
        PagoInsuficiente: the payments don't cover the total.
    """
    serie = str(nueva.caja_id)
    cabecera, productos, metodos, numero = ctx.sql_all(
        (CABECERA, {"caja": nueva.caja_id, "cliente": nueva.cliente_id}),
        (PRODUCTOS, {"ids": [linea.producto_id for linea in nueva.detalle]}),
        (METODOS, {}),
        ctx.number_call("venta", serie),
    )
    terminos = _comprobar(ctx, nueva, cabecera[0])
    lineas = _precios(ctx, nueva.detalle, {row[0]: row for row in productos}, terminos)
    total, importes = calcular(lineas, incluyen_igv=terminos.incluyen_igv)
    _comprobar_lineas(importes)
    conocidos = {row[0]: row for row in metodos}
    vuelto = _vuelto(nueva, conocidos, total.total)
    rows = ctx.sql(
        INSERTAR,
        serie=serie, numero=numero[0][0], cliente=nueva.cliente_id, usuario=ctx.user_id,
        sucursal=nueva.sucursal_id, caja=nueva.caja_id, fecha=ctx.now,
        subtotal=total.subtotal, igv=total.igv, total=total.total, vuelto=vuelto,
        modo=nueva.modo_emision, metodo=_metodo_principal(nueva, conocidos),
        metodos=[pago.metodo for pago in nueva.formas_pago],
        montos=[pago.monto for pago in nueva.formas_pago],
        referencias=[pago.referencia for pago in nueva.formas_pago],
        productos=[linea.producto_id for linea in nueva.detalle],
        cantidades=[linea.cantidad for linea in nueva.detalle],
        precios=[linea.precio_unitario for linea in lineas],
        descuentos=[linea.descuento for linea in lineas],
        subtotales=[uno.subtotal for uno in importes],
        igvs=[uno.igv for uno in importes],
        totales=[uno.total for uno in importes],
    )
    leida = _leida(ctx, nueva, rows, (serie, numero[0][0]), total, vuelto, lineas, importes)
    _anunciar(ctx, nueva, leida)
    return leida


def _comprobar(ctx: Ctx, nueva: VentaNueva, row: tuple[Any, ...]) -> Terminos:
    estado, sucursal_id, cliente_id, incluyen_igv, tasa = row
    faults = []
    if estado is None:
        faults.append(FieldError("caja_id", "no_existe", "No existe una caja con este id."))
    if cliente_id is None:
        faults.append(FieldError("cliente_id", "no_existe", "No existe un cliente con este id."))
    if estado is not None and sucursal_id != nueva.sucursal_id:
        faults.append(FieldError("sucursal_id", "otra", "La caja es de otra sucursal."))
    if faults:
        raise refused(faults)
    permitidas = ctx.scope("sucursales")
    if permitidas is not None and nueva.sucursal_id not in permitidas:
        raise Forbidden("Su usuario no vende en esta sucursal.", field="sucursal_id")
    if estado != "abierta":
        raise CajaCerrada("La caja está cerrada; abra otra para vender.", field="caja_id")
    if incluyen_igv is None:
        raise ValidationFailed("Configure primero los datos de la empresa.", code="sin_empresa")
    return Terminos(incluyen_igv, tasa)


def _precios(
    ctx: Ctx,
    detalle: Sequence[LineaNueva],
    productos: dict[int, tuple[Any, ...]],
    terminos: Terminos,
) -> list[Linea]:
    lineas = []
    faults = []
    for index, linea in enumerate(detalle):
        producto = productos.get(linea.producto_id)
        if producto is None:
            campo = f"detalle.{index}.producto_id"
            faults.append(FieldError(campo, "no_existe", "No existe un producto activo con este id."))
            continue
        precio = producto[1] if linea.precio_unitario is None else linea.precio_unitario
        if precio != producto[1]:
            ctx.require("ventas.cambiar_precio")
        tasa = terminos.tasa if producto[2] == GRAVADO else CERO
        lineas.append(Linea(linea.cantidad, precio, linea.descuento, tasa))
    if faults:
        raise refused(faults)
    return lineas


def _comprobar_lineas(importes: Sequence[Importe]) -> None:
    limite = Decimal("9999999999.99")
    faults = [
        FieldError(f"detalle.{index}.descuento", "excede", "El descuento excede el valor de la línea.")
        for index, uno in enumerate(importes)
        if uno.total < 0
    ]
    faults += [
        FieldError(f"detalle.{index}.cantidad", "excede", "El valor de la línea es demasiado grande.")
        for index, uno in enumerate(importes)
        if uno.total > limite
    ]
    if not faults and sum((uno.total for uno in importes), CERO) > limite:
        faults.append(FieldError("detalle", "excede", "El total de la venta es demasiado grande."))
    if faults:
        raise refused(faults)


def _vuelto(nueva: VentaNueva, metodos: dict[str, tuple[Any, ...]], total: Decimal) -> Decimal:
    faults = [
        FieldError(
            f"formas_pago.{index}.metodo", "no_existe",
            f"No se acepta «{pago.metodo}»; métodos: {', '.join(sorted(metodos))}.",
        )
        for index, pago in enumerate(nueva.formas_pago)
        if pago.metodo not in metodos
    ]
    if faults:
        raise refused(faults)
    pagado = sum((pago.monto for pago in nueva.formas_pago), CERO)
    efectivo = sum((p.monto for p in nueva.formas_pago if metodos[p.metodo][2]), CERO)
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


def _metodo_principal(nueva: VentaNueva, metodos: dict[str, tuple[Any, ...]]) -> int:
    mayor = max(nueva.formas_pago, key=lambda pago: pago.monto)
    return int(metodos[mayor.metodo][1])


def _leida(
    ctx: Ctx,
    nueva: VentaNueva,
    rows: Sequence[tuple[Any, ...]],
    numeracion: tuple[str, int],
    total: Importe,
    vuelto: Decimal,
    lineas: Sequence[Linea],
    importes: Sequence[Importe],
) -> VentaLeida:
    detalle = [
        LineaLeida.model_construct(
            id=row[1], producto_id=pedida.producto_id, cantidad=linea.cantidad,
            precio_unitario=linea.precio_unitario, descuento=linea.descuento,
            subtotal=uno.subtotal, igv=uno.igv, total=uno.total,
        )
        for row, pedida, linea, uno in zip(rows, nueva.detalle, lineas, importes, strict=True)
    ]
    pagos = [
        PagoLeido.model_construct(metodo=p.metodo, monto=p.monto, referencia=p.referencia)
        for p in nueva.formas_pago
    ]
    return VentaLeida.model_construct(
        id=rows[0][0], serie=numeracion[0], numero=numeracion[1], cliente_id=nueva.cliente_id,
        usuario_id=ctx.user_id, sucursal_id=nueva.sucursal_id, caja_id=nueva.caja_id,
        fecha=ctx.now, subtotal=total.subtotal, igv=total.igv, total=total.total, vuelto=vuelto,
        estado="registrada", modo_emision=nueva.modo_emision, detalle=detalle, formas_pago=pagos,
    )


def _anunciar(ctx: Ctx, nueva: VentaNueva, venta: VentaLeida) -> None:
    resumen = {"serie": venta.serie, "numero": venta.numero, "cliente_id": venta.cliente_id,
               "total": venta.total, "lineas": len(venta.detalle)}
    ctx.audit("crear", "ventas", venta.id, despues=resumen, modulo="sales")
    ctx.publish(
        VentaRegistrada(
            venta.id,
            venta.sucursal_id,
            venta.total,
            tuple(
                LineaVendida(linea.producto_id, linea.cantidad, f"detalle.{index}.cantidad")
                for index, linea in enumerate(nueva.detalle)
            ),
        )
    )
    ctx.enqueue("sales.notificar_venta", venta_id=venta.id)


VER = Statement(
    "venta_ver",
    """
    SELECT v.id, v.serie, v.numero, v.cliente_id, v.usuario_id, v.sucursal_id, v.caja_id, v.fecha,
           v.subtotal, v.igv, v.total, v.vuelto, v.estado, v.modo_emision
      FROM ventas v
     WHERE v.id = %(id)s
       AND (%(sucursales)s::bigint[] IS NULL OR v.sucursal_id = ANY(%(sucursales)s))
    """,
)
VER_LINEAS = Statement(
    "venta_lineas",
    """
    SELECT id, producto_id, cantidad, precio_unitario, descuento, subtotal, igv, total
      FROM detalle_venta WHERE venta_id = %(id)s ORDER BY id
    """,
)
VER_PAGOS = Statement(
    "venta_pagos",
    "SELECT metodo, monto, referencia FROM formas_pago WHERE venta_id = %(id)s ORDER BY id",
)


def ver_venta(ctx: Ctx, venta_id: int) -> VentaLeida:
    """Return a sale with its lines and payments.

    Raises:
        NotFound: it doesn't exist or belongs to a sucursal out of the user's reach.
    """
    permitidas = ctx.scope("sucursales")
    venta, lineas, pagos = ctx.sql_all(
        (VER, {"id": venta_id, "sucursales": None if permitidas is None else list(permitidas)}),
        (VER_LINEAS, {"id": venta_id}),
        (VER_PAGOS, {"id": venta_id}),
    )
    if not venta:
        raise NotFound
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
