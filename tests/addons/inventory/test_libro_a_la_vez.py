"""Many acts on the same goods at once: nothing below zero at any moment, and a book that agrees."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from addons.inventory import services
from addons.inventory.schemas import (
    COMPLETA,
    AjusteNuevo,
    EntradaNueva,
    ReservaNueva,
    SalidaNueva,
    TransferenciaNueva,
    TrazabilidadCambio,
)
from addons.inventory.services import lotes, movimientos, recepciones, reservas, transferencias
from addons.sales.errors import StockInsuficiente
from addons.sales.schemas import LineaDevuelta, LineaVendida, VentaAnulada, VentaRegistrada
from kernel.context import Ctx
from kernel.runtime import Runtime
from tests.shop import Shop

THREADS, ACTS = 6, 30

BELOW_ZERO = """
SELECT almacen_id, producto_id, id, saldo FROM (
  SELECT almacen_id, producto_id, id,
         sum(cantidad) OVER (PARTITION BY almacen_id, producto_id ORDER BY id) AS saldo
    FROM (SELECT id, producto_id, almacen_origen_id AS almacen_id, -cantidad AS cantidad
            FROM movimientos_stock WHERE almacen_origen_id IS NOT NULL
          UNION ALL SELECT id, producto_id, almacen_destino_id, cantidad
            FROM movimientos_stock WHERE almacen_destino_id IS NOT NULL) m) s
 WHERE saldo < 0
"""


class Storekeeper:
    """One of those who act at once, by chance but always the same chance."""

    ventas = count(1_000_000)

    def __init__(self, runtime: Runtime, shop: Shop, seed: int) -> None:
        self.runtime, self.shop = runtime, shop
        self.chance = random.Random(seed)  # no secret
        self.told: Counter[str] = Counter()

    def run(self, barrier: Barrier) -> Counter[str]:
        """Return how often each act succeeded or was refused."""
        barrier.wait()
        acts: list[Callable[[Ctx], Any]] = [
            self.entra, self.sale, self.ajusta, self.envia, self.reserva, self.vende, self.vende,
        ]  # fmt: skip
        for _ in range(ACTS):
            act = self.chance.choice(acts)
            try:
                self.runtime.transact(act)
                self.told[act.__name__] += 1
            except StockInsuficiente:
                self.told["refused"] += 1
        return self.told

    def goods(self) -> dict[str, Any]:
        """Return what a body says of some goods."""
        producto = self.chance.choice(self.shop.productos[:3])
        lote = "INICIAL" if producto == self.shop.productos[0] else ""
        return {
            "almacen_id": self.chance.choice(self.shop.almacenes),
            "producto_id": producto,
            "numero_lote": lote,
            "cantidad": Decimal(self.chance.randint(1, 20)),
            "motivo": "A la vez",
        }

    def entra(self, ctx: Ctx) -> None:
        """Goods come in, at some cost."""
        costo = Decimal(self.chance.randint(5, 9))
        movimientos.registrar_entrada(ctx, EntradaNueva(**self.goods(), costo_unitario=costo))

    def sale(self, ctx: Ctx) -> None:
        """Goods leave."""
        movimientos.registrar_salida(ctx, SalidaNueva(**self.goods()))

    def ajusta(self, ctx: Ctx) -> None:
        """Goods are found missing."""
        goods = self.goods()
        movimientos.registrar_ajuste(ctx, AjusteNuevo(**goods | {"cantidad": -goods["cantidad"]}))

    def reserva(self, ctx: Ctx) -> None:
        """Goods are promised and let go."""
        una = reservas.reservar(ctx, ReservaNueva(**self.goods()))
        reservas.liberar(ctx, una.id)

    def envia(self, ctx: Ctx) -> None:
        """Goods are sent from either side, several products at once, and arrive."""
        origen, destino = self.chance.sample(self.shop.almacenes, 2)
        detalle = [
            {
                "producto_id": goods["producto_id"],
                "cantidad_enviada": goods["cantidad"],
                "numero_lote": goods["numero_lote"],
            }
            for goods in (self.goods(), self.goods())
        ]
        nueva = TransferenciaNueva(
            almacen_origen_id=origen,
            almacen_destino_id=destino,
            detalle=detalle,  # type: ignore[arg-type]
        )
        una = transferencias.crear_transferencia(ctx, nueva)
        recepciones.confirmar_transferencia(ctx, una.id, COMPLETA)

    def vende(self, ctx: Ctx) -> None:
        """A sale of all three, in any order; now and then it is annulled."""
        venta_id = next(self.ventas)
        sucursal = self.chance.choice(self.shop.sucursales)
        productos = self.chance.sample(self.shop.productos[:3], self.chance.choice([1, 2, 3]))
        lineas = [
            (uno, Decimal(self.chance.randint(1, 5)), f"detalle.{index}.cantidad")
            for index, uno in enumerate(productos)
        ]
        vendidas = tuple(LineaVendida(*linea) for linea in lineas)
        ctx.publish(VentaRegistrada(venta_id, sucursal, Decimal(1), vendidas))
        if self.chance.random() < 0.3:
            vueltas = tuple(LineaDevuelta(*linea, 1) for linea in lineas)
            ctx.publish(VentaAnulada(venta_id, sucursal, Decimal(1), "Azar", vueltas))


@pytest.mark.slow
def test_acts_at_once_never_take_what_is_not_there(runtime: Runtime, shop: Shop) -> None:
    cambio = TrazabilidadCambio(trazabilidad="lote")
    runtime.transact(lambda ctx: lotes.cambiar_trazabilidad(ctx, shop.productos[0], cambio))
    barrier = Barrier(THREADS)
    keepers = [Storekeeper(runtime, shop, seed) for seed in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        told = sum(pool.map(lambda one: one.run(barrier), keepers), Counter())
    assert sum(told.values()) == THREADS * ACTS
    assert {"entra", "sale", "ajusta", "envia", "reserva", "vende", "refused"} <= set(told)
    with runtime.database.engine.connect() as connection:
        assert connection.execute(text(BELOW_ZERO)).all() == []
    assert runtime.transact(services.revisar_libro) is None
    assert runtime.transact(services.revisar_costos) is None
