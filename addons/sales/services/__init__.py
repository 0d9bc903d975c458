"""Rules of sales. Source: spec/erp-modules.md, módulo 1."""
