"""Signing in with Google."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from addons.base.schemas.campos import Cookie
from kernel.schemas import Answer, Schema

Destino = Annotated[
    str, StringConstraints(max_length=500, pattern=r"^/(?:[!-.0-\[\]-~][!-\[\]-~]*)?$")
]
"""A path of this site: neither another host nor another scheme."""


class SsoInicio(Schema):
    """Where a browser goes after signing in with Google."""

    destino: Destino = "/"


class SsoRetorno(BaseModel):
    """What the provider sends a browser back with; it may add more, which is not looked at."""

    state: Annotated[str, Field(min_length=1, max_length=200)]
    code: Annotated[str, Field(min_length=1, max_length=2048)] | None = None
    error: Annotated[str, Field(max_length=200)] | None = None
    iss: Annotated[str, Field(max_length=500)] | None = None


class SsoGoogle(Schema):
    """What a client got that led its user through Google itself."""

    code: Annotated[str, Field(min_length=1, max_length=2048)]
    code_verifier: Annotated[
        str, StringConstraints(min_length=43, max_length=128, pattern=r"^[A-Za-z0-9._~-]+$")
    ] = Field(description="El verificador PKCE (S256) con el que pidió el código.")
    redirect_uri: Annotated[str, Field(min_length=8, max_length=2048)] = Field(
        description="La misma con la que pidió el código, registrada en Google."
    )
    nonce: Annotated[str, Field(min_length=16, max_length=255)] = Field(
        description="El nonce, nuevo y al azar, con el que pidió el código."
    )
    cookie: Cookie = False


class SsoPartida(Answer):
    """Where the browser goes to choose the account to link."""

    url: str
