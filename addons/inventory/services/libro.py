"""The ledger: goods move in set-based statements, the movements of a product one after the other.

Whoever moves goods, or promises them, first locks the rows of their productos, in order (``abrir``,
``VENDER``). What an almacén holds, its lots, its reservations and the average cost of a product
change under that lock only, so that two acts on the same goods wait for each other instead of
failing, and the ids of movements tell in which order they happened. Source: módulo 2.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from addons.inventory.models import SERIE
from addons.inventory.services.asientos import (
    ABRIR,
    AJUSTE,
    ANULACION,
    CERO,
    DEVOLUCION,
    ENTRADA,
    ESCRIBIR,
    EXISTENCIAS,
    LIMITE,
    LOTES,
    PONER_LOTES,
    SACAR_LOTES,
    SALIDA,
    TRANSFERENCIA,
    VENTA,
    Fila,
    Movimiento,
    Par,
    Producto,
    Saldo,
)
from addons.inventory.services.costos import al_entrar, valor
from addons.inventory.services.eleccion import LoteLeido, elegir
from addons.sales.errors import StockInsuficiente
from kernel.context import Ctx
from kernel.errors import FieldError
from kernel.messages import refused

__all__ = [
    "AJUSTE",
    "ANULACION",
    "DEVOLUCION",
    "ENTRADA",
    "LOTES",
    "SALIDA",
    "TRANSFERENCIA",
    "VENTA",
    "Libro",
    "Movimiento",
    "Saldo",
    "abrir",
    "avisar_bajos",
]


@dataclass(slots=True)
class Libro:
    """The open ledger of some productos, inside one transaction."""

    ctx: Ctx
    productos: dict[int, Producto]
    saldos: dict[Par, Saldo] = field(default_factory=dict)
    lotes: list[LoteLeido] = field(default_factory=list)
    faltas: list[FieldError] = field(default_factory=list)
    sin_stock: list[FieldError] = field(default_factory=list)

    def saldo(self, almacen_id: int | None, producto_id: int) -> Saldo:
        """Return what an almacén holds of a producto, as far as this act came."""
        return self.saldos.setdefault((almacen_id or 0, producto_id), Saldo())

    def disponible(self, almacen_id: int, producto_id: int) -> Decimal:
        """Return what an almacén has of a producto that is not promised."""
        return self.saldo(almacen_id, producto_id).disponible

    def trazado(self, producto_id: int) -> bool:
        """Return whether the movements of a producto name lots or series."""
        return producto_id in self.productos and self.productos[producto_id].trazado

    def por_serie(self, producto_id: int) -> bool:
        """Return whether each unit of a producto has a number."""
        return self.trazado(producto_id) and self.productos[producto_id].trazabilidad == SERIE

    def permite_sin_stock(self, producto_id: int) -> bool:
        """Return whether a producto may be sold without stock."""
        return producto_id in self.productos and self.productos[producto_id].permite_sin_stock

    def mover(self, movimientos: Sequence[Movimiento]) -> list[int]:
        """Return the ids of the movements that were written, one or more for each asked.

        Raises:
            ValidationFailed: a producto, lot or quantity doesn't fit; every such field is named.
            StockInsuficiente: there is less than asked for; every such line is named.
        """
        filas = self.ensayar(movimientos)
        self._guardar_lotes(filas)
        for fila in filas:
            self._valorar(fila)
        self._avisar(movimientos)
        return self._escribir(filas)

    def ensayar(self, movimientos: Sequence[Movimiento]) -> list[Fila]:
        """Return the rows that movements come to, from which lots; nothing is written.

        Raises:
            ValidationFailed, StockInsuficiente: as ``mover``.
        """
        self._leer_lotes(movimientos)
        filas = [fila for uno in movimientos for fila in self._filas(uno)]
        if self.faltas:
            raise refused(self.faltas)
        if self.sin_stock:
            raise StockInsuficiente("No hay stock suficiente.", errors=self.sin_stock)
        return filas

    def faltas_de(self, producto_id: int, campo: str = "producto_id") -> list[FieldError]:
        """Return what is wrong with a producto that the caller names."""
        if producto_id in self.productos:
            return []
        return [FieldError(campo, "no_existe", "No existe un producto con este id.")]

    def _leer_lotes(self, movimientos: Sequence[Movimiento]) -> None:
        trazados = {uno for uno, producto in self.productos.items() if producto.trazado}
        de_lotes = [uno for uno in movimientos if uno.producto_id in trazados]
        if not de_lotes:
            return
        numeros = {n for m in de_lotes for n in (m.lote, m.numero_lote, m.numero_serie) if n}
        self.lotes = [
            LoteLeido(*row)
            for row in self.ctx.sql(
                LOTES,
                productos=sorted(trazados),
                numeros=sorted(numeros),
                ids=[uno.lote_id for uno in de_lotes if uno.lote_id],
            )
        ]

    def _filas(self, uno: Movimiento) -> Iterator[Fila]:
        producto = self.productos.get(uno.producto_id)
        if producto is None:
            self._falta(uno, "producto_id", "no_existe", "No existe un producto con este id.")
            return
        if uno.origen_id is not None:
            partes = self._sacar(uno, producto)
        else:
            partes = self._recibir(uno, producto)
        for lote, cantidad in partes:
            if uno.destino_id is not None and uno.origen_id is not None and lote is not None:
                self.lotes.append(lote.en(uno.destino_id, cantidad))
            yield Fila(uno, cantidad, lote, lote_id=lote.id if lote is not None else None)
        if uno.destino_id is not None:
            self.saldo(uno.destino_id, uno.producto_id).actual += uno.cantidad

    def _sacar(self, uno: Movimiento, producto: Producto) -> list[tuple[LoteLeido | None, Decimal]]:
        saldo = self.saldo(uno.origen_id, uno.producto_id)
        hay = saldo.disponible
        partes: list[tuple[LoteLeido | None, Decimal]] = [(None, uno.cantidad)]
        if producto.trazado:
            hoy = self.ctx.now.astimezone(self.ctx.time_zone).date()
            eleccion = elegir(uno, producto.trazabilidad == SERIE, self.lotes, hoy)
            self.faltas += eleccion.faltas
            partes = [*eleccion.partes]
            hay = min(hay, eleccion.hay)
            if eleccion.faltas:
                return []
        elif uno.nombra_lote:
            name = "lote" if uno.lote else "numero_lote"
            self._falta(uno, name, "sin_trazabilidad", "Este producto no lleva lotes.")
        alcanza = uno.sin_stock and not producto.trazado and hay - uno.cantidad >= -LIMITE
        if hay < uno.cantidad and not alcanza:
            quedan = max(hay, CERO).normalize()
            self.sin_stock.append(
                FieldError(uno.campo, "stock_insuficiente", f"Quedan {quedan:f}.")
            )
        for lote, cantidad in partes:
            if lote is not None:
                lote.actual -= cantidad
        saldo.actual -= uno.cantidad
        return partes

    def _recibir(
        self, uno: Movimiento, producto: Producto
    ) -> list[tuple[LoteLeido | None, Decimal]]:
        total = self.saldo(uno.destino_id, uno.producto_id).actual + uno.cantidad
        if max(producto.stock + uno.cantidad, total) > LIMITE:
            self._falta(uno, "cantidad", "excede", "El stock sería demasiado grande.")
        if not producto.trazado:
            if uno.nombra_lote:
                self._falta(uno, "numero_lote", "sin_trazabilidad", "Este producto no lleva lotes.")
            return [(None, uno.cantidad)]
        return self._recibir_lote(uno, producto)

    def _recibir_lote(
        self, uno: Movimiento, producto: Producto
    ) -> list[tuple[LoteLeido | None, Decimal]]:
        por_serie = producto.trazabilidad == SERIE
        if por_serie and not uno.numero_serie:
            self._falta(uno, "numero_serie", "serie_requerida", "Indique el número de serie.")
        elif por_serie and uno.cantidad != 1:
            self._falta(uno, "cantidad", "una_por_serie", "Cada número de serie es una unidad.")
        elif not (uno.numero_lote or uno.numero_serie):
            self._falta(uno, "numero_lote", "lote_requerido", "Indique el número de lote.")
        elif not por_serie and uno.numero_serie:
            self._falta(uno, "numero_serie", "sin_series", "Este producto lleva lotes, no series.")
        else:
            lote = self._lote_que_entra(uno, por_serie=por_serie)
            if lote is not None:
                lote.actual += uno.cantidad
                self.lotes.append(lote)
                return [(lote, uno.cantidad)]
        return []

    def _lote_que_entra(self, uno: Movimiento, *, por_serie: bool) -> LoteLeido | None:
        propios = [lote for lote in self.lotes if lote.producto_id == uno.producto_id]
        if por_serie and any(s.numero_serie == uno.numero_serie and s.actual > 0 for s in propios):
            text = f"La serie «{uno.numero_serie}» ya está en stock."
            self._falta(uno, "numero_serie", "serie_repetida", text)
            return None
        iguales = [
            lote
            for lote in propios
            if uno.numero_lote and lote.numero_lote == uno.numero_lote and lote.vence is not None
        ]
        conocido = iguales[0].vence if iguales else None
        if uno.vence is not None and conocido is not None and uno.vence != conocido:
            text = f"El lote «{uno.numero_lote}» vence el {conocido:%d/%m/%Y}."
            self._falta(uno, "fecha_vencimiento", "vencimiento_distinto", text)
        return LoteLeido.nuevo(uno, uno.vence or conocido)

    def _falta(self, uno: Movimiento, name: str, code: str, message: str) -> None:
        self.faltas.append(FieldError(uno.vecino(name), code, message))

    def _guardar_lotes(self, filas: Sequence[Fila]) -> None:
        salen = [f for f in filas if f.lote is not None and f.movimiento.origen_id is not None]
        if salen:
            self.ctx.sql(
                SACAR_LOTES,
                lotes=[f.lote_id for f in salen],
                cantidades=[f.cantidad for f in salen],
            )
        entran = [(f, f.lote) for f in filas if f.lote and f.movimiento.destino_id is not None]
        if not entran:
            return
        rows = self.ctx.sql(
            PONER_LOTES,
            productos=[lote.producto_id for _, lote in entran],
            almacenes=[f.movimiento.destino_id for f, _ in entran],
            numeros=[lote.numero_lote for _, lote in entran],
            series=[lote.numero_serie for _, lote in entran],
            vencen=[lote.vence for _, lote in entran],
            cantidades=[f.cantidad for f, _ in entran],
            ahora=self.ctx.now,
        )
        ids = {tuple(row[:4]): row[4] for row in rows}
        for f, lote in entran:
            if f.movimiento.origen_id is None:
                clave = (lote.producto_id, f.movimiento.destino_id, *lote.numeros)
                f.lote_id = ids[clave]

    def _valorar(self, fila: Fila) -> None:
        """Give a row its value, and the producto what a unit is worth from then on."""
        uno, producto = fila.movimiento, self.productos[fila.movimiento.producto_id]
        if uno.origen_id is None:
            fila.costo = valor(uno.costo, producto.promedio, producto.costo)
            producto.promedio = al_entrar(
                producto.stock, producto.promedio, fila.cantidad, fila.costo
            )
            producto.stock += fila.cantidad
        else:
            fila.costo = valor(producto.promedio, producto.costo)
            if uno.destino_id is None:
                producto.stock -= fila.cantidad
        fila.promedio = producto.promedio

    def _escribir(self, filas: Sequence[Fila]) -> list[int]:
        cambiados = sorted({fila.movimiento.producto_id for fila in filas})
        rows = self.ctx.sql(
            ESCRIBIR,
            productos=[fila.movimiento.producto_id for fila in filas],
            origenes=[fila.movimiento.origen_id for fila in filas],
            destinos=[fila.movimiento.destino_id for fila in filas],
            tipos=[fila.movimiento.tipo for fila in filas],
            cantidades=[fila.cantidad for fila in filas],
            costos=[fila.costo for fila in filas],
            promedios=[fila.promedio for fila in filas],
            motivos=[fila.movimiento.motivo for fila in filas],
            lotes=[fila.lote_id for fila in filas],
            referencias=[fila.movimiento.referencia for fila in filas],
            cambiados=cambiados,
            finales=[self.productos[uno].promedio for uno in cambiados],
            usuario=self.ctx.user_id,
            ahora=self.ctx.now,
        )
        return sorted(row[0] for row in rows)

    def _avisar(self, movimientos: Iterable[Movimiento]) -> None:
        """Leave a notice for each almacén of what fell to its minimum."""
        tocados = {(m.origen_id, m.producto_id) for m in movimientos if m.origen_id is not None}
        bajos: dict[int, list[int]] = {}
        for almacen_id, producto_id in sorted(tocados):
            saldo = self.saldo(almacen_id, producto_id)
            if saldo.actual < 0 or 0 < saldo.minimo >= saldo.actual:
                bajos.setdefault(almacen_id, []).append(producto_id)
        avisar_bajos(self.ctx, bajos)


def avisar_bajos(ctx: Ctx, bajos: dict[int, list[int]]) -> None:
    """Leave a job for each almacén, which tells people of productos that reached their minimum."""
    for almacen_id, productos in bajos.items():
        ctx.enqueue("inventory.avisar_stock_minimo", almacen_id=almacen_id, productos=productos)


def abrir(ctx: Ctx, productos: Iterable[int]) -> Libro:
    """Return the ledger of some productos, locked until the transaction ends."""
    ids = sorted(set(productos))
    libro = Libro(ctx, {row[0]: Producto(*row) for row in ctx.sql(ABRIR, productos=ids)})
    rows: list[tuple[Any, ...]] = ctx.sql(EXISTENCIAS, productos=ids)
    libro.saldos = {(row[0], row[1]): Saldo(*row[2:]) for row in rows}
    return libro
