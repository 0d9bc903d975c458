"""Price offers: making, editing, duplicating, expiring. Source: spec/erp-modules.md, módulo 1.

An offer is good until the end of its day; from then on it counts as ``vencida`` to everybody, also
before the job of the night has written so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from addons.sales.errors import CotizacionCerrada, CotizacionVencida
from addons.sales.models import PENDIENTE, VENCIDA, Cotizacion, DetalleCotizacion
from addons.sales.schemas import (
    CotizacionCambio,
    CotizacionLeida,
    CotizacionNueva,
    LineaOfrecida,
    MotivoAnulacion,
    Ventas,
    Vigencia,
)
from addons.sales.services import precios
from addons.sales.services.creditos import hoy
from addons.sales.services.precios import Oferta, Pedida, Valor, faltan, valorar
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Conflict, FieldError, Forbidden, NotFound, ValidationFailed
from kernel.messages import refused

OFRECER = Statement(
    "cotizacion_ofrecer",
    f"""
    WITH {precios.OFERTA}
    SELECT empresa.precios_incluyen_igv, empresa.tasa_igv, cliente.id, sucursal.id,
           {precios.COLUMNAS}
      FROM producto CROSS JOIN lista
      LEFT JOIN configuracion empresa ON empresa.id = 1
      LEFT JOIN clientes cliente ON cliente.id = %(cliente)s AND cliente.activo
      LEFT JOIN sucursales sucursal ON sucursal.id = %(sucursal)s AND sucursal.activo
    """,  # noqa: S608  # composed of our own constants
    reads=True,
)
ANULADA = "anulada"


@dataclass(frozen=True, slots=True)
class Pedido:
    """What is asked for: by whom, where, at prices that are ``acordado`` or the listed ones."""

    cliente_id: int
    sucursal_id: int
    detalle: Sequence[Pedida]
    descuento_global: Decimal
    acordado: bool = False


@dataclass(frozen=True, slots=True)
class Acordada:
    """A line at a price that was offered before."""

    producto_id: int
    cantidad: Decimal
    precio_unitario: Decimal
    descuento: Decimal

    @classmethod
    def de(cls, lineas: Sequence[Any]) -> "list[Acordada]":
        """Return lines of an offer or order as they were agreed."""
        return [cls(una.producto_id, una.cantidad, una.precio, una.descuento) for una in lineas]


def ofrecer(ctx: Ctx, pedido: Pedido) -> Valor:
    """Return what something comes to.

    Raises:
        ValidationFailed: the cliente, the sucursal or a product doesn't exist; all are named.
        Forbidden: the sucursal is out of the user's reach, or a price is the user's own idea.
    """
    rows = ctx.sql(
        OFRECER,
        cliente=pedido.cliente_id,
        sucursal=pedido.sucursal_id,
        productos=[linea.producto_id for linea in pedido.detalle],
    )
    incluyen_igv, tasa, cliente_id, sucursal_id, *columnas = rows[0]
    oferta = Oferta.of(columnas)
    if faults := list(_faltas(pedido, cliente_id, sucursal_id, oferta)):
        raise refused(faults)
    permitidas = ctx.scope("sucursales")
    if permitidas is not None and pedido.sucursal_id not in permitidas:
        raise Forbidden("Su usuario no vende en esta sucursal.", field="sucursal_id")
    if incluyen_igv is None:
        raise ValidationFailed("Configure primero los datos de la empresa.", code="sin_empresa")
    return valorar(
        ctx,
        pedido.detalle,
        oferta,
        tasa=tasa,
        incluyen_igv=incluyen_igv,
        descuento_global=pedido.descuento_global,
        acordado=pedido.acordado,
    )


def _faltas(
    pedido: Pedido, cliente_id: int | None, sucursal_id: int | None, oferta: Oferta
) -> Iterator[FieldError]:
    if cliente_id is None:
        yield FieldError("cliente_id", "no_existe", "No existe un cliente activo con este id.")
    if sucursal_id is None:
        yield FieldError("sucursal_id", "no_existe", "No existe una sucursal activa con este id.")
    yield from faltan(pedido.detalle, oferta)


def columnas_de(valor: Valor, descuento_global: Decimal) -> dict[str, Decimal]:
    """Return the amounts of a document's header."""
    return {
        "subtotal": valor.total.subtotal,
        "igv": valor.total.igv,
        "total": valor.total.total,
        "descuento_global": descuento_global,
    }


