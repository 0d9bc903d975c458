"""Warehouses, stock and its movements. Source: spec/erp-modules.md, módulo 2."""
