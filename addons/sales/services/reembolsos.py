"""Giving money back for what was annulled or came back. Source: spec/erp-modules.md, módulo 1.

What the cliente still owes for the sale is taken off first. The rest goes back as it was paid, or
all of it by one way; what was owed and paid since goes back in cash.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select

from addons.sales.errors import SinCaja
from addons.sales.models import Caja, FormaPago, MetodoPago, Reembolso, Venta
from addons.sales.services import cajas, creditos
from addons.sales.services.importes import CERO
from kernel.context import Ctx
from kernel.errors import ValidationFailed


@dataclass(frozen=True, slots=True)
class Modo:
    """How somebody wants it given back, which caja gives cash, and for which return it is."""

    metodo: str | None = None
    caja_id: int | None = None
    devolucion_id: int | None = None


def reembolsar(ctx: Ctx, venta: Venta, monto: Decimal, modo: Modo) -> list[Reembolso]:
    """Return how an amount of a sale was given back; the sale must have been taken.

    Raises:
        SinCaja: cash is to be given back and no open caja is there.
        EfectivoInsuficiente: the caja has not so much cash.
        ValidationFailed: the way that was asked for is not accepted.
    """
    metodos = {uno.codigo: uno for uno in ctx.session.scalars(select(MetodoPago))}
    if modo.metodo is not None:
        _comprobar_metodo(metodos, modo.metodo)
    caja = cajas.caja_de(ctx, venta, modo.caja_id)  # before the cliente's row, as a sale takes them
    partes = list(_partes(ctx, venta, monto, metodos, modo.metodo))
    efectivo = sum((parte for codigo, parte in partes if metodos[codigo].es_efectivo), CERO)
    if efectivo:
        if caja is None:
            raise SinCaja(
                "Hay que devolver efectivo: abra una caja en la sucursal, o diga cuál lo da.",
                field="caja_id",
            )
        cajas.comprobar_efectivo(ctx, caja, efectivo)
    hechos = [_reembolso(ctx, venta, caja, modo, parte) for parte in partes]
    ctx.session.add_all(hechos)
    ctx.session.flush()
    return hechos


def _comprobar_metodo(metodos: dict[str, MetodoPago], codigo: str) -> None:
    metodo = metodos.get(codigo)
    if metodo is None or not metodo.activo or metodo.es_credito:
        raise ValidationFailed(
            f"No se devuelve dinero con «{codigo}».", field="metodo", code="no_existe"
        )


def _partes(
    ctx: Ctx, venta: Venta, monto: Decimal, metodos: dict[str, MetodoPago], pedido: str | None
) -> Iterator[tuple[str, Decimal]]:
    """Yield ways and amounts that add up to the monto."""
    pagado = _pagado(ctx, venta)
    for codigo, pagos in pagado.items():
        if metodos[codigo].es_credito and monto and pagos > 0:
            bajado, _ = creditos.bajar(ctx, venta.cliente_id, min(monto, pagos))
            monto -= bajado
            if bajado:
                yield codigo, bajado
    for codigo, pagos in pagado.items():
        if pedido is None and not metodos[codigo].es_credito and min(monto, pagos) > 0:
            yield codigo, min(monto, pagos)
            monto -= min(monto, pagos)
    if monto:
        yield pedido or _efectivo(metodos), monto


def _pagado(ctx: Ctx, venta: Venta) -> dict[str, Decimal]:
    """Return what is left of each payment of a sale, change and earlier refunds taken off."""
    query = (
        select(FormaPago.metodo, func.sum(FormaPago.monto))
        .where(FormaPago.venta_id == venta.id, FormaPago.confirmado)
        .group_by(FormaPago.metodo)
        .order_by(func.min(FormaPago.id))
    )
    pagado: dict[str, Decimal] = {row[0]: row[1] for row in ctx.session.execute(query)}
    dado = (
        select(Reembolso.metodo, func.sum(Reembolso.monto))
        .where(Reembolso.venta_id == venta.id)
        .group_by(Reembolso.metodo)
    )
    for codigo, monto in ctx.session.execute(dado):
        pagado[codigo] = pagado.get(codigo, CERO) - monto
    efectivo = select(MetodoPago.codigo).where(MetodoPago.es_efectivo)
    vuelto = venta.vuelto
    for codigo in ctx.session.scalars(efectivo):
        if codigo in pagado and vuelto:
            resta = min(vuelto, pagado[codigo])
            pagado[codigo] -= resta
            vuelto -= resta
    return pagado


def _efectivo(metodos: dict[str, MetodoPago]) -> str:
    primero = min((uno for uno in metodos.values() if uno.es_efectivo), key=lambda uno: uno.id)
    return primero.codigo


def _reembolso(
    ctx: Ctx, venta: Venta, caja: Caja | None, modo: Modo, parte: tuple[str, Decimal]
) -> Reembolso:
    codigo, monto = parte
    return Reembolso(
        venta_id=venta.id,
        devolucion_id=modo.devolucion_id,
        caja_id=None if caja is None else caja.id,
        usuario_id=ctx.user_id,
        metodo=codigo,
        monto=monto,
        fecha=ctx.now,
    )
