"""Cajas: opening, money in and out, counting, closing. Source: spec/erp-modules.md, módulo 1."""

from decimal import Decimal

from sqlalchemy import select

from addons.base.models import Sucursal
from addons.sales.errors import CajaCerrada, CajaYaAbierta, EfectivoInsuficiente
from addons.sales.models import (
    ABIERTA,
    ABONO,
    CERRADA,
    EGRESO,
    Arqueo,
    Caja,
    Cliente,
    MetodoPago,
    MovimientoCaja,
    Venta,
)
from addons.sales.schemas import (
    AbonoLeido,
    AbonoNuevo,
    AperturaCaja,
    ArqueoLeido,
    ArqueoVisto,
    CajaLeida,
    CierreCaja,
    Conteo,
    Denominacion,
    DenominacionContada,
    MovimientoCajaLeido,
    MovimientoCajaNuevo,
    ReporteZ,
)
from addons.sales.services import creditos
from addons.sales.services.precios import LIMITE
from addons.sales.services.reporte_z import en_efectivo, metodos_de, resumir
from kernel.context import Ctx
from kernel.errors import FieldError, Forbidden, NotFound, Unprocessable, ValidationFailed
from kernel.identity import Usuario
from kernel.messages import refused

EXCEDE = "Es más dinero del que se puede anotar en una caja."


def abrir_caja(ctx: Ctx, apertura: AperturaCaja) -> CajaLeida:
    """Return the user's new open caja.

    Raises:
        ValidationFailed: no active sucursal has this id.
        CajaYaAbierta: the user has one open there already; its id is in the message.
    """
    sucursal = ctx.session.get(Sucursal, apertura.sucursal_id)
    if sucursal is None or not sucursal.activo:
        raise ValidationFailed(
            "No existe una sucursal activa con este id.", field="sucursal_id", code="no_existe"
        )
    permitidas = ctx.scope("sucursales")
    if permitidas is not None and sucursal.id not in permitidas:
        raise Forbidden("Su usuario no abre cajas en esta sucursal.", field="sucursal_id")
    ctx.session.get(Usuario, ctx.user_id, with_for_update={"key_share": True})  # one at a time
    abierta = caja_abierta(ctx, sucursal.id)
    if abierta is not None:
        raise CajaYaAbierta(f"Ya tiene abierta la caja {abierta} aquí; ciérrela primero.")
    caja = Caja(
        sucursal_id=sucursal.id,
        usuario_id=ctx.user_id,
        monto_apertura=apertura.monto_apertura,
        fecha_apertura=ctx.now,
    )
    ctx.session.add(caja)
    ctx.session.flush()
    return leer(caja)


def caja_abierta(ctx: Ctx, sucursal_id: int) -> int | None:
    """Return the id of the user's open caja in a sucursal, if there is one."""
    query = select(Caja.id).where(
        Caja.usuario_id == ctx.user_id, Caja.sucursal_id == sucursal_id, Caja.estado == ABIERTA
    )
    return ctx.session.scalars(query).one_or_none()


def tomar_caja(ctx: Ctx, caja_id: int, *, field: str | None = None) -> Caja:
    """Return an open caja of the user, or of anybody for who may close those of others.

    It is kept from sales and other acts until the end of the transaction, so that what is computed
    of its cash holds.

    Raises:
        NotFound: it doesn't exist or belongs to somebody else.
        CajaCerrada: it is closed.
    """
    query = select(Caja).where(Caja.id == caja_id).with_for_update()
    caja = ctx.session.scalars(query).one_or_none()
    if caja is None or (caja.usuario_id != ctx.user_id and not ctx.can("cajas.cerrar_ajena")):
        raise NotFound
    if caja.estado != ABIERTA:
        raise CajaCerrada("La caja ya está cerrada.", field=field)
    return caja


def caja_de(ctx: Ctx, venta: Venta, caja_id: int | None) -> Caja | None:
    """Return the open caja for cash of a sale: the one named, the sale's own, or the user's.

    Raises:
        NotFound, CajaCerrada: see ``tomar_caja``.
        ValidationFailed: the one named is of another sucursal.
    """
    if caja_id is not None:
        caja = tomar_caja(ctx, caja_id, field="caja_id")
        if caja.sucursal_id != venta.sucursal_id:
            raise ValidationFailed("La caja es de otra sucursal.", field="caja_id", code="otra")
        return caja
    propia = caja_abierta(ctx, venta.sucursal_id)
    candidatas = [venta.caja_id] if propia is None else [venta.caja_id, propia]
    query = (
        select(Caja)
        .where(Caja.id.in_(candidatas), Caja.estado == ABIERTA)
        .order_by(Caja.id != venta.caja_id)
        .limit(1)
        .with_for_update()
    )
    return ctx.session.scalars(query).one_or_none()


