"""Numbering, signing and keeping documents that are no sale: guías, retenciones, percepciones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from addons.sunat.documents import paquete
from addons.sunat.documents.firma import firmar
from addons.sunat.documents.guia import Guia
from addons.sunat.documents.reglas import Entorno, Hallazgo
from addons.sunat.documents.retencion import Retencion
from addons.sunat.errors import ComprobanteRechazado
from addons.sunat.models import CONTINGENCIA, PENDIENTE, Comprobante
from addons.sunat.services import empresa, registro
from kernel.context import Ctx
from kernel.errors import FieldError

Otro = TypeVar("Otro", Guia, Retencion)


def entorno(ctx: Ctx) -> Entorno:
    """Return what rules need to know."""
    return Entorno(hoy=ctx.now.astimezone(ctx.time_zone).date())


def exigir(hallazgos: Sequence[Hallazgo], faltas: Sequence[FieldError] = ()) -> None:
    """Refuse a document of which something was found, or that lacks something.

    Raises:
        ComprobanteRechazado: with each finding as a field at fault, by SUNAT's code.
    """
    if hallazgos or faltas:
        raise ComprobanteRechazado(
            "SUNAT rechazaría este comprobante; no se usó ningún número.",
            errors=[
                *faltas,
                *(FieldError(uno.campo, uno.codigo, registro.explicado(uno)) for uno in hallazgos),
            ],
        )


def registrar(
    ctx: Ctx,
    de: Otro,
    escribir: Callable[[Otro], str],
    *,
    limite: date,
    cliente_id: int | None = None,
    venta_id: int | None = None,
    sucursal_id: int | None = None,
) -> tuple[Otro, Comprobante]:
    """Return a checked document with its number, and its row: signed, and on its way."""
    llave = empresa.llave(ctx)
    numero = ctx.next_number("comprobante", f"{de.tipo}-{de.serie}")
    de = replace(de, numero=numero)
    firmado = firmar(escribir(de), llave)
    espera = bool(ctx.sql(registro.CAIDO))
    hecho = Comprobante(
        tipo=de.tipo,
        serie=de.serie,
        numero=numero,
        fecha_emision=de.fecha_emision,
        hora_emision=de.hora_emision,
        cliente_id=cliente_id,
        venta_id=venta_id,
        sucursal_id=sucursal_id,
        moneda="PEN",
        total_venta=Decimal(0),
        estado_sunat=CONTINGENCIA if espera else PENDIENTE,
        modo_emision="contingencia" if espera else "normal",
        hash=firmado.digest,
        firma_digital=firmado.firma,
        qr="",
        documento=registro.plano(de),
        nombre_archivo=paquete.nombre(de.emisor.ruc, de.tipo, de.serie, numero),
        xml=firmado.xml,
        limite_envio=limite,
    )
    ctx.session.add(hecho)
    ctx.session.flush()
    registro.anunciar(ctx, hecho)
    return de, hecho