def lineas_de(detalle: Sequence[Pedida], valor: Valor) -> Iterator[dict[str, Any]]:
    """Yield the columns of a document's lines."""
    for pedida, linea, uno in zip(detalle, valor.lineas, valor.importes, strict=True):
        yield {
            "producto_id": pedida.producto_id,
            "cantidad": linea.cantidad,
            "precio": linea.precio_unitario,
            "descuento": linea.descuento,
            "descuento_global": linea.descuento_global,
            "subtotal": uno.subtotal,
            "igv": uno.igv,
            "total": uno.total,
        }


def crear_cotizacion(ctx: Ctx, nueva: CotizacionNueva) -> CotizacionLeida:
    """Return the offer, written; ``pendiente`` until it is converted or its time is over.

    Raises:
        ValidationFailed, Forbidden: see ``ofrecer``; or its day is past.
    """
    vence = _vencimiento(ctx, nueva.fecha_vencimiento)
    pedido = Pedido(nueva.cliente_id, nueva.sucursal_id, nueva.detalle, nueva.descuento_global)
    return _escribir(ctx, pedido, vence, nueva.observaciones)


def _vencimiento(ctx: Ctx, pedido: date | None) -> date:
    dia = hoy(ctx)
    if pedido is not None and pedido < dia:
        raise ValidationFailed(
            "Una cotización no puede vencer antes de hoy.", field="fecha_vencimiento", code="pasada"
        )
    return pedido or dia + timedelta(days=ctx.config(Ventas).validez_cotizacion_dias)


def _escribir(
    ctx: Ctx, pedido: Pedido, vence: date, observaciones: str, origen_id: int | None = None
) -> CotizacionLeida:
    valor = ofrecer(ctx, pedido)
    cotizacion = Cotizacion(
        numero=ctx.next_number("cotizacion"),
        cliente_id=pedido.cliente_id,
        vendedor_id=ctx.user_id,
        sucursal_id=pedido.sucursal_id,
        fecha_emision=ctx.now,
        fecha_vencimiento=vence,
        observaciones=observaciones,
        origen_id=origen_id,
        **columnas_de(valor, pedido.descuento_global),
    )
    ctx.session.add(cotizacion)
    ctx.session.flush()
    _poner_lineas(ctx, cotizacion, pedido.detalle, valor)
    return leer(ctx, cotizacion)


def _poner_lineas(
    ctx: Ctx, cotizacion: Cotizacion, detalle: Sequence[Pedida], valor: Valor
) -> None:
    for columnas in lineas_de(detalle, valor):
        ctx.session.add(DetalleCotizacion(cotizacion_id=cotizacion.id, **columnas))
    ctx.session.flush()


def editar_cotizacion(ctx: Ctx, cotizacion_id: int, cambio: CotizacionCambio) -> CotizacionLeida:
    """Return the offer after what was given changed; new lines replace all of them.

    Raises:
        NotFound: it doesn't exist or is out of the user's reach.
        CotizacionVencida: its time is over; it can be duplicated.
        CotizacionCerrada: it is an order already, or was annulled.
        Conflict: somebody changed it meanwhile.
        ValidationFailed, Forbidden: see ``ofrecer``; or its day is past.
    """
    cotizacion = tomar_cotizacion(ctx, cotizacion_id)
    if cambio.version is not None and cambio.version != cotizacion.version:
        raise Conflict(
            "Otra persona cambió esta cotización mientras usted la editaba.",
            code="version_obsoleta",
            field="version",
        )
    if cambio.fecha_vencimiento is not None:
        cotizacion.fecha_vencimiento = _vencimiento(ctx, cambio.fecha_vencimiento)
    if cambio.observaciones is not None:
        cotizacion.observaciones = cambio.observaciones
    if {cambio.cliente_id, cambio.descuento_global} != {None} or cambio.detalle is not None:
        _revalorar(ctx, cotizacion, cambio)
    cotizacion.updated_at = ctx.now  # its lines may be all that changed
    ctx.session.flush()
    return leer(ctx, cotizacion)


def _revalorar(ctx: Ctx, cotizacion: Cotizacion, cambio: CotizacionCambio) -> None:
    """Write the lines anew: those given, or those there at the prices that were offered."""
    hay = _lineas(ctx, cotizacion)
    descuento = cambio.descuento_global
    pedido = Pedido(
        cambio.cliente_id or cotizacion.cliente_id,
        cotizacion.sucursal_id,
        Acordada.de(hay) if cambio.detalle is None else cambio.detalle,
        cotizacion.descuento_global if descuento is None else descuento,
        acordado=cambio.detalle is None,
    )
    valor = ofrecer(ctx, pedido)
    for una in hay:
        ctx.session.delete(una)
    cotizacion.cliente_id = pedido.cliente_id
    for nombre, monto in columnas_de(valor, pedido.descuento_global).items():
        setattr(cotizacion, nombre, monto)
    _poner_lineas(ctx, cotizacion, pedido.detalle, valor)


