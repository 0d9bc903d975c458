"""Notes of credit and debit on a comprobante of ours. Source: módulo 3."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import func, select, update

from addons.sunat import schemas
from addons.sunat.documents import codigos, modelo
from addons.sunat.documents.devuelto import todo_de
from addons.sunat.documents.importes import Totales
from addons.sunat.documents.reglas import Origen, revisar_con_origen
from addons.sunat.errors import ComprobanteRechazado, EstadoNoPermite
from addons.sunat.models import (
    ANULADO,
    RECHAZADA,
    RETIRADA,
    BajaComprobante,
    Comprobante,
    NotaCreditoDebito,
)
from addons.sunat.services import emision, empresa, entrada, quedan, registro
from kernel.context import Ctx
from kernel.errors import FieldError, ValidationFailed

_DOCUMENTO: TypeAdapter[modelo.Comprobante] = TypeAdapter(modelo.Comprobante)
TEXTO_CREDITO = "CORRECCIÓN DE CUOTAS"
DE_UNA_PARTE = frozenset({"04", "05", "07", "08", "09"})
"""Reasons of catalogue 09 that never take all back."""


def emitir_nota(
    ctx: Ctx,
    nueva: schemas.NotaNueva,
    *,
    detalle: tuple[modelo.Linea, ...] = (),
    devolucion_id: int | None = None,
) -> Comprobante:
    """Return the note as a comprobante: numbered, signed, and on its way.

    ``devolucion_id`` names what came back of the sale, if the note is about that, and ``detalle``
    its lines.

    Raises:
        EstadoNoPermite: what it changes is being voided, or was issued by another company.
        ValidationFailed: what it changes doesn't exist or is a note itself; it has no lines, and
            its reason is about a part.
        ComprobanteRechazado: SUNAT would reject it, or what it changes was rejected or voided.
    """
    origen = encontrar_origen(ctx, nueva.comprobante_origen_id)
    if not detalle and not nueva.detalle and not _es_de_todo(nueva):
        raise ValidationFailed(
            "Una nota por este motivo dice sus líneas: lo que baja o sube.", field="detalle"
        )
    nueva = entrada.con_productos(ctx, nueva)
    de = _documento(ctx, nueva, origen, detalle or emision.lineas(nueva.detalle))
    dichas = "" if nueva.detalle else "comprobante_origen_id"
    with entrada.en_sus_palabras(
        adquirente="comprobante_origen_id", modifica="comprobante_origen_id", detalle=dichas
    ):
        totales = registro.exigir_valido(ctx, de)
        comprobar_con_origen(ctx, de, totales, origen)
    quien = registro.De(origen.cliente_id, sucursal_id=origen.sucursal_id)
    hecho = registro.registrar(ctx, de, quien, totales)
    anotar(ctx, hecho, de, origen.id, devolucion_id)
    return hecho


def _es_de_todo(nueva: schemas.NotaNueva) -> bool:
    return nueva.tipo_nota == codigos.NOTA_CREDITO and nueva.motivo_codigo not in DE_UNA_PARTE


def anotar(
    ctx: Ctx,
    hecho: Comprobante,
    de: modelo.Comprobante,
    origen_id: int,
    devolucion_id: int | None = None,
) -> None:
    """Write why a note was issued, and on what."""
    por_que = de.modifica
    ctx.session.add(
        NotaCreditoDebito(
            comprobante_id=hecho.id,
            comprobante_origen_id=origen_id,
            tipo_nota=hecho.tipo,
            serie=hecho.serie,
            numero=hecho.numero,
            fecha_emision=hecho.fecha_emision,
            motivo_codigo=por_que.motivo_codigo if por_que else "",
            motivo_descripcion=por_que.motivo_descripcion if por_que else "",
            devolucion_id=devolucion_id,
            estado_sunat=hecho.estado_sunat,
        )
    )
    ctx.session.flush()


def encontrar_origen(ctx: Ctx, comprobante_id: int) -> Comprobante:
    """Return the factura or boleta that a note is on.

    Raises:
        ValidationFailed: there is none.
    """
    found = ctx.session.get(Comprobante, comprobante_id)
    if found is None or found.tipo not in (codigos.FACTURA, codigos.BOLETA):
        raise ValidationFailed(
            "Diga una factura o boleta que exista.", field="comprobante_origen_id"
        )
    return found


def _documento(
    ctx: Ctx, nueva: schemas.NotaNueva, origen: Comprobante, detalle: tuple[modelo.Linea, ...]
) -> modelo.Comprobante:
    suyo = leer(origen.documento)
    comunes = emision.comunes(ctx, nueva)
    if not detalle and nueva.motivo_codigo == codigos.AJUSTE_CREDITO:
        afectacion = suyo.detalle[0].afectacion_igv
        detalle = (modelo.Linea(TEXTO_CREDITO, Decimal(1), Decimal(0), afectacion_igv=afectacion),)
        comunes |= _todos_los_terminos(suyo) | {"cargos": (), "redondeo": Decimal(0)}
    elif not detalle:
        todo = todo_de(suyo)
        detalle = todo.detalle
        cargos = comunes["cargos"] or todo.cargos
        comunes |= _todos_los_terminos(suyo) | {"cargos": cargos}
        comunes["redondeo"] = comunes["redondeo"] or suyo.redondeo
    else:
        comunes |= _terminos(nueva, suyo)
    letra = "F" if origen.tipo == codigos.FACTURA else "B"
    serie = nueva.serie or empresa.serie_para(ctx, nueva.tipo_nota, origen.sucursal_id, letra)
    emision.exigir_serie(ctx, nueva.tipo_nota, serie, origen.sucursal_id)
    return modelo.Comprobante(
        tipo=nueva.tipo_nota,
        serie=serie,
        adquirente=suyo.adquirente,
        detalle=detalle,
        contado=not nueva.cuotas,
        modifica=modelo.Modifica(
            tipo=origen.tipo,
            serie=origen.serie,
            numero=origen.numero,
            motivo_codigo=nueva.motivo_codigo,
            motivo_descripcion=nueva.motivo_descripcion or _motivo(nueva),
        ),
        **comunes,
    )


def _todos_los_terminos(suyo: modelo.Comprobante) -> dict[str, Any]:
    """Return in what terms the lines of a document stand; lines that are taken over stay in them,
    whatever is said."""
    return {
        "precios_incluyen_igv": suyo.precios_incluyen_igv,
        "tasa_igv": suyo.tasa_igv,
        "moneda": suyo.moneda,
        "tipo_cambio": suyo.tipo_cambio,
    }


def _terminos(nueva: schemas.NotaNueva, suyo: modelo.Comprobante) -> dict[str, Any]:
    """Return what a note takes over from its original where it says nothing else."""
    dichos = {nombre for nombre in nueva.model_fields_set if getattr(nueva, nombre) is not None}
    terminos = _todos_los_terminos(suyo)
    return {nombre: valor for nombre, valor in terminos.items() if nombre not in dichos}


def motivo_para(suyo: modelo.Comprobante, motivo: str) -> str:
    """Return the reason of a note on a document: one on arroz pilado has its own (3230)."""
    de_ivap = any(una.afectacion_igv == codigos.GRAVADO_IVAP for una in suyo.detalle)
    return codigos.AJUSTE_IVAP if de_ivap else motivo


def _motivo(nueva: schemas.NotaNueva) -> str:
    credito = nueva.tipo_nota == codigos.NOTA_CREDITO
    lista = codigos.MOTIVOS_CREDITO if credito else codigos.MOTIVOS_DEBITO
    return lista.get(nueva.motivo_codigo, "")


def comprobar_con_origen(
    ctx: Ctx,
    de: modelo.Comprobante,
    totales: Totales,
    origen: Comprobante,
    *,
    menos: int | None = None,
) -> None:
    """Refuse what SUNAT would find by looking at the document that is changed.

    ``menos`` is the note that this one takes the place of.

    Raises:
        ComprobanteRechazado: with each finding as a field at fault.
        EstadoNoPermite: it is being voided, or was issued by another company.
    """
    quitado = acreditado(ctx, origen.id, menos)
    _exigir_en_pie(ctx, de, origen)
    documento = leer(origen.documento)
    suyo = Origen(
        estado=origen.estado_sunat,
        fecha_emision=origen.fecha_emision,
        moneda=origen.moneda,
        total=origen.total_venta,
        acreditado=quitado,
        contado=documento.contado,
    )
    hallados = [
        FieldError(uno.campo, uno.codigo, registro.explicado(uno))
        for uno in revisar_con_origen(de, totales, suyo)
    ]
    if hallados := hallados or list(quedan.de_mas(ctx, de, documento, origen.id, menos)):
        raise ComprobanteRechazado(
            "SUNAT rechazaría esta nota; no se usó ningún número.", errors=hallados
        )


def _exigir_en_pie(ctx: Ctx, de: modelo.Comprobante, origen: Comprobante) -> None:
    """Refuse a note on what will be no more, or is not this company's; the original is locked."""
    baja = select(BajaComprobante.id).where(
        BajaComprobante.comprobante_id == origen.id,
        BajaComprobante.estado.not_in((RECHAZADA, RETIRADA)),
    )
    if origen.estado_sunat != ANULADO and ctx.session.scalars(baja.limit(1)).first() is not None:
        raise EstadoNoPermite("Se pidió la baja del comprobante: no admite notas.")
    ruc = origen.nombre_archivo.partition("-")[0]
    if ruc != de.emisor.ruc:
        raise EstadoNoPermite(f"El comprobante lo emitió el RUC {ruc}, y la empresa es hoy otra.")


