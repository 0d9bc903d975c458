"""Guías de remisión: of a venta, or of whatever the caller moves. Source: reference on SUNAT, 1.8.

A guía is a comprobante without amounts: its number, queue, files and answers are the same. SUNAT
takes it by REST and answers by a ticket; its QR is an address that comes with the CDR.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from addons.sales.models import Cliente, Venta
from addons.sunat import schemas
from addons.sunat.documents import guia as de_guia
from addons.sunat.documents import guia_ubl
from addons.sunat.documents.guia import Guia
from addons.sunat.documents.modelo import Adquirente, Emisor, Lugar
from addons.sunat.documents.reglas.guias_vehiculos import revisar_guia
from addons.sunat.documents.reglas.tabla import Hallazgo
from addons.sunat.models import GuiaRemision
from addons.sunat.services import borradores, emision, empresa, entrada, otros, ventas
from kernel.context import Ctx
from kernel.errors import FieldError, ValidationFailed

_DOCUMENTO: TypeAdapter[Guia] = TypeAdapter(Guia)
NADIE = Adquirente("", "", "")
DIAS = 1
"""A guía is sent on its day or the day after."""


def emitir_guia(ctx: Ctx, nueva: schemas.GuiaNueva) -> GuiaRemision:
    """Return the guía; its comprobante is numbered, signed, and on its way.

    What asked for it by ``referencia_doc`` waits for it no more.

    Raises:
        ComprobanteRechazado: SUNAT would reject it; every finding is told.
        EstadoNoPermite: what asked for it has a guía already.
        SinConfigurar: certificate, series or company are missing.
        ValidationFailed: the cliente or venta it names doesn't exist, or what asked for it is
            another sucursal's.
    """
    borrador = borradores.exigir_libre(ctx, nueva.referencia_doc)
    venta = _venta(ctx, nueva)
    de_quien = venta or borrador
    nueva = _con_sucursal(ctx, nueva, de_quien.sucursal_id if de_quien is not None else None)
    nueva = entrada.con_bienes(ctx, nueva)
    de = _documento(ctx, nueva, venta)
    with entrada.en_sus_palabras(destinatario=_quien(nueva)):
        otros.exigir(*_faltas(ctx, de))
    de, hecho = otros.registrar(
        ctx,
        de,
        guia_ubl.escribir,
        limite=de.fecha_emision + timedelta(days=DIAS),
        cliente_id=_cliente_id(nueva, venta),
        venta_id=nueva.venta_id,
        sucursal_id=nueva.sucursal_id,
    )
    guia = GuiaRemision(
        comprobante_id=hecho.id,
        tipo=hecho.tipo,
        serie=hecho.serie,
        numero=hecho.numero,
        venta_id=nueva.venta_id,
        referencia_doc=nueva.referencia_doc,
        motivo_traslado=de.motivo if de.de_remitente else "",
        modalidad_traslado=de.modalidad if de.de_remitente else "",
        fecha_traslado=de.fecha_traslado,
        destinatario=de.destinatario.razon_social,
        punto_partida=f"{de.partida.direccion} ({de.partida.ubigeo})",
        punto_llegada=f"{de.llegada.direccion} ({de.llegada.ubigeo})",
        peso_bruto=de.peso_bruto,
        unidad_peso=de.unidad_peso,
    )
    ctx.session.add(guia)
    ctx.session.flush()
    if borrador is not None:
        borradores.cerrar(ctx, borrador, hecho)
    return guia


def _faltas(ctx: Ctx, de: Guia) -> tuple[list[Hallazgo], list[FieldError]]:
    """Return all that is wrong with a guía; that it goes to nobody is one fault, not one for each
    rule about who receives."""
    hallazgos = revisar_guia(de, otros.entorno(ctx))
    if de.destinatario is not NADIE:
        return hallazgos, []
    nadie = FieldError("destinatario", "falta", "Diga a quién van los bienes.")
    return [uno for uno in hallazgos if not uno.campo.startswith("destinatario.")], [nadie]


def _quien(nueva: schemas.GuiaNueva) -> str:
    """Return the field in which the caller told who receives."""
    if nueva.destinatario is not None:
        return ""
    return "cliente_id" if nueva.cliente_id is not None else "venta_id" if nueva.venta_id else ""


def _documento(ctx: Ctx, nueva: schemas.GuiaNueva, venta: Venta | None) -> Guia:
    local = ctx.now.astimezone(ctx.time_zone)
    emisor = empresa.emisor(ctx)
    serie = nueva.serie or empresa.serie_para(ctx, nueva.tipo, nueva.sucursal_id)
    emision.exigir_serie(ctx, nueva.tipo, serie, nueva.sucursal_id)
    return Guia(
        tipo=nueva.tipo,
        serie=serie,
        numero=0,
        fecha_emision=nueva.fecha_emision or local.date(),
        hora_emision=local.time().replace(microsecond=0),
        emisor=emisor,
        destinatario=_destinatario(ctx, nueva, venta, emisor),
        partida=_lugar(nueva.partida, emisor),
        llegada=Lugar(**dict(nueva.llegada)),
        fecha_traslado=nueva.fecha_traslado or local.date(),
        peso_bruto=nueva.peso_bruto or Decimal(0),
        bienes=_bienes(ctx, nueva),
        motivo=nueva.motivo,
        motivo_descripcion=nueva.motivo_descripcion,
        modalidad=nueva.modalidad,
        unidad_peso=nueva.unidad_peso,
        bultos=nueva.bultos,
        remitente=_persona(nueva.remitente),
        transportista=_uno(de_guia.Transportista, nueva.transportista),
        proveedor=_persona(nueva.proveedor),
        comprador=_persona(nueva.comprador),
        vehiculos=tuple(de_guia.Vehiculo(**dict(uno)) for uno in nueva.vehiculos),
        conductores=tuple(de_guia.Conductor(**dict(uno)) for uno in nueva.conductores),
        vehiculo_menor=nueva.vehiculo_menor,
        retorno_vacio=nueva.retorno_vacio,
        retorno_envases=nueva.retorno_envases,
        transbordo=nueva.transbordo,
        pagador_flete=nueva.pagador_flete,
        pagador=_persona(nueva.pagador),
        mtc=nueva.mtc,
        relacionados=_relacionados(ctx, nueva, emisor),
        observaciones=nueva.observaciones,
    )


def _uno(kind: Any, dado: Any) -> Any:
    return None if dado is None else kind(**dict(dado))


def _persona(dada: schemas.PersonaNueva | None) -> Adquirente | None:
    return None if dada is None else Adquirente(dada.tipo_doc, dada.numero_doc, dada.razon_social)


def _lugar(dado: schemas.PuntoNuevo | None, emisor: Emisor) -> Lugar:
    """Return where goods leave: the company's own place where the caller tells none."""
    if dado is None:
        return Lugar(emisor.ubigeo, emisor.direccion)
    return Lugar(**dict(dado))


