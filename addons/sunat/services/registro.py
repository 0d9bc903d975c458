"""From a document to its row: checked, numbered, signed and kept in one transaction.

The number, the signed bytes and the job that sends them are committed together, so none is ever
without the others. Row and lines are written by one statement. Source: módulo 3.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import delete

from addons.sunat import schemas
from addons.sunat.documents import codigos, modelo, paquete, ubl
from addons.sunat.documents.firma import Llave, firmar
from addons.sunat.documents.guia import GUIAS, Guia
from addons.sunat.documents.importes import Importe, Totales
from addons.sunat.documents.reglas import Entorno, Hallazgo, revisar
from addons.sunat.documents.retencion import Retencion
from addons.sunat.errors import ComprobanteRechazado
from addons.sunat.models import INDIVIDUAL, PENDIENTE, RESUMEN, Comprobante, DetalleComprobante
from addons.sunat.services import empresa
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import FieldError, Forbidden

REMOTO = "sunat"
ENVIAR = "sunat.enviar"
DAR_DE_BAJA = "sunat.dar_de_baja"
EMITIR_VENTA = "sunat.emitir_venta"
IMPRIMIR = "sunat.imprimir"
ARCHIVAR = "sunat.archivar"
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

INSERTAR = Statement(
    "comprobante",
    """
    WITH caido AS (
        SELECT EXISTS (SELECT 1 FROM andes_remotes
                        WHERE name = 'sunat' AND (failures > 0 OR stopped_at IS NOT NULL)) AS si
    ), hecho AS (
        INSERT INTO comprobantes (
            tipo, serie, numero, fecha_emision, hora_emision, cliente_id, venta_id, sucursal_id,
            corrige_id, moneda, total_gravada, total_exonerada, total_inafecta, total_exportacion,
            total_gratuita, total_igv, total_isc, total_icbper, total_venta, hash, firma_digital,
            qr, documento, xml, limite_envio, nombre_archivo, canal, estado_sunat, modo_emision)
        SELECT %(tipo)s, %(serie)s, %(numero)s, %(fecha_emision)s, %(hora_emision)s,
               %(cliente_id)s::bigint, %(venta_id)s::bigint, %(sucursal_id)s::bigint,
               %(corrige_id)s::bigint, %(moneda)s, %(total_gravada)s, %(total_exonerada)s,
               %(total_inafecta)s, %(total_exportacion)s, %(total_gratuita)s, %(total_igv)s,
               %(total_isc)s, %(total_icbper)s, %(total_venta)s, %(hash)s, %(firma_digital)s,
               %(qr)s, %(documento)s::jsonb, %(xml)s, %(limite_envio)s, %(nombre_archivo)s,
               %(canal)s, CASE WHEN si THEN 'CONTINGENCIA' ELSE 'PENDIENTE' END,
               CASE WHEN si THEN 'contingencia' ELSE 'normal' END
          FROM caido
        RETURNING id
    ), lineas AS (
        INSERT INTO detalle_comprobante (
            comprobante_id, codigo_producto, descripcion, unidad_medida, afectacion_igv, cantidad,
            precio_unitario, subtotal, igv, total)
        SELECT h.id, l.codigo, l.descripcion, l.unidad, l.afectacion, l.cantidad, l.precio,
               l.subtotal, l.igv, l.total
          FROM hecho h, unnest(
               %(codigos)s::text[], %(descripciones)s::text[], %(unidades)s::text[],
               %(afectaciones)s::text[], %(cantidades)s::numeric[], %(precios)s::numeric[],
               %(subtotales)s::numeric[], %(igvs)s::numeric[], %(totales)s::numeric[]
               ) WITH ORDINALITY AS l(codigo, descripcion, unidad, afectacion, cantidad, precio,
                                      subtotal, igv, total, orden)
         ORDER BY l.orden
    )
    SELECT id FROM hecho
    """,
)


@dataclass(frozen=True, slots=True)
class De:
    """Whose a comprobante is: its cliente, sale and sucursal, and which one it mends."""

    cliente_id: int | None
    venta_id: int | None = None
    sucursal_id: int | None = None
    corrige_id: int | None = None


class Hecho(Protocol):
    """What is told of a comprobante that was made."""

    id: Any
    tipo: Any
    serie: Any
    numero: Any
    total_venta: Any
    hash: Any
    venta_id: Any
    canal: Any


@dataclass(slots=True)
class _Insertado:
    id: int
    tipo: str
    serie: str
    numero: int
    total_venta: Decimal
    hash: str
    venta_id: int | None
    canal: str


def registrar(
    ctx: Ctx, de: modelo.Comprobante, quien: De, totales: Totales | None = None
) -> Comprobante:
    """Return the row of a document: checked, numbered, written, signed; its sending is queued.

    Where the company so wants, boletas and notes on them wait for the resumen diario instead. Who
    checked it already (``exigir_valido``) gives its amounts.

    Raises:
        ComprobanteRechazado: SUNAT would reject it; no number was taken.
        Forbidden: it is of a sucursal that the user doesn't see.
    """
    _exigir_alcance(ctx, quien.sucursal_id)
    config = ctx.config(schemas.Facturacion)
    llave = empresa.llave(ctx)
    totales = totales or _exigir(de, _entorno(ctx, config))
    return ctx.session.get_one(
        Comprobante, _insertar(ctx, de, quien, totales, llave=llave, config=config)
    )


def _exigir_alcance(ctx: Ctx, sucursal_id: int | None) -> None:
    permitidas = ctx.scope("sucursales")
    if permitidas is not None and sucursal_id is not None and sucursal_id not in permitidas:
        raise Forbidden(
            "La fila quedaría fuera de su alcance; no se guardó nada.", code="fila_fuera_de_alcance"
        )


def insertar(
    ctx: Ctx, de: modelo.Comprobante, quien: De, *, llave: Llave, config: schemas.Facturacion
) -> int:
    """Return the id of a document's row: as ``registrar``, for whoever may.

    Raises:
        ComprobanteRechazado: SUNAT would reject it; no number was taken.
    """
    totales = _exigir(de, _entorno(ctx, config))
    return _insertar(ctx, de, quien, totales, llave=llave, config=config)


def _insertar(
    ctx: Ctx,
    de: modelo.Comprobante,
    quien: De,
    totales: Totales,
    *,
    llave: Llave,
    config: schemas.Facturacion,
) -> int:
    numero = ctx.next_number("comprobante", f"{de.tipo}-{de.serie}")
    de = replace(de, numero=numero)
    escrito = _escrito(de, totales, llave)
    en_resumen = de.serie.startswith("B") and config.boletas == "resumen"
    canal = RESUMEN if en_resumen else INDIVIDUAL
    rows = ctx.sql(
        INSERTAR,
        **escrito | {"documento": json.dumps(escrito["documento"], ensure_ascii=False)},
        **_columnas(totales.lineas),
        tipo=de.tipo,
        serie=de.serie,
        numero=numero,
        cliente_id=quien.cliente_id,
        venta_id=quien.venta_id,
        sucursal_id=quien.sucursal_id,
        corrige_id=quien.corrige_id,
        nombre_archivo=paquete.nombre(de.emisor.ruc, de.tipo, de.serie, numero),
        canal=canal,
    )
    hecho = _Insertado(
        rows[0][0],
        de.tipo,
        de.serie,
        numero,
        totales.total,
        escrito["hash"],
        quien.venta_id,
        canal,
    )
    _anunciar(ctx, hecho, imprimir=config.imprimir)
    return hecho.id


def _columnas(lineas: tuple[Importe, ...]) -> dict[str, list[Any]]:
    return {
        "codigos": [uno.linea.codigo_producto for uno in lineas],
        "descripciones": [uno.linea.descripcion for uno in lineas],
        "unidades": [uno.linea.unidad_medida for uno in lineas],
        "afectaciones": [uno.linea.afectacion_igv for uno in lineas],
        "cantidades": [uno.linea.cantidad for uno in lineas],
        "precios": [uno.precio_venta for uno in lineas],
        "subtotales": [uno.valor_venta for uno in lineas],
        "igvs": [uno.igv for uno in lineas],
        "totales": [uno.total for uno in lineas],
    }


def reescribir(
    ctx: Ctx, hecho: Comprobante, de: modelo.Comprobante, totales: Totales
) -> Comprobante:
    """Return a comprobante that SUNAT never registered, with other content (checked, of these
    amounts) and the same number."""
    llave = empresa.llave(ctx)
    for columna, valor in _escrito(de, totales, llave).items():
        setattr(hecho, columna, valor)
    hecho.estado_sunat = PENDIENTE
    hecho.codigo_sunat = hecho.mensaje_sunat = ""
    hecho.observaciones = []
    hecho.cdr = hecho.xml_path = hecho.cdr_path = hecho.pdf_path = hecho.ticket_path = None
    suyas = DetalleComprobante.comprobante_id == hecho.id
    ctx.session.execute(delete(DetalleComprobante).where(suyas))
    ctx.session.add_all(_detalle(hecho.id, uno) for uno in totales.lineas)
    ctx.session.flush()
    anunciar(ctx, hecho)
    return hecho


def _detalle(comprobante_id: int, uno: Importe) -> DetalleComprobante:
    return DetalleComprobante(
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


# Rules --------------------------------------------------------------------------------------------


def exigir_valido(ctx: Ctx, de: modelo.Comprobante) -> Totales:
    """Return the amounts of a document that SUNAT will take.

    Raises:
        ComprobanteRechazado: with each ERROR as a field at fault, by SUNAT's code.
    """
    return _exigir(de, entorno(ctx))


def _exigir(de: modelo.Comprobante, donde: Entorno) -> Totales:
    hallazgos, totales = revisar(de, donde)
    errores = [uno for uno in hallazgos if uno.severidad == "ERROR"]
    if errores or totales is None:
        raise ComprobanteRechazado(
            "SUNAT rechazaría este comprobante; no se usó ningún número.",
            errors=[FieldError(uno.campo, uno.codigo, explicado(uno)) for uno in errores],
        )
    return totales


def entorno(ctx: Ctx) -> Entorno:
    """Return what rules need to know besides a document."""
    return _entorno(ctx, ctx.config(schemas.Facturacion))


def _entorno(ctx: Ctx, config: schemas.Facturacion) -> Entorno:
    hoy = ctx.now.astimezone(ctx.time_zone).date()
    return Entorno(hoy=hoy, en_resumen=config.boletas == "resumen")


def explicado(uno: Hallazgo) -> str:
    """Return what to do about a finding, with SUNAT's code and text."""
    return f"{uno.cura} (SUNAT {uno.codigo}: {uno.texto.strip()})"


