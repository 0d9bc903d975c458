"""Who may issue, look and set up. Source: módulos 3 and 9."""

from sqlalchemy import ColumnElement, or_, select

from addons.sunat.models import (
    BajaComprobante,
    BorradorGuia,
    Comprobante,
    EnvioSunat,
    GuiaRemision,
    NotaCreditoDebito,
    RetencionPercepcion,
    ValidezConsultada,
)
from kernel.context import Ctx
from kernel.rbac import Permission, RowRule, among

VENDEN = ("GERENTE_VENTAS", "VENDEDOR", "CAJERO")
CUENTAN = ("GERENTE_VENTAS", "CONTADOR")
DESPACHAN = (*VENDEN, "SUPERVISOR_ALMACEN")

PERMISSIONS = [
    Permission("facturacion", "ver", "Ver comprobantes", (*VENDEN, "CONTADOR")),
    Permission("facturacion", "exportar", "Exportar comprobantes", CUENTAN),
    Permission("facturacion", "emitir", "Emitir facturas y boletas", VENDEN),
    Permission("facturacion", "notas", "Emitir notas de crédito y débito", CUENTAN),
    Permission("facturacion", "anular", "Dar de baja comprobantes", CUENTAN),
    Permission("facturacion", "reenviar", "Reenviar a SUNAT y ver la cola", CUENTAN),
    Permission("facturacion", "validar", "Preguntar a SUNAT si un comprobante es válido", CUENTAN),
    Permission("guias", "ver", "Ver guías de remisión", (*DESPACHAN, "CONTADOR")),
    Permission("guias", "exportar", "Exportar guías de remisión", CUENTAN),
    Permission("guias", "emitir", "Emitir guías de remisión", DESPACHAN),
    Permission("retenciones", "ver", "Ver retenciones y percepciones", CUENTAN),
    Permission("retenciones", "exportar", "Exportar retenciones y percepciones", CUENTAN),
    Permission("retenciones", "emitir", "Emitir retenciones y percepciones", ("CONTADOR",)),
    Permission("series", "ver", "Ver las series", (*VENDEN, "CONTADOR")),
    Permission("series", "crear", "Crear series"),
    Permission("series", "editar", "Editar series"),
    Permission("ubigeos", "ver", "Buscar ubigeos", (*DESPACHAN, "CONTADOR")),
    Permission("certificados", "ver", "Ver los certificados", ("CONTADOR",)),
    Permission("certificados", "cargar", "Cargar certificados y claves SOL"),
]


def _de_su_sucursal(ctx: Ctx) -> ColumnElement[bool] | None:
    permitidas = ctx.scope("sucursales")
    if permitidas is None:
        return None
    return or_(among(Comprobante.sucursal_id, permitidas), Comprobante.sucursal_id.is_(None))


def _de_los_suyos(ctx: Ctx) -> ColumnElement[bool] | None:
    if ctx.scope("sucursales") is None:
        return None
    return EnvioSunat.comprobante_id.in_(select(Comprobante.id))  # narrowed by its own rule


def _bajas_suyas(ctx: Ctx) -> ColumnElement[bool] | None:
    if ctx.scope("sucursales") is None:
        return None
    return BajaComprobante.comprobante_id.in_(select(Comprobante.id))


def _guias_suyas(ctx: Ctx) -> ColumnElement[bool] | None:
    if ctx.scope("sucursales") is None:
        return None
    return GuiaRemision.comprobante_id.in_(select(Comprobante.id))


def _retenciones_suyas(ctx: Ctx) -> ColumnElement[bool] | None:
    if ctx.scope("sucursales") is None:
        return None
    return RetencionPercepcion.comprobante_id.in_(select(Comprobante.id))


def _notas_suyas(ctx: Ctx) -> ColumnElement[bool] | None:
    if ctx.scope("sucursales") is None:
        return None
    return NotaCreditoDebito.comprobante_id.in_(select(Comprobante.id))


def _consultas_suyas(ctx: Ctx) -> ColumnElement[bool] | None:
    if ctx.scope("sucursales") is None:
        return None
    ajenas = ValidezConsultada.comprobante_id.is_(None)
    return or_(ajenas, ValidezConsultada.comprobante_id.in_(select(Comprobante.id)))


def _borradores_suyos(ctx: Ctx) -> ColumnElement[bool] | None:
    permitidas = ctx.scope("sucursales")
    if permitidas is None:
        return None
    return or_(among(BorradorGuia.sucursal_id, permitidas), BorradorGuia.sucursal_id.is_(None))


ROW_RULES = [
    RowRule("sunat.comprobantes", Comprobante, _de_su_sucursal, "Solo los de sus sucursales."),
    RowRule("sunat.envios", EnvioSunat, _de_los_suyos, "Solo los de comprobantes que ve."),
    RowRule("sunat.guias", GuiaRemision, _guias_suyas, "Solo las de comprobantes que ve."),
    RowRule(
        "sunat.retenciones",
        RetencionPercepcion,
        _retenciones_suyas,
        "Solo las de comprobantes que ve.",
    ),
    RowRule("sunat.bajas", BajaComprobante, _bajas_suyas, "Solo las de comprobantes que ve."),
    RowRule("sunat.notas", NotaCreditoDebito, _notas_suyas, "Solo las de comprobantes que ve."),
    RowRule("sunat.validez", ValidezConsultada, _consultas_suyas, "Solo las de lo que ve."),
    RowRule("sunat.borradores", BorradorGuia, _borradores_suyos, "Solo los de sus sucursales."),
]
