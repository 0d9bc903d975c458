"""Issuing: rules, number, XML, signature and row in one transaction. Source: módulo 3.

What SUNAT would reject is refused before a number is taken. The number, the signed bytes and the
job that sends them are committed together, so none is ever without the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select

from addons.sales.models import ANULADA, Cliente, DetalleVenta, Producto, Venta
from addons.sunat import schemas
from addons.sunat.documents import codigos, modelo, paquete, ubl
from addons.sunat.documents.firma import Llave, firmar
from addons.sunat.documents.guia import GUIAS, Guia
from addons.sunat.documents.importes import Totales
from addons.sunat.documents.reglas import Entorno, Hallazgo, revisar
from addons.sunat.documents.retencion import Retencion
from addons.sunat.errors import ComprobanteRechazado
from addons.sunat.models import (
    CONTINGENCIA,
    EN_COLA,
    INDIVIDUAL,
    PENDIENTE,
    RESUMEN,
    Comprobante,
    DetalleComprobante,
)
from addons.sunat.services import empresa
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import FieldError, NotFound, ValidationFailed

REMOTO = "sunat"
ENVIAR = "sunat.enviar"
DAR_DE_BAJA = "sunat.dar_de_baja"
EMITIR_VENTA = "sunat.emitir_venta"
IMPRIMIR = "sunat.imprimir"
ARCHIVAR = "sunat.archivar"
MAX_COLA = 500
DIAS_FACTURA, DIAS_BOLETA = 3, 7
"""How many days after its date SUNAT takes a document. Source: reference on SUNAT, 1.10."""

CAIDO = Statement(
    "sunat_caido",
    """
    SELECT 1 FROM andes_remotes
     WHERE name = 'sunat' AND (failures > 0 OR stopped_at IS NOT NULL)
    """,
    reads=True,
)


def emitir_comprobante(ctx: Ctx, nuevo: schemas.ComprobanteNuevo) -> Comprobante:
    """Return the comprobante: numbered, signed, and on its way.

    Raises:
        ComprobanteRechazado: SUNAT would reject it; every finding is told.
        SinConfigurar: certificate, series or company are missing.
        ValidationFailed: the cliente or venta it names doesn't exist.
    """
    de = preparar(ctx, nuevo)
    return registrar(
        ctx,
        de,
        cliente_id=_cliente(ctx, nuevo).id,
        venta_id=nuevo.venta_id,
        sucursal_id=_sucursal(ctx, nuevo),
    )


def revisar_comprobante(ctx: Ctx, nuevo: schemas.ComprobanteNuevo) -> schemas.Revision:
    """Return what SUNAT would say, and the amounts; nothing is numbered or kept."""
    hallazgos, totales = revisar(preparar(ctx, nuevo), _entorno(ctx))
    return schemas.Revision(
        valido=not any(uno.severidad == "ERROR" for uno in hallazgos),
        hallazgos=[schemas.Hallazgo.model_validate(uno) for uno in hallazgos],
        total_venta=totales.total if totales else None,
        total_igv=totales.monto(codigos.IGV) if totales else None,
    )


# From what a caller says to a document -----------------------------------------------------------


def preparar(ctx: Ctx, nuevo: schemas.ComprobanteNuevo) -> modelo.Comprobante:
    """Return the document that a caller means, without number."""
    cliente = _cliente(ctx, nuevo)
    tipo = nuevo.tipo or (codigos.FACTURA if cliente.tipo_doc == codigos.RUC else codigos.BOLETA)
    if tipo not in (codigos.FACTURA, codigos.BOLETA):
        message = "Emita 01 (factura) o 03 (boleta); las notas van en /api/facturacion/notas/."
        raise ValidationFailed(message, field="tipo")
    serie = nuevo.serie or empresa.serie_para(ctx, tipo, _sucursal(ctx, nuevo))
    exigir_serie(ctx, tipo, serie)
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


def exigir_serie(ctx: Ctx, tipo: str, serie: str) -> None:
    """Refuse a series that is not the company's.

    Raises:
        ValidationFailed: it is none, or of another type.
    """
    if not empresa.es_serie(ctx, tipo, serie):
        message = f"«{serie}» no es una serie activa del tipo {tipo} (SUNAT: 1001)."
        raise ValidationFailed(message, field="serie")


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


# From a document to a row -------------------------------------------------------------------------


def registrar(
    ctx: Ctx,
    de: modelo.Comprobante,
    *,
    cliente_id: int | None,
    venta_id: int | None = None,
    sucursal_id: int | None = None,
    corrige_id: int | None = None,
) -> Comprobante:
    """Return the row of a document: checked, numbered, written, signed; its sending is queued.

    Where the company so wants, boletas and notes on them wait for the resumen diario instead.

    Raises:
        ComprobanteRechazado: SUNAT would reject it; no number was taken.
    """
    llave = empresa.llave(ctx)
    totales = exigir_valido(ctx, de)
    numero = ctx.next_number("comprobante", f"{de.tipo}-{de.serie}")
    de = replace(de, numero=numero)
    hecho = Comprobante(
        tipo=de.tipo,
        serie=de.serie,
        numero=numero,
        cliente_id=cliente_id,
        venta_id=venta_id,
        sucursal_id=sucursal_id,
        estado_sunat=CONTINGENCIA if ctx.sql(CAIDO) else PENDIENTE,
        nombre_archivo=paquete.nombre(de.emisor.ruc, de.tipo, de.serie, numero),
        canal=RESUMEN if de.serie.startswith("B") and _en_resumen(ctx) else INDIVIDUAL,
        corrige_id=corrige_id,
        **_escrito(de, totales, llave),
    )
    if hecho.estado_sunat == CONTINGENCIA:
        hecho.modo_emision = "contingencia"
    ctx.session.add(hecho)
    ctx.session.flush()
    ctx.session.add_all(_detalle(hecho.id, totales))
    anunciar(ctx, hecho)
    return hecho


def reescribir(ctx: Ctx, hecho: Comprobante, de: modelo.Comprobante) -> Comprobante:
    """Return a comprobante that SUNAT never registered, with other content and the same number.

    Raises:
        ComprobanteRechazado: SUNAT would reject it.
    """
    llave = empresa.llave(ctx)
    totales = exigir_valido(ctx, de)
    for columna, valor in _escrito(de, totales, llave).items():
        setattr(hecho, columna, valor)
    hecho.estado_sunat = PENDIENTE
    hecho.codigo_sunat = hecho.mensaje_sunat = ""
    hecho.observaciones = []
    hecho.cdr = hecho.xml_path = hecho.cdr_path = hecho.pdf_path = hecho.ticket_path = None
    suyas = DetalleComprobante.comprobante_id == hecho.id
    ctx.session.execute(delete(DetalleComprobante).where(suyas))
    ctx.session.add_all(_detalle(hecho.id, totales))
    ctx.session.flush()
    anunciar(ctx, hecho)
    return hecho


def _escrito(de: modelo.Comprobante, totales: Totales, llave: Llave) -> dict[str, Any]:
    """Return what a row keeps of a document: its bytes, their signature, its amounts."""
    firmado = firmar(ubl.escribir(de, totales), llave)
    return {
        "fecha_emision": de.fecha_emision,
        "hora_emision": de.hora_emision,
        "moneda": de.moneda,
        **_montos(totales),
        "hash": firmado.digest,
        "firma_digital": firmado.firma,
        "qr": paquete.texto_qr(de, totales, firmado.digest),
        "documento": plano(de),
        "xml": firmado.xml,
        "limite_envio": limite(de),
    }


def exigir_valido(ctx: Ctx, de: modelo.Comprobante) -> Totales:
    """Return the amounts of a document that SUNAT will take.

    Raises:
        ComprobanteRechazado: with each ERROR as a field at fault, by SUNAT's code.
    """
    hallazgos, totales = revisar(de, _entorno(ctx))
    errores = [uno for uno in hallazgos if uno.severidad == "ERROR"]
    if errores or totales is None:
        raise ComprobanteRechazado(
            "SUNAT rechazaría este comprobante; no se usó ningún número.",
            errors=[FieldError(uno.campo, uno.codigo, explicado(uno)) for uno in errores],
        )
    return totales


def limite(de: modelo.Comprobante) -> date:
    """Return the last day on which SUNAT takes a document."""
    de_factura = de.serie.startswith("F")
    return de.fecha_emision + timedelta(days=DIAS_FACTURA if de_factura else DIAS_BOLETA)


def _entorno(ctx: Ctx) -> Entorno:
    hoy = ctx.now.astimezone(ctx.time_zone).date()
    return Entorno(hoy=hoy, en_resumen=_en_resumen(ctx))


def _en_resumen(ctx: Ctx) -> bool:
    return ctx.config(schemas.Facturacion).boletas == "resumen"


def explicado(uno: Hallazgo) -> str:
    """Return what to do about a finding, with SUNAT's code and text."""
    return f"{uno.cura} (SUNAT {uno.codigo}: {uno.texto.strip()})"


