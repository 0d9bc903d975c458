"""Credit at the demo company: who buys on account, what was paid of it, what is owed today."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from addons.base.demo import copy_rows, hoy
from addons.sales.demo.catalogo import DIAS_CREDITO
from addons.sales.demo.jornadas import CERO, Jornada, Numerada, Pago
from kernel.context import Ctx
from kernel.db import Statement

DEBEN = Statement(
    "demo_deben",
    """
    UPDATE clientes c SET saldo_credito = u.saldo
      FROM unnest(%(clientes)s::bigint[], %(saldos)s::numeric[]) AS u(id, saldo) WHERE c.id = u.id
    """,
)


def vence(venta: Any) -> date | None:
    """Return the day on which a sale is due; None where it was paid at once."""
    fiada = any(pago.metodo == "credito" for pago in venta.pagos)
    return venta.fecha.date() + timedelta(days=DIAS_CREDITO) if fiada else None


def fiar(ventas: Sequence[Numerada]) -> list[Numerada]:
    """Return the sales, those on account of customers who would pay by transfer and may owe it."""
    deuda: dict[int, list[tuple[date, Decimal]]] = defaultdict(list)
    hechas = []
    for venta_id, caja_id, numero, una, venta in ventas:
        dia, suya = venta.fecha.date(), deuda[venta.comprador.id]
        suya[:] = [cuota for cuota in suya if cuota[0] > dia]
        debe = sum((monto for _, monto in suya), CERO) + venta.total.total
        transfiere = [pago.metodo for pago in venta.pagos] == ["transferencia"]
        fiada = venta
        if transfiere and debe <= venta.comprador.limite:
            fiada = replace(venta, pagos=[Pago("credito", venta.total.total)])
            suya.append((dia + timedelta(days=DIAS_CREDITO), venta.total.total))
        hechas.append((venta_id, caja_id, numero, una, fiada))
    return hechas


def cobrar(ctx: Ctx, ventas: Sequence[Numerada]) -> None:
    """Write what was paid of it, each on its day, and what customers owe today."""
    fiadas = [una for una in ventas if vence(una[-1]) is not None]
    cajas = _cajas(ventas)
    copy_rows(ctx, "movimientos_caja", _abonos(fiadas, cajas, hoy(ctx)))
    saldos: dict[int, Decimal] = defaultdict(Decimal)
    for *_, venta in fiadas:
        if (vence(venta) or hoy(ctx)) >= hoy(ctx):
            saldos[venta.comprador.id] += venta.total.total
    ctx.sql(DEBEN, clientes=list(saldos), saldos=list(saldos.values()))


def _cajas(ventas: Sequence[Numerada]) -> dict[tuple[int, date], tuple[int, Jornada]]:
    """Return the caja of each cashier on each day."""
    return {
        (una.turno.cajero_id, una.abre.date()): (caja_id, una) for _, caja_id, _, una, _ in ventas
    }


def _abonos(
    fiadas: Sequence[Numerada], cajas: dict[tuple[int, date], tuple[int, Jornada]], hoy: date
) -> Iterator[dict[str, Any]]:
    for _, _, _, una, venta in fiadas:
        dia = vence(venta)
        if dia is None or dia >= hoy:
            continue
        caja_id, jornada = cajas[una.turno.cajero_id, dia]
        yield {
            "caja_id": caja_id,
            "sucursal_id": jornada.turno.sucursal_id,
            "usuario_id": jornada.turno.cajero_id,
            "tipo": "abono",
            "metodo": "transferencia",
            "monto": venta.total.total,
            "referencia": f"Op. {10_000_000 + caja_id}",
            "cliente_id": venta.comprador.id,
            "fecha": jornada.abre + timedelta(hours=2),
        }
