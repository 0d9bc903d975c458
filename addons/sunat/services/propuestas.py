"""What a form begins with: a note on what is left of a comprobante, a guía of what is known."""

from __future__ import annotations

from decimal import Decimal

from addons.sales.models import Cliente, Venta
from addons.sunat import schemas
from addons.sunat.documents import codigos, modelo
from addons.sunat.documents.devuelto import todo_de
from addons.sunat.models import Comprobante
from addons.sunat.services import borradores, emision, notas, quedan, vistas
from kernel.context import Ctx
from kernel.errors import NotFound
from kernel.money import round_half_up

CERO = Decimal(0)


def proponer_nota(ctx: Ctx, pedida: schemas.NotaPedida) -> schemas.NotaPropuesta:
    """Return a note of credit on what no other took back, or an empty line of debit.

    Raises:
        ValidationFailed: what it would change doesn't exist, or is no factura or boleta.
    """
    origen = notas.encontrar_origen(ctx, pedida.comprobante_origen_id)
    suyo = notas.leer(origen.documento)
    credito = pedida.tipo_nota != codigos.NOTA_DEBITO
    detalle = _quedan(ctx, origen, suyo) if credito else [_debito(suyo, pedida.motivo_codigo)]
    return schemas.NotaPropuesta(
        comprobante_origen_id=origen.id,
        tipo_nota=codigos.NOTA_CREDITO if credito else codigos.NOTA_DEBITO,
        motivo_codigo=pedida.motivo_codigo,
        moneda=suyo.moneda,
        precios_incluyen_igv=suyo.precios_incluyen_igv,
        detalle=detalle,
    )


def _quedan(
    ctx: Ctx, origen: Comprobante, suyo: modelo.Comprobante
) -> list[schemas.LineaPropuesta]:
    """Return the lines of a comprobante without what notes took back of them."""
    tomado = quedan.tomado(ctx, origen.id)
    propuestas = []
    for linea in todo_de(suyo).detalle:
        menos = min(tomado[quedan.clave(linea)], linea.cantidad)
        tomado[quedan.clave(linea)] -= menos
        queda = linea.cantidad - menos
        if queda > 0:
            descuento = round_half_up(linea.descuento * queda / linea.cantidad)
            propuestas.append(_propuesta(linea, queda, descuento))
    return propuestas


def _propuesta(
    linea: modelo.Linea, cantidad: Decimal, descuento: Decimal
) -> schemas.LineaPropuesta:
    return schemas.LineaPropuesta(
        descripcion=linea.descripcion,
        cantidad=cantidad.normalize() + 0,
        precio_unitario=linea.precio_unitario,
        descuento=descuento,
        unidad_medida=linea.unidad_medida,
        codigo_producto=linea.codigo_producto,
        afectacion_igv=linea.afectacion_igv,
    )


def _debito(suyo: modelo.Comprobante, motivo: str) -> schemas.LineaPropuesta:
    return schemas.LineaPropuesta(
        descripcion=codigos.MOTIVOS_DEBITO.get(motivo, "").upper(),
        cantidad=Decimal(1),
        precio_unitario=None,
        descuento=CERO,
        unidad_medida="ZZ",
        codigo_producto="",
        afectacion_igv=suyo.detalle[0].afectacion_igv,
    )


# Guías --------------------------------------------------------------------------------------------


def proponer_guia(ctx: Ctx, pedida: schemas.GuiaPedida) -> schemas.GuiaPropuesta:
    """Return a guía to complete: of a venta, of what asked for one, or like an earlier one.

    Raises:
        NotFound: the venta or guía doesn't exist.
        ValidationFailed: what asked for one is another sucursal's.
    """
    if pedida.guia_id is not None:
        return _como(ctx, pedida.guia_id)
    if pedida.venta_id is not None:
        return _de_venta(ctx, pedida.venta_id)
    borrador = borradores.encontrar(ctx, pedida.referencia_doc)
    if borrador is None:
        return schemas.GuiaPropuesta(referencia_doc=pedida.referencia_doc)
    return schemas.GuiaPropuesta.model_validate(
        {**borrador.documento, "referencia_doc": borrador.referencia_doc}
    )


def _como(ctx: Ctx, guia_id: int) -> schemas.GuiaPropuesta:
    vista = vistas.ver_guia(ctx, guia_id)
    dicho = {nombre: getattr(vista, nombre) for nombre in schemas.Viaje.model_fields}
    return schemas.GuiaPropuesta(**dicho, tipo=vista.tipo, referencia_doc=vista.referencia_doc)


def _de_venta(ctx: Ctx, venta_id: int) -> schemas.GuiaPropuesta:
    venta = ctx.session.get(Venta, venta_id)
    if venta is None:
        raise NotFound
    cliente = ctx.session.get(Cliente, venta.cliente_id)
    bienes = [
        schemas.BienVisto(
            descripcion=una.descripcion,
            cantidad=una.cantidad,
            unidad_medida=una.unidad_medida,
            codigo_producto=una.codigo_producto,
        )
        for una in emision.de_venta(ctx, venta_id)
        if una.unidad_medida != "ZZ"
    ]
    return schemas.GuiaPropuesta(
        venta_id=venta_id,
        cliente_id=venta.cliente_id,
        sucursal_id=venta.sucursal_id,
        llegada=schemas.PuntoVisto(direccion=cliente.direccion if cliente is not None else ""),
        bienes=bienes,
    )
