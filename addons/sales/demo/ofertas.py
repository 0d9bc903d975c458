"""The demo company's price offers: some good, some over, some that became orders.

Most orders wait to be sold; one was annulled, and two are the first sales that two customers made
yesterday.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from addons.base.demo import copy_rows, hoy, take_ids
from addons.sales.demo.jornadas import CERO, Numerada, Tienda, canasta
from addons.sales.models import ANULADA, ATENDIDA, CONFIRMADA, CONVERTIDA, PENDIENTE, VENCIDA
from addons.sales.services.importes import Importe, Linea, calcular
from kernel.context import Ctx
from kernel.db import Statement

OFERTAS = 24
VALIDEZ = 15
"""Days that an offer is good."""
ORDENES = 4
"""Offers that became orders which nobody sold."""

VENDIDAS = 2
"""Orders that were sold yesterday."""

VENDER = Statement(
    "demo_vender_ordenes",
    """
    UPDATE ventas v SET orden_id = u.orden
      FROM unnest(%(ventas)s::bigint[], %(ordenes)s::bigint[]) AS u(venta, orden)
     WHERE v.id = u.venta
    """,
)

COMUNES = (
    "cliente_id",
    "vendedor_id",
    "sucursal_id",
    "subtotal",
    "igv",
    "total",
    "created_at",
    "updated_at",
)
"""What an order takes over from its offer."""

VENDEDORES = Statement(
    "demo_vendedores",
    """
    SELECT u.id, u.sucursal_id FROM usuarios u JOIN roles r ON r.id = u.rol_id
     WHERE r.nombre = 'VENDEDOR' AND u.sucursal_id IS NOT NULL ORDER BY u.id
    """,
)


def cargar_ofertas(ctx: Ctx, tienda: Tienda, azar: Random, ventas: Sequence[Numerada]) -> int:
    """Return how many offers were written, with their lines; the last of them are orders too."""
    ofertas, lineas = _ofrecer(ctx, tienda, azar)
    vendidas = _vendidas(tienda, ventas)
    ids = take_ids(ctx, "cotizaciones", len(vendidas))
    for numero, (uno, (_, oferta, suyas)) in enumerate(zip(ids, vendidas, strict=True), 1):
        ofertas.append(oferta | {"id": uno, "numero": OFERTAS + numero})
        lineas += [una | {"cotizacion_id": uno} for una in suyas]
    copy_rows(ctx, "cotizaciones", ofertas)
    copy_rows(ctx, "detalle_cotizacion", lineas)
    ordenes = _cargar_ordenes(ctx, ofertas, lineas, [venta_id for venta_id, _, _ in vendidas])
    contadores = {"cotizacion": len(ofertas), "orden_venta": ordenes}
    copy_rows(
        ctx,
        "andes_sequences",
        ({"name": name, "serie": "", "last": last} for name, last in contadores.items()),
    )
    return len(ofertas)


def _vendidas(
    tienda: Tienda, ventas: Sequence[Numerada]
) -> list[tuple[int, dict[str, Any], list[dict[str, Any]]]]:
    """Return sales of yesterday to customers of a name, each with the offer that it came from."""
    ayer = max(una.abre.date() for _, _, _, una, _ in ventas if una.cierra is not None)
    hechas: dict[int, tuple[int, dict[str, Any], list[dict[str, Any]]]] = {}
    for venta_id, _, _, una, venta in ventas:
        if una.abre.date() != ayer or venta.comprador is tienda.varios:
            continue
        antes = venta.fecha - timedelta(days=1)
        oferta = {
            "cliente_id": venta.comprador.id,
            "vendedor_id": venta.usuario_id,
            "sucursal_id": una.turno.sucursal_id,
            "fecha_emision": antes,
            "fecha_vencimiento": antes.date() + timedelta(days=VALIDEZ),
            "estado": CONVERTIDA,
            "created_at": antes,
            "updated_at": antes,
            **_importes(venta.total),
        }
        suyas = [
            {
                "producto_id": vendida.articulo.id,
                "cantidad": vendida.linea.cantidad,
                "precio": vendida.linea.precio_unitario,
                "descuento": vendida.linea.descuento,
                **_importes(vendida.importe),
            }
            for vendida in venta.lineas
        ]
        hechas.setdefault(venta.comprador.id, (venta_id, oferta, suyas))
    return list(hechas.values())[:VENDIDAS]


def _ofrecer(
    ctx: Ctx, tienda: Tienda, azar: Random
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return offers of the last weeks and their lines."""
    vendedores = ctx.sql(VENDEDORES)
    ids = take_ids(ctx, "cotizaciones", OFERTAS)
    ofertas, lineas = [], []
    for numero, oferta_id in enumerate(ids, 1):
        atras = 2 * (OFERTAS - numero)
        vendedor_id, sucursal_id = vendedores[numero % len(vendedores)]
        detalle, total = _detalle(tienda, azar)
        emision = datetime.combine(
            hoy(ctx) - timedelta(days=atras), time(10, azar.randrange(60)), tienda.zona
        )
        vence = hoy(ctx) + timedelta(days=VALIDEZ - atras)
        ofertas.append(
            {
                "id": oferta_id,
                "numero": numero,
                "cliente_id": azar.choice(tienda.conocidos).id,
                "vendedor_id": vendedor_id,
                "sucursal_id": sucursal_id,
                "fecha_emision": min(emision, ctx.now),
                "fecha_vencimiento": vence,
                "estado": _estado(numero, atras),
                "created_at": min(emision, ctx.now),
                "updated_at": min(emision, ctx.now),
                **_importes(total),
            }
        )
        lineas += [una | {"cotizacion_id": oferta_id} for una in detalle]
    return ofertas, lineas