def _venta(ctx: Ctx, nueva: schemas.GuiaNueva) -> Venta | None:
    if nueva.venta_id is None:
        return None
    found = ctx.session.get(Venta, nueva.venta_id)
    if found is None:
        raise ValidationFailed("No existe una venta con este id.", field="venta_id")
    return found


def _con_sucursal(ctx: Ctx, nueva: schemas.GuiaNueva, suya: int | None) -> schemas.GuiaNueva:
    """Return a guía that says from which sucursal goods leave: that of what it is of, else the one
    it says, that of its series, or the only one that the user reaches."""
    sucursal_id = suya or nueva.sucursal_id
    if sucursal_id is None and nueva.serie is not None:
        serie = empresa.encontrar_serie(ctx, nueva.tipo, nueva.serie)
        sucursal_id = serie.sucursal_id if serie is not None else None
    permitidas = ctx.scope("sucursales")
    if sucursal_id is None and permitidas is not None and len(permitidas) == 1:
        (sucursal_id,) = permitidas
    return nueva.model_copy(update={"sucursal_id": sucursal_id})


def _cliente_id(nueva: schemas.GuiaNueva, venta: Venta | None) -> int | None:
    if nueva.cliente_id is not None:
        return nueva.cliente_id
    return venta.cliente_id if venta is not None else None


def _destinatario(
    ctx: Ctx, nueva: schemas.GuiaNueva, venta: Venta | None, emisor: Emisor
) -> Adquirente:
    dicho = _persona(nueva.destinatario)
    if dicho is not None:
        return dicho
    cliente_id = _cliente_id(nueva, venta)
    if cliente_id is not None:
        cliente = ctx.session.get(Cliente, cliente_id)
        if cliente is None:
            raise ValidationFailed("No existe un cliente con este id.", field="cliente_id")
        return emision.adquirente(cliente)
    if nueva.motivo in de_guia.A_UNO_MISMO:
        return Adquirente("6", emisor.ruc, emisor.razon_social)
    return NADIE


def _bienes(ctx: Ctx, nueva: schemas.GuiaNueva) -> tuple[de_guia.Bien, ...]:
    """Return what is moved: as the caller says, else what was sold, services aside."""
    if nueva.bienes:
        return tuple(de_guia.Bien(**dict(uno)) for uno in nueva.bienes)
    return tuple(
        de_guia.Bien(una.descripcion, una.cantidad, una.unidad_medida, una.codigo_producto)
        for una in emision.de_venta(ctx, nueva.venta_id)
        if una.unidad_medida != "ZZ"
    )


def _relacionados(
    ctx: Ctx, nueva: schemas.GuiaNueva, emisor: Emisor
) -> tuple[de_guia.DocumentoRelacionado, ...]:
    dichos = tuple(de_guia.DocumentoRelacionado(**dict(uno)) for uno in nueva.relacionados)
    if dichos or nueva.venta_id is None:
        return dichos
    de = ventas.de_la_venta(ctx, nueva.venta_id)
    if de is None:
        return ()
    numero = f"{de.serie}-{de.numero}"
    return (de_guia.DocumentoRelacionado(de.tipo, numero, emisor.ruc),)


def leer(plano: dict[str, Any]) -> Guia:
    """Return a guía as its comprobante keeps it."""
    return _DOCUMENTO.validate_python(plano)
