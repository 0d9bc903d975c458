"""Who may issue, look and set up. Source: módulos 3 and 9."""

from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased

from addons.sunat.models import (
    RR,
    BajaComprobante,
    BorradorGuia,
    Comprobante,
    DetalleResumen,
    EnvioSunat,
    GuiaRemision,
    NotaCreditoDebito,
    ResumenDiario,
    RetencionPercepcion,
    ValidezConsultada,
)
from kernel.context import Ctx
from kernel.rbac import Permission, RowRule, among
from kernel.words import act, module

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
WORDS = [
    module("facturacion", "Comprobantes"),
    module("guias", "Guías de remisión"),
    module("retenciones", "Retenciones y percepciones"),
    module("series", "Series"),
    module("ubigeos", "Ubigeos"),
    module("certificados", "Certificados"),
    act("baja", "Dio de baja"),
    act("corregir", "Corrigió"),
    act("descartar", "Descartó"),
    act("emitir", "Emitió"),
    act("enviar_correo", "Lo envió por correo"),
    act("generar", "Generó"),
    act("pedir_baja", "Pidió la baja"),
    act("reenviar", "Lo envió otra vez"),
    act("respuesta_sunat", "Anotó la respuesta de la SUNAT"),
    act("retirar_baja", "Retiró la baja"),
]


CLASES = {"guias": ("09", "31"), "retenciones": ("20", "40")}
"""The types of comprobantes that have permissions of their own, by their módulo."""


def _alcanza(ctx: Ctx, modulo: str) -> bool:
    """Return whether the user may do anything with a kind: who issues or exports it reads it."""
    return any(ctx.can(f"{modulo}.{accion}") for accion in ("ver", "exportar", "emitir"))


def _ajenas(ctx: Ctx) -> tuple[str, ...]:
    """Return the types of comprobantes that are none of the user's business."""
    return tuple(
        tipo for modulo, tipos in CLASES.items() if not _alcanza(ctx, modulo) for tipo in tipos
    )


def _de_su_sucursal(ctx: Ctx) -> ColumnElement[bool] | None:
    permitidas = ctx.scope("sucursales")
    if permitidas is None:
        return None
    return or_(among(Comprobante.sucursal_id, permitidas), Comprobante.sucursal_id.is_(None))


def _de_su_clase(ctx: Ctx) -> ColumnElement[bool] | None:
    ajenas = _ajenas(ctx)
    return Comprobante.tipo.not_in(ajenas) if ajenas else None


def _resumenes(ctx: Ctx) -> ColumnElement[bool] | None:
    """A resumen de reversiones names the retenciones that it takes back."""
    return None if _alcanza(ctx, "retenciones") else ResumenDiario.tipo != RR


def _de_sus_documentos(ctx: Ctx) -> ColumnElement[bool] | None:
    """A resumen tells of the documents of a day, whichever sucursal issued them."""
    if ctx.scope("sucursales") is None:
        return None
    uno = aliased(DetalleResumen)  # the query may be of others of its lines, and of what they tell
    vistos = select(Comprobante.id).where(Comprobante.id == uno.comprobante_id).correlate(uno)
    ajenos = select(uno.id).where(uno.resumen_id == ResumenDiario.id, ~vistos.exists())
    return ~ajenos.exists()


def _de_vistos(model: Any) -> Callable[[Ctx], ColumnElement[bool] | None]:
    """Return the rule that what a row is about is a comprobante that the user sees."""

    def where(ctx: Ctx) -> ColumnElement[bool] | None:
        if ctx.scope("sucursales") is None and not _ajenas(ctx):
            return None
        vistos = select(Comprobante.id)  # narrowed by its own rules
        return cast("ColumnElement[bool]", model.comprobante_id.in_(vistos))

    return where


def _envios(ctx: Ctx) -> ColumnElement[bool] | None:
    suyos = _de_vistos(EnvioSunat)(ctx)
    if suyos is None:
        return None
    return or_(suyos, EnvioSunat.resumen_id.in_(select(ResumenDiario.id)))


def _consultas(ctx: Ctx) -> ColumnElement[bool] | None:
    suyas = _de_vistos(ValidezConsultada)(ctx)
    return None if suyas is None else or_(ValidezConsultada.comprobante_id.is_(None), suyas)


def _borradores_suyos(ctx: Ctx) -> ColumnElement[bool] | None:
    permitidas = ctx.scope("sucursales")
    if permitidas is None:
        return None
    return or_(among(BorradorGuia.sucursal_id, permitidas), BorradorGuia.sucursal_id.is_(None))


ROW_RULES = [
    RowRule("sunat.comprobantes", Comprobante, _de_su_sucursal, "Solo los de sus sucursales."),
    RowRule(
        "sunat.clases",
        Comprobante,
        _de_su_clase,
        "Guías y retenciones, solo quien tiene permiso sobre ellas.",
    ),
    RowRule("sunat.resumenes", ResumenDiario, _resumenes, "Las reversiones, quien ve retenciones."),
    RowRule(
        "sunat.resumenes_de_sucursal",
        ResumenDiario,
        _de_sus_documentos,
        "Solo los que no dicen nada de otra sucursal.",
    ),
    RowRule("sunat.envios", EnvioSunat, _envios, "Solo los de comprobantes que ve."),
    RowRule(
        "sunat.guias",
        GuiaRemision,
        _de_vistos(GuiaRemision),
        "Solo las de comprobantes que ve.",
    ),
    RowRule(
        "sunat.retenciones",
        RetencionPercepcion,
        _de_vistos(RetencionPercepcion),
        "Solo las de comprobantes que ve.",
    ),
    RowRule(
        "sunat.bajas",
        BajaComprobante,
        _de_vistos(BajaComprobante),
        "Solo las de comprobantes que ve.",
    ),
    RowRule(
        "sunat.notas",
        NotaCreditoDebito,
        _de_vistos(NotaCreditoDebito),
        "Solo las de comprobantes que ve.",
    ),
    RowRule("sunat.validez", ValidezConsultada, _consultas, "Solo las de lo que ve."),
    RowRule("sunat.borradores", BorradorGuia, _borradores_suyos, "Solo los de sus sucursales."),
]
