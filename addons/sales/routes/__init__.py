"""Addresses of sales, by subject. Source: spec/erp-modules.md, módulo 1."""

from addons.sales.routes import cajas, clientes, productos, ventas

SUBJECTS = (clientes, productos, cajas, ventas)
RESOURCES = [
    *productos.RESOURCES,
    clientes.CLIENTES,
    *cajas.RESOURCES,
    *ventas.RESOURCES,
]
