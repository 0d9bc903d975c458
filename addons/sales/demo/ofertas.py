"""The demo company's price offers: some good, some over, some that became orders."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from addons.base.demo import copy_rows, hoy, take_ids
from addons.sales.demo.jornadas import CERO, Tienda, canasta
from addons.sales.models import CONFIRMADA, CONVERTIDA, PENDIENTE, VENCIDA
from addons.sales.services.importes import Importe, Linea, calcular
from kernel.context import Ctx
from kernel.db import Statement

OFERTAS = 24
VALIDEZ = 15
"""Days that an offer is good."""
ORDENES = 4
"""Offers that became orders, which wait to be sold."""

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


def cargar_ofertas(ctx: Ctx, tienda: Tienda, azar: Random) -> int:
    """Return how many offers were written, with their lines; the last of them are orders too."""
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
    copy_rows(ctx, "cotizaciones", ofertas)
    copy_rows(ctx, "detalle_cotizacion", lineas)
    _cargar_ordenes(ctx, ofertas, lineas)
    contadores = {"cotizacion": OFERTAS, "orden_venta": ORDENES}
    copy_rows(
        ctx,
        "andes_sequences",
        ({"name": name, "serie": "", "last": last} for name, last in contadores.items()),
    )
    return len(ofertas)


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
            **_importes(importe),
        }
        for uno, linea, importe in zip(articulos, lineas, importes, strict=True)
    ]
    return columnas, total


def _importes(importe: Importe) -> dict[str, Any]:
    return {"subtotal": importe.subtotal, "igv": importe.igv, "total": importe.total}


def _cargar_ordenes(ctx: Ctx, ofertas: list[dict[str, Any]], lineas: list[dict[str, Any]]) -> None:
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
                "estado": CONFIRMADA,
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