def _montos(totales: Totales) -> dict[str, Decimal]:
    gravada = totales.base(codigos.IGV) + totales.base(codigos.IVAP)
    return {
        "total_gravada": gravada,
        "total_exonerada": totales.base(codigos.EXONERADO),
        "total_inafecta": totales.base(codigos.INAFECTO),
        "total_exportacion": totales.base(codigos.EXPORTACION),
        "total_gratuita": totales.base(codigos.GRATUITO),
        "total_igv": totales.monto(codigos.IGV) + totales.monto(codigos.IVAP),
        "total_isc": totales.monto(codigos.ISC),
        "total_icbper": totales.monto(codigos.ICBPER),
        "total_venta": totales.total,
    }


def plano(de: modelo.Comprobante | Guia | Retencion) -> dict[str, Any]:
    """Return a document as JSON keeps it: numbers as texts, days as ISO."""
    return {nombre: _llano(valor) for nombre, valor in asdict(de).items()}


def _llano(valor: Any) -> Any:
    if isinstance(valor, dict):
        return {nombre: _llano(uno) for nombre, uno in valor.items()}
    if isinstance(valor, list | tuple):
        return [_llano(uno) for uno in valor]
    if valor is None or isinstance(valor, bool | int | str):
        return valor
    return str(valor)


