"""Addresses of sales, by subject. Source: spec/erp-modules.md, módulo 1."""

from addons.sales.routes import cajas, clientes, cotizaciones, offline, productos, ventas

SUBJECTS = (clientes, productos, cajas, cotizaciones, ventas, offline)
RESOURCES = [
    *productos.RESOURCES,
    clientes.CLIENTES,
    *cajas.RESOURCES,
    *cotizaciones.RESOURCES,
    *ventas.RESOURCES,
    offline.OFFLINE,
]
