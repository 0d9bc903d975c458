"""The second factor of a user."""

from pydantic import Field

from addons.base.schemas.campos import Codigo
from kernel.schemas import Answer, Schema


class Secreto2fa(Answer):
    """What an authenticator app is set up with."""

    secreto: str = Field(description="Base32, para escribirlo a mano.")
    uri: str
    qr_svg: str = Field(description="El código QR de la uri, como SVG.")


class Codigo2fa(Schema):
    """A code of the app."""

    codigo: Codigo


class CodigosRecuperacion(Answer):
    """Codes that replace the app once each; they are never shown again."""

    codigos_recuperacion: list[str]
