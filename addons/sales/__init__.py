"""Customers, products, cash drawers and sales. Source: spec/erp-modules.md, módulo 1."""