def mover_efectivo(ctx: Ctx, caja_id: int, nuevo: MovimientoCajaNuevo) -> MovimientoCajaLeido:
    """Return the money that came into or left a caja.

    Raises:
        NotFound, CajaCerrada: see ``tomar_caja``.
        EfectivoInsuficiente: more cash would leave than there is.
    """
    caja = tomar_caja(ctx, caja_id)
    metodo = _metodo(ctx, nuevo.metodo)
    if metodo.es_efectivo:
        _comprobar_movimiento(ctx, caja, nuevo)
    movimiento = MovimientoCaja(
        caja_id=caja.id,
        sucursal_id=caja.sucursal_id,
        usuario_id=ctx.user_id,
        tipo=nuevo.tipo,
        metodo=metodo.codigo,
        monto=nuevo.monto,
        motivo=nuevo.motivo,
        referencia=nuevo.referencia,
        fecha=ctx.now,
    )
    ctx.session.add(movimiento)
    ctx.session.flush()
    return MovimientoCajaLeido.model_validate(movimiento)


def _comprobar_movimiento(ctx: Ctx, caja: Caja, nuevo: MovimientoCajaNuevo) -> None:
    if nuevo.tipo == EGRESO:
        comprobar_efectivo(ctx, caja, nuevo.monto)
    elif en_efectivo(caja, metodos_de(ctx, caja)) + nuevo.monto > LIMITE:
        raise refused([FieldError("monto", "excede", EXCEDE)])


def _metodo(ctx: Ctx, codigo: str | None) -> MetodoPago:
    """Return a way to pay at once, by its code; without one, cash."""
    query = select(MetodoPago).where(MetodoPago.activo, MetodoPago.es_credito.is_(False))
    query = (
        query.where(MetodoPago.codigo == codigo)
        if codigo
        else query.where(MetodoPago.es_efectivo).order_by(MetodoPago.id).limit(1)
    )
    metodo = ctx.session.scalars(query).one_or_none()
    if metodo is None:
        raise ValidationFailed(
            "No se acepta este método al contado.", field="metodo", code="no_existe"
        )
    return metodo


def comprobar_efectivo(ctx: Ctx, caja: Caja, monto: Decimal) -> None:
    """Refuse to take more cash out of a caja than there is; it must have been taken.

    Raises:
        EfectivoInsuficiente: there is less.
    """
    hay = en_efectivo(caja, metodos_de(ctx, caja))
    if monto > hay:
        raise EfectivoInsuficiente(f"En la caja hay {hay} en efectivo.", field="monto")


def abonar(ctx: Ctx, cliente_id: int, abono: AbonoNuevo) -> AbonoLeido:
    """Return what a cliente paid of what is owed, and what is left of it.

    Raises:
        NotFound: there is no such cliente, or the caja is somebody else's.
        CajaCerrada: the caja is closed.
        Unprocessable: it is more than what is owed.
    """
    if ctx.session.get(Cliente, cliente_id) is None:
        raise NotFound
    caja = tomar_caja(ctx, abono.caja_id, field="caja_id")
    metodo = _metodo(ctx, abono.metodo)
    bajado, saldo = creditos.bajar(ctx, cliente_id, abono.monto)
    if bajado != abono.monto:
        raise Unprocessable(f"El cliente debe {bajado}.", field="monto", code="abono_excede")
    movimiento = MovimientoCaja(
        caja_id=caja.id,
        sucursal_id=caja.sucursal_id,
        usuario_id=ctx.user_id,
        tipo=ABONO,
        metodo=metodo.codigo,
        monto=abono.monto,
        referencia=abono.referencia,
        cliente_id=cliente_id,
        fecha=ctx.now,
    )
    ctx.session.add(movimiento)
    ctx.session.flush()
    return AbonoLeido(
        id=movimiento.id,
        cliente_id=cliente_id,
        caja_id=caja.id,
        monto=abono.monto,
        saldo_credito=saldo,
    )


def arquear(ctx: Ctx, caja_id: int, conteo: Conteo) -> ArqueoLeido:
    """Return a count of an open caja: expected, counted, difference.

    Raises:
        NotFound, CajaCerrada: see ``tomar_caja``.
        ValidationFailed: nothing was counted, or the figures differ.
    """
    caja = tomar_caja(ctx, caja_id)
    contado = _contado(conteo, "monto")
    esperado = en_efectivo(caja, metodos_de(ctx, caja))
    return _arqueo(ctx, caja, conteo, "parcial", (esperado, contado))


