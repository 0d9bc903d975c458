"""Passwords and the e-mail to sign in with: their change, and confirming who one is."""

from addons.base.schemas.campos import Codigo, CodigoDeEnlace, Email, Password
from kernel.schemas import Schema


class CambioClave(Schema):
    """The user's own password, old and new."""

    actual: Password
    nueva: Password


class CambioCorreo(Schema):
    """The e-mail to sign in with from now on."""

    email: Email


class ClaveOlvidada(Schema):
    """Whose password is forgotten."""

    email: Email


class ClaveNueva(Schema):
    """The code of the link in the mail, and a new password."""

    token: CodigoDeEnlace
    nueva: Password


class Reautenticacion(Schema):
    """The user's password once more, or a code of their second factor."""

    password: Password | None = None
    codigo: Codigo | None = None
