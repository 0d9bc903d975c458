"""Addresses of sunat, by subject. Source: spec/erp-modules.md, módulo 3."""

from addons.sunat.routes import comprobantes, empresa, otros, resumenes

SUBJECTS = (comprobantes, empresa, resumenes, otros)
RESOURCES = [
    *comprobantes.RESOURCES,
    *empresa.RESOURCES,
    *resumenes.RESOURCES,
    *otros.RESOURCES,
]
