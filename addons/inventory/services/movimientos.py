"""Goods that come in, leave, or are corrected by hand. Source: módulo 2."""

from typing import Any

from addons.inventory.models import CONSUMIDA
from addons.inventory.schemas import AjusteNuevo, EntradaNueva, MovimientoCreado, SalidaNueva
from addons.inventory.services import alcance, libro, reservas
from addons.inventory.services.libro import Movimiento
from kernel import mentions
from kernel.context import Ctx
from kernel.errors import FieldError
from kernel.messages import refused


def registrar_entrada(ctx: Ctx, entrada: EntradaNueva) -> MovimientoCreado:
    """Return the movement that brings goods into an almacén.

    Raises:
        ValidationFailed: what it names doesn't exist or doesn't fit; every such field is named.
        Forbidden: the almacén is out of the user's reach.
    """
    abierto = libro.abrir(ctx, [entrada.producto_id])
    faltas = [*abierto.faltas_de(entrada.producto_id), *_vencidas(ctx, entrada)]
    alcance.comprobar(ctx, {"almacen_id": entrada.almacen_id}, faltas)
    if entrada.costo_unitario is not None:
        ctx.require("productos.ver_costo")
    entra = Movimiento(
        libro.ENTRADA,
        entrada.producto_id,
        entrada.cantidad,
        destino_id=entrada.almacen_id,
        motivo=entrada.motivo,
        referencia=entrada.referencia_doc,
        costo=entrada.costo_unitario,
        numero_lote=entrada.numero_lote,
        numero_serie=entrada.numero_serie,
        vence=entrada.fecha_vencimiento,
    )
    return _registrar(abierto, entra, "entrada", entrada)


def _vencidas(ctx: Ctx, entrada: EntradaNueva) -> list[FieldError]:
    vence = entrada.fecha_vencimiento
    if vence is None or vence >= ctx.now.astimezone(ctx.time_zone).date():
        return []
    text = "Ya venció; si debe entrar, regístrelo con un ajuste."
    return [FieldError("fecha_vencimiento", "vencido", text)]


def registrar_salida(ctx: Ctx, salida: SalidaNueva) -> MovimientoCreado:
    """Return the movement, or those of several lots, that takes goods out of an almacén.

    Raises:
        ValidationFailed: what it names doesn't exist or doesn't fit; every such field is named.
        Forbidden: the almacén is out of reach, or the user may not go below zero.
        StockInsuficiente: there is less than asked for that is not promised.
    """
    abierto = libro.abrir(ctx, [salida.producto_id])
    faltas = abierto.faltas_de(salida.producto_id)
    alcance.comprobar(ctx, {"almacen_id": salida.almacen_id}, faltas)
    if salida.autorizar_sin_stock:
        _autorizar(ctx, abierto, salida)
    lote_id = None
    if salida.reserva_id is not None:
        clave = salida.almacen_id, salida.producto_id, salida.cantidad
        lote_id = reservas.tomar(abierto, salida.reserva_id, clave, CONSUMIDA).lote_id
    sale = Movimiento(
        libro.SALIDA,
        salida.producto_id,
        salida.cantidad,
        origen_id=salida.almacen_id,
        motivo=salida.motivo,
        referencia=salida.referencia_doc,
        lote_id=lote_id,
        numero_lote=salida.numero_lote,
        numero_serie=salida.numero_serie,
        sin_stock=salida.autorizar_sin_stock,
    )
    return _registrar(abierto, sale, "salida", salida)


def _autorizar(ctx: Ctx, abierto: libro.Libro, salida: SalidaNueva) -> None:
    ctx.require("stock.autorizar_sin_stock")
    if not abierto.permite_sin_stock(salida.producto_id):
        text = "Este producto nunca queda en negativo: no permite venta sin stock."
        raise refused([FieldError("autorizar_sin_stock", "no_permitido", text)])


def registrar_ajuste(ctx: Ctx, ajuste: AjusteNuevo) -> MovimientoCreado:
    """Return the movement that corrects what an almacén holds; the audit refers to it.

    Raises:
        ValidationFailed: what it names doesn't exist or doesn't fit; every such field is named.
        Forbidden: the almacén is out of the user's reach.
        StockInsuficiente: it takes more than there is.
    """
    abierto = libro.abrir(ctx, [ajuste.producto_id])
    faltas = abierto.faltas_de(ajuste.producto_id)
    alcance.comprobar(ctx, {"almacen_id": ajuste.almacen_id}, faltas)
    suma = ajuste.cantidad > 0
    corrige = Movimiento(
        libro.AJUSTE,
        ajuste.producto_id,
        abs(ajuste.cantidad),
        origen_id=None if suma else ajuste.almacen_id,
        destino_id=ajuste.almacen_id if suma else None,
        motivo=ajuste.motivo,
        referencia=ajuste.referencia_doc,
        numero_lote=ajuste.numero_lote,
        numero_serie=ajuste.numero_serie,
        vence=ajuste.fecha_vencimiento,
    )
    return _registrar(abierto, corrige, "ajuste", ajuste)


def _registrar(
    abierto: libro.Libro,
    uno: Movimiento,
    accion: str,
    pedido: EntradaNueva | SalidaNueva | AjusteNuevo,
) -> MovimientoCreado:
    ids = abierto.mover([uno])
    despues = pedido.model_dump(exclude_defaults=True)
    abierto.ctx.audit(
        accion, "movimientos_stock", ids[0], despues={**despues, "ids": ids}, modulo="inventory"
    )
    return MovimientoCreado(id=ids[0], ids=ids)


def nombrar_documentos(ctx: Ctx, rows: list[dict[str, Any]]) -> None:
    """Give movements the name of the document that caused them, as people call it."""
    nombres = mentions.told(ctx, [row["referencia_doc"] for row in rows])
    for row in rows:
        dicho = nombres.get(row["referencia_doc"])
        row["documento"] = dicho.name if dicho is not None else row["referencia_doc"]
