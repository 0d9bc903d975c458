"""Refusals of sales."""

from kernel.errors import Conflict, DomainError, Unprocessable


class CajaCerrada(Conflict):
    """The caja doesn't take sales any more."""

    code = "caja_cerrada"


class CajaYaAbierta(Conflict):
    """The user already has an open caja."""

    code = "caja_ya_abierta"


class PagoInsuficiente(Unprocessable):
    """The payments don't cover the total, or exceed it without cash to give change from."""

    code = "pago_no_cuadra"


class StockInsuficiente(DomainError):
    """There are fewer units than asked for."""

    status = 400
    code = "stock_insuficiente"
