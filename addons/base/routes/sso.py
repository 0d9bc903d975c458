"""Signing in with Google."""

from starlette.responses import RedirectResponse, Response

from addons.base import schemas
from addons.base.services import sso
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.throttle import Limit


@endpoint(
    "POST",
    "/api/auth/sso/google/",
    public=True,
    statuses=(401, 403, 404, 429),
    throttle=Limit("sso", 30),
)
def ingresar_con_google(
    ctx: Ctx, pedido: schemas.SsoGoogle
) -> schemas.Ingreso | schemas.SegundoFactor:
    """Inicia sesión con el código que dio Google."""
    return sso.canjear(ctx, pedido)


@endpoint(
    "GET",
    "/api/auth/sso/google/inicio/",
    public=True,
    status=303,
    statuses=(404, 429),
    throttle=Limit("sso", 30),
)
def ir_a_google(ctx: Ctx, inicio: schemas.SsoInicio) -> Response:
    """Lleva el navegador a Google para ingresar."""
    partida = sso.empezar(ctx, inicio.destino)
    return RedirectResponse(partida.url, 303, {"Set-Cookie": partida.cookie})


@endpoint(
    "GET",
    "/api/auth/sso/google/retorno/",
    public=True,
    status=303,
    statuses=(401, 403, 404, 409, 429),
    throttle=Limit("sso", 30),
)
def volver_de_google(ctx: Ctx, retorno: schemas.SsoRetorno) -> Response:
    """Recibe el navegador que vuelve de Google."""
    return RedirectResponse(sso.volver(ctx, retorno), 303)


@endpoint(
    "POST",
    "/api/auth/sso/google/vincular/",
    permission="",
    statuses=(404,),
    fresh=True,
    keys=False,
    secret=True,
)
def vincular_google(ctx: Ctx, inicio: schemas.SsoInicio) -> schemas.SsoPartida:
    """Empieza a vincular una cuenta de Google a mi usuario."""
    partida = sso.vincular(ctx, inicio.destino)
    ctx.headers["Set-Cookie"] = partida.cookie
    return schemas.SsoPartida(url=partida.url)


@endpoint(
    "DELETE",
    "/api/auth/sso/google/",
    permission="",
    status=204,
    statuses=(404,),
    fresh=True,
    keys=False,
)
def desvincular_google(ctx: Ctx) -> None:
    """Quita la cuenta de Google de mi usuario."""
    sso.desvincular(ctx)
