"""Refusals of base."""

from kernel.errors import NotAuthenticated


class CredencialesInvalidas(NotAuthenticated):
    """The e-mail or the password is wrong; the answer never tells which."""

    code = "credenciales_invalidas"
