"""Electronic invoicing for SUNAT, Peru. Source: spec/erp-modules.md, módulo 3."""
