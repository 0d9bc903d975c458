"""Addresses of inventory, by subject. Source: spec/erp-modules.md, módulo 2."""

from addons.inventory.routes import almacenes, conteos, lotes, stock, transferencias

SUBJECTS = (almacenes, stock, lotes, transferencias, conteos)
RESOURCES = [resource for subject in SUBJECTS for resource in subject.RESOURCES]
EXTENSIONS = lotes.EXTENSIONS
