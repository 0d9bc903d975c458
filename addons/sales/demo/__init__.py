"""The demo company's products, prices, customers, three months of cajas and sales, credit, offers.

What is written is what ``services`` would have written, sale by sale; but in bulk, and with one
audit row for all of it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from random import Random
from typing import Any

from pydantic_core import to_json

from addons.base.demo import CAJA_DE_HOY, copy_rows, dias, hoy, take_ids
from addons.sales.demo.actos import abrir_tienda_en_linea, sincronizar
from addons.sales.demo.catalogo import cargar_articulos, cargar_compradores
from addons.sales.demo.creditos import cobrar, fiar, vence
from addons.sales.demo.devoluciones import cargar_devoluciones
from addons.sales.demo.jornadas import (
    APERTURA,
    CERO,
    Jornada,
    Numerada,
    Tienda,
    Turno,
    jornada,
    jornada_en_curso,
)
from addons.sales.demo.listas import cargar_listas
from addons.sales.demo.ofertas import cargar_ofertas
from addons.sales.models import ABIERTA, CERRADA
from addons.sales.services.denominaciones import denominaciones
from kernel.context import Ctx
from kernel.db import Statement
from kernel.demo import DemoAct, DemoData, DemoFacts

TURNOS = Statement(
    "demo_turnos",
    """
    SELECT u.sucursal_id, u.id, u.email,
           (SELECT min(v.id) FROM usuarios v JOIN roles r ON r.id = v.rol_id
             WHERE r.nombre = 'VENDEDOR' AND v.sucursal_id = u.sucursal_id)
      FROM usuarios u JOIN roles r ON r.id = u.rol_id
     WHERE r.nombre = 'CAJERO' AND u.sucursal_id IS NOT NULL
     ORDER BY u.id
    """,
)
EMPRESA = Statement(
    "demo_empresa", "SELECT precios_incluyen_igv, tasa_igv FROM configuracion WHERE id = 1"
)
METODOS = Statement("demo_metodos", "SELECT codigo, id FROM metodos_pago")


def load(ctx: Ctx, facts: DemoFacts) -> None:
    """Write products, customers, cajas and sales, up to two sales in today's open caja."""
    articulos = cargar_articulos(ctx, _azar(facts, "costos"))
    compradores = cargar_compradores(ctx)
    precios = cargar_listas(ctx, articulos)
    incluyen_igv, tasa = ctx.sql(EMPRESA)[0]
    tienda = Tienda.de(
        articulos, compradores, incluyen_igv=incluyen_igv, tasa=tasa, zona=ctx.time_zone
    )
    jornadas = _jornadas(ctx, facts, tienda)
    ventas = fiar(_numerar(ctx, jornadas))
    _copiar_ventas(ctx, ventas)
    cobrar(ctx, ventas)
    devoluciones = cargar_devoluciones(ctx, ventas)
    ofertas = cargar_ofertas(ctx, tienda, _azar(facts, "ofertas"), ventas)
    resumen = {
        "productos": len(articulos),
        "clientes": len(compradores),
        "precios": precios,
        "cajas": len(jornadas),
        "ventas": len(ventas),
        "cotizaciones": ofertas,
        "devoluciones": devoluciones,
    }
    ctx.audit("cargar_demo", "ventas", None, despues=resumen, modulo="sales")


def _azar(facts: DemoFacts, *parts: object) -> Random:
    """Return dice of their own for each part, so that a day's sales don't depend on other days."""
    return Random("/".join(map(str, (facts.seed, *parts))))  # noqa: S311  # no secret


def _jornadas(ctx: Ctx, facts: DemoFacts, tienda: Tienda) -> list[Jornada]:
    """Return every cashier's days in the order of their opening, today's last."""
    turnos = _turnos(ctx)
    pasados = dias(ctx)
    jornadas = [
        jornada(tienda, turno, dia, numero / len(pasados), _azar(facts, dia, email))
        for numero, dia in enumerate(pasados)
        for email, turno in turnos.items()
    ]
    jornadas.sort(key=_apertura)
    azar = _azar(facts, hoy(ctx), CAJA_DE_HOY)
    return [*jornadas, jornada_en_curso(tienda, turnos[CAJA_DE_HOY], ctx.now, azar)]


def _turnos(ctx: Ctx) -> dict[str, Turno]:
    """Return the cashiers by e-mail; the first sucursal has two and sells the most."""
    filas = ctx.sql(TURNOS)
    pesos = [len(filas) - numero / 2 for numero in range(len(filas))]
    return {
        email: Turno(sucursal_id, cajero_id, vendedor_id, peso / sum(pesos))
        for (sucursal_id, cajero_id, email, vendedor_id), peso in zip(filas, pesos, strict=True)
    }


def _apertura(una: Jornada) -> datetime:
    return una.abre


def _numerar(ctx: Ctx, jornadas: Sequence[Jornada]) -> list[Numerada]:
    """Return the sales of the cajas, written too, in the order in which they happened."""
    cajas = take_ids(ctx, "cajas", len(jornadas))
    cierres = _numerar_cierres(jornadas)
    copy_rows(ctx, "cajas", map(_caja, cajas, jornadas, cierres))
    _contar_cierres(ctx, jornadas, cierres)
    cerradas = [(caja_id, una) for caja_id, una in zip(cajas, jornadas, strict=True) if una.cierra]
    copy_rows(ctx, "arqueos", (_arqueo(caja_id, una) for caja_id, una in cerradas))
    copy_rows(
        ctx,
        "andes_sequences",
        (
            {"name": "venta", "serie": str(caja_id), "last": len(una.ventas)}
            for caja_id, una in zip(cajas, jornadas, strict=True)
        ),
    )
    hechas = [
        (venta.fecha, caja_id, numero, una, venta)
        for caja_id, una in zip(cajas, jornadas, strict=True)
        for numero, venta in enumerate(una.ventas, 1)
    ]
    hechas.sort(key=itemgetter(0, 1, 2))
    ids = take_ids(ctx, "ventas", len(hechas))
    return [(venta_id, *hecha[1:]) for venta_id, hecha in zip(ids, hechas, strict=True)]


