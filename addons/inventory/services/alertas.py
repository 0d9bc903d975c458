"""Alerts: products at their minimum, lots that expire soon; as notices and mail. Source: módulo 2.

Each almacén's alerts go to the people who may hear of them (``stock.alertas``) and reach it. A day
tells each of them once of an almacén, and once of each product that falls to its minimum.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import select

from addons.base.services.notificaciones import Noticia, con_permiso, notificar
from addons.inventory.models import Almacen, Producto, ProductoAlmacen, Transferencia
from addons.inventory.schemas import AlertasQuery, AlertasStock, AlertaStock
from addons.inventory.services.alcance import ALCANZABLES
from kernel.context import Ctx
from kernel.db import Statement
from kernel.phrases import Phrase, counted, phrase, verbatim

Lineas = dict[tuple[int, str], list[Phrase]]
"""What is said of each almacén, by id and name."""

MOSTRADOS = 20
"""Products that a notice names."""

LIMITES = "/inventario/alertas"
LOTES = "/inventario/lotes"
TRANSFERENCIAS = "/inventario/transferencias"


class Alertas(BaseModel):
    """Which alerts of stock there are."""

    dias_vencimiento: int = Field(
        default=7, ge=1, le=365, description="Días antes de que venza un lote."
    )
    correo: bool = Field(default=True, description="Enviar las alertas también por correo.")


BAJOS = Statement(
    "alertas_bajos",
    """
    SELECT pa.almacen_id, a.nombre, pr.sku, pr.nombre, pa.stock_actual, pa.stock_minimo
      FROM productos_almacen pa
      JOIN almacenes a ON a.id = pa.almacen_id AND a.activo
      JOIN productos pr ON pr.id = pa.producto_id AND pr.activo
     WHERE (pa.stock_actual < 0 OR (pa.stock_minimo > 0 AND pa.stock_actual <= pa.stock_minimo))
       AND (%(almacen)s::bigint IS NULL OR pa.almacen_id = %(almacen)s)
       AND (%(productos)s::bigint[] IS NULL OR pa.producto_id = ANY(%(productos)s))
     ORDER BY pa.almacen_id, pr.sku
    """,
    reads=True,
)
VENCEN = Statement(
    "alertas_vencen",
    """
    SELECT l.almacen_id, a.nombre, pr.sku, pr.nombre,
           coalesce(nullif(l.numero_serie, ''), l.numero_lote), l.fecha_vencimiento,
           l.cantidad_actual
      FROM lotes_series l
      JOIN almacenes a ON a.id = l.almacen_id AND a.activo
      JOIN productos pr ON pr.id = l.producto_id
     WHERE l.cantidad_actual > 0 AND l.fecha_vencimiento <= %(hasta)s
     ORDER BY l.almacen_id, l.fecha_vencimiento, l.id
    """,
    reads=True,
)


def revisar(ctx: Ctx) -> None:
    """Tell people of all that is at its minimum, and of the lots that expire soon or did."""
    hoy = _hoy(ctx)
    ajustes = ctx.config(Alertas)
    hasta = hoy + timedelta(days=ajustes.dias_vencimiento)
    bajos = ctx.sql(BAJOS, almacen=None, productos=None)
    vencen = ctx.sql(VENCEN, hasta=hasta)
    lectores = _lectores(ctx, {row[0] for row in (*bajos, *vencen)})
    noticias = [*_digerir_bajos(bajos, lectores, hoy), *_digerir_lotes(vencen, lectores, hoy)]
    notificar(ctx, noticias, correo=ajustes.correo)


def avisar_minimo(ctx: Ctx, almacen_id: int, productos: list[int]) -> None:
    """Tell people of products that an act just took to their minimum, if they still are there."""
    ctx.notify("stock.minimo", almacen_id=almacen_id, productos=productos)
    rows = ctx.sql(BAJOS, almacen=almacen_id, productos=productos)
    lectores = _lectores(ctx, {almacen_id})
    noticias = [
        Noticia(
            usuario_id,
            "stock_minimo",
            phrase(
                "{nombre}: quedan {stock} en {almacen}",
                nombre=nombre,
                stock=_numero(stock),
                almacen=almacen,
            ),
            f"stock_minimo:{almacen_id}:{sku}:{_hoy(ctx)}",
            (_bajo(sku, nombre, stock, minimo),),
            LIMITES,
        )
        for _, almacen, sku, nombre, stock, minimo in rows
        for usuario_id in lectores.get(almacen_id, ())
    ]
    notificar(ctx, noticias, correo=ctx.config(Alertas).correo)


def avisar_transferencia(ctx: Ctx, transferencia_id: int, suceso: str) -> None:
    """Tell the other end of a transfer: of goods on their way, or of a difference."""
    una = ctx.session.get(Transferencia, transferencia_id)
    if una is None:
        return
    ctx.notify("stock.transferencias", transferencia_id=una.id)
    incidencia = suceso == "incidencia"
    almacen_id = una.almacen_origen_id if incidencia else una.almacen_destino_id
    noticias = [
        Noticia(
            usuario_id,
            "transferencia",
            _suceso(una.id, suceso),
            f"transferencia:{una.id}:{suceso}",
            (verbatim(una.nota),) if una.nota else (),
            TRANSFERENCIAS,
        )
        for usuario_id in _lectores(ctx, {almacen_id}).get(almacen_id, ())
    ]
    notificar(ctx, noticias, correo=incidencia and ctx.config(Alertas).correo)


def _suceso(transferencia_id: int, suceso: str) -> Phrase:
    if suceso == "incidencia":
        return phrase("Incidencia en la transferencia {id}", id=transferencia_id)
    if suceso == "enviada":
        return phrase("Transferencia {id} enviada", id=transferencia_id)
    return phrase("Transferencia {id} solicitada", id=transferencia_id)


def _lectores(ctx: Ctx, almacenes: Iterable[int]) -> dict[int, list[int]]:
    """Return who hears of each almacén."""
    lectores: dict[int, list[int]] = defaultdict(list)
    for usuario_id in con_permiso(ctx, "stock.alertas"):
        ids = ctx.sql(ALCANZABLES, usuario=usuario_id)[0][0]
        for almacen_id in almacenes:
            if ids is None or almacen_id in ids:
                lectores[almacen_id].append(usuario_id)
    return lectores


def _digerir_bajos(
    rows: Sequence[tuple[Any, ...]], lectores: dict[int, list[int]], hoy: date
) -> list[Noticia]:
    lineas: Lineas = defaultdict(list)
    for almacen_id, almacen, sku, nombre, stock, minimo in rows:
        lineas[almacen_id, almacen].append(_bajo(sku, nombre, stock, minimo))
    return _noticias(lineas, lectores, hoy, "stock_minimo", LIMITES)


def _digerir_lotes(
    rows: Sequence[tuple[Any, ...]], lectores: dict[int, list[int]], hoy: date
) -> list[Noticia]:
    lineas: Lineas = defaultdict(list)
    for almacen_id, almacen, sku, nombre, lote, vence, cantidad in rows:
        lineas[almacen_id, almacen].append(
            phrase(
                "{sku} {nombre}, lote {lote}: venció el {dia}, quedan {cantidad}"
                if vence < hoy
                else "{sku} {nombre}, lote {lote}: vence el {dia}, quedan {cantidad}",
                sku=sku,
                nombre=nombre,
                lote=lote,
                dia=f"{vence:%d/%m/%Y}",
                cantidad=_numero(cantidad),
            )
        )
    return _noticias(lineas, lectores, hoy, "lote_vence", LOTES)


def _noticias(
    lineas: Lineas,
    lectores: dict[int, list[int]],
    hoy: date,
    tipo: str,
    enlace: str,
) -> list[Noticia]:
    noticias = []
    for (almacen_id, almacen), unas in lineas.items():
        texto = unas[:MOSTRADOS]
        if len(unas) > MOSTRADOS:
            texto.append(phrase("y {n} más", n=len(unas) - MOSTRADOS))
        noticias += [
            Noticia(
                usuario_id,
                tipo,
                _titulo(tipo, len(unas), almacen),
                f"{tipo}:{almacen_id}:{hoy}",
                texto,
                enlace,
            )
            for usuario_id in lectores.get(almacen_id, ())
        ]
    return noticias


def _titulo(tipo: str, cuantos: int, almacen: str) -> Phrase:
    if tipo == "stock_minimo":
        return counted(
            "{n} producto bajo su mínimo en {almacen}",
            "{n} productos bajo su mínimo en {almacen}",
            cuantos,
            almacen=almacen,
        )
    return counted(
        "{n} lote por vencer en {almacen}",
        "{n} lotes por vencer en {almacen}",
        cuantos,
        almacen=almacen,
    )


def _bajo(sku: str, nombre: str, stock: Decimal, minimo: Decimal) -> Phrase:
    return phrase(
        "{sku} {nombre}: quedan {stock}, mínimo {minimo}",
        sku=sku,
        nombre=nombre,
        stock=_numero(stock),
        minimo=_numero(minimo),
    )


def _numero(cantidad: Decimal) -> str:
    return f"{cantidad.normalize():f}"


def _hoy(ctx: Ctx) -> date:
    return ctx.now.astimezone(ctx.time_zone).date()


def listar(ctx: Ctx, query: AlertasQuery) -> AlertasStock:
    """Return the products at or below their minimum, in the almacenes that the user reaches."""
    pa = ProductoAlmacen
    statement = (
        select(
            pa.id,
            pa.producto_id,
            Producto.sku,
            Producto.nombre,
            pa.almacen_id,
            Almacen.nombre,
            pa.stock_actual,
            pa.stock_reservado,
            pa.stock_minimo,
            pa.stock_maximo,
            pa.stock_seguridad,
        )
        .join(Producto, Producto.id == pa.producto_id)
        .join(Almacen, Almacen.id == pa.almacen_id)
        .where(
            Producto.activo,
            (pa.stock_actual < 0) | ((pa.stock_minimo > 0) & (pa.stock_actual <= pa.stock_minimo)),
        )
        .order_by(pa.id)
        .limit(query.limit + 1)
    )
    if query.almacen_id is not None:
        statement = statement.where(pa.almacen_id == query.almacen_id)
    if query.next is not None:
        statement = statement.where(pa.id > query.next)
    names = list(AlertaStock.model_fields)[:-1]
    rows = ctx.session.execute(statement).all()
    items = [_alerta(dict(zip(names, row, strict=True))) for row in rows[: query.limit]]
    return AlertasStock(items=items, next=items[-1].id if len(rows) > query.limit else None)


def _alerta(facts: dict[str, Any]) -> AlertaStock:
    hasta = max(facts["stock_maximo"], facts["stock_minimo"] + facts["stock_seguridad"])
    return AlertaStock(**facts, sugerido=max(hasta - facts["stock_actual"], Decimal(0)))
