"""Refusals of loyalty."""

from kernel.errors import Unprocessable


class PuntosInsuficientes(Unprocessable):
    """The cliente has fewer points than asked for."""

    code = "puntos_insuficientes"
