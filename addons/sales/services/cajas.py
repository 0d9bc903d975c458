"""Opening and closing a caja. Source: spec/erp-modules.md, módulo 1."""

from decimal import Decimal

from sqlalchemy import select

from addons.base.models import Sucursal
from addons.sales.errors import CajaCerrada, CajaYaAbierta
from addons.sales.models import ABIERTA, CERRADA, Caja
from addons.sales.schemas import AperturaCaja, CajaLeida, CierreCaja
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Forbidden, NotFound, ValidationFailed

EFECTIVO = Statement(
    "caja_efectivo",
    """
    SELECT coalesce(sum(f.monto) FILTER (WHERE m.es_efectivo), 0)
           - coalesce((SELECT sum(vuelto) FROM ventas
                        WHERE caja_id = %(caja)s AND estado = 'registrada'), 0)
      FROM ventas v
      JOIN formas_pago f ON f.venta_id = v.id
      JOIN metodos_pago m ON m.codigo = f.metodo
     WHERE v.caja_id = %(caja)s AND v.estado = 'registrada'
    """,
)


def abrir_caja(ctx: Ctx, apertura: AperturaCaja) -> CajaLeida:
    """Return the user's new open caja.

    Raises:
        ValidationFailed: no active sucursal has this id.
        CajaYaAbierta: the user has one open already; its id is in the message.
    """
    sucursal = ctx.session.get(Sucursal, apertura.sucursal_id)
    if sucursal is None or not sucursal.activo:
        raise ValidationFailed(
            "No existe una sucursal activa con este id.", field="sucursal_id", code="no_existe"
        )
    permitidas = ctx.scope("sucursales")
    if permitidas is not None and sucursal.id not in permitidas:
        raise Forbidden("Su usuario no abre cajas en esta sucursal.", field="sucursal_id")
    query = select(Caja.id).where(Caja.usuario_id == ctx.user_id, Caja.estado == ABIERTA)
    abierta = ctx.session.scalars(query).one_or_none()
    if abierta is not None:
        raise CajaYaAbierta(f"Ya tiene abierta la caja {abierta}; ciérrela primero.")
    caja = Caja(
        sucursal_id=sucursal.id,
        usuario_id=ctx.user_id,
        monto_apertura=apertura.monto_apertura,
        fecha_apertura=ctx.now,
    )
    ctx.session.add(caja)
    ctx.session.flush()
    return leer(caja)


def cerrar_caja(ctx: Ctx, cierre: CierreCaja) -> CajaLeida:
    """Return the caja, closed, with expected and counted cash.

    Raises:
        NotFound: it doesn't exist or belongs to somebody else.
        CajaCerrada: it is closed already.
    """
    query = select(Caja).where(Caja.id == cierre.caja_id).with_for_update()
    caja = ctx.session.scalars(query).one_or_none()
    if caja is None or (caja.usuario_id != ctx.user_id and not ctx.can("cajas.cerrar_ajena")):
        raise NotFound
    if caja.estado != ABIERTA:
        raise CajaCerrada("La caja ya está cerrada.", field="caja_id")
    entrada = ctx.sql(EFECTIVO, caja=caja.id)[0][0]
    caja.monto_esperado = caja.monto_apertura + Decimal(entrada)
    caja.monto_cierre = cierre.monto_cierre
    caja.fecha_cierre = ctx.now
    caja.estado = CERRADA
    ctx.session.flush()
    return leer(caja)


def leer(caja: Caja) -> CajaLeida:
    """Return a caja as its answer."""
    diferencia = None
    if caja.monto_cierre is not None and caja.monto_esperado is not None:
        diferencia = caja.monto_cierre - caja.monto_esperado
    return CajaLeida(
        **{name: getattr(caja, name) for name in CajaLeida.model_fields if name != "diferencia"},
        diferencia=diferencia,
    )
