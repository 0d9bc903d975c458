"""API keys: how machines sign in, as a user and within a list of permissions. Source: módulo 9.

One row is one secret. A renewed key is a new row; the old one lives on for the grace that its owner
chose, so that a machine can change over without a gap.
"""

from datetime import datetime, timedelta

from addons.base import schemas
from addons.base.services.privilegios import comprobar_permisos
from kernel import credentials
from kernel.context import Ctx
from kernel.errors import Conflict, FieldError, Forbidden, NotFound
from kernel.identity import ClaveApi
from kernel.messages import refused

UN_ANO = 365
"""Days that a key lives unless its owner says otherwise, or the company less."""


def crear_clave(ctx: Ctx, nueva: schemas.ClaveApiNueva) -> schemas.ClaveApiCreada:
    """Return a new key of the user; only here its secret is told.

    Raises:
        ValidationFailed: a permission isn't declared or the user's, or it would live too long.
    """
    _comprobar_alcances(ctx, nueva.alcances)
    dias = nueva.vigencia_dias or min(UN_ANO, ctx.runtime.settings.api_key_max_days)
    return _emitir(ctx, nueva.nombre, nueva.alcances, _vence(ctx, dias))


def rotar_clave(
    ctx: Ctx, clave_id: int, rotacion: schemas.ClaveApiRotacion
) -> schemas.ClaveApiCreada:
    """Return the key that follows another; that one is good until the grace is over.

    Raises:
        NotFound: there is no such key within reach.
        Forbidden: it is somebody else's.
        Conflict: it was revoked or has expired.
        ValidationFailed: it has a permission that its user lost, or would live too long.
    """
    anterior = _buscar(ctx, clave_id)
    if anterior.usuario_id != ctx.user_id:
        raise Forbidden("Solo su dueño renueva una clave; usted puede revocarla.")
    if not anterior.activo or (anterior.expires_at and anterior.expires_at <= ctx.now):
        raise Conflict("Esta clave ya no sirve; cree otra.", code="clave_terminada")
    _comprobar_alcances(ctx, anterior.alcances)
    dias = rotacion.vigencia_dias or _duracion(ctx, anterior)
    nueva = _emitir(ctx, anterior.nombre, anterior.alcances, _vence(ctx, dias))
    fin = ctx.now + timedelta(hours=rotacion.gracia_horas)
    anterior.expires_at = min(anterior.expires_at or fin, fin)
    ctx.audit("rotar", "claves_api", anterior.id, despues={"siguiente": nueva.id}, modulo="base")
    ctx.session.flush()
    return nueva


def revocar_clave(ctx: Ctx, clave_id: int) -> None:
    """End a key at once; its row stays, for the audit names it.

    Raises:
        NotFound: there is no such key within reach.
    """
    _buscar(ctx, clave_id).activo = False
    ctx.session.flush()


def _buscar(ctx: Ctx, clave_id: int) -> ClaveApi:
    clave = ctx.session.get(ClaveApi, clave_id, with_for_update=True)
    if clave is None:
        raise NotFound
    return clave


def _emitir(
    ctx: Ctx, nombre: str, alcances: list[str], expires_at: datetime
) -> schemas.ClaveApiCreada:
    secreto = credentials.new_key()
    clave = ClaveApi(
        usuario_id=ctx.user_id,
        nombre=nombre,
        prefijo=credentials.recognisable(secreto),
        digest=credentials.digest(secreto),
        alcances=sorted(set(alcances)),
        expires_at=expires_at,
    )
    ctx.session.add(clave)
    ctx.session.flush()
    return schemas.ClaveApiCreada(
        id=clave.id,
        clave=secreto,
        prefijo=clave.prefijo,
        nombre=clave.nombre,
        alcances=clave.alcances,
        expires_at=expires_at,
    )


def _comprobar_alcances(ctx: Ctx, alcances: list[str]) -> None:
    known = ctx.runtime.registry.permissions
    pedidos = [(f"alcances.{index}", uno) for index, uno in enumerate(alcances)]
    faults = [
        FieldError(campo, "no_existe", f"Ningún addon declara «{uno}».")
        for campo, uno in pedidos
        if uno not in known
    ]
    if faults:
        raise refused(faults)
    comprobar_permisos(ctx, pedidos)


def _vence(ctx: Ctx, dias: int) -> datetime:
    maximo = ctx.runtime.settings.api_key_max_days
    if dias > maximo:
        message = f"Una clave vive como máximo {maximo} días."
        raise refused([FieldError("vigencia_dias", "excede", message)])
    return ctx.now + timedelta(days=dias)


def _duracion(ctx: Ctx, clave: ClaveApi) -> int:
    """Return the days that a key was made for, within what is allowed today."""
    maximo = ctx.runtime.settings.api_key_max_days
    if clave.expires_at is None:
        return min(UN_ANO, maximo)
    return max(1, min(round((clave.expires_at - clave.created_at) / timedelta(days=1)), maximo))
