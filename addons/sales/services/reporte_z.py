"""What a caja did: by way to pay, by tax, in sum. Source: spec/erp-modules.md, módulo 1.

Every payment of a caja's sales counts once it arrived, also of one that was annulled later: what
was given back for it is a movement of its own, of the caja that gave it. What is announced and has
not arrived is told apart.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from addons.base.models import Sucursal
from addons.sales.models import Caja
from addons.sales.schemas import AfectacionZ, Denominacion, DenominacionContada, MetodoZ, ReporteZ
from addons.sales.services.importes import CERO
from kernel.context import Ctx
from kernel.db import Statement
from kernel.identity import Usuario

METODOS = Statement(
    "z_metodos",
    """
    WITH pagado AS (
      SELECT f.metodo, sum(f.monto) AS monto
        FROM ventas v JOIN formas_pago f ON f.venta_id = v.id
       WHERE v.caja_id = %(caja)s AND f.confirmado GROUP BY 1
    ), movido AS (
      SELECT metodo, coalesce(sum(monto) FILTER (WHERE tipo = 'abono'), 0.00) AS abonos,
             coalesce(sum(monto) FILTER (WHERE tipo = 'ingreso'), 0.00) AS ingresos,
             coalesce(sum(monto) FILTER (WHERE tipo = 'egreso'), 0.00) AS egresos
        FROM movimientos_caja WHERE caja_id = %(caja)s GROUP BY 1
    ), devuelto AS (
      SELECT metodo, sum(monto) AS monto FROM reembolsos WHERE caja_id = %(caja)s GROUP BY 1
    ), vuelto AS (
      SELECT coalesce(sum(vuelto), 0.00) AS monto FROM ventas WHERE caja_id = %(caja)s
    )
    SELECT m.codigo, m.nombre, m.es_efectivo, coalesce(pagado.monto, 0.00),
           CASE WHEN m.id = (SELECT min(id) FROM metodos_pago WHERE es_efectivo)
                THEN vuelto.monto ELSE 0.00 END,
           coalesce(movido.abonos, 0.00), coalesce(movido.ingresos, 0.00),
           coalesce(movido.egresos, 0.00), coalesce(devuelto.monto, 0.00)
      FROM metodos_pago m CROSS JOIN vuelto
      LEFT JOIN pagado ON pagado.metodo = m.codigo
      LEFT JOIN movido ON movido.metodo = m.codigo
      LEFT JOIN devuelto ON devuelto.metodo = m.codigo
     WHERE m.es_efectivo OR pagado.monto IS NOT NULL OR movido.metodo IS NOT NULL
        OR devuelto.monto IS NOT NULL
     ORDER BY NOT m.es_efectivo, m.id
    """,
)
VENTAS = Statement(
    "z_ventas",
    """
    SELECT min(numero), max(numero), count(*) FILTER (WHERE estado = 'registrada'),
           coalesce(sum(subtotal) FILTER (WHERE estado = 'registrada'), 0.00),
           coalesce(sum(igv) FILTER (WHERE estado = 'registrada'), 0.00),
           coalesce(sum(total) FILTER (WHERE estado = 'registrada'), 0.00),
           count(*) FILTER (WHERE estado = 'anulada'),
           coalesce(sum(total) FILTER (WHERE estado = 'anulada'), 0.00),
           coalesce(sum(monto_credito) FILTER (WHERE estado = 'registrada'), 0.00),
           (SELECT coalesce(sum(monto), 0.00) FROM reembolsos
             WHERE caja_id = %(caja)s AND devolucion_id IS NOT NULL),
           (SELECT coalesce(sum(f.monto), 0.00)
              FROM ventas v JOIN formas_pago f ON f.venta_id = v.id AND NOT f.confirmado
             WHERE v.caja_id = %(caja)s AND v.estado = 'registrada')
      FROM ventas WHERE caja_id = %(caja)s
    """,
)
DE_VENTAS = (
    "primera_venta", "ultima_venta", "ventas", "subtotal", "igv", "total", "anuladas",
    "total_anulado", "credito", "devuelto", "por_confirmar",
)  # fmt: skip
"""What VENTAS answers, in order."""

AFECTACIONES = Statement(
    "z_afectaciones",
    """
    SELECT p.afectacion_igv, sum(d.subtotal), sum(d.igv), sum(d.total),
           sum(d.descuento + d.descuento_global)
      FROM ventas v
      JOIN detalle_venta d ON d.venta_id = v.id
      JOIN productos p ON p.id = d.producto_id
     WHERE v.caja_id = %(caja)s AND v.estado = 'registrada'
     GROUP BY 1 ORDER BY 1
    """,
)


def resumir(ctx: Ctx, caja: Caja, contadas: Sequence[Denominacion] = ()) -> ReporteZ:
    """Return what a caja did until now, or until its closing, when ``contadas`` were counted."""
    if caja.reporte_z is not None:
        return ReporteZ.model_validate(caja.reporte_z)
    metodos = metodos_de(ctx, caja)
    hechos = zip(DE_VENTAS, ctx.sql(VENTAS, caja=caja.id)[0], strict=True)
    afectaciones = ctx.sql(AFECTACIONES, caja=caja.id)
    sucursal = ctx.session.get_one(Sucursal, caja.sucursal_id)
    usuario = ctx.session.get_one(Usuario, caja.usuario_id)
    esperado = en_efectivo(caja, metodos)
    return ReporteZ(
        numero=caja.numero_z,
        caja_id=caja.id,
        sucursal_id=sucursal.id,
        sucursal=sucursal.nombre,
        usuario_id=usuario.id,
        usuario=usuario.nombre,
        fecha_apertura=caja.fecha_apertura,
        fecha_cierre=caja.fecha_cierre,
        **dict(hechos),
        descuentos=sum((row[4] for row in afectaciones), CERO),
        metodos=metodos,
        afectaciones=[
            AfectacionZ(**dict(zip(AfectacionZ.model_fields, row[:4], strict=True)))
            for row in afectaciones
        ],
        monto_apertura=caja.monto_apertura,
        monto_esperado=esperado,
        monto_contado=caja.monto_cierre,
        diferencia=None if caja.monto_cierre is None else caja.monto_cierre - esperado,
        denominaciones=DenominacionContada.de(contadas),
    )


def metodos_de(ctx: Ctx, caja: Caja) -> list[MetodoZ]:
    """Return what moved in a caja by each way to pay; cash always stands first."""
    return [_metodo(row) for row in ctx.sql(METODOS, caja=caja.id)]


def _metodo(row: tuple[Any, ...]) -> MetodoZ:
    codigo, nombre, efectivo, ventas, vuelto, abonos, ingresos, egresos, reembolsos = row
    return MetodoZ(
        metodo=codigo,
        nombre=nombre,
        es_efectivo=efectivo,
        ventas=ventas,
        vuelto=vuelto,
        abonos=abonos,
        ingresos=ingresos,
        egresos=egresos,
        reembolsos=reembolsos,
        neto=ventas - vuelto + abonos + ingresos - egresos - reembolsos,
    )


def en_efectivo(caja: Caja, metodos: list[MetodoZ]) -> Decimal:
    """Return the cash that should be in a caja."""
    return caja.monto_apertura + sum((uno.neto for uno in metodos if uno.es_efectivo), CERO)
