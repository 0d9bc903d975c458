"""Sales that tills made without a connection. Source: spec/erp-modules.md, módulo 1.

Each sale of a batch is a transaction of its own: what is sold is sold, whatever becomes of the
others, and no sale waits for goods that another one of the batch holds. Its ``uuid`` is unique in
the database, as a row of ``ventas_offline`` and on the sale itself, so that a batch that is sent
twice, even at the same time, sells once.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import to_json

from addons.sales.errors import VentaRepetida
from addons.sales.schemas import (
    DestinoVenta,
    ErrorDeCampo,
    LoteOffline,
    LoteSincronizado,
    VentaEnCaja,
    VentaGuardada,
    Ventas,
)
from addons.sales.services.ventas import Origen, registrar_venta
from kernel import words
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import DomainError, NotFound, Unavailable, Unprocessable
from kernel.messages import validation_failed
from kernel.translations import message, translate

ADELANTO = timedelta(minutes=5)
"""How much the clock of a till may be ahead."""
TURNOS = 2
"""Batches at once in a process: each needs a second connection."""
ESPERA = 15
"""Seconds that a batch waits for its turn."""

_turnos = threading.BoundedSemaphore(TURNOS)

RECIBIR = Statement(
    "offline_recibir",
    """
    INSERT INTO ventas_offline AS o (uuid, usuario_id, sucursal_id, payload_json,
                                     fecha_registro_local, fecha_sync)
    VALUES (%(uuid)s::uuid, %(usuario)s, %(sucursal)s::bigint, %(payload)s::jsonb, %(fecha)s,
            %(ahora)s)
    ON CONFLICT (uuid) DO UPDATE
       SET intentos = o.intentos + 1,
           payload_json = CASE WHEN o.sincronizado THEN o.payload_json
                               ELSE excluded.payload_json END,
           sucursal_id = CASE WHEN o.sincronizado THEN o.sucursal_id
                              ELSE excluded.sucursal_id END,
           fecha_registro_local = CASE WHEN o.sincronizado THEN o.fecha_registro_local
                                       ELSE excluded.fecha_registro_local END
    RETURNING o.id, o.venta_id
    """,
)
"""The row of a sale, new or there before; it stays locked, so its twin waits for what becomes."""

SINCRONIZADA = Statement(
    "offline_sincronizada",
    """
    UPDATE ventas_offline
       SET sincronizado = true, venta_id = %(venta)s, fecha_sync = %(ahora)s, error_sync = '',
           error_codigo = ''
     WHERE id = %(id)s
    """,
)
FALLIDA = Statement(
    "offline_fallida",
    """
    INSERT INTO ventas_offline AS o (uuid, usuario_id, sucursal_id, payload_json,
                                     fecha_registro_local, fecha_sync, error_sync, error_codigo)
    VALUES (%(uuid)s::uuid, %(usuario)s, %(sucursal)s::bigint, %(payload)s::jsonb, %(fecha)s,
            %(ahora)s, %(error)s, %(codigo)s)
    ON CONFLICT (uuid) DO UPDATE
       SET intentos = o.intentos + 1, payload_json = excluded.payload_json,
           sucursal_id = excluded.sucursal_id,
           fecha_registro_local = excluded.fecha_registro_local, fecha_sync = excluded.fecha_sync,
           error_sync = excluded.error_sync, error_codigo = excluded.error_codigo
     WHERE NOT o.sincronizado
    RETURNING o.id
    """,
)
VENDIDA = Statement(
    "offline_vendida",
    "SELECT id, serie, numero FROM ventas WHERE uuid = %(uuid)s::uuid",
    reads=True,
)
GUARDADA = Statement(
    "offline_guardada",
    """
    SELECT uuid, fecha_registro_local, payload_json, usuario_id FROM ventas_offline
     WHERE id = %(id)s AND NOT sincronizado
       AND (%(sucursales)s::bigint[] IS NULL OR sucursal_id = ANY(%(sucursales)s))
    """,
    reads=True,
)


def sincronizar(ctx: Ctx, lote: LoteOffline) -> LoteSincronizado:
    """Return what became of each sale of a batch, taken in the order of their instants.

    Raises:
        Unavailable: other batches are being taken; this one can be sent again in a moment.
    """
    with _turno():
        ventas = sorted(lote.ventas, key=lambda una: una.fecha_registro_local)
        destinos = [_sincronizar(ctx, una) for una in ventas]
    cuenta = [uno.resultado for uno in destinos]
    return LoteSincronizado(
        sincronizadas=cuenta.count("sincronizada"),
        repetidas=cuenta.count("repetida"),
        con_error=cuenta.count("error_sync"),
        fecha_sync=ctx.now,
        ventas=destinos,
    )


def reintentar(ctx: Ctx, offline_id: int) -> DestinoVenta:
    """Return what became of a sale that had failed, tried once more as it was sent; it stays the
    sale of who made it.

    Raises:
        NotFound: it doesn't exist, is sold, or is out of the user's reach.
        Unavailable: see ``sincronizar``.
    """
    permitidas = ctx.scope("sucursales")
    sucursales = None if permitidas is None else list(permitidas)
    rows = ctx.sql(GUARDADA, id=offline_id, sucursales=sucursales)
    if not rows:
        raise NotFound
    uuid, fecha, venta, vendedor_id = rows[0]
    guardada = VentaGuardada(uuid=uuid, fecha_registro_local=fecha, venta=venta)
    with _turno():
        return _sincronizar(ctx, guardada, vendedor_id)


@contextmanager
def _turno() -> Iterator[None]:
    if not _turnos.acquire(timeout=ESPERA):
        raise Unavailable("Se están recibiendo otros lotes; envíelo de nuevo.", retry_after=5)
    try:
        yield
    finally:
        _turnos.release()


def _sincronizar(ctx: Ctx, guardada: VentaGuardada, vendedor_id: int | None = None) -> DestinoVenta:
    vender = partial(
        ctx.runtime.transact,
        lambda propia: _vender(propia, guardada, vendedor_id),
        user=ctx.user,
        request=ctx.request,
    )
    try:
        with suppress(VentaRepetida):  # sold by POST /api/ventas/ meanwhile: found the next time
            return vender()
        return vender()
    except DomainError as error:
        refusal = error
    return ctx.runtime.transact(
        lambda propia: _anotar(propia, guardada, refusal), user=ctx.user, request=ctx.request
    )


def _vender(ctx: Ctx, guardada: VentaGuardada, vendedor_id: int | None) -> DestinoVenta:
    nueva = _leer(ctx, guardada)
    offline_id, venta_id = ctx.sql(RECIBIR, **_fila(ctx, guardada))[0]
    if venta_id is None and (vendida := ctx.sql(VENDIDA, uuid=guardada.uuid)):
        venta_id = vendida[0][0]  # by POST /api/ventas/, before the connection was lost
        ctx.sql(SINCRONIZADA, id=offline_id, venta=venta_id, ahora=ctx.now)
    if venta_id is not None:
        return _repetida(ctx, guardada.uuid)
    origen = Origen(fecha=guardada.fecha_registro_local, usuario_id=vendedor_id)
    venta = registrar_venta(ctx, nueva, origen)
    ctx.sql(SINCRONIZADA, id=offline_id, venta=venta.id, ahora=ctx.now)
    return DestinoVenta(
        uuid=guardada.uuid,
        resultado="sincronizada",
        venta_id=venta.id,
        serie=venta.serie,
        numero=venta.numero,
    )


def _leer(ctx: Ctx, guardada: VentaGuardada) -> VentaEnCaja:
    """Return the sale that a till kept.

    Raises:
        ValidationFailed: fields of it are bad; all of them are named.
        Unprocessable: its instant is ahead of us, or too far back.
    """
    try:
        nueva = VentaEnCaja.model_validate(guardada.venta | {"uuid": guardada.uuid})
    except ValidationError as error:
        raise validation_failed(error) from None
    if guardada.fecha_registro_local > ctx.now + ADELANTO:
        raise Unprocessable(
            "La venta es de una hora que no ha llegado; revise el reloj de la caja.",
            code="fecha_futura",
            field="fecha_registro_local",
        )
    dias = ctx.config(Ventas).atraso_offline_dias
    if guardada.fecha_registro_local < ctx.now - timedelta(days=dias):
        raise Unprocessable(
            f"La venta tiene más de {dias} días; regístrela a mano.",
            code="fecha_antigua",
            field="fecha_registro_local",
        )
    return nueva


def _repetida(ctx: Ctx, uuid: UUID) -> DestinoVenta:
    venta_id, serie, numero = ctx.sql(VENDIDA, uuid=uuid)[0]
    return DestinoVenta(
        uuid=uuid, resultado="repetida", venta_id=venta_id, serie=serie, numero=numero
    )


def _anotar(ctx: Ctx, guardada: VentaGuardada, error: DomainError) -> DestinoVenta:
    """Return why a sale failed, written; unless its twin was sold meanwhile."""
    fila = _fila(ctx, guardada)
    if not ctx.sql(FALLIDA, **fila, error=_motivo(error), codigo=error.code):
        return _repetida(ctx, guardada.uuid)
    return DestinoVenta(
        uuid=guardada.uuid,
        resultado="error_sync",
        codigo=error.code,
        error_sync=_dicho(ctx, _motivo(error)),
        errores=[
            ErrorDeCampo(field=uno.field, code=uno.code, message=message(uno.message))
            for uno in error.errors
        ],
    )


def _motivo(error: DomainError) -> str:
    """Return the refusal and, where fields are at fault, each of them on a line of its own."""
    partes = [f"{uno.field}: {uno.message}" for uno in error.errors if uno.message != error.message]
    return "\n".join([error.message, *partes])[:2000]


def traducir(ctx: Ctx, filas: list[dict[str, Any]]) -> None:
    """Say why sales failed in the language of who reads it."""
    for fila in filas:
        fila["error_sync"] = _dicho(ctx, fila["error_sync"])


def _dicho(ctx: Ctx, motivo: str) -> str:
    """Return a refusal that was written down as a person reads it."""
    general, *partes = motivo.split("\n")
    campos = (una.partition(": ") for una in partes)
    return " ".join(
        [message(general), *(f"{_lugar(ctx, campo)}: {message(de)}" for campo, _, de in campos)]
    )


def _lugar(ctx: Ctx, campo: str) -> str:
    """Return a field's place in words: ``detalle.0.cantidad`` is «Detalle, línea 1, Cantidad»."""
    registry = ctx.runtime.registry
    return ", ".join(
        translate("línea {n}", n=int(parte) + 1)
        if parte.isdigit()
        else translate(words.of(registry, words.FIELD, parte))
        for parte in campo.split(".")
    )


def _fila(ctx: Ctx, guardada: VentaGuardada) -> dict[str, Any]:
    sucursal = guardada.venta.get("sucursal_id")
    conocida = type(sucursal) is int and 0 < sucursal < 2**63
    return {
        "uuid": guardada.uuid,
        "usuario": ctx.user_id,
        "sucursal": sucursal if conocida else None,
        "payload": to_json(guardada.venta).decode(),
        "fecha": guardada.fecha_registro_local,
        "ahora": ctx.now,
    }