def _numerar_cierres(jornadas: Sequence[Jornada]) -> list[int | None]:
    """Return the number of each caja's report Z, which counts the closings of its sucursal."""
    ultimo: Counter[int] = Counter()
    numeros: dict[int, int] = {}
    cerradas = [(una.cierra, index) for index, una in enumerate(jornadas) if una.cierra]
    for _, index in sorted(cerradas):
        sucursal_id = jornadas[index].turno.sucursal_id
        ultimo[sucursal_id] += 1
        numeros[index] = ultimo[sucursal_id]
    return [numeros.get(index) for index in range(len(jornadas))]


def _contar_cierres(ctx: Ctx, jornadas: Sequence[Jornada], cierres: Sequence[int | None]) -> None:
    ultimos: dict[int, int] = {}
    for una, numero in zip(jornadas, cierres, strict=True):
        sucursal_id = una.turno.sucursal_id
        ultimos[sucursal_id] = max(ultimos.get(sucursal_id, 0), numero or 0)
    copy_rows(
        ctx,
        "andes_sequences",
        (
            {"name": "reporte_z", "serie": str(sucursal_id), "last": last}
            for sucursal_id, last in sorted(ultimos.items())
        ),
    )


def _caja(caja_id: int, una: Jornada, numero_z: int | None) -> dict[str, Any]:
    return {
        "id": caja_id,
        "sucursal_id": una.turno.sucursal_id,
        "usuario_id": una.turno.cajero_id,
        "estado": CERRADA if una.cierra else ABIERTA,
        "monto_apertura": APERTURA,
        "monto_esperado": una.esperado if una.cierra else None,
        "monto_cierre": una.esperado + una.descuadre if una.cierra else None,
        "fecha_apertura": una.abre,
        "fecha_cierre": una.cierra,
        "numero_z": numero_z,
        "created_at": una.abre,
        "updated_at": una.cierra or una.abre,
    }


def _arqueo(caja_id: int, una: Jornada) -> dict[str, Any]:
    contado = una.esperado + una.descuadre
    return {
        "caja_id": caja_id,
        "sucursal_id": una.turno.sucursal_id,
        "usuario_id": una.turno.cajero_id,
        "tipo": "cierre",
        "monto_esperado": una.esperado,
        "monto_contado": contado,
        "detalle": to_json(_billetes(contado)).decode(),
        "fecha": una.cierra,
    }


def _billetes(monto: Decimal) -> list[dict[str, Any]]:
    """Return how many there are of each note and coin; nothing where no coins make the amount."""
    found, resto = [], monto
    for valor in denominaciones("PEN")[1:]:
        cantidad, resto = divmod(resto, valor)
        if cantidad:
            found.append({"valor": f"{valor:.2f}", "cantidad": int(cantidad)})
    return [] if resto else found


def _copiar_ventas(ctx: Ctx, ventas: Sequence[Numerada]) -> None:
    metodos: dict[str, int] = dict(ctx.sql(METODOS))
    copy_rows(ctx, "ventas", (_venta(una, metodos) for una in ventas))
    copy_rows(ctx, "detalle_venta", _detalle(ventas))
    copy_rows(ctx, "formas_pago", _formas_pago(ventas))


def _venta(numerada: Numerada, metodos: dict[str, int]) -> dict[str, Any]:
    venta_id, caja_id, numero, una, venta = numerada
    mayor = max(venta.pagos, key=lambda pago: pago.monto)
    return {
        "id": venta_id,
        "serie": str(caja_id),
        "numero": numero,
        "cliente_id": venta.comprador.id,
        "usuario_id": venta.usuario_id,
        "sucursal_id": una.turno.sucursal_id,
        "caja_id": caja_id,
        "fecha": venta.fecha,
        "subtotal": venta.total.subtotal,
        "igv": venta.total.igv,
        "total": venta.total.total,
        "vuelto": venta.vuelto,
        "estado": "registrada",
        "modo_emision": "pos",
        "metodo_pago_id": metodos[mayor.metodo],
        "monto_credito": venta.total.total if vence(venta) else CERO,
        "fecha_vencimiento": vence(venta),
    }


def _detalle(ventas: Sequence[Numerada]) -> Iterator[dict[str, Any]]:
    for venta_id, _, _, _, venta in ventas:
        for vendida in venta.lineas:
            yield {
                "venta_id": venta_id,
                "producto_id": vendida.articulo.id,
                "cantidad": vendida.linea.cantidad,
                "precio_unitario": vendida.linea.precio_unitario,
                "descuento": vendida.linea.descuento,
                "subtotal": vendida.importe.subtotal,
                "igv": vendida.importe.igv,
                "total": vendida.importe.total,
            }


def _formas_pago(ventas: Sequence[Numerada]) -> Iterator[dict[str, Any]]:
    for venta_id, _, _, _, venta in ventas:
        for pago in venta.pagos:
            yield {
                "venta_id": venta_id,
                "metodo": pago.metodo,
                "monto": pago.monto,
                "referencia": pago.referencia,
            }


DEMO = DemoData(
    "sales",
    load,
    acts=(
        DemoAct("admin@demo.pe", abrir_tienda_en_linea),
        DemoAct(CAJA_DE_HOY, sincronizar),
    ),
)
