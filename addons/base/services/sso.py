"""Signing in with Google, or another OpenID provider. Source: módulo 9, ``/api/auth/sso/google/``.

A person at the provider is their ``sub``; the e-mail proves nothing about who they are here. A
``sub`` becomes a user's in one of two ways (docs/decisions/0009-linking-by-sub.md):

- the user is signed in, just proved again who they are, and starts it: ``vincular``;
- the administrator listed the domain of their e-mail in GOOGLE_DOMAINS, the provider says that it
  hosts that domain itself and verified the address, and an active user without a link has it.

A sign-in of a browser begins and ends in the same browser: state, nonce and verifier stay here
under the digest of a ``__Host-`` cookie, for ten minutes, and are good once. The provider is called
outside of any transaction that writes.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sqlalchemy import delete, func, select

from addons.base import schemas
from addons.base.errors import (
    IdentidadAjena,
    SsoApagado,
    SsoCancelado,
    SsoRechazado,
    SsoSinCuenta,
)
from addons.base.models import IdentidadExterna, IngresoSso, Usuario
from addons.base.services import avisos, ingreso
from kernel.context import Ctx
from kernel.credentials import digest
from kernel.db import Statement
from kernel.errors import NotAuthenticated, NotFound

if TYPE_CHECKING:
    from addons.base.client import OpenIdClient, Person
    from kernel.outbound import Outbound

METODO = "google"
"""How sessions made here say that they began, whatever the provider."""

COOKIE = "__Host-sso"
RETORNO = "/api/auth/sso/google/retorno/"
PAGINA_INGRESO = "/ingresar/"
VIDA = timedelta(minutes=10)

_COOKIE = re.compile(rf"(?:^|; ?){COOKIE}=([A-Za-z0-9_-]{{43}})(?:;|$)")

_clientes: WeakKeyDictionary[Outbound, OpenIdClient] = WeakKeyDictionary()
"""One per process and instance: it remembers the provider's addresses and keys."""

CONSUMIR = Statement(
    "consumir_ingreso_sso",
    """
    DELETE FROM ingresos_sso
     WHERE estado_hash = %(estado)s AND navegador_hash = %(navegador)s AND expires_at > %(ahora)s
    RETURNING nonce, verificador, destino, usuario_id
    """,
)
USADA = Statement(
    "identidad_usada", "UPDATE identidades_externas SET ultimo_uso = %(ahora)s WHERE id = %(id)s"
)
"""No edit of the link, so no news for the audit."""


