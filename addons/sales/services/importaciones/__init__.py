"""What can be imported from spreadsheets. Source: módulo 1."""

from addons.sales.services.importaciones.clientes import CLIENTES
from addons.sales.services.importaciones.precios import PRECIOS
from addons.sales.services.importaciones.productos import PRODUCTOS

IMPORTS = [CLIENTES, PRODUCTOS, PRECIOS]
