"""Guías that something asks for, as a transferencia does: kept until a person completes them.

A draft says what is known: goods, both ends, the reason. Weight, vehicle and driver are the
person's. It is never issued by itself. Source: reference on SUNAT, 1.8; catalogue 20, code 04.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import func, select

from addons.base.models import Sucursal
from addons.sales.models import Producto
from addons.sunat.documents import guia as de_guia
from addons.sunat.documents.modelo import Lugar
from addons.sunat.errors import EstadoNoPermite
from addons.sunat.models import ANULADO, EXCEPCION, RECHAZADO, BorradorGuia, Comprobante
from addons.sunat.models.consultas import DESCARTADA, EMITIDA, PENDIENTE
from addons.sunat.services import empresa
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import NotFound, ValidationFailed

AJENO = Statement(
    "sunat_borrador_ajeno",
    "SELECT id FROM borradores_guia WHERE referencia_doc = %(referencia)s",
    reads=True,
)
_ANEXO = re.compile(r"[0-9]{4}")


@dataclass(frozen=True, slots=True)
class Traslado:
    """Goods that leave one sucursal for another: ``(producto_id, cantidad)``."""

    referencia: str
    descripcion: str
    origen_id: int
    destino_id: int
    bienes: Sequence[tuple[int, Decimal]]


class LineaEnviada(Protocol):
    """Goods that are on their way."""

    @property
    def producto_id(self) -> int:
        """What they are."""

    @property
    def cantidad(self) -> Decimal:
        """How much of it."""


class Enviada(Protocol):
    """What inventory tells of a transferencia that was sent, as far as a guía needs it."""

    @property
    def transferencia_id(self) -> int:
        """Which one."""

    @property
    def origen(self) -> str:
        """The almacén that sent it."""

    @property
    def sucursal_origen_id(self) -> int:
        """Its sucursal."""

    @property
    def destino(self) -> str:
        """The almacén that receives it."""

    @property
    def sucursal_destino_id(self) -> int:
        """Its sucursal."""

    @property
    def lineas(self) -> Sequence[LineaEnviada]:
        """What is on its way."""


def al_enviar(ctx: Ctx, enviada: Enviada) -> None:
    """Leave the draft of a transferencia's guía; none within a sucursal, which nothing leaves."""
    if enviada.sucursal_origen_id != enviada.sucursal_destino_id:
        anotar_traslado(
            ctx,
            Traslado(
                f"transferencia:{enviada.transferencia_id}",
                f"{enviada.origen} → {enviada.destino}",
                enviada.sucursal_origen_id,
                enviada.sucursal_destino_id,
                [(linea.producto_id, linea.cantidad) for linea in enviada.lineas],
            ),
        )


def anotar_traslado(ctx: Ctx, traslado: Traslado) -> BorradorGuia:
    """Return the draft of a guía between establishments, one for each reference."""
    query = select(BorradorGuia).where(BorradorGuia.referencia_doc == traslado.referencia)
    if (found := ctx.session.scalars(query).first()) is not None:
        return found
    made = BorradorGuia(
        referencia_doc=traslado.referencia,
        descripcion=traslado.descripcion,
        sucursal_id=traslado.origen_id,
        documento=_documento(ctx, traslado),
    )
    ctx.session.add(made)
    ctx.session.flush()
    ctx.notify("borradores_guia", borrador_id=made.id)
    return made


def _documento(ctx: Ctx, traslado: Traslado) -> dict[str, Any]:
    return {
        "motivo": de_guia.ENTRE_ESTABLECIMIENTOS,
        "sucursal_id": traslado.origen_id,
        "partida": asdict(_lugar(ctx, traslado.origen_id)),
        "llegada": asdict(_lugar(ctx, traslado.destino_id)),
        "bienes": _bienes(ctx, traslado.bienes),
    }


