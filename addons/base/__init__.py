"""Company, branches, users and access. Source: spec/erp-modules.md, arquitectura y módulo 9."""
