"""What enters and leaves sales, by subject, and its events. Source: módulo 1."""

from addons.sales.schemas.cajas import (
    AperturaCaja,
    CajaLeida,
    CierreCaja,
    MetodoPagoCambio,
    MetodoPagoNuevo,
)
from addons.sales.schemas.campos import Codigo, Correo, lower
from addons.sales.schemas.clientes import TIPOS_DOC, ClienteNuevo, _is_dni, check_documento
from addons.sales.schemas.eventos import (
    DevolucionRegistrada,
    LineaDevuelta,
    LineaPedida,
    LineaVendida,
    OrdenVentaCerrada,
    OrdenVentaConfirmada,
    VentaAnulada,
    VentaRegistrada,
)
from addons.sales.schemas.productos import CategoriaNueva, ProductoNuevo
from addons.sales.schemas.ventas import (
    MAX_LINEAS,
    LineaLeida,
    LineaNueva,
    PagoLeido,
    PagoNuevo,
    VentaLeida,
    VentaNueva,
)

__all__ = [
    "MAX_LINEAS",
    "TIPOS_DOC",
    "AperturaCaja",
    "CajaLeida",
    "CategoriaNueva",
    "CierreCaja",
    "ClienteNuevo",
    "Codigo",
    "Correo",
    "DevolucionRegistrada",
    "LineaDevuelta",
    "LineaLeida",
    "LineaNueva",
    "LineaPedida",
    "LineaVendida",
    "MetodoPagoCambio",
    "MetodoPagoNuevo",
    "OrdenVentaCerrada",
    "OrdenVentaConfirmada",
    "PagoLeido",
    "PagoNuevo",
    "ProductoNuevo",
    "VentaAnulada",
    "VentaLeida",
    "VentaNueva",
    "VentaRegistrada",
    "_is_dni",
    "check_documento",
    "lower",
]