def limite(de: modelo.Comprobante) -> date:
    """Return the last day on which SUNAT takes a document."""
    de_factura = de.serie.startswith("F")
    return de.fecha_emision + timedelta(days=DIAS_FACTURA if de_factura else DIAS_BOLETA)


# As it is kept ------------------------------------------------------------------------------------


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
    return {nombre: _llano(getattr(de, nombre)) for nombre in _nombres(type(de))}


_campos: dict[type[Any], tuple[str, ...]] = {}


def _nombres(clase: type[Any]) -> tuple[str, ...]:
    if clase not in _campos:
        _campos[clase] = tuple(campo.name for campo in fields(clase))
    return _campos[clase]


def _llano(valor: Any) -> Any:
    if valor is None or isinstance(valor, bool | int | str):
        return valor
    if isinstance(valor, dict):
        return {nombre: _llano(uno) for nombre, uno in valor.items()}
    if isinstance(valor, list | tuple):
        return [_llano(uno) for uno in valor]
    if is_dataclass(valor):
        return {nombre: _llano(getattr(valor, nombre)) for nombre in _nombres(type(valor))}
    return str(valor)


def anunciar(ctx: Ctx, hecho: Hecho) -> None:
    """Audit a comprobante that was made, and queue its sending and its printed forms."""
    _anunciar(ctx, hecho, imprimir=ctx.config(schemas.Facturacion).imprimir)


def _anunciar(ctx: Ctx, hecho: Hecho, *, imprimir: bool) -> None:
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
    if hecho.tipo not in GUIAS and imprimir:
        ctx.enqueue(IMPRIMIR, comprobante_id=hecho.id)
    ctx.notify("comprobantes", comprobante_id=hecho.id)
