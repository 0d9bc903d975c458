"""What a caller says, as a document, and what became of it. Source: módulo 3.

What SUNAT would reject is refused before a number is taken (``registro``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from addons.sales.models import ANULADA, Cliente, DetalleVenta, Producto, Venta
from addons.sunat import schemas
from addons.sunat.documents import codigos, modelo
from addons.sunat.documents.reglas import revisar
from addons.sunat.errors import EstadoNoPermite
from addons.sunat.models import EN_COLA, Comprobante
from addons.sunat.services import empresa, entrada, registro
from kernel.context import Ctx
from kernel.errors import NotFound, ValidationFailed

MAX_COLA = 500


def emitir_comprobante(ctx: Ctx, nuevo: schemas.ComprobanteNuevo) -> Comprobante:
    """Return the comprobante: numbered, signed, and on its way.

    Raises:
        ComprobanteRechazado: SUNAT would reject it; every finding is told.
        EstadoNoPermite: the venta was annulled.
        SinConfigurar: certificate, series or company are missing.
        ValidationFailed: a cliente, venta or producto that it names doesn't exist.
    """
    _exigir_venta_en_pie(ctx, nuevo)
    de = preparar(ctx, nuevo)
    quien = registro.De(_cliente(ctx, nuevo).id, nuevo.venta_id, _sucursal(ctx, nuevo))
    suyo = "venta_id" if nuevo.cliente_id is None else "cliente_id"
    with entrada.en_sus_palabras(adquirente=suyo):
        return registro.registrar(ctx, de, quien)


def _exigir_venta_en_pie(ctx: Ctx, nuevo: schemas.ComprobanteNuevo) -> None:
    if nuevo.venta_id is None:
        return
    venta = ctx.session.get(Venta, nuevo.venta_id, with_for_update={"key_share": True})
    if venta is not None and venta.estado == ANULADA:
        raise EstadoNoPermite("La venta está anulada: no se emite un comprobante de ella.")


def revisar_comprobante(ctx: Ctx, nuevo: schemas.ComprobanteNuevo) -> schemas.Revision:
    """Return what SUNAT would say, and the amounts; nothing is numbered or kept."""
    hallazgos, totales = revisar(preparar(ctx, nuevo), registro.entorno(ctx))
    return schemas.Revision(
        valido=not any(uno.severidad == "ERROR" for uno in hallazgos),
        hallazgos=[schemas.Hallazgo.model_validate(uno) for uno in hallazgos],
        total_venta=totales.total if totales else None,
        total_igv=totales.monto(codigos.IGV) if totales else None,
    )


# From what a caller says to a document -----------------------------------------------------------


def preparar(ctx: Ctx, nuevo: schemas.ComprobanteNuevo) -> modelo.Comprobante:
    """Return the document that a caller means, without number."""
    nuevo = entrada.con_productos(ctx, nuevo)
    cliente = _cliente(ctx, nuevo)
    tipo = nuevo.tipo or (codigos.FACTURA if cliente.tipo_doc == codigos.RUC else codigos.BOLETA)
    if tipo not in (codigos.FACTURA, codigos.BOLETA):
        message = "Emita 01 (factura) o 03 (boleta); las notas van en /api/facturacion/notas/."
        raise ValidationFailed(message, field="tipo")
    serie = nuevo.serie or empresa.serie_para(ctx, tipo, _sucursal(ctx, nuevo))
    exigir_serie(ctx, tipo, serie, _sucursal(ctx, nuevo))
    detalle = lineas(nuevo.detalle) or de_venta(ctx, nuevo.venta_id)
    return modelo.Comprobante(
        tipo=tipo,
        serie=serie,
        adquirente=adquirente(cliente),
        detalle=detalle,
        tipo_operacion=nuevo.tipo_operacion,
        fecha_vencimiento=nuevo.fecha_vencimiento,
        anticipos=tuple(modelo.Anticipo(**uno.model_dump()) for uno in nuevo.anticipos),
        contado=nuevo.contado,
        pagado=nuevo.pagado,
        detraccion=_uno(modelo.Detraccion, nuevo.detraccion),
        percepcion=_uno(modelo.Percepcion, nuevo.percepcion),
        retencion=nuevo.retencion,
        pais_uso=nuevo.pais_uso,
        agente_viajes=nuevo.agente_viajes,
        medio_pago=nuevo.medio_pago,
        autorizacion_pago=nuevo.autorizacion_pago,
        **comunes(ctx, nuevo),
    )


def comunes(ctx: Ctx, nuevo: schemas.Contenido) -> dict[str, Any]:
    """Return what facturas, boletas and notes take over alike."""
    local = ctx.now.astimezone(ctx.time_zone)
    de = empresa.configuracion(ctx)
    incluyen = nuevo.precios_incluyen_igv
    return {
        "numero": 0,
        "fecha_emision": nuevo.fecha_emision or local.date(),
        "hora_emision": local.time().replace(microsecond=0),
        "emisor": empresa.emisor(ctx),
        "moneda": nuevo.moneda,
        "tipo_cambio": nuevo.tipo_cambio,
        "tasa_igv": de.tasa_igv if nuevo.tasa_igv is None else nuevo.tasa_igv,
        "precios_incluyen_igv": de.precios_incluyen_igv if incluyen is None else incluyen,
        "cargos": tuple(modelo.CargoGlobal(**uno.model_dump()) for uno in nuevo.cargos),
        "cuotas": tuple(modelo.Cuota(**uno.model_dump()) for uno in nuevo.cuotas),
        "leyendas": tuple(dict.fromkeys(nuevo.leyendas)),
        "orden_compra": nuevo.orden_compra,
        "relacionados": tuple(modelo.Relacionado(**uno.model_dump()) for uno in nuevo.relacionados),
        "redondeo": nuevo.redondeo,
    }


def lineas(nuevas: Iterable[schemas.LineaNueva]) -> tuple[modelo.Linea, ...]:
    """Return lines as a document has them."""
    return tuple(_linea(una) for una in nuevas)


def _linea(una: schemas.LineaNueva) -> modelo.Linea:
    partes = {
        "isc": _uno(modelo.Isc, una.isc),
        "propiedades": tuple(modelo.Propiedad(**dict(otra)) for otra in una.propiedades),
        "viaje": _viaje(una.viaje) if una.viaje is not None else None,
    }
    return modelo.Linea(**(dict(una) | partes))


def _viaje(dicho: schemas.ViajeNuevo) -> modelo.Viaje:
    lugares = {
        "origen": modelo.Lugar(**dict(dicho.origen)),
        "destino": modelo.Lugar(**dict(dicho.destino)),
    }
    return modelo.Viaje(**(dict(dicho) | lugares))


def adquirente(cliente: Cliente) -> modelo.Adquirente:
    """Return a cliente as a document names it."""
    return modelo.Adquirente(
        tipo_doc=cliente.tipo_doc,
        numero_doc=cliente.numero_doc,
        razon_social=cliente.razon_social,
        direccion=cliente.direccion,
    )


def exigir_serie(ctx: Ctx, tipo: str, serie: str, sucursal_id: int | None) -> None:
    """Refuse a series that is not the company's, or another sucursal's.

    Raises:
        ValidationFailed: it is none, of another type, or of another sucursal.
    """
    suya = empresa.encontrar_serie(ctx, tipo, serie)
    if suya is None:
        message = f"«{serie}» no es una serie activa del tipo {tipo} (SUNAT: 1001)."
        raise ValidationFailed(message, field="serie")
    if sucursal_id is not None and suya.sucursal_id not in (None, sucursal_id):
        raise ValidationFailed(f"«{serie}» es la serie de otra sucursal.", field="serie")


def de_venta(ctx: Ctx, venta_id: int | None) -> tuple[modelo.Linea, ...]:
    """Return the lines of a sale, as it was sold."""
    if venta_id is None:
        return ()
    query = (
        select(DetalleVenta, Producto)
        .join(Producto, Producto.id == DetalleVenta.producto_id)
        .where(DetalleVenta.venta_id == venta_id)
        .order_by(DetalleVenta.id)
    )
    return tuple(
        modelo.Linea(
            descripcion=producto.nombre,
            cantidad=vendida.cantidad.normalize() + 0,
            precio_unitario=vendida.precio_unitario,
            unidad_medida=producto.unidad_medida,
            codigo_producto=producto.sku,
            afectacion_igv=producto.afectacion_igv,
            descuento=vendida.descuento + vendida.descuento_global,
        )
        for vendida, producto in ctx.session.execute(query)
    )


def _uno(kind: Any, dado: Any) -> Any:
    return None if dado is None else kind(**dado.model_dump())


def _venta(ctx: Ctx, venta_id: int) -> Venta:
    venta = ctx.session.get(Venta, venta_id)
    if venta is None:
        raise ValidationFailed("No existe una venta con este id.", field="venta_id")
    return venta


def _cliente(ctx: Ctx, nuevo: schemas.ComprobanteNuevo) -> Cliente:
    cliente_id = nuevo.cliente_id
    if cliente_id is None and nuevo.venta_id is not None:
        cliente_id = _venta(ctx, nuevo.venta_id).cliente_id
    cliente = ctx.session.get(Cliente, cliente_id) if cliente_id is not None else None
    if cliente is None:
        raise ValidationFailed("Diga un cliente que exista.", field="cliente_id")
    return cliente


def _sucursal(ctx: Ctx, nuevo: schemas.ComprobanteNuevo) -> int | None:
    if nuevo.venta_id is not None:
        return _venta(ctx, nuevo.venta_id).sucursal_id
    return nuevo.sucursal_id


def ver_cola(ctx: Ctx) -> schemas.Cola:
    """Return what waits for SUNAT's answer, what must go first at the head."""
    query = (
        select(Comprobante)
        .where(Comprobante.estado_sunat.in_(EN_COLA))
        .order_by(Comprobante.limite_envio, Comprobante.serie, Comprobante.numero)
        .limit(MAX_COLA)
    )
    hoy = ctx.now.astimezone(ctx.time_zone).date()
    items = [
        schemas.EnCola(
            **schemas.ComprobanteEmitido.model_validate(uno).model_dump(),
            dias_restantes=(uno.limite_envio - hoy).days,
        )
        for uno in ctx.session.scalars(query)
    ]
    return schemas.Cola(items=items, caida=bool(ctx.sql(registro.CAIDO)))


def venta_anulada(ctx: Ctx, de: Comprobante) -> bool:
    """Return whether a comprobante is of a sale that was annulled; from here on it is not."""
    if de.venta_id is None:
        return False
    venta = ctx.session.get(Venta, de.venta_id, with_for_update={"key_share": True})
    return venta is not None and venta.estado == ANULADA


def encontrar(ctx: Ctx, comprobante_id: int) -> Comprobante:
    """Return a comprobante that the user may see.

    Raises:
        NotFound: there is none.
    """
    found = ctx.session.get(Comprobante, comprobante_id)
    if found is None:
        raise NotFound
    return found
