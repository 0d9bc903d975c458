"""Addresses of sunat, by subject. Source: spec/erp-modules.md, módulo 3."""

from addons.sunat.routes import comprobantes, otros

SUBJECTS = (comprobantes, otros)
RESOURCES = [*comprobantes.RESOURCES, *otros.RESOURCES]