def _detalle(comprobante_id: int, totales: Totales) -> Sequence[DetalleComprobante]:
    return [
        DetalleComprobante(
            comprobante_id=comprobante_id,
            codigo_producto=uno.linea.codigo_producto,
            descripcion=uno.linea.descripcion,
            cantidad=uno.linea.cantidad,
            unidad_medida=uno.linea.unidad_medida,
            precio_unitario=uno.precio_venta,
            subtotal=uno.valor_venta,
            igv=uno.igv,
            total=uno.total,
            afectacion_igv=uno.linea.afectacion_igv,
        )
        for uno in totales.lineas
    ]


def anunciar(ctx: Ctx, hecho: Comprobante) -> None:
    """Audit a comprobante that was made, and queue its sending and its printed forms."""
    resumen = {
        "tipo": hecho.tipo,
        "serie": hecho.serie,
        "numero": hecho.numero,
        "total": hecho.total_venta,
        "hash": hecho.hash,
        "venta_id": hecho.venta_id,
    }
    ctx.audit("emitir", "comprobantes", hecho.id, despues=resumen, modulo="facturacion")
    if hecho.canal == INDIVIDUAL:
        ctx.enqueue(ENVIAR, comprobante_id=hecho.id)
    if hecho.tipo not in GUIAS and ctx.config(schemas.Facturacion).imprimir:
        ctx.enqueue(IMPRIMIR, comprobante_id=hecho.id)
    ctx.notify("comprobantes", comprobante_id=hecho.id)


# From a sale --------------------------------------------------------------------------------------


def emitir_de_venta(ctx: Ctx, venta_id: int) -> Comprobante | None:
    """Return the comprobante of a sale, made now unless it has one or the company issues none.

    Runs in the background and may run twice: the database keeps a second one out.
    """
    config = ctx.config(schemas.Facturacion)
    if not config.emitir_ventas or de_la_venta(ctx, venta_id) is not None:
        return None
    # Shared with no annulment: that waits until this commits, or is seen here.
    venta = ctx.session.get(Venta, venta_id, with_for_update={"read": True})
    if venta is None or venta.estado == ANULADA or empresa.vigente(ctx) is None:
        return None
    return emitir_comprobante(
        ctx, schemas.ComprobanteNuevo(venta_id=venta_id, **_credito(ctx, venta))
    )


def de_la_venta(ctx: Ctx, venta_id: int) -> Comprobante | None:
    """Return the factura or boleta of a sale that holds."""
    query = select(Comprobante).where(
        Comprobante.venta_id == venta_id,
        Comprobante.tipo.in_((codigos.FACTURA, codigos.BOLETA)),
        Comprobante.estado_sunat.not_in(("RECHAZADO", "ANULADO")),
    )
    return ctx.session.scalars(query.order_by(Comprobante.id.desc()).limit(1)).first()


def _credito(ctx: Ctx, venta: Venta) -> dict[str, Any]:
    """Return how a sale is paid, if not at once."""
    hoy = ctx.now.astimezone(ctx.time_zone).date()
    vence = venta.fecha_vencimiento
    if not venta.monto_credito or vence is None or vence <= hoy:
        return {}
    cuota = schemas.CuotaNueva(fecha=vence, monto=venta.monto_credito)
    pagado = venta.total - venta.monto_credito
    return {"contado": False, "pagado": pagado, "cuotas": [cuota], "fecha_vencimiento": vence}


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
    return schemas.Cola(items=items, caida=bool(ctx.sql(CAIDO)))


def encontrar(ctx: Ctx, comprobante_id: int) -> Comprobante:
    """Return a comprobante that the user may see.

    Raises:
        NotFound: there is none.
    """
    found = ctx.session.get(Comprobante, comprobante_id)
    if found is None:
        raise NotFound
    return found
