"""The ledger under random acts: what it says is what an independent count says.

Entries, exits, sales, annulments, returns, transfers with and without differences, corrections and
reservations, of a plain product, one with lots and one that may be sold without stock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import count
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from addons.base.models import Sucursal
from addons.inventory import services
from addons.inventory.models import Almacen
from addons.inventory.schemas import (
    AjusteNuevo,
    EntradaNueva,
    Recepcion,
    ReservaNueva,
    Resoluciones,
    SalidaNueva,
    TransferenciaLeida,
    TransferenciaNueva,
    TrazabilidadCambio,
)
from addons.inventory.services import lotes, movimientos, recepciones, reservas, transferencias
from addons.sales.errors import StockInsuficiente
from addons.sales.models import Producto
from addons.sales.schemas import (
    DevolucionRegistrada,
    LineaDevuelta,
    LineaVendida,
    VentaAnulada,
    VentaRegistrada,
)
from kernel.context import Ctx
from kernel.runtime import Runtime

CERO = Decimal(0)
VENCE = {"A": date(2030, 1, 1), "B": date(2031, 1, 1)}
PLANO, CON_LOTES, SIN_STOCK = range(3)
MIL = count(1)

cantidades = st.decimals("0.0001", 20, places=4) | st.sampled_from([Decimal(9), Decimal(18)])
costos = st.sampled_from([None, Decimal(3), Decimal("7.77"), Decimal(40)])
productos = st.sampled_from([PLANO, CON_LOTES, SIN_STOCK])
lados = st.sampled_from([0, 1])
numeros = st.sampled_from(["A", "B"])


@dataclass
class Venta:
    """A sale, as far as it has not come back: (product, lot) → (quantity, cost)."""

    partes: dict[tuple[int, str], list[Decimal]] = field(default_factory=dict)


class Cuenta:
    """Stock, lots, promises and average costs, counted by other means than the ledger's."""

    def __init__(self) -> None:
        self.stock: dict[tuple[int, int, str], Decimal] = defaultdict(Decimal)
        self.promesas: dict[tuple[int, int, str], Decimal] = defaultdict(Decimal)
        self.promedio: dict[int, Decimal | None] = {}

    def total(self, producto: int) -> Decimal:
        """Return the stock of a product everywhere."""
        return sum((n for (_, p, _), n in self.stock.items() if p == producto), CERO)

    def hay(self, almacen: int, producto: int, lote: str = "") -> Decimal:
        """Return what may leave: of a lot, or of all of them."""
        claves = [(almacen, producto, one) for one in ([lote] if lote else ["", "A", "B"])]
        return sum((self.stock[one] - self.promesas[one] for one in claves), CERO)

    def entra(self, almacen: int, producto: int, lote: str, n: Decimal, costo: Any) -> None:
        """Bring goods in at a cost, or at the average."""
        antes, promedio = self.total(producto), self.promedio.get(producto)
        costo = promedio if costo is None else costo
        if costo is not None:
            if promedio is None or antes <= 0:
                promedio = costo
            else:
                promedio = (antes * promedio + n * costo) / (antes + n)
            self.promedio[producto] = promedio.quantize(Decimal("0.000001"), ROUND_HALF_UP)
        self.stock[almacen, producto, lote] += n

    def sale(self, almacen: int, producto: int, lote: str, n: Decimal) -> None:
        """Take goods out."""
        self.stock[almacen, producto, lote] -= n