def _contado(conteo: Conteo | CierreCaja, field: str) -> Decimal:
    contado = conteo.contado
    if contado is None:
        message = (
            "Las denominaciones no suman este monto."
            if conteo.denominaciones
            else "Diga cuánto contó, en total o por denominaciones."
        )
        raise ValidationFailed(message, field=field, code="conteo")
    if contado > LIMITE:
        raise refused([FieldError("denominaciones", "excede", EXCEDE)])
    return contado


def _arqueo(
    ctx: Ctx,
    caja: Caja,
    conteo: Conteo | CierreCaja,
    tipo: str,
    montos: tuple[Decimal, Decimal],
) -> ArqueoLeido:
    esperado, contado = montos
    arqueo = Arqueo(
        caja_id=caja.id,
        sucursal_id=caja.sucursal_id,
        usuario_id=ctx.user_id,
        tipo=tipo,
        monto_esperado=esperado,
        monto_contado=contado,
        detalle=[una.model_dump(mode="json") for una in conteo.denominaciones],
        observacion=conteo.observacion,
        fecha=ctx.now,
    )
    ctx.session.add(arqueo)
    ctx.session.flush()
    return ArqueoLeido(
        id=arqueo.id,
        caja_id=caja.id,
        tipo=tipo,
        monto_esperado=esperado,
        monto_contado=contado,
        diferencia=contado - esperado,
        observacion=conteo.observacion,
        fecha=ctx.now,
    )


def ver_arqueo(ctx: Ctx, arqueo_id: int) -> ArqueoVisto:
    """Return a count with its notes and coins.

    Raises:
        NotFound: it doesn't exist or is out of the user's reach.
    """
    arqueo = ctx.session.get(Arqueo, arqueo_id)
    if arqueo is None:
        raise NotFound
    return ArqueoVisto(
        id=arqueo.id,
        caja_id=arqueo.caja_id,
        sucursal_id=arqueo.sucursal_id,
        usuario_id=arqueo.usuario_id,
        tipo=arqueo.tipo,
        monto_esperado=arqueo.monto_esperado,
        monto_contado=arqueo.monto_contado,
        diferencia=arqueo.monto_contado - arqueo.monto_esperado,
        detalle=DenominacionContada.de(map(Denominacion.model_validate, arqueo.detalle)),
        observacion=arqueo.observacion,
        fecha=arqueo.fecha,
    )


def cerrar_caja(ctx: Ctx, cierre: CierreCaja) -> CajaLeida:
    """Return the caja, closed, with expected and counted cash and the number of its report Z.

    Raises:
        NotFound: it doesn't exist or belongs to somebody else.
        CajaCerrada: it is closed already.
        ValidationFailed: nothing was counted, or the figures differ.
    """
    caja = tomar_caja(ctx, cierre.caja_id, field="caja_id")
    contado = _contado(cierre, "monto_cierre")
    caja.monto_esperado = en_efectivo(caja, metodos_de(ctx, caja))
    caja.monto_cierre = contado
    caja.fecha_cierre = ctx.now
    caja.estado = CERRADA
    caja.numero_z = ctx.next_number("reporte_z", str(caja.sucursal_id))
    with ctx.session.no_autoflush:  # a closing is one change, and one row of the audit
        caja.reporte_z = resumir(ctx, caja, cierre.denominaciones).model_dump(mode="json")
    ctx.session.flush()
    _arqueo(ctx, caja, cierre, "cierre", (caja.monto_esperado, contado))
    return leer(caja)


def ver_reporte(ctx: Ctx, caja_id: int) -> ReporteZ:
    """Return the report Z of a closed caja; of an open one, what it did until now.

    Raises:
        NotFound: it doesn't exist or is out of the user's reach.
    """
    caja = ctx.session.get(Caja, caja_id)
    if caja is None:
        raise NotFound
    return resumir(ctx, caja)


def leer(caja: Caja) -> CajaLeida:
    """Return a caja as its answer."""
    diferencia = None
    if caja.monto_cierre is not None and caja.monto_esperado is not None:
        diferencia = caja.monto_cierre - caja.monto_esperado
    return CajaLeida(
        **{name: getattr(caja, name) for name in CajaLeida.model_fields if name != "diferencia"},
        diferencia=diferencia,
    )