def _estado(numero: int, atras: int) -> str:
    if numero > OFERTAS - 2 * ORDENES and numero % 2:
        return CONVERTIDA
    return VENCIDA if atras > VALIDEZ else PENDIENTE


def _detalle(tienda: Tienda, azar: Random) -> tuple[list[dict[str, Any]], Importe]:
    articulos = canasta(tienda, azar)
    lineas = [
        Linea(
            Decimal(azar.randint(5, 40)),
            uno.precio,
            CERO,
            tienda.tasa if uno.gravado else CERO,
        )
        for uno in articulos
    ]
    total, importes = calcular(lineas, incluyen_igv=tienda.incluyen_igv)
    columnas = [
        {
            "producto_id": uno.id,
            "cantidad": linea.cantidad,
            "precio": linea.precio_unitario,
            "descuento": CERO,
            **_importes(importe),
        }
        for uno, linea, importe in zip(articulos, lineas, importes, strict=True)
    ]
    return columnas, total


def _importes(importe: Importe) -> dict[str, Any]:
    return {"subtotal": importe.subtotal, "igv": importe.igv, "total": importe.total}


def _estado_de_orden(numero: int, sin_vender: int) -> str:
    if numero == 1:
        return ANULADA
    return ATENDIDA if numero > sin_vender else CONFIRMADA


def _cargar_ordenes(
    ctx: Ctx,
    ofertas: list[dict[str, Any]],
    lineas: list[dict[str, Any]],
    vendidas: Sequence[int],
) -> int:
    """Return how many orders were written: the first was annulled, the last ones were sold."""
    convertidas = [una for una in ofertas if una["estado"] == CONVERTIDA]
    ids = take_ids(ctx, "ordenes_venta", len(convertidas))
    de_oferta = {una["id"]: orden_id for orden_id, una in zip(ids, convertidas, strict=True)}
    copy_rows(
        ctx,
        "ordenes_venta",
        (
            {name: una[name] for name in COMUNES}
            | {
                "id": de_oferta[una["id"]],
                "numero": numero,
                "cotizacion_id": una["id"],
                "estado": _estado_de_orden(numero, len(convertidas) - len(vendidas)),
                "motivo_anulacion": "El cliente ya no lo necesita" if numero == 1 else "",
                "fecha_confirmacion": una["fecha_emision"],
            }
            for numero, una in enumerate(convertidas, 1)
        ),
    )
    copy_rows(
        ctx,
        "detalle_orden_venta",
        (
            {name: it for name, it in una.items() if name != "cotizacion_id"}
            | {"orden_id": de_oferta[una["cotizacion_id"]]}
            for una in lineas
            if una["cotizacion_id"] in de_oferta
        ),
    )
    ctx.sql(VENDER, ventas=list(vendidas), ordenes=ids[len(ids) - len(vendidas) :])
    return len(convertidas)