class Almacenes(RuleBasedStateMachine):
    """Two almacenes and three products under all acts."""

    runtime: ClassVar[Runtime]

    @initialize()
    def open(self) -> None:
        """Make products and almacenes of this run's own."""
        number = next(MIL)

        def make(ctx: Ctx) -> None:
            goods = [
                Producto(
                    sku=f"AZAR-{number}-{one}",
                    nombre="Azar",
                    precio=Decimal(1),
                    permite_venta_sin_stock=one == SIN_STOCK,
                )
                for one in range(3)
            ]
            branch = Sucursal(codigo=f"azar-{number}", nombre="Azar")
            ctx.session.add_all([*goods, branch])
            ctx.session.flush()
            places = [
                Almacen(nombre=f"Azar {number}-{one}", sucursal_id=branch.id) for one in range(2)
            ]
            ctx.session.add_all(places)
            ctx.session.flush()
            self.sucursal = branch.id
            self.productos = [one.id for one in goods]
            self.almacenes = [one.id for one in places]
            cambio = TrazabilidadCambio(trazabilidad="lote")
            lotes.cambiar_trazabilidad(ctx, self.productos[CON_LOTES], cambio)

        self.runtime.transact(make)
        self.cuenta = Cuenta()
        self.ventas: dict[int, Venta] = {}
        self.guardado: dict[int, tuple[int, int, str, Decimal]] = {}
        self.camino: dict[int, tuple[Any, list[tuple[int, str, Decimal]]]] = {}
        self.numero = 0
        for lado in (0, 1):
            for producto in range(3):
                self.entrada(lado, producto, Decimal(20), Decimal(5), "B")

    def act(self, work: Callable[[Ctx], Any], *, possible: bool) -> Any:
        """Return what an act gives; it must be refused for want of stock just when it should."""
        if possible:
            return self.runtime.transact(work)
        with pytest.raises(StockInsuficiente):
            self.runtime.transact(work)
        return None

    def goods(self, lado: int, producto: int, lote: str) -> dict[str, Any]:
        """Return what a body says of goods."""
        return {
            "almacen_id": self.almacenes[lado],
            "producto_id": self.productos[producto],
            "motivo": "Azar",
            "numero_lote": lote if producto == CON_LOTES else "",
        }

    def lot(self, producto: int, lote: str) -> dict[str, Any]:
        """Return what a body says of a lot that comes in."""
        return {"fecha_vencimiento": VENCE[lote]} if producto == CON_LOTES else {}

    @rule(lado=lados, producto=productos, n=cantidades, costo=costos, lote=numeros)
    def entrada(self, lado: int, producto: int, n: Decimal, costo: Any, lote: str) -> None:
        """Goods come in."""
        nueva = EntradaNueva(
            **self.goods(lado, producto, lote),
            cantidad=n,
            costo_unitario=costo,
            **self.lot(producto, lote),
        )
        self.runtime.transact(lambda ctx: movimientos.registrar_entrada(ctx, nueva))
        self.cuenta.entra(lado, producto, lote if producto == CON_LOTES else "", n, costo)

    @rule(lado=lados, producto=productos, n=cantidades, lote=numeros)
    def salida(self, lado: int, producto: int, n: Decimal, lote: str) -> None:
        """Goods leave, unless there are too few."""
        nueva = SalidaNueva(**self.goods(lado, producto, lote), cantidad=n)
        self._sale(lado, producto, n, lote,
                   lambda ctx: movimientos.registrar_salida(ctx, nueva))  # fmt: skip

    @rule(lado=lados, producto=productos, n=cantidades, lote=numeros, suma=st.booleans())
    def ajuste(self, lado: int, producto: int, n: Decimal, lote: str, suma: bool) -> None:
        """Goods are corrected by hand."""
        nuevo = AjusteNuevo(
            **self.goods(lado, producto, lote),
            cantidad=n if suma else -n,
            **(self.lot(producto, lote) if suma else {}),
        )
        if suma:
            self.runtime.transact(lambda ctx: movimientos.registrar_ajuste(ctx, nuevo))
            self.cuenta.entra(lado, producto, lote if producto == CON_LOTES else "", n, None)
        else:
            self._sale(lado, producto, n, lote,
                       lambda ctx: movimientos.registrar_ajuste(ctx, nuevo))  # fmt: skip

    def _sale(
        self, lado: int, producto: int, n: Decimal, lote: str, work: Callable[[Ctx], Any]
    ) -> None:
        lote = lote if producto == CON_LOTES else ""
        if lote and not any(self.cuenta.stock[one, producto, lote] for one in (0, 1)):
            return  # nobody knows such a lot: another refusal, tested elsewhere
        possible = self.cuenta.hay(lado, producto, lote) >= n
        self.act(work, possible=possible)
        if possible:
            self.cuenta.sale(lado, producto, lote, n)

    @rule(lineas=st.lists(st.tuples(productos, cantidades), min_size=1, max_size=3,
                          unique_by=lambda one: one[0]))  # fmt: skip
    def vender(self, lineas: list[tuple[int, Decimal]]) -> None:
        """A sale takes from the first almacén; of lots, what expires first."""
        self.numero += 1
        venta_id = self.productos[0] * 10_000 + self.numero
        possible = all(p == SIN_STOCK or self.cuenta.hay(0, p) >= n for p, n in lineas)
        vendidas = tuple(
            LineaVendida(self.productos[p], n, f"detalle.{index}.cantidad")
            for index, (p, n) in enumerate(lineas)
        )
        evento = VentaRegistrada(venta_id, self.sucursal, Decimal(1), vendidas)
        self.act(lambda ctx: ctx.publish(evento), possible=possible)
        if possible:
            venta = self.ventas[venta_id] = Venta()
            for producto, n in lineas:
                self._vendida(venta, producto, n)

    def _vendida(self, venta: Venta, producto: int, n: Decimal) -> None:
        resto = n
        for lote in ("A", "B") if producto == CON_LOTES else ("",):
            hay = self.cuenta.hay(0, producto, lote) if lote else resto
            toma = min(resto, hay)
            if toma > 0:
                costo = self.cuenta.promedio.get(producto)
                venta.partes[producto, lote] = [toma, costo]  # type: ignore[list-item]
                self.cuenta.sale(0, producto, lote, toma)
                resto -= toma

    @precondition(lambda self: self.ventas)
    @rule(data=st.data(), anula=st.booleans())
    def volver(self, data: st.DataObject, anula: bool) -> None:
        """A sale is annulled, or a part of one product comes back."""
        venta_id = data.draw(st.sampled_from(sorted(self.ventas)))
        venta = self.ventas[venta_id]
        vendidos = sorted({p for (p, _), (n, _) in venta.partes.items() if n > 0})
        if not vendidos:
            return
        vuelven = vendidos if anula else [data.draw(st.sampled_from(vendidos))]
        lineas = []
        for producto in vuelven:
            total = sum((n for (p, _), (n, _) in venta.partes.items() if p == producto), CERO)
            n = total if anula else min(total, data.draw(cantidades))
            lineas.append(LineaDevuelta(self.productos[producto], n, "detalle.0.cantidad", 1))
            self._vuelve(venta, producto, n)
        hechos = (venta_id, self.sucursal, Decimal(1), "Azar", tuple(lineas))
        evento = VentaAnulada(*hechos) if anula else DevolucionRegistrada(1, *hechos)
        self.runtime.transact(lambda ctx: ctx.publish(evento))

    def _vuelve(self, venta: Venta, producto: int, n: Decimal) -> None:
        for (p, lote), parte in venta.partes.items():
            toma = min(n, parte[0]) if p == producto else CERO
            if toma > 0:
                self.cuenta.entra(0, producto, lote, toma, parte[1])
                parte[0] -= toma
                n -= toma

    @rule(lado=lados, producto=productos, n=cantidades, lote=numeros)
    def reservar(self, lado: int, producto: int, n: Decimal, lote: str) -> None:
        """Goods are promised, unless there are too few."""
        nueva = ReservaNueva(**self.goods(lado, producto, lote), cantidad=n)
        lote = lote if producto == CON_LOTES else ""
        if lote and not any(self.cuenta.stock[one, producto, lote] for one in (0, 1)):
            return
        possible = self.cuenta.hay(lado, producto, lote) >= n
        leida = self.act(lambda ctx: reservas.reservar(ctx, nueva), possible=possible)
        if possible:
            self.guardado[leida.id] = (lado, producto, lote, n)
            self.cuenta.promesas[lado, producto, lote] += n

    @precondition(lambda self: self.guardado)
    @rule(data=st.data())
    def liberar(self, data: st.DataObject) -> None:
        """A reservation is let go."""
        uno = data.draw(st.sampled_from(sorted(self.guardado)))
        self.runtime.transact(lambda ctx: reservas.liberar(ctx, uno))
        lado, producto, lote, n = self.guardado.pop(uno)
        self.cuenta.promesas[lado, producto, lote] -= n

    @rule(lado=lados, producto=productos, n=cantidades, lote=numeros)
    def transferir(self, lado: int, producto: int, n: Decimal, lote: str) -> None:
        """Goods are sent to the other almacén, unless there are too few."""
        goods = self.goods(lado, producto, lote)
        lote = goods["numero_lote"]
        if lote and not any(self.cuenta.stock[one, producto, lote] for one in (0, 1)):
            return
        linea = {
            "producto_id": goods["producto_id"],
            "cantidad_enviada": n,
            "numero_lote": lote,
        }
        nueva = TransferenciaNueva(
            almacen_origen_id=self.almacenes[lado],
            almacen_destino_id=self.almacenes[1 - lado],
            detalle=[linea],  # type: ignore[list-item]  # pydantic makes it one
        )
        possible = self.cuenta.hay(lado, producto, lote) >= n
        una = self.act(
            lambda ctx: transferencias.crear_transferencia(ctx, nueva), possible=possible
        )
        if possible:
            self.camino[una.id] = (una, [(lado, lote, n)])
            self.cuenta.promesas[lado, producto, lote] += n

    @precondition(lambda self: self.camino)
    @rule(
        data=st.data(),
        falta=st.sampled_from([CERO, CERO, Decimal("0.5"), Decimal(1)]),
        resolucion=st.sampled_from(["enviada", "recibida", "perdida"]),
    )
    def recibir(self, data: st.DataObject, falta: Decimal, resolucion: str) -> None:
        """A transfer arrives, whole or not; a difference is settled."""
        clave = data.draw(st.sampled_from(sorted(self.camino)))
        una, [(lado, lote, n)] = self.camino.pop(clave)
        producto = self.productos.index(una.detalle[0].producto_id)
        llega = (n * (1 - falta)).quantize(Decimal("0.0001"))
        contada = {"detalle_id": una.detalle[0].id, "cantidad_recibida": llega}
        recepcion = Recepcion(detalle=[contada])  # type: ignore[list-item]
        leida: TransferenciaLeida = self.runtime.transact(
            lambda ctx: recepciones.confirmar_transferencia(ctx, una.id, recepcion)
        )
        self.cuenta.promesas[lado, producto, lote] -= n
        mueve, pierde = llega, CERO
        if llega != n:
            assert leida.estado == "CON_INCIDENCIA"
            resuelve = {"incidencia_id": leida.incidencias[0].id, "motivo": "Azar"}
            pedido = Resoluciones(resoluciones=[resuelve | {"resolucion": resolucion}])  # type: ignore[list-item]
            leida = self.runtime.transact(
                lambda ctx: recepciones.resolver_incidencias(ctx, una.id, pedido)
            )
            mueve = n if resolucion == "enviada" else llega
            pierde = n - llega if resolucion == "perdida" else CERO
        assert leida.estado == "CONFIRMADA"
        self.cuenta.sale(lado, producto, lote, mueve + pierde)
        self.cuenta.stock[1 - lado, producto, lote] += mueve

    @invariant()
    def agrees(self) -> None:
        """The ledger says what the other count says, and its own parts agree."""
        if not hasattr(self, "cuenta"):
            return
        with self.runtime.database.engine.connect() as connection:
            given = {"productos": self.productos}
            stock = {(r[0], r[1]): r[2:] for r in connection.execute(text(STOCK), given)}
            lots = {tuple(r[:3]): r[3:] for r in connection.execute(text(LOTES), given)}
            means = {r[0]: r[1] for r in connection.execute(text(PROMEDIOS), given)}
            orphans = connection.execute(text(SIN_DOCUMENTO), given).all()
        assert orphans == []
        for producto, producto_id in enumerate(self.productos):
            assert means[producto_id] == self.cuenta.promedio.get(producto)
            for lado, almacen_id in enumerate(self.almacenes):
                claves = [(lado, producto, lote) for lote in ("", "A", "B")]
                actual = sum((self.cuenta.stock[one] for one in claves), CERO)
                promised = sum((self.cuenta.promesas[one] for one in claves), CERO)
                assert stock.get((almacen_id, producto_id), (CERO, CERO)) == (actual, promised)
                assert actual >= 0 or producto == SIN_STOCK
                for lote in ("A", "B") if producto == CON_LOTES else ():
                    told = lots.get((almacen_id, producto_id, lote), (CERO, CERO))
                    clave = (lado, producto, lote)
                    assert told == (self.cuenta.stock[clave], self.cuenta.promesas[clave])

    def teardown(self) -> None:
        """At the end the whole book is looked over."""
        assert self.runtime.transact(services.revisar_libro) is None
        assert self.runtime.transact(services.revisar_costos) is None


