"""What customers of the demo company brought back, the day after they bought it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from addons.base.demo import copy_rows, take_ids
from addons.sales.demo.catalogo import SERVICIO
from addons.sales.demo.jornadas import Jornada, Numerada
from addons.sales.services.importes import parte_devuelta
from kernel.context import Ctx
from kernel.db import Statement

VUELTAS = 8
CADA = 23
"""Of so many sales that could come back, one does."""
MOTIVOS = ("No era la medida", "Vino fallado", "Compró de más", "Cambió de idea")
FALLADO = 1
SIN_CAJA = ("tarjeta", "yape")
"""Ways to pay that give money back without a drawer."""
UNA = Decimal(1)

DETALLES = Statement(
    "demo_detalles",
    """
    UPDATE detalle_venta d SET cantidad_devuelta = 1
      FROM (SELECT venta_id, min(id) AS id FROM detalle_venta
             WHERE venta_id = ANY(%(ventas)s::bigint[]) GROUP BY 1) primera
     WHERE d.id = primera.id
    RETURNING d.venta_id, d.id
    """,
)


def cargar_devoluciones(ctx: Ctx, ventas: Sequence[Numerada]) -> int:
    """Return how many sales came back in part: a unit of their first line."""
    elegidas = _elegir(ventas)
    detalles: dict[int, int] = dict(ctx.sql(DETALLES, ventas=[una[0] for una, _, _ in elegidas]))
    ids = take_ids(ctx, "devoluciones", len(elegidas))
    numeradas = list(zip(ids, elegidas, strict=True))
    copy_rows(ctx, "devoluciones", _devoluciones(numeradas))
    copy_rows(ctx, "detalle_devolucion", _lineas(numeradas, detalles))
    copy_rows(ctx, "reembolsos", _reembolsos(numeradas))
    contador = {"name": "devolucion", "serie": "", "last": len(elegidas)}
    copy_rows(ctx, "andes_sequences", [contador])
    return len(elegidas)


Elegida = tuple[Numerada, int, Jornada]
"""A sale, and the caja of the same cashier on the following day."""
Vuelta = tuple[int, Elegida]


def _elegir(ventas: Sequence[Numerada]) -> list[Elegida]:
    """Return sales spread over the history, in the order in which they came back."""
    dias: dict[tuple[int, Any], tuple[int, Jornada]] = {
        (una.turno.cajero_id, una.abre.date()): (caja_id, una)
        for _, caja_id, _, una, _ in ventas
        if una.cierra is not None
    }
    posibles = []
    for numerada in ventas:
        _, _, _, una, venta = numerada
        siguiente = dias.get((una.turno.cajero_id, una.abre.date() + timedelta(days=1)))
        primera = venta.lineas[0]
        entera = primera.linea.cantidad == primera.linea.cantidad.to_integral_value()
        de_vuelta = [pago.metodo for pago in venta.pagos] in ([uno] for uno in SIN_CAJA)
        bien = primera.articulo.unidad != SERVICIO and entera and primera.linea.cantidad > 1
        if siguiente and de_vuelta and bien:
            posibles.append((numerada, *siguiente))
    elegidas = posibles[-1::-CADA][:VUELTAS]
    return sorted(elegidas, key=lambda una: una[2].abre)


def _fecha(elegida: Elegida) -> datetime:
    return elegida[2].abre + timedelta(hours=3)


def _importes(elegida: Elegida) -> dict[str, Decimal]:
    """Return what a unit of the first line is worth."""
    primera = elegida[0][-1].lineas[0]
    parte = parte_devuelta(primera.importe, primera.linea.cantidad, Decimal(0), UNA)
    return {"subtotal": parte.subtotal, "igv": parte.igv, "total": parte.total}


def _devoluciones(vueltas: Sequence[Vuelta]) -> Iterator[dict[str, Any]]:
    for numero, (uno, elegida) in enumerate(vueltas, 1):
        yield {
            "id": uno,
            "numero": numero,
            "venta_id": elegida[0][0],
            "usuario_id": elegida[2].turno.cajero_id,
            "sucursal_id": elegida[2].turno.sucursal_id,
            "fecha": _fecha(elegida),
            "motivo": MOTIVOS[numero % len(MOTIVOS)],
            **_importes(elegida),
        }


def _lineas(vueltas: Sequence[Vuelta], detalles: dict[int, int]) -> Iterator[dict[str, Any]]:
    for numero, (uno, elegida) in enumerate(vueltas, 1):
        venta_id, *_, venta = elegida[0]
        yield {
            "devolucion_id": uno,
            "detalle_venta_id": detalles[venta_id],
            "producto_id": venta.lineas[0].articulo.id,
            "cantidad": UNA,
            "reingresa": numero % len(MOTIVOS) != FALLADO,
            **_importes(elegida),
        }


def _reembolsos(vueltas: Sequence[Vuelta]) -> Iterator[dict[str, Any]]:
    for uno, elegida in vueltas:
        venta_id, *_, venta = elegida[0]
        yield {
            "venta_id": venta_id,
            "devolucion_id": uno,
            "caja_id": elegida[1],
            "usuario_id": elegida[2].turno.cajero_id,
            "metodo": venta.pagos[0].metodo,
            "monto": _importes(elegida)["total"],
            "fecha": _fecha(elegida),
        }