def _lugar(ctx: Ctx, sucursal_id: int) -> Lugar:
    """Return where a sucursal is, as far as it says; one without address is where the company is.

    A code of four digits is taken for that of the establishment at SUNAT.
    """
    de = ctx.session.get_one(Sucursal, sucursal_id)
    emisor = empresa.emisor(ctx)
    return Lugar(
        ubigeo="" if de.direccion else emisor.ubigeo,
        direccion=de.direccion or emisor.direccion,
        codigo_anexo=de.codigo if _ANEXO.fullmatch(de.codigo) else "",
        ruc=emisor.ruc,
    )


def _bienes(ctx: Ctx, bienes: Sequence[tuple[int, Decimal]]) -> list[dict[str, str]]:
    ids = [uno for uno, _ in bienes]
    query = select(Producto).where(Producto.id.in_(ids))
    productos: Mapping[int, Producto] = {uno.id: uno for uno in ctx.session.scalars(query)}
    return [
        {
            "descripcion": productos[uno].nombre,
            "cantidad": f"{cantidad.normalize():f}",
            "unidad_medida": productos[uno].unidad_medida,
            "codigo_producto": productos[uno].sku,
        }
        for uno, cantidad in bienes
    ]


def encontrar(ctx: Ctx, referencia: str) -> BorradorGuia | None:
    """Return the draft that something asked for.

    Raises:
        ValidationFailed: it is another sucursal's.
    """
    if not referencia:
        return None
    query = select(BorradorGuia).where(BorradorGuia.referencia_doc == referencia)
    found = ctx.session.scalars(query).first()
    if found is None:
        _exigir_a_su_alcance(ctx, referencia)
    return found


def _exigir_a_su_alcance(ctx: Ctx, referencia: str) -> None:
    """Refuse to speak of what other people's draft is about; the guía would be a second one."""
    if ctx.sql(AJENO, referencia=referencia):
        raise ValidationFailed(
            f"La guía de «{referencia}» sale de otra sucursal: la emite quien trabaja en ella.",
            field="referencia_doc",
        )


def exigir_libre(ctx: Ctx, referencia: str) -> BorradorGuia | None:
    """Return the draft of what asked for a guía; others that issue it wait until this one is.

    Raises:
        EstadoNoPermite: it has a guía that holds.
        ValidationFailed: it is another sucursal's.
    """
    query = select(BorradorGuia).where(BorradorGuia.referencia_doc == referencia)
    borrador = ctx.session.scalars(query.with_for_update()).first() if referencia else None
    if borrador is None and referencia:
        _exigir_a_su_alcance(ctx, referencia)
    suya = ctx.session.get(Comprobante, borrador.comprobante_id or 0) if borrador else None
    if suya is not None and suya.estado_sunat not in (RECHAZADO, EXCEPCION, ANULADO):
        raise EstadoNoPermite(f"Ya se emitió su guía: {suya.serie}-{suya.numero}.")
    return borrador


def cerrar(ctx: Ctx, borrador: BorradorGuia, hecho: Comprobante) -> None:
    """Note that the guía which something asked for was issued."""
    borrador.estado, borrador.comprobante_id = EMITIDA, hecho.id
    ctx.session.flush()


def descartar(ctx: Ctx, borrador_id: int) -> BorradorGuia:
    """Return a draft for which no guía will be issued.

    Raises:
        NotFound: there is none within reach.
        EstadoNoPermite: its guía was issued, or it was discarded already.
    """
    borrador = ctx.session.get(BorradorGuia, borrador_id, with_for_update=True)
    if borrador is None:
        raise NotFound
    if borrador.estado != PENDIENTE:
        raise EstadoNoPermite(f"La guía por emitir está {borrador.estado}.")
    borrador.estado = DESCARTADA
    ctx.audit("descartar", "borradores_guia", borrador.id, modulo="guias")
    ctx.session.flush()
    return borrador


def contar(ctx: Ctx) -> int:
    """Return how many guías wait to be completed, within the user's reach."""
    query = select(func.count()).select_from(BorradorGuia).where(BorradorGuia.estado == PENDIENTE)
    return ctx.session.scalars(query).one()
