"""Notices: what is left to read."""

from kernel.schemas import Answer


class Pendientes(Answer):
    """How many notices the user has not read."""

    pendientes: int


class Leidas(Answer):
    """How many notices were marked as read."""

    leidas: int
