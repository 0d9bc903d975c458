"""Signing in: password, second factor, first administrator, invitation."""

from typing import Annotated, Literal

from pydantic import Field

from addons.base.schemas.campos import Codigo, CodigoDeEnlace, Cookie, Email, Password
from kernel.schemas import Answer, Schema, Text


class Login(Schema):
    """Credentials of a person."""

    email: Email
    password: Password
    cookie: Cookie = False


class Tokens(Answer):
    """A signed-in session: send ``access`` as ``Authorization: Bearer``."""

    access: str
    refresh: str
    expires_in: int = Field(description="Segundos de vida de access.")


class EnCookie(Answer):
    """A signed-in session that the browser holds in a cookie."""

    sesion: Literal["cookie"] = "cookie"
    expires_in: int = Field(description="Segundos hasta que hay que ingresar otra vez.")


Ingreso = Tokens | EnCookie
"""What an opened session answers."""


class SegundoFactor(Answer):
    """The first factor was right and the second one is awaited; no session is open yet."""

    requiere_2fa: Literal[True]
    configurar: bool = Field(
        description="El rol lo exige y falta configurarlo: POST /api/auth/login/2fa/configurar/."
    )
    token_2fa: str = Field(description="Se envía con el código a POST /api/auth/login/2fa/.")
    expires_in: int = Field(description="Segundos de vida de token_2fa.")


class Token2fa(Schema):
    """A login whose second factor is awaited."""

    token_2fa: Annotated[str, Field(min_length=1, max_length=4096)]


class Ingreso2faNuevo(Token2fa):
    """The second factor of a login: a code of the app, or a recovery code."""

    codigo: Codigo
    cookie: Cookie = False


CodigosNuevos = Annotated[
    list[str],
    Field(description="Vacía, salvo que el segundo factor se active con este ingreso."),
]


class TokensCon2fa(Tokens):
    """A signed-in session, and the recovery codes where the second factor begins with it."""

    codigos_recuperacion: CodigosNuevos


class EnCookieCon2fa(EnCookie):
    """A session in a cookie, and the recovery codes where the second factor begins with it."""

    codigos_recuperacion: CodigosNuevos


Ingreso2fa = TokensCon2fa | EnCookieCon2fa
"""What a session opened with a second factor answers."""


class PrimerAdminNuevo(Schema):
    """The first administrator of a new company, by the link that the server printed."""

    token: CodigoDeEnlace
    nombre: Text
    email: Email
    password: Password


class PrimerAdmin(Answer):
    """The administrator who was made."""

    id: int
    nombre: str
    email: str


class InvitacionAceptada(Schema):
    """The code of an invitation, and the password that its receiver chose."""

    token: CodigoDeEnlace
    password: Password
