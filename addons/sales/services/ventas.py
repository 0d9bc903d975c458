"""Registering a sale, in few round trips whatever the number of lines. Source: módulo 1."""

from collections.abc import Iterator, Sequence
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
from kernel.sequences import NEXT

CERO = Decimal("0.00")
CANTIDAD = Decimal("0.0001")
PRECIO = Decimal("0.000001")
GRAVADO = "10"
LIMITE = Decimal("9999999999.99")
"""The largest amount that the tables hold."""

PREPARAR = Statement(
    "venta_preparar",
    f"""
    WITH numero AS ({NEXT.sql}),
    caja AS (SELECT estado, sucursal_id FROM cajas WHERE id = %(caja)s FOR SHARE),
    producto AS (
      SELECT array_agg(id) AS ids, array_agg(precio) AS precios,
             array_agg(afectacion_igv) AS afectaciones,
             array_agg(permite_venta_sin_stock) AS sin_stock
        FROM productos WHERE id = ANY(%(productos)s::bigint[]) AND activo
    ), metodo AS (
      SELECT array_agg(codigo) AS codigos, array_agg(id) AS ids,
             array_agg(es_efectivo) AS efectivos
        FROM metodos_pago WHERE activo
    )
    SELECT numero.last, caja.estado, caja.sucursal_id, cliente.id, empresa.precios_incluyen_igv,
           empresa.tasa_igv, producto.ids, producto.precios, producto.afectaciones,
           producto.sin_stock, metodo.codigos, metodo.ids, metodo.efectivos
      FROM numero CROSS JOIN producto CROSS JOIN metodo
      LEFT JOIN caja ON true
      LEFT JOIN clientes cliente ON cliente.id = %(cliente)s
      LEFT JOIN configuracion empresa ON empresa.id = 1
    """,  # noqa: S608  # composed of our own constants
)
"""What a sale needs to know, its number taken and its caja kept from closing."""

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
class Preparada:
    """What PREPARAR found, by name."""

    numero: int
    estado_caja: str | None
    sucursal_id: int | None
    cliente_id: int | None
    incluyen_igv: bool | None
    tasa: Decimal
    productos: dict[int, tuple[Decimal, str, bool]]
    """Price and IGV code of each product, and whether it may be sold without stock."""
    metodos: dict[str, tuple[int, bool]]
    """Id of each accepted payment method, and whether it is cash."""

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> "Preparada":
        """Return the statement's only row by name."""
        ids, *hechos, codigos, metodos, efectivos = (one or () for one in row[6:13])
        productos = dict(zip(ids, zip(*hechos, strict=True), strict=True))
        pagos = dict(zip(codigos, zip(metodos, efectivos, strict=True), strict=True))
        numero, estado, sucursal_id, cliente_id, incluyen_igv, tasa = row[:6]
        return cls(numero, estado, sucursal_id, cliente_id, incluyen_igv, tasa, productos, pagos)