def acreditado(ctx: Ctx, origen_id: int, menos: int | None = None) -> Decimal:
    """Return what other notes of credit took off already; the original is locked meanwhile."""
    ctx.session.get(Comprobante, origen_id, with_for_update={"key_share": True})
    query = (
        select(func.coalesce(func.sum(Comprobante.total_venta), 0))
        .join(NotaCreditoDebito, NotaCreditoDebito.comprobante_id == Comprobante.id)
        .where(
            NotaCreditoDebito.comprobante_origen_id == origen_id,
            Comprobante.tipo == codigos.NOTA_CREDITO,
            Comprobante.estado_sunat.not_in(("RECHAZADO", "ANULADO")),
            Comprobante.id.is_distinct_from(menos),
        )
    )
    return Decimal(ctx.session.scalars(query).one())


def copiar_archivos(ctx: Ctx, de: Comprobante) -> None:
    """Tell a note where the files of its comprobante lie."""
    ctx.session.execute(
        update(NotaCreditoDebito)
        .where(NotaCreditoDebito.comprobante_id == de.id)
        .values(xml_path=de.xml_path, cdr_path=de.cdr_path)
    )


def leer(plano: dict[str, Any]) -> modelo.Comprobante:
    """Return a document as ``emision`` kept it."""
    return _DOCUMENTO.validate_python(plano)
