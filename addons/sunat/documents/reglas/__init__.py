"""SUNAT's rules over our own model: everything that would be refused, all at once, before sending.

``revisar`` first looks at what the caller said; only if that can be computed with, at what follows
from it. Each rule has SUNAT's code and text, from when to when it holds, and what to do about it.
Source: SUNAT, "Validaciones" v20260212, sheets Factura, Boleta, Nota de crédito, Nota de débito.
"""

from addons.sunat.documents.reglas.tabla import (
    Entorno,
    Hallazgo,
    Origen,
    Regla,
    revisar,
    revisar_con_origen,
    todas,
)

__all__ = ["Entorno", "Hallazgo", "Origen", "Regla", "revisar", "revisar_con_origen", "todas"]
