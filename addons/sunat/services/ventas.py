"""The comprobante of a sale, made in the background in a few statements. Source: módulo 3."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select

from addons.sales.models import ANULADA, Venta
from addons.sunat import schemas
from addons.sunat.documents import codigos, modelo
from addons.sunat.errors import SinConfigurar
from addons.sunat.models import ANULADO, RECHAZADO, Certificado, Comprobante
from addons.sunat.services import empresa
from addons.sunat.services.registro import EMITIR_VENTA, De, insertar
from kernel.context import Ctx
from kernel.db import Statement

VENDIDA = Statement(
    "sunat_venta",
    """
    WITH v AS (
        SELECT id, cliente_id, sucursal_id, estado, total, monto_credito, fecha_vencimiento
          FROM ventas WHERE id = %(venta)s::bigint FOR NO KEY UPDATE
    )
    SELECT v.cliente_id, v.sucursal_id, v.estado, v.total, v.monto_credito, v.fecha_vencimiento,
           c.tipo_doc, c.numero_doc, c.razon_social, c.direccion,
           CASE WHEN c.tipo_doc = '6' THEN '01' ELSE '03' END,
           (SELECT s.serie FROM series_comprobantes s
             WHERE s.tipo = CASE WHEN c.tipo_doc = '6' THEN '01' ELSE '03' END AND s.activo
               AND (s.sucursal_id = v.sucursal_id OR s.sucursal_id IS NULL)
             ORDER BY s.sucursal_id ASC NULLS LAST, s.id LIMIT 1),
           e.ruc, e.razon_social, e.nombre_comercial, e.direccion, e.ubigeo, e.tasa_igv,
           e.precios_incluyen_igv
      FROM v JOIN clientes c ON c.id = v.cliente_id LEFT JOIN configuracion e ON e.id = 1
    """,
)
"""A sale with its cliente, series and company; nobody annuls it, and no other job issues for it,
until this commits."""

LINEAS = Statement(
    "sunat_lineas",
    """
    SELECT p.nombre, d.cantidad, d.precio_unitario, p.unidad_medida, p.sku, p.afectacion_igv,
           d.descuento + d.descuento_global,
           EXISTS (SELECT 1 FROM comprobantes k
                    WHERE k.venta_id = d.venta_id AND k.tipo IN ('01', '03')
                      AND k.estado_sunat NOT IN ('RECHAZADO', 'ANULADO'))
      FROM detalle_venta d JOIN productos p ON p.id = d.producto_id
     WHERE d.venta_id = %(venta)s::bigint ORDER BY d.id
    """,
)
"""The lines of a sale as it was sold, and whether it has a comprobante that holds."""


class _Vendida(NamedTuple):
    cliente_id: int
    sucursal_id: int
    estado: str
    total: Decimal
    credito: Decimal
    vence: date | None
    tipo_doc: str
    numero_doc: str
    nombre: str
    direccion: str
    tipo: str
    serie: str | None
    ruc: str | None
    razon_social: str
    nombre_comercial: str
    domicilio: str
    ubigeo: str
    tasa_igv: Decimal
    precios_incluyen_igv: bool


def emitir_de_venta(ctx: Ctx, venta_id: int) -> int | None:
    """Return the id of a sale's comprobante, made now unless it has one or none is issued.

    Runs in the background and may run twice: the second one waits for the first, and sees it.

    Raises:
        ComprobanteRechazado: SUNAT would reject it.
        SinConfigurar: series or company are missing, or the certificate expired.
    """
    config = ctx.config(schemas.Facturacion)
    rows = ctx.sql(VENDIDA, venta=venta_id) if config.emitir_ventas else []
    if not rows:
        return None
    venta = _Vendida(*rows[0])
    permitidas = ctx.scope("sucursales")
    if venta.estado == ANULADA or (permitidas is not None and venta.sucursal_id not in permitidas):
        return None
    lineas = ctx.sql(LINEAS, venta=venta_id)  # of a later look than the lock: it sees who was first
    if lineas and lineas[0][-1]:
        return None
    llave = empresa.llave_vigente(ctx)
    if llave is None:
        return None
    de = _documento(ctx, venta, lineas, config.codigo_anexo)
    quien = De(venta.cliente_id, venta_id, venta.sucursal_id)
    return insertar(ctx, de, quien, llave=llave, config=config)


def encargar_atrasadas(ctx: Ctx, certificado_id: int) -> None:
    """Queue the comprobantes of the sales that were made after a certificate had expired, and have
    none: what failed for want of a key is not asked for again by itself."""
    hasta = ctx.session.get_one(Certificado, certificado_id).hasta
    con_comprobante = select(Comprobante.venta_id).where(
        Comprobante.venta_id.is_not(None),
        Comprobante.tipo.in_((codigos.FACTURA, codigos.BOLETA)),
        Comprobante.estado_sunat.not_in((RECHAZADO, ANULADO)),
    )
    query = select(Venta.id).where(
        Venta.fecha >= hasta, Venta.estado != ANULADA, Venta.id.not_in(con_comprobante)
    )
    for venta_id in ctx.session.scalars(query.order_by(Venta.id)):
        ctx.enqueue(EMITIR_VENTA, venta_id=venta_id)


def _documento(
    ctx: Ctx, venta: _Vendida, lineas: list[tuple[Any, ...]], codigo_anexo: str
) -> modelo.Comprobante:
    if venta.ruc is None:
        raise SinConfigurar("Configure primero los datos de la empresa.")
    if venta.serie is None:
        raise SinConfigurar(f"No hay una serie activa para el tipo {venta.tipo}.", field="serie")
    local = ctx.now.astimezone(ctx.time_zone)
    return modelo.Comprobante(
        tipo=venta.tipo,
        serie=venta.serie,
        numero=0,
        fecha_emision=local.date(),
        hora_emision=local.time().replace(microsecond=0),
        emisor=modelo.Emisor(
            venta.ruc,
            venta.razon_social,
            venta.nombre_comercial,
            venta.domicilio,
            venta.ubigeo,
            codigo_anexo,
        ),
        adquirente=modelo.Adquirente(
            venta.tipo_doc, venta.numero_doc, venta.nombre, venta.direccion
        ),
        detalle=tuple(_linea(*una) for una in lineas),
        tasa_igv=venta.tasa_igv,
        precios_incluyen_igv=venta.precios_incluyen_igv,
        **_credito(venta, local.date()),
    )


def _linea(
    descripcion: str,
    cantidad: Decimal,
    precio: Decimal,
    unidad: str,
    sku: str,
    afectacion: str,
    descuento: Decimal,
    _: bool,
) -> modelo.Linea:
    return modelo.Linea(
        descripcion=descripcion,
        cantidad=cantidad.normalize() + 0,
        precio_unitario=precio,
        unidad_medida=unidad,
        codigo_producto=sku,
        afectacion_igv=afectacion,
        descuento=descuento,
    )


def _credito(venta: _Vendida, hoy: date) -> dict[str, Any]:
    """Return how a sale is paid, if not at once."""
    if not venta.credito or venta.vence is None or venta.vence <= hoy:
        return {}
    return {
        "contado": False,
        "pagado": venta.total - venta.credito,
        "cuotas": (modelo.Cuota(venta.vence, venta.credito),),
        "fecha_vencimiento": venta.vence,
    }


def de_la_venta(ctx: Ctx, venta_id: int) -> Comprobante | None:
    """Return the factura or boleta of a sale that holds."""
    query = select(Comprobante).where(
        Comprobante.venta_id == venta_id,
        Comprobante.tipo.in_((codigos.FACTURA, codigos.BOLETA)),
        Comprobante.estado_sunat.not_in(("RECHAZADO", "ANULADO")),
    )
    return ctx.session.scalars(query.order_by(Comprobante.id.desc()).limit(1)).first()