STOCK = """
SELECT almacen_id, producto_id, stock_actual, stock_reservado FROM productos_almacen
 WHERE producto_id = ANY(:productos)
"""
LOTES = """
SELECT almacen_id, producto_id, numero_lote, cantidad_actual, cantidad_reservada FROM lotes_series
 WHERE producto_id = ANY(:productos)
"""
PROMEDIOS = "SELECT id, costo_promedio FROM productos WHERE id = ANY(:productos)"
SIN_DOCUMENTO = """
SELECT id, tipo_movimiento, referencia_doc FROM movimientos_stock m
 WHERE producto_id = ANY(:productos) AND NOT (
   referencia_doc LIKE 'venta:%' OR referencia_doc LIKE 'transferencia:%' AND EXISTS (
     SELECT FROM transferencias t WHERE 'transferencia:' || t.id = m.referencia_doc)
   OR EXISTS (SELECT FROM audit_logs a WHERE a.objeto_tipo = 'movimientos_stock'
               AND a.datos_nuevos_json->'ids' @> to_jsonb(m.id)))
"""


def test_random_acts_leave_a_book_that_agrees(shared_runtime: Runtime) -> None:
    class Run(Almacenes):
        runtime = shared_runtime

    chosen = settings(
        max_examples=15,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Run, settings=chosen)
