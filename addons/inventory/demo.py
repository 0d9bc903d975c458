"""The demo company's warehouses, and the ledger that its sales imply.

Every sucursal opens with stock, restocks on Monday mornings what the week would exhaust, and each
sold line leaves its movement when it was sold; so no stock was ever below zero. Yesterday evening
the storekeeper received lots, sent transfers and began a count.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import product
from operator import itemgetter
from random import Random
from typing import Any

from addons.base.demo import copy_rows, dias, inicio, take_ids
from addons.inventory.schemas import (
    ConteoNuevo,
    EntradaNueva,
    Recepcion,
    ReservaNueva,
    TransferenciaNueva,
    TrazabilidadCambio,
)
from addons.inventory.services import (
    conteos,
    lotes,
    movimientos,
    particiones,
    recepciones,
    reservas,
    transferencias,
)
from kernel.context import Ctx
from kernel.db import Statement
from kernel.demo import DemoData, DemoFacts

LUNES = 0
COLCHON = {"001": Decimal(20)}
"""Units of each product that a sucursal never goes below, by its codigo."""
COLCHON_COMUN = Decimal(4)
COBERTURA = 3
"""Mean periods that a purchase lasts, besides the coming one."""
BAJO_MINIMO = 7
"""Stocks that are below their minimum today."""
VOLUMEN = Decimal(5)
"""Products that sell so much a week, all sucursales together, have a reserve in the depósito."""

VENDIDO = Statement(
    "demo_vendido",
    """
    SELECT v.fecha, v.id, v.sucursal_id, v.usuario_id, d.producto_id, d.cantidad, p.costo
      FROM ventas v
      JOIN detalle_venta d ON d.venta_id = v.id
      JOIN productos p ON p.id = d.producto_id AND NOT p.permite_venta_sin_stock
     ORDER BY v.fecha, v.id, d.id
    """,
)
DEVUELTO = Statement(
    "demo_devuelto",
    """
    SELECT r.sucursal_id, d.producto_id, r.fecha, d.cantidad, r.venta_id, r.usuario_id,
           'Devolución ' || r.id || ': ' || r.motivo
      FROM devoluciones r
      JOIN detalle_devolucion d ON d.devolucion_id = r.id AND d.reingresa
     ORDER BY r.fecha, r.id, d.id
    """,
)
PRODUCTOS = Statement(
    "demo_productos",
    "SELECT id, costo FROM productos WHERE NOT permite_venta_sin_stock ORDER BY id",
)
SUCURSALES = Statement(
    "demo_sucursales", "SELECT id, codigo, nombre FROM sucursales ORDER BY codigo"
)
ALMACENERO = Statement(
    "demo_almacenero",
    """
    SELECT min(u.id) FROM usuarios u JOIN roles r ON r.id = u.rol_id
     WHERE r.nombre = 'SUPERVISOR_ALMACEN'
    """,
)
CON_LOTES = Statement(
    "demo_con_lotes",
    """
    SELECT p.id FROM productos p JOIN categorias c ON c.id = p.categoria_id
     WHERE c.nombre = %(categoria)s AND NOT p.permite_venta_sin_stock ORDER BY p.sku LIMIT 3
    """,
)
EN_DEPOSITO = Statement(
    "demo_en_deposito",
    """
    SELECT pa.producto_id FROM productos_almacen pa JOIN productos p ON p.id = pa.producto_id
     WHERE pa.almacen_id = %(almacen)s AND p.trazabilidad = 'ninguna' AND pa.stock_actual >= 10
     ORDER BY pa.producto_id LIMIT 4
    """,
)
VENCEN = "Pinturas y acabados"
"""The family whose first products carry lots."""

TARDE = time(18, 30)

SUMAR = Statement(
    "demo_sumar_stock",
    """
    UPDATE productos p SET stock_actual = s.stock, costo_promedio = p.costo
      FROM (SELECT producto_id, sum(stock_actual) AS stock FROM productos_almacen GROUP BY 1) s
     WHERE p.id = s.producto_id
    """,
)


@dataclass(frozen=True, slots=True)
class Deposito:
    """A warehouse and what it never goes below; ``vende`` unless it only keeps reserves."""

    id: int
    sucursal_id: int
    colchon: Decimal
    vende: bool


@dataclass(slots=True)
class Existencia:
    """What a warehouse has of a product: what came in, and what went out in each period."""

    almacen: Deposito
    producto_id: int
    costo: Decimal
    salidas: list[Decimal]
    entradas: list[tuple[datetime, Decimal]] = field(default_factory=list)
    vueltas: list[tuple[Any, ...]] = field(default_factory=list)
    """What customers brought back: when, how much, of which sale, to whom, why."""

    @property
    def media(self) -> Decimal:
        """What goes out in a mean period."""
        return sum(self.salidas, Decimal(0)) / len(self.salidas)

    @property
    def stock(self) -> Decimal:
        """What is left."""
        entra = sum((cantidad for _, cantidad in self.entradas), Decimal(0))
        entra += sum((cantidad for _, cantidad, *_ in self.vueltas), Decimal(0))
        return entra - sum(self.salidas, Decimal(0))


def load(ctx: Ctx, facts: DemoFacts) -> None:
    """Write the warehouses, their movements and their stock."""
    azar = Random(f"{facts.seed}/inventario")  # noqa: S311  # no secret
    almacenes = _cargar_almacenes(ctx)
    vendido = ctx.sql(VENDIDO)
    compras = _compras(ctx)
    existencias = _existencias(ctx, almacenes, vendido, compras)
    for una in existencias:
        _abastecer(una, compras, azar)
    _devolver(ctx, existencias)
    existencias += _reservas(almacenes, existencias, compras)
    libro = [*_entradas(ctx, existencias), *_vueltas(existencias), *_salidas(almacenes, vendido)]
    libro.sort(key=itemgetter("created_at"))
    particiones.preparar(ctx, inicio(ctx))
    copy_rows(ctx, "movimientos_stock", libro)
    copy_rows(ctx, "productos_almacen", _stock(existencias, azar))
    ctx.sql(SUMAR)
    _actuar(ctx, almacenes)
    resumen = {"almacenes": len(almacenes), "movimientos": len(libro)}
    ctx.audit("cargar_demo", "almacenes", None, despues=resumen, modulo="inventory")


def _cargar_almacenes(ctx: Ctx) -> list[Deposito]:
    """Return a selling warehouse per sucursal, and the depósito, last."""
    sucursales = ctx.sql(SUCURSALES)
    ids = take_ids(ctx, "almacenes", len(sucursales) + 1)
    marcas = {"created_at": inicio(ctx), "updated_at": inicio(ctx)}
    filas = [
        {"id": uno, "nombre": f"Almacén {nombre}", "tipo": "PRINCIPAL", "sucursal_id": sucursal}
        for uno, (sucursal, _, nombre) in zip(ids, sucursales, strict=False)
    ]
    primera = sucursales[0][0]
    filas.append(
        {"id": ids[-1], "nombre": "Depósito Lurín", "tipo": "DEPOSITO", "sucursal_id": primera}
    )
    copy_rows(ctx, "almacenes", (fila | marcas for fila in filas))
    principales = [
        Deposito(uno, sucursal, COLCHON.get(codigo, COLCHON_COMUN), vende=True)
        for uno, (sucursal, codigo, _) in zip(ids, sucursales, strict=False)
    ]
    return [*principales, Deposito(ids[-1], primera, Decimal(0), vende=False)]


def _compras(ctx: Ctx) -> list[datetime]:
    """Return when goods come in: at the beginning, then on Mondays before opening."""
    lunes = (dia for dia in dias(ctx)[1:] if dia.weekday() == LUNES)
    return [inicio(ctx), *(datetime.combine(dia, time(7, 15), ctx.time_zone) for dia in lunes)]


def _existencias(
    ctx: Ctx,
    almacenes: Sequence[Deposito],
    vendido: Sequence[tuple[Any, ...]],
    compras: Sequence[datetime],
) -> list[Existencia]:
    """Return what each selling warehouse gave out of each product between purchases."""
    salidas: dict[tuple[int, int], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(compras))
    for fecha, _, sucursal_id, _, producto_id, cantidad, _ in vendido:
        salidas[sucursal_id, producto_id][bisect_right(compras, fecha) - 1] += cantidad
    productos = ctx.sql(PRODUCTOS)
    return [
        Existencia(almacen, producto_id, costo, salidas[almacen.sucursal_id, producto_id])
        for almacen in almacenes
        if almacen.vende
        for producto_id, costo in productos
    ]


def _abastecer(una: Existencia, compras: Sequence[datetime], azar: Random) -> None:
    """Buy before each period that would take the stock below its cushion."""
    stock = Decimal(0)
    for numero, (compra, sale) in enumerate(zip(compras, una.salidas, strict=True)):
        minimo = una.almacen.colchon + sale
        if numero == 0 or stock < minimo:
            holgura = COBERTURA * una.media + 5 * azar.randrange(4)
            entra = _lotes(minimo + holgura - stock)
            una.entradas.append((compra, entra))
            stock += entra
        stock -= sale


def _lotes(cantidad: Decimal) -> Decimal:
    """Return the quantity, up to whole packs: of 5, of 10 from 50 on, of 50 from 200 on."""
    lote = Decimal(5 if cantidad < 50 else 10 if cantidad < 200 else 50)
    return (cantidad / lote).to_integral_value(ROUND_CEILING) * lote


def _reservas(
    almacenes: Sequence[Deposito], existencias: Sequence[Existencia], compras: Sequence[datetime]
) -> list[Existencia]:
    """Return what the depósito keeps of the products that sell most."""
    medias: dict[tuple[int, Decimal], Decimal] = defaultdict(Decimal)
    for una in existencias:
        medias[una.producto_id, una.costo] += una.media
    return [
        Existencia(almacenes[-1], *producto, [Decimal(0)], [(compras[0], _lotes(8 * media))])
        for producto, media in medias.items()
        if media >= VOLUMEN
    ]


def _entradas(ctx: Ctx, existencias: Sequence[Existencia]) -> Iterator[dict[str, Any]]:
    almacenero = ctx.sql(ALMACENERO)[0][0]
    abre = inicio(ctx)
    for una in existencias:
        for cuando, cantidad in una.entradas:
            yield {
                "producto_id": una.producto_id,
                "almacen_origen_id": None,
                "almacen_destino_id": una.almacen.id,
                "tipo_movimiento": "ENTRADA",
                "cantidad": cantidad,
                "costo_unitario": una.costo,
                "costo_promedio": una.costo,
                "motivo": "Inventario inicial" if cuando == abre else "Compra semanal",
                "usuario_id": almacenero,
                "referencia_doc": "",
                "created_at": cuando,
            }


def _devolver(ctx: Ctx, existencias: Sequence[Existencia]) -> None:
    """Note what came back where it had been sold."""
    hay = {(una.almacen.sucursal_id, una.producto_id): una for una in existencias}
    for sucursal_id, producto_id, *hechos in ctx.sql(DEVUELTO):
        hay[sucursal_id, producto_id].vueltas.append(tuple(hechos))


def _vueltas(existencias: Sequence[Existencia]) -> Iterator[dict[str, Any]]:
    for una in existencias:
        for cuando, cantidad, venta_id, usuario_id, motivo in una.vueltas:
            yield {
                "producto_id": una.producto_id,
                "almacen_origen_id": None,
                "almacen_destino_id": una.almacen.id,
                "tipo_movimiento": "DEVOLUCION",
                "cantidad": cantidad,
                "costo_unitario": una.costo,
                "costo_promedio": una.costo,
                "motivo": motivo,
                "usuario_id": usuario_id,
                "referencia_doc": f"venta:{venta_id}",
                "created_at": cuando,
            }


def _salidas(
    almacenes: Sequence[Deposito], vendido: Sequence[tuple[Any, ...]]
) -> Iterator[dict[str, Any]]:
    origen = {uno.sucursal_id: uno.id for uno in almacenes if uno.vende}
    for fecha, venta_id, sucursal_id, usuario_id, producto_id, cantidad, costo in vendido:
        yield {
            "producto_id": producto_id,
            "almacen_origen_id": origen[sucursal_id],
            "almacen_destino_id": None,
            "tipo_movimiento": "VENTA",
            "cantidad": cantidad,
            "costo_unitario": costo,
            "costo_promedio": costo,
            "motivo": "",
            "usuario_id": usuario_id,
            "referencia_doc": f"venta:{venta_id}",
            "created_at": fecha,
        }


def _stock(existencias: Sequence[Existencia], azar: Random) -> Iterator[dict[str, Any]]:
    vendidas = [numero for numero, una in enumerate(existencias) if una.media >= 1]
    bajas = set(azar.sample(vendidas, min(BAJO_MINIMO, len(vendidas))))
    for numero, una in enumerate(existencias):
        stock, minimo = una.stock, _minimo(una)
        if numero in bajas:
            minimo = _lotes(stock + 10)
        yield {
            "producto_id": una.producto_id,
            "almacen_id": una.almacen.id,
            "stock_actual": stock,
            "stock_minimo": minimo,
            "stock_maximo": _lotes(max(stock, minimo) + 4 * una.media),
            "stock_seguridad": minimo // 2,
        }


def _minimo(una: Existencia) -> Decimal:
    """Return a mean week's demand in fives, or the most of them that is below the stock."""
    semana = (una.media / 5).to_integral_value(ROUND_CEILING) * 5
    return min(semana, max((una.stock - 1) // 5 * 5, Decimal(0)))


# What the storekeeper did yesterday evening -------------------------------------------------------


def _actuar(ctx: Ctx, almacenes: Sequence[Deposito]) -> None:
    """Leave lots, transfers in every state, a reservation and a count, all of yesterday."""
    ahora, ctx.now = ctx.now, datetime.combine(dias(ctx)[-1], TARDE, ctx.time_zone)
    try:
        deposito, tienda = almacenes[-1].id, almacenes[0].id
        con_lotes = [row[0] for row in ctx.sql(CON_LOTES, categoria=VENCEN)]
        for producto_id in con_lotes:
            _poner_lotes(ctx, (deposito, tienda), producto_id)
        en_deposito = [row[0] for row in ctx.sql(EN_DEPOSITO, almacen=deposito)]
        _transferir(ctx, deposito, [tienda, tienda, almacenes[1].id, tienda], en_deposito)
        reserva = ReservaNueva(
            almacen_id=deposito,
            producto_id=en_deposito[0],
            cantidad=Decimal(3),
            motivo="Apartado para la obra de Surco",
        )
        reservas.reservar(ctx, reserva)
        conteos.crear_conteo(ctx, ConteoNuevo(almacen_id=deposito, nota="Conteo de fin de mes"))
    finally:
        ctx.now = ahora


def _poner_lotes(ctx: Ctx, almacenes: Sequence[int], producto_id: int) -> None:
    """Have a product carry lots: one that expires in days, one that lasts."""
    lotes.cambiar_trazabilidad(ctx, producto_id, TrazabilidadCambio(trazabilidad="lote"))
    lotes_nuevos = (("L-0412", 6, 5), ("L-0530", 240, 30))
    for almacen_id, (numero, queda, cantidad) in product(almacenes, lotes_nuevos):
        entrada = EntradaNueva(
            almacen_id=almacen_id,
            producto_id=producto_id,
            cantidad=Decimal(cantidad),
            motivo="Compra con lote",
            numero_lote=numero,
            fecha_vencimiento=ctx.now.date() + timedelta(days=queda),
        )
        movimientos.registrar_entrada(ctx, entrada)


def _transferir(ctx: Ctx, origen: int, destinos: Sequence[int], productos: Sequence[int]) -> None:
    """Send four transfers: received, received with a difference, on its way, only asked for."""
    for numero, (destino, producto_id) in enumerate(zip(destinos, productos, strict=False)):
        detalle = [{"producto_id": producto_id, "cantidad_enviada": Decimal(2)}]
        nueva = TransferenciaNueva.model_validate(
            {"almacen_origen_id": origen, "almacen_destino_id": destino, "detalle": detalle}
        )
        una = transferencias.crear_transferencia(ctx, nueva)
        if numero < 3:
            transferencias.enviar_transferencia(ctx, una.id)
        if numero < 2:
            contada = {"detalle_id": una.detalle[0].id, "cantidad_recibida": Decimal(2 - numero)}
            recepcion = Recepcion.model_validate({"detalle": [contada]})
            recepciones.confirmar_transferencia(ctx, una.id, recepcion)


DEMO = DemoData("inventory", load)
