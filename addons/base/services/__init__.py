"""Rules of base. Source: spec/erp-modules.md, módulo 9."""