@dataclass(frozen=True, slots=True)
class Partida:
    """Where a browser goes, and the cookie that it shows when it comes back."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Pendiente:
    """A browser that is back: what its sign-in began with."""

    nonce: str
    verificador: str
    destino: str
    usuario_id: int | None


def empezar(ctx: Ctx, destino: str, usuario_id: int | None = None) -> Partida:
    """Return where to send a browser; with a user, to link that user.

    Raises:
        SsoApagado: no provider is configured.
        SsoNoDisponible: it doesn't answer.
    """
    from addons.base.client import challenge_of  # with httpx, for those who sign in this way

    navegador = _navegador(ctx) or secrets.token_urlsafe(32)
    estado, nonce, verificador = (secrets.token_urlsafe(32) for _ in range(3))
    url = _cliente(ctx).authorization_url(
        retorno_url(ctx), state=estado, nonce=nonce, challenge=challenge_of(verificador)
    )
    ctx.session.add(
        IngresoSso(
            estado_hash=digest(estado),
            navegador_hash=digest(navegador),
            nonce=nonce,
            verificador=verificador,
            destino=destino,
            usuario_id=usuario_id,
            expires_at=ctx.now + VIDA,
        )
    )
    seconds = int(VIDA.total_seconds())
    attributes = f"Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"
    return Partida(url, f"{COOKIE}={navegador}; {attributes}")


def volver(ctx: Ctx, retorno: schemas.SsoRetorno) -> str:
    """Return where the browser goes next; it is signed in, or linked, or asked for a second factor.

    The temporary token of the second factor goes into the fragment, which no server is sent.

    Raises:
        SsoRechazado: it is not the browser that was sent away, it comes too late or twice, or the
            provider doesn't confirm.
        SsoCancelado: the person said no, or the provider did.
        SsoSinCuenta: nobody is linked to them.
        IdentidadAjena: another user is.
    """
    pendiente = _consumir(ctx, retorno.state)
    cliente = _cliente(ctx)
    if retorno.iss is not None and retorno.iss != cliente.issuer():
        raise SsoRechazado
    if retorno.code is None:
        raise SsoCancelado
    persona = _confirmada(
        ctx, cliente, retorno.code, pendiente.verificador, retorno_url(ctx), pendiente.nonce
    )
    if pendiente.usuario_id is not None:
        _vincular_a(ctx, pendiente.usuario_id, persona)
        return pendiente.destino
    usuario = _usuario_de(ctx, persona)
    paso = ingreso.continuar_ingreso(ctx, usuario, METODO, cookie=True)
    if isinstance(paso, schemas.SegundoFactor):
        return f"{PAGINA_INGRESO}#token_2fa={paso.token_2fa}"
    return pendiente.destino


def canjear(ctx: Ctx, pedido: schemas.SsoGoogle) -> schemas.Ingreso | schemas.SegundoFactor:
    """Return the session of a client that did the browser's part itself.

    State is that client's to check; PKCE and the nonce bind the code to it.

    Raises:
        SsoRechazado: the provider doesn't confirm.
        SsoSinCuenta: nobody is linked to them.
    """
    cliente = _cliente(ctx)
    persona = _confirmada(
        ctx, cliente, pedido.code, pedido.code_verifier, pedido.redirect_uri, pedido.nonce
    )
    usuario = _usuario_de(ctx, persona)
    return ingreso.continuar_ingreso(ctx, usuario, METODO, cookie=pedido.cookie)


def vincular(ctx: Ctx, destino: str) -> Partida:
    """Return where to send the browser of the signed-in user, to link their external account.

    Raises:
        NotAuthenticated: nobody is signed in.
    """
    if ctx.user is None:
        raise NotAuthenticated("Inicie sesión.")
    return empezar(ctx, destino, ctx.user.id)


def desvincular(ctx: Ctx) -> None:
    """Forget the external accounts of the signed-in user; the password stays their way in.

    Raises:
        NotFound: there are none.
    """
    if ctx.user is None:
        raise NotFound
    propias = select(IdentidadExterna).where(IdentidadExterna.usuario_id == ctx.user.id)
    halladas = ctx.session.scalars(propias).all()
    if not halladas:
        raise NotFound
    for identidad in halladas:
        ctx.session.delete(identidad)
    avisos.avisar(ctx, ctx.user.id, "identidad_desvinculada")


def retorno_url(ctx: Ctx) -> str:
    """Return the address that the provider sends browsers back to, as it is registered there."""
    return f"{ctx.runtime.settings.site_url}{RETORNO}"


def borrar_vencidos(ctx: Ctx) -> None:
    """Delete what browsers began and never ended."""
    ctx.session.execute(delete(IngresoSso).where(IngresoSso.expires_at < ctx.now))


def _cliente(ctx: Ctx) -> OpenIdClient:
    from addons.base.client import OpenIdClient, Registration

    settings = ctx.runtime.settings
    if not settings.google_client_id:
        raise SsoApagado
    http = ctx.runtime.outbound("base")
    if http not in _clientes:
        registration = Registration(
            settings.google_discovery_url,
            settings.google_client_id,
            settings.google_client_secret.get_secret_value(),
        )
        _clientes[http] = OpenIdClient(http, registration)
    return _clientes[http]


def _confirmada(
    ctx: Ctx, cliente: OpenIdClient, code: str, verifier: str, redirect_uri: str, nonce: str
) -> Person:
    from addons.base.client import Answered

    answered = Answered(code, verifier, redirect_uri, nonce)
    return cliente.identify(answered, ctx.now.timestamp())


def _navegador(ctx: Ctx) -> str:
    """Return the value of the cookie that a browser began with, or an empty text."""
    found = _COOKIE.search(ctx.request.cookie)
    return found[1] if found else ""


def _consumir(ctx: Ctx, estado: str) -> Pendiente:
    """Return what this browser began with; it is used up, whatever comes of it.

    Raises:
        SsoRechazado: it is unknown, over, used, or of another browser.
    """
    hechos = {
        "estado": digest(estado),
        "navegador": digest(_navegador(ctx)),
        "ahora": ctx.now,
    }
    rows = ctx.runtime.transact(lambda one: one.sql(CONSUMIR, **hechos), request=ctx.request)
    if not rows:
        raise SsoRechazado
    return Pendiente(*rows[0])


def _usuario_de(ctx: Ctx, persona: Person) -> Usuario:
    """Return the active user who is linked to a person, or may be linked now.

    Raises:
        SsoSinCuenta: there is none; the answer never tells whether an e-mail is known here.
    """
    query = (
        select(IdentidadExterna, Usuario)
        .join(Usuario, Usuario.id == IdentidadExterna.usuario_id)
        .where(IdentidadExterna.proveedor == persona.provider, IdentidadExterna.sub == persona.sub)
    )
    hallada = ctx.session.execute(query).one_or_none()
    if hallada is None:
        return _por_dominio(ctx, persona)
    identidad, usuario = hallada
    if not usuario.activo:
        raise SsoSinCuenta
    ctx.sql(USADA, id=identidad.id, ahora=ctx.now)
    return usuario


def _por_dominio(ctx: Ctx, persona: Person) -> Usuario:
    """Return the user with a person's e-mail, linked, if the administrator's rule allows it."""
    dominios = {uno.lower() for uno in ctx.runtime.settings.google_domains}
    propio = persona.domain in dominios and persona.email.endswith(f"@{persona.domain}")
    if not (propio and persona.email_verified):
        raise SsoSinCuenta
    ya = select(IdentidadExterna.id).where(
        IdentidadExterna.usuario_id == Usuario.id, IdentidadExterna.proveedor == persona.provider
    )
    query = select(Usuario).where(
        func.lower(Usuario.email) == persona.email, Usuario.activo, ~ya.exists()
    )
    usuario = ctx.session.scalars(query.with_for_update(key_share=True)).one_or_none()
    if usuario is None:
        raise SsoSinCuenta
    _anotar(ctx, usuario.id, persona, "dominio")
    return usuario


def _vincular_a(ctx: Ctx, usuario_id: int, persona: Person) -> None:
    """Link a person to the user who began it.

    Raises:
        SsoSinCuenta: the user was deactivated meanwhile.
        IdentidadAjena: the person is linked to another user.
    """
    usuario = ctx.session.get(Usuario, usuario_id)
    if usuario is None or not usuario.activo:
        raise SsoSinCuenta
    query = select(IdentidadExterna.usuario_id).where(
        IdentidadExterna.proveedor == persona.provider, IdentidadExterna.sub == persona.sub
    )
    de_quien = ctx.session.scalars(query).one_or_none()
    if de_quien is None:
        _anotar(ctx, usuario_id, persona, "propia")
    elif de_quien != usuario_id:
        raise IdentidadAjena


def _anotar(ctx: Ctx, usuario_id: int, persona: Person, via: str) -> None:
    ctx.session.add(
        IdentidadExterna(
            usuario_id=usuario_id,
            proveedor=persona.provider,
            sub=persona.sub,
            email=persona.email,
            ultimo_uso=ctx.now,
        )
    )
    ctx.session.flush()
    despues = {"proveedor": persona.provider, "sub": persona.sub, "via": via}
    ctx.audit("vincular_identidad", "usuarios", usuario_id, despues=despues, modulo="base")
    avisos.avisar(ctx, usuario_id, "identidad_vinculada")
