"""Screens and menus of sales, by subject."""

from addons.sales.views.cajas import CAJAS
from addons.sales.views.clientes import CLIENTES
from addons.sales.views.menus import MENUS
from addons.sales.views.ofertas import OFERTAS
from addons.sales.views.productos import PRODUCTOS
from addons.sales.views.tablero import STEPS, TABLERO
from addons.sales.views.ventas import VENTAS

VIEWS = [TABLERO, *VENTAS, *OFERTAS, *CAJAS, *PRODUCTOS, *CLIENTES]

__all__ = ["MENUS", "STEPS", "VIEWS"]
