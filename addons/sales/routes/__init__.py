"""Addresses of sales, by subject. Source: spec/erp-modules.md, módulo 1."""

from addons.sales.routes import cajas, clientes, cotizaciones, offline, pos, productos, ventas

SUBJECTS = (clientes, productos, cajas, cotizaciones, ventas, offline, pos)
RESOURCES = [
    *productos.RESOURCES,
    clientes.CLIENTES,
    *cajas.RESOURCES,
    *cotizaciones.RESOURCES,
    *ventas.RESOURCES,
    offline.OFFLINE,
]