def registrar_venta(ctx: Ctx, nueva: VentaNueva) -> VentaLeida:
    """Return the sale, written with its lines and payments; subscribers move the stock.

    Amounts in the company's currency, 2 decimals. Any failure leaves nothing behind.

    Raises:
        ValidationFailed: the cliente, caja, a product or a payment method doesn't exist.
        CajaCerrada: the caja takes no more sales.
        PagoInsuficiente: the payments don't cover the total.
    """
    serie = str(nueva.caja_id)
    rows = ctx.sql(
        PREPARAR,
        name="venta",
        serie=serie,
        caja=nueva.caja_id,
        cliente=nueva.cliente_id,
        productos=[linea.producto_id for linea in nueva.detalle],
    )
    hay = Preparada.of(rows[0])
    incluyen_igv = _comprobar(nueva, hay, ctx.scope("sucursales"))
    lineas = _precios(ctx, nueva.detalle, hay)
    total, importes = calcular(lineas, incluyen_igv=incluyen_igv)
    _comprobar_lineas(importes)
    vuelto = _vuelto(nueva, hay.metodos, total.total)
    rows = ctx.sql(
        INSERTAR,
        serie=serie,
        numero=hay.numero,
        cliente=nueva.cliente_id,
        usuario=ctx.user_id,
        sucursal=nueva.sucursal_id,
        caja=nueva.caja_id,
        fecha=ctx.now,
        subtotal=total.subtotal,
        igv=total.igv,
        total=total.total,
        vuelto=vuelto,
        modo=nueva.modo_emision,
        metodo=_metodo_principal(nueva, hay.metodos),
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
    leida = _leida(ctx, nueva, rows, (serie, hay.numero), total, vuelto, lineas, importes)
    _anunciar(ctx, hay, leida)
    return leida


def _comprobar(nueva: VentaNueva, hay: Preparada, permitidas: frozenset[int] | None) -> bool:
    """Return whether prices carry IGV, once everything that the sale names fits together."""
    if faults := list(_faltas(nueva, hay)):
        raise refused(faults)
    if permitidas is not None and nueva.sucursal_id not in permitidas:
        raise Forbidden("Su usuario no vende en esta sucursal.", field="sucursal_id")
    if hay.estado_caja != "abierta":
        raise CajaCerrada("La caja está cerrada; abra otra para vender.", field="caja_id")
    if hay.incluyen_igv is None:
        raise ValidationFailed("Configure primero los datos de la empresa.", code="sin_empresa")
    return hay.incluyen_igv


def _faltas(nueva: VentaNueva, hay: Preparada) -> Iterator[FieldError]:
    """Yield what the sale names and doesn't exist."""
    if hay.estado_caja is None:
        yield FieldError("caja_id", "no_existe", "No existe una caja con este id.")
    elif hay.sucursal_id != nueva.sucursal_id:
        yield FieldError("sucursal_id", "otra", "La caja es de otra sucursal.")
    if hay.cliente_id is None:
        yield FieldError("cliente_id", "no_existe", "No existe un cliente con este id.")
    for index, linea in enumerate(nueva.detalle):
        if linea.producto_id not in hay.productos:
            campo = f"detalle.{index}.producto_id"
            yield FieldError(campo, "no_existe", "No existe un producto activo con este id.")
    for index, pago in enumerate(nueva.formas_pago):
        if pago.metodo not in hay.metodos:
            aceptados = ", ".join(sorted(hay.metodos))
            yield FieldError(
                f"formas_pago.{index}.metodo",
                "no_existe",
                f"No se acepta «{pago.metodo}»; métodos: {aceptados}.",
            )


def _precios(ctx: Ctx, detalle: Sequence[LineaNueva], hay: Preparada) -> list[Linea]:
    lineas = []
    for linea in detalle:
        de_lista, afectacion, _ = hay.productos[linea.producto_id]
        precio = de_lista if linea.precio_unitario is None else linea.precio_unitario
        if precio != de_lista:
            ctx.require("ventas.cambiar_precio")
        tasa = hay.tasa if afectacion == GRAVADO else CERO
        lineas.append(Linea(linea.cantidad, precio, linea.descuento, tasa))
    return lineas


def _comprobar_lineas(importes: Sequence[Importe]) -> None:
    faults = [
        FieldError(
            f"detalle.{index}.descuento", "excede", "El descuento excede el valor de la línea."
        )
        for index, uno in enumerate(importes)
        if uno.total < 0
    ]
    faults += [
        FieldError(
            f"detalle.{index}.cantidad", "excede", "El valor de la línea es demasiado grande."
        )
        for index, uno in enumerate(importes)
        if uno.total > LIMITE
    ]
    if not faults and sum((uno.total for uno in importes), CERO) > LIMITE:
        faults.append(FieldError("detalle", "excede", "El total de la venta es demasiado grande."))
    if faults:
        raise refused(faults)


def _vuelto(nueva: VentaNueva, metodos: dict[str, tuple[int, bool]], total: Decimal) -> Decimal:
    pagado = sum((pago.monto for pago in nueva.formas_pago), CERO)
    efectivo = sum((p.monto for p in nueva.formas_pago if metodos[p.metodo][1]), CERO)
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


def _metodo_principal(nueva: VentaNueva, metodos: dict[str, tuple[int, bool]]) -> int:
    mayor = max(nueva.formas_pago, key=lambda pago: pago.monto)
    return metodos[mayor.metodo][0]


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
            id=row[1],
            producto_id=pedida.producto_id,
            cantidad=linea.cantidad.quantize(CANTIDAD),
            precio_unitario=linea.precio_unitario.quantize(PRECIO),
            descuento=linea.descuento.quantize(CERO),
            subtotal=uno.subtotal,
            igv=uno.igv,
            total=uno.total,
        )
        for row, pedida, linea, uno in zip(rows, nueva.detalle, lineas, importes, strict=True)
    ]
    pagos = [
        PagoLeido.model_construct(
            metodo=p.metodo, monto=p.monto.quantize(CERO), referencia=p.referencia
        )
        for p in nueva.formas_pago
    ]
    return VentaLeida.model_construct(
        id=rows[0][0],
        serie=numeracion[0],
        numero=numeracion[1],
        cliente_id=nueva.cliente_id,
        usuario_id=ctx.user_id or 0,
        sucursal_id=nueva.sucursal_id,
        caja_id=nueva.caja_id,
        fecha=ctx.now,
        subtotal=total.subtotal,
        igv=total.igv,
        total=total.total,
        vuelto=vuelto.quantize(CERO),
        estado="registrada",
        modo_emision=nueva.modo_emision,
        detalle=detalle,
        formas_pago=pagos,
    )


def _anunciar(ctx: Ctx, hay: Preparada, venta: VentaLeida) -> None:
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
                    permite_sin_stock=hay.productos[linea.producto_id][2],
                )
                for index, linea in enumerate(venta.detalle)
            ),
            venta.cliente_id,
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
    reads=True,
)
VER_LINEAS = Statement(
    "venta_lineas",
    """
    SELECT id, producto_id, cantidad, precio_unitario, descuento, subtotal, igv, total
      FROM detalle_venta WHERE venta_id = %(id)s ORDER BY id
    """,
    reads=True,
)
VER_PAGOS = Statement(
    "venta_pagos",
    "SELECT metodo, monto, referencia FROM formas_pago WHERE venta_id = %(id)s ORDER BY id",
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