def duplicar_cotizacion(ctx: Ctx, cotizacion_id: int, vigencia: Vigencia) -> CotizacionLeida:
    """Return a new offer of the same lines at the same prices, made today, ``pendiente``.

    Raises:
        NotFound: it doesn't exist or is out of the user's reach.
        ValidationFailed: a product is not sold any more, or the day is past.
    """
    cotizacion = ctx.session.get(Cotizacion, cotizacion_id)
    if cotizacion is None:
        raise NotFound
    pedido = Pedido(
        cotizacion.cliente_id,
        cotizacion.sucursal_id,
        Acordada.de(_lineas(ctx, cotizacion)),
        cotizacion.descuento_global,
        acordado=True,
    )
    vence = _vencimiento(ctx, vigencia.fecha_vencimiento)
    return _escribir(ctx, pedido, vence, cotizacion.observaciones, cotizacion.id)


def anular_cotizacion(ctx: Ctx, cotizacion_id: int, anulacion: MotivoAnulacion) -> CotizacionLeida:
    """Return the offer, annulled.

    Raises:
        NotFound, CotizacionVencida, CotizacionCerrada: see ``tomar_cotizacion``.
    """
    cotizacion = tomar_cotizacion(ctx, cotizacion_id)
    cotizacion.estado = ANULADA
    cotizacion.motivo_anulacion = anulacion.motivo
    ctx.session.flush()
    return leer(ctx, cotizacion)


def tomar_cotizacion(ctx: Ctx, cotizacion_id: int) -> Cotizacion:
    """Return an offer that is good, kept from others who would change it.

    Raises:
        NotFound: it doesn't exist or is out of the user's reach.
        CotizacionVencida: its time is over; it can be duplicated.
        CotizacionCerrada: it is an order already, or was annulled.
    """
    query = select(Cotizacion).where(Cotizacion.id == cotizacion_id).with_for_update()
    cotizacion = ctx.session.scalars(query).one_or_none()
    if cotizacion is None:
        raise NotFound
    estado = estado_de(ctx, cotizacion)
    if estado == VENCIDA:
        raise CotizacionVencida(f"Venció el {cotizacion.fecha_vencimiento:%d/%m/%Y}. Use duplicar.")
    if estado != PENDIENTE:
        raise CotizacionCerrada(f"La cotización está {estado}; ya no cambia.")
    return cotizacion


def estado_de(ctx: Ctx, cotizacion: Cotizacion) -> str:
    """Return the state of an offer, ``vencida`` as soon as its day is over."""
    vencida = cotizacion.estado == PENDIENTE and cotizacion.fecha_vencimiento < hoy(ctx)
    return VENCIDA if vencida else cotizacion.estado


def vencer_cotizaciones(ctx: Ctx) -> None:
    """Write ``vencida`` on the offers whose day is over; the job of the night."""
    pasadas = select(Cotizacion).where(
        Cotizacion.estado == PENDIENTE, Cotizacion.fecha_vencimiento < hoy(ctx)
    )
    for cotizacion in ctx.session.scalars(pasadas.with_for_update(skip_locked=True)):
        cotizacion.estado = VENCIDA
    ctx.session.flush()


def ver_cotizacion(ctx: Ctx, cotizacion_id: int) -> CotizacionLeida:
    """Return an offer with its lines.

    Raises:
        NotFound: it doesn't exist or is out of the user's reach.
    """
    cotizacion = ctx.session.get(Cotizacion, cotizacion_id)
    if cotizacion is None:
        raise NotFound
    return leer(ctx, cotizacion)


def leer(ctx: Ctx, cotizacion: Cotizacion) -> CotizacionLeida:
    """Return an offer as its answer."""
    ctx.session.refresh(cotizacion)
    hechos = set(CotizacionLeida.model_fields) - {"detalle", "estado"}
    return CotizacionLeida(
        **{name: getattr(cotizacion, name) for name in hechos},
        estado=estado_de(ctx, cotizacion),
        detalle=[LineaOfrecida.model_validate(una) for una in _lineas(ctx, cotizacion)],
    )


def _lineas(ctx: Ctx, cotizacion: Cotizacion) -> list[DetalleCotizacion]:
    query = select(DetalleCotizacion).where(DetalleCotizacion.cotizacion_id == cotizacion.id)
    return list(ctx.session.scalars(query.order_by(DetalleCotizacion.id)))
