"""Refusals of sales."""

from kernel.errors import Conflict, DomainError, Forbidden, Unprocessable


class CajaCerrada(Conflict):
    """The caja doesn't take sales any more."""

    code = "caja_cerrada"


class CajaYaAbierta(Conflict):
    """The user already has an open caja in the sucursal."""

    code = "caja_ya_abierta"


class SinCaja(Conflict):
    """Cash is to be given back, and no open caja is there to give it."""

    code = "sin_caja"


class EfectivoInsuficiente(Unprocessable):
    """The caja doesn't hold so much cash."""

    code = "efectivo_insuficiente"


class PagoInsuficiente(Unprocessable):
    """The payments don't cover the total, or exceed it without cash to give change from."""

    code = "pago_no_cuadra"


class CreditoInsuficiente(Unprocessable):
    """The customer would owe more than the limit."""

    code = "credito_insuficiente"


class VentaRepetida(Conflict):
    """A sale with this uuid was registered before."""

    code = "venta_repetida"


class VentaYaAnulada(Conflict):
    """The sale was annulled before."""

    code = "venta_anulada"


class NadaPorDevolver(Conflict):
    """Everything of the sale came back already."""

    code = "venta_devuelta"


class DevolucionExcede(Unprocessable):
    """More would come back than was sold and is still out."""

    code = "devolucion_excede"


class StockInsuficiente(DomainError):
    """There are fewer units than asked for."""

    status = 400
    code = "stock_insuficiente"


class CotizacionVencida(Forbidden):
    """The offer's time is over; it can be duplicated."""

    code = "cotizacion_vencida"


class CotizacionCerrada(Conflict):
    """The offer is an order already, or was annulled."""

    code = "cotizacion_cerrada"


class OrdenCerrada(Conflict):
    """The order was sold or annulled."""

    code = "orden_cerrada"
